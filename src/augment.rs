//! What is done to training images, each time anew: plain data and its text form, `rotate 12 | shift 2 | elastic 1`. The one
//! grammar serves the command line and the model file; [`crate::reference::augment`] says what each item does to pixels.

use std::fmt;

/// How strongly images are changed, at most; what is zero is left out. Each image is drawn for itself, evenly from minus to plus
/// each number.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Augment {
    /// Degrees around the middle.
    pub rotate: f32,
    /// Pixels, along each axis.
    pub shift: f32,
    /// Share of the size by which it grows or shrinks.
    pub scale: f32,
    /// Columns by which a row moves for each row that it is away from the middle.
    pub shear: f32,
    /// Pixels by which smooth waves move the ink, along each axis.
    pub elastic: f32,
    /// Share of the way from black to white by which edges of strokes move outwards or inwards.
    pub thickness: f32,
    /// Share by which pixels part from a grey, the image's own, or come closer to it.
    pub contrast: f32,
    /// The longest side, in pixels, of a rectangle whose greys are told from a grey: from white they are inverted, from black they
    /// stay (after Zhong et al., "Random Erasing Data Augmentation", 2020).
    pub patch: f32,
    /// Share of white that is added to or taken from each pixel, at most; each image has a strength of its own.
    pub noise: f32,
    /// Share of the images that get no contrast, patch or noise.
    pub clean: f32,
}

/// Why a text is no augmentation.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum AugmentError {
    #[error("it is empty; write \"none\" for no augmentation")]
    Empty,
    #[error("\"{0}\" is no augmentation; there are {list}, each with how much, at most, and | between them", list = list())]
    Unknown(String),
    #[error("\"{text}\": {name} must be above 0 and at most {most} {unit}")]
    Strength { text: String, name: &'static str, most: f32, unit: &'static str },
    #[error("{0} stands twice; each may stand once")]
    Twice(&'static str),
}

/// A word of the text: what it is counted in, and how much is allowed.
struct Item {
    name: &'static str,
    most: f32,
    unit: &'static str,
    strength: fn(&mut Augment) -> &mut f32,
}

/// In the order in which they are printed and applied; a text may have them in any.
const ITEMS: [Item; 10] = [
    Item { name: "rotate", most: 45.0, unit: "degrees", strength: |augment| &mut augment.rotate },
    Item { name: "shift", most: 8.0, unit: "pixels", strength: |augment| &mut augment.shift },
    Item { name: "scale", most: 0.5, unit: "of the size", strength: |augment| &mut augment.scale },
    Item { name: "shear", most: 1.0, unit: "columns a row", strength: |augment| &mut augment.shear },
    Item { name: "elastic", most: 4.0, unit: "pixels", strength: |augment| &mut augment.elastic },
    Item { name: "thickness", most: 0.9, unit: "of the way to white", strength: |augment| &mut augment.thickness },
    Item { name: "contrast", most: 0.9, unit: "of the contrast", strength: |augment| &mut augment.contrast },
    Item { name: "patch", most: 20.0, unit: "pixels", strength: |augment| &mut augment.patch },
    Item { name: "noise", most: 1.0, unit: "of white", strength: |augment| &mut augment.noise },
    Item { name: "clean", most: 1.0, unit: "of the images", strength: |augment| &mut augment.clean },
];

/// What stands for no augmentation.
const NONE: &str = "none";

impl Augment {
    /// Images stay as they are.
    pub const NONE: Augment = Augment {
        rotate: 0.0,
        shift: 0.0,
        scale: 0.0,
        shear: 0.0,
        elastic: 0.0,
        thickness: 0.0,
        contrast: 0.0,
        patch: 0.0,
        noise: 0.0,
        clean: 0.0,
    };

    /// Reads the text form, `none` or items with ` | ` between them.
    ///
    /// # Errors
    /// A word that there is not, or that stands twice, or a number outside what its item allows.
    pub fn parse(text: &str) -> Result<Augment, AugmentError> {
        match text.trim() {
            "" => Err(AugmentError::Empty),
            NONE => Ok(Augment::NONE),
            text => text.split('|').try_fold(Augment::NONE, |augment, item| parse_item(augment, item.trim())),
        }
    }
}

fn parse_item(mut augment: Augment, text: &str) -> Result<Augment, AugmentError> {
    let unknown = || AugmentError::Unknown(text.into());
    let mut words = text.split_whitespace();
    let name = words.next().ok_or_else(unknown)?;
    let item = ITEMS.iter().find(|item| item.name == name).ok_or_else(unknown)?;
    let number = words.next().and_then(|number| number.parse().ok());
    let number = number.filter(|number: &f32| *number > 0.0 && *number <= item.most && words.next().is_none());
    let strength = number.ok_or_else(|| AugmentError::Strength {
        text: text.into(),
        name: item.name,
        most: item.most,
        unit: item.unit,
    })?;
    match std::mem::replace((item.strength)(&mut augment), strength) {
        0.0 => Ok(augment),
        _ => Err(AugmentError::Twice(item.name)),
    }
}

/// `rotate, shift, ... and noise`
fn list() -> String {
    let [names @ .., last] = ITEMS.map(|item| item.name);
    format!("{} and {last}", names.join(", "))
}

impl fmt::Display for Augment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut augment = *self;
        let items = ITEMS.iter().map(|item| (item.name, *(item.strength)(&mut augment)));
        let items: Vec<String> = items
            .filter(|(_, strength)| *strength > 0.0)
            .map(|(name, strength)| format!("{name} {strength}"))
            .collect();
        f.write_str(if items.is_empty() { NONE.into() } else { items.join(" | ") }.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_survives_a_round_trip_in_the_order_of_application() {
        let all = "rotate 12 | shift 2 | scale 0.1 | shear 0.15 | elastic 1.5 | thickness 0.5 | contrast 0.2 | patch 9 | noise 0.05 | clean 0.5";
        for text in [all, "none", "rotate 45", "shift 0.25 | noise 1"] {
            assert_eq!(Augment::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Augment::parse(" noise  .5|shift 2 ").unwrap(), Augment { shift: 2.0, noise: 0.5, ..Augment::NONE });
        assert_eq!(Augment::parse(" none ").unwrap(), Augment::default());
    }

    #[test]
    fn errors_name_the_item_and_what_is_allowed() {
        let problem = |text| Augment::parse(text).unwrap_err().to_string();
        assert_eq!(problem(" "), "it is empty; write \"none\" for no augmentation");
        let list = "rotate, shift, scale, shear, elastic, thickness, contrast, patch, noise and clean";
        assert!(problem("rotate 3 | blur 2").starts_with(&format!("\"blur 2\" is no augmentation; there are {list},")));
        assert!(problem("rotate 3 | none").starts_with("\"none\" is no augmentation"));
        assert!(problem("rotate 3 | ").starts_with("\"\" is no augmentation"));
        for text in ["rotate 46", "rotate 0", "rotate -1", "rotate NaN", "rotate", "rotate 3 4", "rotate x"] {
            assert_eq!(problem(text), format!("\"{text}\": rotate must be above 0 and at most 45 degrees"));
        }
        assert_eq!(problem("shift 9"), "\"shift 9\": shift must be above 0 and at most 8 pixels");
        assert_eq!(problem("rotate 3 | shift 1 | rotate 4"), "rotate stands twice; each may stand once");
    }
}
