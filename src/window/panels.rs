//! What stands beside the canvas: the answer, the bars, what the network saw and what it made of it.

use egui::{
    Align, Color32, ColorImage, Grid, Image, Layout, ProgressBar, RichText, TextureHandle, TextureOptions, Ui, Vec2,
    Window, accesskit::Live,
};

use super::controls::{CONTROLS, Command};
use crate::explain::Maps;
use crate::mnist::{CLASSES, SIDE};
use crate::network::best;
use crate::session::{About, Recognition};

/// The answer in large type, which is announced to those who hear the window, and the picture that it is about.
pub fn answer(ui: &mut Ui, about: Option<&About>, recognition: Option<&Recognition>, input: Option<&TextureHandle>) {
    let (text, size, spoken, confidence) = match recognition {
        None => (String::new(), 64.0, "No prediction".to_string(), String::new()),
        Some(Recognition { probabilities, is_digit, .. }) => {
            let class = best(probabilities);
            let percent = 100.0 * probabilities[class];
            let name = name(about, class);
            let spoken = format!("{name}, {percent:.0} percent");
            match is_digit {
                true if name.len() > 2 => (name, 32.0, format!("Prediction: {spoken}"), format!("{percent:.1} %")),
                true => (name, 64.0, format!("Prediction: {spoken}"), format!("{percent:.1} %")),
                false => {
                    let spoken = format!("Prediction: no digit, most like {spoken}");
                    ("no digit".into(), 32.0, spoken, format!("most like {name}\n{percent:.1} %"))
                }
            }
        }
    };
    let side = 3.0 * SIDE as f32;
    ui.horizontal(|ui| {
        ui.set_height(side);
        let response = ui.label(RichText::new(text).size(size).strong());
        ui.ctx().accesskit_node_builder(response.id, |node| {
            node.set_value(spoken);
            node.set_live(Live::Polite);
        });
        ui.label(RichText::new(confidence).size(22.0));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if let Some(input) = input {
                picture(ui, input, Vec2::splat(side), "What the network sees, 28 by 28 pixels");
            }
        });
    });
}

/// What a class is called.
fn name(about: Option<&About>, class: usize) -> String {
    about.map_or_else(|| class.to_string(), |about| about.name(class))
}

/// A bar for each class. Gives the one that was clicked: the right one.
pub fn bars(ui: &mut Ui, about: Option<&About>, recognition: Option<&Recognition>) -> Option<u8> {
    let digit = recognition.filter(|recognition| recognition.is_digit);
    let winner = digit.map(|recognition| best(&recognition.probabilities));
    let mut clicked = None;
    for class in 0..about.map_or(CLASSES, |about| about.classes) {
        let probability = recognition.map_or(0.0, |recognition| recognition.probabilities[class]);
        ui.horizontal(|ui| {
            let name = name(about, class);
            let help = format!("Teach: this is a {name}");
            if ui.small_button(RichText::new(name).monospace()).on_hover_text(help).clicked() {
                clicked = Some(class as u8);
            }
            let text = if recognition.is_some() { format!("{:.1} %", 100.0 * probability) } else { String::new() };
            let fill = match probability {
                // The shortest bar is not nothing.
                0.0..0.005 => Color32::TRANSPARENT,
                _ if winner == Some(class) => ui.visuals().selection.bg_fill,
                _ => Color32::from_gray(128),
            };
            let bar = ProgressBar::new(probability).text(text).fill(fill).corner_radius(2.0);
            ui.add(bar.desired_height(16.0));
        });
    }
    clicked
}

/// The feature maps of a convolution.
pub fn maps(ui: &mut Ui, name: &str, maps: &Maps, texture: &TextureHandle) {
    let shape = maps.shape;
    ui.label(format!("{name}: {} maps of {} x {}", shape.channels, shape.height, shape.width));
    let size = texture.size_vec2();
    let width = ui.available_width().min(320.0);
    picture(ui, texture, size * (width / size.x), &format!("Feature maps of {name}"));
}

fn picture(ui: &mut Ui, texture: &TextureHandle, size: Vec2, name: &str) {
    ui.add(Image::new((texture.id(), size)).alt_text(name)).on_hover_text(name);
}

/// Grey values from 0 to 1 as a picture.
pub fn grey(values: &[f32], width: usize) -> ColorImage {
    let pixels = values.iter().map(|value| Color32::from_gray((255.0 * value.clamp(0.0, 1.0)) as u8)).collect();
    ColorImage::new([width, values.len() / width], pixels)
}

/// All maps of a convolution side by side, small ones more in a row, as bright as they are strong.
pub fn tiles(maps: &Maps) -> ColorImage {
    let (c, h, w) = (maps.shape.channels, maps.shape.height, maps.shape.width);
    let row = if w < 10 { 16 } else { 8 };
    let largest = maps.values.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    let mut image = ColorImage::filled([row.min(c) * (w + 1) - 1, c.div_ceil(row) * (h + 1) - 1], Color32::TRANSPARENT);
    for (at, value) in maps.values.iter().enumerate() {
        let (map, y, x) = (at / (h * w), at / w % h, at % w);
        let pixel = (255.0 * (value / largest).clamp(0.0, 1.0)) as u8;
        image[(map % row * (w + 1) + x, map / row * (h + 1) + y)] = Color32::from_gray(pixel);
    }
    image
}

/// What speaks for the answer in orange, what speaks against it in blue.
pub fn signed(values: &[f32], width: usize) -> ColorImage {
    let largest = values.iter().map(|value| value.abs()).fold(f32::MIN_POSITIVE, f32::max);
    let colour = |value: &f32| {
        let share = (value.abs() / largest * 200.0) as u8;
        let [r, g, b] = if *value > 0.0 { [255, 120, 0] } else { [0, 110, 255] };
        Color32::from_rgba_unmultiplied(r, g, b, share)
    };
    ColorImage::new([width, values.len() / width], values.iter().map(colour).collect())
}

/// Every key and what it does.
pub fn help(ui: &Ui, open: &mut bool) {
    Window::new("Help").open(open).collapsible(false).resizable(false).show(ui.ctx(), |ui| {
        Grid::new("keys").striped(true).show(ui, |ui| {
            for control in &CONTROLS {
                ui.monospace(control.key_names(ui));
                ui.label(control.help);
                ui.end_row();
            }
            ui.monospace("0 ... 9");
            ui.label("Teach the model what the drawing shows");
            ui.end_row();
        });
    });
}

/// What is known about the model.
pub fn about(ui: &Ui, open: &mut bool, about: &About, lessons: usize) {
    Window::new("Model").open(open).collapsible(false).resizable(false).show(ui.ctx(), |ui| {
        Grid::new("model").show(ui, |ui| {
            let rows = [
                ("Model", about.origin.clone()),
                ("Network", about.network.replace(" | ", "\n")),
                ("Parameters", about.parameters.to_string()),
                ("Trained", about.training.clone()),
                ("Drawings taught", lessons.to_string()),
                ("Adapter", about.adapter.clone().unwrap_or_else(|| "none: the processor".into())),
                ("Driver", about.driver.clone()),
            ];
            for (name, value) in rows {
                ui.label(name);
                ui.label(value);
                ui.end_row();
            }
        });
    });
}

/// The buttons of all commands, as they are possible now. Gives the one that was clicked.
pub fn toolbar(ui: &mut Ui, is_possible: impl Fn(Command) -> bool) -> Option<Command> {
    let mut clicked = None;
    ui.horizontal_wrapped(|ui| {
        for control in &CONTROLS {
            let help = format!("{} ({})", control.help, control.key_names(ui));
            let button = ui.add_enabled(is_possible(control.command), egui::Button::new(control.name));
            if button.on_hover_text(help).clicked() {
                clicked = Some(control.command);
            }
        }
    });
    clicked
}

/// Puts a picture of few pixels on the device, to be shown with sharp edges.
pub fn load(ui: &Ui, name: &str, image: ColorImage) -> TextureHandle {
    ui.ctx().load_texture(name, image, TextureOptions::NEAREST)
}
