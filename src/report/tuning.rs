//! What was measured of tile shapes, for people.

use super::units::si;
use crate::gpu::Choice;

/// A line for each product: its time with each tile shape, the default first, and which it gets.
pub fn tuning_table(choices: &[Choice]) -> String {
    let header = ["kernel", "shape", "default", "others", "chosen", "speed-up"];
    super::table(5, header.map(String::from).to_vec(), choices.iter().map(row))
}

fn row(choice: &Choice) -> Vec<String> {
    let times: Vec<String> =
        choice.tiles.iter().map(|timing| format!("{} {}", timing.tile, si(timing.median_seconds, "s"))).collect();
    let (default, others) =
        times.split_first().map_or(("not measured", String::new()), |(first, rest)| (first.as_str(), rest.join(", ")));
    let chosen = choice.tiles.iter().find(|timing| Some(&timing.tile) == choice.chosen.as_ref());
    let speed_up =
        chosen.map_or("-".into(), |timing| format!("{:.2}", choice.tiles[0].median_seconds / timing.median_seconds));
    let chosen = chosen.map_or("default", |timing| &timing.tile);
    vec![choice.kernel.clone(), choice.shape.clone(), default.into(), others, chosen.into(), speed_up]
}
