//! `--report DIR` of `train` and `eval`: the folder is looked at before anything takes time, and filled at the end.

use std::path::{Path, PathBuf};

use clap::Args;
use digits::html::{Folder, FolderError, ModelReport, Origin, model_page};
use digits::inspect::{Inspection, Judged};
use digits::model::Model;
use digits::network::Parameters;
use digits::report::Machine;

use super::Misuse;

/// Where a report goes.
#[derive(Args)]
pub struct ReportOptions {
    /// Folder to write a report to: one page with its pictures, to look at in a browser; an earlier report is replaced
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
}

impl ReportOptions {
    pub fn is_asked_for(&self) -> bool {
        self.report.is_some()
    }

    /// The folder, ready to be written; the command writes the files `beside` it, too.
    pub fn folder(&self, beside: &[Option<&Path>]) -> anyhow::Result<Option<Folder>> {
        let beside: Vec<&Path> = beside.iter().flatten().copied().collect();
        let folder = self.report.as_deref().map(|path| Folder::prepare(path, &beside));
        folder.transpose().map_err(refused)
    }
}

/// A place that is taken is a wrong option; one that cannot be written is a failure.
pub fn refused(error: FolderError) -> anyhow::Error {
    if error.is_misuse() { Misuse(error.to_string()).into() } else { error.into() }
}

/// Looks over the model that is called `name`, writes its page, and says where.
pub async fn write(
    folder: &Folder,
    (name, model): (&str, &Model),
    parameters: &Parameters,
    judged: Judged<'_>,
    origin: Origin<'_>,
) -> anyhow::Result<String> {
    let inspection = Inspection::of(model, parameters, judged).await?;
    let report = ModelReport {
        inspection: &inspection,
        model: name,
        origin,
        machine: &Machine::of(model.gpu()),
        command: &command_line(),
    };
    let page = folder.write(&model_page(&report))?;
    Ok(format!("report {}", page.display()))
}

/// What the user typed, for a shell.
pub fn command_line() -> String {
    let words = std::env::args_os().skip(1).map(|word| quoted(&word.to_string_lossy()));
    std::iter::once("digits".to_string()).chain(words).collect::<Vec<_>>().join(" ")
}

/// A word as a shell takes it for one.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_./=:,+@%".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.into()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_read_more_into_them() {
        let words = ["--epochs", "dense 10", "it's", "", "a|b", "$HOME", "x.jsonl"].map(quoted);
        assert_eq!(words, ["--epochs", "'dense 10'", r"'it'\''s'", "''", "'a|b'", "'$HOME'", "x.jsonl"]);
    }
}
