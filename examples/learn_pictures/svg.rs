//! What the pictures are made of: matrices in cells, text, arrows and maps of numbers, in the tones of the program's reports,
//! which follow a dark screen.

use std::fmt::Write as _;

use digits::figures::{Tone, style};
use maud::{Markup, PreEscaped, html};

use super::worked::number;

/// Side of a matrix's cell.
pub const CELL: f64 = 34.0;
const TEXT: f64 = 15.0;

/// One picture.
pub struct Picture {
    /// Of its file, without `.svg`.
    pub name: &'static str,
    /// What it shows, for those who do not see it.
    pub title: String,
    /// Width and height.
    pub size: [f64; 2],
    pub body: Markup,
}

impl Picture {
    pub fn file(&self) -> String {
        let [width, height] = self.size;
        let svg = html! {
            svg xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (width) " " (height) } width=(width)
                font-family="system-ui, sans-serif" {
                title { (self.title) }
                style { (PreEscaped(style())) }
                rect width=(width) height=(height) fill=(Tone::Paper.hex()) {}
                (self.body)
            }
        };
        svg.into_string() + "\n"
    }
}

/// A matrix whose upper left corner is at a place, with the cells that `tint` names in its tone.
pub fn matrix(
    [left, top]: [f64; 2],
    values: &[f64],
    columns: usize,
    tint: impl Fn(usize, usize) -> Option<Tone>,
) -> Markup {
    html! {
        @for (at, value) in values.iter().enumerate() {
            @let (row, column) = (at / columns, at % columns);
            @let [x, y] = [left + column as f64 * CELL, top + row as f64 * CELL];
            rect x=(x) y=(y) width=(CELL) height=(CELL) fill=(Tone::Paper.hex()) stroke=(Tone::Muted.hex()) {}
            @if let Some(tone) = tint(row, column) {
                rect x=(x) y=(y) width=(CELL) height=(CELL) fill=(tone.hex()) fill-opacity="0.3" {}
            }
            (label([x + CELL / 2.0, y + CELL / 2.0], "middle", if *value == 0.0 { Tone::Muted } else { Tone::Ink }, &number(*value)))
        }
    }
}

/// No cell is tinted.
pub fn plain(_: usize, _: usize) -> Option<Tone> {
    None
}

/// Text around, right of or left of a place: `middle`, `start`, `end`.
pub fn label([x, y]: [f64; 2], anchor: &str, tone: Tone, text: &str) -> Markup {
    html! { text x=(x) y=(y) dy="0.35em" text-anchor=(anchor) font-size=(TEXT) fill=(tone.hex()) { (text) } }
}

/// Smaller text, for remarks.
pub fn remark([x, y]: [f64; 2], anchor: &str, text: &str) -> Markup {
    html! { text x=(x) y=(y) dy="0.35em" text-anchor=(anchor) font-size="13" fill=(Tone::Muted.hex()) { (text) } }
}

/// A frame around cells, to say what belongs together.
pub fn frame([x, y]: [f64; 2], [width, height]: [f64; 2], tone: Tone) -> Markup {
    html! { rect x=(x) y=(y) width=(width) height=(height) fill="none" stroke=(tone.hex()) stroke-width="3" {} }
}

/// A rectangle with a tint and words in its middle.
pub fn block([x, y]: [f64; 2], [width, height]: [f64; 2], tone: Tone, text: &str) -> Markup {
    html! {
        rect x=(x) y=(y) width=(width) height=(height) fill=(tone.hex()) fill-opacity="0.25" stroke=(tone.hex()) {}
        (label([x + width / 2.0, y + height / 2.0], "middle", Tone::Ink, text))
    }
}

/// From a place to another.
pub fn arrow([x1, y1]: [f64; 2], [x2, y2]: [f64; 2], tone: Tone) -> Markup {
    let length = (x2 - x1).hypot(y2 - y1);
    let [dx, dy] = [(x2 - x1) / length, (y2 - y1) / length];
    let [base_x, base_y] = [x2 - 9.0 * dx, y2 - 9.0 * dy];
    let corner = |side: f64| format!("{:.1},{:.1}", base_x - 4.5 * side * dy, base_y + 4.5 * side * dx);
    html! {
        line x1=(x1) y1=(y1) x2=(format!("{base_x:.1}")) y2=(format!("{base_y:.1}")) stroke=(tone.hex()) stroke-width="2" {}
        polygon points={ (x2) "," (y2) " " (corner(1.0)) " " (corner(-1.0)) } fill=(tone.hex()) {}
    }
}

/// Numbers of either sign as squares in a box so wide: above zero in one tone, below in another, the deeper the farther from zero,
/// `most` at its deepest. What is small shows, too: the depth is the root of the number.
pub fn map([left, top]: [f64; 2], side: f64, values: &[f64], columns: usize, most: f64) -> Markup {
    const LEVELS: usize = 10;
    let level = |value: f64| ((value.abs() / most).min(1.0).sqrt() * LEVELS as f64).round() as usize;
    let unit = side / columns as f64;
    let height = values.len() as f64 / columns as f64 * unit;
    let path = |is_above: bool, wanted: usize| {
        let mut path = String::new();
        for (y, row) in values.chunks(columns).enumerate() {
            let mut x = 0;
            for run in row.chunk_by(|a, b| level(*a) == level(*b) && (*a > 0.0) == (*b > 0.0)) {
                if level(run[0]) == wanted && (run[0] > 0.0) == is_above {
                    write!(path, "M{x} {y}h{0}v1h-{0}z", run.len()).expect("text takes text");
                }
                x += run.len();
            }
        }
        path
    };
    html! {
        g transform={ "translate(" (left) " " (top) ") scale(" (format!("{unit:.4}")) ")" } shape-rendering="crispEdges" {
            @for (tone, is_above) in [(Tone::Right, true), (Tone::Wrong, false)] {
                @for (level, path) in (1..=LEVELS).map(|level| (level, path(is_above, level))).filter(|(_, path)| !path.is_empty()) {
                    path d=(path) fill=(tone.hex()) fill-opacity=(level as f64 / LEVELS as f64) {}
                }
            }
        }
        rect x=(left) y=(top) width=(side) height=(format!("{height:.2}")) fill="none" stroke=(Tone::Line.hex()) {}
    }
}

/// A curve through points, from the left to the right of a box, between two numbers.
pub fn curve(
    [left, top]: [f64; 2],
    [width, height]: [f64; 2],
    values: &[f64],
    [least, most]: [f64; 2],
    tone: Tone,
) -> Markup {
    let place = |(at, value): (usize, &f64)| {
        let x = left + width * at as f64 / (values.len() - 1) as f64;
        format!("{x:.1},{:.1}", top + height * (most - value) / (most - least))
    };
    let points: Vec<String> = values.iter().enumerate().map(place).collect();
    html! { polyline points=(points.join(" ")) fill="none" stroke=(tone.hex()) stroke-width="1.6" {} }
}
