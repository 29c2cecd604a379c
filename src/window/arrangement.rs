//! How the room below the buttons is dealt out between canvas and answer.

use egui::{Panel, Vec2};

/// The least share of the longer side that belongs to the answer.
const LEAST: f32 = 0.42;

/// Where the answer stands, and how large it is across.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Answer {
    Beside(f32),
    Below(f32),
}

/// The canvas is square: what it leaves over of the longer side belongs to the answer.
pub fn arrange(room: Vec2) -> Answer {
    let of = |long: f32, short: f32| (long - short).max(LEAST * long).floor();
    match room.x >= room.y {
        true => Answer::Beside(of(room.x, room.y)),
        false => Answer::Below(of(room.y, room.x)),
    }
}

impl Answer {
    pub fn panel(self) -> Panel {
        match self {
            Answer::Beside(width) => Panel::right("answer beside").exact_size(width),
            Answer::Below(height) => Panel::bottom("answer below").exact_size(height),
        }
        .resizable(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::vec2;

    #[test]
    fn the_canvas_stays_square_and_the_answer_takes_the_rest() {
        assert_eq!(arrange(vec2(1600.0, 900.0)), Answer::Beside(700.0));
        assert_eq!(arrange(vec2(800.0, 700.0)), Answer::Beside(336.0));
        assert_eq!(arrange(vec2(500.0, 1000.0)), Answer::Below(500.0));
    }
}
