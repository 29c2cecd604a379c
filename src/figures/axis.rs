//! Axes: where numbers stand, and which of them are written beside.

use std::ops::Range;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

/// What a number's place follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Its logarithm, where the numbers differ by much.
    Logarithm,
    /// How far it is from zero.
    FromZero,
    /// A share, up to 1, of which the part below the numbers is left out.
    Share,
}

pub struct Axis {
    is_logarithmic: bool,
    pub from: f64,
    pub to: f64,
}

impl Axis {
    /// An axis with room for `numbers`.
    pub fn new(scale: Scale, numbers: &[f64]) -> Axis {
        let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
        let most = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let linear = |from, to| Axis { is_logarithmic: false, from, to };
        match scale {
            Scale::Logarithm if least > 0.0 && most > 5.0 * least => {
                Axis { is_logarithmic: true, from: least / 1.2, to: 1.2 * most }
            }
            Scale::Logarithm | Scale::FromZero => linear(0.0, 1.08 * most.max(1e-9)),
            Scale::Share => {
                let room = 0.08 * (most - least).max(0.005);
                // Above there is what marks an epoch.
                linear((least - room).max(0.0), (most + 2.0 * room).min(1.0))
            }
        }
    }

    /// Where a number stands.
    pub fn place(&self, number: f64) -> f64 {
        if self.is_logarithmic { number.log10() } else { number }
    }

    /// What stands at a place.
    pub fn number(&self, place: f64) -> f64 {
        if self.is_logarithmic { 10f64.powf(place) } else { place }
    }

    /// Places of round numbers.
    pub fn ticks(&self) -> Vec<f64> {
        if !self.is_logarithmic {
            return round_numbers(self.from, self.to, 6, 0.0);
        }
        let decades = self.from.log10().floor() as i32..=self.to.log10().ceil() as i32;
        let round = decades.flat_map(|decade| [1.0, 2.0, 5.0].map(|digit| digit * 10f64.powi(decade)));
        round.filter(|number| (self.from..=self.to).contains(number)).map(f64::log10).collect()
    }
}

/// An axis, as the library takes it.
pub struct Ticked {
    places: RangedCoordf64,
    ticks: Vec<f64>,
}

impl Ticked {
    pub fn new(places: Range<f64>, ticks: Vec<f64>) -> Ticked {
        Ticked { places: places.into(), ticks }
    }
}

impl Ranged for Ticked {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, place: &f64, pixels: (i32, i32)) -> i32 {
        self.places.map(place, pixels)
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        // Lines between those that have numbers.
        if hint.weight().allow_light_points() { Vec::new() } else { self.ticks.clone() }
    }

    fn range(&self) -> Range<f64> {
        self.places.range()
    }
}

/// Up to `most` multiples of 1, 2 or 5 tens, hundreds, tenths, ..., but of no less than `least`, within bounds.
pub fn round_numbers(from: f64, to: f64, most: usize, least: f64) -> Vec<f64> {
    let narrowest = ((to - from) / most as f64).max(least).max(f64::MIN_POSITIVE);
    let decade = 10f64.powf(narrowest.log10().floor());
    let is_wide = |step: &f64| *step >= narrowest * (1.0 - 1e-9);
    let step = [1.0, 2.0, 5.0, 10.0].map(|digit| digit * decade).into_iter().find(is_wide).unwrap_or(10.0 * decade);
    let [first, last] = [(from / step).ceil() as i64, (to / step + 1e-9).floor() as i64];
    (first..=last).map(|multiple| multiple as f64 * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_beside_an_axis_are_round_and_few() {
        assert_eq!(round_numbers(0.0, 15.0, 8, 1.0), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0]);
        assert_eq!(round_numbers(0.0, 1.0, 8, 1.0), [0.0, 1.0]);
        assert_eq!(round_numbers(0.0, 1200.0, 8, 1.0), [0.0, 200.0, 400.0, 600.0, 800.0, 1000.0, 1200.0]);
        let shares = round_numbers(0.9771, 0.9932, 6, 0.0);
        assert!(shares.len() == 3 && (shares[0] - 0.98).abs() < 1e-12, "{shares:?}");
    }

    #[test]
    fn only_numbers_that_differ_by_much_stand_at_their_logarithms() {
        let axis = Axis::new(Scale::Logarithm, &[0.01, 0.3]);
        let numbers: Vec<f64> = axis.ticks().into_iter().map(|place| axis.number(place)).collect();
        assert!(numbers.iter().zip([0.01, 0.02, 0.05, 0.1, 0.2]).all(|(found, round)| (found - round).abs() < 1e-12));
        assert_eq!(numbers.len(), 5, "{numbers:?}");
        for numbers in [[0.2, 0.3], [0.0, 0.3]] {
            let axis = Axis::new(Scale::Logarithm, &numbers);
            assert_eq!((axis.place(0.25), axis.from), (0.25, 0.0));
        }
    }
}
