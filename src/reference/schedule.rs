//! How the learning rate changes in the course of a training: it rises to its peak, falls from it, or stays there.

use std::f64::consts::FRAC_PI_2;

/// The course of the learning rate, in steps of the training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// Steps before the peak, in which the rate rises evenly (Goyal et al., "Accurate, Large Minibatch SGD", 2017).
    pub rise: u32,
    /// Steps from the peak to zero, half a wave of a cosine (Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm
    /// Restarts", 2017), where zero is what comes after the last of them; none where the rate stays at its peak.
    pub fall: u32,
}

impl Schedule {
    /// The rate stays what it is.
    pub const CONSTANT: Schedule = Schedule { rise: 0, fall: 0 };

    /// The learning rate of step `t`, counted from 1, as a share of its peak.
    ///
    /// ```text
    /// t / (rise + 1)                                  while t <= rise
    /// (1 + cos(pi (t - 1 - rise) / fall)) / 2         behind it; 0 behind the last step
    /// ```
    pub fn share(&self, t: u32) -> f64 {
        let behind = t.saturating_sub(1 + self.rise);
        if t <= self.rise {
            f64::from(t) / (f64::from(self.rise) + 1.0)
        } else if self.fall == 0 {
            1.0
        } else {
            // (1 + cos 2a) / 2 = cos^2 a = sin^2 (pi / 2 - a), which stays exact near zero.
            let left = f64::from(self.fall.saturating_sub(behind)) / f64::from(self.fall);
            (FRAC_PI_2 * left).sin().powi(2)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_rises_evenly_to_its_peak_and_falls_as_a_cosine_to_nothing() {
        let schedule = Schedule { rise: 3, fall: 4 };
        let shares: Vec<f64> = (1..=9).map(|t| schedule.share(t)).collect();
        let half = 0.5f64.sqrt();
        let expected = [0.25, 0.5, 0.75, 1.0, (1.0 + half) / 2.0, 0.5, (1.0 - half) / 2.0, 0.0, 0.0];
        assert!(shares.iter().zip(expected).all(|(share, expected)| (share - expected).abs() < 1e-15), "{shares:?}");
    }

    #[test]
    fn rate_without_a_fall_stays_at_its_peak() {
        assert!((1..=1000).all(|t| Schedule::CONSTANT.share(t) == 1.0));
        assert_eq!([1, 2, 3, 1000].map(|t| Schedule { rise: 1, fall: 0 }.share(t)), [0.5, 1.0, 1.0, 1.0]);
    }
}
