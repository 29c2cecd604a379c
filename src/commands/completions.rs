//! `digits completions`: what a shell completes behind `digits`, made of the options themselves.

use clap::{Args, Command};
use clap_complete::{Shell, generate};

use super::say;

/// Prints the script by which a shell completes commands and options
///
/// For bash, in ~/.bashrc:    source <(digits completions bash)
/// For zsh, in ~/.zshrc, behind compinit:    source <(digits completions zsh)
/// For fish, once:    digits completions fish > ~/.config/fish/completions/digits.fish
/// For PowerShell, in the file $PROFILE:    digits completions powershell | Out-String | Invoke-Expression
/// For elvish, in ~/.config/elvish/rc.elv:    eval (digits completions elvish | slurp)
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Options {
    /// Shell that the script is for
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Prints the script of `command`, which is the whole program.
pub fn run(options: &Options, mut command: Command) -> anyhow::Result<()> {
    let (name, mut script) = (command.get_name().to_string(), Vec::new());
    generate(options.shell, &mut command, name, &mut script);
    Ok(say(String::from_utf8(script)?.trim_end())?)
}
