//! What differs between a program and a page in a browser: how work on the GPU is waited for, what is heard of kernels that
//! the driver refuses, what other threads do, and what to advise where there is no GPU. All other code is the same in both
//! worlds: it reads back with `async` functions, which a program's doors wait for (`pollster`) and a page's
//! worker goes on with.

#[cfg(not(target_arch = "wasm32"))]
use std::cell::Cell;
#[cfg(not(target_arch = "wasm32"))]
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
#[cfg(not(target_arch = "wasm32"))]
use std::sync::{Mutex, Once, OnceLock, PoisonError, mpsc};

#[cfg(not(target_arch = "wasm32"))]
use rayon::prelude::*;
use wgpu::{Device, ErrorScopeGuard, Queue, SubmissionIndex};

/// A clock that both worlds have.
pub use web_time::Instant;

/// Work that is not done yet; a program's may go on in another thread.
#[cfg(not(target_arch = "wasm32"))]
pub type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;
#[cfg(target_arch = "wasm32")]
pub type Later<T> = Pin<Box<dyn Future<Output = T>>>;

/// Waits until the work that was submitted up to `last` is done, or all, so that what was asked for before has come.
///
/// wgpu 30 panics where it learns while it waits that the device is lost, behind having told so: that is a failure, too.
///
/// # Errors
/// In words, why it cannot be waited for.
#[cfg(not(target_arch = "wasm32"))]
pub fn finish(device: &Device, _: &Queue, last: Option<SubmissionIndex>) -> Result<(), String> {
    let wait = || device.poll(wgpu::PollType::Wait { submission_index: last, timeout: None });
    hushed(wait)?.map(drop).map_err(|error| error.to_string())
}

/// A page cannot wait; what it asked for comes while it awaits it. Firefox looks for it ten times a second and at each
/// submit (bug 1870699), so this submits nothing.
#[cfg(target_arch = "wasm32")]
pub fn finish(_: &Device, queue: &Queue, _: Option<SubmissionIndex>) -> Result<(), String> {
    queue.submit([]);
    Ok(())
}

#[cfg(not(target_arch = "wasm32"))]
thread_local!(static IS_HUSHED: Cell<bool> = const { Cell::new(false) });

/// Does `work`; a panic of wgpu's in it is not printed, but given as its words.
///
/// # Errors
/// It panicked.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn hushed<R>(work: impl FnOnce() -> R) -> Result<R, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let tell = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let is_of_wgpu = info.location().is_some_and(|location| location.file().contains("wgpu"));
            if !(is_of_wgpu && IS_HUSHED.get()) {
                tell(info);
            }
        }));
    });
    IS_HUSHED.set(true);
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    IS_HUSHED.set(false);
    done.map_err(|panic| match (panic.downcast_ref::<String>(), panic.downcast_ref::<&str>()) {
        (Some(words), _) => words.clone(),
        (_, Some(words)) => words.to_string(),
        _ => "the driver's layer panicked".into(),
    })
}

/// What the driver says against what was made since two error scopes were pushed, for internal errors and, within it, for
/// mistakes.
#[cfg(not(target_arch = "wasm32"))]
pub fn refusal(internal: ErrorScopeGuard, validation: ErrorScopeGuard) -> Later<Option<wgpu::Error>> {
    let (validation, internal) = (validation.pop(), internal.pop());
    Box::pin(async {
        match validation.await {
            Some(error) => Some(error),
            None => internal.await,
        }
    })
}

/// wgpu 30 panics where a page asks for an internal error, so nobody does: what could not be compiled fails at its first use.
#[cfg(target_arch = "wasm32")]
pub fn refusal(internal: ErrorScopeGuard, validation: ErrorScopeGuard) -> Later<Option<wgpu::Error>> {
    let validation = validation.pop();
    drop(internal.pop());
    Box::pin(validation)
}

/// What is wrong with a text: in full, with its lines, or in a page, whose texts the tests have seen, without all that draws
/// them.
pub fn in_full_or_short(in_full: impl FnOnce() -> String, in_short: impl FnOnce() -> String) -> String {
    if cfg!(target_arch = "wasm32") { in_short() } else { in_full() }
}

/// What is made meanwhile. Whoever made it keeps nothing of it: what it belongs to, as a kernel to a device and its driver,
/// ends where this is dropped, and not later in a thread that nobody waits for.
#[cfg(not(target_arch = "wasm32"))]
pub struct Coming<T> {
    sent: Mutex<mpsc::Receiver<T>>,
    made: OnceLock<T>,
}

#[cfg(not(target_arch = "wasm32"))]
impl<T> Coming<T> {
    /// Waits until it is made.
    pub fn wait(&self) -> &T {
        self.made.get_or_init(|| {
            let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
            sent.recv().expect("a panic where it is made ends the program")
        })
    }
}

/// Nobody leaves while it is made: a driver that is taken down meanwhile may crash.
#[cfg(not(target_arch = "wasm32"))]
impl<T> Drop for Coming<T> {
    fn drop(&mut self) {
        self.wait();
    }
}

/// Does `work` in another thread, beside whatever else is done so.
#[cfg(not(target_arch = "wasm32"))]
pub fn begin<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Coming<T> {
    let (made, sent) = mpsc::channel();
    // Nobody stops listening before it has come.
    rayon::spawn(move || _ = made.send(work()));
    Coming { sent: Mutex::new(sent), made: OnceLock::new() }
}

/// A page's engine is one thread.
#[cfg(target_arch = "wasm32")]
pub struct Coming<T>(T);

#[cfg(target_arch = "wasm32")]
impl<T> Coming<T> {
    pub fn wait(&self) -> &T {
        &self.0
    }
}

#[cfg(target_arch = "wasm32")]
pub fn begin<T>(work: impl FnOnce() -> T) -> Coming<T> {
    Coming(work())
}

/// What comes of both, which are done at the same time.
#[cfg(not(target_arch = "wasm32"))]
pub fn both<A: Send, B: Send>(a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B + Send) -> (A, B) {
    rayon::join(a, b)
}

#[cfg(target_arch = "wasm32")]
pub fn both<A, B>(a: impl FnOnce() -> A, b: impl FnOnce() -> B) -> (A, B) {
    (a(), b())
}

/// What `make` makes of each, in their order, on several threads where there are twice as many as are worth one.
#[cfg(not(target_arch = "wasm32"))]
pub fn each<T: Sync, R: Send>(all: &[T], worth_a_thread: usize, make: impl Fn(&T) -> R + Sync + Send) -> Vec<R> {
    all.par_iter().with_min_len(worth_a_thread).map(make).collect()
}

#[cfg(target_arch = "wasm32")]
pub fn each<T, R>(all: &[T], _: usize, make: impl Fn(&T) -> R) -> Vec<R> {
    all.iter().map(make).collect()
}

/// How long nothing is asked before what can wait is begun. In a program no time: it is done before the next frame.
#[cfg(not(target_arch = "wasm32"))]
pub async fn rest() {}

/// In a page it takes a while, and while a stroke grows the next question comes a frame after the last answer.
#[cfg(target_arch = "wasm32")]
pub async fn rest() {
    const MILLISECONDS: u32 = 50;
    gloo_timers::future::TimeoutFuture::new(MILLISECONDS).await;
}

/// Why there is no adapter: what the driver says, but that a page has one backend, and no use for the list of all others.
pub fn no_adapter(error: &wgpu::RequestAdapterError) -> String {
    if cfg!(target_arch = "wasm32") { "the browser offers none to WebGPU".into() } else { error.to_string() }
}

/// What to do where there is no adapter.
pub const ADVICE: &str = if cfg!(target_arch = "wasm32") {
    "See that its graphics acceleration is switched on"
} else if cfg!(target_os = "linux") {
    "Install a software one with `sudo apt install mesa-vulkan-drivers` (or run scripts/setup.sh)"
} else {
    "Install a driver for your graphics card"
};

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn nobody_leaves_while_it_is_made() {
        let made = Arc::new(AtomicUsize::new(0));
        let comings: Vec<_> = (0..50)
            .map(|_| {
                let made = made.clone();
                begin(move || {
                    thread::sleep(Duration::from_millis(1));
                    made.fetch_add(1, Ordering::SeqCst);
                })
            })
            .collect();
        drop(comings);
        assert_eq!(made.load(Ordering::SeqCst), 50);
    }

    #[test]
    fn what_was_made_ends_where_it_is_dropped() {
        for round in 0..20_000 {
            let device = Arc::new(());
            let held = device.clone();
            drop(begin(move || held));
            assert_eq!(Arc::strong_count(&device), 1, "in round {round}");
        }
    }
}
