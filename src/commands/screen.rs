//! How a training looks: a line an epoch on stdout, and on a terminal a bar on stderr below it.

use std::io::{self, IsTerminal};
use std::time::Duration;

use digits::train::{Epoch, Progress};
use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressState, ProgressStyle};

use super::{note, say};

/// The bar and the lines of one training.
pub struct Screen {
    epochs: u32,
    /// `None` until the first step is done.
    bar: Option<ProgressBar>,
    spinner: ProgressBar,
}

impl Screen {
    /// Says that kernels are compiled, which the first step waits for.
    pub fn new(epochs: u32) -> Screen {
        let compiling = "compiling kernels, which may take some seconds the first time";
        let spinner = ProgressBar::new_spinner().with_message(compiling);
        if io::stderr().is_terminal() {
            spinner.enable_steady_tick(Duration::from_millis(100));
        } else {
            note(compiling);
        }
        Screen { epochs, bar: None, spinner }
    }

    /// What the first step waits for.
    pub fn spinner(&self) -> &ProgressBar {
        &self.spinner
    }

    /// Moves the bar.
    pub fn progress(&mut self, progress: &Progress) {
        let length = u64::from(self.epochs) * progress.of as u64;
        let position = u64::from(progress.epoch - 1) * progress.of as u64 + progress.images as u64;
        let bar = self.bar.get_or_insert_with(|| {
            self.spinner.finish_and_clear();
            ProgressBar::new(length).with_style(style()).with_position(position)
        });
        bar.set_prefix(format!("epoch {}/{}", progress.epoch, self.epochs));
        bar.set_message(format!("loss {:.4}", progress.loss));
        bar.set_position(position);
    }

    /// Prints the line of an epoch, the first one below a header.
    pub fn epoch(&self, epoch: &Epoch) -> io::Result<()> {
        self.above(|| {
            if epoch.epoch == 1 {
                say("epoch  training loss  validation loss  validation accuracy  seconds  images/s")?;
            }
            say(&format!(
                "{:>5}  {:>13.4}  {:>15.4}  {:>17.2} %  {:>7.2}  {:>8}",
                format!("{}/{}", epoch.epoch, self.epochs),
                epoch.train_loss,
                epoch.validation.loss,
                100.0 * epoch.validation.accuracy,
                epoch.seconds,
                HumanCount(epoch.images_per_second() as u64).to_string(),
            ))
        })
    }

    /// Tells the user something above the bar.
    pub fn note(&self, line: &str) {
        self.above(|| note(line));
    }

    /// Does what may write to the terminal, above the bar.
    pub fn above<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.as_ref().unwrap_or(&self.spinner).suspend(write)
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        self.bar.as_ref().unwrap_or(&self.spinner).finish_and_clear();
    }
}

fn style() -> ProgressStyle {
    let rate = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        let _ = write!(out, "{}", HumanCount(state.per_sec() as u64));
    };
    let left = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        let _ = write!(out, "{:#}", HumanDuration(state.eta()));
    };
    ProgressStyle::with_template("{prefix} {wide_bar} {msg}  {rate} images/s  {left} left")
        .expect("the template is sound")
        .with_key("rate", rate)
        .with_key("left", left)
}
