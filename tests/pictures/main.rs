//! Pictures as people have them, made of images that no model was trained on, and how many are read right. `cargo test --release
//! --test pictures -- --ignored --nocapture` makes more of them and prints the shares.

mod annotated;
mod forms;
mod images;
mod pages;
mod paper;
mod reading;
mod sheets;
