//! A recognizer of handwritten digits whose every forward and backward pass is a WGSL compute shader.

pub mod cases;
pub mod evaluate;
pub mod gpu;
pub mod layers;
pub mod measure;
pub mod mnist;
pub mod model;
pub mod network;
pub mod random;
pub mod reference;
pub mod report;
pub mod selftest;
pub mod train;
pub mod trainer;
