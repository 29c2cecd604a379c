//! Softmax cross-entropy, the loss: minus the logarithm of the probability that the network gives to the true class
//! (Bridle, "Probabilistic Interpretation of Feedforward Classification Network Outputs", 1990).

/// The label of a place in the batch that holds no image, as in the last, shorter batch: loss 0 and gradient 0.
pub const NO_IMAGE: u8 = 255;

/// The probability that the network gives to each class.
///
/// ```text
/// p[n, k] = exp(logit[n, k]) / sum over j of exp(logit[n, j])
///
/// logits [N, classes] -> p [N, classes]
/// ```
pub fn probabilities(logits: &[f64], classes: usize) -> Vec<f64> {
    logits.chunks_exact(classes).flat_map(log_probabilities).map(f64::exp).collect()
}

/// The loss of each image; 0 where the label is [`NO_IMAGE`].
///
/// ```text
/// loss[n] = -log p[n, label[n]]
///
/// logits [N, classes], labels [N] -> losses [N]
/// ```
pub fn forward(logits: &[f64], labels: &[u8], classes: usize) -> Vec<f64> {
    let loss = |(logits, &label): (&[f64], &u8)| match label {
        NO_IMAGE => 0.0,
        label => -log_probabilities(logits)[usize::from(label)],
    };
    logits.chunks_exact(classes).zip(labels).map(loss).collect()
}

/// The mean of `losses` over the images that there are; losses `[N]`, labels `[N]`.
pub fn mean(losses: &[f64], labels: &[u8]) -> f64 {
    losses.iter().sum::<f64>() / image_count(labels)
}

/// The gradient of the mean loss; 0 where the label is [`NO_IMAGE`].
///
/// ```text
/// d_logits[n, k] = (p[n, k] - (1 if k = label[n], else 0)) / the number of labels that are not NO_IMAGE
///
/// logits [N, classes], labels [N] -> d_logits [N, classes]
/// ```
pub fn backward(logits: &[f64], labels: &[u8], classes: usize) -> Vec<f64> {
    let mut d_logits = probabilities(logits, classes);
    for (d_logits, &label) in d_logits.chunks_exact_mut(classes).zip(labels) {
        if label == NO_IMAGE {
            d_logits.fill(0.0);
        } else {
            d_logits[usize::from(label)] -= 1.0;
        }
    }
    d_logits.iter().map(|d_logit| d_logit / image_count(labels)).collect()
}

/// The class with the largest logit, of equal ones the first; logits `[N, classes]` -> `[N]`.
pub fn predictions(logits: &[f64], classes: usize) -> Vec<usize> {
    let first_maximum =
        |logits: &[f64]| (1..classes).fold(0, |best, class| if logits[class] > logits[best] { class } else { best });
    logits.chunks_exact(classes).map(first_maximum).collect()
}

/// The logarithms of the probabilities of one image. Without the maximum, large logits would overflow.
///
/// ```text
/// log p[k] = logit[k] - max - log(sum over j of exp(logit[j] - max))
/// ```
fn log_probabilities(logits: &[f64]) -> Vec<f64> {
    let maximum = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let log_sum = logits.iter().map(|logit| (logit - maximum).exp()).sum::<f64>().ln();
    logits.iter().map(|logit| logit - maximum - log_sum).collect()
}

/// How many places of the batch hold an image; at least 1, so that an empty batch has loss 0.
fn image_count(labels: &[u8]) -> f64 {
    labels.iter().filter(|label| **label != NO_IMAGE).count().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::super::differences::{assert_gradient, values};
    use super::*;

    #[test]
    fn softmax_backward_agrees_with_finite_differences_with_and_without_missing_images() {
        for (labels, classes) in [(vec![2], 3), (vec![0, 9, 4], 10), (vec![1, NO_IMAGE, 0, NO_IMAGE], 2)] {
            let logits: Vec<f64> = values(1, labels.len() * classes).iter().map(|logit| 3.0 * logit).collect();
            let d_logits = backward(&logits, &labels, classes);
            assert_gradient("d_logits", &logits, &d_logits, |logits| mean(&forward(logits, &labels, classes), &labels));
        }
    }

    #[test]
    fn softmax_leaves_missing_images_out_of_loss_gradient_and_mean() {
        let logits = [1.0, 2.0, 3.0, 4.0, 5.0, 7.0];
        let (all, labels) = (forward(&logits, &[1, NO_IMAGE, 0], 2), [1, NO_IMAGE, 0]);
        let real = [1.0, 2.0, 5.0, 7.0];
        assert_eq!(all[1], 0.0);
        assert_eq!(mean(&all, &labels), mean(&forward(&real, &[1, 0], 2), &[1, 0]));
        let (d_all, d_real) = (backward(&logits, &labels, 2), backward(&real, &[1, 0], 2));
        assert_eq!([&d_all[..2], &d_all[4..]].concat(), d_real);
        assert_eq!(d_all[2..4], [0.0, 0.0]);
        assert_eq!(mean(&forward(&real, &[NO_IMAGE; 2], 2), &[NO_IMAGE; 2]), 0.0);
    }

    #[test]
    fn softmax_of_equal_logits_is_uniform_and_large_logits_do_not_overflow() {
        assert!((forward(&[7.0; 10], &[3], 10)[0] - 10f64.ln()).abs() < 1e-15);
        assert_eq!(forward(&[1000.0, 0.0], &[0], 2), [0.0]);
        assert_eq!(forward(&[1000.0, 0.0], &[1], 2), [1000.0]);
        assert_eq!(probabilities(&[-1000.0, 1000.0], 2), [0.0, 1.0]);
    }

    #[test]
    fn softmax_predicts_the_first_of_equal_maxima() {
        assert_eq!(predictions(&[0.0, 2.0, 2.0, -1.0, -1.0, -3.0], 3), [1, 0]);
    }
}
