//! Which classes are taken for which: the confusion matrix, and precision, recall and F1 of each class.

use serde::Serialize;

/// How often images of each class were taken for each class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Confusion {
    /// [actual class, predicted class]
    counts: Vec<Vec<usize>>,
}

/// How well one class is told from the others. A share of nothing is `None`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassFigures {
    pub class: usize,
    /// Images that show the class.
    pub images: usize,
    /// The share of images taken for the class that show it.
    pub precision: Option<f64>,
    /// The share of images that show the class that are taken for it.
    pub recall: Option<f64>,
    /// The harmonic mean of both.
    pub f1: Option<f64>,
}

impl Confusion {
    /// Counts what images with these labels were taken for.
    ///
    /// # Panics
    /// If a label or a prediction is not below `classes`.
    pub fn new(classes: usize, labels: &[u8], predictions: &[u8]) -> Confusion {
        let mut counts = vec![vec![0; classes]; classes];
        for (label, prediction) in labels.iter().zip(predictions) {
            counts[usize::from(*label)][usize::from(*prediction)] += 1;
        }
        Confusion { counts }
    }

    /// [actual class, predicted class]
    pub fn counts(&self) -> &[Vec<usize>] {
        &self.counts
    }

    /// Images taken for what they are.
    pub fn right(&self) -> usize {
        (0..self.counts.len()).map(|class| self.counts[class][class]).sum()
    }

    /// The figures of each class.
    pub fn classes(&self) -> Vec<ClassFigures> {
        (0..self.counts.len()).map(|class| self.class(class)).collect()
    }

    fn class(&self, class: usize) -> ClassFigures {
        let right = self.counts[class][class];
        let images = self.counts[class].iter().sum();
        let predicted = self.counts.iter().map(|row| row[class]).sum();
        let share = |part: usize, whole: usize| (whole > 0).then(|| part as f64 / whole as f64);
        ClassFigures {
            class,
            images,
            precision: share(right, predicted),
            recall: share(right, images),
            f1: share(2 * right, images + predicted),
        }
    }

    /// A row for each class, which has a name, a column for each that its images were taken for.
    pub fn matrix_table(&self, names: &[String]) -> String {
        let header = std::iter::once("actual".to_string()).chain(names.iter().map(|name| format!("as {name}")));
        let rows = self.counts.iter().zip(names).map(|(row, name)| {
            let counts = row.iter().map(|count| if *count == 0 { ".".into() } else { count.to_string() });
            std::iter::once(name.clone()).chain(counts).collect()
        });
        super::table(1, header.collect(), rows)
    }

    /// What classes are taken for which, the most frequent first, `most` of them at most: for more classes than a table has
    /// room for.
    pub fn mistakes_table(&self, names: &[String], most: usize) -> String {
        let cells = |(actual, row): (usize, &Vec<usize>)| {
            row.iter().enumerate().map(|(said, count)| (*count, actual, said)).collect::<Vec<_>>()
        };
        let all = self.counts.iter().enumerate().flat_map(cells);
        let mut wrong: Vec<_> = all.filter(|(count, actual, said)| *count > 0 && actual != said).collect();
        wrong.sort_by_key(|(count, ..)| std::cmp::Reverse(*count));
        let header = ["actual", "taken for", "images"].map(String::from).to_vec();
        let row = |(count, actual, said): &(usize, usize, usize)| {
            vec![names[*actual].clone(), names[*said].clone(), count.to_string()]
        };
        super::table(2, header, wrong.iter().take(most).map(row))
    }

    /// A row of figures for each class, in a column that is called `what`.
    pub fn class_table(&self, what: &str, names: &[String]) -> String {
        let header = [what, "images", "precision", "recall", "F1"].map(String::from).to_vec();
        let percent = |share: Option<f64>| share.map_or("-".into(), |share| format!("{:.2} %", 100.0 * share));
        let rows = self.classes().into_iter().map(|ClassFigures { class, images, precision, recall, f1 }| {
            vec![names[class].clone(), images.to_string(), percent(precision), percent(recall), percent(f1)]
        });
        super::table(1, header, rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn confusion() -> Confusion {
        Confusion::new(3, &[0, 0, 0, 1, 1, 0], &[0, 0, 1, 1, 0, 0])
    }

    #[test]
    fn figures_of_a_class_are_those_of_the_textbook() {
        let classes = confusion().classes();
        assert_eq!(confusion().right(), 4);
        let zero = ClassFigures { class: 0, images: 4, precision: Some(0.75), recall: Some(0.75), f1: Some(0.75) };
        assert_eq!(classes[0], zero);
        let one = ClassFigures { class: 1, images: 2, precision: Some(0.5), recall: Some(0.5), f1: Some(0.5) };
        assert_eq!(classes[1], one);
        assert_eq!(classes[2], ClassFigures { class: 2, images: 0, precision: None, recall: None, f1: None });
    }

    #[test]
    fn tables_have_a_row_for_each_actual_class() {
        let matrix =
            "actual  as 0  as 1  as 2\n0          3     1     .\n1          1     1     .\n2          .     .     .";
        let names = ['0', '1', '2'].map(String::from);
        assert_eq!(confusion().matrix_table(&names), matrix);
        assert!(confusion().class_table("digit", &names).ends_with("2           0          -        -        -"));
    }

    #[test]
    fn mistakes_are_told_the_most_frequent_first() {
        let confusion = Confusion::new(3, &[0, 0, 1, 2, 2, 2], &[1, 0, 0, 0, 0, 2]);
        let names = ["a", "b", "c"].map(String::from);
        let table = "actual  taken for  images\nc       a               2\na       b               1";
        assert_eq!(confusion.mistakes_table(&names, 2), table);
    }
}
