//! The drawings that followed each other on the canvas, so that nothing is lost.

use std::io::Cursor;
use std::path::Path;

use image::{GrayImage, ImageFormat};

use crate::files::{self, WriteError};
use crate::pen::{Point, Strokes};
use crate::session::Drawing;

/// Drawings as they followed each other, and which of them is on the canvas.
#[derive(Default)]
pub struct History {
    past: Vec<Drawing>,
    present: Drawing,
    future: Vec<Drawing>,
}

impl History {
    /// What is on the canvas.
    pub fn present(&self) -> &Drawing {
        &self.present
    }

    /// Puts `drawing` on the canvas; the one before can be had back.
    pub fn push(&mut self, drawing: Drawing) {
        if drawing != self.present {
            self.past.push(std::mem::replace(&mut self.present, drawing));
            self.future.clear();
        }
    }

    /// Begins a stroke at `point`.
    pub fn begin_stroke(&mut self, point: Point) {
        let mut drawing = self.present.clone();
        drawing.strokes.lines.push(vec![point]);
        self.push(drawing);
    }

    /// Goes on with the stroke that was begun last.
    pub fn extend_stroke(&mut self, point: Point) {
        let stroke = self.present.strokes.lines.last_mut().filter(|stroke| stroke.last() != Some(&point));
        if let Some(stroke) = stroke {
            stroke.push(point);
        }
    }

    /// Makes the pen as wide, also for what is drawn. This is how the drawing looks, no step of its own.
    pub fn set_pen(&mut self, width: f32) {
        for drawing in self.past.iter_mut().chain([&mut self.present]).chain(&mut self.future) {
            drawing.strokes.width = width;
        }
    }

    pub fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    pub fn can_redo(&self) -> bool {
        !self.future.is_empty()
    }

    /// Back to the drawing before, if there is one.
    pub fn undo(&mut self) {
        if let Some(drawing) = self.past.pop() {
            self.future.push(std::mem::replace(&mut self.present, drawing));
        }
    }

    /// Takes an undo back.
    pub fn redo(&mut self) {
        if let Some(drawing) = self.future.pop() {
            self.past.push(std::mem::replace(&mut self.present, drawing));
        }
    }

    /// An empty canvas.
    pub fn clear(&mut self) {
        let width = self.present.strokes.width;
        self.push(Drawing { strokes: Strokes { lines: Vec::new(), width }, picture: None });
    }
}

/// Writes a picture as PNG.
///
/// # Errors
/// The file cannot be written.
pub fn save_picture(picture: &GrayImage, path: &Path) -> Result<(), WriteError> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).expect("a picture in memory is written to memory");
    files::replace(path, &bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undo_takes_strokes_and_clearings_back_one_by_one() {
        let mut history = History::default();
        for x in [0.1, 0.5] {
            history.begin_stroke([x, 0.1]);
            history.extend_stroke([x, 0.9]);
        }
        let both = history.present().clone();
        history.clear();
        assert!(history.present().is_empty());
        history.undo();
        assert_eq!(history.present(), &both);
        history.undo();
        assert_eq!(history.present().strokes.lines, [[[0.1, 0.1], [0.1, 0.9]]]);
        history.redo();
        assert_eq!(history.present(), &both);
        history.undo();
        history.begin_stroke([0.2, 0.2]);
        assert!(!history.can_redo());
    }

    #[test]
    fn clearing_an_empty_canvas_is_no_step() {
        let mut history = History::default();
        history.clear();
        assert!(!history.can_undo());
    }
}
