//! All pictures of docs/learn.

use super::svg::Picture;
use super::training::Trained;
use super::worked::Worked;
use super::{convolution, cores};

pub fn pictures(worked: &Worked, trained: &Trained) -> [Picture; 8] {
    [
        convolution::forward(worked),
        convolution::backward_weights(worked),
        convolution::backward_input(worked),
        convolution::pooling(worked),
        cores::tile(),
        cores::order(),
        trained.passes(),
        trained.adam(),
    ]
}
