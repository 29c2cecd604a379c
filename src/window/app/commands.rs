//! What a person asks for: commands, files, and the questions to the worker that come of them.

use std::path::Path;
use std::sync::Arc;

use egui::{Theme, Ui};

use super::{App, Learning};
use crate::mnist::CLASSES;
use crate::network::ModelFile;
use crate::pen::write_pen_file;
use crate::picture::Pictures;
use crate::platform::Instant;
use crate::session::{Ask, Drawing, PEN, Subject};
use crate::window::canvas::Colours;
use crate::window::controls::Command;
use crate::window::dialogs::{Chosen, Purpose};
use crate::window::history::save_picture;

/// Widths of the pen, in sides of the canvas.
const THINNEST: f32 = 0.01;
const WIDEST: f32 = 0.2;

/// Side of the PNG picture that is saved, in pixels.
const SAVED_SIDE: u32 = 1024;

impl App {
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

    pub(super) fn is_possible(&self, command: Command) -> bool {
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
                knows_digits && self.recognition().is_some() && self.learning.is_none()
            }
            Command::Invert | Command::OpenPicture | Command::Saliency | Command::Theme | Command::Help => true,
        }
    }

    /// Whether what `command` switches is on, where it is a switch.
    pub(super) fn is_on(&self, command: Command) -> Option<bool> {
        match command {
            Command::Invert => Some(self.is_inverted),
            Command::Saliency => Some(self.shows_saliency),
            _ => None,
        }
    }

    pub(super) fn run(&mut self, ui: &Ui, command: Command) {
        if self.shows_help || self.shows_model {
            // Nothing happens behind what lies over the window.
            let stays = !matches!(command, Command::Clear | Command::Help | Command::ModelInfo);
            (self.shows_help, self.shows_model) = (self.shows_help && stays, self.shows_model && stays);
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
            Command::Theme => ui.ctx().set_theme(if ui.visuals().dark_mode { Theme::Light } else { Theme::Dark }),
            Command::Help => self.shows_help = true,
            Command::ModelInfo => self.shows_model = true,
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
    pub(super) fn ask(&mut self) {
        self.number += 1;
        let drawing = self.history.present().clone();
        if drawing.is_empty() {
            self.forget_answer();
        }
        let subject = Subject::Drawing(drawing);
        self.worker.ask(Ask::Recognize { number: self.number, subject, asked: Instant::now() });
    }

    fn teach(&mut self, label: u8) {
        let drawing = self.history.present().clone();
        self.message = format!("learning that this is a {label} ...");
        self.worker.ask(Ask::Teach { subject: Subject::Drawing(drawing.clone()), label });
        self.learning = Some(Learning { drawing, label });
    }

    /// Does what a file was chosen for.
    pub(super) fn use_file(&mut self, chosen: Chosen) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::Request;
    use crate::pen::read_pen_file;
    use crate::window::Worker;

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
