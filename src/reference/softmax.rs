//! Softmax cross-entropy, the loss: minus the logarithm of the probability that the network gives to the true class
//! (Bridle, "Probabilistic Interpretation of Feedforward Classification Network Outputs", 1990).

/// The label of a place in the batch that holds no image, as in the last, shorter batch: loss 0 and gradient 0.
pub const NO_IMAGE: u8 = 255;

/// The label of an image that shows none of the classes: the network is to find all of them equally improbable (Hendrycks,
/// Mazeika and Dietterich, "Deep Anomaly Detection with Outlier Exposure", 2019).
pub const NO_CLASS: u8 = 254;

/// What the network is to say of an image with this label, `[classes]`; zeros of [`NO_IMAGE`].
///
/// ```text
/// target[k] = (1 - spread) (1 if k = label, else 0) + spread / classes
/// ```
///
/// where spread is `smoothing` (Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", 2016, section 7),
/// from 0 to below 1, or 1 of [`NO_CLASS`].
pub fn target(label: u8, classes: usize, smoothing: f64) -> Vec<f64> {
    let spread = match label {
        NO_IMAGE => return vec![0.0; classes],
        NO_CLASS => 1.0,
        _ => smoothing,
    };
    let mut target = vec![spread / classes as f64; classes];
    if label != NO_CLASS {
        target[usize::from(label)] += 1.0 - spread;
    }
    target
}

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

/// The loss of each image, its cross-entropy with its [`target`].
///
/// ```text
/// loss[n] = -sum over k of target[n, k] log p[n, k]
///
/// logits [N, classes], labels [N] -> losses [N]
/// ```
pub fn forward(logits: &[f64], labels: &[u8], classes: usize, smoothing: f64) -> Vec<f64> {
    let loss = |(logits, &label): (&[f64], &u8)| {
        let target = target(label, classes, smoothing);
        let terms = target.iter().zip(log_probabilities(logits)).filter(|(target, _)| **target > 0.0);
        -terms.map(|(target, log_p)| target * log_p).sum::<f64>()
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
/// d_logits[n, k] = (p[n, k] - target[n, k]) / the number of labels that are not NO_IMAGE
///
/// logits [N, classes], labels [N] -> d_logits [N, classes]
/// ```
pub fn backward(logits: &[f64], labels: &[u8], classes: usize, smoothing: f64) -> Vec<f64> {
    let mut d_logits = probabilities(logits, classes);
    for (d_logits, &label) in d_logits.chunks_exact_mut(classes).zip(labels) {
        if label == NO_IMAGE {
            d_logits.fill(0.0);
        }
        for (d_logit, target) in d_logits.iter_mut().zip(target(label, classes, smoothing)) {
            *d_logit -= target;
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
        let all = [(vec![2], 3), (vec![0, 9, NO_CLASS], 10), (vec![1, NO_IMAGE, 0, NO_IMAGE], 2)];
        for ((labels, classes), smoothing) in all.iter().flat_map(|both| [(both, 0.0), (both, 0.2)]) {
            let logits: Vec<f64> = values(1, labels.len() * classes).iter().map(|logit| 3.0 * logit).collect();
            let d_logits = backward(&logits, labels, *classes, smoothing);
            let loss = |logits: &[f64]| mean(&forward(logits, labels, *classes, smoothing), labels);
            assert_gradient("d_logits", &logits, &d_logits, loss);
        }
    }

    #[test]
    fn softmax_leaves_missing_images_out_of_loss_gradient_and_mean() {
        let logits = [1.0, 2.0, 3.0, 4.0, 5.0, 7.0];
        let (all, labels) = (forward(&logits, &[1, NO_IMAGE, 0], 2, 0.1), [1, NO_IMAGE, 0]);
        let real = [1.0, 2.0, 5.0, 7.0];
        assert_eq!(all[1], 0.0);
        assert_eq!(mean(&all, &labels), mean(&forward(&real, &[1, 0], 2, 0.1), &[1, 0]));
        let (d_all, d_real) = (backward(&logits, &labels, 2, 0.1), backward(&real, &[1, 0], 2, 0.1));
        assert_eq!([&d_all[..2], &d_all[4..]].concat(), d_real);
        assert_eq!(d_all[2..4], [0.0, 0.0]);
        assert_eq!(mean(&forward(&real, &[NO_IMAGE; 2], 2, 0.1), &[NO_IMAGE; 2]), 0.0);
    }

    #[test]
    fn softmax_of_equal_logits_is_uniform_and_large_logits_do_not_overflow() {
        assert!((forward(&[7.0; 10], &[3], 10, 0.0)[0] - 10f64.ln()).abs() < 1e-15);
        assert_eq!(forward(&[1000.0, 0.0], &[0], 2, 0.0), [0.0]);
        assert_eq!(forward(&[1000.0, 0.0], &[1], 2, 0.0), [1000.0]);
        assert_eq!(probabilities(&[-1000.0, 1000.0], 2), [0.0, 1.0]);
    }

    #[test]
    fn target_is_the_label_but_for_what_is_spread_over_all_classes_alike() {
        assert_eq!(target(1, 4, 0.0), [0.0, 1.0, 0.0, 0.0]);
        assert_eq!(target(1, 4, 0.5), [0.125, 0.625, 0.125, 0.125]);
        assert_eq!(target(NO_CLASS, 4, 0.5), [0.25; 4]);
        assert_eq!(target(NO_IMAGE, 4, 0.5), [0.0; 4]);
        let of_nothing = forward(&[3.0; 4], &[NO_CLASS], 4, 0.0)[0];
        assert!((of_nothing - 4f64.ln()).abs() < 1e-15, "no answer is better than to know nothing: {of_nothing}");
        assert!(forward(&[3.0, 2.0, 3.0, 3.0], &[NO_CLASS], 4, 0.0)[0] > of_nothing);
    }

    #[test]
    fn softmax_predicts_the_first_of_equal_maxima() {
        assert_eq!(predictions(&[0.0, 2.0, 2.0, -1.0, -1.0, -3.0], 3), [1, 0]);
    }
}
