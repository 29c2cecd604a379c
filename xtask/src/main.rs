//! `cargo xtask`: what is done to this repository beside building and testing it. `cargo xtask web` puts the web page
//! together, one folder that any host of files can serve, and `--serve` serves it to the browsers of this machine;
//! `cargo xtask web-test` tests it in browsers.

mod cargo;
mod engine;
mod files;
mod idx;
mod page;
mod server;
mod version;
mod web_test;
mod weight;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use server::Server;

/// What is done to this repository beside building it.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Web(Options),
    /// Builds the page and tests it in Chromium and Firefox
    WebTest {
        /// Only the test files whose names have this in them
        #[arg(default_value = "", hide_default_value = true)]
        part: String,
    },
}

/// Builds the folder of the web page
#[derive(clap::Args)]
struct Options {
    /// The folder, in place of target/web; what was built there before goes
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Serves the folder to this machine until Ctrl-C
    #[arg(long)]
    serve: bool,
    /// Where to serve; a port that is taken gives way to the next
    #[arg(long, default_value_t = 8080, requires = "serve")]
    port: u16,
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Web(options) => web(options),
        Command::WebTest { part } => web_test::run(&part),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn web(options: Options) -> Result<()> {
    let folder = match options.out {
        Some(folder) => {
            page::check_replaceable(&folder)?;
            folder
        }
        None => page::default_folder()?,
    };
    let files = page::build(&folder)?;
    print!("{}", weight::table(&weight::of_first_answer(&files)));
    println!("built {}", folder.display());
    if options.serve {
        let server = Server::bind(&folder, options.port)?;
        if options.port != 0 && server.port() != options.port {
            println!("port {} is taken", options.port);
        }
        println!("serving http://127.0.0.1:{}/ until Ctrl-C", server.port());
        server.run()?;
    }
    Ok(())
}
