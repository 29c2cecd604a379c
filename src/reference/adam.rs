//! Adam (Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015, algorithm 1), in PyTorch's form: epsilon is
//! added after the bias correction.

/// What Adam is told once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    pub learning_rate: f64,
    /// The decay of the mean of the gradients.
    pub beta1: f64,
    /// The decay of the mean of their squares.
    pub beta2: f64,
    pub epsilon: f64,
}

/// One step, the `t`-th, counted from 1. Parameters, gradients and both moments are flat vectors of one layout:
///
/// ```text
/// m = beta1 m + (1 - beta1) g        m_hat = m / (1 - beta1^t)
/// v = beta2 v + (1 - beta2) g^2      v_hat = v / (1 - beta2^t)
/// p = p - learning_rate m_hat / (sqrt(v_hat) + epsilon)
/// ```
pub fn step(parameters: &mut [f64], d_parameters: &[f64], m: &mut [f64], v: &mut [f64], t: u32, adam: &Adam) {
    let &Adam { learning_rate, beta1, beta2, epsilon } = adam;
    let correction1 = 1.0 - beta1.powi(t as i32);
    let correction2 = 1.0 - beta2.powi(t as i32);
    for (index, gradient) in d_parameters.iter().enumerate() {
        m[index] = beta1 * m[index] + (1.0 - beta1) * gradient;
        v[index] = beta2 * v[index] + (1.0 - beta2) * gradient * gradient;
        let (m_hat, v_hat) = (m[index] / correction1, v[index] / correction2);
        parameters[index] -= learning_rate * m_hat / (v_hat.sqrt() + epsilon);
    }
}

impl Adam {
    /// The customary constants: beta1 0.9, beta2 0.999, epsilon 1e-8.
    pub fn new(learning_rate: f64) -> Adam {
        Adam { learning_rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
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
        let adam = Adam { learning_rate: 1.0, beta1: 0.5, beta2: 0.75, epsilon: 1.0 };
        let (mut p, mut m, mut v) = (vec![0.0], vec![0.0], vec![0.0]);
        step(&mut p, &[2.0], &mut m, &mut v, 1, &adam);
        assert_eq!((p[0], m[0], v[0]), (-2.0 / (2.0 + 1.0), 1.0, 1.0));
    }
}
