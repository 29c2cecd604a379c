//! How often right a network is where it is how sure, as a table.

use crate::calibrate::Bin;

/// A row for each bin that has answers.
pub fn reliability_table(bins: &[Bin]) -> String {
    let header = ["confidence", "images", "mean confidence", "accuracy"].map(String::from).to_vec();
    let percent = |share: f64| format!("{:.2} %", 100.0 * share);
    let edge = |bin: usize| 100.0 * bin as f64 / bins.len() as f64;
    let row = |(at, Bin { images, confidence, accuracy }): (usize, &Bin)| {
        let range = format!("{:.1} to {:.1} %", edge(at), edge(at + 1));
        vec![range, images.to_string(), percent(*confidence), percent(*accuracy)]
    };
    super::table(1, header, bins.iter().enumerate().filter(|(_, bin)| bin.images > 0).map(row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_that_have_answers_have_a_row_with_their_range() {
        let bins = [Bin::default(), Bin { images: 8, confidence: 0.7, accuracy: 0.625 }, Bin::default()];
        let table =
            "confidence      images  mean confidence  accuracy\n33.3 to 66.7 %       8          70.00 %   62.50 %";
        assert_eq!(reliability_table(&bins), table);
    }
}
