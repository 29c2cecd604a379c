//! A training while it is watched: its curves, its first filters, what it gets wrong, and what it makes of a drawing. The
//! training goes on in another thread; what is shown are its answers, and what is clicked are orders to it.

mod course;
mod curves;
mod mistakes;

use std::sync::mpsc::TryRecvError;

use egui::{
    Button, CentralPanel, Color32, Frame, Image, Key, Label, Modifiers, Panel, ProgressBar, TextureHandle, Theme, Ui,
    vec2,
};
use indicatif::HumanCount;

use self::course::Course;
use self::mistakes::Mistakes;
use super::arrangement::arrange;
use super::canvas::{Canvas, Colours};
use super::controls::{self, Command};
use super::history::History;
use super::panels::{self, Labels};
use super::shell::Content;
use super::shown::Shown;
use super::style::TARGET;
use super::toolbar::{State, show_button};
use super::{WindowError, images};
use crate::explain::Maps;
use crate::platform::Instant;
use crate::session::{About, Answer, Look, Order, Recognition, Subject, Watcher};
use crate::train::Test;

/// Least heights of the plots, in points, and their shares of the window's.
const LOSSES: (f32, f32) = (150.0, 0.36);
const ACCURACY: (f32, f32) = (120.0, 0.24);

/// The share of the height beside the plots that the canvas takes.
const CANVAS: f32 = 0.45;

/// What is to be drawn with besides the pen.
const COMMANDS: [Command; 4] = [Command::Undo, Command::Redo, Command::Clear, Command::Theme];

/// A training as it is seen.
pub struct View {
    watcher: Watcher,
    /// The network, and what its classes are called.
    about: About,
    course: Course,
    phase: Phase,
    filters: Option<Filters>,
    mistakes: Option<Mistakes>,
    canvas: Canvas,
    history: History,
    /// Counts the drawings that the training was asked about.
    number: u64,
    shown: Shown,
    /// Whether something has been learnt since the last look was asked for.
    is_old: bool,
}

/// The filters of the first convolution, and a picture of them in the colours of a theme.
struct Filters {
    maps: Maps,
    picture: Option<(Colours, TextureHandle)>,
}

#[derive(Clone, Copy, PartialEq)]
enum Phase {
    Training,
    Paused,
    /// It was told to.
    Stopping,
    Done(Test),
    /// It has ended early, and says why elsewhere.
    Over,
}

impl View {
    /// On the training at the other end, of `network`, for so many epochs; its classes are called `names`.
    pub fn new(watcher: Watcher, network: String, epochs: u32, names: Vec<String>) -> View {
        View {
            watcher,
            about: About { network, classes: names.len(), names, ..About::default() },
            course: Course::new(epochs),
            phase: Phase::Training,
            filters: None,
            mistakes: None,
            canvas: Canvas::default(),
            history: History::default(),
            number: 0,
            shown: Shown::default(),
            is_old: true,
        }
    }

    /// What the network makes of the drawing, if there is one and the answer has come.
    pub fn recognition(&self) -> Option<&Recognition> {
        self.shown.recognition()
    }

    /// Takes what has come, and sees whether more will.
    fn take_answers(&mut self) {
        loop {
            match self.watcher.answer() {
                Ok(answer) => self.take(answer),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => {
                    self.phase = Phase::Over;
                    return;
                }
            }
        }
    }

    fn take(&mut self, answer: Answer) {
        match answer {
            Answer::Progress(progress) => {
                self.course.take(progress);
                self.is_old = true;
            }
            Answer::Epoch(epoch) => self.course.judged.push(epoch),
            Answer::Mistakes { of, mistakes } => self.mistakes = Some(Mistakes::new(of, mistakes)),
            Answer::Filters(maps) => self.filters = Some(Filters { maps, picture: None }),
            Answer::Recognized(recognition) if !self.history.present().is_empty() => {
                self.shown.take_recognition(recognition);
            }
            Answer::Nothing { number } if number == self.number => self.shown.forget_answer(),
            Answer::Paused => self.phase = Phase::Paused,
            Answer::Resumed => self.phase = Phase::Training,
            Answer::Trained(test) => {
                self.phase = Phase::Done(test);
                self.is_old = true;
            }
            // Drawings that are gone; nothing else is told.
            _ => {}
        }
    }

    /// Asks for the filters, and for what is on the canvas.
    fn look(&mut self) {
        let drawing = self.history.present();
        let drawing = (!drawing.is_empty()).then(|| (self.number, Subject::Drawing(drawing.clone())));
        self.watcher.say(Order::Look(Look { drawing, asked: Instant::now() }));
        self.is_old = false;
    }

    /// The drawing is another one.
    fn ask(&mut self) {
        self.number += 1;
        if self.history.present().is_empty() {
            self.shown.forget_answer();
        }
        self.look();
    }

    fn is_possible(&self, command: Command) -> bool {
        match command {
            Command::Undo => self.history.can_undo(),
            Command::Redo => self.history.can_redo(),
            Command::Clear => !self.history.present().is_empty(),
            Command::Theme => true,
            _ => false,
        }
    }

    fn run(&mut self, ui: &Ui, command: Command) {
        if !self.is_possible(command) {
            return;
        }
        match command {
            Command::Undo => self.history.undo(),
            Command::Redo => self.history.redo(),
            Command::Clear => self.history.clear(),
            _ => return ui.ctx().set_theme(if ui.visuals().dark_mode { Theme::Light } else { Theme::Dark }),
        }
        self.canvas.lift_pen();
        self.ask();
    }

    /// Holds the training up, or lets it go on.
    fn pause(&mut self) {
        match self.phase {
            Phase::Training => self.watcher.say(Order::Pause),
            Phase::Paused => self.watcher.say(Order::Resume),
            _ => {}
        }
    }

    fn show_buttons(&mut self, ui: &mut Ui) {
        let can_be_told = matches!(self.phase, Phase::Training | Phase::Paused);
        let button = |ui: &mut Ui, name: &str, tip: &str| {
            let button = Button::new(name).min_size(vec2(3.0 * TARGET, TARGET));
            ui.add_enabled(can_be_told, button).on_hover_text(tip).on_disabled_hover_text(tip).clicked()
        };
        ui.horizontal_wrapped(|ui| {
            let (name, tip) = match self.phase {
                Phase::Paused => ("Go on", "Let the training go on (P)"),
                _ => ("Pause", "Hold the training up (P)"),
            };
            if button(ui, name, tip) {
                self.pause();
            }
            if button(ui, "Stop and keep", "End the training as Ctrl-C does, and keep its model") {
                self.phase = Phase::Stopping;
                self.watcher.say(Order::Stop);
            }
            for command in COMMANDS {
                let control = controls::controls().find(|control| control.command == command);
                let state = State { is_possible: self.is_possible(command), is_on: None };
                if control.is_some_and(|control| show_button(ui, control, state)) {
                    self.run(ui, command);
                }
            }
        });
    }

    fn show_training(&mut self, ui: &mut Ui) {
        let height = ui.available_height();
        let part = |(least, share): (f32, f32)| least.max(share * height);
        panels::scrolled(ui, "training", |ui| {
            ui.add_space(4.0);
            ui.add(Label::new(self.told()).truncate());
            let bar = ui.add(ProgressBar::new(self.course.share() as f32).desired_height(8.0));
            ui.ctx().accesskit_node_builder(bar.id, |node| node.set_label("Share of the training that is done"));
            ui.add_space(4.0);
            curves::losses(ui, part(LOSSES), &self.course);
            curves::accuracy(ui, part(ACCURACY), &self.course);
            if let Some(mistakes) = &mut self.mistakes {
                mistakes.show(ui, &self.about);
            }
        });
    }

    /// How far the training is.
    fn told(&self) -> String {
        let Some(progress) = self.course.progress else { return "compiling kernels ...".into() };
        let [images, of, rate] = [progress.images, progress.of, progress.images_per_second() as usize]
            .map(|count| HumanCount(count as u64).to_string());
        let epochs = self.course.epochs;
        format!("Epoch {} of {epochs}, {images} of {of} images, {rate} images/s", progress.epoch)
    }

    /// The canvas and what the network makes of it, beside each other where there is more room across.
    fn show_drawing(&mut self, ui: &mut Ui) {
        let room = ui.available_size();
        let (panel, side) = match room.x > 1.3 * room.y {
            true => (Panel::left("canvas"), room.y.min(room.x / 2.0)),
            false => (Panel::top("canvas"), room.x.min(CANVAS * room.y)),
        };
        panel
            .frame(bare(ui))
            .exact_size(side)
            .resizable(false)
            .show_separator_line(false)
            .show(ui, |ui| self.show_canvas(ui));
        CentralPanel::default().frame(bare(ui)).show(ui, |ui| self.show_answer(ui));
    }

    fn show_canvas(&mut self, ui: &mut Ui) {
        let side = ui.available_width().min(ui.available_height()).max(32.0);
        let colours = Colours::of(ui.visuals().dark_mode);
        let changed = ui.vertical_centered(|ui| self.canvas.show(ui, side, &mut self.history, colours, ""));
        if changed.inner {
            self.ask();
        }
    }

    fn show_answer(&mut self, ui: &mut Ui) {
        let height = ui.available_height();
        panels::scrolled(ui, "answer", |ui| {
            let recognition = self.shown.recognition();
            let input = self.shown.pictures().and_then(|pictures| pictures.input.as_ref());
            panels::answer(ui, height, Some(&self.about), recognition, input);
            panels::bars(ui, height, Some(&self.about), recognition, Labels::Words);
            if let Some(filters) = &mut self.filters {
                filters.show(ui);
            }
        });
    }

    /// The lowest line: what goes on.
    fn status(&self) -> String {
        let what = match self.phase {
            Phase::Training => "training".into(),
            Phase::Paused => "paused".into(),
            Phase::Stopping => "stopping ...".into(),
            Phase::Done(Test { epoch, score }) => {
                format!(
                    "done: test accuracy {:.2} %, model of epoch {epoch}; close the window to end",
                    100.0 * score.accuracy
                )
            }
            Phase::Over => "over".into(),
        };
        format!("{what}   |   {}", self.about.network)
    }
}

impl Content for View {
    fn show(&mut self, ui: &mut Ui) {
        self.take_answers();
        // A look that nobody sees is none.
        let is_seen = ui.input(|input| input.viewport().visible() != Some(false));
        if self.is_old && is_seen {
            self.look();
        }
        for command in controls::pressed(ui) {
            self.run(ui, command);
        }
        if ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::P)) {
            self.pause();
        }
        self.shown.paint(ui);
        Panel::top("controls").frame(bare(ui)).show(ui, |ui| self.show_buttons(ui));
        Panel::bottom("status").frame(bare(ui)).show(ui, |ui| ui.add(Label::new(self.status()).truncate()));
        arrange(ui.available_size()).panel().frame(bare(ui)).show(ui, |ui| self.show_drawing(ui));
        CentralPanel::default().frame(bare(ui)).show(ui, |ui| self.show_training(ui));
    }

    fn title(&self) -> String {
        let done = format!("{:.0} %", 100.0 * self.course.share());
        match self.phase {
            Phase::Training => format!("training, {done} - digits"),
            Phase::Paused => format!("paused, {done} - digits"),
            Phase::Stopping | Phase::Over => "stopping - digits".into(),
            Phase::Done(_) => "trained - digits".into(),
        }
    }

    fn end(&self) -> Option<Result<(), WindowError>> {
        (self.phase == Phase::Over).then_some(Ok(()))
    }

    fn forget_textures(&mut self) {
        self.canvas.forget_textures();
        self.shown.forget_textures();
        self.mistakes.iter_mut().for_each(Mistakes::forget_textures);
        self.filters.iter_mut().for_each(|filters| filters.picture = None);
    }
}

impl Filters {
    fn show(&mut self, ui: &mut Ui) {
        let colours = Colours::of(ui.visuals().dark_mode);
        if self.picture.as_ref().is_none_or(|(painted, _)| *painted != colours) {
            self.picture = Some((colours, images::load(ui, "filters", images::filters(&self.maps, colours))));
        }
        let Some((_, picture)) = &self.picture else { return };
        let shape = self.maps.shape;
        let name = format!("{} filters of {} x {}", shape.channels, shape.height, shape.width);
        ui.add(Label::new(format!("Convolution 1: {name}")).wrap());
        let size = picture.size_vec2();
        let alt = format!("{name}: orange weighs for, blue against");
        ui.add(Image::new((picture.id(), size * (ui.available_width() / size.x))).alt_text(&alt)).on_hover_text(alt);
    }
}

/// What a panel has around it. The window's ground is painted already, and painting costs the training time on a software
/// driver.
fn bare(ui: &Ui) -> Frame {
    Frame::side_top_panel(ui.style()).fill(Color32::TRANSPARENT)
}
