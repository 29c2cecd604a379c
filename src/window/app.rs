//! What the window shows and how it answers a person: the drawing, the questions to the worker, and its answers. It knows
//! nothing of the window system, so tests run it without one.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::{CentralPanel, Panel, RichText, ScrollArea, TextureHandle, Ui};

use super::canvas::{Canvas, Colours};
use super::controls::{self, Command};
use super::dialogs::{Chosen, Dialogs, Purpose};
use super::history::{History, save_picture};
use super::panels;
use super::worker::Worker;
use crate::explain::Explanation;
use crate::mnist::{CLASSES, SIDE};
use crate::network::{ModelFile, best};
use crate::pen::{PenSample, write_pen_file};
use crate::picture::Pictures;
use crate::session::{About, Answer, Ask, Drawing, PEN, Recognition, Subject};

/// Widths of the pen, in sides of the canvas.
const THINNEST: f32 = 0.01;
const WIDEST: f32 = 0.2;

/// Side of the PNG picture that is saved, in pixels.
const SAVED_SIDE: u32 = 1024;

/// The window's content and what it remembers.
pub struct App {
    worker: Worker,
    dialogs: Dialogs,
    history: History,
    canvas: Canvas,
    /// Counts the drawings that the worker was asked about.
    number: u64,
    about: Option<About>,
    recognition: Option<Recognition>,
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

/// What the network saw and made of it, on the device.
#[derive(Default)]
struct Shown {
    input: Option<TextureHandle>,
    maps: Vec<TextureHandle>,
    explanation: Option<Explanation>,
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
            recognition: None,
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

    /// One frame.
    pub fn show(&mut self, ui: &mut Ui) {
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
        Panel::top("controls").show(ui, |ui| {
            if let Some(command) = panels::toolbar(ui, |command| self.is_possible(command)) {
                self.run(ui, command);
            }
        });
        Panel::bottom("status").show(ui, |ui| ui.label(self.status()));
        Panel::right("answer").exact_size(344.0).resizable(false).show(ui, |ui| self.show_answer(ui));
        CentralPanel::default().show(ui, |ui| self.show_canvas(ui));
        panels::help(ui, &mut self.shows_help);
        if let Some(about) = &self.about {
            panels::about(ui, &mut self.shows_model, about, self.lessons);
        }
    }

    /// What the window is called.
    pub fn title(&self) -> String {
        match &self.recognition {
            None => "digits".into(),
            Some(recognition) if !recognition.is_digit => "no digit - digits".into(),
            Some(recognition) => {
                let class = best(&recognition.probabilities);
                let name = self.about.as_ref().map_or_else(|| class.to_string(), |about| about.name(class));
                format!("{name} ({:.0} %) - digits", 100.0 * recognition.probabilities[class])
            }
        }
    }

    /// What the network thinks of the drawing, if there is one and the answer has come.
    pub fn recognition(&self) -> Option<&Recognition> {
        self.recognition.as_ref()
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

    /// Why nothing can ever be recognized, where no model got ready.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// Forgets what lies on a device that is gone.
    pub fn forget_textures(&mut self) {
        self.canvas.forget_textures();
        self.shown = Shown::default();
        self.ask();
    }

    /// Puts a picture on the canvas, or uses a model, whichever the file is.
    pub fn open(&mut self, path: &Path) {
        if path.extension().is_some_and(|ending| ending == "safetensors") {
            match ModelFile::load(path) {
                Ok(file) => self.worker.ask(Ask::Open(Box::new(file), path.display().to_string())),
                Err(error) => self.message = error.to_string(),
            }
            return;
        }
        match Pictures::open(path).map(Pictures::into_first) {
            Ok(picture) => {
                let mut drawing = Drawing { picture: Some(Arc::new(picture)), ..Drawing::default() };
                drawing.strokes.width = self.history.present().strokes.width;
                self.canvas.lift_pen();
                self.history.push(drawing);
                self.message = format!("opened {}", path.display());
                self.ask();
            }
            Err(error) => self.message = format!("{} {error}", path.display()),
        }
    }

    fn show_canvas(&mut self, ui: &mut Ui) {
        let side = ui.available_width().min(ui.available_height()).max(56.0);
        self.colours = self.colours(ui.visuals().dark_mode);
        let changed = ui.vertical_centered(|ui| self.canvas.show(ui, side, &mut self.history, self.colours));
        if changed.inner {
            self.ask();
        }
    }

    /// A picture looks as it is, a drawing as it suits the theme; unless inverted.
    fn colours(&self, is_dark: bool) -> Colours {
        let has_light_ink = is_dark || self.history.present().picture.is_some();
        if has_light_ink != self.is_inverted { Colours::LIGHT_ON_DARK } else { Colours::DARK_ON_LIGHT }
    }

    fn show_answer(&mut self, ui: &mut Ui) {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            let about = self.about.as_ref();
            panels::answer(ui, about, self.recognition.as_ref(), self.shown.input.as_ref());
            if let Some(digit) = panels::bars(ui, about, self.recognition.as_ref()) {
                self.run(ui, Command::Teach(digit));
            }
            let Some(explanation) = &self.shown.explanation else { return };
            for (index, (maps, texture)) in explanation.maps.iter().zip(&self.shown.maps).enumerate() {
                ui.add_space(8.0);
                panels::maps(ui, &format!("Convolution {}", index + 1), maps, texture);
            }
        });
    }

    /// The lowest line: what happened, how long the last answer took, and where.
    fn status(&self) -> RichText {
        let latency = self.recognition.as_ref().map(|recognition| milliseconds(recognition.latency));
        let adapter = self.about.as_ref().and_then(|about| about.adapter.clone());
        let parts = [Some(self.message.clone()).filter(|message| !message.is_empty()), latency, adapter];
        RichText::new(parts.into_iter().flatten().collect::<Vec<_>>().join("   |   "))
    }

    fn is_possible(&self, command: Command) -> bool {
        match command {
            Command::Undo => self.history.can_undo(),
            Command::Redo => self.history.can_redo(),
            Command::Clear | Command::SavePicture => !self.history.present().is_empty(),
            Command::ThinnerPen => self.history.present().strokes.width > THINNEST,
            Command::WiderPen => self.history.present().strokes.width < WIDEST,
            Command::Restore => self.lessons > 0 && self.learning.is_none(),
            Command::ExportDrawings => !self.taught.is_empty(),
            Command::SaveModel | Command::ModelInfo => self.about.is_some(),
            Command::Teach(_) => {
                let knows_digits = self.about.as_ref().is_some_and(|about| about.classes == CLASSES);
                knows_digits && self.recognition.is_some() && self.learning.is_none()
            }
            Command::Invert | Command::OpenPicture | Command::Saliency | Command::Help => true,
        }
    }

    fn run(&mut self, ui: &Ui, command: Command) {
        if command == Command::Clear && (self.shows_help || self.shows_model) {
            (self.shows_help, self.shows_model) = (false, false);
            return;
        }
        if !self.is_possible(command) {
            return;
        }
        let pen = self.history.present().strokes.width;
        match command {
            Command::Undo => self.history.undo(),
            Command::Redo => self.history.redo(),
            Command::Clear => self.history.clear(),
            Command::ThinnerPen => self.history.set_pen((pen - PEN / 6.0).max(THINNEST)),
            Command::WiderPen => self.history.set_pen((pen + PEN / 6.0).min(WIDEST)),
            Command::Invert => self.is_inverted = !self.is_inverted,
            Command::Saliency => self.shows_saliency = !self.shows_saliency,
            Command::Help => self.shows_help = !self.shows_help,
            Command::ModelInfo => self.shows_model = !self.shows_model,
            Command::OpenPicture => self.dialogs.open(ui.ctx(), Purpose::OpenPicture),
            Command::SavePicture => self.dialogs.open(ui.ctx(), Purpose::SavePicture),
            Command::SaveModel => self.dialogs.open(ui.ctx(), Purpose::SaveModel),
            Command::ExportDrawings => self.dialogs.open(ui.ctx(), Purpose::ExportDrawings),
            Command::Restore => self.worker.ask(Ask::Restore),
            Command::Teach(label) => self.teach(label),
        }
        match command {
            Command::Undo | Command::Redo | Command::Clear => {
                self.canvas.lift_pen();
                self.ask();
            }
            Command::Saliency => self.show_saliency(ui),
            _ => {}
        }
    }

    /// Asks what the drawing is. An empty canvas has no answer.
    fn ask(&mut self) {
        self.number += 1;
        let drawing = self.history.present().clone();
        if drawing.is_empty() {
            self.forget_answer();
        }
        let subject = Subject::Drawing(drawing);
        self.worker.ask(Ask::Recognize { number: self.number, subject, asked: Instant::now() });
    }

    fn forget_answer(&mut self) {
        self.recognition = None;
        self.shown = Shown::default();
        self.canvas.clear_overlay();
    }

    fn teach(&mut self, label: u8) {
        let drawing = self.history.present().clone();
        self.message = format!("learning that this is a {label} ...");
        self.worker.ask(Ask::Teach { subject: Subject::Drawing(drawing.clone()), label });
        self.learning = Some(Learning { drawing, label });
    }

    /// Keeps a drawing that was taught, to be exported. A picture has no strokes to keep.
    fn keep(&mut self, Learning { drawing, label }: Learning) {
        if drawing.picture.is_none() {
            self.taught.push(PenSample::taught(self.taught.len() + 1, label, drawing.strokes));
        }
    }

    /// Takes an answer of the worker. Those to older drawings are out of date.
    fn take(&mut self, ui: &Ui, answer: Answer) {
        match answer {
            Answer::Ready(about) => {
                self.message = format!("model: {}", about.origin);
                (self.about, self.lessons) = (Some(about), 0);
                // Another model may know other classes.
                self.forget_answer();
                self.ask();
            }
            Answer::Recognized(recognition) if !self.history.present().is_empty() => {
                let image = panels::grey(&recognition.input[..], SIDE);
                self.shown.input = Some(panels::load(ui, "input", image));
                self.recognition = Some(recognition);
            }
            Answer::Explained { number, explanation } if number == self.number => {
                let load = |maps| panels::load(ui, "maps", panels::tiles(maps));
                self.shown.maps = explanation.maps.iter().map(load).collect();
                self.shown.explanation = Some(explanation);
                self.show_saliency(ui);
            }
            Answer::Nothing { number } if number == self.number => self.forget_answer(),
            Answer::Recognized(_) | Answer::Explained { .. } | Answer::Nothing { .. } => {}
            Answer::Taught { lessons, knows_all } => {
                self.lessons = lessons;
                if let Some(learning) = self.learning.take() {
                    self.keep(learning);
                }
                let drawings = if lessons == 1 { "drawing" } else { "drawings" };
                self.message = match knows_all {
                    true => format!("learned {lessons} {drawings}"),
                    false => {
                        format!("learned from {lessons} {drawings}, but does not know all of them yet: teach again")
                    }
                };
                self.ask();
            }
            Answer::Restored => {
                self.lessons = 0;
                self.message = "the model is as it was".into();
                self.ask();
            }
            Answer::Saved(path) => self.message = format!("saved {}", path.display()),
            Answer::Failed { reason, .. } => {
                self.learning = None;
                self.message = reason;
            }
            Answer::WithoutGpu(reason) => {
                // Whoever starts with an adapter that is not there learns so at once.
                if self.about.as_ref().is_none_or(|about| about.adapter.is_none()) {
                    self.failure = Some(reason.clone());
                }
                self.learning = None;
                self.message = format!("the processor answers from now on: {reason}");
                self.ask();
            }
            // Nothing else is asked for here.
            _ => {}
        }
    }

    /// Lays the saliency of the newest explanation over the drawing, or takes it away.
    fn show_saliency(&mut self, ui: &Ui) {
        self.canvas.clear_overlay();
        let explanation = self.shown.explanation.as_ref().filter(|_| self.shows_saliency);
        let place = self.recognition.as_ref().map(|recognition| recognition.place);
        if let (Some(explanation), Some(place)) = (explanation, place) {
            self.canvas.set_overlay(ui.ctx(), panels::signed(&explanation.saliency, SIDE), place);
        }
    }

    /// Does what a file was chosen for.
    fn use_file(&mut self, chosen: Chosen) {
        let Some(path) = chosen.path else {
            self.message = "no file was chosen".into();
            return;
        };
        let saved = match chosen.purpose {
            Purpose::OpenPicture => return self.open(&path),
            Purpose::SaveModel => return self.worker.ask(Ask::Save(path)),
            Purpose::SavePicture => self.save_picture(&path),
            Purpose::ExportDrawings => write_pen_file(&path, &self.taught).map_err(|error| error.to_string()),
        };
        self.message = saved.map_or_else(|error| error, |()| format!("saved {}", path.display()));
    }

    /// Writes the canvas as PNG, as it looks.
    fn save_picture(&self, path: &Path) -> Result<(), String> {
        let mut picture = self.history.present().draw(SAVED_SIDE);
        if self.colours == Colours::DARK_ON_LIGHT {
            image::imageops::invert(&mut picture);
        }
        save_picture(&picture, path).map_err(|error| format!("{} {error}", path.display()))
    }
}

fn milliseconds(latency: Duration) -> String {
    format!("{:.1} ms", 1000.0 * latency.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::Request;
    use crate::pen::read_pen_file;

    #[test]
    fn what_is_chosen_in_a_dialog_is_written_and_can_be_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let worker = Worker::start(Request::default(), ModelFile::shipped(), "shipped".into(), || ());
        let mut app = App::new(worker);
        let chosen = |purpose, name| Chosen { purpose, path: Some(path(name)) };

        app.history.begin_stroke([0.5, 0.2]);
        app.history.extend_stroke([0.5, 0.8]);
        let strokes = app.history.present().strokes.clone();
        app.keep(Learning { drawing: app.history.present().clone(), label: 1 });
        app.use_file(chosen(Purpose::ExportDrawings, "drawings.tsv.gz"));
        let exported = read_pen_file(&path("drawings.tsv.gz")).unwrap();
        assert_eq!((exported.len(), exported[0].label), (1, 1));
        assert_eq!(exported[0].strokes.lines, strokes.lines);

        app.use_file(chosen(Purpose::SavePicture, "one.png"));
        assert!(app.message().starts_with("saved"), "{}", app.message());
        app.history.clear();
        app.use_file(chosen(Purpose::OpenPicture, "one.png"));
        assert!(app.drawing().picture.is_some() && app.drawing().seen().is_some(), "{}", app.message());

        app.use_file(Chosen { purpose: Purpose::SavePicture, path: Some(path("no/folder.png")) });
        assert!(app.message().contains("there is no folder"), "{}", app.message());
        app.use_file(Chosen { purpose: Purpose::SavePicture, path: None });
        assert_eq!(app.message(), "no file was chosen");

        app.use_file(chosen(Purpose::SaveModel, "model.safetensors"));
        // It ends when it has done what it was asked for.
        drop(app);
        assert_eq!(ModelFile::load(&path("model.safetensors")).unwrap(), ModelFile::shipped());
    }
}
