//! Which tile shape a matrix product is compiled for: the default, or the one that was measured to be the fastest on this
//! adapter. The shapes of a core add in the same order, so the choice changes how long a product takes and never a bit
//! of its result.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use super::{Choice, Choices, Gpu, GpuError, Kernel, KernelError, Recording, Source, Tensor, Timing};
use crate::platform::Instant;
use crate::samples::Samples;

/// Which of its tile shapes a product gets.
#[derive(Clone, Debug)]
pub enum Tiles {
    /// The one that the core's rule puts first.
    Default,
    /// The one of this number, or the last: for tests, which must see all of them.
    Candidate(usize),
    /// The fastest.
    Tuned(Arc<Tuner>),
}

/// A tile shape that a product can have.
pub struct Candidate {
    /// Its rows and columns, for people.
    pub tile: String,
    pub source: Source,
    pub workgroups: [u32; 3],
}

/// Remembers which tile shapes are the fastest, and measures those that it does not know while its budget lasts.
pub struct Tuner {
    state: Mutex<State>,
    budget: Duration,
    breadth: usize,
    watch: Box<dyn Fn(Event) + Send + Sync>,
}

/// What a tuner tells.
pub enum Event<'a> {
    /// This kernel, of this shape, is about to be measured.
    Measuring { kernel: &'a str, shape: &'a str },
    /// More is known than before.
    Learned(&'a Choices),
}

struct State {
    choices: Choices,
    /// Where in `choices` the products stand that were asked for.
    asked: Vec<usize>,
    measured: usize,
    spent: Duration,
}

/// Another shape takes the place of the default only where its median is less than this share of the shortest time of the
/// default: noise must not choose.
const CLEARLY_FASTER: f64 = 0.95;

/// Tile shapes of a product, at most, where nobody asks for more: each costs the time to compile and measure it.
const BREADTH: usize = 6;

/// A run repeats a product until it takes about this long, which drowns the cost of the submit.
const RUN_TIME: Duration = Duration::from_millis(1);
const MOST_REPEATS: f64 = 1000.0;

/// The shapes of a product run in turn, as many rounds as take no longer than this together, within these bounds.
const ROUNDS_TIME: Duration = Duration::from_millis(100);
const LEAST_ROUNDS: f64 = 5.0;
const MOST_ROUNDS: f64 = 9.0;

impl Tiles {
    /// How many candidates a product should have, at most.
    pub(crate) fn breadth(&self) -> usize {
        match self {
            Tiles::Default | Tiles::Candidate(_) => BREADTH,
            Tiles::Tuned(tuner) => tuner.breadth,
        }
    }

    /// The number of the candidate that a product gets. Measuring runs the product on `tensors`: it reads what they hold and
    /// leaves any numbers in those that it writes.
    pub(crate) fn choose(
        &self,
        gpu: &Gpu,
        shape: &str,
        candidates: &[Candidate],
        tensors: &[(&str, &Tensor)],
    ) -> Result<usize, GpuError> {
        match self {
            Tiles::Default => Ok(0),
            Tiles::Candidate(number) => Ok(*number.min(&(candidates.len() - 1))),
            Tiles::Tuned(tuner) => tuner.choose(gpu, shape, candidates, tensors),
        }
    }
}

impl Tuner {
    /// Knows `choices`, and measures for about `budget` what they lack, telling `watch`. Where the budget is no time at all,
    /// what is not known gets the default; where it ends, that is remembered, too, so that no later tuner takes up again
    /// what takes too long. `watch` is called while the tuner is in use, and must not ask it.
    pub fn new(choices: Choices, budget: Duration, watch: impl Fn(Event) + Send + Sync + 'static) -> Tuner {
        let state = State { choices, asked: Vec::new(), measured: 0, spent: Duration::ZERO };
        Tuner { state: Mutex::new(state), budget, breadth: BREADTH, watch: Box::new(watch) }
    }

    /// The same, for so many shapes of a product, where its core has them.
    pub fn with_breadth(self, breadth: usize) -> Tuner {
        Tuner { breadth, ..self }
    }

    /// All that is known now.
    pub fn choices(&self) -> Choices {
        self.state().choices.clone()
    }

    /// What is known of the products that were asked for, in the order in which they were.
    pub fn asked(&self) -> Vec<Choice> {
        let state = self.state();
        state.asked.iter().map(|at| state.choices.products[*at].clone()).collect()
    }

    /// How many products were measured, and the time that it took.
    pub fn spent(&self) -> (usize, Duration) {
        let state = self.state();
        (state.measured, state.spent)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn choose(
        &self,
        gpu: &Gpu,
        shape: &str,
        candidates: &[Candidate],
        tensors: &[(&str, &Tensor)],
    ) -> Result<usize, GpuError> {
        let source = &candidates[0].source;
        let (kernel, shader) = (source.name(), checksum(&source.text(gpu.settings().operands)));
        let mut state = self.state();
        let is_known = |choice: &Choice| choice.kernel == kernel && choice.shape == shape && choice.shader == shader;
        let known = state.choices.products.iter().position(is_known);
        if known.is_none() && (candidates.len() == 1 || self.budget.is_zero()) {
            return Ok(0);
        }
        let at = match known {
            Some(at) => at,
            None => {
                let tiles = self.measure(&mut state, gpu, (&kernel, shape), candidates, tensors)?;
                let chosen = fastest(&tiles).map(|timing| timing.tile.clone());
                state.choices.products.push(Choice { kernel, shape: shape.into(), shader, tiles, chosen });
                (self.watch)(Event::Learned(&state.choices));
                state.choices.products.len() - 1
            }
        };
        if !state.asked.contains(&at) {
            state.asked.push(at);
        }
        let chosen = &state.choices.products[at].chosen;
        Ok(candidates.iter().position(|candidate| Some(&candidate.tile) == chosen.as_ref()).unwrap_or(0))
    }

    /// The time of each candidate; none where the budget ends before all are known.
    fn measure(
        &self,
        state: &mut State,
        gpu: &Gpu,
        (kernel, shape): (&str, &str),
        candidates: &[Candidate],
        tensors: &[(&str, &Tensor)],
    ) -> Result<Vec<Timing>, GpuError> {
        let left = self.budget.saturating_sub(state.spent);
        if left.is_zero() {
            return Ok(Vec::new());
        }
        (self.watch)(Event::Measuring { kernel, shape });
        let started = Instant::now();
        let timings = time(gpu, candidates, tensors, || started.elapsed() > left)?;
        state.spent += started.elapsed();
        state.measured += usize::from(timings.is_some());
        Ok(timings.unwrap_or_default())
    }
}

impl fmt::Display for Tiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Tiles::Default => "default",
            Tiles::Candidate(_) => "other",
            Tiles::Tuned(_) => "tuned",
        })
    }
}

impl fmt::Debug for Tuner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tuner").field("budget", &self.budget).finish_non_exhaustive()
    }
}

/// The time of each candidate that the driver takes, or `None` where the time is up before.
fn time(
    gpu: &Gpu,
    candidates: &[Candidate],
    tensors: &[(&str, &Tensor)],
    is_up: impl Fn() -> bool,
) -> Result<Option<Vec<Timing>>, GpuError> {
    let mut recordings = Vec::new();
    // All are compiled side by side, and waited for one after the other.
    let recorded = candidates.iter().map(|candidate| Ok((&candidate.tile, record(gpu, candidate, tensors)?)));
    for (tile, recording) in recorded.collect::<Result<Vec<(&String, Recording)>, KernelError>>()? {
        // The first run compiles what the driver has put off.
        match recording.time(1) {
            Ok(_) => recordings.push((tile, recording)),
            // A driver may refuse a tile that it finds too large. Not the default: nothing would run without that.
            Err(GpuError::Kernel(KernelError::Driver { .. })) if !recordings.is_empty() => {}
            Err(error) => return Err(error),
        }
        if is_up() {
            return Ok(None);
        }
    }
    let once = recordings[0].1.time(1)?.as_secs_f64();
    let repeats = (RUN_TIME.as_secs_f64() / once).ceil().clamp(1.0, MOST_REPEATS);
    let round = once * repeats * recordings.len() as f64;
    let rounds = (ROUNDS_TIME.as_secs_f64() / round).clamp(LEAST_ROUNDS, MOST_ROUNDS);
    let mut seconds = vec![Vec::new(); recordings.len()];
    for _ in 0..rounds as usize {
        for ((_, recording), seconds) in recordings.iter().zip(&mut seconds) {
            seconds.push(recording.time(repeats as usize)?.as_secs_f64() / repeats);
            if is_up() {
                return Ok(None);
            }
        }
    }
    let timing = |((tile, _), seconds): (&(&String, Recording), Vec<f64>)| {
        let samples = Samples::new(seconds);
        Timing { tile: tile.to_string(), median_seconds: samples.median(), shortest_seconds: samples.shortest() }
    };
    Ok(Some(recordings.iter().zip(seconds).map(timing).collect()))
}

/// The candidate alone, without the copies to the textures that it reads.
fn record(gpu: &Gpu, candidate: &Candidate, tensors: &[(&str, &Tensor)]) -> Result<Recording, KernelError> {
    let dispatch = Kernel::new(gpu, &candidate.source)?.bind(gpu, tensors, candidate.workgroups)?;
    let mut recording = Recording::new(gpu);
    dispatch.textures.iter().for_each(|tensor| recording.hold(tensor));
    recording.push(dispatch);
    Ok(recording)
}

/// The shortest median, where it is clearly shorter than any time of the default, which is the first.
fn fastest(tiles: &[Timing]) -> Option<&Timing> {
    let default = tiles.first()?;
    let fastest = tiles.iter().min_by(|a, b| a.median_seconds.total_cmp(&b.median_seconds))?;
    Some(if fastest.median_seconds < CLEARLY_FASTER * default.shortest_seconds { fastest } else { default })
}

/// Where two texts have the same by chance, a kernel gets a tile that another was measured with, which is no fault.
fn checksum(text: &str) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(text.as_bytes());
    crc.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_tile_is_chosen_only_where_it_is_clearly_faster_than_the_default() {
        let chosen = |seconds: &[[f64; 2]]| {
            let timing = |(number, [shortest_seconds, median_seconds]): (usize, &[f64; 2])| Timing {
                tile: number.to_string(),
                median_seconds: *median_seconds,
                shortest_seconds: *shortest_seconds,
            };
            let tiles: Vec<Timing> = seconds.iter().enumerate().map(timing).collect();
            fastest(&tiles).map(|timing| timing.tile.clone())
        };
        assert_eq!(chosen(&[]), None);
        assert_eq!(chosen(&[[1.0, 2.0]]).as_deref(), Some("0"));
        assert_eq!(chosen(&[[1.0, 2.0], [0.5, 0.96], [2.0, 2.0]]).as_deref(), Some("0"));
        assert_eq!(chosen(&[[1.0, 2.0], [0.9, 0.94], [0.92, 0.93]]).as_deref(), Some("2"));
    }
}
