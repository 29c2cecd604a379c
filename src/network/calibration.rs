//! What a network's probabilities are worth: a temperature makes them as often right as they say (Guo et al., "On Calibration
//! of Modern Neural Networks", 2017), and a threshold tells what shows none of the classes. [`crate::calibrate`] fits both.

use serde::{Deserialize, Serialize};

/// How a network's probabilities are to be read. The default takes them as they are, and everything for a digit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// What the logits are divided by before the softmax: above 1 where the network is surer than it may be.
    pub temperature: f32,
    /// An image whose [`score`] is below this shows no digit; without one every image shows one.
    pub threshold: Option<f32>,
}

/// What a network says of an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// `[classes]`, calibrated
    pub probabilities: Vec<f32>,
    /// Whether it shows one of the classes at all.
    pub is_digit: bool,
}

impl Default for Calibration {
    fn default() -> Calibration {
        Calibration { temperature: 1.0, threshold: None }
    }
}

impl Calibration {
    /// Whether both numbers can be what they are said to be.
    pub fn is_valid(&self) -> bool {
        let is_score = |threshold| (0.0..=1.0).contains(&threshold);
        self.temperature.is_normal() && self.temperature > 0.0 && self.threshold.is_none_or(is_score)
    }

    /// Judges an image by the `probabilities` of the classes that the network's softmax gives it, `[classes]`.
    pub fn judge(&self, mut probabilities: Vec<f32>) -> Judgement {
        let is_digit = self.threshold.is_none_or(|threshold| score(&probabilities) >= threshold);
        self.apply(&mut probabilities);
        Judgement { probabilities, is_digit }
    }

    /// Puts the softmax of the logits divided by the temperature in the place of the softmax of the logits, `[classes]`.
    ///
    /// ```text
    /// q[k] = p[k]^(1 / temperature) / sum over j of p[j]^(1 / temperature)
    /// ```
    pub fn apply(&self, probabilities: &mut [f32]) {
        // To the bit what the network says.
        if self.temperature == 1.0 {
            return;
        }
        let powers: Vec<f64> = powers(probabilities, self.temperature.into()).collect();
        let sum: f64 = powers.iter().sum();
        for (probability, power) in probabilities.iter_mut().zip(powers) {
            *probability = (power / sum) as f32;
        }
    }
}

/// How much an image looks like one of the classes, from 0 to 1, by the `probabilities` that the network's softmax gives it,
/// `[classes]`: the largest of them at a temperature of ten, where it counts, too, how the other classes differ (Liang et
/// al., "Enhancing the Reliability of Out-of-distribution Image Detection in Neural Networks", 2018).
pub fn score(probabilities: &[f32]) -> f32 {
    const TEMPERATURE: f64 = 10.0;
    (1.0 / powers(probabilities, TEMPERATURE).sum::<f64>()) as f32
}

/// `probabilities` to the power of `1 / temperature`, each divided by the largest, lest all vanish.
fn powers(probabilities: &[f32], temperature: f64) -> impl Iterator<Item = f64> {
    let largest = f64::from(probabilities.iter().copied().fold(0.0, f32::max));
    probabilities.iter().map(move |probability| ((f64::from(*probability) / largest).ln() / temperature).exp())
}

/// The most probable class, the first of several.
pub fn best(probabilities: &[f32]) -> usize {
    let is_better = |best, class| if probabilities[class] > probabilities[best] { class } else { best };
    (0..probabilities.len()).fold(0, is_better)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calibration(temperature: f32, threshold: Option<f32>) -> Calibration {
        Calibration { temperature, threshold }
    }

    #[track_caller]
    fn assert_becomes(temperature: f32, mut probabilities: Vec<f32>, expected: &[f32]) {
        calibration(temperature, None).apply(&mut probabilities);
        for (found, expected) in probabilities.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{probabilities:?}");
        }
    }

    #[test]
    fn a_temperature_of_two_takes_square_roots_and_one_half_squares() {
        assert_becomes(2.0, vec![0.64, 0.32, 0.04], &[0.8 / 1.565_685_4, 0.565_685_4 / 1.565_685_4, 0.2 / 1.565_685_4]);
        assert_becomes(0.5, vec![0.5, 0.3, 0.2], &[25.0 / 38.0, 9.0 / 38.0, 4.0 / 38.0]);
    }

    #[test]
    fn classes_without_a_chance_stay_so_and_tiny_ones_do_not_vanish() {
        assert_becomes(3.0, vec![1.0, 0.0, 0.0], &[1.0, 0.0, 0.0]);
        // 1e-30 to the power of 1/10.
        assert_becomes(10.0, vec![1.0, 1e-30, 0.0], &[1.0 / 1.001, 0.001 / 1.001, 0.0]);
        assert_becomes(0.01, vec![0.25; 4], &[0.25; 4]);
    }

    #[test]
    fn the_default_changes_no_bit_and_refuses_nothing() {
        let probabilities = vec![0.1 + 0.2, 0.4, 0.300_000_1];
        let judged = Calibration::default().judge(probabilities.clone());
        assert_eq!(judged, Judgement { probabilities, is_digit: true });
    }

    #[test]
    fn the_score_is_the_largest_probability_at_a_temperature_of_ten() {
        // The tenth root of 1024 is 2.
        assert!((score(&[1024.0 / 1026.0, 1.0 / 1026.0, 1.0 / 1026.0]) - 0.5).abs() < 1e-6);
        assert!((score(&[0.25; 4]) - 0.25).abs() < 1e-6);
        assert_eq!(score(&[0.0, 1.0, 0.0]), 1.0);
    }

    #[test]
    fn no_digit_is_what_scores_below_the_threshold_whatever_the_temperature() {
        for temperature in [0.5, 1.0, 2.0] {
            let judge = |threshold| calibration(temperature, threshold).judge(vec![1024.0 / 1025.0, 1.0 / 1025.0]);
            assert!(judge(None).is_digit && judge(Some(0.66)).is_digit);
            assert!(!judge(Some(0.67)).is_digit);
        }
    }

    #[test]
    fn numbers_that_cannot_be_a_calibration_are_not_valid() {
        assert!(calibration(0.5, Some(0.0)).is_valid() && calibration(2.0, Some(1.0)).is_valid());
        for temperature in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            assert!(!calibration(temperature, None).is_valid(), "{temperature}");
        }
        for threshold in [-0.1, 1.1, f32::NAN] {
            assert!(!calibration(1.0, Some(threshold)).is_valid(), "{threshold}");
        }
    }
}
