//! The worked example of docs/learn, small enough for a pencil: one image of 4 x 4, one filter of 3 x 3. All that is derived here
//! comes from the reference, even the matrices of which the passes are products.

use digits::reference::conv::{self, ConvShape};
use digits::reference::pool::{self, PoolShape};
use digits::reference::{relu, relu_backward};

pub const SHAPE: ConvShape =
    ConvShape { n: 1, c: 1, h: 4, w: 4, f: 1, kernel: [3, 3], padding: [0, 0], stride: 1, crop: [0, 0] };
pub const POOL: PoolShape = PoolShape { n: 1, c: 1, h: 2, w: 2, size: 2 };

/// `[H, W]`, a stroke that leans.
pub const X: [f64; 16] = [0., 1., 2., 0., 0., 2., 1., 0., 1., 2., 0., 0., 2., 1., 0., 0.];
/// `[KH, KW]`
pub const W: [f64; 9] = [1., 2., -1., 0., 1., -1., -1., 0., 1.];
pub const BIAS: f64 = -1.;
/// `[H', W']`, the gradient that arrives from above.
pub const D_Y: [f64; 4] = [1., 2., 3., -1.];
/// The same where a pooling stands between: of its one output.
pub const D_POOLED: f64 = 2.;

/// What the reference makes of these.
pub struct Worked {
    /// `[H', W']`
    pub y: Vec<f64>,
    /// `[KH KW + 1, H' W']`: what each weight meets in each sum; in the last row, that of the bias, ones.
    pub patches: Vec<f64>,
    /// `[KH, KW]`
    pub d_w: Vec<f64>,
    pub d_bias: f64,
    /// `[H, W]`
    pub d_x: Vec<f64>,
    /// `[KH KW, H W]`: the gradient that each weight hands to each pixel, before it is weighted.
    pub d_patches: Vec<f64>,
    /// `[H', W']`, after the ReLU.
    pub activations: Vec<f64>,
    pub pooled: f64,
    /// Which of the window's four it is.
    pub winner: usize,
    /// `[H', W']`, of [`D_POOLED`].
    pub d_sums: Vec<f64>,
}

impl Worked {
    pub fn new() -> Worked {
        let y = conv::forward(&X, &W, &[BIAS], &SHAPE);
        let alone = |tap| -> Vec<f64> { (0..W.len()).map(|k| if k == tap { 1.0 } else { 0.0 }).collect() };
        let taps = 0..W.len();
        let mut patches: Vec<f64> =
            taps.clone().flat_map(|tap| conv::forward(&X, &alone(tap), &[0.0], &SHAPE)).collect();
        patches.extend(conv::forward(&X, &[0.0; W.len()], &[1.0], &SHAPE));
        let d_patches = taps.flat_map(|tap| conv::backward_input(&D_Y, &alone(tap), &SHAPE)).collect();
        let (d_w, d_bias) = conv::backward_weights(&D_Y, &X, &SHAPE);
        let activations = relu(&y);
        let d_sums = relu_backward(&pool::backward(&[D_POOLED], &activations, &POOL), &activations);
        Worked {
            patches,
            d_w,
            d_bias: d_bias[0],
            d_x: conv::backward_input(&D_Y, &W, &SHAPE),
            d_patches,
            pooled: pool::forward(&activations, &POOL)[0],
            winner: pool::argmax(&activations, &POOL)[0],
            activations,
            d_sums,
            y,
        }
    }

    /// The weights and behind them the bias: a row of A.
    pub fn row(&self) -> Vec<f64> {
        W.into_iter().chain([BIAS]).collect()
    }
}

/// A whole number as a person writes it.
pub fn number(value: f64) -> String {
    let sign = if value < 0.0 { "−" } else { "" };
    format!("{sign}{}", value.abs())
}

/// A product of two numbers, to be added to others.
pub fn term(a: f64, b: f64) -> String {
    let factor = |value| if value < 0.0 { format!("({})", number(value)) } else { number(value) };
    format!("{}·{}", factor(a), factor(b))
}
