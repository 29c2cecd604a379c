//! Numbers as pictures: what the network saw, the maps and filters of a convolution, what speaks for and against a class.

use egui::{Color32, ColorImage, TextureHandle, TextureOptions, Ui};

use super::canvas::Colours;
use crate::explain::Maps;

/// Puts a picture of few pixels on the device, to be shown with sharp edges.
pub fn load(ui: &Ui, name: &str, image: ColorImage) -> TextureHandle {
    ui.ctx().load_texture(name, image, TextureOptions::NEAREST)
}

/// Ink from 0 to 1 as a picture.
pub fn ink(values: &[f32], width: usize, colours: Colours) -> ColorImage {
    let pixels = values.iter().map(|value| colours.mix((255.0 * value.clamp(0.0, 1.0)) as u8)).collect();
    ColorImage::new([width, values.len() / width], pixels)
}

/// All maps of a convolution side by side, small ones more in a row, as strong as they are; each behind its filter, if
/// there are `filters`.
pub fn tiles(maps: &Maps, filters: Option<&Maps>, colours: Colours) -> ColorImage {
    let (c, h, w) = (maps.shape.channels, maps.shape.height, maps.shape.width);
    let row = if w < 10 { 16 } else { 8 };
    let filters = filters.filter(|filters| filters.shape.channels == c).map(|filters| Enlarged::new(filters, [h, w]));
    // A column apart from its filter, and more from the next.
    let (before, gap) = filters.as_ref().map_or((0, 1), |filters| (filters.size[1] + 1, 3));
    let [tile_height, tile_width] = [h + gap, before + w + gap];
    let size = [row.min(c) * tile_width - gap, c.div_ceil(row) * tile_height - gap];
    let mut image = ColorImage::filled(size, Color32::TRANSPARENT);
    let largest = maps.values.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    for map in 0..c {
        let (left, top) = (map % row * tile_width, map / row * tile_height);
        for (at, value) in maps.values[map * h * w..][..h * w].iter().enumerate() {
            let pixel = colours.mix((255.0 * (value / largest).clamp(0.0, 1.0)) as u8);
            image[(left + before + at % w, top + at / w)] = pixel;
        }
        if let Some(filters) = &filters {
            let [height, width] = filters.size;
            for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
                image[(left + x, top + (h - height) / 2 + y)] = colours.paper.blend(filters.pixel(map, y, x));
            }
        }
    }
    image
}

/// All filters side by side: orange weighs for, blue against.
pub fn filters(filters: &Maps, colours: Colours) -> ColorImage {
    /// In a row.
    const MOST: usize = 16;
    let (c, h, w) = (filters.shape.channels, filters.shape.height, filters.shape.width);
    let size = [MOST.min(c) * (w + 1) - 1, c.div_ceil(MOST) * (h + 1) - 1];
    let mut image = ColorImage::filled(size, Color32::TRANSPARENT);
    let largest = largest(&filters.values);
    for (at, value) in filters.values.iter().enumerate() {
        let (filter, y, x) = (at / (h * w), at / w % h, at % w);
        let pixel = colours.paper.blend(opposed(value / largest, 255.0));
        image[(filter % MOST * (w + 1) + x, filter / MOST * (h + 1) + y)] = pixel;
    }
    image
}

/// Filters as large as fits into a map of theirs.
struct Enlarged<'a> {
    filters: &'a Maps,
    largest: f32,
    /// Pixels for a weight.
    factor: usize,
    /// Height and width of one, in pixels.
    size: [usize; 2],
}

impl Enlarged<'_> {
    fn new(filters: &Maps, [h, w]: [usize; 2]) -> Enlarged<'_> {
        let [height, width] = [filters.shape.height, filters.shape.width];
        let factor = (h / height).min(w / width);
        Enlarged { filters, largest: largest(&filters.values), factor, size: [height * factor, width * factor] }
    }

    fn pixel(&self, filter: usize, y: usize, x: usize) -> Color32 {
        let [height, width] = [self.filters.shape.height, self.filters.shape.width];
        let at = (filter * height + y / self.factor) * width + x / self.factor;
        opposed(self.filters.values[at] / self.largest, 255.0)
    }
}

/// What speaks for the answer in orange, what speaks against it in blue.
pub fn signed(values: &[f32], width: usize) -> ColorImage {
    let largest = largest(values);
    let pixels = values.iter().map(|value| opposed(value / largest, 200.0)).collect();
    ColorImage::new([width, values.len() / width], pixels)
}

/// The greatest distance from zero.
fn largest(values: &[f32]) -> f32 {
    values.iter().map(|value| value.abs()).fold(f32::MIN_POSITIVE, f32::max)
}

/// From -1 in blue to 1 in orange, at most so opaque.
fn opposed(value: f32, opacity: f32) -> Color32 {
    let [r, g, b] = if value > 0.0 { [255, 120, 0] } else { [0, 110, 255] };
    Color32::from_rgba_unmultiplied(r, g, b, (value.abs() * opacity) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Shape;

    #[test]
    fn every_map_stands_behind_its_own_filter() {
        let colours = Colours::LIGHT_ON_DARK;
        let maps = |channels, side, values| Maps { shape: Shape { channels, height: side, width: side }, values };
        // Nine maps, the last of which is full and has a filter of its own kind, in a row of its own.
        let of_map = |map| if map == 8 { 1.0 } else { 0.0 };
        let shown = maps(9, 12, (0..9 * 144).map(|at| of_map(at / 144)).collect());
        let filters = maps(9, 3, (0..81).map(|at| 1.0 - 2.0 * of_map(at / 9)).collect());
        let image = tiles(&shown, Some(&filters), colours);
        let (orange, blue) = (Color32::from_rgb(255, 120, 0), Color32::from_rgb(0, 110, 255));
        assert_eq!(image.size, [8 * (12 + 1 + 12 + 3) - 3, 2 * (12 + 3) - 3]);
        assert_eq!([image[(0, 0)], image[(11, 11)], image[(13, 0)]], [orange, orange, colours.paper]);
        assert_eq!([image[(0, 15)], image[(13, 15)], image[(28, 15)]], [blue, colours.ink, Color32::TRANSPARENT]);
        assert_eq!(tiles(&shown, None, colours).size, [8 * 13 - 1, 2 * 13 - 1]);
    }
}
