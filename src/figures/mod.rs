//! Pictures of a training and of a model, as SVG: curves, heat maps and diagrams by `plotters`, sheets of small pictures by
//! hand. A figure stands in a page or is a file of its own, light or dark as its reader's screen is, and tells its numbers
//! where a pointer rests.

pub(crate) mod axis;
mod canvas;
mod chart;
mod confusion;
mod pixels;
mod reliability;
mod sheets;
pub(crate) mod training;

use std::fmt::Write as _;

use maud::{Markup, PreEscaped, html};

pub use confusion::confusion;
pub use reliability::reliability;
pub use sheets::{Tile, feature_maps, filters, mistakes, sheet};
pub use training::{accuracy, learning_rate, loss, seconds, side_by_side};

/// What the program's SVG files say of themselves.
pub const GENERATOR: &str = "digits report";

/// One picture.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Of its file, without `.svg`.
    pub name: String,
    /// What it shows, for those who do not see it.
    pub title: String,
    /// Width and height, in units of its own.
    pub size: [u32; 2],
    body: String,
}

/// A colour, which is another on a dark screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Ink,
    Muted,
    Line,
    Paper,
    /// What is right, and the first of several things.
    Right,
    /// What is wrong, and the second.
    Wrong,
    Third,
    Fourth,
    Fifth,
    Sixth,
}

/// On a light screen and on paper, and on a dark screen: Okabe and Ito's colours, which the colour-blind tell apart.
const TONES: [(Tone, [&str; 2]); 10] = [
    (Tone::Ink, ["#1F2328", "#E6E8EB"]),
    (Tone::Muted, ["#636C76", "#9AA4AF"]),
    (Tone::Line, ["#DDE1E6", "#32383F"]),
    (Tone::Paper, ["#FFFFFF", "#16191D"]),
    (Tone::Right, ["#0072B2", "#56B4E9"]),
    (Tone::Wrong, ["#D55E00", "#FF9447"]),
    (Tone::Third, ["#009E73", "#2CC79A"]),
    (Tone::Fourth, ["#B4568F", "#E394C4"]),
    (Tone::Fifth, ["#B98300", "#F0C04A"]),
    (Tone::Sixth, ["#5B5FC7", "#A3A6FF"]),
];

impl Tone {
    /// The tone of curve `index`.
    pub fn of_curve(index: usize) -> Tone {
        TONES[4 + index % (TONES.len() - 4)].0
    }

    /// As a light screen has it, `#RRGGBB`; [`style`] tells what it is on a dark one.
    pub fn hex(self) -> &'static str {
        TONES[self as usize].1[0]
    }
}

/// The style sheet that makes figures dark where the screen is.
pub fn style() -> String {
    let mut rules = String::new();
    for (_, [light, dark]) in TONES {
        write!(rules, "[fill=\"{light}\"]{{fill:{dark}}}[stroke=\"{light}\"]{{stroke:{dark}}}")
            .expect("text takes text");
    }
    format!("@media screen and (prefers-color-scheme:dark){{{rules}}}")
}

impl Figure {
    /// As a part of a page that has [`style`].
    pub fn inline(&self) -> Markup {
        let [width, height] = self.size;
        html! {
            svg viewBox={ "0 0 " (width) " " (height) } role="img" aria-label=(self.title) { (PreEscaped(&self.body)) }
        }
    }

    /// As a file.
    pub fn file(&self) -> String {
        let [width, height] = self.size;
        let svg = html! {
            (PreEscaped("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"))
            svg xmlns="http://www.w3.org/2000/svg" data-generator=(GENERATOR) viewBox={ "0 0 " (width) " " (height) }
                font-family=(canvas::FONT) {
                title { (self.title) }
                style { (PreEscaped(style())) }
                rect width=(width) height=(height) fill=(Tone::Paper.hex()) {}
                (PreEscaped(&self.body))
            }
        };
        svg.into_string() + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tone_stands_in_its_own_place_and_has_colours_of_its_own() {
        for (index, (tone, _)) in TONES.iter().enumerate() {
            assert_eq!(*tone as usize, index);
        }
        let mut colours: Vec<&str> = TONES.iter().flat_map(|(_, colours)| colours).copied().collect();
        colours.sort_unstable();
        colours.dedup();
        assert_eq!(colours.len(), 2 * TONES.len(), "the style sheet tells tones apart by their colours");
    }
}
