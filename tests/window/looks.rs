//! How the window looks, from 640 x 420 points to a large screen, at 200 % and in both themes: by its accessible tree, by what
//! is painted, and by the pixels of its picture.

use std::collections::HashMap;

use egui::accesskit::Role;
use egui::epaint::Shape;
use egui::{Color32, Theme, Vec2, vec2};
use egui_kittest::kittest::AccessKitNode;

use super::*;

/// Around what the harness shows.
pub const MARGIN: f32 = 8.0;

/// Of a finger, in points.
pub const TARGET: f32 = 32.0;

/// Text against its ground, as WCAG 2.2 asks for.
pub const CONTRAST: f32 = 4.5;

/// Sizes in points, and scales. The smallest is the least that the window can be made.
pub const SIZES: [([f32; 2], f32); 7] = [
    ([640.0, 420.0], 1.0),
    ([640.0, 420.0], 2.0),
    ([520.0, 320.0], 2.0),
    ([550.0, 400.0], 1.0),
    ([1000.0, 760.0], 2.0),
    ([1600.0, 1000.0], 1.0),
    ([520.0, 900.0], 1.0),
];

/// Every button of the bar above, and its first key.
const BUTTONS: [(&str, &str); 15] = [
    ("Undo", "Ctrl+Z"),
    ("Redo", "Ctrl+Shift+Z"),
    ("Clear", "Escape"),
    ("Thinner", "["),
    ("Wider", "]"),
    ("Invert", "I"),
    ("Open picture...", "Ctrl+O"),
    ("Save PNG...", "Ctrl+S"),
    ("Export drawings...", "Ctrl+E"),
    ("Model", "M"),
    ("Save model...", "Ctrl+Shift+S"),
    ("Restore model", "Ctrl+R"),
    ("Saliency", "S"),
    ("Theme", "T"),
    ("Help", "F1"),
];

/// Something that is seen or touched.
#[derive(Debug)]
pub struct Leaf {
    pub role: Role,
    pub name: String,
    is_enabled: bool,
    pub rect: Rect,
    /// What is not scrolled away of it.
    pub visible: Rect,
}

fn looked_at(theme: Theme) -> Harness<'static, App> {
    let builder = Harness::builder().with_size([1000.0, 760.0]).with_theme(theme).with_render_cursor(false);
    built(builder, ModelFile::shipped())
}

pub fn resize<S>(window: &mut Harness<S>, [width, height]: [f32; 2], scale: f32) {
    window.set_pixels_per_point(scale);
    // A change of scale keeps the pixels, so the size comes after it.
    window.step();
    window.set_size(vec2(width, height) + Vec2::splat(2.0 * MARGIN));
    for _ in 0..3 {
        window.step();
    }
}

/// Draws a seven and waits for all there is to say of it.
fn draw_seven(window: &mut Harness<App>) {
    draw(window, SEVEN);
    wait(window, "a seven", |app| digit(app) == Some(7));
    let start = Instant::now();
    while window.query_by_label_contains("Feature maps of Convolution 1, each").is_none() {
        assert!(start.elapsed() < PATIENCE, "waited for filters; the window says: {}", window.state().message());
        window.step();
    }
    window.event(Event::PointerGone);
    window.step();
}

pub fn leaves<S>(window: &Harness<S>) -> Vec<Leaf> {
    let roles = [Role::Button, Role::Label, Role::Image, Role::ProgressIndicator, Role::Canvas];
    let clips: Vec<(Rect, Rect)> = window.ctx.viewport(|viewport| {
        let widgets = viewport.prev_pass.widgets.layers().flat_map(|(_, widgets)| widgets);
        widgets.map(|widget| (widget.rect, widget.interact_rect)).collect()
    });
    let leaf = |node: AccessKitNode<'_>, rect: Rect| {
        let is_same = |widget: &Rect| widget.min.distance(rect.min) < 0.5 && widget.max.distance(rect.max) < 0.5;
        let clip = clips.iter().find(|(widget, _)| is_same(widget)).map_or(rect, |(_, clip)| *clip);
        let name = node.label().or(node.value()).unwrap_or_default();
        Leaf { role: node.role(), name, is_enabled: !node.is_disabled(), rect, visible: rect.intersect(clip) }
    };
    let nodes = window.root().children_recursive().filter(|node| roles.contains(&node.accesskit_node().role()));
    let leaves = nodes.map(|node| leaf(node.accesskit_node(), node.rect()));
    leaves.filter(|leaf| leaf.visible.is_positive()).collect()
}

#[track_caller]
pub fn assert_apart(leaves: &[Leaf], what: &str) {
    for (at, leaf) in leaves.iter().enumerate() {
        for other in &leaves[..at] {
            let common = leaf.visible.intersect(other.visible);
            assert!(common.width() < 0.5 || common.height() < 0.5, "{what}: {leaf:?} and {other:?}");
        }
    }
}

/// Whether text that contains `text` is painted anywhere.
pub fn is_painted<S>(window: &Harness<S>, text: &str) -> bool {
    fn has(shape: &Shape, text: &str) -> bool {
        match shape {
            Shape::Vec(shapes) => shapes.iter().any(|shape| has(shape, text)),
            Shape::Text(shape) => shape.galley.text().contains(text),
            _ => false,
        }
    }
    window.output().shapes.iter().any(|clipped| has(&clipped.shape, text))
}

#[test]
fn nothing_overlaps_or_sticks_out_and_all_that_is_touched_is_large_enough_at_any_size_and_scale() {
    let mut window = looked_at(Theme::Dark);
    draw_seven(&mut window);
    for (size, scale) in SIZES {
        resize(&mut window, size, scale);
        let leaves = leaves(&window);
        let inside = Rect::from_min_size(egui::pos2(MARGIN, MARGIN), size.into()).expand(0.5);
        for leaf in &leaves {
            let what = format!("{size:?} at {scale}: {leaf:?}");
            assert!(
                inside.x_range().contains(leaf.rect.left()) && inside.x_range().contains(leaf.rect.right()),
                "{what}"
            );
            // Only what stands beside the canvas may scroll.
            let is_fixed = leaf.role == Role::Canvas
                || leaf.name.starts_with("model:")
                || BUTTONS.iter().any(|(name, _)| *name == leaf.name);
            assert!(!is_fixed || inside.contains_rect(leaf.rect) && leaf.visible == leaf.rect, "{what}");
            let is_touched = matches!(leaf.role, Role::Button | Role::Canvas);
            assert!(!is_touched || leaf.rect.width() >= TARGET && leaf.rect.height() >= TARGET, "{what}");
        }
        assert_apart(&leaves, &format!("{size:?} at {scale}"));
        let has = |name: &str| leaves.iter().any(|leaf| leaf.name == name);
        assert!(
            BUTTONS.iter().all(|(name, _)| has(name)) && has("0") && has("Probability of 0"),
            "{size:?}: {leaves:?}"
        );
    }
}

/// Where `window` stands still once it has been resized: nothing comes and goes, moves or grows by itself.
#[track_caller]
pub fn assert_still<S>(window: &mut Harness<S>, size: [f32; 2]) {
    resize(window, size, 1.0);
    let first = leaves(window);
    for _ in 0..6 {
        window.step();
        let next = leaves(window);
        let moved = first.iter().zip(&next).find(|(first, next)| first.rect != next.rect);
        assert!(moved.is_none() && next.len() == first.len(), "{size:?}: {moved:?}");
    }
}

#[test]
fn nothing_moves_by_itself_at_any_height() {
    let mut window = looked_at(Theme::Dark);
    draw_seven(&mut window);
    for height in (320..1000).step_by(8) {
        assert_still(&mut window, [1000.0, height as f32]);
    }
}

#[test]
fn all_bars_are_seen_at_once_in_a_small_window() {
    let mut window = looked_at(Theme::Dark);
    draw_seven(&mut window);
    resize(&mut window, [640.0, 420.0], 1.0);
    let bars = leaves(&window).into_iter().filter(|leaf| leaf.name.starts_with("Probability of"));
    assert_eq!(bars.filter(|bar| bar.visible == bar.rect && bar.rect.width() > 40.0).count(), 10);
}

#[test]
fn what_lies_over_the_window_fits_into_it_and_is_closed_by_a_large_button() {
    let mut window = looked_at(Theme::Light);
    wait(&mut window, "the model", |app| app.message().contains("shipped"));
    for (size, scale) in SIZES {
        for key in [Key::F1, Key::M] {
            resize(&mut window, size, scale);
            window.key_press(key);
            for _ in 0..3 {
                window.step();
            }
            let close = window.get_by_label("Close").rect();
            let inside = Rect::from_min_size(egui::pos2(MARGIN, MARGIN), size.into());
            assert!(inside.contains_rect(close) && close.height() >= TARGET, "{size:?}: {close}");
            window.get_by_label("Close").click();
            window.step();
            window.step();
            assert!(window.query_by_label("Close").is_none(), "{size:?} {key:?}");
        }
    }
}

#[test]
fn every_button_has_a_name_and_a_tip_with_its_key() {
    let mut window = looked_at(Theme::Dark);
    window.step();
    window.check_accessibility();
    for (name, key) in BUTTONS {
        let (tip, shortcut) = (format!("{name}: "), [format!("({key})"), format!("({key}, ")]);
        assert!(!is_painted(&window, &tip), "{name}");
        window.get_by_label(name).hover();
        for _ in 0..6 {
            window.step();
        }
        assert!(is_painted(&window, &tip) && shortcut.iter().any(|key| is_painted(&window, key)), "{name} {key}");
        window.event(Event::PointerGone);
        window.step();
    }
}

#[test]
fn an_empty_canvas_says_what_to_do_and_a_drawn_one_does_not() {
    let mut window = looked_at(Theme::Dark);
    resize(&mut window, [640.0, 420.0], 1.0);
    let hints = ["Draw a digit here", "Ctrl+O", "0 ... 9"];
    assert!(hints.iter().all(|hint| is_painted(&window, hint)));
    draw(&mut window, ONE);
    assert!(hints.iter().all(|hint| !is_painted(&window, hint)));
    window.get_by_label("Clear").click();
    window.step();
    window.step();
    assert!(hints.iter().all(|hint| is_painted(&window, hint)));
}

#[test]
fn bars_input_and_maps_grow_with_the_window() {
    let mut window = looked_at(Theme::Dark);
    draw_seven(&mut window);
    let mut widths = |size| {
        resize(&mut window, size, 1.0);
        let of = |label: &str| window.get_by_label_contains(label).rect().width();
        ["Probability of 3", "What the network sees", "Feature maps of Convolution 1"].map(of)
    };
    let (small, middle, large) = (widths([640.0, 420.0]), widths([1000.0, 760.0]), widths([1600.0, 1000.0]));
    for part in 0..3 {
        assert!(small[part] <= middle[part] && 1.5 * middle[part] <= large[part], "{small:?} {middle:?} {large:?}");
    }
}

/// Relative luminance, as WCAG defines it.
fn luminance(colour: Color32) -> f32 {
    let linear = |value: u8| match f32::from(value) / 255.0 {
        value if value <= 0.04045 => value / 12.92,
        value => ((value + 0.055) / 1.055).powf(2.4),
    };
    0.2126 * linear(colour.r()) + 0.7152 * linear(colour.g()) + 0.0722 * linear(colour.b())
}

fn contrast(a: Color32, b: Color32) -> f32 {
    let [a, b] = [a, b].map(|colour| luminance(colour) + 0.05);
    a.max(b) / a.min(b)
}

/// The contrast of what stands out most in `rect`, in pixels, against what most of it is.
pub fn contrast_in(picture: &image::RgbaImage, rect: Rect) -> f32 {
    let mut counts: HashMap<Color32, usize> = HashMap::new();
    for y in rect.top().ceil() as u32..rect.bottom().floor() as u32 {
        for x in rect.left().ceil() as u32..rect.right().floor() as u32 {
            let [r, g, b, _] = picture.get_pixel(x, y).0;
            *counts.entry(Color32::from_rgb(r, g, b)).or_default() += 1;
        }
    }
    let ground = *counts.iter().max_by_key(|(_, count)| **count).expect("a rectangle of some pixels").0;
    counts.keys().map(|colour| contrast(*colour, ground)).fold(1.0, f32::max)
}

/// Everything that is to be read: words, icons that do something, and the hint of an empty canvas.
#[track_caller]
fn assert_readable(window: &mut Harness<App>, what: &str) {
    let picture = window.render().unwrap();
    let is_empty = window.state().drawing().is_empty();
    let is_text = |leaf: &Leaf| match leaf.role {
        Role::Button => leaf.is_enabled,
        Role::Label => !leaf.name.is_empty() && leaf.visible == leaf.rect,
        role => role == Role::Canvas && is_empty,
    };
    let texts: Vec<Leaf> = leaves(window).into_iter().filter(is_text).collect();
    assert!(texts.len() > 15, "{what}: {texts:?}");
    for text in texts {
        // Of a button the inside, without its outline.
        let inside = if text.role == Role::Label { text.visible } else { text.visible.shrink(4.0) };
        let found = contrast_in(&picture, inside * window.ctx.pixels_per_point());
        assert!(found >= CONTRAST, "{what}: {found:.1} of {text:?}");
    }
}

#[test]
fn words_and_icons_stand_out_from_their_ground_in_both_themes() {
    for theme in [Theme::Dark, Theme::Light] {
        let mut window = looked_at(theme);
        wait(&mut window, "the model", |app| app.message().contains("shipped"));
        // Twice as large, so that strokes of letters have an inside.
        resize(&mut window, [1000.0, 760.0], 2.0);
        assert_readable(&mut window, &format!("{theme:?}, empty"));
        draw_seven(&mut window);
        assert_readable(&mut window, &format!("{theme:?}, drawn"));
    }
}
