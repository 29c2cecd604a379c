//! The thread that recognizes: it has a device of its own, so that the window asks and never waits. Of the drawings that
//! pile up while it is at work, it looks at the newest only.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::drawing::Drawing;
use super::mind::{Mind, Origin};
use crate::explain::Explanation;
use crate::gpu::Request;
use crate::mnist::{Pixels, Point};
use crate::network::ModelFile;

/// What the window asks for.
pub enum Ask {
    /// What is drawn here? `number` counts drawings.
    Recognize { number: u64, drawing: Drawing, asked: Instant },
    /// This shows the digit `label`: adapt the model.
    Teach { drawing: Drawing, label: u8 },
    /// Forget what was taught.
    Restore,
    /// Use another model.
    Open(Box<ModelFile>, Origin),
    /// Write the model as it is now.
    Save(PathBuf),
}

/// What the worker answers.
pub enum Answer {
    /// A model is ready, from the start or in place of another.
    Ready(About),
    Recognized(Recognition),
    /// Why: follows a recognition, unless another question came first.
    Explained {
        number: u64,
        explanation: Explanation,
    },
    /// There is no ink to look at.
    Nothing {
        number: u64,
    },
    /// The model was taught so many lessons, and may know all of them.
    Taught {
        lessons: usize,
        knows_all: bool,
    },
    Restored,
    Saved(PathBuf),
    /// What was asked for failed; the worker goes on.
    Failed(String),
    /// The worker has ended.
    Gone(String),
}

/// A model and where it runs.
#[derive(Clone, Debug, Default)]
pub struct About {
    pub adapter: String,
    pub driver: String,
    pub origin: String,
    pub network: String,
    pub classes: usize,
    pub parameters: usize,
    /// How it was trained, in words.
    pub training: String,
}

/// What the network thinks of a drawing.
#[derive(Clone, Debug)]
pub struct Recognition {
    pub number: u64,
    /// What it saw.
    pub input: Box<Pixels>,
    /// Where that lies on the canvas, its least and its greatest corner, in sides of the canvas.
    pub place: [Point; 2],
    /// `[classes]`
    pub probabilities: Vec<f32>,
    /// From the question to the answer.
    pub latency: Duration,
}

/// The window's end of the thread. Dropping it ends the thread.
pub struct Worker {
    asks: Option<Sender<Ask>>,
    answers: Receiver<Answer>,
    /// The number of the newest drawing that was asked about.
    newest: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts the thread, which opens its adapter and `model` first. `wake` is called when there is an answer.
    pub fn start(request: Request, model: ModelFile, origin: Origin, wake: impl Fn() + Send + 'static) -> Worker {
        let (asks, inbox) = mpsc::channel();
        let (outbox, answers) = mpsc::channel();
        let newest: Arc<AtomicU64> = Arc::default();
        let seen = newest.clone();
        let thread = thread::spawn(move || {
            let tell = |answer| {
                // A window that is closed needs no answer.
                let _ = outbox.send(answer);
                wake();
            };
            match Mind::new(&request, model, origin) {
                Ok(mind) => work(mind, &inbox, &seen, tell),
                Err(error) => tell(Answer::Gone(error.to_string())),
            }
        });
        Worker { asks: Some(asks), answers, newest, thread: Some(thread) }
    }

    /// Asks without waiting for the answer.
    pub fn ask(&self, ask: Ask) {
        if let Ask::Recognize { number, .. } = ask {
            self.newest.store(number, Ordering::Relaxed);
        }
        if let Some(asks) = &self.asks {
            // A worker that is gone has said so.
            let _ = asks.send(ask);
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

/// Answers until nobody asks any more.
fn work(mut mind: Mind, asks: &Receiver<Ask>, newest: &AtomicU64, tell: impl Fn(Answer)) {
    tell(Answer::Ready(mind.about()));
    mind.warm_up();
    // The drawing whose answer is not yet explained, and its class.
    let mut unexplained = None;
    loop {
        let ask = match (asks.try_recv(), unexplained.take()) {
            (Ok(ask), _) => ask,
            (Err(TryRecvError::Empty), Some((number, class))) => {
                tell(match mind.explain(class) {
                    Ok(explanation) => Answer::Explained { number, explanation },
                    Err(error) => Answer::Failed(error.to_string()),
                });
                continue;
            }
            (Err(TryRecvError::Empty), None) => match asks.recv() {
                Ok(ask) => ask,
                Err(_) => return,
            },
            (Err(TryRecvError::Disconnected), _) => return,
        };
        if let Ask::Recognize { number, .. } = ask
            && number < newest.load(Ordering::Relaxed)
        {
            continue;
        }
        let answer = mind.answer(ask);
        if let Answer::Recognized(Recognition { number, probabilities, .. }) = &answer {
            unexplained = Some((*number, best(probabilities)));
        }
        let is_gone = matches!(answer, Answer::Gone(_));
        tell(answer);
        if is_gone {
            return;
        }
    }
}

/// The most probable class.
pub fn best(probabilities: &[f32]) -> usize {
    let largest = probabilities.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    largest.map_or(0, |(class, _)| class)
}
