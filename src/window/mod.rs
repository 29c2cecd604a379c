//! The window to draw in: what is drawn is recognized while the stroke still grows, and why is shown beside it.
//!
//! [`App`] is what is seen; a [`Worker`] runs a [`session`](crate::session) on a device of its own in a thread of its own, so
//! that no frame waits for it; `shell` connects both with the window system.

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
mod worker;

pub use app::App;
pub use history::History;
pub use style::dress;
pub use worker::Worker;

use egui::Context;
use winit::error::EventLoopError;
use winit::event_loop::EventLoop;

use crate::gpu::Request;
use crate::network::ModelFile;
use crate::session::Origin;

/// Why there is no window, or no more.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    #[error("there is no display to open a window on ({0}); run `digits predict` on picture files instead")]
    NoDisplay(String),
    #[error("the window cannot be opened: {0}")]
    Window(String),
    #[error("{0}")]
    Recognizer(String),
    #[error("the window's GPU was lost twice: {0}")]
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
