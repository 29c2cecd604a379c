//! What options take: each parser says in one sentence what is allowed where a text is none of it.

use std::time::Duration;

use indicatif::HumanCount;

/// Parses a whole number from `least` to `most`.
pub fn whole<T: TryFrom<u64>>(least: u64, most: u64) -> impl Fn(&str) -> Result<T, String> + Clone {
    move |text| {
        let number = text.parse().ok().filter(|number| (least..=most).contains(number));
        number
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| format!("\"{text}\" is no whole number from {least} to {}", HumanCount(most)))
    }
}

/// A share that must stay below 1 in the GPU's precision, too.
pub fn parse_share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share: &f64| (0.0..1.0).contains(&(*share as f32)));
    share.ok_or_else(|| format!("\"{text}\" is no number from 0 to 0.9999999"))
}

/// A number above zero that the GPU's precision holds.
pub fn parse_positive(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| *number > 0.0 && (*number as f32).is_normal());
    number.ok_or_else(|| format!("\"{text}\" is no number from 1.2e-38 to 3.4e38, such as 0.001"))
}

/// Two shares.
pub fn parse_betas(text: &str) -> Result<[f64; 2], String> {
    let betas =
        text.split_once(',').and_then(|(beta1, beta2)| Some([parse_share(beta1).ok()?, parse_share(beta2).ok()?]));
    betas.ok_or_else(|| {
        format!("\"{text}\" is not two numbers from 0 to 0.9999999 with a comma between them, such as 0.9,0.99")
    })
}

/// A time.
pub fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| format!("\"{text}\" is no number of seconds, such as 10 or 0.5"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_read_within_their_bounds_and_else_the_bounds_are_told() {
        let count = whole::<u32>(1, u32::MAX.into());
        assert_eq!([count("1"), count("4294967295")], [Ok(1), Ok(u32::MAX)]);
        for text in ["1e3", "0", "-1", "4294967296", "99999999999999999999", "1.0", "", " 1", "1,000"] {
            let expected = format!("\"{text}\" is no whole number from 1 to 4,294,967,295");
            assert_eq!(count(text), Err(expected), "{text}");
        }
    }
}
