//! What corruptions do to an image as a whole: blur it, smear it, turn and move it.

use crate::mnist::SIDE;
use crate::picture::Pixels;

/// Blurred by a Gaussian of `sigma` pixels; what is outside is as the edge.
pub fn blurred(ink: &Pixels, sigma: f32) -> Pixels {
    let reach = (3.0 * sigma).ceil() as isize;
    let weights: Vec<f32> = (-reach..=reach).map(|by| bell(by as f32, sigma)).collect();
    let total: f32 = weights.iter().sum();
    let along = |ink: &Pixels, [down, right]: [isize; 2]| -> Pixels {
        std::array::from_fn(|at| {
            let (y, x) = ((at / SIDE) as isize, (at % SIDE) as isize);
            let near = (-reach..=reach).map(|by| at_edge(ink, y + by * down, x + by * right));
            near.zip(&weights).map(|(ink, weight)| ink * weight).sum::<f32>() / total
        })
    };
    along(&along(ink, [0, 1]), [1, 0])
}

/// Smeared along a line at `angle` by a Gaussian of `sigma` pixels.
pub fn smeared(ink: &Pixels, sigma: f32, angle: f32) -> Pixels {
    let (sine, cosine) = angle.sin_cos();
    let reach = (3.0 * sigma).ceil() as i32;
    let steps: Vec<(f32, f32)> = (-reach..=reach).map(|by| (by as f32, bell(by as f32, sigma))).collect();
    let total: f32 = steps.iter().map(|(_, weight)| weight).sum();
    std::array::from_fn(|at| {
        let (y, x) = ((at / SIDE) as f32, (at % SIDE) as f32);
        steps.iter().map(|(by, weight)| weight * sample(ink, y + by * sine, x + by * cosine)).sum::<f32>() / total
    })
}

/// Each pixel from where `matrix` leads it, seen from the middle of the image, and then moved right and down by `shift`.
pub fn warped(ink: &Pixels, matrix: [[f32; 2]; 2], shift: [f32; 2]) -> Pixels {
    let middle = (SIDE as f32 - 1.0) / 2.0;
    std::array::from_fn(|at| {
        let from = [(at % SIDE) as f32 - middle - shift[0], (at / SIDE) as f32 - middle - shift[1]];
        let [x, y] = matrix.map(|row| row[0] * from[0] + row[1] * from[1] + middle);
        sample(ink, y, x)
    })
}

/// lattice [corners, corners] -> image [28, 28], with straight lines between the corners.
pub fn stretched(lattice: &[f32], corners: usize) -> Pixels {
    let cell = (SIDE as f32 - 1.0) / (corners as f32 - 1.0);
    let place = |at: usize| {
        let corner = ((at as f32 / cell) as usize).min(corners - 2);
        (corner, at as f32 / cell - corner as f32)
    };
    std::array::from_fn(|at| {
        let ((y, down), (x, right)) = (place(at / SIDE), place(at % SIDE));
        let row = |y: usize| lattice[y * corners + x] * (1.0 - right) + lattice[y * corners + x + 1] * right;
        row(y) * (1.0 - down) + row(y + 1) * down
    })
}

/// The pixel, or the nearest one of the image.
pub fn at_edge(ink: &Pixels, y: isize, x: isize) -> f32 {
    let last = SIDE as isize - 1;
    ink[(y.clamp(0, last) * SIDE as isize + x.clamp(0, last)) as usize]
}

/// The ink between four pixels; there is none outside.
fn sample(ink: &Pixels, y: f32, x: f32) -> f32 {
    let (top, left) = (y.floor(), x.floor());
    let pixel = |y: f32, x: f32| {
        let is_inside = [y, x].iter().all(|at| (0.0..SIDE as f32).contains(at));
        if is_inside { ink[y as usize * SIDE + x as usize] } else { 0.0 }
    };
    let row = |y: f32| pixel(y, left) * (1.0 - x + left) + pixel(y, left + 1.0) * (x - left);
    row(top) * (1.0 - y + top) + row(top + 1.0) * (y - top)
}

fn bell(at: f32, sigma: f32) -> f32 {
    (-at * at / (2.0 * sigma * sigma)).exp()
}
