//! What a person can ask for, each with its button, its key and a line in the help: one table serves all three.

use egui::{Key, KeyboardShortcut, Modifiers, Ui};

/// Something that a person asks for, by a button or a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    Undo,
    Redo,
    Clear,
    ThinnerPen,
    WiderPen,
    Invert,
    OpenPicture,
    SavePicture,
    ExportDrawings,
    ModelInfo,
    SaveModel,
    Restore,
    Saliency,
    Theme,
    Help,
    /// The drawing shows this digit.
    Teach(u8),
}

/// A command as it appears.
pub struct Control {
    pub command: Command,
    /// A glyph of `icons.ttf`.
    pub icon: &'static str,
    pub name: &'static str,
    pub keys: &'static [KeyboardShortcut],
    pub help: &'static str,
}

/// Commands whose buttons stand together.
pub struct Group {
    pub name: &'static str,
    pub controls: [Control; 3],
}

impl Control {
    /// Its keys as this system calls them.
    pub fn key_names(&self, ui: &Ui) -> String {
        let names: Vec<String> = self.keys.iter().map(|shortcut| name_of(ui, shortcut)).collect();
        names.join(", ")
    }
}

const fn key(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::NONE, key)
}

const fn with_command(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND, key)
}

const fn with_shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), key)
}

use Command::*;

/// In the order of the buttons.
#[rustfmt::skip]
pub const GROUPS: [Group; 5] = [
    Group { name: "Drawing", controls: [
        control(Undo, "\u{e2a1}", "Undo", &[with_command(Key::Z)], "Take the last stroke, picture or clearing back"),
        control(Redo, "\u{e2a0}", "Redo", &[with_shift(Key::Z), with_command(Key::Y)], "Take an undo back"),
        control(Clear, "\u{e18e}", "Clear", &[key(Key::Escape), key(Key::Delete)], "Empty the canvas; undo brings it back"),
    ] },
    Group { name: "Pen", controls: [
        control(ThinnerPen, "\u{e43b}", "Thinner", &[key(Key::OpenBracket), key(Key::Minus)], "Draw with a thinner pen"),
        control(WiderPen, "\u{e43d}", "Wider", &[key(Key::CloseBracket), key(Key::Plus)], "Draw with a wider pen"),
        control(Invert, "\u{e09d}", "Invert", &[key(Key::I)], "Swap the colours of ink and paper"),
    ] },
    Group { name: "Files", controls: [
        control(OpenPicture, "\u{e247}", "Open picture...", &[with_command(Key::O)], "Put a picture on the canvas, or use a model"),
        control(SavePicture, "\u{e53c}", "Save PNG...", &[with_command(Key::S)], "Save the canvas as a PNG picture"),
        control(ExportDrawings, "\u{e31f}", "Export drawings...", &[with_command(Key::E)], "Save the drawings that were taught"),
    ] },
    Group { name: "Model", controls: [
        control(ModelInfo, "\u{e3c6}", "Model", &[key(Key::M)], "Tell about the model"),
        control(SaveModel, "\u{e14d}", "Save model...", &[with_shift(Key::S)], "Save the model with what it was taught"),
        control(Restore, "\u{e1f5}", "Restore model", &[with_command(Key::R)], "Forget what the model was taught"),
    ] },
    Group { name: "View", controls: [
        control(Saliency, "\u{e536}", "Saliency", &[key(Key::S)], "Colour the pixels that speak for and against the answer"),
        control(Theme, "\u{e2b2}", "Theme", &[key(Key::T)], "Change between dark and light"),
        control(Help, "\u{e082}", "Help", &[key(Key::F1), key(Key::H)], "Show the keys"),
    ] },
];

const fn control(
    command: Command,
    icon: &'static str,
    name: &'static str,
    keys: &'static [KeyboardShortcut],
    help: &'static str,
) -> Control {
    Control { command, icon, name, keys, help }
}

const DIGITS: [Key; 10] =
    [Key::Num0, Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9];

/// All commands that have a button.
pub fn controls() -> impl Iterator<Item = &'static Control> {
    const { &GROUPS }.iter().flat_map(|group| &group.controls)
}

/// The first key of `command`, as this system calls it.
///
/// # Panics
/// If it has no button.
pub fn key_name(ui: &Ui, command: Command) -> String {
    let control = controls().find(|control| control.command == command).expect("a command with a button");
    name_of(ui, &control.keys[0])
}

/// `[` rather than `OpenBracket`.
fn name_of(ui: &Ui, shortcut: &KeyboardShortcut) -> String {
    match shortcut.modifiers {
        Modifiers::NONE => shortcut.logical_key.symbol_or_name().into(),
        _ => ui.ctx().format_shortcut(shortcut),
    }
}

/// The commands whose keys were pressed.
pub fn pressed(ui: &Ui) -> Vec<Command> {
    ui.input_mut(|input| {
        let mut commands = Vec::new();
        // Those with Shift first: without it they would match as well.
        for shift in [true, false] {
            for control in controls() {
                let mut keys = control.keys.iter().filter(|shortcut| shortcut.modifiers.shift == shift);
                if keys.any(|shortcut| input.consume_shortcut(shortcut)) {
                    commands.push(control.command);
                }
            }
        }
        for (digit, key) in (0..).zip(DIGITS) {
            if input.consume_key(Modifiers::NONE, key) {
                commands.push(Command::Teach(digit));
            }
        }
        commands
    })
}
