//! What a session thinks with: the model that is in use, with the GPU once there is one and with the reference until then,
//! and what it was taught.

use std::io::Cursor;
use std::path::PathBuf;
use std::pin::Pin;

use super::drawing::place;
use super::{About, Answer, By, ReadDigit, Recognition, Subject, filters, unfit};
use crate::explain::{Explainer, Explanation, Maps, explain_by_reference};
use crate::gpu::{self, Gpu, GpuError, Request};
use crate::mnist::{CLASSES, DataError, DataSet, PIXELS};
use crate::model::Model;
use crate::network::{Judgement, ModelFile, Network, Parameters};
use crate::picture::{Digit, Pictures, Pixels};
use crate::platform::Instant;
use crate::predict::{Digits, Reader};
use crate::recognize::Recognizer;
use crate::reference;
use crate::teach::{Lesson, teach};
use crate::trainer::StepError;

/// Where a model comes from, for people: a file's name, or that it ships with the program.
pub type Origin = String;

/// Images that the model was trained on, of which some are repeated when it is taught; asked for once.
pub type Known = Box<dyn FnMut() -> Result<DataSet, DataError>>;

/// Opens a GPU: at the start, anew where that one is lost, and another for a check.
pub type Open = Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<Gpu, GpuError>>>>>;

/// The way to open the adapter that `request` asks for.
pub fn open(request: Request) -> Open {
    Box::new(move || {
        let request = request.clone();
        Box::pin(async move { Gpu::open(&request).await })
    })
}

/// What a session starts with.
pub struct Start {
    pub open: Open,
    pub model: ModelFile,
    pub origin: Origin,
    pub known: Known,
    /// What to call an adapter whose name the driver does not tell, as browsers' do not.
    pub nameless: String,
}

/// A GPU on its way.
pub(super) type Opening = Pin<Box<dyn Future<Output = Result<Opened, GpuError>>>>;

/// A GPU that is ready, and for which model.
pub(super) struct Opened {
    engine: Engine,
    network: Network,
    parameters: Parameters,
}

/// A model in use.
pub(super) struct Mind {
    open: Open,
    /// As it was opened.
    opened: (ModelFile, Origin),
    /// As it is now.
    current: ModelFile,
    origin: Origin,
    lessons: Vec<Lesson>,
    engine: Option<Engine>,
    /// Whether the GPU was opened again and has not answered since.
    is_recovering: bool,
    reference: reference::Model,
    /// What the reference made of the last image, if it was the one that answered.
    activations: Option<Vec<Vec<f64>>>,
    source: Known,
    known: Option<DataSet>,
    nameless: String,
}

/// A model on a GPU, ready for one image at a time.
pub(super) struct Engine {
    model: Model,
    recognizer: Recognizer<f32>,
    explainer: Explainer,
}

/// What is said where something needs a GPU and there is none.
pub(super) const NEEDS_GPU: &str = "this needs a GPU; without one only recognition works";

impl Mind {
    /// With the reference, until [`Mind::adopt`].
    pub fn new(Start { open, model, origin, known, nameless }: Start) -> Mind {
        Mind {
            open,
            reference: reference::Model::new(&model.network, &model.parameters),
            current: model.clone(),
            origin: origin.clone(),
            opened: (model, origin),
            lessons: Vec::new(),
            engine: None,
            is_recovering: false,
            activations: None,
            source: known,
            known: None,
            nameless,
        }
    }

    /// Another GPU of the kind that was asked for.
    pub async fn another(&self) -> Result<Gpu, GpuError> {
        (self.open)().await
    }

    /// The GPU that computes, if there is one.
    pub fn gpu(&self) -> Option<&Gpu> {
        self.engine.as_ref().map(Engine::gpu)
    }

    /// Opens the GPU and makes it ready for the model as it is now.
    pub fn opening(&self) -> Opening {
        let (gpu, network) = ((self.open)(), self.current.network.clone());
        let parameters = self.current.parameters.clone();
        Box::pin(async move {
            let gpu = gpu.await?;
            let engine = Engine::of(&Model::new(&gpu, &network, &parameters)?)?;
            // What the driver does the first time, no drawing needs to wait for.
            engine.recognize(&[0.0; PIXELS]).await?;
            engine.explain(0).await?;
            Ok(Opened { engine, network, parameters })
        })
    }

    /// Answers with this GPU from now on.
    ///
    /// # Errors
    /// It cannot run the model, which is another than it was made ready for.
    pub fn adopt(&mut self, opened: Opened) -> Result<(), GpuError> {
        let ModelFile { network, parameters, .. } = &self.current;
        let is_ready = (&opened.network, &opened.parameters) == (network, parameters);
        let other = || Engine::of(&Model::new(opened.engine.gpu(), network, parameters)?);
        self.engine = Some(if is_ready { opened.engine } else { other()? });
        Ok(())
    }

    /// What the adapter of `gpu` is called.
    pub fn adapter_name(&self, gpu: &Gpu) -> String {
        if gpu.info().name.is_empty() { self.nameless.clone() } else { gpu.info().name.clone() }
    }

    /// What is known about the model and its adapter.
    pub fn about(&self) -> About {
        let ModelFile { network, classes, summary, .. } = &self.current;
        let whose = if classes.are_digits() { "MNIST's" } else { "its" };
        let percent = |accuracy: f64| format!("{:.2} % of {whose} test images right", 100.0 * accuracy);
        let accuracy = summary.test_accuracy.map_or("not tested".into(), percent);
        About {
            adapter: self.gpu().map(|gpu| self.adapter_name(gpu)),
            driver: self.gpu().map_or_else(String::new, |gpu| gpu::driver(gpu.info())),
            origin: self.origin.clone(),
            network: network.to_string(),
            classes: network.classes(),
            names: classes.names().to_vec(),
            parameters: network.parameter_count(),
            training: format!("{} epochs of {}, seed {}; {accuracy}", summary.epochs, summary.optimiser, summary.seed),
        }
    }

    /// What the subject is; `None` where there is no ink.
    ///
    /// # Errors
    /// The device failed.
    pub async fn recognize(
        &mut self,
        number: u64,
        subject: &Subject,
        asked: Instant,
    ) -> Result<Option<Recognition>, GpuError> {
        let Some((input, place)) = subject.seen() else { return Ok(None) };
        self.activations = None;
        let (by, probabilities) = match &self.engine {
            Some(engine) => {
                let probabilities = engine.recognize(&input).await?;
                self.is_recovering = false;
                (By::Gpu, probabilities)
            }
            None => {
                let (activations, probabilities) = self.recognize_by_reference(&input);
                self.activations = Some(activations);
                (By::Reference, probabilities)
            }
        };
        let Judgement { probabilities, is_digit } = self.current.calibration.judge(probabilities);
        let (input, latency) = (Box::new(input), asked.elapsed());
        Ok(Some(Recognition { number, by, input, place, probabilities, is_digit, latency }))
    }

    /// What the reference makes of an image on the way, and at its end.
    fn recognize_by_reference(&self, input: &[f32]) -> (Vec<Vec<f64>>, Vec<f32>) {
        let image: Vec<f64> = input.iter().copied().map(f64::from).collect();
        let activations = self.reference.forward(&image, reference::Pass::Evaluate);
        let logits = &activations[activations.len() - 1];
        let probabilities = reference::softmax::probabilities(logits, self.current.network.classes());
        let probabilities = probabilities.into_iter().map(|probability| probability as f32).collect();
        (activations, probabilities)
    }

    /// Explains the class of what was recognized last.
    ///
    /// # Errors
    /// The device failed.
    pub async fn explain(&self, class: usize) -> Result<Explanation, GpuError> {
        match (&self.activations, &self.engine) {
            (Some(activations), _) => {
                Ok(explain_by_reference(&self.reference, &self.current.network, activations, class))
            }
            (None, Some(engine)) => engine.explain(class).await,
            (None, None) => Err(GpuError::Failed("the GPU that recognized this is gone".into())),
        }
    }

    /// The digits of a picture file, or why there are none.
    ///
    /// # Errors
    /// The device failed.
    pub async fn read(&self, number: u64, file: &[u8]) -> Result<Answer, GpuError> {
        let unreadable = |reason: String| Ok(Answer::Unreadable { number, reason });
        let pictures = match Pictures::read(Cursor::new(file)) {
            Ok(pictures) => pictures,
            Err(error) => return unreadable(error.to_string()),
        };
        let digits = match Digits::of(&pictures) {
            Ok(digits) => digits,
            Err(error) => return unreadable(error.to_string()),
        };
        let calibration = self.current.calibration;
        let digits = match &self.engine {
            Some(engine) => Reader::new(engine.model.clone(), calibration).read(digits).await?,
            None => {
                let look = async |images: &[Pixels]| {
                    Ok::<_, GpuError>(images.iter().map(|image| self.recognize_by_reference(image).1).collect())
                };
                digits.judged(&calibration, look).await?
            }
        };
        let digits = digits.into_iter().map(|(digit, Judgement { probabilities, is_digit })| {
            let Digit { bounds, pixels, .. } = &digit;
            let ink = [[bounds.x, bounds.y], [bounds.x + bounds.width, bounds.y + bounds.height]];
            let place = place(pixels, ink.map(|corner| corner.map(|at| at as f32)));
            ReadDigit { place, digit, probabilities, is_digit }
        });
        let digits = digits.collect();
        let picture = pictures.into_first();
        Ok(Answer::Read { number, size: [picture.width(), picture.height()], digits })
    }

    /// Adapts the model to one more lesson.
    pub async fn teach(&mut self, subject: &Subject, label: u8) -> Answer {
        let failed = |reason: String| Answer::failed("teach", reason);
        let Some(gpu) = self.gpu().cloned() else { return failed(NEEDS_GPU.into()) };
        let classes = self.current.network.classes();
        if !self.current.classes.are_digits() || usize::from(label) >= classes {
            let other = if classes == CLASSES { " other" } else { "" };
            return failed(format!(
                "this model tells {classes}{other} classes apart, and what can be taught are the {CLASSES} digits"
            ));
        }
        let Some((pixels, _)) = subject.seen() else {
            return failed("there is nothing to learn from on an empty canvas".into());
        };
        let known = match self.known.take().map_or_else(|| (self.source)(), Ok) {
            Ok(known) => self.known.insert(known),
            Err(error) => return failed(error.to_string()),
        };
        let pixels = pixels.iter().map(|pixel| (255.0 * pixel).round() as u8).collect();
        self.lessons.push(Lesson { pixels, label });
        let taught = teach(&gpu, &self.current.network, &self.current.parameters, &self.lessons, known).await;
        let replaced = taught.and_then(|taught| Ok((self.replace_parameters(taught.parameters)?, taught.knows_all)));
        match replaced {
            Ok(((), knows_all)) => Answer::Taught { lessons: self.lessons.len(), knows_all },
            Err(error) => {
                self.lessons.pop();
                match error {
                    StepError::Gpu(error) if error.is_of_device() => self.recover(&error).await,
                    error => Answer::failed("teach", error),
                }
            }
        }
    }

    fn replace_parameters(&mut self, parameters: Parameters) -> Result<(), GpuError> {
        let mut model = ModelFile { parameters, ..self.current.clone() };
        // Measured before it was taught.
        (model.summary.validation_accuracy, model.summary.test_accuracy) = (None, None);
        self.replace(model)
    }

    /// The model as it was opened.
    pub fn restore(&mut self) -> Answer {
        let (model, origin) = self.opened.clone();
        match self.replace(model) {
            Ok(()) => {
                self.lessons.clear();
                self.origin = origin;
                Answer::Restored
            }
            Err(error) => Answer::failed("restore", error),
        }
    }

    /// Another model.
    pub fn open(&mut self, file: ModelFile, origin: Origin) -> Answer {
        if let Some(problem) = unfit(&file) {
            return Answer::failed("open", format!("{origin} does not fit: {problem}"));
        }
        match self.replace(file.clone()) {
            Ok(()) => {
                self.lessons.clear();
                self.origin = origin.clone();
                self.opened = (file, origin);
                Answer::Ready(self.about())
            }
            Err(error) => Answer::failed("open", error),
        }
    }

    /// The model that a training has made.
    ///
    /// # Errors
    /// The device failed.
    pub fn take_trained(&mut self, model: ModelFile) -> Result<(), GpuError> {
        self.replace(model)?;
        self.lessons.clear();
        self.origin = "trained here".into();
        Ok(())
    }

    pub fn save(&self, path: PathBuf) -> Answer {
        match self.current.save(&path) {
            Ok(()) => Answer::Saved(path),
            Err(error) => Answer::failed("save", error),
        }
    }

    pub fn encode(&self) -> Answer {
        match self.current.encode() {
            Ok(bytes) => Answer::Encoded(bytes),
            Err(problem) => Answer::failed("save", format!("the model {problem}")),
        }
    }

    /// The first convolution's filters, if there is one.
    pub fn filters(&self) -> Option<Maps> {
        let ModelFile { network, parameters, .. } = &self.current;
        filters::matrix(network)
            .map(|matrix| filters::pictures(&matrix, &parameters.values[matrix.offset..matrix.end()]))
    }

    /// Opens the device again after it failed; where that fails, or did not help, the reference answers from now on.
    pub async fn recover(&mut self, error: &GpuError) -> Answer {
        self.engine = None;
        let error = error.to_string();
        let error = error.trim_end_matches('.');
        if std::mem::replace(&mut self.is_recovering, true) {
            return Answer::WithoutGpu(format!("{error}, again after the GPU was opened anew"));
        }
        match self.opening().await {
            Ok(opened) => {
                self.engine = Some(opened.engine);
                Answer::failed("gpu", format!("{error}; the GPU was opened again"))
            }
            Err(again) => Answer::WithoutGpu(format!("{error}; it cannot be opened again: {again}")),
        }
    }

    /// Goes on with another model, or with none other where it cannot run.
    fn replace(&mut self, model: ModelFile) -> Result<(), GpuError> {
        if let Some(engine) = &self.engine {
            self.engine = Some(Engine::of(&Model::new(engine.gpu(), &model.network, &model.parameters)?)?);
        }
        self.reference = reference::Model::new(&model.network, &model.parameters);
        self.activations = None;
        self.current = model;
        Ok(())
    }
}

impl Engine {
    /// `model`, with the parameters that it has now.
    pub fn of(model: &Model) -> Result<Engine, GpuError> {
        let recognizer = Recognizer::new(model, 1)?;
        let explainer = Explainer::new(model, &recognizer)?;
        Ok(Engine { model: model.clone(), recognizer, explainer })
    }

    fn gpu(&self) -> &Gpu {
        self.model.gpu()
    }

    /// image [28, 28] -> `[classes]`
    pub async fn recognize(&self, image: &[f32]) -> Result<Vec<f32>, GpuError> {
        self.recognizer.recognize(image).await
    }

    /// Why the image that was recognized last may be of `class`.
    pub async fn explain(&self, class: usize) -> Result<Explanation, GpuError> {
        self.explainer.explain(class).await
    }
}
