//! A recognizer of handwritten digits whose every forward and backward pass is a hand-written WGSL compute shader, run
//! through wgpu on any GPU, or on none through a software driver.
//!
//! Each of the modules below opens with what it is for. Read in this order, they are a book on how a small network is trained
//! and run on a GPU; an example in short is in [`network`], [`train`](train::train), [`model`], [`recognize`] and
//! [`ModelFile`](network::ModelFile), and whole ones are in `examples/`.
//!
//! # From a drawing to a digit
//!
//! A model file holds a network and its parameters; on a device they are a model; a recognizer runs it.
//!
//! ```
//! # use pollster::FutureExt as _;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use digits::gpu::{Gpu, Request};
//! use digits::model::Model;
//! use digits::network::{ModelFile, best};
//! use digits::pen::Strokes;
//! use digits::picture::normalise_strokes;
//! use digits::recognize::Recognizer;
//!
//! let drawing: Strokes = "30,40 70,40 68,60 52,80 45,130".parse()?;
//! let image = normalise_strokes(&drawing).ok_or("nothing is drawn")?;
//! let file = ModelFile::shipped();
//! let gpu = Gpu::open(&Request::default()).block_on()?;
//! let recognizer = Recognizer::new(&Model::new(&gpu, &file.network, &file.parameters)?, 1)?;
//! assert_eq!(best(&recognizer.recognize(&image).block_on()?), 7);
//! # Ok(())
//! # }
//! ```
//!
//! # The data
//!
//! - [`mnist`] reads and checks the images, [`datasets`] those of other sets.
//! - [`pen`] has drawings, stroke by stroke; [`picture`] finds the digits in pictures, and makes images like MNIST's of both.
//! - [`drawings`] are what people write and MNIST lacks, and what is no digit.
//! - [`augment`] says how training images are drawn anew; [`random`] draws every random number from a seed and a counter.
//!
//! # What is computed
//!
//! - [`network`] says what a network is, where its parameters lie, and how a file keeps them.
//! - [`mod@reference`] is the specification: what each operation computes, in plain loops.
//! - [`gpu`] is the only module that computes with wgpu. It joins the files under `shaders/` into kernels and binds them by
//!   name; [`layers`] says how each operation runs with them.
//!
//! # Training and running a network
//!
//! - [`model`] strings layers together, [`trainer`] makes a training step of them, [`mod@train`] arranges steps into epochs as a
//!   [`recipe`] says, and [`checkpoint`] keeps where it is.
//! - [`recognize`] runs a network, [`explain`] shows why it decides, [`predict`] reads whole pictures.
//! - [`evaluate`] asks how well it recognises, [`corrupt`] makes the images worse for that; [`calibrate`] makes its percentages
//!   true, [`teach`] adapts it to a few images more.
//!
//! # Trust, and what it costs
//!
//! - [`cases`] is one table of operations and shapes; [`selftest`] checks it, [`measure`] times it, [`samples`] are its times.
//!
//! # What people see
//!
//! - [`report`] prints, [`files`] writes, [`export`] makes models for other programs, [`import`] takes theirs; [`limits`] says what
//!   files may ask for.
//! - [`inspect`] looks a model over, [`figures`] draw what it finds, [`html`] makes pages of them, and [`mod@annotate`] shows what
//!   was read off a picture and why.
//! - [`session`] is a person with a model, behind window and page; [`platform`] is what differs between these two.
//!
//! Legend, in code and shaders alike: N batch, C channels, H x W image, F filters or units, KH x KW kernel; a gradient is
//! `d_` and the name of what it is the gradient by.

#![cfg_attr(target_arch = "wasm32", expect(clippy::arc_with_non_send_sync, reason = "a page's worker is one thread"))]

#[cfg(not(target_arch = "wasm32"))]
pub mod annotate;
pub mod augment;
pub mod calibrate;
pub mod cases;
#[cfg(not(target_arch = "wasm32"))]
pub mod checkpoint;
pub mod corrupt;
#[cfg(not(target_arch = "wasm32"))]
pub mod datasets;
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
pub mod limits;
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
