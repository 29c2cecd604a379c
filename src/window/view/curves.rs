//! The curves of a training while they grow.

use egui::{Align2, Color32, Response, RichText, Role, TextStyle, Ui, WidgetInfo};
use egui_plot::{GridInput, GridMark, HoverPosition, Line, Plot, PlotBounds, PlotPoint, PlotUi, Points, Text, VLine};

use super::course::Course;
use crate::figures::axis::{Axis, Scale, round_numbers};
use crate::figures::training::{percent, plain};
use crate::train::Epoch;

/// Between the numbers beside an axis, at least, in points.
const BETWEEN: f32 = 18.0;

/// The share of a plot's width behind its last epoch, for half a dot.
const BEHIND: f64 = 0.02;

/// For the numbers below a plot and their name, in points.
const BELOW: f32 = 40.0;

/// For the numbers beside a plot, so that plots below each other begin at the same place, in points.
const BESIDE: f32 = 52.0;

/// A plot over epochs.
struct Chart {
    name: &'static str,
    /// How a number is written.
    number: fn(f64) -> String,
    axis: Axis,
    curves: Vec<Curve>,
}

struct Curve {
    name: &'static str,
    colour: Color32,
    /// Epochs, and a number each.
    points: Vec<[f64; 2]>,
    /// The radius of the dot that each point has.
    dots: f32,
}

/// The losses of the images that are trained on and of those that validate, `height` points high.
pub fn losses(ui: &mut Ui, height: f32, course: &Course) {
    let training = Curve { name: "training", colour: blue(ui), points: course.losses(), dots: 0.0 };
    let curves = vec![training, judged(ui, course, |epoch| epoch.validation.loss)];
    Chart::new("Loss", Scale::Logarithm, plain, curves).show(ui, height, course);
}

/// The share of validation images that are read right, `height` points high.
pub fn accuracy(ui: &mut Ui, height: f32, course: &Course) {
    let curves = vec![judged(ui, course, |epoch| epoch.validation.accuracy)];
    Chart::new("Accuracy", Scale::Share, percent, curves).show(ui, height, course);
}

fn judged(ui: &Ui, course: &Course, number: impl Fn(&Epoch) -> f64) -> Curve {
    let points = course.judged.iter().map(|epoch| [f64::from(epoch.epoch), number(epoch)]).collect();
    Curve { name: "validation", colour: orange(ui), points, dots: 3.5 }
}

impl Chart {
    fn new(name: &'static str, scale: Scale, number: fn(f64) -> String, curves: Vec<Curve>) -> Chart {
        let numbers: Vec<f64> = curves.iter().flat_map(|curve| &curve.points).map(|[_, number]| *number).collect();
        let axis = if numbers.is_empty() { Axis::new(Scale::FromZero, &[1.0]) } else { Axis::new(scale, &numbers) };
        Chart { name, number, axis, curves }
    }

    /// Its name with the newest numbers, which are the legend, and the plot below.
    fn show(&self, ui: &mut Ui, height: f32, course: &Course) {
        let top = ui.cursor().top();
        let newest: Vec<String> = self.curves.iter().map(|curve| curve.newest(self.number)).collect();
        ui.horizontal_wrapped(|ui| {
            ui.strong(self.name);
            for (curve, newest) in self.curves.iter().zip(&newest) {
                ui.label(RichText::new(newest).color(curve.colour));
            }
        });
        let response = self.plot(ui, height - (ui.cursor().top() - top), course);
        let told = format!("{} by epoch: {}", self.name, newest.join(", "));
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &told));
    }

    fn plot(&self, ui: &mut Ui, height: f32, course: &Course) -> Response {
        let (axis, width) = (&self.axis, course.width());
        let [bottom, top] = [axis.from, axis.to].map(|number| axis.place(number));
        let least = (top - bottom) * f64::from(BETWEEN / (height - BELOW).max(BETWEEN));
        let write = |place: f64| (self.number)(axis.number(place));
        let is_empty = self.curves.iter().all(|curve| curve.points.is_empty());
        let plot = Plot::new(self.name)
            .height(height)
            // The window's ground is painted already.
            .show_background(false)
            .grid_color(ui.visuals().text_color().gamma_multiply(0.25))
            .grid_fade(0.0)
            .allow_drag(false)
            .allow_zoom(false)
            .allow_scroll(false)
            .allow_boxed_zoom(false)
            .allow_axis_zoom_drag(false)
            .allow_double_click_reset(false)
            .y_axis_min_width(BESIDE)
            .x_axis_label("epoch")
            .x_grid_spacer(move |input| marks(&input, round_numbers(0.0, width, 8, 1.0)))
            .y_grid_spacer(move |input| if is_empty { Vec::new() } else { marks(&input, apart(axis.ticks(), least)) })
            .x_axis_formatter(|mark, _| mark.value.to_string())
            .y_axis_formatter(|mark, _| write(mark.value))
            .label_formatter(|hover| match hover {
                HoverPosition::NearDataPoint { plot_name, position, .. } => {
                    Some(format!("epoch {:.2}\n{plot_name} {}", position.x, write(position.y)))
                }
                HoverPosition::Elsewhere { .. } => None,
            });
        let draw = |plot: &mut PlotUi<'_>| {
            plot.set_plot_bounds(PlotBounds::from_min_max([0.0, bottom], [width * (1.0 + BEHIND), top]));
            self.curves.iter().for_each(|curve| curve.draw(plot, axis));
        };
        let muted = ui.visuals().text_color();
        plot.show(ui, |plot| {
            draw(plot);
            match course.kept().filter(|_| !is_empty) {
                Some(kept) => mark(plot, kept.epoch.into(), [width, top], muted),
                None if is_empty => {
                    let middle = PlotPoint::new(width / 2.0, (bottom + top) / 2.0);
                    plot.text(
                        Text::new("", middle, RichText::new("after the first epoch").text_style(TextStyle::Body))
                            .color(muted),
                    );
                }
                None => {}
            }
        })
        .response
    }
}

impl Curve {
    fn newest(&self, number: fn(f64) -> String) -> String {
        let newest = self.points.last().map_or("-".into(), |[_, newest]| number(*newest));
        format!("{} {newest}", self.name)
    }

    fn draw(&self, plot: &mut PlotUi<'_>, axis: &Axis) {
        let places: Vec<[f64; 2]> = self.points.iter().map(|[epoch, number]| [*epoch, axis.place(*number)]).collect();
        if self.dots > 0.0 {
            plot.points(Points::new(self.name, places.clone()).radius(self.dots).color(self.colour));
        }
        plot.line(Line::new(self.name, places).width(2.0).color(self.colour));
    }
}

/// A line at the epoch to keep, which says so on its roomier side.
fn mark(plot: &mut PlotUi<'_>, epoch: f64, [width, top]: [f64; 2], colour: Color32) {
    plot.vline(VLine::new("kept", epoch).color(colour).width(1.0).style(egui_plot::LineStyle::dashed_dense()));
    let (side, text) = if epoch > width / 2.0 { (Align2::RIGHT_TOP, "kept ") } else { (Align2::LEFT_TOP, " kept") };
    let text = RichText::new(text).size(12.0);
    plot.text(Text::new("kept", PlotPoint::new(epoch, top), text).anchor(side).color(colour));
}

/// Marks of an axis, all of which count alike.
fn marks(input: &GridInput, places: Vec<f64>) -> Vec<GridMark> {
    let step_size = input.bounds.1 - input.bounds.0;
    places.into_iter().map(|value| GridMark { value, step_size }).collect()
}

/// Those places that are `least` apart.
fn apart(places: Vec<f64>, least: f64) -> Vec<f64> {
    let mut kept: Vec<f64> = Vec::new();
    for place in places {
        if kept.last().is_none_or(|last| place - last >= least) {
            kept.push(place);
        }
    }
    kept
}

fn blue(ui: &Ui) -> Color32 {
    if ui.visuals().dark_mode { Color32::from_rgb(90, 175, 240) } else { Color32::from_rgb(0, 90, 150) }
}

fn orange(ui: &Ui) -> Color32 {
    if ui.visuals().dark_mode { Color32::from_rgb(255, 150, 60) } else { Color32::from_rgb(160, 66, 0) }
}
