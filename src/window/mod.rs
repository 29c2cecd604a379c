//! The window to draw in: what is drawn is recognized while the stroke still grows, and why is shown beside it; and the window on
//! a training.
//!
//! [`App`] is what is seen; a [`Worker`] runs a [`session`] on a device of its own in a thread of its own, so
//! that no frame waits for it; `shell` connects both with the window system. [`View`] shows a training in the place of the app,
//! which goes on in a thread of its own, too.

mod app;
mod arrangement;
mod canvas;
mod controls;
mod dialogs;
mod history;
mod images;
mod modals;
mod panels;
mod shell;
mod shown;
mod style;
mod toolbar;
mod view;
mod worker;

pub use app::App;
pub use history::History;
pub use shell::Content;
pub use style::dress;
pub use view::View;
pub use worker::Worker;

use std::panic::resume_unwind;
use std::thread;

use egui::Context;
use winit::error::EventLoopError;
use winit::event_loop::EventLoop;

use crate::gpu::Request;
use crate::network::ModelFile;
use crate::session::{self, Order, Origin, Watched, Watcher};

/// Why there is no window, or no more.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    #[error("there is no display to open a window on ({0}); run `digits predict` on picture files instead")]
    NoDisplay(String),
    #[error("the window cannot be opened: {0}")]
    Window(String),
    #[error("{0}")]
    Recognizer(String),
    #[error("the window's GPU was lost twice ({0}): another --adapter or --backend may help")]
    Lost(String),
    #[error("the display that the window was on is gone")]
    DisplayGone,
    #[error("the window has ended: {0}")]
    Ended(String),
}

/// Opens the window and runs until it is closed. `request` says where to recognize.
///
/// # Errors
/// There is no display, or the window's device is lost.
pub fn run(request: Request, model: ModelFile, origin: Origin) -> Result<(), WindowError> {
    let events = EventLoop::with_user_event().build().map_err(|error| no_display(&error))?;
    let context = Context::default();
    dress(&context);
    let wake = context.clone();
    let worker = Worker::start(request, model, origin, move || wake.request_repaint());
    shell::Shell::run(events, context, App::new(worker))
}

/// Runs `training` in a thread of its own, and a window on it here from when it begins until it has ended or the window is
/// closed: window systems want the main thread. Gives what comes of the training, which goes on where there is no window, and
/// is told why there is none.
pub fn watch<R: Send>(training: impl FnOnce(Watched) -> R + Send) -> R {
    let context = Context::default();
    let wake = context.clone();
    let (watched, watcher) = session::watch(move |pace| wake.request_repaint_after(pace));
    thread::scope(|scope| {
        let training = scope.spawn(|| training(watched));
        let orders = watcher.orders();
        if let Some((network, epochs, names)) = watcher.begun() {
            let reason = match view(context, watcher, (network, epochs, names)) {
                Ok(()) => "the window is closed".into(),
                Err(WindowError::NoDisplay(reason)) => format!("there is no display to open a window on ({reason})"),
                Err(error) => error.to_string(),
            };
            // A training that has ended does not care.
            let _ = orders.send(Order::Leave(reason));
        }
        training.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

fn view(
    context: Context,
    watcher: Watcher,
    (network, epochs, names): (String, u32, Vec<String>),
) -> Result<(), WindowError> {
    let events = EventLoop::with_user_event().build().map_err(|error| no_display(&error))?;
    dress(&context);
    watcher.say(Order::Begin);
    shell::Shell::run(events, context, View::new(watcher, network, epochs, names))
}

fn no_display(error: &EventLoopError) -> WindowError {
    WindowError::NoDisplay(reason(error))
}

/// What winit's error says, without the line of its source that it begins with.
fn reason(error: &impl ToString) -> String {
    let text = error.to_string();
    let text = text.lines().next().unwrap_or_default();
    let text = text.strip_prefix("os error at ").and_then(|text| text.split_once(": ")).map_or(text, |(_, rest)| rest);
    text.trim_end_matches('.').to_string()
}
