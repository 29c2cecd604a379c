//! Sheets of small pictures: mistakes, filters and feature maps.

use maud::{Markup, PreEscaped, html};

use super::canvas::{field, shortened};
use super::pixels::{Sheet, ink};
use super::{Figure, Tone};
use crate::inspect::{Example, Filters, Mistake};
use crate::network::Classes;

/// A small picture and what is written below it, for a sheet or for a page that sets it where it has room.
pub struct Tile {
    pub title: String,
    body: Markup,
}

/// Width and height of a [`Tile`].
pub const TILE: [u32; 2] = [84, 116];

/// Longer names of classes are cut.
const LONGEST_NAME: usize = 12;

/// Convolutions with more filters show the first of them.
const MOST_MAPS: usize = 48;

impl Tile {
    /// Alone.
    pub fn inline(&self) -> Markup {
        html! {
            svg viewBox={ "0 0 " (TILE[0]) " " (TILE[1]) } role="img" aria-label=(self.title) { (self.body) }
        }
    }
}

/// A picture of each mistake, what it is, what was said, and how surely; † where it is called none of them all the same.
pub fn mistakes(mistakes: &[Mistake], classes: &Classes) -> Vec<Tile> {
    mistakes.iter().map(|mistake| tile(mistake, classes)).collect()
}

fn tile(mistake: &Mistake, classes: &Classes) -> Tile {
    let Mistake { index, pixels, width, label, answer, confidence, of_label, is_digit } = mistake;
    let [label, answer] = [label, answer].map(|class| &classes.names()[*class]);
    let side = *width.max(&(pixels.len() / width));
    let refused = if *is_digit { String::new() } else { format!("; it is called {}", classes.none()) };
    let title = format!(
        "Image {index}: {label}, taken for {answer} with {:.1} %; {label} had {:.1} %{refused}",
        100.0 * confidence,
        100.0 * of_label
    );
    // Names of words are written smaller, and may be cut.
    let size = if label.chars().count() + answer.chars().count() <= 6 { 13 } else { 9 };
    let [label, answer] = [label, answer].map(|name| shortened(name, 8));
    let body = html! {
        title { (title) }
        rect x="0.5" y="0.5" width="83" height="83" rx="4" fill=(Tone::Paper.hex()) stroke=(Tone::Line.hex()) {}
        g transform={ "scale(" (84.0 / side as f64) ")" } { (ink(pixels, *width)) }
        text x="42" y="99" text-anchor="middle" font-size=(size) fill=(Tone::Ink.hex()) {
            (label) " as " tspan font-weight="bold" fill=(Tone::Wrong.hex()) { (answer) }
        }
        text x="42" y="113" text-anchor="middle" font-size="11" fill=(Tone::Muted.hex()) {
            (format!("{:.1} %", 100.0 * confidence)) @if !is_digit { " †" }
        }
    };
    Tile { title, body }
}

/// Tiles side by side, `columns` in a row.
pub fn sheet(name: &str, title: &str, tiles: &[Tile], columns: usize) -> Figure {
    const GAP: u32 = 12;
    let [width, height] = TILE.map(|side| side + GAP);
    let columns = columns.min(tiles.len()).max(1);
    let place = |at: usize| [GAP + (at % columns) as u32 * width, GAP + (at / columns) as u32 * height];
    let body = html! {
        @for (at, tile) in tiles.iter().enumerate() {
            @let [left, top] = place(at);
            g transform={ "translate(" (left) " " (top) ")" } { (tile.body) }
        }
    };
    let rows = tiles.len().div_ceil(columns) as u32;
    let size = [GAP + columns as u32 * width, GAP + rows * height];
    Figure { name: name.into(), title: title.into(), size, body: body.into_string() }
}

/// The weights of the first layer: above zero in one colour, below in another.
pub fn filters(filters: &Filters) -> Figure {
    let [height, width] = filters.size;
    let shown: Vec<&[f32]> = filters.weights.chunks_exact(height * width).collect();
    let columns = shown.len().min(16);
    let rows = shown.len().div_ceil(columns);
    let most = filters.weights.iter().fold(0.0, |most: f32, weight| most.max(weight.abs()));
    // A pixel between two pictures.
    let [across, down] = [width + 1, height + 1];
    let mut sheet = Sheet::new([columns * across - 1, rows * down - 1], most);
    let place = |at: usize| [at % columns * across, at / columns * down];
    shown.iter().enumerate().for_each(|(at, weights)| sheet.put(place(at), weights, width));
    let title = match filters.count {
        all if all > shown.len() => format!("Weights of the first layer, {} of {all} filters or units", shown.len()),
        all => format!("Weights of the first layer, {all} filters or units"),
    };
    let unit = (960 / (columns * across) as u32).clamp(1, 16);
    let size = [(columns * across - 1) as u32 * unit, (rows * down - 1) as u32 * unit];
    let body = html! {
        (picture(&sheet, [0, 0], size))
        @for (at, weights) in shown.iter().enumerate() {
            @let place = place(at).map(|place| place as u32 * unit);
            @let (least, most) = weights.iter().fold((0.0f32, 0.0f32), |(least, most), weight| (least.min(*weight), most.max(*weight)));
            (frame(place, [width, height].map(|side| side as u32 * unit)))
            (field(place, [width, height].map(|side| side as u32 * unit), &format!("filter {at}: {least:.3} to {most:.3}")))
        }
    };
    Figure { name: "filters".into(), title, size, body: body.into_string() }
}

/// What each convolution makes of an image of each class: a figure for each, a row for each image, a column for each filter.
pub fn feature_maps(examples: &[Example], classes: &[String]) -> Vec<Figure> {
    let layers = examples.iter().map(|example| example.maps.len()).max().unwrap_or(0);
    (0..layers).map(|layer| maps_of(layer, examples, classes)).collect()
}

fn maps_of(layer: usize, examples: &[Example], classes: &[String]) -> Figure {
    /// Of the whole figure, and of a row at most.
    const WIDTH: f64 = 960.0;
    const ROW: f64 = 52.0;
    // Room for the class's name.
    let longest = classes.iter().map(|name| name.chars().count()).max().unwrap_or(0).min(LONGEST_NAME);
    let room = (8 * longest as u32).max(24);
    let shape = examples[0].maps[layer].shape;
    let (columns, area) = (shape.channels.min(MOST_MAPS), shape.height * shape.width);
    // A pixel between two pictures.
    let [across, down] = [shape.width + 1, shape.height + 1];
    let maps = |example: &Example| example.maps[layer].values[..columns * area].to_vec();
    let most = examples.iter().flat_map(maps).fold(0.0, |most: f32, value| most.max(value.abs()));
    let mut sheet = Sheet::new([columns * across, examples.len() * down], most);
    for (row, example) in examples.iter().enumerate() {
        for (column, map) in maps(example).chunks_exact(area).enumerate() {
            sheet.put([column * across, row * down], map, shape.width);
        }
    }
    // The image stands left of its maps, as high as they are.
    let unit = ((WIDTH - f64::from(room)) / (columns * across + down) as f64).min(ROW / down as f64);
    let scaled = |pixels: usize| (pixels as f64 * unit).round() as u32;
    let left = room + scaled(down);
    let size = [left + scaled(columns * across), scaled(examples.len() * down)];
    let body = html! {
        (picture(&sheet, [left, 0], [size[0] - left, size[1]]))
        @for (row, example) in examples.iter().enumerate() {
            @let (name, top) = (&classes[example.class], scaled(row * down));
            @let side = example.width.max(example.pixels.len() / example.width);
            @let scale = unit * shape.height as f64 / side as f64;
            text x="0" y=(top + scaled(down) / 2) dy="0.35em" font-size="12" fill=(Tone::Muted.hex()) {
                (shortened(name, LONGEST_NAME))
            }
            g transform={ "translate(" (room) " " (top) ") scale(" (format!("{scale:.3}")) ")" } {
                (ink(&example.pixels, example.width))
            }
            @for column in 0..columns {
                @let place = [left + scaled(column * across), top];
                (field(place, [scaled(shape.width), scaled(shape.height)], &format!("{name}, filter {column}")))
            }
        }
    };
    let shown =
        if columns < shape.channels { format!(", {columns} of {} filters", shape.channels) } else { String::new() };
    let title = format!("Feature maps of convolution {}, an image of each class{shown}", layer + 1);
    Figure { name: format!("feature-maps-{}", layer + 1), title, size, body: body.into_string() }
}

/// A sheet in its place, each pixel a square.
fn picture(sheet: &Sheet, [left, top]: [u32; 2], [width, height]: [u32; 2]) -> Markup {
    html! {
        image x=(left) y=(top) width=(width) height=(height) preserveAspectRatio="none" style="image-rendering:pixelated"
            href=(PreEscaped(sheet.address())) {}
    }
}

fn frame([x, y]: [u32; 2], [width, height]: [u32; 2]) -> Markup {
    html! { rect x=(x) y=(y) width=(width) height=(height) fill="none" stroke=(Tone::Line.hex()) {} }
}
