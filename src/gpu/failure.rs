//! What goes wrong on a device outside a call: it is lost, has no memory left, or refuses a command. The first such failure is
//! kept, since all that fail later follow from it.

use std::sync::{Arc, Mutex};

use wgpu::{Device, Error};

use super::device::lock;
use super::{GpuError, adapter};

/// The first failure of a device, if there is one. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Failure(Arc<Mutex<Option<Kind>>>);

#[derive(Clone)]
enum Kind {
    Lost(String),
    OutOfMemory,
    Refused(String),
}

impl Failure {
    /// Of `device`, from now on.
    pub fn of(device: &Device) -> Failure {
        let failure = Failure::default();
        let (errors, losses) = (failure.clone(), failure.clone());
        device.on_uncaptured_error(Arc::new(move |error: Error| {
            errors.keep(match error {
                Error::OutOfMemory { .. } => Kind::OutOfMemory,
                error => Kind::Refused(adapter::one_line(&error.to_string())),
            });
        }));
        // Dropping the last handle of a device also ends here, when nobody asks any more.
        device.set_device_lost_callback(move |_, message| {
            losses.keep(match adapter::one_line(&message).as_str() {
                // The words of wgpu for what drivers answer.
                "Out of memory" => Kind::OutOfMemory,
                "Device is lost" => Kind::Lost(String::new()),
                reason => Kind::Lost(reason.into()),
            });
        });
        failure
    }

    /// The first, but for commands that are refused because the device is lost, where the news of that comes behind them.
    fn keep(&self, kind: Kind) {
        let mut kept = lock(&self.0);
        if matches!((&*kept, &kind), (None, _) | (Some(Kind::Refused(_)), Kind::Lost(_) | Kind::OutOfMemory)) {
            *kept = Some(kind);
        }
    }

    /// As a device tells that it was lost, before it does.
    pub fn lose(&self) {
        self.keep(Kind::Lost(String::new()));
    }

    /// It turned out to be another's.
    pub fn forget(&self) {
        lock(&self.0).take();
    }

    /// The failure, as an error.
    ///
    /// # Errors
    /// There is one.
    pub fn check(&self) -> Result<(), GpuError> {
        match lock(&self.0).clone() {
            None => Ok(()),
            Some(Kind::Lost(reason)) => Err(GpuError::Lost(reason)),
            Some(Kind::OutOfMemory) => Err(GpuError::OutOfMemory),
            Some(Kind::Refused(reason)) => Err(GpuError::Failed(reason)),
        }
    }
}
