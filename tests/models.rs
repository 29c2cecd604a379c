//! The model that the page loads, eight bits a weight, is the one that ships with the program, and nearly as good.

use digits::evaluate::Evaluator;
use digits::gpu::{Gpu, Request};
use digits::layers::batch::Images;
use digits::mnist::Split;
use digits::model::Model;
use digits::network::ModelFile;
use pollster::FutureExt as _;

const COMPACT: &[u8] = include_bytes!("../data/models/digits.compact.safetensors");

#[test]
fn the_compact_model_is_the_one_that_ships() {
    assert!(ModelFile::shipped().encode_compact().unwrap() == COMPACT, "make it anew: see data/models/README.md");
}

#[test]
fn the_compact_model_gets_at_most_two_images_of_ten_thousand_less() {
    let gpu = Gpu::open(&Request::default()).block_on().unwrap_or_else(|error| panic!("{error}"));
    let test = Split::embedded().unwrap().test;
    let images = Images::new(&gpu, &test.images, &test.labels).unwrap();
    let [exact, compact] = [ModelFile::shipped(), ModelFile::decode(COMPACT).unwrap()].map(|file| {
        let model = Model::new(&gpu, &file.network, &file.parameters).unwrap();
        let evaluation = Evaluator::new(&model, &images, 128).unwrap().run().block_on().unwrap();
        evaluation.accuracy(&test.labels)
    });
    assert!(compact > exact - 2.5e-4, "{compact} where the exact model has {exact}");
}
