//! The end of a training step: gradients that were computed in parts are added up, an optimiser moves the weights, and the
//! weights are turned around for the way back in the next step.

use super::{batchnorm, transpose};
use crate::network::Matrix;

/// What a step leaves beside the weights that it moved.
#[derive(Clone, Debug, PartialEq)]
pub struct Updated {
    /// The gradients that the rule was given, in the flat layout.
    pub d_parameters: Vec<f64>,
    /// Each matrix turned, as [`transpose::weights`] does it; nothing of a batch normalisation's.
    pub w_t: Vec<Vec<f64>>,
}

/// One step of `rule`, [`super::adam::step`] or [`super::sgd::step`], which is given parameters and their gradients.
///
/// ```text
/// d_w = sum(parts)        w = rule(w, d_w)        w_t = transposed(w)
///
/// parts [S, rows, stride] of each matrix, parameters in the flat layout
/// ```
pub fn step(
    parameters: &mut [f64],
    matrices: &[Matrix],
    parts: &[Vec<f64>],
    rule: impl FnOnce(&mut [f64], &[f64]),
) -> Updated {
    let sums = matrices.iter().zip(parts).flat_map(|(matrix, parts)| sum(parts, matrix.rows * matrix.stride));
    let d_parameters: Vec<f64> = sums.collect();
    with_running(parameters, &d_parameters, matrices, rule);
    // Nothing is multiplied by those of a batch normalisation.
    let turned = |matrix: &Matrix| if matrix.is_norm() { Vec::new() } else { transpose::weights(parameters, matrix) };
    let w_t = matrices.iter().map(turned).collect();
    Updated { d_parameters, w_t }
}

/// `rule` for all parameters but the running statistics of batch normalisations, which go towards a batch's by
/// [`batchnorm::MOMENTUM`]: what stands for their gradient is their distance from those.
///
/// ```text
/// running = running - MOMENTUM d_running
///
/// parameters, d_parameters in the flat layout
/// ```
pub fn with_running(
    parameters: &mut [f64],
    d_parameters: &[f64],
    matrices: &[Matrix],
    rule: impl FnOnce(&mut [f64], &[f64]),
) {
    let old = parameters.to_vec();
    rule(parameters, d_parameters);
    for matrix in matrices.iter().filter(|matrix| matrix.is_norm()) {
        for at in (0..matrix.rows).flat_map(|row| matrix.running(row)) {
            parameters[at] = old[at] - batchnorm::MOMENTUM * d_parameters[at];
        }
    }
}

/// The mean of the weights over the last steps takes in those after step `t`, counted from 1 (Polyak and Juditsky, "Acceleration
/// of Stochastic Approximation by Averaging", 1992; here it decays exponentially, and faster at first, as there is little to average).
///
/// ```text
/// average = d average + (1 - d) w        d = min(decay, (1 + t) / (10 + t))
///
/// average, parameters in the flat layout
/// ```
pub fn average(average: &mut [f64], parameters: &[f64], t: u32, decay: f64) {
    let t = f64::from(t);
    let decay = decay.min((1.0 + t) / (10.0 + t));
    for (average, parameter) in average.iter_mut().zip(parameters) {
        *average = decay * *average + (1.0 - decay) * parameter;
    }
}

/// Partial sums added up, entry by entry, always in the same order, so that equal runs give equal bits.
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
    use crate::network::{Network, Shape};

    #[test]
    fn step_adds_the_parts_of_each_matrix_and_turns_what_the_rule_made() {
        let matrices = Network::parse(Shape::flat(1), "dense 2 | dense 2").unwrap().matrices();
        // Twice a row of one weight, the bias and padding, then twice a row of two weights, the bias and padding.
        let mut parameters = vec![1., 2., 0., 0., 3., 4., 0., 0., 5., 6., 7., 0., 8., 9., 10., 0.];
        let parts = [[vec![1.0; 8], vec![10.0; 8]].concat(), vec![0.5; 8]];
        let add = |w: &mut [f64], d_w: &[f64]| w.iter_mut().zip(d_w).for_each(|(w, d_w)| *w += d_w);
        let updated = step(&mut parameters, &matrices, &parts, add);
        assert_eq!(updated.d_parameters, [vec![11.0; 8], vec![0.5; 8]].concat());
        assert_eq!(parameters[8..], [5.5, 6.5, 7.5, 0.5, 8.5, 9.5, 10.5, 0.5]);
        assert_eq!(updated.w_t, [vec![12., 14., 0., 0.], vec![5.5, 8.5, 0., 0., 6.5, 9.5, 0., 0.]]);
    }

    #[test]
    fn average_takes_much_of_the_first_weights_and_little_of_later_ones() {
        let mut mean = vec![0.0, 8.0];
        average(&mut mean, &[11.0, 8.0], 1, 0.5);
        assert_eq!(mean, [9.0, 8.0], "of the first step 9 / 11");
        average(&mut mean, &[1.0, 8.0], 1000, 0.5);
        assert_eq!(mean, [5.0, 8.0]);
    }

    #[test]
    fn sum_adds_the_partials_entry_by_entry() {
        assert_eq!(sum(&[1., 2., 3., 10., 20., 30., 100., 200., 300.], 3), [111., 222., 333.]);
        assert_eq!(sum(&[1., 2.], 2), [1., 2.]);
    }

    #[test]
    fn sum_adds_from_the_first_partial_to_the_last() {
        // 1 is lost beside 1e16, but not when the two large numbers have cancelled before it comes.
        assert_eq!(sum(&[1e16, -1e16, 1.0], 1), [1.0]);
        assert_eq!(sum(&[1.0, 1e16, -1e16], 1), [0.0]);
    }
}
