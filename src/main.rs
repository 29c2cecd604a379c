//! The command line: options in, sentences and exit codes out. The work is the library's; here stands how it is asked
//! for and what a failure looks like.

mod commands;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Error;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
#[cfg(feature = "window")]
use commands::draw;
use commands::{
    GpuOptions, Interrupted, Misuse, VERSION, bench, compact, completions, eval, export, gpus, import, limits, man,
    predict, report, selftest, train, tune,
};

/// Recognizes handwritten digits; every forward and backward pass is a WGSL compute shader.
#[derive(Parser)]
#[command(version = VERSION.as_str(), subcommand_required = true, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    gpu: GpuOptions,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    #[cfg(feature = "window")]
    Draw(draw::Options),
    Predict(predict::Options),
    Train(Box<train::Options>),
    Eval(eval::Options),
    Report(report::Options),
    Bench(bench::Options),
    Tune(tune::Options),
    Compact(compact::Options),
    Export(export::Options),
    Import(import::Options),
    /// Lists the adapters of this machine, and marks the one that digits would compute on
    Gpus,
    Selftest(selftest::Options),
    /// Tells what files may ask for, at most: pictures, data sets, models and all others
    #[command(after_help = digits::limits::table())]
    Limits,
    Completions(completions::Options),
    Man(man::Options),
}

fn main() -> ExitCode {
    prepare_drivers();
    let Cli { gpu, command } = Cli::parse();
    let done = match command {
        #[cfg(feature = "window")]
        Command::Draw(options) => draw::run(&options, &gpu),
        Command::Predict(options) => predict::run(&options, &gpu),
        Command::Train(options) => run_training(&options, &gpu),
        Command::Eval(options) => eval::run(&options, &gpu),
        Command::Report(options) => report::run(&options),
        Command::Bench(options) => bench::run(&options, &gpu),
        Command::Tune(options) => tune::run(&options, &gpu),
        Command::Compact(options) => compact::run(&options),
        Command::Export(options) => export::run(&options),
        Command::Import(options) => import::run(&options),
        Command::Gpus => gpus::run(&gpu),
        Command::Selftest(options) => selftest::run(&options, &gpu),
        Command::Limits => limits::run(),
        Command::Completions(options) => completions::run(&options, Cli::command()),
        Command::Man(options) => man::run(&options, Cli::command()),
    };
    done.map_or_else(tell, |()| ExitCode::SUCCESS)
}

/// A training, or one that goes on with the options that stand in its checkpoint.
fn run_training(options: &train::Options, gpu: &GpuOptions) -> anyhow::Result<()> {
    let Some(checkpoint) = train::resumed(options)? else { return train::run(options, gpu, None) };
    let line = std::iter::once("digits".into()).chain(checkpoint.arguments.clone());
    match Cli::parse_from(line) {
        Cli { gpu, command: Command::Train(options) } => train::run(&options, &gpu, Some(checkpoint)),
        _ => anyhow::bail!("the checkpoint is of no training"),
    }
}

/// Sets what Vulkan's drivers take from the environment, unless the user has.
fn prepare_drivers() {
    let set = |name: &str, value: &str| {
        if std::env::var_os(name).is_none() {
            #[expect(unsafe_code, reason = "other threads might read the environment")]
            // SAFETY: the program has no other thread yet.
            unsafe {
                std::env::set_var(name, value);
            }
        }
    };
    // Without a desktop session, a layer of Mesa that asks the desktop for its favourite GPU prints an error for each
    // time that it finds no desktop.
    if std::env::var_os("XDG_RUNTIME_DIR").is_none() {
        set("NODEVICE_SELECT", "1");
    }
    // llvmpipe deals a dispatch out in equal shares, one a thread, and waits for the slowest; two shares a processor even
    // out what else keeps it busy. It takes 32 threads at most.
    if let Ok(processors) = std::thread::available_parallelism() {
        set("LP_NUM_THREADS", &(2 * processors.get()).min(32).to_string());
    }
}

/// Says in one line what went wrong, and gives the exit code: 2 for options that make no sense, 130 after Ctrl-C, 0 where
/// nobody reads on, as behind `head`, and 1 for all else.
fn tell(error: Error) -> ExitCode {
    if let Some(misuse) = error.downcast_ref::<Misuse>() {
        Cli::command().error(ErrorKind::ValueValidation, misuse).exit();
    }
    let is_interruption = error.is::<Interrupted>();
    if error.downcast_ref().is_some_and(|error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe) {
        return ExitCode::SUCCESS;
    }
    let prefix = if is_interruption { "" } else { "error: " };
    let _ = writeln!(io::stderr(), "{prefix}{error:#}");
    ExitCode::from(if is_interruption { 130 } else { 1 })
}
