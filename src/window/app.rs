//! What the window shows and how it answers a person: the drawing, the questions to the worker, and its answers. It knows
//! nothing of the window system, so tests run it without one.

mod answers;
mod commands;

use std::time::Duration;

use egui::{CentralPanel, Label, Panel, Ui};

use super::arrangement::arrange;
use super::canvas::{Canvas, Colours};
use super::controls::{self, Command, key_name};
use super::dialogs::Dialogs;
use super::history::History;
use super::panels::Labels;
use super::shell::Content;
use super::shown::Shown;
use super::toolbar::{State, toolbar};
use super::worker::Worker;
use super::{WindowError, modals, panels};
use crate::network::best;
use crate::pen::PenSample;
use crate::session::{About, Drawing, Recognition};

/// The window's content and what it remembers.
pub struct App {
    worker: Worker,
    dialogs: Dialogs,
    history: History,
    canvas: Canvas,
    /// Counts the drawings that the worker was asked about.
    number: u64,
    about: Option<About>,
    shown: Shown,
    /// Drawings and what they were taught to be.
    taught: Vec<PenSample>,
    /// Lessons that the model knows.
    lessons: usize,
    /// What is being taught.
    learning: Option<Learning>,
    /// Why nothing can be recognized, if so.
    failure: Option<String>,
    message: String,
    is_inverted: bool,
    /// As the canvas was last shown.
    colours: Colours,
    shows_saliency: bool,
    shows_help: bool,
    shows_model: bool,
}

/// A drawing and the digit that it is said to be.
struct Learning {
    drawing: Drawing,
    label: u8,
}

impl App {
    /// A window on `worker`.
    pub fn new(worker: Worker) -> App {
        App {
            worker,
            dialogs: Dialogs::default(),
            history: History::default(),
            canvas: Canvas::default(),
            number: 0,
            about: None,
            shown: Shown::default(),
            taught: Vec::new(),
            lessons: 0,
            learning: None,
            failure: None,
            message: "starting the GPU ...".into(),
            is_inverted: false,
            colours: Colours::LIGHT_ON_DARK,
            shows_saliency: true,
            shows_help: false,
            shows_model: false,
        }
    }

    /// What the network thinks of the drawing, if there is one and the answer has come.
    pub fn recognition(&self) -> Option<&Recognition> {
        self.shown.recognition()
    }

    /// What lies on the canvas.
    pub fn drawing(&self) -> &Drawing {
        self.history.present()
    }

    /// The drawings that were taught, with their digits.
    pub fn taught(&self) -> &[PenSample] {
        &self.taught
    }

    /// The last thing that happened, in words.
    pub fn message(&self) -> &str {
        &self.message
    }

    fn show_canvas(&mut self, ui: &mut Ui) {
        let side = ui.available_width().min(ui.available_height()).max(32.0);
        self.colours = self.colours(ui.visuals().dark_mode);
        let keys = hint(ui);
        let changed = ui.vertical_centered(|ui| self.canvas.show(ui, side, &mut self.history, self.colours, &keys));
        if changed.inner {
            self.ask();
        }
    }

    /// A picture looks as it is, a drawing as it suits the theme; unless inverted.
    fn colours(&self, is_dark: bool) -> Colours {
        let has_light_ink = is_dark || self.history.present().picture.is_some();
        Colours::of(has_light_ink != self.is_inverted)
    }

    fn show_answer(&mut self, ui: &mut Ui) {
        let height = ui.available_height();
        panels::scrolled(ui, "answer", |ui| {
            ui.add_space(4.0);
            let (recognition, pictures) = (self.shown.recognition(), self.shown.pictures());
            let input = pictures.and_then(|pictures| pictures.input.as_ref());
            let about = self.about.as_ref();
            panels::answer(ui, height, about, recognition, input);
            let labels = if self.is_possible(Command::Teach(0)) { Labels::Buttons } else { Labels::Words };
            if let Some(digit) = panels::bars(ui, height, about, recognition, labels) {
                self.run(ui, Command::Teach(digit));
            }
            let (Some(explanation), Some(pictures)) = (self.shown.explanation(), self.shown.pictures()) else { return };
            for (index, (maps, texture)) in explanation.maps.iter().zip(&pictures.maps).enumerate() {
                ui.add_space(6.0);
                let name = format!("Convolution {}", index + 1);
                panels::maps(ui, &name, maps, self.shown.filters(index), texture);
            }
        });
    }

    /// The lowest line: what happened, how long the last answer took, and where.
    fn status(&self) -> String {
        let latency = self.recognition().map(|recognition| milliseconds(recognition.latency));
        let adapter = self.about.as_ref().and_then(|about| about.adapter.clone());
        let parts = [Some(self.message.clone()).filter(|message| !message.is_empty()), latency, adapter];
        parts.into_iter().flatten().collect::<Vec<_>>().join("   |   ")
    }
}

impl Content for App {
    fn show(&mut self, ui: &mut Ui) {
        for answer in self.worker.answers().collect::<Vec<_>>() {
            self.take(ui, answer);
        }
        for chosen in self.dialogs.chosen() {
            self.use_file(chosen);
        }
        for file in ui.input(|input| input.raw.dropped_files.clone()) {
            self.open(file.path());
        }
        for command in controls::pressed(ui) {
            self.run(ui, command);
        }
        self.shown.paint(ui);
        Panel::top("controls").show(ui, |ui| {
            let state = |command| State { is_possible: self.is_possible(command), is_on: self.is_on(command) };
            if let Some(command) = toolbar(ui, state) {
                self.run(ui, command);
            }
        });
        // One line, whatever it says: another height would move the canvas away from the pen.
        Panel::bottom("status").show(ui, |ui| ui.add(Label::new(self.status()).truncate()));
        arrange(ui.available_size()).panel().show(ui, |ui| self.show_answer(ui));
        CentralPanel::default().show(ui, |ui| self.show_canvas(ui));
        modals::help(ui, &mut self.shows_help);
        if let Some(about) = &self.about {
            modals::about(ui, &mut self.shows_model, about, self.lessons);
        }
    }

    fn title(&self) -> String {
        match self.recognition() {
            None => "digits".into(),
            Some(recognition) if !recognition.is_digit => "no digit - digits".into(),
            Some(recognition) => {
                let class = best(&recognition.probabilities);
                let percent = 100.0 * recognition.probabilities[class];
                format!("{} ({percent:.0} %) - digits", panels::class_name(self.about.as_ref(), class))
            }
        }
    }

    fn end(&self) -> Option<Result<(), WindowError>> {
        self.failure.clone().map(|reason| Err(WindowError::Recognizer(reason)))
    }

    fn forget_textures(&mut self) {
        self.message = "the window's GPU was lost and opened again".into();
        self.canvas.forget_textures();
        self.shown.forget_textures();
        self.ask();
    }
}

/// What an empty canvas says below that it is one.
fn hint(ui: &Ui) -> String {
    let key = |command| key_name(ui, command);
    format!(
        "or drop a picture of one here ({} opens a file)\n\n{} takes a stroke back, {} empties the canvas\n\
         0 ... 9 teach what a drawing shows\n{} shows all keys",
        key(Command::OpenPicture),
        key(Command::Undo),
        key(Command::Clear),
        key(Command::Help)
    )
}

fn milliseconds(latency: Duration) -> String {
    format!("{:.1} ms", 1000.0 * latency.as_secs_f64())
}
