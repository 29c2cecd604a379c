//! The sum of partial gradients. A weight's gradient is a sum over all images and pixels; the GPU adds it up in parts
//! that run side by side, and this adds the parts, always in the same order, so that equal runs give equal bits.

/// The partials added up, entry by entry.
///
/// ```text
/// sum[i] = ((partials[0, i] + partials[1, i]) + partials[2, i]) + ...
///
/// partials [S, length] -> sum [length]
/// ```
pub fn sum(partials: &[f64], length: usize) -> Vec<f64> {
    let mut sum = vec![0.0; length];
    for partial in partials.chunks_exact(length) {
        for (sum, value) in sum.iter_mut().zip(partial) {
            *sum += value;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reduce_adds_the_partials_entry_by_entry() {
        assert_eq!(sum(&[1., 2., 3., 10., 20., 30., 100., 200., 300.], 3), [111., 222., 333.]);
        assert_eq!(sum(&[1., 2.], 2), [1., 2.]);
    }

    #[test]
    fn reduce_adds_from_the_first_partial_to_the_last() {
        // 1 is lost beside 1e16, but not when the two large numbers have cancelled before it comes.
        assert_eq!(sum(&[1e16, -1e16, 1.0], 1), [1.0]);
        assert_eq!(sum(&[1.0, 1e16, -1e16], 1), [0.0]);
    }
}
