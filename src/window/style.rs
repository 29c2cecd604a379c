//! How the window looks: its icons, sizes that a finger can hit, and colours that can be read in both themes.

use egui::epaint::text::{FontInsert, FontPriority, InsertFontFamily};
use egui::{Color32, Context, FontData, FontFamily, Theme, Vec2, vec2};

/// The least side of what is to be hit, in points.
pub const TARGET: f32 = 32.0;

/// The icons of the buttons, 8 KB; `icons.txt` says where they are from.
const ICONS: &[u8] = include_bytes!("icons.ttf");

/// Makes the window's fonts, sizes and colours those of `context`.
pub fn dress(context: &Context) {
    // Behind the font of the text, so that words stay as they are.
    let family = InsertFontFamily { family: FontFamily::Proportional, priority: FontPriority::Lowest };
    context.add_font(FontInsert::new("icons", FontData::from_static(ICONS), vec![family]));
    context.all_styles_mut(|style| {
        style.spacing.interact_size = Vec2::splat(TARGET);
        style.spacing.item_spacing = vec2(4.0, 4.0);
        // Bars of their own room cover nothing.
        style.spacing.scroll.floating_allocated_width = style.spacing.scroll.bar_width;
    });
    context.style_mut_of(Theme::Dark, |style| {
        let visuals = &mut style.visuals;
        visuals.selection.bg_fill = Color32::from_rgb(30, 112, 172);
        visuals.selection.stroke.color = Color32::WHITE;
        visuals.widgets.noninteractive.fg_stroke.color = Color32::from_gray(190);
    });
    context.style_mut_of(Theme::Light, |style| {
        let visuals = &mut style.visuals;
        visuals.selection.bg_fill = Color32::from_rgb(0, 98, 160);
        visuals.selection.stroke.color = Color32::WHITE;
        visuals.widgets.noninteractive.fg_stroke.color = Color32::from_gray(50);
        // The paper of canvas and maps stands out against it, and so do buttons and the ground of bars.
        visuals.panel_fill = Color32::from_gray(236);
        visuals.widgets.inactive.weak_bg_fill = Color32::from_gray(218);
        visuals.extreme_bg_color = Color32::from_gray(212);
    });
}
