//! What people and programs are told: figures as text, tables and JSON. Nothing here computes on the GPU or prints.

mod adapters;
mod bench;
mod comparison;
mod confusion;
mod log;
mod network;
mod reliability;
mod runs;
mod sets;
mod tuning;
mod units;

use comfy_table::{CellAlignment, Table, presets};

pub use adapters::{adapter_line, adapter_table};
pub use bench::{BenchReport, BenchReportError, Machine};
pub use comparison::{Change, Comparison};
pub use confusion::{ClassFigures, Confusion};
pub use log::{Ending, EpochLine, Log, LogError, LogProblem, Run, Times};
pub use network::network_table;
pub use reliability::reliability_table;
pub use runs::{TrainingLog, TrainingLogError};
pub use sets::{SetFigures, set_table};
pub use tuning::tuning_table;

/// A table without lines whose columns from `first_number` on hold numbers.
fn table(first_number: usize, header: Vec<String>, rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header).add_rows(rows);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if index >= first_number {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}
