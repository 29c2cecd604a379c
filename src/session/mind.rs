//! What the worker thinks with: a device, the model that is in use, its recognizer and explainer, and what it was taught.

use std::path::Path;
use std::time::Instant;

use super::drawing::Drawing;
use super::worker::{About, Answer, Ask, Recognition};
use crate::explain::{Explainer, Explanation};
use crate::gpu::{self, Gpu, GpuError, Request};
use crate::mnist::{DataError, DataSet, PIXELS, Split};
use crate::model::Model;
use crate::network::{ModelFile, ModelFileError, Parameters};
use crate::recognize::Recognizer;
use crate::teach::{Lesson, teach};

/// Where a model comes from, for people: a file's name, or that it ships with the program.
pub type Origin = String;

/// A model in use.
pub struct Mind {
    request: Request,
    gpu: Gpu,
    /// As it was opened.
    file: ModelFile,
    origin: Origin,
    /// As it is now.
    parameters: Parameters,
    lessons: Vec<Lesson>,
    recognizer: Recognizer,
    explainer: Explainer,
    /// MNIST's training images, once something is taught.
    known: Option<DataSet>,
}

/// Why something that was asked for failed.
#[derive(Debug, thiserror::Error)]
pub enum MindError {
    #[error(transparent)]
    Gpu(#[from] GpuError),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Model(#[from] ModelFileError),
    #[error("there is nothing to learn from on an empty canvas")]
    NothingToLearn,
}

impl Mind {
    /// Opens the adapter and brings the model to it.
    ///
    /// # Errors
    /// There is no such adapter, or it cannot run the model.
    pub fn new(request: &Request, file: ModelFile, origin: Origin) -> Result<Mind, GpuError> {
        let gpu = Gpu::open(request)?;
        let (recognizer, explainer) = prepare(&gpu, &file, &file.parameters)?;
        let parameters = file.parameters.clone();
        let (request, lessons, known) = (request.clone(), Vec::new(), None);
        Ok(Mind { request, gpu, file, origin, parameters, lessons, recognizer, explainer, known })
    }

    /// Runs everything once, so that the first drawing does not wait for what the driver does the first time.
    pub fn warm_up(&self) {
        // What goes wrong here goes wrong at the first drawing, too, and is told then.
        let _ = self.recognizer.recognize(&[0.0; PIXELS]).and_then(|_| self.explainer.explain(0));
    }

    /// What is known about the model and its adapter.
    pub fn about(&self) -> About {
        let info = self.gpu.info();
        let network = &self.file.network;
        let summary = &self.file.summary;
        let percent = |accuracy: f64| format!("{:.2} % of MNIST's test images right", 100.0 * accuracy);
        let accuracy = summary.test_accuracy.map_or("not tested".into(), percent);
        About {
            adapter: info.name.clone(),
            driver: gpu::driver(info),
            origin: self.origin.clone(),
            network: network.to_string(),
            classes: network.classes(),
            parameters: network.parameter_count(),
            training: format!("{} epochs of {}, seed {}; {accuracy}", summary.epochs, summary.optimiser, summary.seed),
        }
    }

    /// Does what is asked for.
    pub fn answer(&mut self, ask: Ask) -> Answer {
        match ask {
            Ask::Recognize { number, drawing, asked } => match self.recognize(number, &drawing, asked) {
                Ok(answer) => answer,
                Err(error) => self.recover(&error),
            },
            Ask::Teach { drawing, label } => done(self.teach(&drawing, label)),
            Ask::Restore => {
                self.lessons.clear();
                done(self.replace(self.file.parameters.clone()).map(|()| Answer::Restored).map_err(MindError::from))
            }
            Ask::Open(file, origin) => done(self.open(*file, origin).map_err(MindError::from)),
            Ask::Save(path) => done(self.save(&path).map(|()| Answer::Saved(path)).map_err(MindError::from)),
        }
    }

    /// Explains the class of the drawing that was recognized last.
    ///
    /// # Errors
    /// The device failed.
    pub fn explain(&self, class: usize) -> Result<Explanation, GpuError> {
        self.explainer.explain(class)
    }

    fn recognize(&self, number: u64, drawing: &Drawing, asked: Instant) -> Result<Answer, GpuError> {
        let Some((input, place)) = drawing.seen() else { return Ok(Answer::Nothing { number }) };
        let probabilities = self.recognizer.recognize(&input)?;
        let (input, latency) = (Box::new(input), asked.elapsed());
        Ok(Answer::Recognized(Recognition { number, input, place, probabilities, latency }))
    }

    fn teach(&mut self, drawing: &Drawing, label: u8) -> Result<Answer, MindError> {
        let (pixels, _) = drawing.seen().ok_or(MindError::NothingToLearn)?;
        let pixels = pixels.iter().map(|pixel| (255.0 * pixel).round() as u8).collect();
        let known = match self.known.take() {
            Some(known) => known,
            None => Split::embedded()?.training,
        };
        let known = self.known.insert(known);
        self.lessons.push(Lesson { pixels, label });
        let taught = teach(&self.gpu, &self.file.network, &self.parameters, &self.lessons, known);
        match taught.and_then(|taught| self.replace(taught.parameters).map(|()| taught.knows_all)) {
            Ok(knows_all) => Ok(Answer::Taught { lessons: self.lessons.len(), knows_all }),
            Err(error) => {
                self.lessons.pop();
                Err(error.into())
            }
        }
    }

    fn open(&mut self, file: ModelFile, origin: Origin) -> Result<Answer, GpuError> {
        (self.recognizer, self.explainer) = prepare(&self.gpu, &file, &file.parameters)?;
        self.parameters = file.parameters.clone();
        self.lessons.clear();
        (self.file, self.origin) = (file, origin);
        Ok(Answer::Ready(self.about()))
    }

    fn save(&self, path: &Path) -> Result<(), ModelFileError> {
        let mut file = ModelFile { parameters: self.parameters.clone(), ..self.file.clone() };
        if !self.lessons.is_empty() {
            // Measured before it was taught.
            (file.summary.validation_accuracy, file.summary.test_accuracy) = (None, None);
        }
        file.save(path)
    }

    /// Goes on with other parameters.
    fn replace(&mut self, parameters: Parameters) -> Result<(), GpuError> {
        (self.recognizer, self.explainer) = prepare(&self.gpu, &self.file, &parameters)?;
        self.parameters = parameters;
        Ok(())
    }

    /// Opens the device again after it failed, where that is possible.
    fn recover(&mut self, error: &GpuError) -> Answer {
        let reopened = Gpu::open(&self.request).and_then(|gpu| {
            self.gpu = gpu;
            self.replace(self.parameters.clone())
        });
        match reopened {
            Ok(()) => Answer::Failed(format!("{error}; the GPU was opened again")),
            Err(again) => Answer::Gone(format!("{error}; it cannot be opened again: {again}")),
        }
    }
}

fn prepare(gpu: &Gpu, file: &ModelFile, parameters: &Parameters) -> Result<(Recognizer, Explainer), GpuError> {
    let model = Model::new(gpu, &file.network, parameters)?;
    let recognizer = Recognizer::new(&model, 1)?;
    let explainer = Explainer::new(&model, &recognizer)?;
    Ok((recognizer, explainer))
}

fn done(result: Result<Answer, MindError>) -> Answer {
    result.unwrap_or_else(|error| Answer::Failed(error.to_string()))
}
