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
    Saliency,
    ModelInfo,
    SaveModel,
    Restore,
    ExportDrawings,
    Help,
    /// The drawing shows this digit.
    Teach(u8),
}

/// A command as it appears.
pub struct Control {
    pub command: Command,
    pub name: &'static str,
    pub keys: &'static [KeyboardShortcut],
    pub help: &'static str,
}

impl Control {
    /// Its keys as this system calls them.
    pub fn key_names(&self, ui: &Ui) -> String {
        let names: Vec<String> = self.keys.iter().map(|shortcut| ui.ctx().format_shortcut(shortcut)).collect();
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

/// In the order of the buttons.
pub const CONTROLS: [Control; 14] = [
    control(Command::Undo, "Undo", &[with_command(Key::Z)], "Take the last stroke, picture or clearing back"),
    control(Command::Redo, "Redo", &[with_shift(Key::Z), with_command(Key::Y)], "Take an undo back"),
    control(Command::Clear, "Clear", &[key(Key::Escape), key(Key::Delete)], "Empty the canvas; undo brings it back"),
    control(Command::ThinnerPen, "Thinner", &[key(Key::OpenBracket), key(Key::Minus)], "Draw with a thinner pen"),
    control(Command::WiderPen, "Wider", &[key(Key::CloseBracket), key(Key::Plus)], "Draw with a wider pen"),
    control(Command::Invert, "Invert", &[key(Key::I)], "Swap the colours of ink and paper"),
    control(Command::Saliency, "Saliency", &[key(Key::S)], "Colour the pixels that speak for and against the answer"),
    control(Command::OpenPicture, "Open picture...", &[with_command(Key::O)], "Put a picture on the canvas"),
    control(Command::SavePicture, "Save PNG...", &[with_command(Key::S)], "Save the canvas as a PNG picture"),
    control(Command::ModelInfo, "Model", &[key(Key::M)], "Tell about the model"),
    control(Command::SaveModel, "Save model...", &[with_shift(Key::S)], "Save the model with what it was taught"),
    control(Command::Restore, "Restore model", &[with_command(Key::R)], "Forget what the model was taught"),
    control(
        Command::ExportDrawings,
        "Export drawings...",
        &[with_command(Key::E)],
        "Save the drawings that were taught",
    ),
    control(Command::Help, "Help", &[key(Key::F1), key(Key::H)], "Show the keys"),
];

const fn control(
    command: Command,
    name: &'static str,
    keys: &'static [KeyboardShortcut],
    help: &'static str,
) -> Control {
    Control { command, name, keys, help }
}

const DIGITS: [Key; 10] =
    [Key::Num0, Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9];

/// The commands whose keys were pressed.
pub fn pressed(ui: &Ui) -> Vec<Command> {
    ui.input_mut(|input| {
        let mut commands = Vec::new();
        // Those with Shift first: without it they would match as well.
        for shift in [true, false] {
            for control in &CONTROLS {
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
