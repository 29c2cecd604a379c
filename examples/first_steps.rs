//! The mean losses of the first steps of a training by the reference, in `f64`: what every GPU, in a program or in a page, must
//! come near. Its output is data/golden/first_steps.json, which takes a minute:
//!
//! ```sh
//! cargo run --release --example first_steps > data/golden/first_steps.json
//! ```

use digits::layers::capacity;
use digits::mnist::{PIXELS, Split};
use digits::network::{Network, Parameters, SEED, Shape};
use digits::random;
use digits::reference::adam::Adam;
use digits::reference::{Model, Optimiser, batch};
use serde_json::json;

const IMAGES: usize = 640;
const BATCH: usize = 32;
const LEARNING_RATE: f64 = 1e-3;
const SEED_NUMBER: u32 = 0;

fn main() {
    let network = Network::parse(Shape::MNIST, SEED).expect("the seed network is a network");
    let training = Split::embedded().expect("MNIST is in the program").training;
    let order = random::shuffle(SEED_NUMBER, 0, IMAGES as u32);
    let gather = |picks| batch::gather(&training.images, &training.labels, picks, PIXELS);
    let batches: Vec<_> = order.chunks(BATCH).map(gather).collect();
    let mut model = Model::new(&network, &Parameters::glorot(&network, SEED_NUMBER));
    let adam = Optimiser::Adam(Adam::new(LEARNING_RATE));
    let losses = model.train(&batches, adam, SEED_NUMBER, capacity(BATCH));
    let steps = json!({
        "network": SEED,
        "images": IMAGES,
        "batch": BATCH,
        "learning_rate": LEARNING_RATE,
        "seed": SEED_NUMBER,
        "losses": losses,
    });
    println!("{steps:#}");
}
