//! Train a network of your own: two epochs on a part of MNIST, which is in the library:
//!
//! ```sh
//! cargo run --release --example train
//! ```

use std::error::Error;

use digits::gpu::{Gpu, Request};
use digits::mnist::Split;
use digits::model::Model;
use digits::network::{Network, Parameters, Shape};
use digits::recipe::Recipe;
use digits::reference::Optimiser;
use digits::reference::adam::Adam;
use digits::train::{Event, Job, Keep, TrainError, train};
use pollster::FutureExt as _;

const NETWORK: &str = "conv 4 9x9 relu | pool 6 | dropout 0.1 | dense 10";
const SEED: u32 = 0;
const LEARNING_RATE: f64 = 0.01;

pub fn main() -> Result<(), Box<dyn Error>> {
    let mut data = Split::embedded()?;
    data.training.truncate(5_000);
    data.validation.truncate(1_000);
    data.test.truncate(1_000);

    let network = Network::parse(Shape::MNIST, NETWORK)?;
    let optimiser = Optimiser::Adam(Adam::new(LEARNING_RATE));
    let recipe = Recipe { epochs: 2, batch: 32, optimiser, ..Recipe::seed() };
    let job = Job {
        parameters: Parameters::glorot(&network, SEED),
        network,
        plan: recipe.plan(data.training.count(), SEED),
        epochs: recipe.epochs,
        keep: Keep::Best,
        patience: None,
        steps_per_submit: None,
    };
    let gpu = Gpu::open(&Request::default()).block_on()?;
    let mut accuracy = 0.0;
    // Of what happens in a training, the ends of epochs and the test are told here.
    let tell = async |event: Event<'_>, _: &Model| -> Result<(), TrainError> {
        match event {
            Event::Progress(_) => {}
            Event::Epoch(epoch, ..) => println!("epoch {}: loss {:.3}", epoch.epoch, epoch.validation.loss),
            Event::Checkpoint(_) => {}
            Event::Test(test, _) => accuracy = test.score.accuracy,
        }
        Ok(())
    };
    train(&gpu, &job, data, tell).block_on()?;
    println!("{:.1} % of the test images", 100.0 * accuracy);
    assert!(accuracy > 0.8);
    Ok(())
}
