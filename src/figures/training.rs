//! The curves of a training, and of several side by side.

use super::Figure;
use super::axis::Scale;
use super::chart::{Chart, Curve, Form};
use crate::report::{EpochLine, TrainingLog};
use crate::trainer::Plan;

/// The losses of training and validation images, epoch by epoch; a line marks the one that is kept.
pub fn loss(epochs: &[EpochLine], kept: u32) -> Figure {
    let curves =
        vec![curve("training", epochs, |line| line.train_loss), curve("validation", epochs, |line| line.val_loss)];
    let names = ["loss", "Loss of training and validation images"];
    Chart { marked: Some((kept, "kept")), ..lines(names, Scale::Logarithm, plain, curves) }.figure()
}

/// The share of validation images that are read right.
pub fn accuracy(epochs: &[EpochLine], kept: u32) -> Figure {
    let curves = vec![curve("validation", epochs, |line| line.val_accuracy)];
    let names = ["accuracy", "Accuracy on the validation images"];
    Chart { marked: Some((kept, "kept")), ..lines(names, Scale::Share, percent, curves) }.figure()
}

/// How long each epoch took.
pub fn seconds(epochs: &[EpochLine]) -> Figure {
    let curves = vec![curve("seconds", epochs, |line| line.seconds)];
    let names = ["seconds", "Seconds of each epoch's training pass"];
    Chart { form: Form::Bars, ..lines(names, Scale::FromZero, plain, curves) }.figure()
}

/// The learning rate of each step of so many epochs on so many images.
pub fn learning_rate(plan: &Plan, images: usize, epochs: usize) -> Figure {
    /// Enough for a smooth curve.
    const MOST: usize = 400;
    let steps = images.div_ceil(plan.batch);
    let rate = |step: usize| {
        let share = plan.schedule.share(u32::try_from(step).unwrap_or(u32::MAX));
        (step as f64 / steps as f64, plan.optimiser.learning_rate() * share)
    };
    let all = steps * epochs;
    let points = (1..all).step_by(all.div_ceil(MOST)).chain([all]).map(rate);
    let dots = (1..=epochs).map(|epoch| rate(epoch * steps));
    let curve = Curve { name: "learning rate".into(), points: points.collect(), dots: dots.collect(), kept: None };
    lines(["learning-rate", "Learning rate"], Scale::FromZero, plain, vec![curve]).figure()
}

/// A curve for each training: the accuracy on validation images, their loss, and that of the training images.
pub fn side_by_side(logs: &[TrainingLog]) -> [Figure; 3] {
    let curves = |number: fn(&EpochLine) -> f64| {
        let of_one = |log: &TrainingLog| {
            let kept = log.ending.as_ref().map(|ending| ending.kept_epoch);
            Curve { kept, ..curve(&log.name, &log.epochs, number) }
        };
        logs.iter().map(of_one).collect()
    };
    let figure = |names, scale, write, number| lines(names, scale, write, curves(number)).figure();
    [
        figure(["accuracy", "Accuracy on the validation images"], Scale::Share, percent, |line| line.val_accuracy),
        figure(["loss", "Loss of the validation images"], Scale::Logarithm, plain, |line| line.val_loss),
        figure(["training-loss", "Loss of the training images"], Scale::Logarithm, plain, |line| line.train_loss),
    ]
}

fn curve(name: &str, epochs: &[EpochLine], number: fn(&EpochLine) -> f64) -> Curve {
    let points: Vec<(f64, f64)> = epochs.iter().map(|line| (line.epoch.into(), number(line))).collect();
    Curve { name: name.into(), dots: points.clone(), points, kept: None }
}

fn lines<'a>([name, title]: [&'a str; 2], scale: Scale, number: fn(f64) -> String, curves: Vec<Curve>) -> Chart<'a> {
    Chart { name, title, scale, number, form: Form::Lines, curves, marked: None }
}

/// Four digits that count, without zeros at the end.
pub(crate) fn plain(number: f64) -> String {
    if number != 0.0 && number.abs() < 1e-4 {
        return format!("{number:.1e}");
    }
    let digits = if number == 0.0 { 0 } else { (3 - number.abs().log10().floor() as i32).max(0) as usize };
    let text = format!("{number:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
}

pub(crate) fn percent(share: f64) -> String {
    format!("{} %", plain(100.0 * share))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_with_the_digits_that_count() {
        let numbers = [0.0, 1.0, 25.123_456, 0.000_8, 0.046_718, 1234.6, 0.000_012_34];
        assert_eq!(numbers.map(plain), ["0", "1", "25.12", "0.0008", "0.04672", "1235", "1.2e-5"]);
        assert_eq!([0.9911, 1.0].map(percent), ["99.11 %", "100 %"]);
    }
}
