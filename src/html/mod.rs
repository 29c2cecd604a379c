//! Pages for people who would rather look than read: a training or a model on one page, and several trainings side by side.
//! A page is one file that asks for nothing from elsewhere; its pictures are [`crate::figures`].

mod facts;
mod folder;
mod frame;
mod model;
mod runs;

pub use folder::{Folder, FolderError, check_page, write_page};
pub use model::{ModelReport, Origin, TrainingPart, model_page};
pub use runs::runs_page;

use crate::figures::Figure;

/// A page, and the pictures in it that are to lie beside it.
pub struct Page {
    pub html: String,
    pub figures: Vec<Figure>,
}
