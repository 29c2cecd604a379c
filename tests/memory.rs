//! Memory stays as it is however long a training or a drawing goes on: the process's, and what the driver's allocator has. The
//! long runs are for a quiet hour: `cargo test --release --test memory -- --ignored --nocapture`.
#![cfg(target_os = "linux")]

use std::cell::RefCell;
use std::fs;
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use digits::gpu::{Gpu, Memory, Request};
use digits::layers::batch::Images;
use digits::mnist::Split;
use digits::network::{ModelFile, Network, Parameters, Shape};
use digits::pen::Strokes;
use digits::platform;
use digits::reference::Optimiser;
use digits::reference::adam::Adam;
use digits::session::{self, Answer, Ask, Drawing, Start, Subject};
use digits::trainer::{Plan, Trainer};
use pollster::FutureExt as _;

/// What the process may grow by when all is warm, in MiB: its allocator gives little back, and drivers keep some for themselves.
const SLACK: f64 = 8.0;

/// Holds others up: they would be a part of the process.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    // One that failed is over, too.
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn open() -> Gpu {
    Gpu::open(&Request::default()).block_on().unwrap_or_else(|error| panic!("{error}"))
}

/// What the process has, in MiB, and the device.
fn memory(gpu: &Gpu) -> (f64, Option<Memory>) {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    (kib / 1024.0, gpu.memory())
}

/// Compares the memory at the beginning and at the end of what is done for long.
#[track_caller]
fn assert_flat(what: &str, before: (f64, Option<Memory>), after: (f64, Option<Memory>)) {
    println!("{what}: {:.1} MiB, then {:.1} MiB; on the device {:?}, then {:?}", before.0, after.0, before.1, after.1);
    assert_eq!(before.1, after.1, "{what}: the device's");
    assert!(after.0 < before.0 + SLACK, "{what}: the process went from {:.1} to {:.1} MiB", before.0, after.0);
}

fn steps_need_no_memory(steps: usize) {
    let _alone = alone();
    let (gpu, split) = (open(), Split::embedded().unwrap());
    let network = Network::parse(Shape::MNIST, "conv 4 9x9 relu | pool 6 | dropout 0.1 | dense 10").unwrap();
    let plan = Plan::new(32, Optimiser::Adam(Adam::new(1e-3)), 0);
    let images = Images::new(&gpu, &split.training.images, &split.training.labels).unwrap();
    let mut trainer = Trainer::new(&gpu, &network, &Parameters::glorot(&network, 0), &images, &plan).unwrap();
    let (mut done, mut warm) = (0, None);
    for epoch in 0.. {
        trainer.begin_epoch(epoch).unwrap();
        while trainer.steps_left() > 0 && done < steps {
            let some = trainer.steps_left().min(10);
            trainer.run(some).block_on().unwrap();
            trainer.state().block_on().unwrap();
            done += some;
            if done >= steps / 4 {
                warm.get_or_insert_with(|| memory(&gpu));
            }
        }
        if done >= steps {
            break;
        }
    }
    assert_flat(&format!("{done} steps"), warm.unwrap(), memory(&gpu));
}

#[test]
fn steps_of_a_training_need_no_memory() {
    steps_need_no_memory(600);
}

#[test]
#[ignore = "takes minutes"]
fn ten_thousand_steps_of_a_training_need_no_memory() {
    steps_need_no_memory(10_000);
}

/// Has a session recognize and explain drawings, each a bit further to the right, until so many and so much time are over.
fn drawings_need_no_memory(least: u64, time: Duration) {
    let _alone = alone();
    let (sender, inbox) = async_channel::unbounded();
    let (gpu, began) = (Rc::new(RefCell::new(None::<Gpu>)), Instant::now());
    let (kept, opener) = (gpu.clone(), session::open(Request::default()));
    let start = Start {
        open: Box::new(move || {
            let (opening, kept) = (opener(), kept.clone());
            Box::pin(async move { opening.await.inspect(|gpu| drop(kept.replace(Some(gpu.clone())))) })
        }),
        model: ModelFile::shipped(),
        origin: "shipped".into(),
        known: Box::new(|| Ok(Split::embedded()?.training)),
        nameless: "a GPU".into(),
    };
    let ask = |number: u64| {
        let right = 0.001 * (number % 100) as f32;
        let lines = vec![vec![[0.3 + right, 0.25], [0.7, 0.25], [0.55, 0.5], [0.45, 0.8 - right]]];
        let subject = Subject::Drawing(Drawing { strokes: Strokes { lines, width: 0.06 }, picture: None });
        Ask::Recognize { number, subject, asked: platform::Instant::now() }
    };
    let (sender, warm) = (RefCell::new(Some(sender)), RefCell::new(None));
    let last = RefCell::new(None);
    let send = |number| sender.borrow().as_ref().unwrap().try_send(ask(number)).unwrap();
    pollster::block_on(session::run(start, inbox, |answer| match answer {
        Answer::Ready(about) if about.adapter.is_some() => send(1),
        Answer::Explained { number, .. } => {
            let now = || memory(gpu.borrow().as_ref().unwrap());
            if number >= least / 4 && began.elapsed() >= time / 4 {
                warm.borrow_mut().get_or_insert_with(now);
            }
            if number < least || began.elapsed() < time {
                return send(number + 1);
            }
            last.replace(Some((number, now())));
            sender.take();
        }
        _ => {}
    }));
    let (number, after) = last.take().unwrap();
    assert_flat(&format!("{number} drawings"), warm.take().unwrap(), after);
}

#[test]
fn drawings_that_are_recognized_and_explained_need_no_memory() {
    drawings_need_no_memory(400, Duration::ZERO);
}

#[test]
#[ignore = "takes minutes"]
fn ten_minutes_of_drawing_need_no_memory() {
    drawings_need_no_memory(400, Duration::from_secs(600));
}
