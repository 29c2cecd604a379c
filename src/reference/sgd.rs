//! Stochastic gradient descent with momentum (Polyak, 1964; Sutskever et al., "On the importance of initialization and
//! momentum in deep learning", 2013), in PyTorch's form: the learning rate is outside the velocity.

/// What the descent is told once; momentum 0 is plain gradient descent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    pub learning_rate: f64,
    pub momentum: f64,
}

/// One step. Parameters, gradients and velocity are flat vectors of one layout:
///
/// ```text
/// v = momentum v + g
/// p = p - learning_rate v
/// ```
pub fn step(parameters: &mut [f64], d_parameters: &[f64], velocity: &mut [f64], sgd: &Sgd) {
    for (index, gradient) in d_parameters.iter().enumerate() {
        velocity[index] = sgd.momentum * velocity[index] + gradient;
        parameters[index] -= sgd.learning_rate * velocity[index];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sgd_velocity_gathers_the_gradients_and_the_parameters_follow_it() {
        let sgd = Sgd { learning_rate: 0.25, momentum: 0.5 };
        let (mut p, mut v) = (vec![1.0, 1.0], vec![0.0, 0.0]);
        step(&mut p, &[4.0, 0.0], &mut v, &sgd);
        assert_eq!((&p[..], &v[..]), (&[0.0, 1.0][..], &[4.0, 0.0][..]));
        step(&mut p, &[2.0, 0.0], &mut v, &sgd);
        assert_eq!((&p[..], &v[..]), (&[-1.0, 1.0][..], &[4.0, 0.0][..]));
    }
}
