//! The options of `digits train` that make its recipe: a preset, and what is to differ from it.

use clap::{Args, ValueEnum};
use digits::augment::Augment;
use digits::recipe::{Course, Recipe};
use digits::reference::Optimiser;
use digits::reference::adam::Adam;
use digits::reference::sgd::Sgd;

use super::Misuse;
use super::values::{parse_betas, parse_positive, parse_share, whole};

/// How to train.
#[derive(Args)]
pub struct RecipeOptions {
    /// Recipe that the options below change
    #[arg(long, value_name = "NAME", default_value = "seed", help_heading = "Recipe")]
    preset: PresetName,
    /// How often to go through the training images [default: 15, or the preset's]
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, value_parser = whole::<u32>(1, u32::MAX.into()), help_heading = "Recipe")]
    epochs: Option<u32>,
    /// Images of a training step [default: 128]
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, value_parser = whole::<u32>(1, u32::MAX.into()), help_heading = "Recipe")]
    batch: Option<u32>,
    /// Rule that turns gradients into steps [default: adam]
    #[arg(long, visible_alias = "optimiser", value_name = "NAME", help_heading = "Recipe")]
    optimizer: Option<OptimizerName>,
    /// Size of the steps, at its peak [default: 0.001 for adam, 0.01 for sgd, or the preset's]
    #[arg(long, value_name = "RATE", allow_negative_numbers = true, value_parser = parse_positive, help_heading = "Recipe")]
    learning_rate: Option<f64>,
    /// Course of the learning rate [default: constant, or the preset's]
    #[arg(long, value_name = "NAME", help_heading = "Recipe")]
    schedule: Option<ScheduleName>,
    /// Share of the training in which the learning rate rises evenly, from 0 to below 1 [default: the schedule's]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, value_parser = parse_share, help_heading = "Recipe")]
    warm_up: Option<f64>,
    /// How much of the mean of gradients and of their squares a step of Adam keeps [default: 0.9,0.999, or the preset's]
    #[arg(long, value_name = "BETA1,BETA2", value_parser = parse_betas, help_heading = "Recipe")]
    betas: Option<[f64; 2]>,
    /// What Adam adds to the root of the mean square, after the bias correction [default: 1e-8]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = parse_positive, help_heading = "Recipe")]
    epsilon: Option<f64>,
    /// Share of the weights that a step of Adam takes off, in learning rates (AdamW) [default: 0, or the preset's]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, value_parser = parse_share, help_heading = "Recipe")]
    weight_decay: Option<f64>,
    /// How much of the last step goes on in the next, from 0 to below 1, with sgd [default: 0.9]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, value_parser = parse_share, help_heading = "Recipe")]
    momentum: Option<f64>,
    /// Share of each label that is spread over all classes, from 0 to below 1 [default: 0, or the preset's]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, value_parser = parse_share, help_heading = "Recipe")]
    label_smoothing: Option<f64>,
    /// Keep the mean of the weights over the last steps, of which a step leaves so much, such as 0.999; 0 keeps none [default: 0, or the preset's]
    #[arg(long, value_name = "DECAY", allow_negative_numbers = true, value_parser = parse_share, help_heading = "Recipe")]
    average: Option<f64>,
    /// How training images are drawn anew for each step: items with | between them, or none
    ///
    /// Each item says how much at most; every image gets its own share of that, evenly from minus to plus:
    ///   rotate DEGREES   turned around the middle; up to 45
    ///   shift PIXELS     moved along each axis; up to 8
    ///   scale SHARE      grown or shrunk by a share of its size; up to 0.5
    ///   shear COLUMNS    slanted: a row moves so far for each row that it is away from the middle; up to 1
    ///   elastic PIXELS   bent by smooth waves, which move ink so far along each axis; up to 4
    ///   thickness SHARE  thicker or thinner strokes: greys go this share of the way to white or black; up to 0.9
    ///   contrast SHARE   greys go towards a grey of the image's own, or away from it; up to 0.9
    ///   patch PIXELS     a rectangle with sides up to this: inverted, left alone, or anything between; up to 20
    ///   noise SHARE      each pixel gets lighter or darker by an amount of its own; up to 1, which is white
    ///   clean SHARE      so many images, of all, get no contrast, patch or noise; up to 1
    /// Usual is "rotate 12 | shift 2 | scale 0.1 | shear 0.1 | elastic 1 | thickness 0.5". In whatever order they stand,
    /// this is the one in which they are applied.
    #[arg(long, value_name = "TEXT", value_parser = Augment::parse, verbatim_doc_comment, help_heading = "Recipe")]
    augment: Option<Augment>,
}

#[derive(Clone, Copy, ValueEnum)]
enum PresetName {
    /// What a plain script does: 15 epochs at one learning rate
    Seed,
    /// More accurate after three epochs
    Quick,
    /// 30 epochs on images that are drawn anew for each step: reads well what is turned, moved, pale, noisy or in part hidden
    Best,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OptimizerName {
    Adam,
    Sgd,
}

#[derive(Clone, Copy, ValueEnum)]
enum ScheduleName {
    /// It stays what it is
    Constant,
    /// It falls to zero, as a cosine does
    Cosine,
    /// It rises for 30 % of the training, and falls as a cosine does
    OneCycle,
}

impl RecipeOptions {
    /// The recipe that the options ask for, if they fit each other.
    pub fn recipe(&self) -> Result<Recipe, Misuse> {
        let preset = match self.preset {
            PresetName::Seed => Recipe::seed(),
            PresetName::Quick => Recipe::quick(),
            PresetName::Best => Recipe::best(),
        };
        let course = self.schedule.map_or(preset.course, |name| match name {
            ScheduleName::Constant => Course::CONSTANT,
            ScheduleName::Cosine => Course::COSINE,
            ScheduleName::OneCycle => Course::ONE_CYCLE,
        });
        Ok(Recipe {
            epochs: self.epochs.unwrap_or(preset.epochs),
            batch: self.batch.map_or(preset.batch, |batch| batch as usize),
            optimiser: self.optimiser(preset.optimiser)?,
            course: Course { warm_up: self.warm_up.unwrap_or(course.warm_up), ..course },
            smoothing: self.label_smoothing.unwrap_or(preset.smoothing),
            augment: self.augment.unwrap_or(preset.augment),
            average: self.average.or(preset.average).filter(|decay| *decay > 0.0),
        })
    }

    fn optimiser(&self, preset: Optimiser) -> Result<Optimiser, Misuse> {
        let only = |option: &str, name: &str| Err(Misuse(format!("--{option} goes only with --optimizer {name}")));
        let is_sgd = match self.optimizer {
            Some(name) => name == OptimizerName::Sgd,
            None => matches!(preset, Optimiser::Sgd(_)),
        };
        if is_sgd {
            let not_for_sgd = [
                ("betas", self.betas.is_some()),
                ("epsilon", self.epsilon.is_some()),
                ("weight-decay", self.weight_decay.is_some()),
            ];
            if let Some((option, _)) = not_for_sgd.into_iter().find(|(_, is_given)| *is_given) {
                return only(option, "adam");
            }
            let learning_rate = self.learning_rate.unwrap_or(1e-2);
            return Ok(Optimiser::Sgd(Sgd { learning_rate, momentum: self.momentum.unwrap_or(0.9) }));
        }
        if self.momentum.is_some() {
            return only("momentum", "sgd");
        }
        let usual = match preset {
            Optimiser::Adam(adam) => adam,
            Optimiser::Sgd(_) => Adam::new(1e-3),
        };
        let [beta1, beta2] = self.betas.unwrap_or([usual.beta1, usual.beta2]);
        Ok(Optimiser::Adam(Adam {
            learning_rate: self.learning_rate.unwrap_or(usual.learning_rate),
            beta1,
            beta2,
            epsilon: self.epsilon.unwrap_or(usual.epsilon),
            weight_decay: self.weight_decay.unwrap_or(usual.weight_decay),
        }))
    }
}

/// What the option `--optimizer` calls it.
pub fn optimiser_name(optimiser: &Optimiser) -> &'static str {
    match optimiser {
        Optimiser::Adam(_) => "adam",
        Optimiser::Sgd(_) => "sgd",
    }
}
