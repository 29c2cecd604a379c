//! What the worker answers, and what the window makes of it.

use egui::Ui;

use super::{App, Learning};
use crate::mnist::SIDE;
use crate::pen::PenSample;
use crate::session::{Answer, Ask};
use crate::window::images;

impl App {
    /// Takes an answer of the worker. Those to older drawings are out of date.
    pub(super) fn take(&mut self, ui: &Ui, answer: Answer) {
        match answer {
            Answer::Ready(about) => {
                self.message = format!("model: {}", about.origin);
                (self.about, self.lessons) = (Some(about), 0);
                // Another model may know other classes, and have no filters.
                self.forget_answer();
                self.shown.take_filters(None);
                self.ask_anew();
            }
            Answer::Filters(filters) => self.shown.take_filters(Some(filters)),
            Answer::Recognized(recognition) if !self.history.present().is_empty() => {
                self.shown.take_recognition(recognition);
            }
            Answer::Explained { number, explanation } if number == self.number => {
                self.shown.take_explanation(explanation);
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
                self.ask_anew();
            }
            Answer::Restored => {
                self.lessons = 0;
                self.message = "the model is as it was".into();
                self.ask_anew();
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

    /// The model is another one: what it makes of the drawing, and its filters. These first, since the next question takes
    /// the place of an explanation.
    fn ask_anew(&mut self) {
        self.worker.ask(Ask::Filters);
        self.ask();
    }

    pub(super) fn forget_answer(&mut self) {
        self.shown.forget_answer();
        self.canvas.clear_overlay();
    }

    /// Keeps a drawing that was taught, to be exported. A picture has no strokes to keep.
    pub(super) fn keep(&mut self, Learning { drawing, label }: Learning) {
        if drawing.picture.is_none() {
            self.taught.push(PenSample::taught(self.taught.len() + 1, label, drawing.strokes));
        }
    }

    /// Lays the saliency of the newest explanation over the drawing, or takes it away.
    pub(super) fn show_saliency(&mut self, ui: &Ui) {
        self.canvas.clear_overlay();
        let explanation = self.shown.explanation().filter(|_| self.shows_saliency);
        let place = self.recognition().map(|recognition| recognition.place);
        if let (Some(explanation), Some(place)) = (explanation, place) {
            self.canvas.set_overlay(ui.ctx(), images::signed(&explanation.saliency, SIDE), place);
        }
    }
}
