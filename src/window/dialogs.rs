//! Dialogs that choose a file. They run beside the window, which goes on meanwhile.

use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use egui::Context;
use rfd::AsyncFileDialog;

/// What a file is chosen for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    OpenPicture,
    SavePicture,
    SaveModel,
    ExportDrawings,
}

/// A file and what it was chosen for.
pub struct Chosen {
    pub purpose: Purpose,
    /// `None` where the dialog was closed, or the desktop has none.
    pub path: Option<PathBuf>,
}

/// The dialogs that are open.
pub struct Dialogs {
    outbox: Sender<Chosen>,
    inbox: Receiver<Chosen>,
}

impl Default for Dialogs {
    fn default() -> Dialogs {
        let (outbox, inbox) = mpsc::channel();
        Dialogs { outbox, inbox }
    }
}

impl Dialogs {
    /// Opens a dialog; `context` is woken when it is done.
    pub fn open(&self, context: &Context, purpose: Purpose) {
        let (outbox, context) = (self.outbox.clone(), context.clone());
        let dialog = AsyncFileDialog::new();
        let (title, kind, endings, name): (_, _, &[&str], _) = match purpose {
            Purpose::OpenPicture => ("Open a picture or a model", "Pictures, models", OPENED, ""),
            Purpose::SavePicture => ("Save the canvas", "PNG", &["png"], "digit.png"),
            Purpose::SaveModel => ("Save the model", "Model", &["safetensors"], "model.safetensors"),
            Purpose::ExportDrawings => ("Export the drawings", "Pen file", &["tsv", "gz"], "drawings.tsv.gz"),
        };
        let dialog = dialog.set_title(title).add_filter(kind, endings).set_file_name(name);
        // Some systems want dialogs to be made by the window's thread; all let another one wait.
        let choice: std::pin::Pin<Box<dyn Future<Output = Option<rfd::FileHandle>> + Send>> = match purpose {
            Purpose::OpenPicture => Box::pin(dialog.pick_file()),
            _ => Box::pin(dialog.save_file()),
        };
        thread::spawn(move || {
            let path = pollster::block_on(choice).map(|file| file.path().into());
            // A window that is closed needs no file.
            let _ = outbox.send(Chosen { purpose, path });
            context.request_repaint();
        });
    }

    /// What the dialogs that are done have chosen.
    pub fn chosen(&self) -> Vec<Chosen> {
        self.inbox.try_iter().collect()
    }
}

const OPENED: &[&str] = &["png", "jpg", "jpeg", "safetensors"];
