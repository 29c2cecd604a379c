//! The reference's gradients, at the shapes that the GPU is tested at, agree with central differences of its forward
//! passes. (The unit tests beside the reference check more shapes and every entry.)

use digits::cases::{CONVS, DENSES, POOLS};
use digits::random::{Stream, uniform};
use digits::reference::{conv, dense, pool};

const STEP: f64 = 1e-5;

/// `count` numbers in [-1, 1), no two of them within a step of each other in practice, so that no maximum changes hands.
fn values(salt: u32, count: usize) -> Vec<f64> {
    (0..count as u32).map(|at| f64::from(uniform(salt, Stream::Shuffle, 1, at)) * 2.0 - 1.0).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Compares up to 40 entries, spread over the gradient, with differences of `loss`.
#[track_caller]
fn agrees(name: &str, x: &[f64], gradient: &[f64], loss: impl Fn(&[f64]) -> f64) {
    assert_eq!(x.len(), gradient.len(), "{name}");
    for at in (0..x.len()).step_by(x.len().div_ceil(40)) {
        let moved = |by: f64| {
            let mut x = x.to_vec();
            x[at] += by;
            loss(&x)
        };
        let difference = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
        let error = (difference - gradient[at]).abs();
        assert!(error < 1e-7 * (1.0 + difference.abs()), "{name}[{at}]: {} is not {difference}", gradient[at]);
    }
}

#[test]
fn conv_gradients_of_the_table_agree_with_finite_differences() {
    for shape in CONVS {
        let [oh, ow] = shape.output();
        let x = values(1, shape.n * shape.c * shape.h * shape.w);
        let w = values(2, shape.f * shape.c * shape.kernel[0] * shape.kernel[1]);
        let b = values(3, shape.f);
        let d_y = values(4, shape.n * shape.f * oh * ow);
        let (d_w, d_b) = conv::backward_weights(&d_y, &x, &shape);
        let d_x = conv::backward_input(&d_y, &w, &shape);
        agrees(&format!("d_x of {shape:?}"), &x, &d_x, |x| dot(&conv::forward(x, &w, &b, &shape), &d_y));
        agrees(&format!("d_w of {shape:?}"), &w, &d_w, |w| dot(&conv::forward(&x, w, &b, &shape), &d_y));
        agrees(&format!("d_b of {shape:?}"), &b, &d_b, |b| dot(&conv::forward(&x, &w, b, &shape), &d_y));
    }
}

#[test]
fn dense_gradients_of_the_table_agree_with_finite_differences() {
    for shape in DENSES {
        let (x, w) = (values(1, shape.n * shape.inputs), values(2, shape.units * shape.inputs));
        let (b, d_y) = (values(3, shape.units), values(4, shape.n * shape.units));
        let (d_w, d_b) = dense::backward_weights(&d_y, &x, &shape);
        let d_x = dense::backward_input(&d_y, &w, &shape);
        agrees(&format!("d_x of {shape:?}"), &x, &d_x, |x| dot(&dense::forward(x, &w, &b, &shape), &d_y));
        agrees(&format!("d_w of {shape:?}"), &w, &d_w, |w| dot(&dense::forward(&x, w, &b, &shape), &d_y));
        agrees(&format!("d_b of {shape:?}"), &b, &d_b, |b| dot(&dense::forward(&x, &w, b, &shape), &d_y));
    }
}

#[test]
fn pool_gradients_of_the_table_agree_with_finite_differences() {
    for shape in POOLS {
        let [oh, ow] = shape.output();
        let (x, d_y) = (values(1, shape.n * shape.c * shape.h * shape.w), values(4, shape.n * shape.c * oh * ow));
        let d_x = pool::backward(&d_y, &x, &shape);
        agrees(&format!("d_x of {shape:?}"), &x, &d_x, |x| dot(&pool::forward(x, &shape), &d_y));
    }
}
