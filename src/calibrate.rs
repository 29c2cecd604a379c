//! Fits a [`Calibration`] to what a network makes of images that it was not trained on, and tells how far its percentages are
//! from what comes true. Where the images come from is the caller's business; several sets count alike, however large they
//! are, or thousands of MNIST's images would decide alone what is right for a few drawings.

use serde::Serialize;

use crate::evaluate;
use crate::gpu::GpuError;
use crate::mnist::DataSet;
use crate::model::Model;
use crate::network::{Calibration, Judgement, best, score};
use crate::recognize::Recognizer;

/// The share of true digits that a threshold may refuse. The aim is one in a hundred; of 1,500 other images it scatters by 0.2
/// points, so it is fitted a little inside.
pub const REFUSED: f64 = 0.007;

/// Temperatures that are looked at, from the inverse of this. A set without mistakes would have it at zero.
const HOTTEST: f64 = 10.0;

/// Bins of a [`reliability`] table, equally wide.
pub const BINS: usize = 15;

/// Images whose classes are known, and what a network makes of them.
pub struct Sample {
    /// [N, classes], as the softmax gives them
    probabilities: Vec<f32>,
    classes: usize,
    /// `[N]`; images whose label is none of the classes count for nothing.
    labels: Vec<u8>,
}

/// The answers that are about as sure as each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Bin {
    pub images: usize,
    /// The mean probability of the answers, from 0 to 1; 0 where there is none.
    pub confidence: f64,
    /// The share of answers that are right, from 0 to 1; 0 where there is none.
    pub accuracy: f64,
}

/// What a model's percentages are worth on a set of images.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Certainty {
    pub calibration: Calibration,
    /// Expected calibration error, from 0 to 1.
    pub calibration_error: f64,
    /// Images that it calls no digit.
    pub refused: usize,
    pub reliability: [Bin; BINS],
}

impl Certainty {
    /// Of what a network makes of images.
    pub fn of(sample: &Sample, calibration: Calibration) -> Certainty {
        let reliability = reliability(sample, &calibration);
        let calibration_error = expected_error(&reliability);
        Certainty { calibration, calibration_error, refused: sample.refused(&calibration), reliability }
    }
}

impl Sample {
    /// Recognizes `data` with `model`.
    ///
    /// # Errors
    /// A kernel cannot be built, or the device failed.
    pub async fn of(model: &Model, data: &DataSet) -> Result<Sample, GpuError> {
        let recognizer = Recognizer::<u8>::new(model, evaluate::batch(model.gpu()))?;
        let probabilities = recognizer.recognize(&data.images).await?;
        Ok(Sample { probabilities, classes: model.network().classes(), labels: data.labels.clone() })
    }

    /// The images that show a class: their probabilities, `[classes]`, and the class.
    fn digits(&self) -> impl Iterator<Item = (&[f32], usize)> {
        let labels = self.labels.iter().map(|label| usize::from(*label));
        self.probabilities.chunks_exact(self.classes).zip(labels).filter(|(_, label)| *label < self.classes)
    }

    /// True digits.
    pub fn count(&self) -> usize {
        self.digits().count()
    }

    /// What is said of each image.
    pub fn judgements(&self, calibration: &Calibration) -> impl Iterator<Item = Judgement> {
        self.probabilities.chunks_exact(self.classes).map(|probabilities| calibration.judge(probabilities.to_vec()))
    }

    /// What each image is taken for, the first of equal classes, and whether it is taken for a digit at all.
    pub fn answers(&self, calibration: &Calibration) -> Vec<(u8, bool)> {
        let answer = |judgement: Judgement| (best(&judgement.probabilities) as u8, judgement.is_digit);
        self.judgements(calibration).map(answer).collect()
    }

    /// True digits that are called none.
    pub fn refused(&self, calibration: &Calibration) -> usize {
        self.digits().filter(|(probabilities, _)| !calibration.judge(probabilities.to_vec()).is_digit).count()
    }
}

/// The temperature that makes the classes of the images most likely, and the largest threshold that refuses no more than
/// [`REFUSED`] of the digits of any set.
///
/// # Panics
/// If a set has no image of a class.
pub fn fit(samples: &[Sample]) -> Calibration {
    let thresholds = samples.iter().map(|sample| {
        let mut scores: Vec<f32> = sample.digits().map(|(probabilities, _)| score(probabilities)).collect();
        scores.sort_by(f32::total_cmp);
        scores[(REFUSED * scores.len() as f64) as usize]
    });
    Calibration { temperature: temperature(samples) as f32, threshold: thresholds.min_by(f32::total_cmp) }
}

/// The loss is convex in the inverse of the temperature, so its slope is zero in one place at most, which is halved in upon.
fn temperature(samples: &[Sample]) -> f64 {
    let logits: Vec<Vec<(Vec<f64>, usize)>> = samples.iter().map(logits).collect();
    let [mut low, mut high] = [1.0 / HOTTEST, HOTTEST];
    // Far below what an f32 can tell apart.
    for _ in 0..40 {
        let middle = (low + high) / 2.0;
        if logits.iter().map(|digits| slope(digits, middle)).sum::<f64>() < 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    2.0 / (low + high)
}

/// Logits that have these probabilities, `[classes]`, and the class, of each digit. What is rounded to zero was below the smallest.
fn logits(sample: &Sample) -> Vec<(Vec<f64>, usize)> {
    let logit = |probability: &f32| f64::from(probability.max(f32::MIN_POSITIVE)).ln();
    sample.digits().map(|(probabilities, label)| (probabilities.iter().map(logit).collect(), label)).collect()
}

/// How the mean loss grows with the inverse of the temperature, `beta`.
///
/// ```text
/// loss = log(sum over k of exp(beta logit[k])) - beta logit[label]
/// slope = sum over k of q[k] logit[k] - logit[label], q = softmax(beta logits)
/// ```
fn slope(digits: &[(Vec<f64>, usize)], beta: f64) -> f64 {
    let of_one = |(logits, label): &(Vec<f64>, usize)| {
        let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weight = |logit: &f64| (beta * (logit - largest)).exp();
        let mean =
            logits.iter().map(|logit| weight(logit) * logit).sum::<f64>() / logits.iter().map(weight).sum::<f64>();
        mean - logits[*label]
    };
    digits.iter().map(of_one).sum::<f64>() / digits.len() as f64
}

/// How sure the answers are, and how often right: the answers whose probability is from `i / BINS` to `(i + 1) / BINS` stand in
/// bin `i`. What is called no digit counts, too: the table is about the percentages.
pub fn reliability(sample: &Sample, calibration: &Calibration) -> [Bin; BINS] {
    let mut bins = [Bin::default(); BINS];
    for (probabilities, label) in sample.digits() {
        let probabilities = calibration.judge(probabilities.to_vec()).probabilities;
        let answer = best(&probabilities);
        let confidence = f64::from(probabilities[answer]);
        let bin = &mut bins[((confidence * BINS as f64) as usize).min(BINS - 1)];
        bin.images += 1;
        bin.confidence += confidence;
        bin.accuracy += f64::from(answer == label);
    }
    for bin in bins.iter_mut().filter(|bin| bin.images > 0) {
        bin.confidence /= bin.images as f64;
        bin.accuracy /= bin.images as f64;
    }
    bins
}

/// The expected calibration error, from 0 to 1: how far confidence and accuracy are apart, on average over the images.
pub fn expected_error(bins: &[Bin]) -> f64 {
    let images: usize = bins.iter().map(|bin| bin.images).sum();
    bins.iter().map(|bin| bin.images as f64 * (bin.confidence - bin.accuracy).abs()).sum::<f64>() / images as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Stream, uniform};
    use crate::reference::softmax;

    fn sample(probabilities: &[[f32; 2]], labels: &[u8]) -> Sample {
        Sample { probabilities: probabilities.as_flattened().to_vec(), classes: 2, labels: labels.to_vec() }
    }

    /// Images of four classes whose labels are drawn by the probabilities of their logits, but which the network says
    /// `factor` times as loud.
    fn drawn(count: u32, factor: f64) -> Sample {
        let random = |draw, at| f64::from(uniform(7, Stream::Shuffle, draw, at));
        let logits: Vec<f64> = (0..4 * count).map(|at| 6.0 * random(0, at)).collect();
        let label = |(at, truth): (usize, &[f64])| {
            let mut left = random(1, at as u32);
            let is_it = |probability: &f64| {
                left -= probability;
                left < 0.0
            };
            truth.iter().position(is_it).unwrap_or(3) as u8
        };
        let labels = softmax::probabilities(&logits, 4).chunks(4).enumerate().map(label).collect();
        let loud: Vec<f64> = logits.iter().map(|logit| factor * logit).collect();
        let probabilities = softmax::probabilities(&loud, 4).iter().map(|probability| *probability as f32).collect();
        Sample { probabilities, classes: 4, labels }
    }

    #[test]
    fn logits_that_were_multiplied_are_divided_again() {
        let honest = fit(&[drawn(20_000, 1.0)]).temperature;
        assert!((honest - 1.0).abs() < 0.03, "{honest}");
        for factor in [0.25, 0.8, 3.0, 8.0] {
            let found = fit(&[drawn(20_000, f64::from(factor))]).temperature;
            assert!((found / (factor * honest) - 1.0).abs() < 1e-3, "{found} for {factor}");
        }
    }

    #[test]
    fn the_fitted_temperature_makes_percentages_come_true() {
        let loud = drawn(20_000, 3.0);
        let error = |calibration| expected_error(&reliability(&loud, &calibration));
        assert!(error(Calibration::default()) > 0.1, "{}", error(Calibration::default()));
        assert!(error(fit(&[drawn(5_000, 3.0)])) < 0.01, "{}", error(fit(&[drawn(5_000, 3.0)])));
    }

    #[test]
    fn two_classes_have_the_temperature_that_can_be_written_down() {
        // 3 of 4 are right, all at odds of 81 to 1: 81^(1 / T) = 3, so T = 4.
        let probabilities = [[81.0 / 82.0, 1.0 / 82.0]; 4];
        let found = fit(&[sample(&probabilities, &[0, 1, 0, 0])]).temperature;
        assert!((found - 4.0).abs() < 1e-4, "{found}");
    }

    #[test]
    fn sets_count_alike_however_large_they_are() {
        // Half of one is right and three quarters of the other: five eighths, at odds of 25 to 9, are 5 to 3 for T = 2.
        let probabilities = [[25.0 / 34.0, 9.0 / 34.0]; 400];
        let half: Vec<u8> = (0..400).map(|at| u8::from(at % 2 == 0)).collect();
        let small = sample(&probabilities[..4], &[0, 1, 0, 0]);
        let found = fit(&[sample(&probabilities, &half), small]).temperature;
        assert!((found - 2.0).abs() < 1e-4, "{found}");
    }

    #[test]
    fn no_set_loses_more_than_its_share_and_one_loses_all_of_it() {
        let sets = [drawn(1_000, 1.0), drawn(3_000, 2.0)];
        let calibration = fit(&sets);
        let refused = sets.each_ref().map(|set| set.refused(&calibration));
        assert!(refused[0] <= 7 && refused[1] <= 21 && (refused[0] == 7 || refused[1] == 21), "{refused:?}");
    }

    #[test]
    fn what_shows_no_class_is_neither_learnt_from_nor_counted() {
        let all = sample(&[[0.9, 0.1], [0.9, 0.1], [0.8, 0.2], [0.01, 0.99]], &[0, 1, 0, 254]);
        let digits = sample(&[[0.9, 0.1], [0.9, 0.1], [0.8, 0.2]], &[0, 1, 0]);
        assert_eq!(fit(&[sample(&[[0.5, 0.5]], &[0]), all]), fit(&[sample(&[[0.5, 0.5]], &[0]), digits]));
        let strict = Calibration { threshold: Some(1.0), ..Calibration::default() };
        let all = sample(&[[0.9, 0.1], [0.01, 0.99]], &[0, 255]);
        assert_eq!((all.count(), all.refused(&strict)), (1, 1));
    }

    #[test]
    fn a_sample_without_mistakes_has_a_temperature_all_the_same() {
        let calibration = fit(&[sample(&[[1.0, 0.0], [0.25, 0.75]], &[0, 1])]);
        assert!(calibration.is_valid() && (calibration.temperature - 0.1).abs() < 1e-6, "{calibration:?}");
    }

    #[test]
    fn a_bin_has_its_images_their_mean_confidence_and_accuracy() {
        // In fifteenths 9.75, 14.25, 14.25 and 15.
        let sample = sample(&[[0.65, 0.35], [0.05, 0.95], [0.05, 0.95], [1.0, 0.0]], &[0, 1, 0, 0]);
        let bins = reliability(&sample, &Calibration::default());
        assert_eq!(
            bins.iter().map(|bin| bin.images).collect::<Vec<_>>(),
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 3]
        );
        let is_near = |found: f64, expected: f64| (found - expected).abs() < 1e-6;
        assert!(is_near(bins[9].confidence, 0.65) && is_near(bins[9].accuracy, 1.0), "{bins:?}");
        assert!(is_near(bins[14].confidence, 2.9 / 3.0) && is_near(bins[14].accuracy, 2.0 / 3.0), "{bins:?}");
        // 1/4 of 0.35 and 3/4 of 0.3.
        assert!(is_near(expected_error(&bins), 0.3125), "{}", expected_error(&bins));
    }
}
