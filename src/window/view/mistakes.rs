//! The validation images that the network gets wrong, as a sheet of small pictures.

use egui::{Align, Color32, ColorImage, Image, Label, Layout, Rect, RichText, TextureHandle, Ui, pos2, vec2};

use crate::mnist::SIDE;
use crate::session::{About, Mistake};
use crate::window::canvas::Colours;
use crate::window::images;

/// Of a picture, and of what is written below it, in points.
const PICTURE: f32 = 2.0 * SIDE as f32;
const LINE: f32 = 18.0;

/// What an epoch got wrong.
pub struct Mistakes {
    /// In all, of which the first are here.
    of: usize,
    mistakes: Vec<Mistake>,
    /// All below each other, in the colours of a theme.
    sheet: Option<(Colours, TextureHandle)>,
}

impl Mistakes {
    pub fn new(of: usize, mistakes: Vec<Mistake>) -> Mistakes {
        Mistakes { of, mistakes, sheet: None }
    }

    pub fn forget_textures(&mut self) {
        self.sheet = None;
    }

    /// Shows as many as there is room for beside each other, and others below.
    pub fn show(&mut self, ui: &mut Ui, about: &About) {
        let colours = Colours::of(ui.visuals().dark_mode);
        if self.sheet.as_ref().is_none_or(|(painted, _)| *painted != colours) {
            self.sheet = Some((colours, images::load(ui, "mistakes", self.paint(colours))));
        }
        let Some((_, sheet)) = &self.sheet else { return };
        let first = match self.of > self.mistakes.len() {
            true => format!(", the first {}", self.mistakes.len()),
            false => String::new(),
        };
        let text = format!("Wrong: {} validation images{first}, what they are and what they are taken for", self.of);
        ui.add(Label::new(text).wrap());
        ui.horizontal_wrapped(|ui| {
            for (index, mistake) in self.mistakes.iter().enumerate() {
                let count = self.mistakes.len() as f32;
                let [top, bottom] = [index, index + 1].map(|at| at as f32 / count);
                let part = Rect::from_min_max(pos2(0.0, top), pos2(1.0, bottom));
                show_one(ui, sheet, part, mistake, about);
            }
        });
    }

    fn paint(&self, colours: Colours) -> ColorImage {
        let pixels: Vec<Color32> =
            self.mistakes.iter().flat_map(|mistake| &mistake.pixels).map(|ink| colours.mix(*ink)).collect();
        ColorImage::new([SIDE, self.mistakes.len() * SIDE], pixels)
    }
}

fn show_one(ui: &mut Ui, sheet: &TextureHandle, part: Rect, mistake: &Mistake, about: &About) {
    let [label, said] = [mistake.label, mistake.said].map(|class| about.name(class.into()));
    ui.allocate_ui_with_layout(vec2(PICTURE, PICTURE + LINE), Layout::top_down(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let name = format!("a {label} that is taken for a {said}");
        ui.add(Image::new((sheet.id(), vec2(PICTURE, PICTURE))).uv(part).alt_text(&name)).on_hover_text(name);
        ui.add(Label::new(RichText::new(format!("{label} as {said}")).size(12.0)).truncate());
    });
}
