//! What the page weighs: the bytes that a visitor loads before the first answer, as a host with brotli sends them.

use std::io::Write;
use std::thread;

use crate::{engine, files::Files, page};

/// Brotli's highest quality and the window that browsers always accept: what a host can prepare ahead of time.
const QUALITY: u32 = 11;
const WINDOW: u32 = 22;

pub struct Weight {
    pub address: String,
    pub bytes: usize,
    pub brotli: usize,
}

/// The weights of the files that the first answer needs: page, style, scripts, engine and model.
pub fn of_first_answer(files: &Files) -> Vec<Weight> {
    let is_needed = |address: &str| {
        ["index.html", "style.css", engine::WASM, page::MODEL].contains(&address) || address.ends_with(".js")
    };
    let needed = files.iter().filter(|(address, _)| is_needed(address));
    thread::scope(|scope| {
        // The model and the engine take seconds, so they go at the same time.
        let weigh = |(address, bytes): (&String, &Vec<u8>)| Weight {
            address: address.clone(),
            bytes: bytes.len(),
            brotli: compressed_length(bytes),
        };
        let threads: Vec<_> = needed.map(|file| scope.spawn(move || weigh(file))).collect();
        threads.into_iter().map(|thread| thread.join().expect("brotli compresses any bytes")).collect()
    })
}

/// A table for people, heaviest first, with the sum.
pub fn table(weights: &[Weight]) -> String {
    let mut rows: Vec<_> =
        weights.iter().map(|weight| (weight.address.as_str(), weight.bytes, weight.brotli)).collect();
    rows.sort_by_key(|&(_, _, brotli)| std::cmp::Reverse(brotli));
    let sum = |part: fn(&Weight) -> usize| weights.iter().map(part).sum();
    rows.push(("all for the first answer", sum(|weight| weight.bytes), sum(|weight| weight.brotli)));
    let line = |(name, bytes, brotli): (&str, String, String)| format!("{name:<24} {bytes:>11} {brotli:>11}\n");
    let head = line(("file", "bytes".into(), "in brotli".into()));
    rows.into_iter().fold(head, |text, (name, bytes, brotli)| text + &line((name, grouped(bytes), grouped(brotli))))
}

fn compressed_length(bytes: &[u8]) -> usize {
    let mut brotli = brotli::CompressorWriter::new(Vec::new(), 1 << 16, QUALITY, WINDOW);
    brotli.write_all(bytes).expect("memory takes any bytes");
    brotli.into_inner().len()
}

/// A number with commas between its thousands.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let comma = |place: usize| (place > 0 && (digits.len() - place).is_multiple_of(3)).then_some(',');
    digits.char_indices().flat_map(|(place, digit)| comma(place).into_iter().chain([digit])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files;

    /// Ceilings in bytes of brotli. They are what the project allows itself, not what was measured: docs/web.md has both.
    const ENGINE: usize = 600_000;
    const MODEL: usize = 600_000;
    const FIRST_ANSWER: usize = 1_200_000;

    #[test]
    fn the_page_keeps_its_weight() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("web");
        let built = page::build(&folder).unwrap();
        assert!(files::gather(&folder).unwrap() == built, "the folder holds other files than were built");
        let weights = of_first_answer(&built);
        let table = table(&weights);
        let brotli = |address| weights.iter().find(|weight| weight.address == address).expect(address).brotli;
        assert!(brotli(engine::WASM) <= ENGINE, "the engine is too heavy:\n{table}");
        assert!(brotli(page::MODEL) <= MODEL, "the model is too heavy:\n{table}");
        let sum = weights.iter().map(|weight| weight.brotli).sum::<usize>();
        assert!(sum <= FIRST_ANSWER, "the page is too heavy:\n{table}");
    }

    #[test]
    fn only_what_the_first_answer_needs_is_weighed() {
        let names = ["index.html", "style.css", "page.js", "icon.svg", "known-images.gz", engine::WASM, page::MODEL];
        let files: Files = names.map(|name| (name.into(), vec![0; 1234])).into();
        let weights = of_first_answer(&files);
        let weighed: Vec<&str> = weights.iter().map(|weight| weight.address.as_str()).collect();
        assert_eq!(weighed, [engine::WASM, "index.html", page::MODEL, "page.js", "style.css"]);
        assert!(weights.iter().all(|weight| weight.bytes == 1234 && weight.brotli < 100));
        let table = table(&weights);
        assert!(table.lines().last().unwrap().starts_with("all for the first answer       6,170 "), "{table}");
    }

    #[test]
    fn thousands_have_commas() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (12_345, "12,345"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }
}
