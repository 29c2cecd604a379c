//! Numbers and settings as pages write them.

use indicatif::HumanCount;

use crate::network::Summary;
use crate::report::{Ending, Machine, Run};

pub type Fact = (&'static str, String);

pub fn count(number: usize) -> String {
    HumanCount(number as u64).to_string()
}

pub fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

pub fn seconds(seconds: f64) -> String {
    match seconds {
        0.0..100.0 => format!("{seconds:.2} s"),
        100.0..6000.0 => format!("{:.1} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3600.0),
    }
}

/// How a training was set.
pub fn of_run(run: &Run) -> Vec<Fact> {
    let mut facts = vec![
        ("network", run.network.clone()),
        ("data", run.data.clone()),
        ("batch", count(run.batch)),
        ("optimizer", run.optimizer.clone()),
        ("learning rate", run.learning_rate.to_string()),
        ("recipe", run.recipe.clone().unwrap_or_else(|| "constant rate".into())),
        ("augmentation", run.augment.clone().unwrap_or_else(|| "none".into())),
        ("precision", run.precision.clone()),
        ("seed", run.seed.to_string()),
    ];
    if run.images > 0 {
        facts.insert(2, ("training images", count(run.images)));
    }
    facts
}

/// How long a training took, and how fast it was.
pub fn of_ending(ending: &Ending) -> Vec<Fact> {
    let mut facts = vec![
        ("training passes", seconds(ending.times.total)),
        ("median epoch", seconds(ending.times.median)),
        ("images/s", count(ending.images_per_s as usize)),
        ("GFLOP/s", format!("{:.1}", ending.gflops)),
        ("start to saved model", seconds(ending.total_seconds)),
    ];
    facts.extend(ending.peak_rss_mib.map(|mib| ("memory at most", format!("{mib:.0} MiB"))));
    facts
}

/// How the model of a file was trained.
pub fn of_summary(summary: &Summary) -> Vec<Fact> {
    let share = |share: Option<f64>| share.map_or_else(|| "not measured".into(), percent);
    vec![
        ("epochs", summary.epochs.to_string()),
        ("training images seen", HumanCount(summary.images_seen).to_string()),
        ("batch", summary.batch.to_string()),
        ("optimizer", summary.optimiser.clone()),
        ("learning rate", summary.learning_rate.to_string()),
        ("recipe", summary.recipe.clone().unwrap_or_else(|| "constant rate".into())),
        ("augmentation", summary.augment.clone().unwrap_or_else(|| "none".into())),
        ("seed", summary.seed.to_string()),
        ("validation accuracy, then", share(summary.validation_accuracy)),
        ("test accuracy, then", share(summary.test_accuracy)),
    ]
}

pub fn of_machine(machine: &Machine) -> Vec<Fact> {
    let Machine { adapter, driver, backend, version, core, operands, tiles } = machine.clone();
    vec![
        ("adapter", adapter),
        ("driver", driver),
        ("backend", backend),
        ("core", format!("{core}, operands from {operands}, {tiles} tiles")),
        ("version of digits", version),
    ]
}
