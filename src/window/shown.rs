//! What the worker has answered, and pictures of it in the colours of the theme.

use egui::{TextureHandle, Ui};

use super::canvas::Colours;
use super::images;
use crate::explain::{Explanation, Maps};
use crate::mnist::SIDE;
use crate::session::Recognition;

/// What is known about the drawing, and about the model that looks at it.
#[derive(Default)]
pub struct Shown {
    recognition: Option<Recognition>,
    explanation: Option<Explanation>,
    filters: Option<Maps>,
    pictures: Option<Pictures>,
}

/// What lies on the device.
pub struct Pictures {
    colours: Colours,
    pub input: Option<TextureHandle>,
    /// Of each convolution.
    pub maps: Vec<TextureHandle>,
}

impl Shown {
    pub fn recognition(&self) -> Option<&Recognition> {
        self.recognition.as_ref()
    }

    pub fn explanation(&self) -> Option<&Explanation> {
        self.explanation.as_ref()
    }

    /// The filters of the convolution of this index, if they are known: those of the first are.
    pub fn filters(&self, convolution: usize) -> Option<&Maps> {
        self.filters.as_ref().filter(|_| convolution == 0)
    }

    pub fn take_recognition(&mut self, recognition: Recognition) {
        (self.recognition, self.pictures) = (Some(recognition), None);
    }

    pub fn take_explanation(&mut self, explanation: Explanation) {
        (self.explanation, self.pictures) = (Some(explanation), None);
    }

    pub fn take_filters(&mut self, filters: Option<Maps>) {
        (self.filters, self.pictures) = (filters, None);
    }

    /// There is no drawing any more.
    pub fn forget_answer(&mut self) {
        (self.recognition, self.explanation, self.pictures) = (None, None, None);
    }

    /// Forgets what lies on a device that is gone.
    pub fn forget_textures(&mut self) {
        self.pictures = None;
    }

    /// Puts on the device what is not there yet in the colours of the theme.
    pub fn paint(&mut self, ui: &Ui) {
        let colours = Colours::of(ui.visuals().dark_mode);
        if self.pictures.as_ref().is_some_and(|pictures| pictures.colours == colours) {
            return;
        }
        let input = self.recognition.as_ref().map(|recognition| {
            let image = images::ink(&recognition.input[..], SIDE, colours);
            images::load(ui, "input", image)
        });
        let of_each = self.explanation.iter().flat_map(|explanation| &explanation.maps).enumerate();
        let load = |(index, maps)| images::load(ui, "maps", images::tiles(maps, self.filters(index), colours));
        let maps = of_each.map(load).collect();
        self.pictures = Some(Pictures { colours, input, maps });
    }

    /// What was painted last.
    pub fn pictures(&self) -> Option<&Pictures> {
        self.pictures.as_ref()
    }
}
