//! Numbers that are none: wherever one stands, a training finds it, tells it with step and layer, and leaves no checkpoint that
//! holds one.

use digits::cases::{self, Verdict};
use digits::gpu::{Gpu, Operands, Request, Settings};
use digits::layers::update::Kind;
use digits::mnist::Split;
use digits::network::{Network, Parameters, Shape};
use digits::reference::Optimiser;
use digits::reference::adam::Adam;
use digits::reference::sgd::Sgd;
use digits::train::{Checkpoints, Event, Every, Job, Keep, State, TrainError, train_from};
use digits::trainer::{Of, Plan};
use pollster::FutureExt as _;

fn gpu() -> Gpu {
    Gpu::open(&Request::default()).block_on().unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_nan_planted_in_any_tensor_of_a_training_is_found_with_every_core() {
    let gpu = gpu();
    // Emulated matrices are left out: where Mesa's software driver rounds to f16, a NaN becomes a number.
    for core in gpu.cores() {
        let operands = if core.is_for_gpus() { Operands::Buffers } else { gpu.settings().operands };
        let gpu = gpu.with(Settings { core, operands, ..gpu.settings() });
        let (count, verdict) = cases::planted(&gpu).block_on().unwrap();
        assert_eq!(verdict, Verdict::Agrees { worst: 0.0 }, "{core}");
        assert!(count > 50, "{core}: {count}");
    }
}

/// 30 steps an epoch.
fn job(optimiser: Optimiser) -> (Job, Split) {
    let mut data = Split::embedded().unwrap();
    data.training.truncate(300);
    data.validation.truncate(20);
    data.test.truncate(20);
    let network = Network::parse(Shape::MNIST, "conv 2 5x5 relu | pool 2 | dense 12 relu | dense 10").unwrap();
    let parameters = Parameters::glorot(&network, 0);
    let plan = Plan::new(10, optimiser, 0);
    let job = Job { network, parameters, plan, epochs: 3, keep: Keep::Best, patience: None, steps_per_submit: Some(4) };
    (job, data)
}

#[test]
fn a_training_ends_with_the_step_and_the_layer_of_a_number_that_is_none_and_with_no_later_checkpoint() {
    let (job, data) = job(Optimiser::Adam(Adam::new(1e-3)));
    let dense = job.network.matrices()[1].clone();
    let mut steps = Vec::new();
    let plan = Checkpoints { every: Some(Every::Steps(7)), ..Checkpoints::default() };
    let ended = train_from(&gpu(), &job, data, plan, async |event, model| {
        if let Event::Checkpoint(state) = event {
            steps.push(state.trainer.clock.done.step);
            if steps.len() == 6 {
                model.parameters().write_at(model.gpu(), dense.offset + 5, &[f32::NAN]);
            }
        }
        Ok::<(), TrainError>(())
    })
    .block_on();
    let last = *steps.last().unwrap();
    assert!((31..61).contains(&last), "in the second epoch: {steps:?}");
    let layer = job.network.layers()[2];
    match ended {
        Err(TrainError::Diverged { of: Of::Layer(Kind::Parameter, 2, found), epoch: 2, step }) if found == layer => {
            assert_eq!(step, last as usize - 30);
        }
        ended => panic!("{ended:?}"),
    }
    assert_eq!(steps.len(), 6, "none behind it: {steps:?}");
}

#[test]
fn a_checkpoint_of_a_training_that_diverges_holds_numbers_only() {
    let (job, data) = job(Optimiser::Sgd(Sgd { learning_rate: 1e9, momentum: 0.9 }));
    let mut states: Vec<State> = Vec::new();
    let plan = Checkpoints { every: Some(Every::Steps(1)), ..Checkpoints::default() };
    let ended = train_from(&gpu(), &job, data, plan, async |event, _| {
        if let Event::Checkpoint(state) = event {
            states.push(state.clone());
        }
        Ok::<(), TrainError>(())
    })
    .block_on();
    let (epoch, step) = match ended {
        Err(TrainError::Diverged { epoch, step, .. }) => (epoch, step),
        ended => panic!("{ended:?}"),
    };
    assert_eq!(epoch, 1);
    assert!(states.len() < step + 1, "{} checkpoints, and no number in step {step}", states.len());
    for State { trainer, .. } in &states {
        assert!(trainer.parameters.iter().chain(&trainer.moments).all(|number| number.is_finite()));
    }
}
