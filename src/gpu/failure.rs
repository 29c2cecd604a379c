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

    fn keep(&self, kind: Kind) {
        lock(&self.0).get_or_insert(kind);
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
