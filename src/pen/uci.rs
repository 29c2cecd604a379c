//! The files of UCI's "Pen-Based Recognition of Handwritten Digits" as they are given away: `pendigits.tra` and `.tes`, eight points a
//! drawing, and `pendigits-orig.tra` and `.tes`, all that the tablet saw, as UNIPEN text. In both y points up.

use super::file::{LineProblem, PenSample};
use super::strokes::{Point, Strokes};
use crate::limits::POINTS;
use crate::mnist::CLASSES;

/// Numbers of a line: x and y of eight points, and the label.
pub(super) const NUMBERS: usize = 17;

/// The drawing of a line of `pendigits.tra`, the `number`-th: one stroke through its points.
pub(super) fn parse_resampled(line: &str, number: usize) -> Result<PenSample, LineProblem> {
    let words: Vec<&str> = words(line).collect();
    if words.len() != NUMBERS {
        return Err(LineProblem::Numbers(words.len()));
    }
    let coordinate = |word: &str| {
        let number = word.parse().ok().filter(|number| (0..=100).contains(number));
        number.map(|number: u8| f32::from(number)).ok_or_else(|| LineProblem::Coordinate(word.into()))
    };
    let (label, words) = words.split_last().expect("there are seventeen");
    let points = words.chunks_exact(2).map(|point| Ok([coordinate(point[0])?, 0.0 - coordinate(point[1])?]));
    let lines = vec![points.collect::<Result<Vec<Point>, LineProblem>>()?];
    Ok(PenSample { strokes: Strokes { lines, width: 0.0 }, ..unnamed(number, digit(label)?) })
}

/// The numbers of a line, with commas, spaces or both between them.
pub(super) fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split([',', ' ', '\t']).filter(|word| !word.is_empty())
}

/// The drawings of `pendigits-orig.tra`, line by line.
#[derive(Default)]
pub(super) struct Segments {
    samples: Vec<PenSample>,
    /// What is drawn while the pen is down.
    stroke: Option<Vec<Point>>,
    /// Points of the last drawing so far.
    points: usize,
}

impl Segments {
    /// One line more. What the pen does in the air, and what nobody needs to know to draw, is passed over.
    pub fn read(&mut self, line: &str) -> Result<(), LineProblem> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match (&words[..], &mut self.stroke, self.samples.last_mut()) {
            ([".SEGMENT", .., label], ..) => {
                self.check_end()?;
                let label = label.strip_prefix('"').and_then(|label| label.strip_suffix('"'));
                let label = digit(label.ok_or(LineProblem::Unlabelled)?)?;
                self.samples.push(unnamed(self.samples.len(), label));
                self.points = 0;
            }
            // The digit, who drew it, and which of theirs it is.
            ([".COMMENT", digit, writer, ..], _, Some(sample)) if digit.parse() == Ok(sample.label) => {
                sample.writer = (*writer).into();
            }
            ([".PEN_DOWN", ..], stroke @ None, Some(_)) => *stroke = Some(Vec::new()),
            ([".PEN_UP", ..], stroke, Some(sample)) => match stroke.take() {
                Some(stroke) if !stroke.is_empty() => sample.strokes.lines.push(stroke),
                _ => return Err(LineProblem::NoStroke),
            },
            (_, Some(stroke), _) => {
                self.points += 1;
                if self.points > POINTS {
                    return Err(LineProblem::ManyPoints);
                }
                stroke.push(point(line, &words)?);
            }
            _ => (),
        }
        Ok(())
    }

    /// The drawings, of which the last ends here.
    pub fn finish(self) -> Result<Vec<PenSample>, LineProblem> {
        self.check_end()?;
        Ok(self.samples)
    }

    /// A drawing may end here.
    fn check_end(&self) -> Result<(), LineProblem> {
        let is_empty = |sample: &PenSample| sample.strokes.lines.is_empty();
        let is_open = self.stroke.is_some() || self.samples.last().is_some_and(is_empty);
        if is_open { Err(LineProblem::Open) } else { Ok(()) }
    }
}

fn point(line: &str, words: &[&str]) -> Result<Point, LineProblem> {
    let number = |word: &str| word.parse().ok().filter(|number: &f32| number.is_finite());
    let [x, y] = words else { return Err(LineProblem::NoPoint(line.trim().into())) };
    let point = number(x).zip(number(y)).ok_or_else(|| LineProblem::NoPoint(line.trim().into()))?;
    Ok([point.0, 0.0 - point.1])
}

fn digit(text: &str) -> Result<u8, LineProblem> {
    let digit = text.parse().ok().filter(|&digit| usize::from(digit) < CLASSES);
    digit.ok_or_else(|| LineProblem::Label(text.into()))
}

/// The `number`-th drawing of a file that does not say more of it.
fn unnamed(number: usize, label: u8) -> PenSample {
    let [set, split, writer] = ["pendigits", "?", "?"].map(String::from);
    PenSample { id: number.to_string(), label, set, split, writer, strokes: Strokes::default() }
}

#[cfg(test)]
mod tests {
    use crate::pen::file::tests::{message, read};
    use crate::picture::normalise_strokes;

    const SEVEN: &str = " 0, 90, 50,100,100, 95, 80, 70, 60, 50, 45, 30, 40, 10, 35,  0, 7";
    const DRAWING: &str = ".SEGMENT DIGIT 0-1 ? \"4\"\n.COMMENT 4 12 30\n.PEN_DOWN\n 10  90\n 0 40\n 70 40\n.PEN_UP\n.DT 100\n\
                           .PEN_DOWN\n 50 95\n 50 0\n.PEN_UP\n.DT 100\n";

    #[test]
    fn eight_points_and_a_label_are_one_stroke_upside_down() {
        let spaced = SEVEN.replace(',', " ");
        let tight = SEVEN.replace(' ', "");
        for text in [SEVEN, &spaced, &tight, &format!("\u{feff}{SEVEN}\r\n{SEVEN}\r\n")] {
            let samples = read(text.as_bytes());
            let expected = "0,-90 50,-100 100,-95 80,-70 60,-50 45,-30 40,-10 35,0";
            assert_eq!((samples[0].strokes.to_string().as_str(), samples[0].label), (expected, 7), "{text:?}");
        }
        assert_eq!(read(format!("{SEVEN}\n\n{tight}").as_bytes()).len(), 2);
    }

    #[test]
    fn unipen_text_has_strokes_labels_and_writers() {
        let header = " .INCLUDE dene.doc\n.COMMENT 4 seasons\n\n.HIERARCHY SEGMENT DIGIT\n";
        let moved = " 5 5\n.SEGMENT DIGIT 2 ? \"1\"\n.PEN_DOWN\n3 9\n3 0\n.PEN_UP\n";
        for text in [format!("{header}{DRAWING}{moved}"), format!("{DRAWING}{moved}").replace('\n', "\r\n")] {
            let samples = read(text.as_bytes());
            let found: Vec<_> = samples.iter().map(|s| (s.label, s.writer.as_str(), s.strokes.to_string())).collect();
            let four = "10,-90 0,-40 70,-40|50,-95 50,0".to_string();
            assert_eq!(found, [(4, "12", four), (1, "?", "3,-9 3,0".to_string())]);
        }
    }

    #[test]
    fn the_same_drawing_in_either_form_is_the_same_image() {
        let points: Vec<i32> = SEVEN.split(',').map(|number| number.trim().parse().unwrap()).collect();
        let lines: String =
            points[..16].chunks(2).map(|point| format!("{} {}\n", 5 * point[0], 5 * point[1])).collect();
        let unipen = format!(".SEGMENT DIGIT 0 ? \"7\"\n.PEN_DOWN\n{lines}.PEN_UP\n");
        let [coarse, fine] = [SEVEN, &unipen].map(|text| normalise_strokes(&read(text.as_bytes())[0].strokes).unwrap());
        assert!(coarse.iter().zip(&fine).all(|(coarse, fine)| (coarse - fine).abs() < 0.02));
    }

    #[test]
    fn a_bad_line_of_either_form_is_named_by_its_number() {
        let second = |line: &str| message(format!("{SEVEN}\n{line}\n").as_bytes());
        assert_eq!(
            second("1, 2, 3"),
            ": line 2 has 3 numbers, not the 17 of a drawing (x and y of 8 points, then the label)"
        );
        assert_eq!(second(&SEVEN.replace("95", "x")), ": line 2 holds \"x\", which is no whole number from 0 to 100");
        assert_eq!(
            second(&SEVEN.replace("95", "101")),
            ": line 2 holds \"101\", which is no whole number from 0 to 100"
        );
        assert_eq!(second(&SEVEN.replace(", 7", ",10")), ": line 2 has the label \"10\", but labels are 0 to 9");

        let changed = |old: &str, new: &str| message(DRAWING.replacen(old, new, 1).as_bytes());
        assert_eq!(
            changed(" 0 40", "0,40"),
            ": line 5 holds \"0,40\", which is no point; a point is two numbers with a space between them, such as 12 7"
        );
        assert_eq!(changed("\"4\"", "\"a\""), ": line 1 has the label \"a\", but labels are 0 to 9");
        assert_eq!(changed("\"4\"", "4"), ": line 1 begins a drawing, but does not end in its digit, such as \"8\"");
        assert_eq!(changed(" 50 95\n 50 0\n", ""), ": line 10 lifts the pen, but there is no point since it went down");
        let open = " comes in the middle of a drawing: the pen is still down, or never was";
        assert_eq!(message(DRAWING.strip_suffix(".PEN_UP\n.DT 100\n").unwrap().as_bytes()), format!(": line 11{open}"));
        assert_eq!(message(format!(".SEGMENT DIGIT 0 ? \"1\"\n{DRAWING}").as_bytes()), format!(": line 2{open}"));
    }
}
