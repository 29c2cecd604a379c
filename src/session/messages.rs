//! The words of a session: what may be asked, what is answered, and what both are about.

use std::path::PathBuf;
use std::time::Duration;

use super::drawing::Drawing;
use super::mind::Origin;
use crate::explain::{Explanation, Maps};
use crate::mnist::Split;
use crate::network::{ModelFile, Shape};
use crate::pen::Point;
use crate::picture::{Digit, Pixels};
use crate::platform::Instant;
use crate::selftest::Row;
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
    pub(super) fn name(&self) -> &'static str {
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
    pub(super) fn needs_gpu(&self) -> bool {
        matches!(self, Ask::Teach { .. } | Ask::Train(_) | Ask::Check { .. })
    }

    /// The answer where `what` goes on, beside which it cannot be.
    pub(super) fn refused(&self, what: &str) -> Answer {
        let reason = format!("{what} is running; stop it first");
        match self {
            Ask::Read { number, .. } => Answer::Unreadable { number: *number, reason },
            _ => Answer::failed(self.name(), reason),
        }
    }
}

impl Answer {
    pub(super) fn failed(ask: &'static str, reason: impl ToString) -> Answer {
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
