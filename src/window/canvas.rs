//! The canvas: where a person draws, and what is shown over the drawing.

use std::sync::Arc;

use egui::text::{LayoutJob, TextFormat};
use egui::{
    Align, Color32, ColorImage, Context, CornerRadius, Event, Painter, PointerButton, Pos2, Rect, Response, Sense,
    Stroke, StrokeKind, TextStyle, TextureHandle, TextureOptions, Ui, Vec2, pos2, vec2,
};

use super::history::History;
use crate::pen::Point;
use crate::session::Drawing;

/// The pixels of the canvas's picture, at most, by side.
const MOST_PIXELS: f32 = 1536.0;

/// What an empty canvas says.
const HINT: &str = "Draw a digit here";
const HINT_MARGIN: f32 = 12.0;

/// The canvas on the screen.
#[derive(Default)]
pub struct Canvas {
    /// Whether the pen touches.
    is_drawing: bool,
    picture: Option<Picture>,
    /// The map over the drawing and where it lies, in sides of the canvas.
    overlay: Option<(TextureHandle, Rect)>,
}

/// The drawing as it was last painted.
struct Picture {
    texture: TextureHandle,
    drawing: Drawing,
    side: usize,
    colours: Colours,
}

/// What ink and paper look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colours {
    pub ink: Color32,
    pub paper: Color32,
}

const DARK: Color32 = Color32::from_gray(18);
const LIGHT: Color32 = Color32::from_gray(248);

impl Colours {
    pub const LIGHT_ON_DARK: Colours = Colours { ink: LIGHT, paper: DARK };
    pub const DARK_ON_LIGHT: Colours = Colours { ink: DARK, paper: LIGHT };

    /// Those of a theme.
    pub fn of(is_dark: bool) -> Colours {
        if is_dark { Colours::LIGHT_ON_DARK } else { Colours::DARK_ON_LIGHT }
    }

    /// The colour of a pixel with so much ink, or of a picture's pixel, whose paper may be light.
    pub fn mix(self, ink: u8) -> Color32 {
        self.paper.lerp_to_gamma(self.ink, f32::from(ink) / 255.0)
    }
}

impl Canvas {
    /// Shows the canvas in a square of `side` points and draws into `history` what the pointer does. Gives whether the
    /// drawing changed. An empty one says `keys`, too, where there is room for it.
    pub fn show(&mut self, ui: &mut Ui, side: f32, history: &mut History, colours: Colours, keys: &str) -> bool {
        let (rect, response) = ui.allocate_exact_size(Vec2::splat(side), Sense::drag());
        describe(&response, history.present());
        let changed = self.draw(ui, &response, rect, history);
        let texture = self.texture(ui.ctx(), rect, history.present(), colours);
        let painter = ui.painter_at(rect.expand(1.0));
        let all = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        painter.image(texture, rect, all, Color32::WHITE);
        if let Some((texture, place)) = &self.overlay {
            let place =
                Rect::from_min_max(rect.min + place.min.to_vec2() * side, rect.min + place.max.to_vec2() * side);
            painter.with_clip_rect(rect).image(texture.id(), place, all, Color32::WHITE);
        }
        let outline = Stroke::new(1.0, ui.visuals().widgets.noninteractive.bg_stroke.color);
        painter.rect_stroke(rect, CornerRadius::ZERO, outline, StrokeKind::Outside);
        if history.present().is_empty() {
            hint(ui, &painter, rect, colours.mix(160), keys);
        }
        changed
    }

    /// Lays a map over the drawing: `image` at `place`, in sides of the canvas.
    pub fn set_overlay(&mut self, context: &Context, image: ColorImage, place: [Point; 2]) {
        let texture = context.load_texture("saliency", image, TextureOptions::LINEAR);
        let [min, max] = place.map(|[x, y]| pos2(x, y));
        self.overlay = Some((texture, Rect::from_min_max(min, max)));
    }

    pub fn clear_overlay(&mut self) {
        self.overlay = None;
    }

    /// Ends the stroke: what follows is no part of it.
    pub fn lift_pen(&mut self) {
        self.is_drawing = false;
    }

    /// Forgets what lies on a device that is gone.
    pub fn forget_textures(&mut self) {
        (self.picture, self.overlay) = (None, None);
    }

    /// Every movement since the last frame counts, so that fast strokes stay round.
    fn draw(&mut self, ui: &Ui, response: &Response, rect: Rect, history: &mut History) -> bool {
        let point = |at: Pos2| [(at.x - rect.min.x) / rect.width(), (at.y - rect.min.y) / rect.height()];
        let events = ui.input(|input| input.events.clone());
        let mut changed = false;
        for event in events {
            match event {
                Event::PointerButton { pos, button: PointerButton::Primary, pressed: true, .. }
                    if response.contains_pointer() && rect.contains(pos) =>
                {
                    history.begin_stroke(point(pos));
                    self.is_drawing = true;
                    changed = true;
                }
                Event::PointerMoved(pos) if self.is_drawing => {
                    history.extend_stroke(point(pos));
                    changed = true;
                }
                Event::PointerButton { button: PointerButton::Primary, pressed: false, .. }
                | Event::PointerGone
                | Event::WindowFocused(false) => self.is_drawing = false,
                _ => {}
            }
        }
        changed
    }

    /// The drawing as a texture, painted anew where something changed.
    fn texture(&mut self, context: &Context, rect: Rect, drawing: &Drawing, colours: Colours) -> egui::TextureId {
        let side = (rect.width() * context.pixels_per_point()).clamp(1.0, MOST_PIXELS) as usize;
        let is_same =
            |picture: &&Picture| picture.side == side && picture.colours == colours && picture.drawing == *drawing;
        if let Some(picture) = self.picture.as_ref().filter(is_same) {
            return picture.texture.id();
        }
        let pixels = drawing.draw(side as u32).into_raw().into_iter().map(|ink| colours.mix(ink)).collect();
        let image = Arc::new(ColorImage::new([side, side], pixels));
        let texture = match self.picture.take() {
            Some(Picture { mut texture, .. }) => {
                texture.set(image, TextureOptions::LINEAR);
                texture
            }
            None => context.load_texture("canvas", image, TextureOptions::LINEAR),
        };
        let picture = self.picture.insert(Picture { texture, drawing: drawing.clone(), side, colours });
        picture.texture.id()
    }
}

/// Says what to do in an empty canvas, as much of it as there is room for.
fn hint(ui: &Ui, painter: &Painter, rect: Rect, colour: Color32, keys: &str) {
    let room = rect.shrink(HINT_MARGIN).size();
    let lines = |more: &str| {
        let mut job = LayoutJob { halign: Align::Center, ..Default::default() };
        job.wrap.max_width = room.x;
        job.append(HINT, 0.0, TextFormat::simple(TextStyle::Heading.resolve(ui.style()), colour));
        job.append(more, 0.0, TextFormat::simple(TextStyle::Body.resolve(ui.style()), colour));
        painter.layout_job(job)
    };
    let (all, first) = (lines(&format!("\n\n{keys}")), lines(""));
    let shown = if all.size().y <= room.y { all } else { first };
    painter.galley(rect.center() - vec2(0.0, shown.size().y / 2.0), shown, colour);
}

/// For those who hear the window.
fn describe(response: &Response, drawing: &Drawing) {
    let strokes = drawing.strokes.lines.len();
    let what = match (strokes, drawing.picture.is_some()) {
        (0, false) => "empty".into(),
        (0, true) => "a picture".into(),
        (1, _) => "one stroke".into(),
        _ => format!("{strokes} strokes"),
    };
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Canvas, true, format!("Canvas: {what}")));
}
