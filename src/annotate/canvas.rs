//! A picture to draw on: rectangles, lines and words.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, ScaleFont, point};
use image::{Rgb, RgbImage};

/// Red, green and blue.
pub type Colour = [u8; 3];

pub(super) const WHITE: Colour = [255; 3];

/// All of its letters are of one width.
static FONT: LazyLock<FontRef> = LazyLock::new(|| {
    FontRef::try_from_slice(epaint_default_fonts::HACK_REGULAR).expect("the font that is built in is whole")
});

pub(super) struct Canvas {
    pub image: RgbImage,
}

/// From left to right and from top to bottom, in pixels; it may reach outside.
#[derive(Clone, Copy)]
pub(super) struct Rect {
    pub x: i64,
    pub y: i64,
    pub width: i64,
    pub height: i64,
}

impl Canvas {
    /// A white one.
    pub fn new(width: u32, height: u32) -> Canvas {
        Canvas { image: RgbImage::from_pixel(width, height, Rgb(WHITE)) }
    }

    /// Lays `cover` of a colour, 0 to 1, on a pixel, if there is one.
    pub fn blend(&mut self, [x, y]: [i64; 2], colour: Colour, cover: f32) {
        let [Ok(x), Ok(y)] = [x, y].map(u32::try_from) else { return };
        if let Some(pixel) = self.image.get_pixel_mut_checked(x, y) {
            pixel.0 = mixed(pixel.0, colour, cover);
        }
    }

    pub fn fill(&mut self, rect: Rect, colour: Colour, cover: f32) {
        let columns = rect.x..rect.x + rect.width;
        (rect.y..rect.y + rect.height).for_each(|y| columns.clone().for_each(|x| self.blend([x, y], colour, cover)));
    }

    /// A line around a rectangle, whose dashes and gaps are `dash` long; whole where that is 0.
    pub fn outline(&mut self, rect: Rect, thick: i64, dash: i64, colour: Colour) {
        let Rect { x, y, width, height } = rect;
        let (left, top) = (x - thick, y - thick);
        let sides = [
            Rect { x: left, y: top, width: width + 2 * thick, height: thick },
            Rect { x: left, y: y + height, width: width + 2 * thick, height: thick },
            Rect { x: left, y: top, width: thick, height: height + 2 * thick },
            Rect { x: x + width, y: top, width: thick, height: height + 2 * thick },
        ];
        for side in sides {
            self.dashed(side, dash, colour);
        }
    }

    fn dashed(&mut self, Rect { x, y, width, height }: Rect, dash: i64, colour: Colour) {
        let length = width.max(height);
        let step = if dash == 0 { length } else { 2 * dash };
        for from in (0..length).step_by(step.max(1) as usize) {
            let along = if dash == 0 { length } else { dash.min(length - from) };
            let dash = if width > height {
                Rect { x: x + from, y, width: along, height }
            } else {
                Rect { x, y: y + from, width, height: along }
            };
            self.fill(dash, colour, 1.0);
        }
    }

    /// A line from a place to another one.
    pub fn line(&mut self, from: [i64; 2], to: [i64; 2], thick: i64, colour: Colour, cover: f32) {
        let way = [0, 1].map(|axis| to[axis] - from[axis]);
        let steps = way[0].abs().max(way[1].abs()).max(1);
        for step in 0..=steps {
            let [x, y] = [0, 1].map(|axis| from[axis] + way[axis] * step / steps - thick / 2);
            let is_flat = way[0].abs() >= way[1].abs();
            let [width, height] = if is_flat { [1, thick] } else { [thick, 1] };
            self.fill(Rect { x, y, width, height }, colour, cover);
        }
    }

    /// Words of a size, in pixels from the top to the bottom, from their left upper corner on.
    pub fn write(&mut self, [x, y]: [i64; 2], words: &str, size: f32, colour: Colour) {
        let (font, advance) = (FONT.as_scaled(size), width("0", size));
        for (at, letter) in words.chars().enumerate() {
            let place = point(x as f32 + at as f32 * advance, y as f32 + font.ascent());
            let Some(outline) = FONT.outline_glyph(font.glyph_id(letter).with_scale_and_position(size, place)) else {
                continue;
            };
            let corner = outline.px_bounds().min;
            outline.draw(|right, down, cover| {
                let [x, y] = [(corner.x, right), (corner.y, down)].map(|(from, at)| from as i64 + i64::from(at));
                self.blend([x, y], colour, cover);
            });
        }
    }
}

/// How wide words of a size are.
pub(super) fn width(words: &str, size: f32) -> f32 {
    let font = FONT.as_scaled(size);
    words.chars().count() as f32 * font.h_advance(font.glyph_id('0'))
}

/// `share` of another colour in the place of one's own.
pub(super) fn mixed(colour: Colour, other: Colour, share: f32) -> Colour {
    let mix = |channel: usize| {
        let [a, b] = [colour, other].map(|colour| f32::from(colour[channel]));
        (a + (b - a) * share.clamp(0.0, 1.0)).round() as u8
    };
    [0, 1, 2].map(mix)
}
