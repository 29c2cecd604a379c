//! Central differences, the judge of every backward pass in the tests: (loss(x + h) - loss(x - h)) / 2h has an error of
//! order h^2 and knows nothing of how the gradient was derived.

use crate::random::{self, Stream};

/// The step h: h^2 and the rounding error 1e-16 / h are both far below the tolerance.
const STEP: f64 = 1e-5;
const TOLERANCE: f64 = 1e-8;

/// Asserts that `gradient` is the gradient of `loss` at `x`, in every entry.
pub fn assert_gradient(name: &str, x: &[f64], gradient: &[f64], loss: impl Fn(&[f64]) -> f64) {
    assert_eq!(x.len(), gradient.len(), "{name}");
    assert!(gradient.iter().any(|value| *value != 0.0), "{name}: a gradient of zeros proves nothing");
    let loss_at = |index: usize, offset: f64| {
        let mut x = x.to_vec();
        x[index] += offset;
        loss(&x)
    };
    for (index, &value) in gradient.iter().enumerate() {
        let difference = (loss_at(index, STEP) - loss_at(index, -STEP)) / (2.0 * STEP);
        let error = (value - difference).abs();
        assert!(error <= TOLERANCE * (1.0 + value.abs()), "{name}[{index}]: {value}, central difference {difference}");
    }
}

/// sum of a[i] b[i]. With fixed b it is a loss of y = a whose gradient d_y is b.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// `count` numbers between -1 and 1, others for each `salt`.
pub fn values(salt: u32, count: usize) -> Vec<f64> {
    let value = |index| 2.0 * f64::from(random::uniform(salt, Stream::Initialise { layer: 0 }, 0, index)) - 1.0;
    (0..count as u32).map(value).collect()
}
