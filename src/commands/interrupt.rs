//! Ctrl-C: the first asks for an orderly end, the second is one.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The exit code of a command that Ctrl-C ended: 128 and the number of the signal.
pub const EXIT_CODE: u8 = 130;

/// A command ended early because the user asked for it; says what became of the work.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Interrupted(pub String);

/// Whether Ctrl-C was pressed.
pub struct Interrupt {
    pressed: Arc<AtomicBool>,
}

impl Interrupt {
    /// From now on Ctrl-C is only noted, the first time.
    pub fn install() -> anyhow::Result<Interrupt> {
        let pressed = Arc::new(AtomicBool::new(false));
        let noted = pressed.clone();
        ctrlc::set_handler(move || {
            if noted.swap(true, Ordering::SeqCst) {
                process::exit(EXIT_CODE.into());
            }
        })?;
        Ok(Interrupt { pressed })
    }

    /// As if Ctrl-C was pressed.
    pub fn press(&self) {
        self.pressed.store(true, Ordering::SeqCst);
    }

    pub fn is_pressed(&self) -> bool {
        self.pressed.load(Ordering::SeqCst)
    }
}
