//! What a training is, in words: before its first step, in its model file and in its log.

use digits::augment::Augment;
use digits::gpu::Gpu;
use digits::mnist::Split;
use digits::network::{Classes, Summary};
use digits::recipe::Recipe;
use digits::report::{Run, adapter_line, network_table};
use digits::train::Job;
use indicatif::HumanCount;

use super::super::recipe::optimiser_name;
use super::super::say;
use super::Options;

/// Prints what is about to happen.
pub(super) fn introduce(
    options: &Options,
    recipe: &Recipe,
    job: &Job,
    gpu: &Gpu,
    data: &Split,
    (classes, said): (&Classes, Option<String>),
) -> anyhow::Result<()> {
    let count = |images: usize| HumanCount(images as u64);
    let [training, validation, test] = [&data.training, &data.validation, &data.test].map(|part| count(part.count()));
    say(&format!("adapter   {}", adapter_line(gpu)))?;
    say(&format!(
        "data      {}: {training} training, {validation} validation, {test} test images",
        options.data_name()
    ))?;
    if let Some(said) = said {
        say(&format!("split     {said}"))?;
    }
    if !classes.are_digits() {
        let (names, label) = (classes.names(), usize::from(classes.first_label()));
        let [first, last] = [&names[0], &names[names.len() - 1]];
        say(&format!(
            "classes   {}: {first} (label {label}) to {last} (label {})",
            names.len(),
            label + names.len() - 1
        ))?;
    }
    say(&format!(
        "training  {} epochs, batch {}, {}, learning rate {}, {} precision, seed {}",
        job.epochs,
        job.plan.batch,
        optimiser_name(&recipe.optimiser),
        recipe.optimiser.learning_rate(),
        options.precision.name(),
        job.plan.seed
    ))?;
    if let Some(notes) = recipe.notes() {
        say(&format!("recipe    {notes}"))?;
    }
    if let Some(text) = augmentation(recipe) {
        say(&format!("augment   {text}"))?;
    }
    Ok(say(&format!("\n{}\n", network_table(&job.network)))?)
}

impl Options {
    /// What the images are of.
    fn data_name(&self) -> String {
        let drawings = if self.with_drawings { " and drawings" } else { "" };
        let own = self.pen.as_ref().map(|file| format!(" and {}", file.display())).unwrap_or_default();
        format!("{}{drawings}{own}", self.data.name())
    }

    /// Before the first step.
    pub(super) fn summary(&self, recipe: &Recipe) -> Summary {
        Summary {
            epochs: 0,
            batch: recipe.batch as u32,
            optimiser: optimiser_name(&recipe.optimiser).into(),
            learning_rate: recipe.optimiser.learning_rate(),
            recipe: recipe.notes(),
            seed: self.seed,
            augment: augmentation(recipe),
            images_seen: 0,
            validation_accuracy: None,
            test_accuracy: None,
        }
    }

    pub(super) fn run(&self, recipe: &Recipe, job: &Job, gpu: &Gpu, data: &Split) -> Run {
        Run {
            network: job.network.to_string(),
            data: self.data_name(),
            batch: job.plan.batch,
            optimizer: optimiser_name(&recipe.optimiser).into(),
            learning_rate: recipe.optimiser.learning_rate(),
            recipe: recipe.notes(),
            seed: job.plan.seed,
            augment: augmentation(recipe),
            precision: self.precision.name().into(),
            adapter: adapter_line(gpu),
            images: data.training.count(),
            flop_per_image: job.network.training_flop(),
        }
    }
}

/// The augmentation's text, if there is one.
fn augmentation(recipe: &Recipe) -> Option<String> {
    (recipe.augment != Augment::NONE).then(|| recipe.augment.to_string())
}
