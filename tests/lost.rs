//! A training whose device is lost: it goes on on another one to the same bits, once, and what cannot go on ends with an error.

use digits::gpu::{Gpu, GpuError, Request, Tensor};
use digits::mnist::Split;
use digits::model::Model;
use digits::network::{Network, Parameters, Shape};
use digits::recipe::{Course, Recipe, Then};
use digits::train::{Checkpoints, Event, Every, Job, Keep, Listener, State, TrainError, train_through};
use pollster::FutureExt as _;

/// With all that a step depends on: moments, a mean of the weights, a schedule, dropout.
const NETWORK: &str = "conv 4 3x3 relu | pool 2 | dropout 0.25 | dense 10";
const EPOCHS: u32 = 3;
/// Steps of an epoch, and from checkpoint to checkpoint.
const STEPS: usize = 12;
const EVERY: u32 = 5;

fn open() -> Gpu {
    Gpu::open(&Request::default()).block_on().unwrap_or_else(|error| panic!("{error}"))
}

/// Destroys its device when so many things have happened since the last.
struct Drill {
    gpu: Gpu,
    losses: Vec<usize>,
    happened: usize,
    /// The epoch and the steps of it from which the training went on.
    resumed: Vec<(u32, usize)>,
    /// Bits of what the training came to.
    learnt: Vec<u32>,
    epochs: Vec<u32>,
}

impl Listener<TrainError> for Drill {
    async fn on(&mut self, event: Event<'_>, model: &Model) -> Result<(), TrainError> {
        self.happened += 1;
        match event {
            Event::Epoch(epoch, ..) => self.epochs.push(epoch.epoch),
            Event::Test(..) => self.learnt = bits(&model.read_parameters().await?),
            Event::Progress(_) | Event::Checkpoint(_) => {}
        }
        if self.losses.first() == Some(&self.happened) {
            self.losses.remove(0);
            self.happened = 0;
            self.gpu.destroy();
        }
        Ok(())
    }

    async fn lost(&mut self, error: TrainError, state: Option<&State>) -> Result<Gpu, TrainError> {
        assert!(matches!(error, TrainError::Gpu(GpuError::Lost(_))), "{error:?}");
        self.resumed.push(state.map_or((1, 0), |state| (state.trainer.epoch, state.trainer.batches)));
        self.gpu = open();
        Ok(self.gpu.clone())
    }
}

fn bits(parameters: &Parameters) -> Vec<u32> {
    parameters.values.iter().map(|value| value.to_bits()).collect()
}

/// A training whose device is lost when so many things have happened, again and again, and what comes of it.
fn train(losses: &[usize], every: Option<Every>) -> (Result<(), TrainError>, Drill) {
    let network = Network::parse(Shape::MNIST, NETWORK).unwrap();
    let mut data = Split::embedded().unwrap();
    data.training.truncate(32 * STEPS);
    data.validation.truncate(100);
    data.test.truncate(100);
    let recipe = Recipe {
        course: Course { warm_up: 0.1, then: Then::Fall },
        average: Some(0.9),
        batch: 32,
        epochs: EPOCHS,
        ..Recipe::seed()
    };
    let job = Job {
        parameters: Parameters::glorot(&network, 0),
        network,
        plan: recipe.plan(data.training.count(), 0),
        epochs: EPOCHS,
        keep: Keep::Last,
        patience: None,
        steps_per_submit: Some(2),
    };
    let gpu = open();
    let (resumed, learnt, epochs) = (Vec::new(), Vec::new(), Vec::new());
    let mut drill = Drill { gpu: gpu.clone(), losses: losses.to_vec(), happened: 0, resumed, learnt, epochs };
    let done = train_through(&gpu, &job, data, Checkpoints { from: None, every }, &mut drill).block_on();
    (done, drill)
}

#[test]
fn a_training_whose_device_is_lost_at_any_time_goes_on_from_its_checkpoint_to_the_bits_of_an_unbroken_one() {
    let (done, unbroken) = train(&[], Some(Every::Steps(EVERY)));
    done.unwrap();
    assert!(!unbroken.learnt.is_empty() && unbroken.resumed.is_empty());
    let things = unbroken.happened;
    // From before the first checkpoint to the last epoch; behind the test nothing needs a device.
    for loss in (1..things).step_by(5) {
        let (done, drill) = train(&[loss], Some(Every::Steps(EVERY)));
        done.unwrap_or_else(|error| panic!("lost at {loss} of {things}: {error}"));
        assert_eq!(drill.resumed.len(), 1, "lost at {loss} of {things}");
        assert!(drill.learnt == unbroken.learnt, "lost at {loss} of {things}, gone on from {:?}", drill.resumed);
        assert_eq!(drill.epochs.last(), Some(&EPOCHS));
    }
}

#[test]
fn a_second_loss_and_one_without_checkpoints_end_a_training_with_an_error_that_says_so() {
    for (losses, every, resumed) in [(vec![8, 8], Some(Every::Steps(EVERY)), 1), (vec![8], None, 0)] {
        let (done, drill) = train(&losses, every);
        assert_eq!(done.unwrap_err().to_string(), "the GPU failed: the device was lost");
        assert_eq!((drill.resumed.len(), drill.learnt.len()), (resumed, 0));
    }
}

#[test]
fn a_lost_device_fails_whatever_is_asked_of_it_and_the_adapter_opens_again() {
    let gpu = open();
    let tensor = Tensor::new(&gpu, "numbers", &[1.0f32, 2.0]).unwrap();
    gpu.destroy();
    let is_lost = |error: GpuError| matches!(error, GpuError::Lost(_));
    assert!(is_lost(tensor.read::<f32>(&gpu).block_on().unwrap_err()));
    assert!(is_lost(Tensor::new(&gpu, "more", &[1.0f32]).unwrap_err()));
    assert!(is_lost(gpu.wait().unwrap_err()));
    let gpu = open();
    let tensor = Tensor::new(&gpu, "numbers", &[1.0f32, 2.0]).unwrap();
    assert_eq!(tensor.read::<f32>(&gpu).block_on().unwrap(), [1.0, 2.0]);
}
