//! What drawings share: the library's canvas in memory, text and colours, and what a pointer finds on it.

use maud::{Markup, html};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::Tone;

pub const FONT: &str = "system-ui, sans-serif";
/// Height of text. Figures are drawn twice as large as they are meant to be shown: the library's coordinates are whole numbers.
pub const SMALL: f64 = 25.0;
/// Why drawing cannot fail.
pub const MEMORY: &str = "memory takes every drawing";

pub type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// What `draw` puts on a canvas: SVG elements.
pub fn elements(size: [u32; 2], draw: impl FnOnce(&Area)) -> String {
    let mut svg = String::new();
    let root = SVGBackend::with_string(&mut svg, size.into()).into_drawing_area();
    draw(&root);
    drop(root);
    let inner =
        svg.split_once("<svg").and_then(|(_, svg)| svg.split_once('>')).expect("the library writes an svg element");
    inner.1.rsplit_once("</svg>").expect("the element has an end").0.to_string()
}

impl Tone {
    /// As the library has colours.
    pub fn color(self) -> RGBColor {
        let channel = |at| u8::from_str_radix(&self.hex()[at..at + 2], 16).expect("tones are hexadecimal");
        RGBColor(channel(1), channel(3), channel(5))
    }
}

/// Text so high, left of, around or right of its place.
pub fn text(size: f64, tone: Tone, side: HPos) -> TextStyle<'static> {
    // The library writes fonts smaller by this.
    let font = (FontFamily::Name(FONT), 1.24 * size).into_font();
    TextStyle { font, color: tone.color().to_backend_color(), pos: Pos::new(side, VPos::Center) }
}

/// Where a pointer finds `tip`: around a point.
pub fn spot([x, y]: [i32; 2], tip: &str) -> Markup {
    html! { circle cx=(x) cy=(y) r="16" fill="#000" fill-opacity="0" { title { (tip) } } }
}

/// Where a pointer finds `tip`: in a rectangle, from its upper left corner.
pub fn field([x, y]: [u32; 2], [width, height]: [u32; 2], tip: &str) -> Markup {
    html! { rect x=(x) y=(y) width=(width) height=(height) fill="#000" fill-opacity="0" { title { (tip) } } }
}

/// A class's name in so many letters at most; what is longer ends with an ellipsis.
pub fn shortened(name: &str, letters: usize) -> String {
    if name.chars().count() <= letters {
        return name.into();
    }
    name.chars().take(letters.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_stays_and_what_is_longer_ends_with_an_ellipsis() {
        let names =
            [("7", 1), ("ÄÖÜ", 3), ("Äpfel", 3), ("ab", 1), ("ab", 0)].map(|(name, most)| shortened(name, most));
        assert_eq!(names, ["7", "ÄÖÜ", "Äp…", "…", "…"]);
    }
}
