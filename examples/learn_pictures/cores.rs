//! How a core divides a product among workgroups and invocations, and in which order a sum is added up.

use digits::figures::Tone;
use maud::{Markup, html};

use super::svg::{Picture, arrow, block, frame, label, remark};

/// A product cut into tiles, one of them with its strips of A and B, and a round in workgroup memory.
pub fn tile() -> Picture {
    const UNIT: f64 = 12.0;
    let [left, top] = [150.0, 130.0];
    let [columns, rows] = [24.0, 16.0];
    let [tile_left, tile_top, tile] = [left + 8.0 * UNIT, top + 8.0 * UNIT, 8.0 * UNIT];
    let lines = |count: usize, from: [f64; 2], [dx, dy]: [f64; 2], [x, y]: [f64; 2]| -> Markup {
        html! {
            @for i in 0..=count {
                @let [x1, y1] = [from[0] + i as f64 * dx, from[1] + i as f64 * dy];
                line x1=(x1) y1=(y1) x2=(x1 + x) y2=(y1 + y) stroke=(Tone::Muted.hex()) {}
            }
        }
    };
    let body = html! {
        // B above C, A left of it.
        (block([left, 30.0], [columns * UNIT, 80.0], Tone::Line, ""))
        (block([tile_left, 30.0], [tile, 80.0], Tone::Right, ""))
        (block([tile_left, 54.0], [tile, 24.0], Tone::Right, "B"))
        (block([50.0, top], [80.0, rows * UNIT], Tone::Line, ""))
        (block([50.0, tile_top], [80.0, tile], Tone::Wrong, ""))
        (block([74.0, tile_top], [24.0, tile], Tone::Wrong, "A"))
        (block([tile_left, tile_top], [tile, tile], Tone::Third, "C"))
        (lines(3, [left, top], [8.0 * UNIT, 0.0], [0.0, rows * UNIT]))
        (lines(2, [left, top], [0.0, 8.0 * UNIT], [columns * UNIT, 0.0]))
        (remark([left, 18.0], "start", "columns n"))
        (remark([50.0, top - 12.0], "start", "rows m"))
        (remark([left - 12.0, 70.0], "end", "k"))
        (remark([left, top + rows * UNIT + 20.0], "start", "A workgroup computes one tile of C."))
        // What a workgroup holds.
        @let [right, low] = [600.0, 130.0];
        (remark([right - 100.0, 18.0], "start", "A round, the dark parts, is in workgroup memory."))
        (block([right, 40.0], [192.0, 70.0], Tone::Right, ""))
        (block([right - 100.0, low], [80.0, 192.0], Tone::Wrong, ""))
        (block([right, low], [192.0, 192.0], Tone::Third, ""))
        (lines(8, [right, low], [24.0, 0.0], [0.0, 192.0]))
        (lines(8, [right, low], [0.0, 24.0], [192.0, 0.0]))
        @for (row, column) in [(1, 2), (1, 6), (5, 2), (5, 6)] {
            @let [x, y] = [right + 24.0 * f64::from(column), low + 24.0 * f64::from(row)];
            (frame([x, y], [24.0, 24.0], Tone::Ink))
        }
        @for column in [2, 6] { (frame([right + 24.0 * f64::from(column), 40.0], [24.0, 70.0], Tone::Ink)) }
        @for row in [1, 5] { (frame([right - 100.0, low + 24.0 * f64::from(row)], [80.0, 24.0], Tone::Ink)) }
        (remark([right - 100.0, low + 212.0], "start", "An invocation has a few rows and columns, here two"))
        (remark([right - 100.0, low + 230.0], "start", "of each: what it reads once it multiplies twice."))
    };
    Picture {
        name: "tile",
        title: "How a tile core divides a product among workgroups and invocations".into(),
        size: [850.0, 375.0],
        body,
    }
}

/// The gradient of a weight: images and pixels in parts, parts in lanes, one total.
pub fn order() -> Picture {
    const PARTS: usize = 8;
    const LANES: usize = 2;
    const WIDTH: f64 = 80.0;
    let x = |part: usize| 30.0 + part as f64 * (WIDTH + 10.0);
    let lane_x = |lane: usize| 250.0 + lane as f64 * 220.0;
    let body = html! {
        (remark([30.0, 22.0], "start", "The sum over all pixels of all images, cut into parts. The product adds up each from left to right."))
        @for part in 0..PARTS {
            (block([x(part), 40.0], [WIDTH, 30.0], Tone::Right, &format!("part {part}")))
            @for i in 0..9 {
                @let at = x(part) + 4.0 + 9.0 * f64::from(i);
                line x1=(at) y1="76" x2=(at) y2="84" stroke=(Tone::Muted.hex()) {}
            }
            (arrow([x(part) + WIDTH / 2.0, 90.0], [lane_x(part % LANES) + 60.0 + 12.0 * ((part / LANES) as f64 - 1.5), 150.0],
                if part % LANES == 0 { Tone::Third } else { Tone::Wrong }))
        }
        @for lane in 0..LANES {
            @let parts: Vec<String> = (lane..PARTS).step_by(LANES).map(|part| part.to_string()).collect();
            (block([lane_x(lane), 152.0], [120.0, 30.0], if lane == 0 { Tone::Third } else { Tone::Wrong }, &parts.join(" + ")))
            (arrow([lane_x(lane) + 60.0, 184.0], [420.0 + 10.0 * (2.0 * lane as f64 - 1.0), 230.0], Tone::Muted))
        }
        (remark([30.0, 167.0], "start", "lanes take every second part"))
        (block([350.0, 232.0], [140.0, 30.0], Tone::Fifth, "lane 0 + lane 1"))
        (label([510.0, 247.0], "start", Tone::Ink, "the gradient of one weight"))
    };
    Picture {
        name: "order",
        title: "In which order a weight's gradient is added up".into(),
        size: [780.0, 285.0],
        body,
    }
}
