//! The thread that a session runs in: it has a device of its own, so that the window asks and never waits.

use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};

use async_channel::Sender;

use crate::drawings;
use crate::gpu::Request;
use crate::mnist::Split;
use crate::network::ModelFile;
use crate::session::{self, Answer, Ask, Open, Origin, Start};

/// The window's end of the thread. Dropping it ends the thread.
pub struct Worker {
    asks: Option<Sender<Ask>>,
    answers: Receiver<Answer>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts the thread, which opens its adapter and `model` first. `wake` is called when there is an answer.
    pub fn start(request: Request, model: ModelFile, origin: Origin, wake: impl Fn() + Send + 'static) -> Worker {
        Worker::on(move || session::open(request), model, origin, wake)
    }

    /// [`Worker::start`], with GPUs that are opened in another way.
    pub fn on(
        open: impl FnOnce() -> Open + Send + 'static,
        model: ModelFile,
        origin: Origin,
        wake: impl Fn() + Send + 'static,
    ) -> Worker {
        let (asks, inbox) = async_channel::unbounded();
        let (outbox, answers) = mpsc::channel();
        let thread = thread::spawn(move || {
            let tell = |answer| {
                // A window that is closed needs no answer.
                let _ = outbox.send(answer);
                wake();
            };
            let known = Box::new(|| Ok(drawings::reminders(Split::embedded()?.training)));
            let start = Start { open: open(), model, origin, known, nameless: "a GPU without a name".into() };
            pollster::block_on(session::run(start, inbox, tell));
        });
        Worker { asks: Some(asks), answers, thread: Some(thread) }
    }

    /// Asks without waiting for the answer.
    pub fn ask(&self, ask: Ask) {
        if let Some(asks) = &self.asks {
            // A worker that is gone, by a panic, has said so.
            let _ = asks.try_send(ask);
        }
    }

    /// The answers that have come.
    pub fn answers(&self) -> impl Iterator<Item = Answer> {
        self.answers.try_iter()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.asks = None;
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed.
            let _ = thread.join();
        }
    }
}
