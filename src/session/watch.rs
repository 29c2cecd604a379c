//! A training that somebody looks at from another thread, as `digits train --watch` does: it tells what happens, and between
//! two submits it takes orders and lets itself be looked at. What that costs it is bounded here, and nothing of it changes
//! what is learnt.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::time::Duration;

use super::training::{filters, mistakes};
use super::{Answer, By, Recognition, Subject};
use crate::gpu::GpuError;
use crate::mnist::DataSet;
use crate::model::Model;
use crate::network::Network;
use crate::platform::Instant;
use crate::recognize::Recognizer;
use crate::train::Event;

/// How soon an answer is to be seen: one that somebody waits for, and one that tells how far the training is, since on a
/// software driver whatever is painted takes time from the training.
const SOON: Duration = Duration::from_millis(10);
const LATER: Duration = Duration::from_secs(1);

/// From look to look so many times as long as the last one took, of which what a driver does the first time counts for little.
const REST: u32 = 100;
const DEAREST: Duration = Duration::from_millis(20);

/// How often a training that is held up sees whether it is still to wait.
const PATIENCE: Duration = Duration::from_millis(50);

/// What is said where the other end is gone without a word.
const NOBODY: &str = "nobody looks on any more";

/// What is said to a training.
pub enum Order {
    /// Somebody looks on from now on.
    Begin,
    /// Answered when a look is due; a newer one takes its place.
    Look(Look),
    Pause,
    Resume,
    /// End the training, and keep what there is.
    Stop,
    /// Nobody looks on any more, and why.
    Leave(String),
}

/// What is to be looked at: the filters always.
pub struct Look {
    /// And what is this? As in [`Ask::Recognize`](super::Ask::Recognize).
    pub drawing: Option<(u64, Subject)>,
    pub asked: Instant,
}

/// What somebody who looks on wants of the training.
#[derive(Debug, PartialEq, Eq)]
pub enum Wish {
    Stop,
    /// To be waited for no more, and why.
    Leave(String),
}

/// The training's end.
pub struct Watched {
    orders: Receiver<Order>,
    answers: Sender<Answer>,
    /// That something is to be shown, and how soon.
    wake: Box<dyn Fn(Duration) + Send>,
    validation: DataSet,
    state: State,
    look: Option<Look>,
    /// When the next look is due.
    next: Instant,
    /// The drawing that was recognized last.
    number: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Training,
    Held,
    Ended,
}

/// The other end.
pub struct Watcher {
    orders: Sender<Order>,
    answers: Receiver<Answer>,
}

/// Both ends. `wake` is told how soon an answer that has come is to be shown.
pub fn watch(wake: impl Fn(Duration) + Send + 'static) -> (Watched, Watcher) {
    let ((orders, inbox), (outbox, answers)) = (mpsc::channel(), mpsc::channel());
    let watched = Watched {
        orders: inbox,
        answers: outbox,
        wake: Box::new(wake),
        validation: DataSet { images: Vec::new(), labels: Vec::new() },
        state: State::Training,
        look: None,
        next: Instant::now(),
        number: None,
    };
    (watched, Watcher { orders, answers })
}

impl Watched {
    /// Tells that a training begins, of classes that are called `names`, which `validation` judges, and waits until somebody looks
    /// on, or cannot.
    ///
    /// # Errors
    /// Why nobody does.
    pub fn begin(
        &mut self,
        network: &Network,
        names: &[String],
        epochs: u32,
        validation: &DataSet,
    ) -> Result<(), String> {
        self.validation = validation.clone();
        self.tell(Answer::Training { network: network.to_string(), epochs, names: names.to_vec() }, SOON);
        match self.orders.recv() {
            Ok(Order::Leave(reason)) => Err(reason),
            Ok(_) => Ok(()),
            Err(_) => Err(NOBODY.into()),
        }
    }

    /// Tells what has happened and answers what was asked. Holds the training up while it is to pause, and behind its end until
    /// nobody looks on any more; not where `is_interrupted`.
    ///
    /// # Errors
    /// The device failed.
    pub async fn on(
        &mut self,
        event: Event<'_>,
        model: &Model,
        is_interrupted: impl Fn() -> bool,
    ) -> Result<Option<Wish>, GpuError> {
        match event {
            Event::Progress(progress) => self.tell(Answer::Progress(progress), LATER),
            Event::Epoch(epoch, evaluation, _) => {
                self.tell(Answer::Epoch(epoch), LATER);
                self.tell(mistakes(&self.validation, evaluation), LATER);
            }
            Event::Checkpoint(_) => return Ok(None),
            Event::Test(test, _) => {
                self.state = State::Ended;
                self.tell(Answer::Trained(test), SOON);
            }
        }
        loop {
            let wish = self.take_orders();
            let waits = self.state != State::Training;
            if wish.is_some() || waits && is_interrupted() {
                return Ok(wish);
            }
            if waits || self.next <= Instant::now() {
                self.show(model).await?;
            }
            if !waits {
                return Ok(None);
            }
        }
    }

    /// Takes the orders that have come, up to one that is for others; a training that waits waits for the first, for a while.
    fn take_orders(&mut self) -> Option<Wish> {
        let patience = if self.state == State::Training { Duration::ZERO } else { PATIENCE };
        let mut order = self.orders.recv_timeout(patience);
        loop {
            match order {
                Ok(Order::Begin) => {}
                Ok(Order::Look(look)) => self.look = Some(look),
                Ok(Order::Pause) if self.state == State::Training => {
                    self.state = State::Held;
                    self.tell(Answer::Paused, SOON);
                }
                Ok(Order::Resume) if self.state == State::Held => {
                    self.state = State::Training;
                    self.tell(Answer::Resumed, SOON);
                }
                Ok(Order::Pause | Order::Resume) => {}
                Ok(Order::Stop) => return Some(Wish::Stop),
                Ok(Order::Leave(reason)) => return Some(Wish::Leave(reason)),
                Err(RecvTimeoutError::Disconnected) => return Some(Wish::Leave(NOBODY.into())),
                Err(RecvTimeoutError::Timeout) => return None,
            }
            order = self.orders.recv_timeout(Duration::ZERO);
        }
    }

    /// Shows what was asked for, with the parameters as they are now.
    async fn show(&mut self, model: &Model) -> Result<(), GpuError> {
        let Some(Look { drawing, asked }) = self.look.take() else { return Ok(()) };
        let began = Instant::now();
        if let Some(filters) = filters(model).await? {
            self.tell(Answer::Filters(filters), LATER);
        }
        if let Some((number, subject)) = drawing {
            let answer = recognize(model, number, &subject, asked).await?;
            // Whoever drew it waits; what others make of it later can wait.
            let pace = if self.number == Some(number) { LATER } else { SOON };
            self.number = Some(number);
            self.tell(answer, pace);
        }
        self.next = Instant::now() + REST * began.elapsed().min(DEAREST);
        Ok(())
    }

    fn tell(&self, answer: Answer, pace: Duration) {
        // Whoever has gone needs no answer.
        let _ = self.answers.send(answer);
        (self.wake)(pace);
    }
}

impl Drop for Watched {
    /// Whoever looks on sees that it is over.
    fn drop(&mut self) {
        self.answers = mpsc::channel().0;
        (self.wake)(SOON);
    }
}

impl Watcher {
    /// Says something without waiting for what comes of it.
    pub fn say(&self, order: Order) {
        // A training that has ended needs no order.
        let _ = self.orders.send(order);
    }

    /// Says something from elsewhere.
    pub fn orders(&self) -> Sender<Order> {
        self.orders.clone()
    }

    /// Waits until the training begins, and gives its network, its epochs and the names of its classes; `None` where it ends
    /// before.
    pub fn begun(&self) -> Option<(String, u32, Vec<String>)> {
        match self.answers.recv() {
            Ok(Answer::Training { network, epochs, names }) => Some((network, epochs, names)),
            _ => None,
        }
    }

    /// The oldest answer that nobody has taken.
    ///
    /// # Errors
    /// There is none, or there will be none any more.
    pub fn answer(&self) -> Result<Answer, TryRecvError> {
        self.answers.try_recv()
    }
}

async fn recognize(model: &Model, number: u64, subject: &Subject, asked: Instant) -> Result<Answer, GpuError> {
    let Some((input, place)) = subject.seen() else { return Ok(Answer::Nothing { number }) };
    let probabilities = Recognizer::new(model, 1)?.recognize(&input[..]).await?;
    let (input, latency) = (Box::new(input), asked.elapsed());
    // Nobody has calibrated a training in progress.
    Ok(Answer::Recognized(Recognition { number, by: By::Gpu, input, place, probabilities, is_digit: true, latency }))
}
