//! Winograd's minimal filtering F(2 x 2, 3 x 3): a convolution by 3 x 3 filters, a tile of 2 x 2 outputs at a time, with 16
//! multiplications a tile, channel and filter in the place of 36 (Lavin and Gray, "Fast Algorithms for Convolutional
//! Neural Networks", 2016). Each step is linear, and so its backward pass is its transpose.
//!
//! ```text
//! u = G g G'      v = B' d B      m[p] = sum over c of u[p] v[p]      y = A' m A
//! ```
//!
//! The sizes are a [`ConvShape`]'s with filters of 3 x 3; outputs beyond the last whole tile are left out.

use super::conv::ConvShape;

/// Where a tile's polynomials are multiplied: 4 x 4 pairs of 0, 1, -1 and infinity.
pub const POINTS: usize = 16;

const G: [[f64; 3]; 4] = [[1., 0., 0.], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0., 0., 1.]];
const B_T: [[f64; 4]; 4] = [[1., 0., -1., 0.], [0., 1., 1., 0.], [0., -1., 1., 0.], [0., 1., 0., -1.]];
const A: [[f64; 2]; 4] = [[1., 0.], [1., 1.], [1., -1.], [0., -1.]];

/// Whole tiles of the output, [rows, columns].
pub fn tiles(shape: &ConvShape) -> [usize; 2] {
    shape.output().map(|length| length / 2)
}

/// weights [F, C, 3, 3] -> u [POINTS, F, C]
pub fn transform_filters(weights: &[f64]) -> Vec<f64> {
    let filters = weights.len() / 9;
    let mut u = vec![0.0; POINTS * filters];
    for (filter, g) in weights.chunks_exact(9).enumerate() {
        for_each_pair(&G, |point, tap, factor| u[point * filters + filter] += factor * g[tap]);
    }
    u
}

/// d_u [POINTS, F, C] -> d_weights [F, C, 3, 3]
pub fn transform_filters_backward(d_u: &[f64]) -> Vec<f64> {
    let filters = d_u.len() / POINTS;
    let mut d_weights = vec![0.0; 9 * filters];
    for (filter, d_g) in d_weights.chunks_exact_mut(9).enumerate() {
        for_each_pair(&G, |point, tap, factor| d_g[tap] += factor * d_u[point * filters + filter]);
    }
    d_weights
}

/// x [N, C, H, W] -> v [N, TILES, POINTS, C]
pub fn transform_input(x: &[f64], shape: &ConvShape) -> Vec<f64> {
    let &ConvShape { c, h, w, padding: [pad_y, pad_x], .. } = shape;
    let mut v = vec![0.0; shape.n * tiles(shape).iter().product::<usize>() * POINTS * c];
    for_each_tile(shape, c, |place, plane, [tile_y, tile_x]| {
        for_each_pair(&B_T, |point, at, factor| {
            // Row and column of the padded image; the image itself starts at (pad_y, pad_x).
            let (row, column) = (2 * tile_y + at / 4, 2 * tile_x + at % 4);
            if (pad_y..pad_y + h).contains(&row) && (pad_x..pad_x + w).contains(&column) {
                v[place + point * c] += factor * x[(plane * h + row - pad_y) * w + column - pad_x];
            }
        });
    });
    v
}

/// m [N, TILES, POINTS, F], `[F]` biases -> y [N, F, 2 rows, 2 columns]
pub fn transform_output(m: &[f64], biases: &[f64], shape: &ConvShape) -> Vec<f64> {
    let plane = 4 * tiles(shape).iter().product::<usize>();
    let mut y: Vec<f64> = (0..shape.n * shape.f * plane).map(|at| biases[at / plane % shape.f]).collect();
    for_each_output(shape, |m_at, y_at, factor| y[y_at] += factor * m[m_at]);
    y
}

/// d_y [N, F, 2 rows, 2 columns] -> d_m [N, TILES, POINTS, F]
pub fn transform_output_backward(d_y: &[f64], shape: &ConvShape) -> Vec<f64> {
    let mut d_m = vec![0.0; d_y.len() / 4 * POINTS];
    for_each_output(shape, |m_at, y_at, factor| d_m[m_at] += factor * d_y[y_at]);
    d_m
}

/// u [POINTS, F, C], v [N, TILES, POINTS, C] -> m [N, TILES, POINTS, F]
pub fn multiply(u: &[f64], v: &[f64], shape: &ConvShape) -> Vec<f64> {
    let mut m = vec![0.0; v.len() / shape.c * shape.f];
    for_each_product(v.len() / shape.c, shape, |u_at, v_at, m_at| m[m_at] += u[u_at] * v[v_at]);
    m
}

/// d_m [N, TILES, POINTS, F], v [N, TILES, POINTS, C] -> d_u [POINTS, F, C]
pub fn multiply_backward_weights(d_m: &[f64], v: &[f64], shape: &ConvShape) -> Vec<f64> {
    let mut d_u = vec![0.0; POINTS * shape.f * shape.c];
    for_each_product(v.len() / shape.c, shape, |u_at, v_at, m_at| d_u[u_at] += d_m[m_at] * v[v_at]);
    d_u
}

/// Calls `term` with point, number and factor of each term of M z M', where z has as many rows and columns as M has columns.
fn for_each_pair<const K: usize>(matrix: &[[f64; K]; 4], mut term: impl FnMut(usize, usize, f64)) {
    for point in 0..POINTS {
        for at in 0..K * K {
            term(point, at, matrix[point / 4][at / K] * matrix[point % 4][at % K]);
        }
    }
}

/// Calls `term` with the indices into m and y, and the factor, of each term of [`transform_output`].
fn for_each_output(shape: &ConvShape, mut term: impl FnMut(usize, usize, f64)) {
    let [rows, columns] = tiles(shape);
    for_each_tile(shape, shape.f, |place, plane, [tile_y, tile_x]| {
        for_each_pair(&A, |point, at, factor| {
            let y_at = (plane * 2 * rows + 2 * tile_y + at / 2) * 2 * columns + 2 * tile_x + at % 2;
            term(place + point * shape.f, y_at, factor);
        });
    });
}

/// Calls `tile` for each tile of each of `channels` channels with where its first point lies in [N, TILES, POINTS, channels],
/// its plane in [N, channels], and its row and column.
fn for_each_tile(shape: &ConvShape, channels: usize, mut tile: impl FnMut(usize, usize, [usize; 2])) {
    let [rows, columns] = tiles(shape);
    for image in 0..shape.n {
        for at in 0..rows * columns {
            let place = (image * rows * columns + at) * POINTS * channels;
            for channel in 0..channels {
                tile(place + channel, image * channels + channel, [at / columns, at % columns]);
            }
        }
    }
}

/// Calls `product` with the indices into u, v and m of each product, at `places` tiles and points.
fn for_each_product(places: usize, shape: &ConvShape, mut product: impl FnMut(usize, usize, usize)) {
    let &ConvShape { c, f, .. } = shape;
    for place in 0..places {
        for filter in 0..f {
            for channel in 0..c {
                product((place % POINTS * f + filter) * c + channel, place * c + channel, place * f + filter);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::conv;
    use super::super::differences::values;
    use super::*;

    const SHAPES: [ConvShape; 3] = [
        ConvShape { n: 2, c: 3, h: 6, w: 8, f: 2, kernel: [3, 3], padding: [0, 0], stride: 1, crop: [0, 0] },
        ConvShape { n: 1, c: 2, h: 7, w: 5, f: 3, kernel: [3, 3], padding: [0, 0], stride: 1, crop: [1, 1] },
        ConvShape { n: 2, c: 1, h: 4, w: 5, f: 2, kernel: [3, 3], padding: [1, 1], stride: 1, crop: [0, 1] },
    ];

    #[track_caller]
    fn assert_close(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
        }
    }

    #[test]
    fn winograd_forward_is_the_convolution() {
        for shape in SHAPES {
            let (x, w, b) = (
                values(1, shape.n * shape.c * shape.h * shape.w),
                values(2, shape.f * shape.c * 9),
                values(3, shape.f),
            );
            let m = multiply(&transform_filters(&w), &transform_input(&x, &shape), &shape);
            assert_close(&transform_output(&m, &b, &shape), &conv::forward(&x, &w, &b, &shape));
        }
    }

    #[test]
    fn winograd_backward_to_the_filters_is_the_convolution_s() {
        for shape in SHAPES {
            let x = values(1, shape.n * shape.c * shape.h * shape.w);
            let d_y = values(4, shape.n * shape.f * shape.output().iter().product::<usize>());
            let d_m = transform_output_backward(&d_y, &shape);
            let d_u = multiply_backward_weights(&d_m, &transform_input(&x, &shape), &shape);
            assert_close(&transform_filters_backward(&d_u), &conv::backward_weights(&d_y, &x, &shape).0);
        }
    }
}
