//! Curves and bars over epochs, with axes and a legend.

use maud::{Markup, html};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::axis::{Axis, Scale, Ticked, round_numbers};
use super::canvas::{Area, MEMORY, SMALL, elements, spot, text};
use super::{Figure, Tone};

const WIDTH: u32 = 960;
const PLOT_HEIGHT: u32 = 540;
const LEGEND_LINE: u32 = 40;
/// Where more would hide the curve, points have no dots.
const MOST_DOTS: usize = 40;

/// A chart over epochs.
pub struct Chart<'a> {
    pub name: &'a str,
    pub title: &'a str,
    pub scale: Scale,
    pub form: Form,
    /// How a number is written, at an axis and where a pointer rests.
    pub number: fn(f64) -> String,
    pub curves: Vec<Curve>,
    /// An epoch, and what it is.
    pub marked: Option<(u32, &'a str)>,
}

pub struct Curve {
    pub name: String,
    pub points: Vec<(f64, f64)>,
    /// Points that have a dot and tell their numbers.
    pub dots: Vec<(f64, f64)>,
    /// The epoch of the model that is kept, which has a ring.
    pub kept: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Lines,
    Bars,
}

type Plot<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Ticked, Ticked>>;

impl Chart<'_> {
    pub fn figure(&self) -> Figure {
        let columns = if self.curves.iter().all(|curve| curve.name.chars().count() <= 18) { 3 } else { 1 };
        let legend = match self.curves.len() {
            1 => 0,
            curves => curves.div_ceil(columns) as u32 * LEGEND_LINE,
        };
        let size = [WIDTH, PLOT_HEIGHT + legend];
        let mut spots = Vec::new();
        let body = elements(size, |root| {
            let (plot, below) = root.split_vertically(PLOT_HEIGHT);
            spots = self.plot(&plot);
            if legend > 0 {
                self.legend(&below, columns);
            }
        });
        let spots = html! { @for spot in &spots { (spot) } };
        Figure { name: self.name.into(), title: self.title.into(), size, body: body + &spots.into_string() }
    }

    fn plot(&self, area: &Area) -> Vec<Markup> {
        let points = self.curves.iter().flat_map(|curve| &curve.points);
        let (epochs, numbers): (Vec<f64>, Vec<f64>) = points.copied().unzip();
        let axis = Axis::new(self.scale, &numbers);
        let last = epochs.into_iter().fold(1.0, f64::max);
        let epochs = Ticked::new(0.0..last + 0.5, round_numbers(0.0, last, 8, 1.0));
        let places = Ticked::new(axis.place(axis.from)..axis.place(axis.to), axis.ticks());
        let mut chart = ChartBuilder::on(area)
            .margin(16)
            .x_label_area_size(80)
            .y_label_area_size(100)
            .build_cartesian_2d(epochs, places)
            .expect(MEMORY);
        self.draw_axes(&mut chart, &axis);
        if let Some((epoch, what)) = self.marked {
            mark(&mut chart, [axis.from, axis.to].map(|number| axis.place(number)), epoch.into(), what);
        }
        self.curves.iter().enumerate().flat_map(|(index, curve)| self.draw(&mut chart, &axis, index, curve)).collect()
    }

    fn draw_axes(&self, chart: &mut Plot, axis: &Axis) {
        let label = text(SMALL, Tone::Muted, HPos::Center);
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(Tone::Line.color().stroke_width(2))
            .axis_style(Tone::Line.color().stroke_width(2))
            .label_style(label.clone())
            .axis_desc_style(label)
            .x_desc("epoch")
            .x_label_formatter(&|epoch| format!("{epoch:.0}"))
            .y_label_formatter(&|place| (self.number)(axis.number(*place)))
            .draw()
            .expect(MEMORY);
    }

    /// Draws a curve and gives what tells its numbers.
    fn draw(&self, chart: &mut Plot, axis: &Axis, index: usize, curve: &Curve) -> Vec<Markup> {
        let color = Tone::of_curve(index).color();
        let place = |(epoch, number): &(f64, f64)| (*epoch, axis.place(*number));
        let dots = curve.dots.iter().map(place);
        if self.form == Form::Bars {
            let ground = axis.place(axis.from);
            let bar = |(x, y)| Rectangle::new([(x - 0.35, ground), (x + 0.35, y)], color.filled());
            chart.draw_series(dots.map(bar)).expect(MEMORY);
        } else {
            let line = LineSeries::new(curve.points.iter().map(place), color.stroke_width(4));
            chart.draw_series(line).expect(MEMORY);
            let kept = curve.kept.map(f64::from);
            let ring = curve.points.iter().filter(|(epoch, _)| Some(*epoch) == kept).map(place);
            chart.draw_series(ring.map(|dot| Circle::new(dot, 13, color.stroke_width(4)))).expect(MEMORY);
            if dots.len() <= MOST_DOTS {
                chart.draw_series(dots.map(|dot| Circle::new(dot, 7, color.filled()))).expect(MEMORY);
            }
        }
        let tell = |point: &(f64, f64)| {
            let (left, top) = chart.backend_coord(&place(point));
            spot([left, top], &format!("epoch {}, {}: {}", point.0, curve.name, (self.number)(point.1)))
        };
        curve.dots.iter().map(tell).collect()
    }

    fn legend(&self, area: &Area, columns: usize) {
        const LEFT: usize = 116;
        let width = (WIDTH as usize - LEFT) / columns;
        for (index, curve) in self.curves.iter().enumerate() {
            let [x, y] = [LEFT + index % columns * width, index / columns * LEGEND_LINE as usize + 12];
            let (x, y) = (x as i32, y as i32);
            let color = Tone::of_curve(index).color();
            area.draw(&PathElement::new([(x, y), (x + 36, y)], color.stroke_width(6))).expect(MEMORY);
            area.draw_text(&curve.name, &text(SMALL, Tone::Ink, HPos::Left), (x + 50, y)).expect(MEMORY);
        }
    }
}

/// A line from bottom to top at an epoch, and what it is.
fn mark(chart: &mut Plot, [bottom, top]: [f64; 2], epoch: f64, what: &str) {
    let line = [(epoch, bottom), (epoch, top)];
    chart.draw_series(DashedLineSeries::new(line, 8, 8, Tone::Muted.color().stroke_width(2))).expect(MEMORY);
    let (side, away) = if epoch > chart.x_range().end / 2.0 { (HPos::Right, -12) } else { (HPos::Left, 12) };
    let mut style = text(SMALL, Tone::Muted, side);
    style.pos.v_pos = VPos::Top;
    let label = EmptyElement::at((epoch, top)) + Text::new(what.to_string(), (away, 4), style);
    chart.draw_series([label]).expect(MEMORY);
}
