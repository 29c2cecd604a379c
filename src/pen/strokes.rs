//! A drawing as the pen left it: lines of points, in any unit, so that it can be drawn at any size. Here stand its text
//! form, the smooth curve that the window and the network's input share, and its rasterisation.

use std::fmt::{self, Display, Formatter};
use std::ops::Range;
use std::str::FromStr;

use image::GrayImage;

/// x to the right, y down.
pub type Point = [f32; 2];

/// A drawing: what a pen did between touching and leaving, stroke by stroke. A stroke of one point is a dot.
///
/// Its text form is `x,y x,y ...`, strokes separated by `|`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Strokes {
    /// The points of each stroke, in any unit.
    pub lines: Vec<Vec<Point>>,
    /// The diameter of the pen's tip in the same unit; 0 where it is not known, and the text form does not tell it.
    pub width: f32,
}

/// A text that is no drawing; the message goes on after the place of the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StrokesError {
    #[error("holds \"{0}\", which is no point; a point is two numbers with a comma between them, such as 12,-7.5")]
    NoPoint(String),
    #[error("holds a stroke without a point")]
    EmptyStroke,
}

impl Strokes {
    /// The smallest rectangle around the points, its least and its greatest corner; the width of the pen is left out.
    /// `None` where there is no point.
    pub fn bounds(&self) -> Option<[Point; 2]> {
        let mut points = self.lines.iter().flatten();
        let first = *points.next()?;
        Some(points.fold([first, first], |[least, greatest], point| {
            [[0, 1].map(|axis| least[axis].min(point[axis])), [0, 1].map(|axis| greatest[axis].max(point[axis]))]
        }))
    }

    /// The curve that is drawn: parabolas from the middle of each line between two points to the middle of the next, as
    /// straight lines that leave them by `tolerance` at most. A stroke drawn backwards is the same curve.
    pub fn smooth(&self, tolerance: f32) -> Strokes {
        Strokes { lines: self.lines.iter().map(|points| smooth(points, tolerance)).collect(), width: self.width }
    }

    /// The drawing with each point `p` at `scale * p + shift`.
    pub fn moved(&self, scale: f32, shift: Point) -> Strokes {
        let moved = |point: &Point| [0, 1].map(|axis| scale * point[axis] + shift[axis]);
        let lines = self.lines.iter().map(|points| points.iter().map(moved).collect()).collect();
        Strokes { lines, width: scale * self.width }
    }

    /// How much of each of `width` x `height` pixels the pen covers, 0 to 255, where the unit is a pixel: straight lines
    /// from point to point with round caps and joins. What lies outside is cut off; a pen without a width draws nothing.
    pub fn coverage(&self, width: u32, height: u32) -> GrayImage {
        let mut image = GrayImage::new(width, height);
        for points in self.lines.iter().filter(|_| self.width > 0.0) {
            // A stroke of one point is a dot: a line to where the pen already is.
            let ends = points.iter().zip(points.get(1..).filter(|rest| !rest.is_empty()).unwrap_or(points));
            ends.for_each(|(start, end)| cover(&mut image, *start, *end, self.width));
        }
        image
    }
}

/// Covers what a round tip `width` wide passes on its way from `start` to `end`. How far the centre of a pixel is from that
/// line tells how much of the pixel it is; what the tip covers where it starts or ends is not asked pixel by pixel.
fn cover(image: &mut GrayImage, start: Point, end: Point, width: f32) {
    let (inside, outside) = ((width - 1.0) / 2.0, (width + 1.0) / 2.0);
    let line = [0, 1].map(|axis| end[axis] - start[axis]);
    let length2 = (line[0] * line[0] + line[1] * line[1]).max(f32::MIN_POSITIVE);
    let covered = |right: f32, down: f32| {
        let along = ((right * line[0] + down * line[1]) / length2).clamp(0.0, 1.0);
        let (across, below) = (right - along * line[0], down - along * line[1]);
        // A tip of less than a pixel covers no pixel whole.
        let share = (outside - (across * across + below * below).sqrt()).clamp(0.0, width.min(1.0));
        (255.0 * share + 0.5) as u8
    };
    let (columns, rows) = image.dimensions();
    let reached = |axis: usize, count| {
        pixels([start[axis].min(end[axis]) - outside, start[axis].max(end[axis]) + outside], count)
    };
    let across = reached(0, columns);
    for y in reached(1, rows) {
        let down = y as f32 + 0.5 - start[1];
        let ends = [(start[0], down), (end[0], down - line[1])];
        let ends = ends.map(|(x, down)| chord(inside, down).map(|half| [x - half, x + half]));
        let whole = ends.into_iter().flatten().reduce(|[a, b], [c, d]| [a.min(c), b.max(d)]);
        let whole = pixels(whole.unwrap_or([f32::INFINITY; 2]), columns);
        let row = &mut image.as_mut()[y * columns as usize..][..columns as usize];
        for x in (across.start..whole.start.min(across.end)).chain(whole.end.max(across.start)..across.end) {
            // Most of what a short line adds is there from the line before.
            if row[x] < 255 {
                row[x] = row[x].max(covered(x as f32 + 0.5 - start[0], down));
            }
        }
        row[whole].fill(255);
    }
}

/// Half of what a circle cuts out of a line that passes its centre at `distance`, if they meet.
fn chord(radius: f32, distance: f32) -> Option<f32> {
    (radius >= distance.abs()).then(|| (radius * radius - distance * distance).sqrt())
}

/// The pixels of a row or column of `count` whose centres lie between `first` and `last`.
fn pixels([first, last]: [f32; 2], count: u32) -> Range<usize> {
    let pixel = |at: f32| (at.max(0.0) as u32).min(count) as usize;
    let first = pixel((first - 0.5).ceil());
    first..pixel((last + 0.5).floor()).max(first)
}

fn smooth(points: &[Point], tolerance: f32) -> Vec<Point> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Vec::new() };
    let mut curve = vec![*first];
    for corner in points.windows(3) {
        let [a, b, c] = [corner[0], corner[1], corner[2]];
        let bend = [0, 1].map(|axis| (a[axis] - 2.0 * b[axis] + c[axis]) / 2.0);
        // A parabola p(t) with p'' = 2 bend leaves a chord over 1/n of it by |bend| / 4n^2.
        let pieces = (bend[0].hypot(bend[1]) / (4.0 * tolerance)).sqrt().ceil().clamp(1.0, 64.0);
        curve.extend((0..=pieces as u32).map(|piece| {
            let t = piece as f32 / pieces;
            [0, 1].map(|axis| (a[axis] + b[axis]) / 2.0 + t * (b[axis] - a[axis]) + t * t * bend[axis])
        }));
    }
    if points.len() > 1 {
        curve.push(*last);
    }
    curve
}

impl Display for Strokes {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        for (index, points) in self.lines.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "|" })?;
            for (index, [x, y]) in points.iter().enumerate() {
                write!(f, "{}{x},{y}", if index == 0 { "" } else { " " })?;
            }
        }
        Ok(())
    }
}

impl FromStr for Strokes {
    type Err = StrokesError;

    fn from_str(text: &str) -> Result<Strokes, StrokesError> {
        let lines: Result<_, _> = text.split('|').map(parse_stroke).collect();
        Ok(Strokes { lines: lines?, width: 0.0 })
    }
}

fn parse_stroke(text: &str) -> Result<Vec<Point>, StrokesError> {
    let number = |text: &str| text.parse().ok().filter(|number: &f32| number.is_finite());
    let point = |text: &str| text.split_once(',').and_then(|(x, y)| Some([number(x)?, number(y)?]));
    let points = text.split_whitespace().map(|text| point(text).ok_or_else(|| StrokesError::NoPoint(text.into())));
    match points.collect::<Result<Vec<Point>, _>>()? {
        points if points.is_empty() => Err(StrokesError::EmptyStroke),
        points => Ok(points),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_drawing_are_each_other() {
        for text in ["1,2", "0,0 10.5,-3 1000000,0.001|7,7"] {
            assert_eq!(text.parse::<Strokes>().unwrap().to_string(), text);
        }
        for text in ["", "1", "1,", "1,x", "1,2,3", "inf,0", "NaN,0", "1,2|"] {
            assert!(text.parse::<Strokes>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_curve_leaves_its_parabolas_by_the_tolerance_at_most() {
        let corner: Strokes = "0,0 100,0 100,100|5,5|0,0 9,9".parse().unwrap();
        let curve = corner.smooth(1.0);
        assert_eq!(curve.lines[1..], corner.lines[1..], "a dot and a line stay what they are");
        let [first, parabola @ .., last] = &curve.lines[0][..] else { panic!("{curve:?}") };
        assert_eq!([*first, *last], [[0.0, 0.0], [100.0, 100.0]]);
        let pieces = parabola.len() - 1;
        assert_eq!(pieces, 5, "no more than it takes");
        for (piece, ends) in parabola.windows(2).enumerate() {
            let t = (piece as f32 + 0.5) / pieces as f32;
            let middle = [0, 1].map(|axis| (ends[0][axis] + ends[1][axis]) / 2.0);
            let error = (middle[0] - (50.0 + 100.0 * t - 50.0 * t * t)).hypot(middle[1] - 50.0 * t * t);
            assert!(error < 1.0, "piece {piece} is {error} away");
        }
    }

    #[test]
    fn coverage_is_the_area_under_a_round_pen() {
        let area = |text: &str| {
            let strokes = Strokes { width: 10.0, ..text.parse().unwrap() };
            strokes.coverage(100, 100).iter().map(|&cover| f64::from(cover) / 255.0).sum::<f64>()
        };
        let dot = 25.0 * std::f64::consts::PI;
        for (text, expected) in [
            ("50,50", dot),
            ("20.5,50 70.5,50", 500.0 + dot),
            ("20,20 20,60 20,20", 400.0 + dot),
            ("0,50 50,50", 500.0 + dot / 2.0),
        ] {
            let found = area(text);
            assert!((found / expected - 1.0).abs() < 0.02, "{text}: {found}, not {expected}");
        }
        assert_eq!(Strokes::default().coverage(3, 2).into_raw(), [0; 6]);
        for width in [-1.0, 0.0, f32::NAN] {
            let dot = Strokes { lines: vec![vec![[1.0, 1.0]]], width };
            assert_eq!(dot.coverage(3, 2).into_raw(), [0; 6], "a pen {width} wide");
        }
    }
}
