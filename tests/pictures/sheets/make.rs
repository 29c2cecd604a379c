//! Sheets as people have them, made of images of digits: rows of them on plain, ruled, squared or printed paper, scanned or
//! photographed on a table, in all kinds of light, through all kinds of cameras. A number makes a sheet, always the same one.

use std::f32::consts::TAU;
use std::io::Cursor;

use digits::mnist::DataSet;
use digits::random::{Stream, uniform};
use image::codecs::jpeg::JpegEncoder;
use image::{GrayImage, ImageFormat, Luma, imageops};

use crate::images::{self, Dice};

/// What is printed on the paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Print {
    Nothing,
    PaleRules,
    DarkRules,
    PaleSquares,
    Margin,
    Boxes,
    Frame,
    Underlines,
}

/// What lies around the sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Around {
    Nothing,
    /// Of the scanner's lid, along one side.
    Strip,
    DarkTable,
    GreyTable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Light {
    Even,
    FromASide,
    FromTheMiddle,
    HardShadow,
    SoftShadow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Camera {
    Sharp,
    Blurred,
    Grainy,
    Specks,
    Jpeg,
}

/// How a sheet is made.
#[derive(Clone, Copy, Debug)]
pub struct Making {
    pub print: Print,
    pub around: Around,
    pub light: Light,
    pub camera: Camera,
    /// Chalk on a board in the place of ink on paper.
    pub is_board: bool,
}

impl Making {
    pub fn of(dice: &mut Dice) -> Making {
        use self::{Around as A, Camera as C, Light as L, Print as P};
        let is_board = dice.below(10) == 0;
        Making {
            print: dice.one_of(&[
                P::Nothing,
                P::Nothing,
                P::Nothing,
                P::PaleRules,
                P::DarkRules,
                P::PaleSquares,
                P::Margin,
                P::Boxes,
                P::Frame,
                P::Underlines,
            ]),
            around: dice.one_of(&[A::Nothing, A::Nothing, A::Strip, A::DarkTable, A::GreyTable]),
            light: dice.one_of(&[L::Even, L::FromASide, L::FromTheMiddle, L::HardShadow, L::SoftShadow]),
            camera: dice.one_of(&[C::Sharp, C::Blurred, C::Grainy, C::Specks, C::Jpeg]),
            is_board,
        }
    }
}

/// How much light each pixel of a sheet sends back, 0 to 1.
struct Paper {
    width: usize,
    height: usize,
    /// `[height, width]`
    light: Vec<f32>,
}

impl Paper {
    fn at(&self, x: f32, y: f32) -> Option<f32> {
        let is_inside = x >= 0.0 && y >= 0.0 && x <= (self.width - 1) as f32 && y <= (self.height - 1) as f32;
        let [left, top] = [x as usize, y as usize];
        let [right, bottom] = [(left + 1).min(self.width - 1), (top + 1).min(self.height - 1)];
        let [u, v] = [x.fract(), y.fract()];
        let light = |x: usize, y: usize| self.light[y * self.width + x];
        let row = |y: usize| light(left, y) * (1.0 - u) + light(right, y) * u;
        is_inside.then(|| row(top) * (1.0 - v) + row(bottom) * v)
    }

    /// Lays something on a rectangle, as far as it is on the paper; what is there stays where it is darker.
    fn draw(&mut self, [x, y, width, height]: [f32; 4], light: f32) {
        let range = |from: f32, size: f32, end: usize| {
            (from.max(0.0) as usize).min(end)..((from + size).max(0.0).round() as usize).min(end)
        };
        for y in range(y, height, self.height) {
            for x in range(x, width, self.width) {
                let here = &mut self.light[y * self.width + x];
                *here = here.min(light);
            }
        }
    }
}

/// Number `number` of all sheets of images of `data`: the picture, what stands in each of its rows, and how it was made.
pub fn sheet(data: &DataSet, number: u32) -> (GrayImage, Vec<Vec<u8>>, Making) {
    let dice = &mut Dice::new(17, number);
    let making = Making::of(dice);
    let (paper, labels) = written(data, making.print, dice);
    let picture = photographed(&paper, &making, dice);
    (through(making.camera, picture, dice), labels, making)
}

/// A sheet under even light, dark on light.
fn written(data: &DataSet, print: Print, dice: &mut Dice) -> (Paper, Vec<Vec<u8>>) {
    let digit = 28.0 * (dice.between(0.0, 1.0) * 4.0f32.ln()).exp();
    let [rows, columns] = [1 + dice.below(4), 2 + dice.below(5)];
    let pitch = [dice.between(1.0, 1.5), dice.between(1.15, 1.6)].map(|share| (share * digit).round());
    let margin = dice.between(0.6, 1.5) * digit;
    let size = [columns, rows].map(|count| count as f32).into_iter().zip(pitch).map(|(count, pitch)| count * pitch);
    let [width, height] = [0, 1].map(|axis| (size.clone().nth(axis).unwrap() + 2.0 * margin) as usize);
    let white = dice.between(0.8, 1.0);
    let mut paper = Paper { width, height, light: vec![white; width * height] };
    printed(&mut paper, print, &Grid { margin, pitch, rows, columns, digit }, white, dice);
    let ink = white * dice.between(0.05, 0.4);
    let mut labels = Vec::new();
    for row in 0..rows {
        let mut shown = Vec::new();
        for column in 0..columns {
            let index = dice.below(data.count());
            let side = digit * dice.between(0.85, 1.1);
            let image = imageops::resize(
                &images::digit(data.image(index)),
                side as u32,
                side as u32,
                imageops::FilterType::CatmullRom,
            );
            let x = margin + column as f32 * pitch[0] + (pitch[0] - side) / 2.0;
            let y = margin + row as f32 * pitch[1] + (pitch[1] - side) / 2.0 + digit * dice.between(-0.06, 0.06);
            for (dx, dy, amount) in image.enumerate_pixels() {
                let here = &mut paper.light[(y as usize + dy as usize) * width + x as usize + dx as usize];
                let amount = f32::from(amount.0[0]) / 255.0;
                *here = here.min(white + (ink - white) * amount);
            }
            shown.push(data.labels[index]);
        }
        labels.push(shown);
    }
    (paper, labels)
}

/// Where digits stand, in pixels.
struct Grid {
    margin: f32,
    /// Across and down.
    pitch: [f32; 2],
    rows: usize,
    columns: usize,
    digit: f32,
}

fn printed(paper: &mut Paper, print: Print, grid: &Grid, white: f32, dice: &mut Dice) {
    let [width, height] = [paper.width, paper.height].map(|side| side as f32);
    let thick = dice.between(1.0, (grid.digit / 25.0).max(1.5)).round();
    let (pale, dark) = (white * dice.between(0.75, 0.92), white * dice.between(0.2, 0.6));
    let rules = |paper: &mut Paper, spacing: f32, light: f32, first: f32| {
        let count = (height / spacing) as usize + 1;
        (0..count).for_each(|rule| paper.draw([0.0, first + rule as f32 * spacing, width, thick], light));
    };
    let Grid { margin, pitch, rows, columns, digit } = *grid;
    let across = columns as f32 * pitch[0];
    match print {
        Print::Nothing => {}
        Print::PaleRules => rules(paper, digit * dice.between(0.3, 1.2), pale, dice.between(0.0, digit)),
        // What is written on lines stands on them.
        Print::DarkRules => rules(paper, pitch[1], dark, (margin + pitch[1] / 2.0 + 0.48 * digit) % pitch[1]),
        Print::PaleSquares => {
            let side = digit * dice.between(0.2, 0.6);
            rules(paper, side, pale, dice.between(0.0, side));
            let count = (width / side) as usize + 1;
            (0..count).for_each(|rule| paper.draw([rule as f32 * side, 0.0, thick, height], pale));
        }
        Print::Margin => paper.draw([margin * 0.6, 0.0, thick, height], dark),
        Print::Boxes => {
            let gap = dice.one_of(&[0.0, 0.08]) * digit;
            for cell in 0..rows * columns {
                let x = margin + (cell % columns) as f32 * pitch[0] + gap / 2.0;
                let y = margin + (cell / columns) as f32 * pitch[1] + gap / 2.0;
                outline(paper, [x, y, pitch[0] - gap, pitch[1] - gap], thick, dark);
            }
        }
        Print::Frame => {
            let inset = margin * 0.4;
            outline(paper, [inset, inset, width - 2.0 * inset, height - 2.0 * inset], thick, dark);
        }
        Print::Underlines => (0..rows).for_each(|row| {
            let y = margin + row as f32 * pitch[1] + pitch[1] / 2.0 + 0.52 * digit;
            paper.draw([margin * 0.8, y, across + 0.4 * margin, thick], dark);
        }),
    }
}

fn outline(paper: &mut Paper, [x, y, width, height]: [f32; 4], thick: f32, light: f32) {
    paper.draw([x, y, width + thick, thick], light);
    paper.draw([x, y + height, width + thick, thick], light);
    paper.draw([x, y, thick, height], light);
    paper.draw([x + width, y, thick, height], light);
}

/// The sheet as it lies there, turned a little, seen a little from a side, in its light: `[height, width]`, 0 to 1.
fn photographed(paper: &Paper, making: &Making, dice: &mut Dice) -> Paper {
    let table = match making.around {
        Around::DarkTable => dice.between(0.05, 0.2),
        Around::GreyTable => dice.between(0.3, 0.55),
        Around::Strip | Around::Nothing => 0.0,
    };
    let is_on_table = matches!(making.around, Around::DarkTable | Around::GreyTable);
    let room = if is_on_table { 1.25 } else { 1.0 };
    let [width, height] = [paper.width, paper.height].map(|side| (room * side as f32) as usize);
    let most = if is_on_table { 0.06 } else { 0.03 };
    let (sine, cosine) = dice.between(-most, most).sin_cos();
    let lean = if is_on_table { [dice.between(-0.12, 0.12), dice.between(-0.12, 0.12)] } else { [0.0; 2] };
    let shade = shade(making.light, dice);
    let strip = (dice.below(4), dice.between(0.01, 0.03));
    let mut light = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let [u, v] = [x as f32 / width as f32, y as f32 / height as f32];
            let depth = 1.0 + lean[0] * (u - 0.5) + lean[1] * (v - 0.5);
            let [right, down] = [x as f32 - width as f32 / 2.0, y as f32 - height as f32 / 2.0].map(|at| at / depth);
            let [mut at_x, mut at_y] = [
                cosine * right + sine * down + paper.width as f32 / 2.0,
                cosine * down - sine * right + paper.height as f32 / 2.0,
            ];
            if !is_on_table {
                at_x = at_x.clamp(0.0, (paper.width - 1) as f32);
                at_y = at_y.clamp(0.0, (paper.height - 1) as f32);
            }
            let mut here = paper.at(at_x, at_y).unwrap_or(table);
            if making.is_board {
                here = 1.05 - here;
            }
            if making.around == Around::Strip && [u, 1.0 - u, v, 1.0 - v][strip.0] < strip.1 {
                here = 0.1;
            }
            light.push(here * shade(u, v));
        }
    }
    Paper { width, height, light }
}

/// How much light falls on each place of a picture whose sides are 1.
fn shade(light: Light, dice: &mut Dice) -> impl Fn(f32, f32) -> f32 + use<> {
    let least = dice.between(0.45, 0.8);
    let (sine, cosine) = dice.between(0.0, TAU).sin_cos();
    let edge = dice.between(-0.25, 0.25);
    let softness = if light == Light::SoftShadow { 0.2 } else { 0.004 };
    move |x, y| {
        let along = cosine * (x - 0.5) + sine * (y - 0.5);
        match light {
            Light::Even => 1.0,
            Light::FromASide => least + (1.0 - least) * (along + 0.5).clamp(0.0, 1.0),
            Light::FromTheMiddle => 1.0 - (1.0 - least) * 2.0 * ((x - 0.5).powi(2) + (y - 0.5).powi(2)),
            Light::HardShadow | Light::SoftShadow => {
                least + (1.0 - least) * ((along - edge) / softness + 0.5).clamp(0.0, 1.0)
            }
        }
    }
}

/// What the camera makes of it.
fn through(camera: Camera, picture: Paper, dice: &mut Dice) -> GrayImage {
    let levels: Vec<u8> = picture.light.iter().map(|light| (255.0 * light.clamp(0.0, 1.0)).round() as u8).collect();
    let sharp = GrayImage::from_raw(picture.width as u32, picture.height as u32, levels).expect("a pixel each");
    let (seed, strength) = (dice.below(1 << 20) as u32, dice.between(0.0, 1.0));
    let random = |x: u32, y: u32, round: u32| uniform(seed, Stream::Noise, round, y * picture.width as u32 + x);
    match camera {
        Camera::Sharp => sharp,
        Camera::Blurred => imageops::blur(&sharp, 0.4 + 0.8 * strength),
        Camera::Grainy => GrayImage::from_fn(sharp.width(), sharp.height(), |x, y| {
            // Three uniform numbers are nearly normal.
            let sum: f32 = (0..3).map(|round| random(x, y, round) - 0.5).sum();
            Luma([(f32::from(sharp.get_pixel(x, y).0[0]) + 2.0 * (3.0 + 7.0 * strength) * sum).clamp(0.0, 255.0) as u8])
        }),
        Camera::Specks => GrayImage::from_fn(sharp.width(), sharp.height(), |x, y| {
            let share = 0.003 + 0.017 * strength;
            match random(x, y, 0) / share {
                0.0..0.5 => Luma([0]),
                0.5..1.0 => Luma([255]),
                _ => *sharp.get_pixel(x, y),
            }
        }),
        Camera::Jpeg => {
            let mut file = Vec::new();
            let quality = (40.0 + 50.0 * strength) as u8;
            sharp.write_with_encoder(JpegEncoder::new_with_quality(&mut file, quality)).expect("it fits into memory");
            image::load(Cursor::new(file), ImageFormat::Jpeg).expect("a JPEG").into_luma8()
        }
    }
}
