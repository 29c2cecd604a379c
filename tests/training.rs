//! A whole training on the GPU: it follows PyTorch and the reference step by step, learns, and repeats itself to the bit.

use std::sync::Arc;
use std::time::Duration;

use digits::augment::Augment;
use digits::cases::{self, Verdict};
use digits::evaluate::Evaluator;
use digits::gpu::{Choices, Core, Gpu, Matrices, Operands, Origin, Precision, Request, Settings, Tiles, Tuner};
use digits::layers::batch::Images;
use digits::layers::capacity;
use digits::mnist::{DataSet, PIXELS, Split};
use digits::network::{Network, Parameters, Shape};
use digits::random;
use digits::reference::adam::Adam;
use digits::reference::augment::Draw;
use digits::reference::golden::Golden;
use digits::reference::schedule::Schedule;
use digits::reference::sgd::Sgd;
use digits::reference::{self, Optimiser, batch, update};
use digits::train::{Event, Job, Keep, TrainError, train};
use digits::trainer::{Plan, Trainer};
use pollster::FutureExt as _;

const SMALL: &str =
    "conv 4 3x3 relu | pool 2 | conv 6 3x3 same relu | pool 2 | dropout 0.25 | dense 20 relu | dense 10";

fn gpu() -> Gpu {
    Gpu::open(&Request::default()).block_on().unwrap_or_else(|error| panic!("{error}"))
}

/// The same device with each of its cores, and with cooperative matrices, which it may not have, emulated; those of GPUs read
/// buffers, as they do there.
fn every_core(gpu: &Gpu) -> Vec<Gpu> {
    let lanes = gpu.info().subgroup_max_size;
    let emulated = Core::Cooperative { lanes, size: 16, matrices: Matrices::Emulated };
    let settings = |core| match core {
        Core::Broadcast { .. } => Settings { core, ..gpu.settings() },
        Core::Tile | Core::Cooperative { .. } => Settings { core, operands: Operands::Buffers, ..gpu.settings() },
    };
    gpu.cores().into_iter().chain([emulated]).map(|core| gpu.with(settings(core))).collect()
}

fn digits(count: usize) -> DataSet {
    let training = Split::embedded().unwrap().training;
    DataSet { images: training.images[..count * PIXELS].to_vec(), labels: training.labels[..count].to_vec() }
}

fn trainer(gpu: &Gpu, network: &Network, data: &DataSet, plan: &Plan) -> Trainer {
    let images = Images::new(gpu, &data.images, &data.labels).unwrap();
    let mut trainer = Trainer::new(gpu, network, &Parameters::glorot(network, plan.seed), &images, plan).unwrap();
    trainer.begin_epoch(0).unwrap();
    trainer
}

fn mean(losses: &[f32]) -> f64 {
    losses.iter().copied().map(f64::from).sum::<f64>() / losses.len() as f64
}

#[track_caller]
fn assert_near(name: &str, ours: &[f32], expected: &[f64], tolerance: f64) {
    assert_eq!(ours.len(), expected.len(), "{name}");
    for (at, (ours, expected)) in ours.iter().zip(expected).enumerate() {
        let error = (f64::from(*ours) - expected).abs();
        assert!(error <= tolerance, "{name}[{at}] is {ours}, the reference has {expected}");
    }
}

#[test]
fn three_adam_steps_give_the_losses_gradients_and_parameters_of_pytorch() {
    for gpu in every_core(&gpu()) {
        let verdict = cases::golden(&gpu, &Golden::open()).block_on().unwrap();
        assert!(matches!(verdict, Verdict::Agrees { .. }), "{:?}: {verdict:?}", gpu.settings());
    }
}

/// So many steps of `n` images, on each core.
fn steps_agree(text: &str, steps: usize, n: usize, optimiser: Optimiser) {
    planned_steps_agree(text, steps, &Plan::new(n, optimiser, 3));
}

/// So many steps by `plan`, on each core: their losses, and the mean of their weights.
fn planned_steps_agree(text: &str, steps: usize, plan: &Plan) {
    an_epoch_agrees(text, steps * plan.batch, plan);
}

/// The steps of an epoch of so many images, whose last batch may be a shorter one.
fn an_epoch_agrees(text: &str, count: usize, plan: &Plan) {
    let (n, steps) = (plan.batch, count.div_ceil(plan.batch));
    let network = Network::parse(Shape::MNIST, text).unwrap();
    let data = digits(count);
    let order = random::shuffle(plan.seed, 0, count as u32);
    let mut batches: Vec<_> =
        order.chunks(n).map(|picks| batch::gather(&data.images, &data.labels, picks, PIXELS)).collect();
    for (step, (batch, picks)) in batches.iter_mut().zip(order.chunks(n)).enumerate() {
        let draw = |(place, pick): (usize, &u32)| {
            let draw = Draw { seed: plan.seed, step: step as u32, place: place as u32 };
            reference::augment::forward(data.image(*pick as usize), [28, 28], &plan.augment, draw)
        };
        batch.images = picks.iter().enumerate().flat_map(draw).collect();
    }
    let mut reference = reference::Model::new(&network, &Parameters::glorot(&network, plan.seed));
    reference.smoothing = plan.smoothing;
    let (mut expected, mut average) = (Vec::new(), reference.parameters.clone());
    for (t, batch) in (1..).zip(batches) {
        let optimiser = plan.optimiser.with_learning_rate(plan.optimiser.learning_rate() * plan.schedule.share(t));
        expected.extend(reference.train(&[batch], optimiser, plan.seed, capacity(n)));
        update::average(&mut average, &reference.parameters, t, plan.average.unwrap_or(0.0));
    }
    for gpu in every_core(&gpu()) {
        let mut trainer = trainer(&gpu, &network, &data, plan);
        let losses = trainer.run(steps).block_on().unwrap();
        let means: Vec<f32> = losses.chunks(n).map(|losses| mean(losses) as f32).collect();
        let tolerance = match gpu.settings().core.precision() {
            Precision::Single => 1e-4,
            // Products are off by up to 2^-10 of themselves, and ten steps away from each other.
            Precision::Mixed => 1e-2,
        };
        assert_near("losses", &means, &expected, tolerance);
        if gpu.settings().core.precision() == Precision::Single {
            let found = trainer.result().read_parameters().block_on().unwrap().values;
            assert_near("the parameters to keep", &found, &average, 1e-4);
        }
    }
}

#[test]
fn ten_steps_give_the_ten_losses_of_the_reference() {
    steps_agree(SMALL, 10, 7, Optimiser::Adam(Adam::new(1e-3)));
    steps_agree(SMALL, 10, 7, Optimiser::Sgd(Sgd { learning_rate: 0.02, momentum: 0.9 }));
}

#[test]
fn schedule_weight_decay_smoothing_and_average_give_the_losses_and_the_weights_of_the_reference() {
    let adam = Adam { beta1: 0.8, beta2: 0.9, weight_decay: 0.2, ..Adam::new(4e-3) };
    let schedule = Schedule { rise: 3, fall: 7 };
    let plan = Plan::new(7, Optimiser::Adam(adam), 3);
    planned_steps_agree(SMALL, 10, &Plan { schedule, smoothing: 0.2, average: Some(0.6), ..plan });
    let sgd = Sgd { learning_rate: 0.05, momentum: 0.9 };
    let plan = Plan::new(7, Optimiser::Sgd(sgd), 3);
    planned_steps_agree(SMALL, 10, &Plan { schedule, average: Some(0.9), ..plan });
}

/// A kernel of its own drops the images and what was dropped already; the gradient by a linear layer's dropout draws anew.
#[test]
fn dropout_wherever_it_stands_gives_the_losses_of_the_reference() {
    let text = "dropout 0.1 | conv 4 3x3 relu | dropout 0.2 | conv 6 3x3 | dropout 0.2 | pool 2 | dropout 0.2 | dropout 0.1 \
                | dense 20 relu | dropout 0.3 | dense 10";
    steps_agree(text, 3, 9, Optimiser::Adam(Adam::new(1e-3)));
    steps_agree("dropout 0.1 | dense 10", 3, 2, Optimiser::Adam(Adam::new(1e-3)));
}

#[test]
fn steps_of_convolutions_with_strides_give_the_losses_of_the_reference() {
    let text = "conv 4 3x3 same stride 2 relu | pool 2 | conv 6 3x3 same relu | conv 5 3x1 stride 3 | dense 10";
    steps_agree(text, 3, 9, Optimiser::Adam(Adam::new(1e-3)));
}

/// Behind a convolution and before its pooling, behind others and first of all, with dropout beside it; the last batch is shorter.
#[test]
fn batch_normalisation_wherever_it_stands_gives_the_losses_and_statistics_of_the_reference() {
    let text = "batchnorm | conv 4 3x3 | batchnorm relu | pool 2 | conv 6 3x3 relu | batchnorm | dropout 0.2 | pool 2 | batchnorm \
                | dense 20 | batchnorm relu | dropout 0.3 | batchnorm | dense 10";
    // Adam would make steps of the rounding errors in gradients by biases that the next normalisation takes off again.
    let plan = Plan::new(9, Optimiser::Sgd(Sgd { learning_rate: 0.02, momentum: 0.9 }), 3);
    an_epoch_agrees(text, 4 * 9 - 2, &Plan { average: Some(0.6), ..plan });
    an_epoch_agrees("batchnorm | dense 10", 15, &plan);
}

#[test]
fn augmented_steps_draw_each_image_anew_by_its_step_and_place() {
    let augment = Augment::parse("rotate 20 | shift 3 | elastic 2 | noise 0.1").unwrap();
    planned_steps_agree("dense 10", 3, &Plan { augment, ..Plan::new(5, Optimiser::Adam(Adam::new(1e-2)), 3) });
}

#[test]
fn steps_of_many_images_which_go_winograds_way_on_software_drivers_give_the_losses_of_the_reference() {
    steps_agree(SMALL, 3, 29, Optimiser::Adam(Adam::new(1e-3)));
}

#[test]
fn the_first_twenty_steps_give_the_losses_that_the_page_must_give() {
    let expected: serde_json::Value = serde_json::from_str(include_str!("../data/golden/first_steps.json")).unwrap();
    let number = |name: &str| expected[name].as_u64().unwrap();
    let losses: Vec<f64> = expected["losses"].as_array().unwrap().iter().map(|loss| loss.as_f64().unwrap()).collect();
    let network = Network::parse(Shape::MNIST, expected["network"].as_str().unwrap()).unwrap();
    let adam = Adam::new(expected["learning_rate"].as_f64().unwrap());
    let n = number("batch") as usize;
    let plan = Plan::new(n, Optimiser::Adam(adam), number("seed") as u32);
    let mut trainer = trainer(&gpu(), &network, &digits(number("images") as usize), &plan);
    let found = trainer.run(losses.len()).block_on().unwrap();
    let means: Vec<f32> = found.chunks(n).map(|losses| mean(losses) as f32).collect();
    assert_near("losses", &means, &losses, 1e-4);
}

#[test]
fn one_batch_is_learned_by_heart() {
    let network = Network::parse(Shape::MNIST, "conv 8 3x3 relu | pool 2 | dense 30 relu | dense 10").unwrap();
    let plan = Plan::new(32, Optimiser::Adam(Adam::new(3e-3)), 1);
    let mut trainer = trainer(&gpu(), &network, &digits(32), &plan);
    let first = mean(&trainer.run(1).block_on().unwrap());
    for epoch in 1..60 {
        trainer.begin_epoch(epoch).unwrap();
        trainer.run(1).block_on().unwrap();
    }
    trainer.begin_epoch(60).unwrap();
    let last = mean(&trainer.run(1).block_on().unwrap());
    assert!(first > 2.0 && last < 0.02, "the loss went from {first} to {last}");
}

#[test]
fn one_seed_gives_the_same_bits_whatever_a_submit_holds() {
    let network = Network::parse(Shape::MNIST, SMALL).unwrap();
    let (gpu, data) = (gpu(), digits(500));
    let augment = Augment::parse("rotate 12 | elastic 1 | noise 0.1").unwrap();
    let plan = Plan { augment, ..Plan::new(30, Optimiser::Adam(Adam::new(1e-3)), 5) };
    let run = |plan: &Plan, submits: &[usize]| {
        let mut trainer = trainer(&gpu, &network, &data, plan);
        let losses: Vec<u32> =
            submits.iter().flat_map(|steps| trainer.run(*steps).block_on().unwrap()).map(f32::to_bits).collect();
        let parameters: Vec<u32> = trainer.model().parameters().read(&gpu).block_on().unwrap();
        (losses, parameters)
    };
    // 17 steps, the last of 20 images.
    let all = run(&plan, &[17]);
    assert_eq!(all.0.len(), 500);
    assert!(all == run(&plan, &[17]), "two runs differ");
    assert!(all == run(&plan, &[1; 17]), "a step a submit differs from all steps in one");
    assert!(all == run(&plan, &[16, 1]), "sixteen steps a submit differ from all in one");
    let four_on_their_way = {
        let mut trainer = trainer(&gpu, &network, &data, &plan);
        let submits = [1, 4, 4, 8].map(|steps| trainer.submit(steps).unwrap());
        let losses = submits.into_iter().flat_map(|losses| losses.finish().block_on().unwrap()).map(f32::to_bits);
        let losses: Vec<u32> = losses.collect();
        (losses, trainer.model().parameters().read(&gpu).block_on().unwrap())
    };
    assert!(all == four_on_their_way, "four submits on their way differ from one");
    for longest in [Duration::from_secs(3), Duration::from_nanos(u64::MAX)] {
        let mut trainer = trainer(&gpu, &network, &data, &plan);
        trainer.step().expect(longest);
        let losses: Vec<u32> = trainer.run(17).block_on().unwrap().into_iter().map(f32::to_bits).collect();
        let in_pieces = (losses, trainer.model().parameters().read(&gpu).block_on().unwrap());
        assert!(all == in_pieces, "steps that may take {longest:?} and go in pieces differ");
    }
    assert!(all != run(&Plan { seed: 6, ..plan }, &[17]), "another seed gives the same");
}

#[test]
fn what_is_told_of_an_epoch_does_not_depend_on_what_a_submit_holds() {
    let told = |steps: usize| {
        let mut data = Split::embedded().unwrap();
        data.training.truncate(500);
        data.validation.truncate(50);
        data.test.truncate(50);
        let network = Network::parse(Shape::MNIST, "dense 12 relu | dense 10").unwrap();
        let parameters = Parameters::glorot(&network, 0);
        let plan = Plan::new(30, Optimiser::Adam(Adam::new(1e-3)), 5);
        let (epochs, keep, patience, steps_per_submit) = (2, Keep::Best, None, Some(steps));
        let job = Job { network, parameters, plan, epochs, keep, patience, steps_per_submit };
        let mut losses = Vec::new();
        let tell = async |event: Event<'_>, _: &_| {
            if let Event::Epoch(epoch, ..) = event {
                losses.extend([epoch.train_loss, epoch.validation.loss].map(f64::to_bits));
            }
            Ok::<(), TrainError>(())
        };
        train(&gpu(), &job, data, tell).block_on().unwrap();
        losses
    };
    let all = told(17);
    assert_eq!(all.len(), 4);
    assert_eq!(all, told(1));
    assert_eq!(all, told(5));
}

#[test]
fn neither_other_tiles_nor_measuring_them_changes_a_bit_of_a_training() {
    let network = Network::parse(Shape::MNIST, SMALL).unwrap();
    let (gpu, data) = (gpu(), digits(100));
    let plan = Plan::new(30, Optimiser::Adam(Adam::new(1e-3)), 5);
    let run = |tiles: Tiles| {
        let mut trainer = trainer(&gpu.with_tiles(tiles), &network, &data, &plan);
        let losses: Vec<u32> = trainer.run(4).block_on().unwrap().into_iter().map(f32::to_bits).collect();
        let parameters: Vec<u32> = trainer.model().parameters().read(&gpu).block_on().unwrap();
        (losses, parameters)
    };
    let expected = run(Tiles::Default);
    assert!(expected == run(Tiles::Candidate(1)), "other tiles");
    let tuner = Arc::new(Tuner::new(Choices::new(Origin::of(&gpu)), Duration::from_secs(3600), |_| ()));
    assert!(expected == run(Tiles::Tuned(tuner.clone())), "measuring");
    assert!(tuner.spent().0 >= 4, "{:?}", tuner.spent());
}

#[test]
fn a_short_training_reaches_an_accuracy_that_a_broken_gradient_could_not() {
    let text = "conv 8 3x3 relu | pool 2 | conv 16 3x3 relu | pool 2 | dense 64 relu | dense 10";
    let network = Network::parse(Shape::MNIST, text).unwrap();
    let (gpu, split) = (gpu(), Split::embedded().unwrap());
    let plan = Plan::new(64, Optimiser::Adam(Adam::new(3e-3)), 0);
    let mut trainer = trainer(&gpu, &network, &digits(12_800), &plan);
    let test = Images::new(&gpu, &split.test.images, &split.test.labels).unwrap();
    let evaluator = Evaluator::new(trainer.model(), &test, 300).unwrap();
    let before = evaluator.run().block_on().unwrap().accuracy(&split.test.labels);
    for epoch in 0..2 {
        trainer.begin_epoch(epoch).unwrap();
        trainer.run(trainer.steps_of_an_epoch()).block_on().unwrap();
    }
    let evaluation = evaluator.run().block_on().unwrap();
    let after = evaluation.accuracy(&split.test.labels);
    // A line through the pixels reaches 92 %; one layer whose gradient is wrong keeps the network below 95 %.
    assert!(before < 0.3 && after > 0.96, "accuracy went from {before} to {after}");
    assert!(evaluation.loss() < 0.15, "loss {}", evaluation.loss());
    assert_eq!(evaluation, evaluator.run().block_on().unwrap(), "an evaluation repeats itself");
}
