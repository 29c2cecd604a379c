//! A person with a model: what is asked while somebody draws, teaches and trains, and what is answered. One loop serves the
//! window, which runs it in a thread, and the page, which runs it in a Web Worker; neither ever waits for it.
//!
//! In a page a drawing is recognized by the reference until the GPU is ready; in a window, which waits for it, only where there
//! is none. Of the drawings that pile up the newest is looked at only; why the network decides as it does is told when no
//! other question waits.

mod drawing;
mod filters;
mod inbox;
mod messages;
mod mind;
mod training;
#[cfg(not(target_arch = "wasm32"))]
mod watch;

use std::collections::VecDeque;

use async_channel::Receiver;
use futures_lite::future::{or, pending};

pub use drawing::{Drawing, PEN};
use inbox::Inbox;
pub use messages::{About, Answer, Ask, By, Mistake, ReadDigit, Recognition, Subject, Training, unfit};
pub use mind::{Known, Open, Origin, Start, open};
use mind::{Mind, Opening};
#[cfg(not(target_arch = "wasm32"))]
pub use watch::{Look, Order, Watched, Watcher, Wish, watch};

use crate::gpu::GpuError;
use crate::network::best;
use crate::platform::{Instant, rest};
use crate::reference::golden::Golden;
use crate::selftest::{self, Row, Worklist};

/// Answers until nobody asks any more.
pub async fn run(start: Start, asks: Receiver<Ask>, tell: impl Fn(Answer)) {
    let mind = Mind::new(start);
    tell(Answer::Ready(mind.about()));
    let opening = Some(mind.opening());
    let (inbox, deferred) = (Inbox::new(asks), VecDeque::new());
    Session { mind, opening, inbox, deferred, unexplained: None, tell }.work().await;
}

struct Session<T> {
    mind: Mind,
    /// The GPU, until it is there or refused.
    opening: Option<Opening>,
    inbox: Inbox,
    /// What waits for the GPU.
    deferred: VecDeque<Ask>,
    /// The drawing whose answer is not yet explained, and its class.
    unexplained: Option<(u64, usize)>,
    tell: T,
}

/// What a session waits for.
enum First {
    /// `None` where nobody asks any more.
    Ask(Option<Ask>),
    /// Nothing has been asked since this drawing was recognized, for long enough to explain its class.
    Rested(u64, usize),
    Opened(Box<Result<mind::Opened, GpuError>>),
}

/// Something that goes on for long was stopped, or nobody asks any more.
struct Ended;

impl<T: Fn(Answer)> Session<T> {
    async fn work(&mut self) {
        while let Some(ask) = self.next().await {
            match self.opening {
                Some(_) if ask.needs_gpu() => self.deferred.push_back(ask),
                _ => self.answer(ask).await,
            }
        }
    }

    /// The oldest ask, or `None` where nobody asks any more. What is unexplained is explained meanwhile, and a GPU that gets
    /// ready is taken.
    async fn next(&mut self) -> Option<Ask> {
        loop {
            if self.opening.is_none()
                && let Some(ask) = self.deferred.pop_front()
            {
                return Some(ask);
            }
            match self.first().await {
                First::Ask(ask) => return ask,
                First::Rested(number, class) => {
                    self.unexplained = None;
                    self.explain(number, class).await;
                }
                First::Opened(opened) => self.opened(*opened),
            }
        }
    }

    /// What happens first. A GPU that is ready goes before what is asked: a window's is, so there the reference answers only where
    /// there is none.
    async fn first(&mut self) -> First {
        let ask = async { First::Ask(self.inbox.next().await) };
        let rested = async {
            let Some((number, class)) = self.unexplained else { return pending().await };
            rest().await;
            First::Rested(number, class)
        };
        let opened = async {
            let Some(opening) = &mut self.opening else { return pending().await };
            First::Opened(Box::new(opening.await))
        };
        or(opened, or(ask, rested)).await
    }

    fn opened(&mut self, opened: Result<mind::Opened, GpuError>) {
        self.opening = None;
        match opened.and_then(|opened| self.mind.adopt(opened)) {
            Ok(()) => (self.tell)(Answer::Ready(self.mind.about())),
            Err(error) => (self.tell)(Answer::WithoutGpu(error.to_string())),
        }
    }

    async fn answer(&mut self, ask: Ask) {
        // What it was about may be gone.
        self.unexplained = None;
        let answer = match ask {
            Ask::Recognize { number, subject, asked } => return self.recognize(number, &subject, asked).await,
            Ask::Read { number, file } => return self.read(number, &file).await,
            Ask::Train(training) => return self.train(*training).await,
            Ask::Check { golden } => return self.check(&golden).await,
            Ask::Teach { subject, label } => self.mind.teach(&subject, label).await,
            Ask::Restore => self.mind.restore(),
            Ask::Open(file, origin) => self.mind.open(*file, origin),
            Ask::Save(path) => self.mind.save(path),
            Ask::Encode => self.mind.encode(),
            Ask::Filters => match self.mind.filters() {
                Some(filters) => Answer::Filters(filters),
                None => return,
            },
            Ask::Stop => return self.stop(),
            // The training has just ended.
            Ask::Pause | Ask::Resume => return,
        };
        (self.tell)(answer);
    }

    /// Where the GPU fails, it is opened once more; where that does not help, the reference answers.
    async fn recognize(&mut self, number: u64, subject: &Subject, asked: Instant) {
        loop {
            match self.mind.recognize(number, subject, asked).await {
                Ok(Some(recognition)) => {
                    self.unexplained = Some((number, best(&recognition.probabilities)));
                    return (self.tell)(Answer::Recognized(recognition));
                }
                Ok(None) => return (self.tell)(Answer::Nothing { number }),
                Err(error) => (self.tell)(self.mind.recover(&error).await),
            }
        }
    }

    /// As [`Session::recognize`].
    async fn read(&mut self, number: u64, file: &[u8]) {
        loop {
            match self.mind.read(number, file).await {
                Ok(answer) => return (self.tell)(answer),
                Err(error) => (self.tell)(self.mind.recover(&error).await),
            }
        }
    }

    async fn explain(&mut self, number: u64, class: usize) {
        (self.tell)(match self.mind.explain(class).await {
            Ok(explanation) => Answer::Explained { number, explanation },
            Err(error) => self.mind.recover(&error).await,
        });
    }

    /// Nothing runs, but something may wait to.
    fn stop(&mut self) {
        for ask in std::mem::take(&mut self.deferred) {
            match ask {
                Ask::Train(_) => (self.tell)(Answer::Stopped { epochs: 0 }),
                Ask::Check { .. } => {
                    (self.tell)(Answer::CheckDone { passed: 0, failed: 0, text: "stopped before it began".into() });
                }
                ask => self.deferred.push_back(ask),
            }
        }
    }

    /// Checks on a device of its own, which may fail without harm, and goes on answering between two rows.
    async fn check(&mut self, golden: &[u8]) {
        let golden = match Golden::read(golden) {
            Ok(golden) => golden,
            Err(error) => {
                return (self.tell)(Answer::failed("check", format!("PyTorch's numbers are damaged: {error}")));
            }
        };
        let gpu = match self.mind.another().await {
            Ok(gpu) => gpu,
            Err(error) => return (self.tell)(Answer::failed("check", error)),
        };
        let (mut passed, mut failed) = (0, 0);
        let mut text = format!("digits {} on {}\n", env!("CARGO_PKG_VERSION"), self.mind.adapter_name(&gpu));
        let each = async |_, row: Row| {
            *if row.passed() { &mut passed } else { &mut failed } += 1;
            text += &format!("{:11} {:28} {:>3}  {}\n", row.core, row.operation, row.cases, row.detail());
            (self.tell)(Answer::Checked(row));
            while let Some(ask) = self.inbox.waiting() {
                match ask {
                    Ask::Stop => return Err(Ended),
                    Ask::Train(_) | Ask::Check { .. } => (self.tell)(ask.refused("a check")),
                    ask => Box::pin(self.answer(ask)).await,
                }
            }
            if self.inbox.is_closed() { Err(Ended) } else { Ok(()) }
        };
        // One that was stopped has checked what it has checked.
        let is_whole = selftest::run(&gpu, &golden, &Worklist::all(&gpu), each).await.is_ok();
        text += &format!("{passed} passed, {failed} failed{}", if is_whole { "" } else { "; stopped before the end" });
        (self.tell)(Answer::CheckDone { passed, failed, text });
    }
}
