//! A recognizer of handwritten digits whose every forward and backward pass is a hand-written WGSL compute shader, run
//! through wgpu on any GPU, or on none through a software driver.
//!
//! A tour, in the order in which the data flow:
//!
//! 1. [`mnist`] reads and checks the images; [`pen`] has drawings, stroke by stroke, [`picture`] finds the digits in pictures, and makes images like MNIST's of both; [`network`] says what a
//!    network is and where its parameters lie; [`drawings`] are what people write and MNIST lacks, and what is no digit; [`augment`] how training images
//!    are drawn anew; [`random`] draws every random number from a seed and a counter.
//! 2. [`mod@reference`] is the specification: what each operation computes, in plain loops.
//! 3. [`gpu`] is the only module that computes with wgpu. It joins the files under `shaders/` into kernels and binds them
//!    by name; [`layers`] says how each operation runs with them.
//! 4. [`model`] strings layers together, [`trainer`] makes a training step of them, [`train`] arranges steps into epochs,
//!    [`recognize`] runs a network and [`explain`] shows why it decides, [`evaluate`] asks how well it recognises, [`corrupt`]
//!    makes the images worse for that, [`teach`] adapts it to a few images more, [`calibrate`] makes its percentages true.
//! 5. [`cases`] is one table of operations and shapes; [`selftest`] checks it, [`measure`] times it, [`report`] prints,
//!    [`files`] writes, [`export`] makes models for other programs, [`import`] takes theirs; [`inspect`] looks a model over, [`figures`] draw what it finds, [`html`] makes pages of them, and
//!    [`mod@annotate`] shows what was read off a picture and why.
//! 6. [`samples`] are times of the same work; [`platform`] is what differs between a program and a page in a browser, which are doors on the same engine.
//!
//! Legend, in code and shaders alike: N batch, C channels, H x W image, F filters or units, KH x KW kernel; a gradient is
//! `d_` and the name of what it is the gradient by.

#![cfg_attr(target_arch = "wasm32", expect(clippy::arc_with_non_send_sync, reason = "a page's worker is one thread"))]

#[cfg(not(target_arch = "wasm32"))]
pub mod annotate;
pub mod augment;
pub mod calibrate;
pub mod cases;
pub mod corrupt;
#[cfg(not(target_arch = "wasm32"))]
pub mod drawings;
pub mod evaluate;
pub mod explain;
#[cfg(not(target_arch = "wasm32"))]
pub mod export;
#[cfg(not(target_arch = "wasm32"))]
pub mod figures;
pub mod files;
pub mod gpu;
#[cfg(not(target_arch = "wasm32"))]
pub mod html;
#[cfg(not(target_arch = "wasm32"))]
pub mod import;
#[cfg(not(target_arch = "wasm32"))]
pub mod inspect;
pub mod layers;
pub mod measure;
pub mod mnist;
pub mod model;
pub mod network;
pub mod pen;
pub mod picture;
pub mod platform;
pub mod predict;
pub mod random;
pub mod recipe;
pub mod recognize;
pub mod reference;
#[cfg(not(target_arch = "wasm32"))]
pub mod report;
pub mod samples;
pub mod selftest;
pub mod session;
pub mod teach;
pub mod train;
pub mod trainer;
#[cfg(feature = "window")]
pub mod window;
