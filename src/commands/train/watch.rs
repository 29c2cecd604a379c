//! `digits train --watch`: a window on the training, which goes on without it just as well.

use digits::checkpoint::Checkpoint;
use digits::mnist::DataSet;
use digits::model::Model;
use digits::network::Classes;
use digits::session::{Watched, Wish};
use digits::train::{Event, Job};
#[cfg(feature = "window")]
use digits::window;

use super::{GpuOptions, Interrupt, Options, Screen, note, run_watched};

/// Trains as the options say, or goes on with a training that was `resumed`; see [`run_watched`].
pub fn run(options: &Options, gpu: &GpuOptions, resumed: Option<Checkpoint>) -> anyhow::Result<()> {
    #[cfg(feature = "window")]
    if options.watch {
        return window::watch(|watched| run_watched(options, gpu, Some(watched), resumed));
    }
    run_watched(options, gpu, None, resumed)
}

/// Whoever looks on, if anybody does.
pub struct Watching(Option<Watched>);

impl Watching {
    /// Waits for the window, where there is to be one.
    pub fn begin(watched: Option<Watched>, job: &Job, classes: &Classes, validation: &DataSet) -> Watching {
        Watching(watched.and_then(|mut watched| {
            let begun = watched.begin(&job.network, classes.names(), job.epochs, validation);
            begun.map(|()| watched).map_err(|reason| note(&unwatched(&reason))).ok()
        }))
    }

    /// Shows what has happened; stopping there is Ctrl-C here.
    pub async fn on(
        &mut self,
        event: Event<'_>,
        model: &Model,
        interrupt: &Interrupt,
        screen: &Screen,
    ) -> anyhow::Result<()> {
        let Some(watched) = &mut self.0 else { return Ok(()) };
        match watched.on(event, model, || interrupt.is_pressed()).await? {
            None => {}
            Some(Wish::Stop) => interrupt.press(),
            Some(Wish::Leave(reason)) => {
                self.0 = None;
                if !matches!(event, Event::Test(..)) {
                    screen.note(&unwatched(&reason));
                }
            }
        }
        Ok(())
    }
}

fn unwatched(reason: &str) -> String {
    format!("note: {reason}; the training goes on without")
}
