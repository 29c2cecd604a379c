//! Cases of turning over what comes from the host.

use super::{Case, Expected, Inputs, Output, Prepared};
use crate::gpu::{Gpu, Recording, Tensor};
use crate::layers::turn::Pixel;
use crate::layers::{self, capacity};
use crate::reference;

/// Images of either kind of pixel.
pub fn turn(n: usize, features: usize) -> [Case; 2] {
    let bytes: Vec<u8> = (0..n * features).map(|at| (at * 31 % 256) as u8).collect();
    let numbers: Vec<f32> = bytes.iter().map(|byte| f32::from(*byte) / 256.0).collect();
    let expected = (reference::turn::bytes(&bytes), reference::turn::numbers(&numbers));
    [case("turn/bytes", bytes, expected.0, n), case("turn/numbers", numbers, expected.1, n)]
}

fn case<P: Pixel + Send + Sync>(operation: &'static str, images: Vec<P>, mut expected: Vec<f64>, n: usize) -> Case {
    let (features, shape) = (images.len() / n, format!("N {n}, {} pixels", images.len() / n));
    let (flops, bytes) = (images.len() as f64, images.len() as f64 * (4.0 + size_of::<P>() as f64));
    // What stands where there is no image is compared, too.
    expected.resize(features * capacity(n), 0.0);
    let prepare = Box::new(move |gpu: &Gpu| {
        let x = Inputs::new(gpu).output("x", features, n);
        let mut recording = Recording::new(gpu);
        let on_gpu = Tensor::new(gpu, "images", &images)?;
        layers::turn::forward::<P>(&mut recording, n, [&on_gpu, &x])?;
        let expected = Expected::Images { values: expected.clone(), n: capacity(n), tolerance: 1e-7 };
        Ok(Prepared { recording, outputs: vec![Output { tensor: x, expected }] })
    });
    Case { operation, shape, flops, bytes, prepare }
}
