//! Adam (Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015, algorithm 1), in PyTorch's form: epsilon is
//! added after the bias correction. With a weight decay it is AdamW (Loshchilov and Hutter, "Decoupled Weight Decay
//! Regularization", 2019).

/// What Adam is told once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    pub learning_rate: f64,
    /// The decay of the mean of the gradients.
    pub beta1: f64,
    /// The decay of the mean of their squares.
    pub beta2: f64,
    pub epsilon: f64,
    /// The share of each parameter that a step takes off, in learning rates; 0 is Adam itself.
    pub weight_decay: f64,
}

/// One step, the `t`-th, counted from 1. Parameters, gradients and both moments are flat vectors of one layout:
///
/// ```text
/// m = beta1 m + (1 - beta1) g        m_hat = m / (1 - beta1^t)
/// v = beta2 v + (1 - beta2) g^2      v_hat = v / (1 - beta2^t)
/// p = (1 - learning_rate weight_decay) p - learning_rate m_hat / (sqrt(v_hat) + epsilon)
/// ```
pub fn step(parameters: &mut [f64], d_parameters: &[f64], m: &mut [f64], v: &mut [f64], t: u32, adam: &Adam) {
    let &Adam { learning_rate, beta1, beta2, epsilon, weight_decay } = adam;
    let correction1 = 1.0 - beta1.powi(t as i32);
    let correction2 = 1.0 - beta2.powi(t as i32);
    for (index, gradient) in d_parameters.iter().enumerate() {
        m[index] = beta1 * m[index] + (1.0 - beta1) * gradient;
        v[index] = beta2 * v[index] + (1.0 - beta2) * gradient * gradient;
        let (m_hat, v_hat) = (m[index] / correction1, v[index] / correction2);
        parameters[index] -= learning_rate * (weight_decay * parameters[index] + m_hat / (v_hat.sqrt() + epsilon));
    }
}

impl Adam {
    /// The customary constants: beta1 0.9, beta2 0.999, epsilon 1e-8, no weight decay.
    pub fn new(learning_rate: f64) -> Adam {
        Adam { learning_rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adam_moves_by_the_learning_rate_against_a_steady_gradient_of_any_size() {
        let adam = Adam::new(0.01);
        let (mut p, mut m, mut v) = (vec![0.0; 3], vec![0.0; 3], vec![0.0; 3]);
        for t in 1..=5 {
            step(&mut p, &[1e-3, -50.0, 0.0], &mut m, &mut v, t, &adam);
            // Epsilon, 1e-8, is a hundred-thousandth of the smaller gradient.
            let expected = 0.01 * f64::from(t);
            assert!((p[0] + expected).abs() < 2e-5 * expected && (p[1] - expected).abs() < 1e-9, "{p:?}");
        }
        assert_eq!((p[2], m[2], v[2]), (0.0, 0.0, 0.0), "what has no gradient stays, the padding of the rows too");
    }

    #[test]
    fn adam_adds_epsilon_after_the_bias_correction() {
        let adam = Adam { learning_rate: 1.0, beta1: 0.5, beta2: 0.75, epsilon: 1.0, weight_decay: 0.0 };
        let (mut p, mut m, mut v) = (vec![0.0], vec![0.0], vec![0.0]);
        step(&mut p, &[2.0], &mut m, &mut v, 1, &adam);
        assert_eq!((p[0], m[0], v[0]), (-2.0 / (2.0 + 1.0), 1.0, 1.0));
    }

    #[test]
    fn weight_decay_takes_off_a_share_that_the_gradient_has_no_part_in() {
        let adam = Adam { weight_decay: 0.5, ..Adam::new(0.1) };
        let (mut p, mut m, mut v) = (vec![4.0, 4.0], vec![0.0; 2], vec![0.0; 2]);
        step(&mut p, &[0.0, 1e6], &mut m, &mut v, 1, &adam);
        assert!((p[0] - 4.0 * 0.95).abs() < 1e-12, "{p:?}");
        assert!((p[1] - (4.0 * 0.95 - 0.1)).abs() < 1e-12, "{p:?}");
    }
}
