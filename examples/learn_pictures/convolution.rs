//! The three passes of the worked example's convolution, each as a matrix product, and the pooling behind it.

use digits::figures::Tone;
use maud::{Markup, html};

use super::svg::{CELL, Picture, arrow, frame, label, matrix, plain, remark};
use super::worked::{BIAS, D_POOLED, D_Y, W, Worked, X, number, term};

/// The output that is followed through forward.rs's picture, [oy, ox], and the pixel that is followed back, [y, x].
const OUTPUT: [usize; 2] = [0, 1];
const PIXEL: [usize; 2] = [1, 2];

/// The names of the weights, in the order in which they lie.
fn weight_names() -> Vec<String> {
    (0..W.len()).map(|k| format!("w[{},{}]", k / 3, k % 3)).collect()
}

fn cells(count: usize) -> f64 {
    count as f64 * CELL
}

/// Image, filter and output; below them the product that the output is.
pub fn forward(worked: &Worked) -> Picture {
    let in_patch = |y: usize, x: usize| {
        let [oy, ox] = OUTPUT;
        ((oy..oy + 3).contains(&y) && (ox..ox + 3).contains(&x)).then_some(Tone::Right)
    };
    let column = OUTPUT[0] * 2 + OUTPUT[1];
    let of_column = |tone| move |_: usize, x: usize| (x == column).then_some(tone);
    let body = html! {
        (remark([30.0, 24.0], "start", "the image x"))
        (matrix([30.0, 40.0], &X, 4, in_patch))
        (remark([230.0, 24.0], "start", "the filter w"))
        (matrix([230.0, 40.0], &W, 3, |_, _| Some(Tone::Wrong)))
        (label([230.0, 160.0], "start", Tone::Ink, &format!("and a bias of {}", number(BIAS))))
        (arrow([350.0, 91.0], [400.0, 91.0], Tone::Muted))
        (remark([420.0, 24.0], "start", "the output y"))
        (matrix([420.0, 57.0], &worked.y, 2, |y, x| ([y, x] == OUTPUT).then_some(Tone::Third)))
        // The product.
        (remark([420.0, 212.0], "start", "B: what each weight meets"))
        (matrix([420.0, 230.0], &worked.patches, 4, of_column(Tone::Right)))
        @for (row, name) in weight_names().iter().map(String::as_str).chain(["bias"]).enumerate() {
            (remark([412.0, 230.0 + cells(row) + CELL / 2.0], "end", name))
        }
        (remark([570.0, 230.0 + cells(9) + CELL / 2.0], "start", "always one"))
        @let bottom = 230.0 + cells(10) + 20.0;
        (remark([30.0, bottom - 14.0], "start", "A: the weights, one row a filter"))
        (matrix([30.0, bottom], &worked.row(), 10, |_, _| Some(Tone::Wrong)))
        (label([395.0, bottom + CELL / 2.0], "middle", Tone::Ink, "·B ="))
        (matrix([420.0, bottom], &worked.y, 4, of_column(Tone::Third)))
        (remark([570.0, bottom + CELL / 2.0], "start", "C: y, laid out flat"))
    };
    Picture { name: "forward", title: "A convolution forward, as a matrix product".into(), size: [720.0, 645.0], body }
}

/// The same matrix turned over: its rows are the outputs, its columns the weights.
pub fn backward_weights(worked: &Worked) -> Picture {
    let turned: Vec<f64> =
        (0..4).flat_map(|n| (0..10).map(move |k| (n, k))).map(|(n, k)| worked.patches[k * 4 + n]).collect();
    let d_row: Vec<f64> = worked.d_w.iter().copied().chain([worked.d_bias]).collect();
    const FOLLOWED: usize = 3;
    let of_column = |tone| move |_: usize, x: usize| (x == FOLLOWED).then_some(tone);
    let terms: Vec<String> = (0..4).map(|n| term(D_Y[n], turned[n * 10 + FOLLOWED])).collect();
    let body = html! {
        (remark([30.0, 24.0], "start", "the gradient d_y"))
        (matrix([30.0, 40.0], &D_Y, 2, |_, _| Some(Tone::Third)))
        (remark([250.0, 24.0], "start", "B: the patches again, one row an output"))
        @for (k, name) in weight_names().iter().map(String::as_str).chain(["bias"]).enumerate() {
            @let x = 250.0 + cells(k) + CELL / 2.0;
            g transform={ "translate(" (x) " 104) rotate(-60)" } { (remark([0.0, 0.0], "start", name)) }
        }
        (matrix([250.0, 115.0], &turned, 10, of_column(Tone::Right)))
        @let bottom = 115.0 + cells(4) + 20.0;
        (remark([30.0, bottom - 14.0], "start", "A: d_y, laid out flat"))
        (matrix([30.0, bottom], &D_Y, 4, |_, _| Some(Tone::Third)))
        (label([208.0, bottom + CELL / 2.0], "middle", Tone::Ink, "·B ="))
        (matrix([250.0, bottom], &d_row, 10, of_column(Tone::Wrong)))
        (remark([250.0, bottom + CELL + 20.0], "start", "C: d_w, and the bias's gradient in the last column"))
        (label([30.0, bottom + CELL + 50.0], "start", Tone::Ink, &format!(
            "d_w[1,0] = {} = {}", terms.join(" + "), number(worked.d_w[FOLLOWED])
        )))
    };
    Picture {
        name: "backward-weights",
        title: "The gradient by the weights, as a matrix product".into(),
        size: [640.0, 400.0],
        body,
    }
}

/// One pixel asks the outputs that it took part in; and all pixels at once, as a product.
pub fn backward_input(worked: &Worked) -> Picture {
    let [y, x] = PIXEL;
    // The gradient with two rows of zeros around it, and the filter turned by half a turn.
    let padded: Vec<f64> = (0..36)
        .map(|at| match (at / 6, at % 6) {
            (row @ 2..4, column @ 2..4) => D_Y[(row - 2) * 2 + column - 2],
            _ => 0.0,
        })
        .collect();
    let turned: Vec<f64> = W.iter().rev().copied().collect();
    let under = |row: usize, column: usize| (y..y + 3).contains(&row) && (x..x + 3).contains(&column);
    let pixel = y * 4 + x;
    let of_column = |tone| move |_: usize, column: usize| (column == pixel).then_some(tone);
    let terms: Vec<String> = (0..9)
        .filter(|tap| worked.d_patches[tap * 16 + pixel] != 0.0)
        .map(|tap| term(W[tap], worked.d_patches[tap * 16 + pixel]))
        .collect();
    let body = html! {
        (remark([30.0, 24.0], "start", "d_y, with zeros around it"))
        (matrix([30.0, 40.0], &padded, 6, |row, column| under(row, column).then_some(Tone::Third)))
        (frame([30.0 + cells(x), 40.0 + cells(y)], [cells(3); 2], Tone::Wrong))
        (remark([290.0, 24.0], "start", "the filter, turned"))
        (matrix([290.0, 40.0], &turned, 3, |_, _| Some(Tone::Wrong)))
        (arrow([410.0, 91.0], [460.0, 91.0], Tone::Muted))
        (remark([480.0, 24.0], "start", "d_x"))
        (matrix([480.0, 40.0], &worked.d_x, 4, |row, column| ([row, column] == PIXEL).then_some(Tone::Right)))
        (label([290.0, 200.0], "start", Tone::Ink, &format!("d_x[{y},{x}] = {} = {}", terms.join(" + "), number(worked.d_x[pixel]))))
        (remark([290.0, 225.0], "start", "No other pixel writes there, and this one writes nowhere else."))
        (remark([150.0, 284.0], "start", "B: the output that each tap brings to each pixel, or zero where it leads outside"))
        (matrix([110.0, 300.0], &worked.d_patches, 16, of_column(Tone::Third)))
        @for (row, (name, weight)) in weight_names().iter().zip(W).enumerate() {
            (remark([58.0, 300.0 + cells(row) + CELL / 2.0], "end", name))
            (matrix([68.0, 300.0 + cells(row)], &[weight], 1, |_, _| Some(Tone::Wrong)))
        }
        (remark([68.0 + CELL / 2.0, 284.0], "middle", "A, stood up"))
        @let bottom = 300.0 + cells(9) + 20.0;
        (remark([100.0, bottom + CELL / 2.0], "end", "C"))
        (matrix([110.0, bottom], &worked.d_x, 16, of_column(Tone::Right)))
        (remark([110.0, bottom + CELL + 20.0], "start", "d_x, laid out flat: in each column the nine products are added up"))
    };
    Picture {
        name: "backward-input",
        title: "The gradient by the image, gathered, and as a matrix product".into(),
        size: [720.0, 710.0],
        body,
    }
}

/// ReLU and pooling forward, and the one number that goes back.
pub fn pooling(worked: &Worked) -> Picture {
    let at_winner = |row: usize, column: usize| (row * 2 + column == worked.winner).then_some(Tone::Third);
    let row = |top: f64, names: [&str; 3], columns: [Markup; 3], arrows: [[f64; 2]; 2]| {
        html! {
            @for (name, left) in names.iter().zip([30.0, 220.0, 410.0]) { (remark([left, top], "start", name)) }
            @for column in &columns { (column) }
            @for [from, to] in arrows { (arrow([from, top + 50.0], [to, top + 50.0], Tone::Muted)) }
        }
    };
    let body = html! {
        (row(24.0, ["the sums y", "max(0, y)", "the window's largest"], [
            matrix([30.0, 40.0], &worked.y, 2, plain),
            matrix([220.0, 40.0], &worked.activations, 2, at_winner),
            matrix([410.0, 57.0], &[worked.pooled], 1, |_, _| Some(Tone::Third)),
        ], [[120.0, 200.0], [310.0, 390.0]]))
        (remark([460.0, 74.0], "start", &format!("winner: number {}", worked.winner)))
        (row(154.0, ["passes where y > 0", "goes to the winner", "the gradient that arrives"], [
            matrix([30.0, 170.0], &worked.d_sums, 2, at_winner),
            matrix([220.0, 170.0], &worked.d_sums, 2, at_winner),
            matrix([410.0, 187.0], &[D_POOLED], 1, |_, _| Some(Tone::Third)),
        ], [[200.0, 120.0], [390.0, 310.0]]))
    };
    Picture { name: "pooling", title: "A pooling forward and backward".into(), size: [600.0, 260.0], body }
}
