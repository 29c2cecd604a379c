//! `digits selftest`: whether the adapter computes what the reference and PyTorch compute.

use anyhow::bail;
use digits::cases::Verdict;
use digits::reference::golden::Golden;
use digits::report::adapter_line;
use digits::selftest;
use pollster::FutureExt as _;

use super::{GpuOptions, say};

/// Prints a line for each operation and core. Fails if one of them differs.
pub fn run(options: &GpuOptions) -> anyhow::Result<()> {
    let gpu = options.open()?;
    say(&format!("adapter   {}\n", adapter_line(&gpu)))?;
    say("core        operation                    cases  worst error / allowed  verdict")?;
    let (mut passed, mut failed) = (0, 0);
    let each = async |row: selftest::Row| {
        *if row.passed() { &mut passed } else { &mut failed } += 1;
        let (worst, verdict) = match &row.outcome {
            Ok(Verdict::Agrees { worst }) => (format!("{worst:.3}"), "agrees".into()),
            Ok(Verdict::Differs(difference)) => (String::new(), format!("DIFFERS: {difference}")),
            Err(error) => (String::new(), format!("FAILS: {error}")),
        };
        say(&format!("{:11} {:28} {:>5}  {worst:>21}  {verdict}", row.core, row.operation, row.cases))
    };
    selftest::run(&gpu, &Golden::open(), each).block_on()?;
    say(&format!("\n{passed} passed, {failed} failed"))?;
    if failed > 0 {
        bail!(
            "this adapter or its driver does not compute what it should: {failed} of {} lines differ",
            passed + failed
        );
    }
    Ok(())
}
