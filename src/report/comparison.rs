//! Two reports of `digits bench` side by side: what got faster and what slower.

use std::collections::HashMap;

use super::units::si;
use super::{BenchReport, Machine};
use crate::measure::{Outcome, Point, Reading};

/// An older and a newer report, figure by figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    old: Machine,
    new: Machine,
    /// Every figure that stands in both, in the order of the newer.
    pub changes: Vec<Change>,
}

/// One figure, then and now.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub figure: String,
    /// The SI unit of both.
    pub unit: &'static str,
    pub old: f64,
    pub new: f64,
}

impl Change {
    /// new / old
    pub fn ratio(&self) -> f64 {
        self.new / self.old
    }
}

impl Comparison {
    /// Finds the figures that stand in both reports.
    pub fn new(old: &BenchReport, new: &BenchReport) -> Comparison {
        let then: HashMap<String, f64> = figures(old).into_iter().map(|(name, _, value)| (name, value)).collect();
        let changes = figures(new).into_iter().filter_map(|(figure, unit, new)| {
            let old = *then.get(&figure)?;
            Some(Change { figure, unit, old, new })
        });
        Comparison { changes: changes.collect(), old: old.machine.clone(), new: new.machine.clone() }
    }

    /// What the two reports do not have in common beside their figures, a sentence each.
    pub fn differences(&self) -> Vec<String> {
        let both = fields(&self.old).into_iter().zip(fields(&self.new));
        both.filter(|((_, old), (_, new))| old != new)
            .map(|((name, old), (_, new))| format!("the {name} differs: old {old}, new {new}"))
            .collect()
    }

    /// A line for each figure, with the ratio of the new to the old.
    pub fn table(&self) -> String {
        let header = ["figure", "old", "new", "new/old"].map(String::from).to_vec();
        let rows = self.changes.iter().map(|change| {
            let ratio = format!("{:.3}", change.ratio());
            vec![change.figure.clone(), si(change.old, change.unit), si(change.new, change.unit), ratio]
        });
        super::table(1, header, rows)
    }
}

fn fields(machine: &Machine) -> [(&'static str, &str); 7] {
    let Machine { adapter, driver, backend, version, core, operands, tiles } = machine;
    [
        ("adapter", adapter),
        ("driver", driver),
        ("backend", backend),
        ("version of digits", version),
        ("core", core),
        ("place of the operands", operands),
        ("choice of tiles", tiles),
    ]
}

/// The measured figures of a report: name, unit, value. What follows from them is left out.
fn figures(report: &BenchReport) -> Vec<(String, &'static str, f64)> {
    let mut figures = Vec::new();
    if let Some(kernels) = &report.kernels {
        figures.push(("ceiling: arithmetic".into(), "FLOP/s", kernels.ceiling.flops_per_second));
        figures.push(("ceiling: memory".into(), "B/s", kernels.ceiling.bytes_per_second));
        let operations = kernels.operations.iter();
        figures.extend(operations.map(|one| (format!("{} {}", one.operation, one.shape), "s", one.seconds)));
    }
    if let Some(step) = &report.step {
        figures.push(("step".into(), "s", step.seconds));
        let mut seen: HashMap<&str, usize> = HashMap::new();
        for command in &step.commands {
            let times = seen.entry(&command.name).and_modify(|times| *times += 1).or_insert(1);
            let which = if *times > 1 { format!(" ({times})") } else { String::new() };
            figures.push((format!("step: {}{which}", command.name), "s", command.seconds));
        }
    }
    if let Some(infer) = &report.infer {
        let latencies =
            [("one image", infer.one_image), ("empty submit", infer.empty_submit), ("read back", infer.read_back)];
        for (name, latency) in latencies {
            figures.push((format!("infer: {name}, median"), "s", latency.median_seconds));
            figures.push((format!("infer: {name}, 99 of 100"), "s", latency.p99_seconds));
        }
        let many = [Some(infer.many_images), infer.stream].into_iter().flatten();
        figures.extend(many.map(|many| (format!("infer: {} images", many.batch), "s", many.seconds)));
        if let Some(Reading { files, images }) = &infer.reading {
            figures.push((format!("infer: {} digits as images", images.batch), "s", images.seconds));
            figures.push((format!("infer: {} digits in files", files.batch), "s", files.seconds));
        }
    }
    if let Some(scale) = &report.scale {
        figures.extend(scale.batches.iter().chain(&scale.widths).filter_map(point));
    }
    figures
}

fn point(point: &Point) -> Option<(String, &'static str, f64)> {
    match point.outcome {
        Outcome::Measured { seconds, .. } => {
            Some((format!("scale: width x {}, batch {}", point.width, point.batch), "s", seconds))
        }
        Outcome::Skipped { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As an earlier program may have printed it.
    fn report(adapter: &str, median: f64, copy: f64) -> BenchReport {
        let text = serde_json::json!({
            "adapter": adapter, "driver": "d", "backend": "vulkan", "version": "0.1.0",
            "core": "tile", "operands": "buffers",
            "step": {
                "batch": 128, "seconds": 0.1, "images_per_second": 1280.0,
                "commands": [{"name": "copy", "seconds": copy}, {"name": "adam", "seconds": 0.5}, {"name": "copy", "seconds": 0.25}],
            },
            "infer": {
                "empty_submit": {"runs": 500, "median_seconds": 1e-5, "p99_seconds": 2e-5},
                "read_back": {"runs": 500, "median_seconds": 3e-5, "p99_seconds": 4e-5},
                "one_image": {"runs": 500, "median_seconds": median, "p99_seconds": 1e-3},
                "many_images": {"batch": 1024, "seconds": 0.1, "images_per_second": 10240.0},
            },
            "scale": {"batches": [{
                "batch": 4096, "width": 1.0, "network": "n", "flops_per_image": 14_444_976, "skipped": "too large",
            }], "widths": []},
        });
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn a_ratio_is_new_by_old_and_repeated_commands_keep_their_place() {
        let comparison = Comparison::new(&report("a", 2e-3, 0.5), &report("a", 1e-3, 1.0));
        let ratio = |figure: &str| comparison.changes.iter().find(|change| change.figure == figure).map(Change::ratio);
        assert_eq!(ratio("infer: one image, median"), Some(0.5));
        assert_eq!([ratio("step: copy"), ratio("step: copy (2)")], [Some(2.0), Some(1.0)]);
        assert_eq!(comparison.changes.len(), 4 + 7, "{comparison:?}");
        let table = comparison.table();
        assert!(table.contains("infer: one image, median        2.000 ms  1.000 ms    0.500\n"), "{table}");
    }

    #[test]
    fn only_figures_of_both_reports_are_compared() {
        let (mut old, new) = (report("a", 2e-3, 0.5), report("a", 1e-3, 0.5));
        old.infer = None;
        let comparison = Comparison::new(&old, &new);
        assert!(!comparison.changes.is_empty());
        assert!(comparison.changes.iter().all(|change| change.figure.starts_with("step")), "{comparison:?}");
    }

    #[test]
    fn an_adapter_that_differs_is_named() {
        let comparison = Comparison::new(&report("one", 1e-3, 0.5), &report("two", 1e-3, 0.5));
        assert_eq!(comparison.differences(), ["the adapter differs: old one, new two"]);
        let same = Comparison::new(&report("one", 1e-3, 0.5), &report("one", 2e-3, 0.5));
        assert!(same.differences().is_empty());
    }

    #[test]
    fn a_report_is_read_as_it_was_written() {
        let report = report("a", 1e-3, 0.5);
        let text = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<BenchReport>(&text).unwrap(), report);
    }
}
