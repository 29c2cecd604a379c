//! A reliability diagram: how often answers are right that are about as sure as each other.

use maud::html;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::axis::{Ticked, round_numbers};
use super::canvas::{MEMORY, SMALL, elements, spot, text};
use super::{Figure, Tone};
use crate::calibrate::Bin;

const SIZE: [u32; 2] = [960, 900];

/// A bar for each bin, as high as its answers are often right, with what chance leaves open; where percentages come true, bars end
/// at the diagonal.
pub fn reliability(bins: &[Bin]) -> Figure {
    let mut spots = Vec::new();
    let width = 1.0 / bins.len() as f64;
    let filled = || bins.iter().enumerate().filter(|(_, bin)| bin.images > 0);
    let body = elements(SIZE, |root| {
        let mut chart = ChartBuilder::on(root)
            .margin(16)
            .margin_right(48)
            .x_label_area_size(80)
            .y_label_area_size(100)
            .build_cartesian_2d(shares(), shares())
            .expect(MEMORY);
        let (label, line) = (text(SMALL, Tone::Muted, HPos::Center), Tone::Line.color().stroke_width(2));
        let percent = |share: &f64| format!("{:.0} %", 100.0 * share);
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(line)
            .axis_style(line)
            .label_style(label.clone())
            .axis_desc_style(label)
            .x_desc("how sure the answers are")
            .y_desc("how often they are right")
            .x_label_formatter(&percent)
            .y_label_formatter(&percent)
            .draw()
            .expect(MEMORY);
        let bar = |(at, bin): (usize, &Bin)| {
            let corners = [((at as f64 + 0.06) * width, 0.0), ((at as f64 + 0.94) * width, bin.accuracy)];
            Rectangle::new(corners, Tone::Right.color().mix(0.35).filled())
        };
        chart.draw_series(filled().map(bar)).expect(MEMORY);
        let diagonal = [(0.0, 0.0), (1.0, 1.0)];
        chart.draw_series(DashedLineSeries::new(diagonal, 10, 8, Tone::Muted.color().stroke_width(3))).expect(MEMORY);
        let whisker = |(_, bin): (usize, &Bin)| {
            let [low, high] = between(bin.accuracy, bin.images);
            PathElement::new([(bin.confidence, low), (bin.confidence, high)], Tone::Right.color().stroke_width(3))
        };
        chart.draw_series(filled().map(whisker)).expect(MEMORY);
        let dot =
            |(_, bin): (usize, &Bin)| Circle::new((bin.confidence, bin.accuracy), 9, Tone::Right.color().filled());
        chart.draw_series(filled().map(dot)).expect(MEMORY);
        for (_, bin) in filled() {
            let (left, top) = chart.backend_coord(&(bin.confidence, bin.accuracy));
            spots.push(spot([left, top], &tip(bin)));
        }
    });
    let body = body + &html! { @for spot in &spots { (spot) } }.into_string();
    Figure { name: "reliability".into(), title: "Reliability diagram".into(), size: SIZE, body }
}

fn shares() -> Ticked {
    Ticked::new(0.0..1.0, round_numbers(0.0, 1.0, 5, 0.0))
}

/// The share of right answers that leads to `share` of `images` in 95 of 100 cases: from the least to the greatest (Wilson, 1927).
pub fn between(share: f64, images: usize) -> [f64; 2] {
    const DEVIATIONS: f64 = 1.96;
    let (n, square) = (images as f64, DEVIATIONS * DEVIATIONS);
    let middle = share + square / (2.0 * n);
    let reach = DEVIATIONS * (share * (1.0 - share) / n + square / (4.0 * n * n)).sqrt();
    [middle - reach, middle + reach].map(|bound| bound / (1.0 + square / n))
}

fn tip(Bin { images, confidence, accuracy }: &Bin) -> String {
    format!("{images} answers, {:.1} % sure on average, {:.1} % right", 100.0 * confidence, 100.0 * accuracy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_that_of_the_textbook_and_stays_within_all_and_nothing() {
        let is_near =
            |found: [f64; 2], expected: [f64; 2]| found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 5e-4);
        assert!(is_near(between(0.5, 100), [0.4038, 0.5962]), "{:?}", between(0.5, 100));
        assert!(is_near(between(0.9, 10), [0.5958, 0.9821]), "{:?}", between(0.9, 10));
        assert!(is_near(between(1.0, 3), [0.4385, 1.0]), "{:?}", between(1.0, 3));
    }
}
