//! The classes that a network tells apart: a name for each output, for people, and the label that files of data have for the
//! first, for they count from 0 or from 1.

/// The names of a network's classes, in the order of its outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classes {
    names: Vec<String>,
    first_label: u8,
}

/// Why there are no such classes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClassesError {
    #[error("a class has a name of 1 to {LONGEST_NAME} letters, which {0:?} is not")]
    Name(String),
    #[error("two classes are called {0:?}")]
    Twice(String),
    #[error("there are {found} classes, but there must be 2 to {most}", most = Classes::MOST)]
    Count { found: usize },
}

const LONGEST_NAME: usize = 100;

impl Classes {
    /// What data may have: a label takes eight bits, of which the greatest numbers mean that there is no class, or no image.
    pub const MOST: usize = 250;

    /// Those of labels from 0, called by their numbers.
    pub fn numbered(count: usize) -> Classes {
        Classes { names: (0..count).map(|label| label.to_string()).collect(), first_label: 0 }
    }

    /// Those of labels from `first` to `last`, called by their numbers.
    ///
    /// # Errors
    /// They are too few or too many.
    pub fn of_labels(first: u8, last: u8) -> Result<Classes, ClassesError> {
        Classes::named((first..=last).map(|label| label.to_string()).collect(), first)
    }

    /// Those with these names, the first of which has the label `first_label`.
    ///
    /// # Errors
    /// They are too few or too many, or two names are the same, or one is none.
    pub fn named(names: Vec<String>, first_label: u8) -> Result<Classes, ClassesError> {
        if !(2..=Classes::MOST).contains(&names.len()) {
            return Err(ClassesError::Count { found: names.len() });
        }
        let is_name = |name: &String| {
            (1..=LONGEST_NAME).contains(&name.chars().count())
                && !name.contains(char::is_control)
                && name.trim() == name
        };
        if let Some(other) = names.iter().find(|name| !is_name(name)) {
            return Err(ClassesError::Name(other.clone()));
        }
        if let Some((_, name)) = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)) {
            return Err(ClassesError::Twice(name.clone()));
        }
        Ok(Classes { names, first_label })
    }

    pub fn names(&self) -> &[String] {
        &self.names
    }

    pub fn count(&self) -> usize {
        self.names.len()
    }

    /// What files of labels call the first class.
    pub fn first_label(&self) -> u8 {
        self.first_label
    }

    /// Whether they are called by their numbers, from 0.
    pub fn are_numbered(&self) -> bool {
        *self == Classes::numbered(self.count())
    }

    /// Whether they are the ten digits.
    pub fn are_digits(&self) -> bool {
        *self == Classes::numbered(crate::mnist::CLASSES)
    }

    /// What is said of an image that shows none of them.
    pub fn none(&self) -> &'static str {
        if self.are_digits() { "no digit" } else { "none of the classes" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> Result<Classes, ClassesError> {
        Classes::named(names.iter().map(|name| name.to_string()).collect(), 0)
    }

    #[test]
    fn what_cannot_be_told_apart_by_name_is_refused() {
        assert_eq!(named(&["a", "b", "a"]), Err(ClassesError::Twice("a".into())));
        for name in ["", " a", "a\nb", &"x".repeat(101)] {
            assert_eq!(named(&["a", name]), Err(ClassesError::Name(name.into())));
        }
        assert_eq!(named(&["a"]), Err(ClassesError::Count { found: 1 }));
        assert!(Classes::of_labels(0, 249).is_ok() && Classes::of_labels(0, 250).is_err());
    }

    #[test]
    fn only_digits_are_digits() {
        assert!(Classes::numbered(10).are_digits() && !Classes::numbered(9).are_digits());
        let letters = Classes::of_labels(1, 10).unwrap();
        assert!(!letters.are_digits() && !letters.are_numbered());
        assert_eq!((letters.first_label(), &letters.names()[9][..]), (1, "10"));
    }
}
