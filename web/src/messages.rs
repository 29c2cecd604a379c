//! The messages between page and worker, from JavaScript's objects to what a session asks and answers: the twin of
//! `page/messages.d.ts`, with the same names.

use digits::explain::Maps;
use digits::mnist::CLASSES;
use digits::network::{ModelFile, Network, Parameters, Shape};
use digits::pen::{PenSample, Point, Strokes, encode_pen_file};
use digits::picture::{Bounds, Pixels};
use digits::platform::Instant;
use digits::reference::Optimiser;
use digits::reference::adam::Adam;
use digits::selftest::Row;
use digits::session::{About, Answer, Ask, By, Drawing, Mistake, ReadDigit, Recognition, Subject, Training};
use digits::train::{Epoch, Job, Keep, Progress, Test};
use digits::trainer::Plan;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::JsValue;

use crate::Engine;

/// What the page asks.
#[derive(Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Message {
    Recognize { number: u64, subject: SubjectMessage },
    Read { number: u64, bytes: ByteBuf },
    Teach { subject: SubjectMessage, label: u8 },
    Restore,
    Open { name: String, bytes: ByteBuf },
    Save,
    Export { drawings: Vec<Taught> },
    Train(JobMessage),
    Pause,
    Resume,
    Stop,
    Check,
}

/// A drawing, or a digit of a picture.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum SubjectMessage {
    Drawing { strokes: Vec<Vec<Point>>, width: f32 },
    Digit { pixels: Vec<f32>, place: [Point; 2] },
}

/// A drawing that was taught.
#[derive(Deserialize)]
pub struct Taught {
    strokes: Vec<Vec<Point>>,
    label: u8,
}

/// A training as the page's form has it.
#[derive(Deserialize)]
pub struct JobMessage {
    network: String,
    epochs: u32,
    batch: usize,
    learning_rate: f64,
    seed: u32,
    /// Training images.
    images: usize,
}

/// Images that an epoch is judged on, of so many training images: a fifth, within what MNIST has, and enough to say
/// anything.
fn judged(images: usize) -> usize {
    (images / 5).clamp(100, 10_000)
}

impl Message {
    /// What the session is asked, or the answer to what it need not be asked. `engine` has the files that were brought.
    pub fn into_ask(self, engine: &Engine) -> Result<Ask, AnswerMessage> {
        let failed = |ask| move |reason| AnswerMessage::Failed { ask, reason };
        Ok(match self {
            Message::Recognize { number, subject } => {
                let subject = subject.into_subject().map_err(failed("recognize"))?;
                Ask::Recognize { number, subject, asked: Instant::now() }
            }
            Message::Read { number, bytes } => Ask::Read { number, file: bytes.into_vec() },
            Message::Teach { subject, label } => {
                Ask::Teach { subject: subject.into_subject().map_err(failed("teach"))?, label }
            }
            Message::Restore => Ask::Restore,
            Message::Open { name, bytes } => {
                let file = ModelFile::decode(&bytes).map_err(|problem| format!("{name} {problem}"));
                Ask::Open(Box::new(file.map_err(failed("open"))?), name)
            }
            Message::Save => Ask::Encode,
            Message::Export { drawings } => {
                let sample = |(index, Taught { strokes, label })| {
                    PenSample::taught(index + 1, label, Strokes { lines: strokes, width: 0.0 })
                };
                let samples: Vec<PenSample> = drawings.into_iter().enumerate().map(sample).collect();
                return Err(AnswerMessage::Exported { bytes: ByteBuf::from(encode_pen_file(&samples)) });
            }
            Message::Train(job) => Ask::Train(Box::new(job.into_training(engine).map_err(failed("train"))?)),
            Message::Pause => Ask::Pause,
            Message::Resume => Ask::Resume,
            Message::Stop => Ask::Stop,
            Message::Check => Ask::Check { golden: engine.golden() },
        })
    }
}

impl SubjectMessage {
    fn into_subject(self) -> Result<Subject, String> {
        match self {
            SubjectMessage::Drawing { strokes, width } => {
                let strokes = Strokes { lines: strokes, width };
                Ok(Subject::Drawing(Drawing { strokes, picture: None }))
            }
            SubjectMessage::Digit { pixels, place } => {
                let pixels = Pixels::try_from(pixels).map_err(|_| "an image has 28 x 28 pixels")?;
                Ok(Subject::Digit { pixels: Box::new(pixels), place })
            }
        }
    }
}

impl JobMessage {
    fn into_training(self, engine: &Engine) -> Result<Training, String> {
        let JobMessage { network, epochs, batch, learning_rate, seed, images } = self;
        let network = Network::parse(Shape::MNIST, &network).map_err(|error| error.to_string())?;
        if network.classes() != CLASSES {
            return Err(format!("the network tells {} classes apart, but there are {CLASSES}", network.classes()));
        }
        if epochs == 0 || batch == 0 {
            return Err("a training has at least one epoch, and a batch at least one image".into());
        }
        if !(learning_rate > 0.0 && (learning_rate as f32).is_normal()) {
            return Err("the learning rate must be a number above 0, such as 0.001".into());
        }
        let mut data = engine.split()?;
        data.training.truncate(images);
        let images = data.training.count();
        if batch > images {
            return Err(format!("a batch of {batch} is more than the {images} training images: choose a smaller one"));
        }
        for part in [&mut data.validation, &mut data.test] {
            part.truncate(judged(images));
        }
        let plan = Plan::new(batch, Optimiser::Adam(Adam::new(learning_rate)), seed);
        let parameters = Parameters::glorot(&network, seed);
        let job = Job { network, parameters, plan, epochs, keep: Keep::Best, patience: None, steps_per_submit: None };
        Ok(Training { job, data })
    }
}

/// What the page is answered.
#[derive(Serialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum AnswerMessage {
    Ready {
        about: AboutMessage,
        by: &'static str,
    },
    WithoutGpu {
        reason: String,
    },
    Recognized {
        number: u64,
        by: &'static str,
        input: Vec<f32>,
        place: [Point; 2],
        probabilities: Vec<f32>,
        is_digit: bool,
        milliseconds: f64,
    },
    Explained {
        number: u64,
        maps: Vec<MapsMessage>,
        saliency: Vec<f32>,
    },
    Nothing {
        number: u64,
    },
    Read {
        number: u64,
        width: u32,
        height: u32,
        digits: Vec<DigitMessage>,
    },
    Unreadable {
        number: u64,
        reason: String,
    },
    Taught {
        lessons: usize,
        knows_all: bool,
    },
    Restored,
    Saved {
        bytes: ByteBuf,
    },
    Exported {
        bytes: ByteBuf,
    },
    Training {
        network: String,
        epochs: u32,
    },
    Progress {
        epoch: u32,
        images: usize,
        of: usize,
        loss: f64,
        seconds: f64,
    },
    Epoch {
        epoch: u32,
        images: usize,
        train_loss: f64,
        validation: ScoreMessage,
        kept: u32,
        seconds: f64,
    },
    Filters {
        filters: MapsMessage,
    },
    Mistakes {
        of: usize,
        mistakes: Vec<MistakeMessage>,
    },
    Paused,
    Resumed,
    Trained {
        epoch: u32,
        loss: f64,
        accuracy: f64,
    },
    Stopped {
        epochs: u32,
    },
    Checked {
        core: String,
        operation: &'static str,
        cases: usize,
        passed: bool,
        detail: String,
    },
    CheckDone {
        passed: usize,
        failed: usize,
        text: String,
    },
    Failed {
        ask: &'static str,
        reason: String,
    },
}

#[derive(Serialize)]
pub struct AboutMessage {
    adapter: Option<String>,
    driver: String,
    origin: String,
    network: String,
    classes: usize,
    names: Vec<String>,
    parameters: usize,
    training: String,
}

#[derive(Serialize)]
pub struct MapsMessage {
    channels: usize,
    height: usize,
    width: usize,
    values: Vec<f32>,
}

#[derive(Serialize)]
pub struct DigitMessage {
    bounds: Bounds,
    place: [Point; 2],
    probabilities: Vec<f32>,
    is_digit: bool,
    pixels: Vec<f32>,
}

#[derive(Serialize)]
pub struct MistakeMessage {
    pixels: Vec<f32>,
    label: u8,
    said: u8,
}

#[derive(Serialize)]
pub struct ScoreMessage {
    loss: f64,
    accuracy: f64,
}

impl AnswerMessage {
    /// As JavaScript has it: objects, numbers, bytes as `Uint8Array`.
    pub fn to_js(&self) -> JsValue {
        let serializer = Serializer::new().serialize_maps_as_objects(true).serialize_missing_as_null(true);
        self.serialize(&serializer).expect("answers are plain data")
    }
}

impl From<Answer> for AnswerMessage {
    fn from(answer: Answer) -> AnswerMessage {
        match answer {
            Answer::Ready(about) => {
                let by = if about.adapter.is_some() { By::Gpu } else { By::Reference };
                AnswerMessage::Ready { about: about.into(), by: name(by) }
            }
            Answer::WithoutGpu(reason) => AnswerMessage::WithoutGpu { reason },
            Answer::Recognized(Recognition { number, by, input, place, probabilities, is_digit, latency }) => {
                let milliseconds = 1000.0 * latency.as_secs_f64();
                AnswerMessage::Recognized {
                    number,
                    by: name(by),
                    input: input.to_vec(),
                    place,
                    probabilities,
                    is_digit,
                    milliseconds,
                }
            }
            Answer::Explained { number, explanation } => {
                let maps = explanation.maps.into_iter().map(MapsMessage::from).collect();
                AnswerMessage::Explained { number, maps, saliency: explanation.saliency }
            }
            Answer::Nothing { number } => AnswerMessage::Nothing { number },
            Answer::Read { number, size: [width, height], digits } => {
                let digits = digits.into_iter().map(DigitMessage::from).collect();
                AnswerMessage::Read { number, width, height, digits }
            }
            Answer::Unreadable { number, reason } => AnswerMessage::Unreadable { number, reason },
            Answer::Taught { lessons, knows_all } => AnswerMessage::Taught { lessons, knows_all },
            Answer::Restored => AnswerMessage::Restored,
            Answer::Encoded(bytes) => AnswerMessage::Saved { bytes: ByteBuf::from(bytes) },
            Answer::Training { network, epochs, .. } => AnswerMessage::Training { network, epochs },
            Answer::Progress(Progress { epoch, images, of, loss, seconds, .. }) => {
                AnswerMessage::Progress { epoch, images, of, loss, seconds }
            }
            Answer::Epoch(Epoch { epoch, images, train_loss, validation, kept, seconds, .. }) => {
                let validation = ScoreMessage { loss: validation.loss, accuracy: validation.accuracy };
                AnswerMessage::Epoch { epoch, images, train_loss, validation, kept, seconds }
            }
            Answer::Filters(maps) => AnswerMessage::Filters { filters: maps.into() },
            Answer::Mistakes { of, mistakes } => {
                AnswerMessage::Mistakes { of, mistakes: mistakes.into_iter().map(MistakeMessage::from).collect() }
            }
            Answer::Paused => AnswerMessage::Paused,
            Answer::Resumed => AnswerMessage::Resumed,
            Answer::Trained(Test { epoch, score }) => {
                AnswerMessage::Trained { epoch, loss: score.loss, accuracy: score.accuracy }
            }
            Answer::Stopped { epochs } => AnswerMessage::Stopped { epochs },
            Answer::Checked(row) => checked(&row),
            Answer::CheckDone { passed, failed, text } => AnswerMessage::CheckDone { passed, failed, text },
            Answer::Failed { ask, reason } => AnswerMessage::Failed { ask, reason },
            Answer::Saved(_) => unreachable!("a page has no paths"),
        }
    }
}

fn name(by: By) -> &'static str {
    match by {
        By::Gpu => "gpu",
        By::Reference => "reference",
    }
}

fn checked(row: &Row) -> AnswerMessage {
    AnswerMessage::Checked {
        core: row.core.to_string(),
        operation: row.operation,
        cases: row.cases,
        passed: row.passed(),
        detail: row.detail(),
    }
}

impl From<About> for AboutMessage {
    fn from(about: About) -> AboutMessage {
        let About { adapter, driver, origin, network, classes, names, parameters, training } = about;
        AboutMessage { adapter, driver, origin, network, classes, names, parameters, training }
    }
}

impl From<Maps> for MapsMessage {
    fn from(Maps { shape, values }: Maps) -> MapsMessage {
        MapsMessage { channels: shape.channels, height: shape.height, width: shape.width, values }
    }
}

impl From<ReadDigit> for DigitMessage {
    fn from(ReadDigit { digit, place, probabilities, is_digit }: ReadDigit) -> DigitMessage {
        DigitMessage { bounds: digit.bounds, place, probabilities, is_digit, pixels: digit.pixels.to_vec() }
    }
}

impl From<Mistake> for MistakeMessage {
    fn from(Mistake { pixels, label, said }: Mistake) -> MistakeMessage {
        MistakeMessage { pixels: pixels.into_iter().map(|pixel| f32::from(pixel) / 255.0).collect(), label, said }
    }
}
