//! A confusion matrix as a heat map: what is right in one colour, what is wrong in another, each as deep as it is frequent in
//! its row.

use maud::html;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::canvas::{MEMORY, SMALL, elements, field, shortened, text};
use super::{Figure, Tone};
use crate::report::Confusion;

const SIDE: u32 = 960;
/// Room for the classes, left and above, and for what they are.
const LABELS: u32 = 84;
/// Of more classes the cells have no room for numbers.
const MOST_WRITTEN: usize = 16;

/// What images of each class, a row, were taken for, a column.
pub fn confusion(confusion: &Confusion, classes: &[String]) -> Figure {
    let counts = confusion.counts();
    let cell = (SIDE - LABELS - 10) / classes.len() as u32;
    let corner = |index: usize| LABELS + index as u32 * cell;
    let middle = |index: usize| (corner(index) + cell / 2) as i32;
    let cells = || {
        counts
            .iter()
            .enumerate()
            .flat_map(|(row, line)| line.iter().enumerate().map(move |(column, count)| (row, column, *count)))
    };
    // A letter is about half as wide as it is high.
    let letter = SMALL.min(f64::from(cell));
    let [above, beside] = [f64::from(cell), f64::from(LABELS) - 30.0].map(|room| (2.0 * room / letter) as usize);
    // Between two cells, where there is room.
    let gap = if cell > 12 { 2 } else { 0 };
    let size = (0.3 * f64::from(cell)).min(26.0);
    let body = elements([SIDE, SIDE], |root| {
        let label =
            |name: &str, place| root.draw_text(name, &text(letter, Tone::Muted, HPos::Center), place).expect(MEMORY);
        label("taken for", ((LABELS + SIDE) as i32 / 2, 16));
        let sideways = text(SMALL, Tone::Muted, HPos::Center).transform(FontTransform::Rotate270);
        root.draw_text("shows", &sideways, (16, (LABELS + SIDE) as i32 / 2)).expect(MEMORY);
        for (index, name) in classes.iter().enumerate() {
            label(&shortened(name, above), (middle(index), 58));
            label(&shortened(name, beside), (56, middle(index)));
        }
        for (row, column, count) in cells() {
            let all: usize = counts[row].iter().sum();
            let (tone, depth) = depth(row == column, count, all);
            let [left, top] = [corner(column), corner(row)].map(|at| at as i32 + gap);
            let square = [(left, top), (left + cell as i32 - 2 * gap, top + cell as i32 - 2 * gap)];
            root.draw(&Rectangle::new(square, tone.color().mix(depth).filled())).expect(MEMORY);
            if count > 0 && classes.len() <= MOST_WRITTEN {
                let style = text(size, Tone::Ink, HPos::Center);
                root.draw_text(&count.to_string(), &style, (middle(column), middle(row))).expect(MEMORY);
            }
        }
    });
    let tips = html! {
        @for (row, column, count) in cells() {
            (field([corner(column), corner(row)], [cell, cell], &tip(&classes[row], &classes[column], count, counts[row].iter().sum())))
        }
    };
    let title = "Confusion matrix".into();
    Figure { name: "confusion".into(), title, size: [SIDE, SIDE], body: body + &tips.into_string() }
}

/// The colour of a cell, and how deep it is, from 0 to 1. One mistake in a thousand is to be seen, so mistakes go by the root
/// of their share.
fn depth(is_right: bool, count: usize, all: usize) -> (Tone, f64) {
    let share = if all > 0 { count as f64 / all as f64 } else { 0.0 };
    match (is_right, count) {
        (_, 0) => (Tone::Line, 0.35),
        (true, _) => (Tone::Right, 0.08 + 0.37 * share),
        (false, _) => (Tone::Wrong, (0.10 + 2.0 * share.sqrt()).min(0.75)),
    }
}

fn tip(is: &str, taken_for: &str, count: usize, all: usize) -> String {
    let share = if all > 0 { 100.0 * count as f64 / all as f64 } else { 0.0 };
    format!("{count} of {all} images of {is} were taken for {taken_for} ({share:.2} %)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mistake_in_a_thousand_is_deeper_than_none_and_than_what_is_always_right() {
        let (tone, one) = depth(false, 1, 1000);
        assert!(tone == Tone::Wrong && one > 0.15 && one < depth(false, 10, 1000).1, "{one}");
        assert_eq!(depth(false, 0, 1000).0, Tone::Line);
        assert_eq!(depth(true, 0, 0).0, Tone::Line);
    }

    #[test]
    fn each_cell_tells_its_classes_and_its_count() {
        let found = confusion(&Confusion::new(2, &[0, 0, 1], &[0, 1, 1]), &["<a>".into(), "b".into()]);
        let svg = found.file();
        for tip in
            ["1 of 2 images of &lt;a&gt; were taken for b (50.00 %)", "0 of 1 images of b were taken for &lt;a&gt;"]
        {
            assert!(svg.contains(tip), "{svg}");
        }
        assert!(!svg.contains("<a>"), "{svg}");
    }
}
