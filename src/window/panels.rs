//! What stands beside the canvas: the answer, the bars, what the network saw and what it made of it.

use egui::accesskit::Live;
use egui::{
    Align, Button, Image, Label, Layout, ProgressBar, RichText, ScrollArea, TextStyle, TextureHandle, Ui, Vec2, vec2,
};

use super::style::TARGET;
use crate::explain::Maps;
use crate::mnist::{CLASSES, SIDE};
use crate::network::best;
use crate::session::{About, Recognition};

/// The height from which bars need not stand in two columns, and what a bar with its percentage needs at least to do so.
const ONE_COLUMN: f32 = 600.0;
const LEAST_BAR: f32 = 66.0;

/// From column to column and from bar to bar.
const BETWEEN_BARS: Vec2 = vec2(12.0, 2.0);

/// Room for a bar and its percentage that is little.
const NARROW: f32 = 120.0;

/// What stands before the bars.
#[derive(Clone, Copy)]
pub enum Labels {
    Words,
    /// Where a digit can be taught.
    Buttons,
}

/// Scrolls `content` where there is too little room for it. It is as wide without a scroll bar as with one: pictures that fit
/// beside a bar may be too high without it, and the bar would come and go for ever.
pub fn scrolled(ui: &mut Ui, name: &str, content: impl FnOnce(&mut Ui)) {
    let width = ui.available_width() - ui.spacing().scroll.allocated_width();
    ScrollArea::vertical().id_salt(name).auto_shrink(false).show(ui, |ui| {
        ui.set_max_width(width);
        content(ui);
    });
}

/// What a class of the model is called.
pub fn class_name(about: Option<&About>, class: usize) -> String {
    about.map_or_else(|| class.to_string(), |about| about.name(class))
}

/// The answer in large type, which is announced to those who hear the window, and the picture that it is about.
pub fn answer(
    ui: &mut Ui,
    height: f32,
    about: Option<&About>,
    recognition: Option<&Recognition>,
    input: Option<&TextureHandle>,
) {
    // A whole number of points for a pixel of the picture.
    let side = SIDE as f32 * (ui.available_width().min(height) / 115.0).round().clamp(3.0, 6.0);
    let (text, spoken, confidence) = match recognition {
        None => (String::new(), "No prediction".to_string(), String::new()),
        Some(Recognition { probabilities, is_digit, .. }) => {
            let (class, percent) = (best(probabilities), 100.0 * probabilities[best(probabilities)]);
            let name = class_name(about, class);
            let spoken = format!("{name}, {percent:.0} percent");
            match is_digit {
                true => (name, format!("Prediction: {spoken}"), format!("{percent:.1} %")),
                false => {
                    let spoken = format!("Prediction: no digit, most like {spoken}");
                    ("no digit".into(), spoken, format!("most like {name}\n{percent:.1} %"))
                }
            }
        }
    };
    let room = vec2(ui.available_width(), side);
    ui.allocate_ui_with_layout(room, Layout::right_to_left(Align::Center), |ui| {
        if let Some(input) = input {
            picture(ui, input, Vec2::splat(side), "What the network sees, 28 by 28 pixels");
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.set_height(side);
            ui.spacing_mut().item_spacing.x = 10.0;
            // Words are smaller than digits.
            let size = side * if text.len() > 2 { 0.3 } else { 0.75 };
            let response = ui.label(RichText::new(text).size(size).strong());
            ui.ctx().accesskit_node_builder(response.id, |node| {
                node.set_value(spoken);
                node.set_live(Live::Polite);
            });
            ui.add(Label::new(RichText::new(confidence).size(0.2 * side + 3.0)).wrap());
        });
    });
}

/// A bar for each class, in two columns where `height` is not enough for one. Gives the one that was clicked: the right one.
pub fn bars(
    ui: &mut Ui,
    height: f32,
    about: Option<&About>,
    recognition: Option<&Recognition>,
    labels: Labels,
) -> Option<u8> {
    let known = recognition.map_or(CLASSES, |recognition| recognition.probabilities.len());
    let classes = about.map_or(known, |about| about.classes);
    let digit = recognition.filter(|recognition| recognition.is_digit);
    let winner = digit.map(|recognition| best(&recognition.probabilities));
    let names: Vec<String> = (0..classes).map(|class| class_name(about, class)).collect();
    let widths = names.iter().map(|name| width_of(ui, name));
    let width = widths.fold(TARGET, |widest, width| widest.max(width + 2.0 * ui.spacing().button_padding.x));
    let fit_beside = 2.0 * (width + LEAST_BAR) + BETWEEN_BARS.x <= ui.available_width();
    let columns = if height < ONE_COLUMN && fit_beside { 2 } else { 1 };
    let (spacing, mut clicked) = (vec2(ui.spacing().item_spacing.x, BETWEEN_BARS.y), None);
    ui.spacing_mut().item_spacing.x = BETWEEN_BARS.x;
    ui.columns(columns, |columns| {
        let rows = classes.div_ceil(columns.len());
        for (class, name) in names.iter().enumerate() {
            let ui = &mut columns[class / rows];
            ui.spacing_mut().item_spacing = spacing;
            let probability = recognition.map(|recognition| recognition.probabilities[class]);
            ui.horizontal(|ui| {
                if label(ui, name, vec2(width, TARGET), labels) {
                    clicked = Some(class as u8);
                }
                bar(ui, name, probability, winner == Some(class));
            });
        }
    });
    ui.spacing_mut().item_spacing.x = spacing.x;
    clicked
}

/// What a bar is of. Gives whether it was clicked.
fn label(ui: &mut Ui, name: &str, size: Vec2, labels: Labels) -> bool {
    match labels {
        Labels::Words => ui.add_sized(size, Label::new(name).selectable(false)),
        Labels::Buttons => ui.add(Button::new(name).min_size(size)).on_hover_text(format!("Teach: this is a {name}")),
    }
    .clicked()
}

/// A probability as a bar that takes the room there is, and in percent behind it.
fn bar(ui: &mut Ui, name: &str, probability: Option<f32>, is_winner: bool) {
    // Where there is little room, the bar needs it more than the last digit.
    let decimals = usize::from(ui.available_width() > NARROW);
    let text = probability.map(|probability| format!("{:.decimals$} %", 100.0 * probability)).unwrap_or_default();
    let room = width_of(ui, &format!("{:.decimals$} %", 100.0));
    let probability = probability.unwrap_or_default();
    let fill = match probability {
        // The shortest bar is not nothing.
        0.0..0.005 => ui.visuals().extreme_bg_color,
        _ if is_winner => ui.visuals().selection.bg_fill,
        _ => ui.visuals().widgets.noninteractive.fg_stroke.color.gamma_multiply(0.6),
    };
    let width = ui.available_width() - room - ui.spacing().item_spacing.x;
    let bar = ProgressBar::new(probability).fill(fill).corner_radius(3.0).desired_width(width.max(8.0));
    let response = ui.add(bar.desired_height(18.0));
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(format!("Probability of {name}")));
    ui.allocate_ui_with_layout(vec2(room, TARGET), Layout::right_to_left(Align::Center), |ui| {
        ui.set_min_width(room);
        ui.label(text);
    });
}

/// The feature maps of a convolution, and its filters beside them where they are there.
pub fn maps(ui: &mut Ui, name: &str, maps: &Maps, filters: Option<&Maps>, texture: &TextureHandle) {
    let shape = maps.shape;
    let mut text = format!("{name}: {} maps of {} x {}", shape.channels, shape.height, shape.width);
    let mut alt = format!("Feature maps of {name}");
    if let Some(filters) = filters {
        text += &format!(", each behind its filter of {} x {}", filters.shape.height, filters.shape.width);
        alt += ", each behind its filter: orange weighs for, blue against";
    }
    ui.add(Label::new(text).wrap());
    let size = texture.size_vec2();
    picture(ui, texture, size * (ui.available_width() / size.x), &alt);
}

fn picture(ui: &mut Ui, texture: &TextureHandle, size: Vec2, name: &str) {
    ui.add(Image::new((texture.id(), size)).alt_text(name)).on_hover_text(name);
}

fn width_of(ui: &Ui, text: &str) -> f32 {
    let font = TextStyle::Body.resolve(ui.style());
    let colour = ui.visuals().text_color();
    ui.painter().layout_no_wrap(text.into(), font, colour).size().x.ceil()
}
