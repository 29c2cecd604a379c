//! Times of the same work, and what stands for them: what measuring and the choice of tile shapes share.

/// At least one time, in seconds, from the shortest to the longest.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples(Vec<f64>);

impl Samples {
    /// Sorts `seconds`.
    ///
    /// # Panics
    /// If there are none.
    pub fn new(mut seconds: Vec<f64>) -> Samples {
        assert!(!seconds.is_empty(), "no time was taken");
        seconds.sort_unstable_by(f64::total_cmp);
        Samples(seconds)
    }

    pub fn shortest(&self) -> f64 {
        self.0[0]
    }

    /// The middle one, or the mean of the two in the middle.
    pub fn median(&self) -> f64 {
        let middle = self.0.len() / 2;
        if self.0.len().is_multiple_of(2) { (self.0[middle - 1] + self.0[middle]) / 2.0 } else { self.0[middle] }
    }

    /// The shortest time that at least `share` of all, from 0 to 1, do not exceed: the nearest rank.
    pub fn quantile(&self, share: f64) -> f64 {
        let rank = (share * self.0.len() as f64).ceil() as usize;
        self.0[rank.clamp(1, self.0.len()) - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_of_the_sorted_times() {
        assert_eq!(Samples::new(vec![9.0]).median(), 9.0);
        assert_eq!(Samples::new(vec![3.0, 9.0, 1.0]).median(), 3.0);
        assert_eq!(Samples::new(vec![4.0, 1.0, 9.0, 3.0]).median(), 3.5);
    }

    #[test]
    fn a_quantile_is_the_time_at_the_nearest_rank() {
        let samples = Samples::new((1..=200).rev().map(f64::from).collect());
        assert_eq!(
            [0.0, 0.5, 0.99, 0.991, 1.0].map(|share| samples.quantile(share)),
            [1.0, 100.0, 198.0, 199.0, 200.0]
        );
        assert_eq!(Samples::new(vec![7.0]).quantile(0.99), 7.0);
    }
}
