//! What lies over the window until it is closed: the keys, and what is known about the model.

use egui::{Button, Grid, Id, Label, Modal, ScrollArea, Ui, vec2};
use indicatif::HumanCount;

use super::controls::GROUPS;
use super::style::TARGET;
use crate::session::About;

/// Nobody touches a row.
const ROW: f32 = 20.0;

/// Every key and what it does.
pub fn help(ui: &Ui, open: &mut bool) {
    modal(ui, "Help", open, |ui| {
        table("keys").show(ui, |ui| {
            for group in &GROUPS {
                ui.strong(group.name);
                ui.end_row();
                for control in &group.controls {
                    row(ui, &control.key_names(ui), control.help);
                }
            }
            ui.strong("Teaching");
            ui.end_row();
            row(ui, "0 ... 9", "Teach the model what the drawing shows");
        });
    });
}

/// What is known about the model.
pub fn about(ui: &Ui, open: &mut bool, about: &About, lessons: usize) {
    let rows = [
        ("Model", about.origin.clone()),
        ("Network", about.network.replace(" | ", "\n")),
        ("Parameters", HumanCount(about.parameters as u64).to_string()),
        ("Trained", about.training.clone()),
        ("Drawings taught", lessons.to_string()),
        ("Adapter", about.adapter.clone().unwrap_or_else(|| "none: the processor".into())),
        ("Driver", about.driver.clone()),
    ];
    modal(ui, "Model", open, |ui| {
        table("model").show(ui, |ui| {
            for (name, value) in rows {
                row(ui, name, &value);
            }
        });
    });
}

/// What something is called, and what is to be said of it.
fn table(name: &str) -> Grid {
    Grid::new(name).striped(true).num_columns(2).min_row_height(ROW).spacing(vec2(16.0, 4.0))
}

fn row(ui: &mut Ui, name: &str, value: &str) {
    ui.label(name);
    ui.add(Label::new(value).wrap());
    ui.end_row();
}

/// Lies in the middle of the window, scrolls where that is too small, and is closed by its button, Escape or a click beside it.
fn modal(ui: &Ui, title: &str, open: &mut bool, content: impl FnOnce(&mut Ui)) {
    if !*open {
        return;
    }
    let room = ui.ctx().content_rect().size() - vec2(48.0, 48.0);
    let shown = Modal::new(Id::unique(title)).show(ui.ctx(), |ui| {
        ui.set_max_width(room.x.min(560.0));
        ui.heading(title);
        let height = (room.y - 3.0 * TARGET).max(TARGET);
        ScrollArea::vertical().max_height(height).min_scrolled_height(height).show(ui, content);
        ui.add_space(4.0);
        ui.horizontal(|ui| ui.add(Button::new("Close").min_size(vec2(96.0, TARGET))).clicked()).inner
    });
    *open = !(shown.inner || shown.should_close());
}
