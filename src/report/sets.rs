//! Several sets of images, each with a name: how many of each were taken for what they are, and for which class else.

use indicatif::HumanCount;
use serde::Serialize;

/// What was made of one set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SetFigures {
    pub name: String,
    pub images: usize,
    /// The share of images taken for what they are; `None` where they show no class.
    pub accuracy: Option<f64>,
    /// The class that most images were wrongly taken for, and the share of all images that were.
    pub mistake: Option<(u8, f64)>,
    /// The share of images that are called no digit.
    pub refused: f64,
}

impl SetFigures {
    /// Counts what images with these labels were taken for, and whether for a digit at all; `none` is the label of those that show no class.
    pub fn new(name: &str, labels: &[u8], answers: &[(u8, bool)], none: u8) -> SetFigures {
        let share = |count: usize| count as f64 / labels.len() as f64;
        let pairs = || labels.iter().zip(answers).map(|(label, (class, _))| (label, class));
        let right = pairs().filter(|(label, prediction)| label == prediction).count();
        let mistaken =
            |class: u8| pairs().filter(|&(&label, &prediction)| label != class && prediction == class).count();
        // Of equal counts the first class.
        let worst = (0..=u8::MAX).rev().map(|class| (class, mistaken(class))).max_by_key(|&(_, count)| count);
        SetFigures {
            name: name.into(),
            images: labels.len(),
            accuracy: labels.iter().all(|&label| label != none).then(|| share(right)),
            refused: share(answers.iter().filter(|(_, is_digit)| !is_digit).count()),
            mistake: worst.filter(|&(_, count)| count > 0).map(|(class, count)| (class, share(count))),
        }
    }
}

/// A line for each set.
pub fn set_table(sets: &[SetFigures]) -> String {
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let rows = sets.iter().map(|set| {
        let mistake = set.mistake.map(|(class, share)| format!("{class}: {}", percent(share)));
        let accuracy = set.accuracy.map(percent).unwrap_or_default();
        let images = HumanCount(set.images as u64).to_string();
        vec![set.name.clone(), images, accuracy, percent(set.refused), mistake.unwrap_or_default()]
    });
    super::table(1, ["set", "images", "right", "no digit", "most often taken for"].map(String::from).to_vec(), rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shows_no_class_has_no_accuracy_and_the_commonest_mistake_is_told() {
        let digits = SetFigures::new("sevens", &[7; 4], &[(7, true), (2, true), (2, false), (1, true)], 254);
        assert_eq!((digits.accuracy, digits.mistake), (Some(0.25), Some((2, 0.5))));
        let letters = SetFigures::new("letters", &[254, 254], &[(3, false), (8, false)], 254);
        assert_eq!((letters.accuracy, letters.mistake), (None, Some((3, 0.5))));
        let expected = "\
set      images    right  no digit  most often taken for
sevens        4   25.0 %    25.0 %               2: 50.0 %
letters       2            100.0 %               3: 50.0 %";
        let found: Vec<String> =
            set_table(&[digits, letters]).lines().map(|line| line.trim_end().to_string()).collect();
        let words = |text: &str| text.split_whitespace().map(String::from).collect::<Vec<_>>();
        assert_eq!(words(&found.join("\n")), words(expected));
    }
}
