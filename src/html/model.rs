//! The page of a training, or of a model alone.

use maud::{Markup, html};

use super::Page;
use super::facts::{self, Fact, count, percent};
use super::frame::{self, Section};
use crate::calibrate::Certainty;
use crate::figures::{self, Figure};
use crate::inspect::{Inspection, MISTAKES};
use crate::network::Summary;
use crate::report::{Ending, EpochLine, Machine};
use crate::trainer::Plan;

/// All that the page tells.
pub struct ModelReport<'a> {
    pub inspection: &'a Inspection,
    /// Its file.
    pub model: &'a str,
    pub origin: Origin<'a>,
    pub machine: &'a Machine,
    /// What to type to have it again.
    pub command: &'a str,
}

/// Where the model comes from.
pub enum Origin<'a> {
    Training(TrainingPart<'a>),
    /// A file, which tells how it was trained.
    File(&'a Summary),
}

/// What the page tells of a training.
pub struct TrainingPart<'a> {
    pub plan: &'a Plan,
    pub epochs: &'a [EpochLine],
    pub ending: &'a Ending,
    /// How many training images the model has learnt from, where the training was stopped before its end.
    pub stopped: Option<usize>,
}

/// Makes the page.
pub fn model_page(report: &ModelReport) -> Page {
    let Inspection { images, set, accuracy, network, .. } = report.inspection;
    let mut figures = Vec::new();
    let mut sections = Vec::new();
    if let Origin::Training(training) = &report.origin {
        sections.push(curves(training, &mut figures));
    }
    sections.extend([classes(report.inspection, &mut figures), mistakes(report.inspection, &mut figures)]);
    sections.extend([certainty(report.inspection, &mut figures), inside(report.inspection, &mut figures), run(report)]);
    let title = format!("{} of {} {set} images right", percent(*accuracy), count(*images));
    let kind = match &report.origin {
        Origin::Training(_) => "Report of a training",
        Origin::File(_) => "Report of a model",
    };
    let body = html! {
        header {
            p { (kind) ", " (report.model) }
            h1 { (title) }
            p.network { (network) }
            (frame::highlights(&highlights(report)))
        }
        (frame::sections(&sections))
    };
    Page { html: frame::page(&title, &body), figures }
}

fn highlights(report: &ModelReport) -> Vec<Fact> {
    let Inspection { images, confusion, loss, certainty, parameter_count, .. } = report.inspection;
    let mut highlights = vec![
        ("images read wrong", count(images - confusion.right())),
        ("mean loss", format!("{loss:.4}")),
        ("calibration error", percent(certainty.calibration_error)),
        ("parameters", count(*parameter_count)),
    ];
    if let Origin::Training(TrainingPart { epochs, ending, stopped, .. }) = &report.origin {
        highlights.push(match stopped {
            None => ("epoch kept", format!("{} of {}", ending.kept_epoch, epochs.len())),
            Some(images) => ("training images, then stopped", count(*images)),
        });
        highlights.push(("start to saved model", facts::seconds(ending.total_seconds)));
    }
    highlights
}

fn curves(TrainingPart { plan, epochs, ending, stopped }: &TrainingPart, figures: &mut Vec<Figure>) -> Section {
    let kept = ending.kept_epoch;
    let drawn = [
        figures::loss(epochs, kept),
        figures::accuracy(epochs, kept),
        figures::learning_rate(plan, ending.run.images, epochs.len()),
        figures::seconds(epochs),
    ];
    let row = |line: &EpochLine| {
        let mark = if line.epoch == kept { ", kept" } else { "" };
        let loss = |loss: f64| format!("{loss:.4}");
        let seconds = format!("{:.2}", line.seconds);
        vec![
            format!("{}{mark}", line.epoch),
            loss(line.train_loss),
            loss(line.val_loss),
            percent(line.val_accuracy),
            seconds,
        ]
    };
    let rows: Vec<Vec<String>> = epochs.iter().map(row).collect();
    let header = ["epoch", "training loss", "validation loss", "validation accuracy", "seconds"];
    let body = html! {
        p {
            @match stopped {
                None => { "The model of epoch " (kept) " is kept." }
                Some(images) => { "The training was stopped before its end; this is the model after " (count(*images)) " training images." }
            }
            " Validation images choose it; the test images choose nothing. The loss of training images is "
            "the mean over an epoch in which the model changes, that of validation images is measured behind it."
        }
        div.pair { @for figure in &drawn { (frame::figure(figure)) } }
        details { summary { "The numbers of each epoch" } (frame::table(&header, &rows)) }
    };
    figures.extend(drawn);
    Section { anchor: "training", heading: "Training", body }
}

fn classes(inspection: &Inspection, figures: &mut Vec<Figure>) -> Section {
    let Inspection { confusion, classes, data, set, .. } = inspection;
    let matrix = figures::confusion(confusion, classes.names());
    let share = |share: Option<f64>| share.map_or_else(|| "–".into(), percent);
    let rows: Vec<Vec<String>> = confusion
        .classes()
        .into_iter()
        .map(|one| {
            vec![
                classes.names()[one.class].clone(),
                share(one.precision),
                share(one.recall),
                share(one.f1),
                count(one.images),
            ]
        })
        .collect();
    let body = html! {
        p {
            "Each row holds the images that show a class, each column those that were taken for it: " (set) " images of " (data)
            ". Precision is the share of a column that is right, recall that of a row, F1 their harmonic mean."
        }
        div.pair { (frame::figure(&matrix)) (frame::table(&["class", "precision", "recall", "F1", "images"], &rows)) }
    };
    figures.push(matrix);
    Section { anchor: "classes", heading: "Classes", body }
}

fn mistakes(inspection: &Inspection, figures: &mut Vec<Figure>) -> Section {
    let Inspection { images, confusion, mistakes, classes, set, .. } = inspection;
    let tiles = figures::mistakes(mistakes, classes);
    let wrong = images - confusion.right();
    let shown = if wrong > MISTAKES { format!("the {MISTAKES} surest of them") } else { "all of them".into() };
    let body = html! {
        @if wrong == 0 {
            p { "None of the " (set) " images is read wrong." }
        } @else {
            p {
                (count(wrong)) " of " (count(*images)) " " (set) " images are read wrong; here are " (shown)
                ", the surest first: what each is, what it was taken for, and how sure the model was of that."
                @if mistakes.iter().any(|mistake| !mistake.is_digit) { " What has a † is called " (classes.none()) "." }
            }
            ul.tiles { @for tile in &tiles { li { (tile.inline()) } } }
        }
    };
    figures.push(figures::sheet("mistakes", "The surest mistakes", &tiles, 8));
    Section { anchor: "mistakes", heading: "Mistakes", body }
}

fn certainty(inspection: &Inspection, figures: &mut Vec<Figure>) -> Section {
    let Certainty { calibration, calibration_error, refused, reliability } = &inspection.certainty;
    let diagram = figures::reliability(reliability);
    let bins = reliability.len() as f64;
    let row = |(at, bin): (usize, &crate::calibrate::Bin)| {
        let [from, to] = [at, at + 1].map(|edge| 100.0 * edge as f64 / bins);
        vec![format!("{from:.0} to {to:.0} %"), percent(bin.confidence), percent(bin.accuracy), count(bin.images)]
    };
    let rows: Vec<Vec<String>> = reliability.iter().enumerate().filter(|(_, bin)| bin.images > 0).map(row).collect();
    let refused = match calibration.threshold {
        Some(threshold) => format!(
            " {} of {} images score below {threshold:.3} and are called {}.",
            count(*refused),
            count(inspection.images),
            inspection.classes.none()
        ),
        None => String::new(),
    };
    let body = html! {
        p {
            "Where a model says 80 %, it should be right in 80 of 100 cases, on the dashed line. Bars are the share of right answers, lines what chance "
            "leaves open (95 of 100 cases). Its percentages are off by " (percent(*calibration_error))
            ", weighed by images (the expected calibration error), at a temperature of " (format!("{:.3}", calibration.temperature)) "." (refused)
        }
        div.pair {
            (frame::figure(&diagram))
            (frame::table(&["answers that sure", "sure, on average", "right", "images"], &rows))
        }
    };
    figures.push(diagram);
    Section { anchor: "certainty", heading: "Certainty", body }
}

fn inside(inspection: &Inspection, figures: &mut Vec<Figure>) -> Section {
    let filters = inspection.filters.as_ref().map(figures::filters);
    let maps = figures::feature_maps(&inspection.examples, inspection.classes.names());
    let body = html! {
        p { "Blue is above zero, orange below; the deeper, the farther from it. Of the feature maps, a row is an image, a column a filter." }
        @if let Some(figure) = &filters { (frame::wide_figure(figure)) }
        @for figure in &maps { (frame::wide_figure(figure)) }
    };
    figures.extend(filters);
    figures.extend(maps);
    Section { anchor: "inside", heading: "Inside", body }
}

fn run(report: &ModelReport) -> Section {
    let Inspection { parameter_hash, .. } = report.inspection;
    let (how, times) = match &report.origin {
        Origin::Training(TrainingPart { ending, .. }) => (facts::of_run(&ending.run), facts::of_ending(ending)),
        Origin::File(summary) => (facts::of_summary(summary), Vec::new()),
    };
    let hash = [("parameters, SHA-256", parameter_hash.clone())];
    let body: Markup = html! {
        (frame::facts(&[how, times, facts::of_machine(report.machine)].concat()))
        (frame::facts(&hash))
        p { "The hash is that of the float32 tensors of the model file, each layer's weight, then its bias. To have all of this again:" }
        (frame::command(report.command))
    };
    Section { anchor: "run", heading: "Run", body }
}
