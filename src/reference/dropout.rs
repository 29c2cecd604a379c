//! Dropout in its inverted form: in training each unit is zero with probability `rate` and the others are divided by
//! 1 - `rate`, so that the expectation stays and recognition needs no change (Srivastava et al., "Dropout: A Simple Way
//! to Prevent Neural Networks from Overfitting", 2014).

use crate::random::{self, Stream};

/// The draw of one dropout layer in one training step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// The probability of zero, from 0 to below 1.
    pub rate: f32,
    /// The seed of the training.
    pub seed: u32,
    /// The index of the layer in its network.
    pub layer: u32,
    /// The number of the training step, from 0.
    pub step: u32,
    /// Units of one image, C * H * W.
    pub features: usize,
    /// The images that a batch has room for: at least the batch size, also when this batch is a shorter one.
    /// The GPU stores the images of a unit side by side, and the random numbers are counted the same way.
    pub capacity: usize,
}

/// The units that are kept, scaled.
///
/// ```text
/// y[n, unit] = x[n, unit] / (1 - rate) where the unit is kept, else 0
///
/// x [N, features] -> y [N, features]
/// ```
pub fn forward(x: &[f64], dropout: &Dropout) -> Vec<f64> {
    let keep_or_drop = |(index, x): (usize, &f64)| {
        if dropout.keeps(index / dropout.features, index % dropout.features) {
            x / (1.0 - f64::from(dropout.rate))
        } else {
            0.0
        }
    };
    x.iter().enumerate().map(keep_or_drop).collect()
}

/// The gradient by the input: the same function of d_y, since each y is its x times a number.
///
/// ```text
/// d_x[n, unit] = d_y[n, unit] / (1 - rate) where the unit is kept, else 0
///
/// d_y [N, features] -> d_x [N, features]
/// ```
pub fn backward(d_y: &[f64], dropout: &Dropout) -> Vec<f64> {
    forward(d_y, dropout)
}

impl Dropout {
    /// Whether `unit` of `image` is kept.
    pub fn keeps(&self, image: usize, unit: usize) -> bool {
        let index = (unit * self.capacity + image) as u32;
        random::word(self.seed, Stream::Dropout { layer: self.layer }, self.step, index) >= self.threshold()
    }

    /// Random words from here on keep their unit: rate * 2^32.
    pub fn threshold(&self) -> u32 {
        (f64::from(self.rate) * 2f64.powi(32)) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::super::differences::{assert_gradient, dot, values};
    use super::*;

    const DROPOUT: Dropout = Dropout { rate: 0.25, seed: 5, layer: 4, step: 9, features: 7, capacity: 4 };

    #[test]
    fn dropout_backward_agrees_with_finite_differences() {
        let (x, d_y) = (values(1, 21), values(2, 21));
        assert_gradient("d_x", &x, &backward(&d_y, &DROPOUT), |x| dot(&forward(x, &DROPOUT), &d_y));
    }

    #[test]
    fn dropout_keeps_the_expectation_and_drops_at_its_rate() {
        let dropout = Dropout { features: 1000, capacity: 100, ..DROPOUT };
        let y = forward(&vec![1.0; 100_000], &dropout);
        let dropped = y.iter().filter(|y| **y == 0.0).count() as f64 / y.len() as f64;
        assert!((dropped - 0.25).abs() < 0.005, "{dropped}");
        assert!(y.iter().all(|y| *y == 0.0 || *y == 1.0 / 0.75));
    }

    #[test]
    fn dropout_counts_its_random_words_unit_by_unit_with_room_for_a_whole_batch() {
        let y = forward(&[0.75; 21], &DROPOUT);
        for (image, unit) in (0..3).flat_map(|image| (0..7).map(move |unit| (image, unit))) {
            let word = random::word(5, Stream::Dropout { layer: 4 }, 9, (unit * 4 + image) as u32);
            assert_eq!(y[image * 7 + unit], if word < 1 << 30 { 0.0 } else { 1.0 }, "unit {unit} of image {image}");
        }
    }

    #[test]
    fn dropout_draws_anew_for_each_step_layer_and_seed() {
        let x = vec![1.0; 70];
        let first = forward(&x, &DROPOUT);
        assert_ne!(first, forward(&x, &Dropout { step: 10, ..DROPOUT }));
        assert_ne!(first, forward(&x, &Dropout { layer: 5, ..DROPOUT }));
        assert_ne!(first, forward(&x, &Dropout { seed: 6, ..DROPOUT }));
    }

    #[test]
    fn dropout_of_rate_zero_is_the_identity() {
        let x = values(1, 70);
        assert_eq!(forward(&x, &Dropout { rate: 0.0, ..DROPOUT }), x);
    }
}
