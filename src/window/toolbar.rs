//! The buttons above the canvas, in groups that stay whole where they do not fit beside each other.

use egui::{Align, Button, Frame, Layout, RichText, Role, Ui, Vec2, WidgetInfo, vec2};

use super::controls::{Command, Control, GROUPS, Group};
use super::style::TARGET;

/// A button at this moment.
#[derive(Clone, Copy)]
pub struct State {
    pub is_possible: bool,
    /// Whether what it switches is on, where it is a switch.
    pub is_on: Option<bool>,
}

/// Around and between the buttons of a group.
const MARGIN: f32 = 2.0;

/// The buttons of all commands, as they are now. Gives the one that was clicked.
pub fn toolbar(ui: &mut Ui, state: impl Fn(Command) -> State) -> Option<Command> {
    let mut clicked = None;
    ui.horizontal_wrapped(|ui| {
        for group in &GROUPS {
            let count = group.controls.len() as f32;
            let size = vec2(count * (TARGET + MARGIN) + MARGIN, TARGET + 2.0 * MARGIN);
            ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
                clicked = clicked.or(show_group(ui, group, &state));
            });
        }
    });
    clicked
}

fn show_group(ui: &mut Ui, group: &Group, state: &impl Fn(Command) -> State) -> Option<Command> {
    let mut clicked = None;
    let frame = Frame::new().fill(ui.visuals().widgets.inactive.weak_bg_fill).corner_radius(8.0).inner_margin(MARGIN);
    frame.show(ui, |ui| {
        ui.spacing_mut().item_spacing.x = MARGIN;
        // As large as a target, and no larger: the room of a group was counted so.
        ui.spacing_mut().button_padding = Vec2::ZERO;
        for control in &group.controls {
            if show_button(ui, control, state(control.command)) {
                clicked = Some(control.command);
            }
        }
    });
    clicked
}

/// The button of one command. Gives whether it was clicked.
pub fn show_button(ui: &mut Ui, control: &Control, State { is_possible, is_on }: State) -> bool {
    let tip = format!("{}: {} ({})", control.name, control.help, control.key_names(ui));
    let button = Button::selectable(is_on == Some(true), RichText::new(control.icon).size(18.0));
    let response = ui.add_enabled(is_possible, button.min_size(Vec2::splat(TARGET)));
    let response = response.on_hover_text(&tip).on_disabled_hover_text(&tip);
    let info = || WidgetInfo { selected: is_on, ..WidgetInfo::labeled(Role::Button, is_possible, control.name) };
    response.widget_info(info);
    response.clicked()
}
