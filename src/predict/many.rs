//! Many pictures: threads decode and normalise them while the GPU recognizes what others have found, images of several pictures
//! in a batch. Whatever is beside it there, an image gets the same bits, so what is read depends neither on threads nor on batches.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::{iter, thread};

use async_channel::{RecvError, Sender};
use pollster::FutureExt as _;

use super::{Digits, Reader, recognizer, to_input};
use crate::gpu::GpuError;
use crate::network::{Calibration, Judgement};
use crate::picture::{Digit, Pixels};
use crate::recognize::Recognizer;

/// What was found in a picture file.
pub struct Found {
    pub digits: Vec<(Digit, Judgement)>,
    /// Which images of an IDX file, counted from 0, show nothing.
    pub blank: Vec<usize>,
}

/// So many pictures a thread takes at most before it asks what they show: enough for several batches.
const GROUP: usize = 512;

/// It takes no more where their digits have so many pixels: what was found is kept until it is read.
const GROUP_PIXELS: usize = 1 << 22;

/// Images that are recognized at a time, of as many threads as have asked.
const BATCH: usize = 128;

/// What a thread asks or tells the one that has the GPU.
enum Message<E> {
    Ask(Ask),
    Tell(usize, Result<Found, E>),
}

/// images [N, 28, 28], and where the answer goes, `[classes]` for each.
struct Ask {
    images: Vec<Pixels>,
    answer: mpsc::Sender<Vec<Vec<f32>>>,
}

/// What one picture wants to know.
struct Wish {
    images: Vec<Pixels>,
    answer: Sender<Vec<Vec<f32>>>,
}

/// A thread that finds digits.
struct Finder<'a, F, E> {
    /// The number of the picture that is taken next, of all threads.
    next: &'a AtomicUsize,
    count: usize,
    find: &'a F,
    calibration: Calibration,
    messages: mpsc::Sender<Message<E>>,
}

impl Reader {
    /// Reads pictures 0 to `count`. `find` finds the digits of one, on several threads; `tell` is told what they are, in the
    /// order of the pictures, and ends it all by an error.
    ///
    /// # Errors
    /// Those of `tell`; a kernel cannot be built, or the device failed.
    pub fn read_many<E: Send, T: From<GpuError>>(
        &mut self,
        count: usize,
        find: impl Fn(usize) -> Result<Digits, E> + Sync,
        tell: impl FnMut(usize, Result<Found, E>) -> Result<(), T>,
    ) -> Result<(), T> {
        // One more than processors, since some wait for the GPU.
        let threads = 1 + thread::available_parallelism().map_or(1, usize::from);
        let next = AtomicUsize::new(0);
        let (find, next, calibration) = (&find, &next, self.calibration);
        thread::scope(|scope| {
            let (messages, inbox) = mpsc::channel();
            for _ in 0..threads.min(count) {
                let finder = Finder { next, count, find, calibration, messages: messages.clone() };
                scope.spawn(move || finder.run());
            }
            drop(messages);
            let done = self.serve(&inbox, tell);
            // After an error nobody takes another.
            next.store(count, Ordering::Relaxed);
            done
        })
    }

    /// Answers what threads ask until all have ended.
    fn serve<E, T: From<GpuError>>(
        &mut self,
        inbox: &mpsc::Receiver<Message<E>>,
        mut tell: impl FnMut(usize, Result<Found, E>) -> Result<(), T>,
    ) -> Result<(), T> {
        // What came before those in front of it.
        let (mut early, mut next) = (BTreeMap::new(), 0);
        let mut ready = None;
        while let Ok(first) = inbox.recv() {
            let mut asks = Vec::new();
            for message in iter::once(first).chain(inbox.try_iter()) {
                match message {
                    Message::Ask(ask) => asks.push(ask),
                    Message::Tell(at, found) => _ = early.insert(at, found),
                }
            }
            while let Some(found) = early.remove(&next) {
                tell(next, found)?;
                next += 1;
            }
            self.answer(asks, &mut ready)?;
        }
        Ok(())
    }

    /// Answers several threads at a time, by a recognizer that is made when there is something to ask.
    fn answer(&self, asks: Vec<Ask>, ready: &mut Option<Recognizer<f32>>) -> Result<(), GpuError> {
        if asks.is_empty() {
            return Ok(());
        }
        let images: Vec<Pixels> = asks.iter().flat_map(|ask| &ask.images).copied().collect();
        let recognizer = recognizer(&self.model, ready, BATCH)?;
        let probabilities = recognizer.recognize(&to_input(&self.model, &images)).block_on()?;
        let mut probabilities = probabilities.chunks_exact(self.model.network().classes()).map(<[f32]>::to_vec);
        for Ask { images, answer } in asks {
            // A thread that panicked takes none.
            let _ = answer.send(probabilities.by_ref().take(images.len()).collect());
        }
        Ok(())
    }
}

impl<F: Fn(usize) -> Result<Digits, E>, E> Finder<'_, F, E> {
    /// Takes groups of pictures while there are any, and somebody listens.
    fn run(&self) {
        loop {
            let group = self.group();
            if group.is_empty() || self.read(group).is_none() {
                return;
            }
        }
    }

    fn group(&self) -> Vec<(usize, Result<Digits, E>)> {
        let (mut group, mut pixels) = (Vec::new(), 0);
        while group.len() < GROUP && pixels < GROUP_PIXELS {
            let at = self.next.fetch_add(1, Ordering::Relaxed);
            if at >= self.count {
                break;
            }
            let found = (self.find)(at);
            pixels += found.as_ref().map_or(0, pixels_of);
            group.push((at, found));
        }
        group
    }

    /// Reads pictures side by side: what they want to know is asked for all of them at a time, until none wants to know more.
    /// `None` where nobody listens any more.
    fn read(&self, group: Vec<(usize, Result<Digits, E>)>) -> Option<()> {
        let wishes: RefCell<Vec<Wish>> = RefCell::default();
        let look = async |images: &[Pixels]| -> Result<Vec<Vec<f32>>, RecvError> {
            let (answer, seen) = async_channel::bounded(1);
            wishes.borrow_mut().push(Wish { images: images.to_vec(), answer });
            seen.recv().await
        };
        let mut open = Vec::with_capacity(group.len());
        for (at, found) in group {
            match found {
                Ok(digits) => {
                    let blank = digits.blank().to_vec();
                    open.push((at, blank, Box::pin(digits.judged(&self.calibration, look))));
                }
                Err(error) => self.messages.send(Message::Tell(at, Err(error))).ok()?,
            }
        }
        while !open.is_empty() {
            for (at, blank, mut reading) in std::mem::take(&mut open) {
                match reading.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                    Poll::Pending => open.push((at, blank, reading)),
                    Poll::Ready(digits) => {
                        let found = Found { digits: digits.ok()?, blank };
                        self.messages.send(Message::Tell(at, Ok(found))).ok()?;
                    }
                }
            }
            self.ask(wishes.take())?;
        }
        Some(())
    }

    /// Asks what several readings want to know, and gives each its part of the answer.
    fn ask(&self, wishes: Vec<Wish>) -> Option<()> {
        if wishes.is_empty() {
            return Some(());
        }
        let images = wishes.iter().flat_map(|wish| &wish.images).copied().collect();
        let (answer, seen) = mpsc::channel();
        self.messages.send(Message::Ask(Ask { images, answer })).ok()?;
        let mut seen = seen.recv().ok()?.into_iter();
        let mut part = |Wish { images, answer }: Wish| answer.try_send(seen.by_ref().take(images.len()).collect()).ok();
        wishes.into_iter().try_for_each(&mut part)
    }
}

/// How many pixels of a picture are kept.
fn pixels_of(digits: &Digits) -> usize {
    match digits {
        Digits::Found { readings, .. } => {
            let bounds = readings.iter().flatten().map(|block| block.whole.bounds);
            bounds.map(|bounds| bounds.width as usize * bounds.height as usize).sum()
        }
        Digits::Images(images) => images.pixels.len(),
    }
}
