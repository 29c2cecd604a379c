//! A person with a model: what is asked while somebody draws, teaches and trains, and what is answered. One loop serves the
//! window, which runs it in a thread, and the page, which runs it in a Web Worker; neither ever waits for it.
//!
//! In a page a drawing is recognized by the reference until the GPU is ready; in a window, which waits for it, only where there
//! is none. Of the drawings that pile up the newest is looked at only; why the network decides as it does is told when no
//! other question waits.

mod drawing;
mod filters;
mod inbox;
mod mind;
mod training;
#[cfg(not(target_arch = "wasm32"))]
mod watch;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Duration;

use async_channel::Receiver;
use futures_lite::future::{or, pending};

pub use drawing::{Drawing, PEN};
use inbox::Inbox;
pub use mind::{Known, Open, Origin, Start, open};
use mind::{Mind, Opening};
#[cfg(not(target_arch = "wasm32"))]
pub use watch::{Look, Order, Watched, Watcher, Wish, watch};

use crate::explain::{Explanation, Maps};
use crate::gpu::GpuError;
use crate::mnist::Split;
use crate::network::{ModelFile, Shape, best};
use crate::pen::Point;
use crate::picture::{Digit, Pixels};
use crate::platform::{Instant, rest};
use crate::reference::golden::Golden;
use crate::selftest::{self, Row};
use crate::train::{Epoch, Job, Progress, Test};

/// What may be asked for.
pub enum Ask {
    /// What is this? `number` counts what is asked about; the answers bear it.
    Recognize {
        number: u64,
        subject: Subject,
        asked: Instant,
    },
    /// Which digits does this picture file show?
    Read {
        number: u64,
        file: Vec<u8>,
    },
    /// This shows the digit `label`: adapt the model.
    Teach {
        subject: Subject,
        label: u8,
    },
    /// Forget what was taught and trained.
    Restore,
    /// Use another model.
    Open(Box<ModelFile>, Origin),
    /// Write the model as it is now.
    Save(PathBuf),
    /// Give the bytes of the model's file, as it is now.
    Encode,
    /// Show the first convolution's filters; a model without one has no answer.
    Filters,
    /// Train a network, and use it then.
    Train(Box<Training>),
    /// Hold the training up, or let it go on.
    Pause,
    Resume,
    /// End the training, whose model stays, or the check.
    Stop,
    /// Does the GPU compute what it should? `golden` is the file of PyTorch's numbers.
    Check {
        golden: Vec<u8>,
    },
}

/// What is to be recognized.
#[derive(Clone, Debug)]
pub enum Subject {
    Drawing(Drawing),
    /// A digit of a picture that was read, and where it lies.
    Digit {
        pixels: Box<Pixels>,
        place: [Point; 2],
    },
}

/// What to train on what.
pub struct Training {
    pub job: Job,
    pub data: Split,
}

/// What is answered.
pub enum Answer {
    /// A model is ready: at first with the reference, then with the GPU, and whenever another is opened.
    Ready(About),
    /// There is no GPU to compute on; the reference goes on.
    WithoutGpu(String),
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
    Read {
        number: u64,
        size: [u32; 2],
        digits: Vec<ReadDigit>,
    },
    Unreadable {
        number: u64,
        reason: String,
    },
    /// The model was taught so many lessons, and may know all of them.
    Taught {
        lessons: usize,
        knows_all: bool,
    },
    Restored,
    Saved(PathBuf),
    Encoded(Vec<u8>),
    /// A training has begun, of this network, for so many epochs, and its classes are called so.
    Training {
        network: String,
        epochs: u32,
        names: Vec<String>,
    },
    Progress(Progress),
    Epoch(Epoch),
    /// The first convolution's filters by its first channel, as they are now.
    Filters(Maps),
    /// Of the validation images so many are taken for something else; here are the first.
    Mistakes {
        of: usize,
        mistakes: Vec<Mistake>,
    },
    Paused,
    Resumed,
    /// The training is done, and its model in use.
    Trained(Test),
    /// The training was stopped; its model, of so many finished epochs, or of the newest step, is in use.
    Stopped {
        epochs: u32,
    },
    Checked(Row),
    /// The check has ended, or was stopped; so many of its rows agree and differ. `text` is to be pasted where somebody
    /// helps.
    CheckDone {
        passed: usize,
        failed: usize,
        text: String,
    },
    /// What was asked for failed; all else goes on.
    Failed {
        ask: &'static str,
        reason: String,
    },
}

/// Who computed an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Gpu,
    /// Plain loops on the processor.
    Reference,
}

/// A model and where it runs.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// None while the reference answers.
    pub adapter: Option<String>,
    pub driver: String,
    pub origin: String,
    pub network: String,
    pub classes: usize,
    /// What they are called.
    pub names: Vec<String>,
    pub parameters: usize,
    /// How it was trained, in words.
    pub training: String,
}

/// What the network thinks of a drawing.
#[derive(Clone, Debug)]
pub struct Recognition {
    pub number: u64,
    pub by: By,
    /// What it saw.
    pub input: Box<Pixels>,
    /// Where that lies on the canvas, its least and its greatest corner, in sides of the canvas.
    pub place: [Point; 2],
    /// `[classes]`, calibrated
    pub probabilities: Vec<f32>,
    /// Whether it shows one of the classes at all.
    pub is_digit: bool,
    /// From when the question was taken to the answer.
    pub latency: Duration,
}

/// A digit of a picture, and where the image of it that the network saw lies there, in pixels.
pub struct ReadDigit {
    pub digit: Digit,
    pub place: [Point; 2],
    /// `[classes]`, calibrated
    pub probabilities: Vec<f32>,
    /// Whether it shows one of the classes at all.
    pub is_digit: bool,
}

/// An image that the network takes for something else.
pub struct Mistake {
    /// [28, 28], 0 to 255
    pub pixels: Vec<u8>,
    pub label: u8,
    pub said: u8,
}

impl About {
    /// What a class is called.
    pub fn name(&self, class: usize) -> String {
        self.names.get(class).map_or_else(|| class.to_string(), String::clone)
    }
}

/// Why a session cannot use a model, if so.
pub fn unfit(file: &ModelFile) -> Option<String> {
    let input = file.network.input();
    let other = || format!("it takes images of {input}, and what is drawn becomes {}", Shape::MNIST);
    (input != Shape::MNIST).then(other)
}

impl Ask {
    /// What a failure of it is called.
    fn name(&self) -> &'static str {
        match self {
            Ask::Recognize { .. } => "recognize",
            Ask::Read { .. } => "read",
            Ask::Teach { .. } => "teach",
            Ask::Restore => "restore",
            Ask::Open(..) => "open",
            Ask::Save(_) | Ask::Encode => "save",
            Ask::Filters => "filters",
            Ask::Train(_) => "train",
            Ask::Pause => "pause",
            Ask::Resume => "resume",
            Ask::Stop => "stop",
            Ask::Check { .. } => "check",
        }
    }

    /// Whether it is for a GPU alone.
    fn needs_gpu(&self) -> bool {
        matches!(self, Ask::Teach { .. } | Ask::Train(_) | Ask::Check { .. })
    }

    /// The answer where `what` goes on, beside which it cannot be.
    fn refused(&self, what: &str) -> Answer {
        let reason = format!("{what} is running; stop it first");
        match self {
            Ask::Read { number, .. } => Answer::Unreadable { number: *number, reason },
            _ => Answer::failed(self.name(), reason),
        }
    }
}

impl Answer {
    fn failed(ask: &'static str, reason: impl ToString) -> Answer {
        Answer::Failed { ask, reason: reason.to_string() }
    }
}

impl Subject {
    /// What the network is to see, and where that lies on the canvas; `None` where there is no ink.
    pub fn seen(&self) -> Option<(Pixels, [Point; 2])> {
        match self {
            Subject::Drawing(drawing) => drawing.seen(),
            Subject::Digit { pixels, place } => Some((**pixels, *place)),
        }
    }
}

/// Answers until nobody asks any more.
pub async fn run(start: Start, asks: Receiver<Ask>, tell: impl Fn(Answer)) {
    let mind = Mind::new(start);
    tell(Answer::Ready(mind.about()));
    let opening = Some(mind.opening());
    let (inbox, deferred) = (Inbox::new(asks), VecDeque::new());
    Session { mind, opening, inbox, deferred, unexplained: None, tell }.work().await;
}

struct Session<T> {
    mind: Mind,
    /// The GPU, until it is there or refused.
    opening: Option<Opening>,
    inbox: Inbox,
    /// What waits for the GPU.
    deferred: VecDeque<Ask>,
    /// The drawing whose answer is not yet explained, and its class.
    unexplained: Option<(u64, usize)>,
    tell: T,
}

/// What a session waits for.
enum First {
    /// `None` where nobody asks any more.
    Ask(Option<Ask>),
    /// Nothing has been asked since this drawing was recognized, for long enough to explain its class.
    Rested(u64, usize),
    Opened(Box<Result<mind::Opened, GpuError>>),
}

/// Something that goes on for long was stopped, or nobody asks any more.
struct Ended;

impl<T: Fn(Answer)> Session<T> {
    async fn work(&mut self) {
        while let Some(ask) = self.next().await {
            match self.opening {
                Some(_) if ask.needs_gpu() => self.deferred.push_back(ask),
                _ => self.answer(ask).await,
            }
        }
    }

    /// The oldest ask, or `None` where nobody asks any more. What is unexplained is explained meanwhile, and a GPU that gets
    /// ready is taken.
    async fn next(&mut self) -> Option<Ask> {
        loop {
            if self.opening.is_none()
                && let Some(ask) = self.deferred.pop_front()
            {
                return Some(ask);
            }
            match self.first().await {
                First::Ask(ask) => return ask,
                First::Rested(number, class) => {
                    self.unexplained = None;
                    self.explain(number, class).await;
                }
                First::Opened(opened) => self.opened(*opened),
            }
        }
    }

    /// What happens first.
    async fn first(&mut self) -> First {
        let ask = async { First::Ask(self.inbox.next().await) };
        let rested = async {
            let Some((number, class)) = self.unexplained else { return pending().await };
            rest().await;
            First::Rested(number, class)
        };
        let opened = async {
            let Some(opening) = &mut self.opening else { return pending().await };
            First::Opened(Box::new(opening.await))
        };
        or(ask, or(rested, opened)).await
    }

    fn opened(&mut self, opened: Result<mind::Opened, GpuError>) {
        self.opening = None;
        match opened.and_then(|opened| self.mind.adopt(opened)) {
            Ok(()) => (self.tell)(Answer::Ready(self.mind.about())),
            Err(error) => (self.tell)(Answer::WithoutGpu(error.to_string())),
        }
    }

    async fn answer(&mut self, ask: Ask) {
        // What it was about may be gone.
        self.unexplained = None;
        let answer = match ask {
            Ask::Recognize { number, subject, asked } => return self.recognize(number, &subject, asked).await,
            Ask::Read { number, file } => return self.read(number, &file).await,
            Ask::Train(training) => return self.train(*training).await,
            Ask::Check { golden } => return self.check(&golden).await,
            Ask::Teach { subject, label } => self.mind.teach(&subject, label).await,
            Ask::Restore => self.mind.restore(),
            Ask::Open(file, origin) => self.mind.open(*file, origin),
            Ask::Save(path) => self.mind.save(path),
            Ask::Encode => self.mind.encode(),
            Ask::Filters => match self.mind.filters() {
                Some(filters) => Answer::Filters(filters),
                None => return,
            },
            Ask::Stop => return self.stop(),
            // The training has just ended.
            Ask::Pause | Ask::Resume => return,
        };
        (self.tell)(answer);
    }

    /// Where the GPU fails, it is opened once more; where that does not help, the reference answers.
    async fn recognize(&mut self, number: u64, subject: &Subject, asked: Instant) {
        loop {
            match self.mind.recognize(number, subject, asked).await {
                Ok(Some(recognition)) => {
                    self.unexplained = Some((number, best(&recognition.probabilities)));
                    return (self.tell)(Answer::Recognized(recognition));
                }
                Ok(None) => return (self.tell)(Answer::Nothing { number }),
                Err(error) => (self.tell)(self.mind.recover(&error).await),
            }
        }
    }

    /// As [`Session::recognize`].
    async fn read(&mut self, number: u64, file: &[u8]) {
        loop {
            match self.mind.read(number, file).await {
                Ok(answer) => return (self.tell)(answer),
                Err(error) => (self.tell)(self.mind.recover(&error).await),
            }
        }
    }

    async fn explain(&mut self, number: u64, class: usize) {
        (self.tell)(match self.mind.explain(class).await {
            Ok(explanation) => Answer::Explained { number, explanation },
            Err(error) => self.mind.recover(&error).await,
        });
    }

    /// Nothing runs, but something may wait to.
    fn stop(&mut self) {
        for ask in std::mem::take(&mut self.deferred) {
            match ask {
                Ask::Train(_) => (self.tell)(Answer::Stopped { epochs: 0 }),
                Ask::Check { .. } => {
                    (self.tell)(Answer::CheckDone { passed: 0, failed: 0, text: "stopped before it began".into() });
                }
                ask => self.deferred.push_back(ask),
            }
        }
    }

    /// Checks on a device of its own, which may fail without harm, and goes on answering between two rows.
    async fn check(&mut self, golden: &[u8]) {
        let golden = match Golden::read(golden) {
            Ok(golden) => golden,
            Err(error) => {
                return (self.tell)(Answer::failed("check", format!("PyTorch's numbers are damaged: {error}")));
            }
        };
        let gpu = match self.mind.another().await {
            Ok(gpu) => gpu,
            Err(error) => return (self.tell)(Answer::failed("check", error)),
        };
        let (mut passed, mut failed) = (0, 0);
        let mut text = format!("digits {} on {}\n", env!("CARGO_PKG_VERSION"), self.mind.adapter_name(&gpu));
        let each = async |row: Row| {
            *if row.passed() { &mut passed } else { &mut failed } += 1;
            text += &format!("{:11} {:28} {:>3}  {}\n", row.core, row.operation, row.cases, row.detail());
            (self.tell)(Answer::Checked(row));
            while let Some(ask) = self.inbox.waiting() {
                match ask {
                    Ask::Stop => return Err(Ended),
                    Ask::Train(_) | Ask::Check { .. } => (self.tell)(ask.refused("a check")),
                    ask => Box::pin(self.answer(ask)).await,
                }
            }
            if self.inbox.is_closed() { Err(Ended) } else { Ok(()) }
        };
        // One that was stopped has checked what it has checked.
        let is_whole = selftest::run(&gpu, &golden, each).await.is_ok();
        text += &format!("{passed} passed, {failed} failed{}", if is_whole { "" } else { "; stopped before the end" });
        (self.tell)(Answer::CheckDone { passed, failed, text });
    }
}
