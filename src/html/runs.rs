//! Several trainings side by side, from their logs.

use std::cmp::Ordering;

use maud::{Markup, html};

use super::Page;
use super::facts::{self, count, percent, seconds};
use super::frame::{self, Section};
use crate::figures::{self, Tone};
use crate::report::{Ending, EpochLine, TrainingLog};

/// In the place of what only the end of a training tells.
const UNKNOWN: &str = "–";

/// A line of the table: what it is of, and a cell for each training.
struct Row {
    name: &'static str,
    cells: Vec<Cell>,
}

#[derive(Clone, PartialEq)]
struct Cell {
    text: String,
    is_best: bool,
}

impl Row {
    fn known(&self) -> impl Iterator<Item = &Cell> {
        self.cells.iter().filter(|cell| cell.text != UNKNOWN)
    }

    /// Whether all trainings have the same here, as far as that is known.
    fn is_alike(&self) -> bool {
        let mut known = self.known();
        known.next().is_none_or(|first| known.all(|cell| cell == first))
    }
}

/// Makes the page of trainings, at least one.
pub fn runs_page(logs: &[TrainingLog], command: &str) -> Page {
    let drawn = figures::side_by_side(logs);
    let (alike, mut rows): (Vec<Row>, Vec<Row>) = settings(logs).into_iter().partition(|row| row.is_alike());
    rows.extend(results(logs));
    let alike: Vec<_> = alike.iter().filter_map(|row| Some((row.name, row.known().next()?.text.clone()))).collect();
    let curves = html! {
        p { "A ring is around the epoch whose model is kept." }
        div.pair { @for figure in &drawn { (frame::figure(figure)) } }
    };
    let sections = [
        Section { anchor: "curves", heading: "Curves", body: curves },
        Section { anchor: "differences", heading: "Differences", body: table(logs, &rows) },
        Section { anchor: "alike", heading: "Alike in all", body: frame::facts(&alike) },
        Section { anchor: "again", heading: "To have this page again", body: frame::command(command) },
    ];
    let title = match logs.len() {
        1 => "One training".into(),
        many => format!("{many} trainings side by side"),
    };
    let body = html! { header { p { "Report of trainings" } h1 { (title) } } (frame::sections(&sections)) };
    Page { html: frame::page(&title, &body), figures: drawn.into() }
}

/// A column for each training.
fn table(logs: &[TrainingLog], rows: &[Row]) -> Markup {
    html! {
        p { "What is best of its line is bold. A dash stands where a training did not go to its end." }
        div.scroll tabindex="0" {
            table.text {
                thead {
                    tr {
                        th {}
                        @for (at, log) in logs.iter().enumerate() { th scope="col" { (swatch(at)) (log.name) } }
                    }
                }
                tbody {
                    @for row in rows {
                        tr {
                            th scope="row" { (row.name) }
                            @for cell in &row.cells { td class=[cell.is_best.then_some("best")] { (cell.text) } }
                        }
                    }
                }
            }
        }
    }
}

/// The colour of a training's curves.
fn swatch(index: usize) -> Markup {
    html! { svg.swatch viewBox="0 0 22 6" aria-hidden="true" { rect width="22" height="6" rx="2" fill=(Tone::of_curve(index).hex()) {} } }
}

/// How the trainings were set, of those that went to their end.
fn settings(logs: &[TrainingLog]) -> Vec<Row> {
    let settings = |log: &TrainingLog| {
        let Ending { run, images_per_s, times, .. } = log.ending.as_ref()?;
        // A log tells them only so.
        let images = (images_per_s * times.median).round() as usize;
        Some([facts::of_run(run), vec![("training images", count(images)), ("adapter", run.adapter.clone())]].concat())
    };
    let all: Vec<_> = logs.iter().map(settings).collect();
    let names =
        all.iter().flatten().next().map_or_else(Vec::new, |facts| facts.iter().map(|(name, _)| *name).collect());
    let cell = |at: usize, facts: &Option<Vec<facts::Fact>>| Cell {
        text: facts.as_ref().map_or_else(|| UNKNOWN.into(), |facts| facts[at].1.clone()),
        is_best: false,
    };
    let row = |(at, name)| Row { name, cells: all.iter().map(|facts| cell(at, facts)).collect() };
    names.into_iter().enumerate().map(row).collect()
}

/// What came of the trainings.
fn results(logs: &[TrainingLog]) -> Vec<Row> {
    let row =
        |name, number: &dyn Fn(&TrainingLog) -> Option<f64>, best: Option<Ordering>, write: &dyn Fn(f64) -> String| {
            let numbers: Vec<Option<f64>> = logs.iter().map(number).collect();
            let is_best = |number: f64| {
                let others = numbers.iter().flatten();
                logs.len() > 1
                    && best.is_some_and(|best| {
                        others.copied().all(|other| [best, Ordering::Equal].contains(&number.total_cmp(&other)))
                    })
            };
            let cell = |number: &Option<f64>| match number {
                Some(number) => Cell { text: write(*number), is_best: is_best(*number) },
                None => Cell { text: UNKNOWN.into(), is_best: false },
            };
            Row { name, cells: numbers.iter().map(cell).collect() }
        };
    let ending = |number: fn(&Ending) -> f64| move |log: &TrainingLog| log.ending.as_ref().map(number);
    let epochs = |number: fn(&EpochLine) -> f64, better: fn(f64, f64) -> f64| {
        move |log: &TrainingLog| log.epochs.iter().map(number).reduce(better)
    };
    let (greatest, least) = (Some(Ordering::Greater), Some(Ordering::Less));
    let whole = |number: f64| count(number as usize);
    let loss = |loss: f64| format!("{loss:.4}");
    vec![
        row("test accuracy", &ending(|ending| ending.test_accuracy), greatest, &percent),
        row("test loss", &ending(|ending| ending.test_loss), least, &loss),
        row("best validation accuracy", &epochs(|line| line.val_accuracy, f64::max), greatest, &percent),
        row("least validation loss", &epochs(|line| line.val_loss, f64::min), least, &loss),
        row("epochs", &|log| Some(log.epochs.len() as f64), None, &whole),
        row("epoch kept", &ending(|ending| ending.kept_epoch.into()), None, &whole),
        row("median epoch", &ending(|ending| ending.times.median), least, &seconds),
        row("training passes", &ending(|ending| ending.times.total), least, &seconds),
        row("start to saved model", &ending(|ending| ending.total_seconds), least, &seconds),
        row("images/s", &ending(|ending| ending.images_per_s), greatest, &whole),
        row("memory at most", &|log| log.ending.as_ref()?.peak_rss_mib, least, &|mib| format!("{mib:.0} MiB")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(name: &str, accuracies: &[f64]) -> TrainingLog {
        let line = |(at, val_accuracy): (usize, &f64)| EpochLine {
            epoch: at as u32 + 1,
            seconds: 1.0,
            train_loss: 0.5,
            val_loss: 0.25,
            val_accuracy: *val_accuracy,
            val_seconds: 0.1,
        };
        TrainingLog { name: name.into(), epochs: accuracies.iter().enumerate().map(line).collect(), ending: None }
    }

    #[test]
    fn names_are_text_wherever_they_stand_and_nothing_is_asked_from_elsewhere() {
        let page =
            runs_page(&[log("<script>alert('a & b')</script>", &[0.5, 0.75]), log("b.jsonl", &[0.625])], "a '<b>'");
        assert!(!page.html.contains("<script") && !page.html.contains("<b>"), "{}", page.html);
        assert!(page.html.contains("&lt;script&gt;"), "{}", page.html);
        assert!(!page.html.contains("http://") && !page.html.contains("https://"), "{}", page.html);
        assert!(page.figures.iter().all(|figure| !figure.file().contains("<script")));
    }

    #[test]
    fn the_best_of_a_line_is_marked_and_what_is_not_known_is_a_dash() {
        let rows = results(&[log("a", &[0.5, 0.75]), log("b", &[0.625]), log("c", &[0.75])]);
        let row = |name| rows.iter().find(|row| row.name == name).unwrap();
        let best: Vec<bool> = row("best validation accuracy").cells.iter().map(|cell| cell.is_best).collect();
        assert_eq!(best, [true, false, true]);
        assert!(row("test accuracy").cells.iter().all(|cell| cell.text == UNKNOWN && !cell.is_best));
        assert!(row("epochs").cells.iter().all(|cell| !cell.is_best));
    }
}
