//! Max pooling: the maximum of each window, windows side by side. Rows and columns that fill no whole window are left
//! out (Ranzato et al., "Unsupervised Learning of Invariant Feature Hierarchies", 2007).

/// The sizes of one pooling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolShape {
    /// Images.
    pub n: usize,
    /// Channels.
    pub c: usize,
    /// Rows of the input.
    pub h: usize,
    /// Columns of the input.
    pub w: usize,
    /// Rows and columns of a window, and the distance from window to window.
    pub size: usize,
}

/// The maximum of each window.
///
/// ```text
/// y[n, c, i, j] = max over a, b below size of x[n, c, i size + a, j size + b]
///
/// x [N, C, H, W] -> y [N, C, H / size, W / size], rounded down
/// ```
pub fn forward(x: &[f64], shape: &PoolShape) -> Vec<f64> {
    let mut y = Vec::new();
    for (plane, argmax) in planes(&argmax(x, shape), shape) {
        y.extend(argmax.iter().map(|at| x[plane + at]));
    }
    y
}

/// The gradient by the input: d_y at the first maximum of each window, in row-major order, and 0 elsewhere.
///
/// ```text
/// d_y [N, C, H / size, W / size], x [N, C, H, W] -> d_x [N, C, H, W]
/// ```
pub fn backward(d_y: &[f64], x: &[f64], shape: &PoolShape) -> Vec<f64> {
    let mut d_x = vec![0.0; x.len()];
    let mut d_y = d_y.iter();
    for (plane, argmax) in planes(&argmax(x, shape), shape) {
        for (at, d_y) in argmax.iter().zip(&mut d_y) {
            d_x[plane + at] = *d_y;
        }
    }
    d_x
}

/// Where the first maximum of each window stands: row * W + column in its plane of the input.
///
/// ```text
/// x [N, C, H, W] -> [N, C, H / size, W / size]
/// ```
pub fn argmax(x: &[f64], shape: &PoolShape) -> Vec<usize> {
    let &PoolShape { h, w, size, .. } = shape;
    let [height, width] = shape.output();
    let mut argmax = Vec::new();
    for x in x.chunks_exact(h * w) {
        for i in 0..height {
            for j in 0..width {
                let mut first = (i * size) * w + j * size;
                for a in 0..size {
                    for b in 0..size {
                        let at = (i * size + a) * w + j * size + b;
                        if x[at] > x[first] {
                            first = at;
                        }
                    }
                }
                argmax.push(first);
            }
        }
    }
    argmax
}

impl PoolShape {
    /// `[H / size, W / size]`, rounded down.
    pub fn output(&self) -> [usize; 2] {
        [self.h / self.size, self.w / self.size]
    }
}

/// Where each plane starts in the input, and its part of `argmax`.
fn planes<'a>(argmax: &'a [usize], shape: &PoolShape) -> impl Iterator<Item = (usize, &'a [usize])> {
    let [height, width] = shape.output();
    let plane_length = shape.h * shape.w;
    argmax.chunks_exact(height * width).enumerate().map(move |(plane, argmax)| (plane * plane_length, argmax))
}

#[cfg(test)]
mod tests {
    use super::super::differences::{assert_gradient, dot, values};
    use super::*;
    use crate::random;

    #[test]
    fn pool_forward_takes_the_maximum_of_whole_windows_only() {
        let shape = PoolShape { n: 1, c: 1, h: 3, w: 5, size: 2 };
        let x = [1., 2., 3., 4., 99., 8., 7., 6., -5., 99., 99., 99., 99., 99., 99.];
        assert_eq!(forward(&x, &shape), [8., 6.]);
        assert_eq!(argmax(&x, &shape), [5, 7]);
    }

    #[test]
    fn pool_backward_agrees_with_finite_differences() {
        let shapes = [(1, 1, 4, 6, 2), (3, 2, 5, 7, 2), (2, 5, 8, 7, 3), (1, 3, 3, 3, 3), (2, 2, 3, 2, 1)];
        for (n, c, h, w, size) in shapes {
            let shape = PoolShape { n, c, h, w, size };
            // A permutation of whole numbers: no two are so near that the step of the difference changes a maximum.
            let x: Vec<f64> = random::shuffle(7, 0, (n * c * h * w) as u32).into_iter().map(f64::from).collect();
            let d_y = values(1, n * c * (h / size) * (w / size));
            assert_gradient("d_x", &x, &backward(&d_y, &x, &shape), |x| dot(&forward(x, &shape), &d_y));
        }
    }

    #[test]
    fn pool_backward_gives_a_tie_to_the_first_maximum_in_row_major_order() {
        let shape = PoolShape { n: 1, c: 1, h: 2, w: 6, size: 2 };
        let x = [0., 0., 1., 2., 1., 0., 0., 0., 2., 1., 0., 1.];
        assert_eq!(backward(&[5., 6., 7.], &x, &shape), [5., 0., 0., 6., 7., 0., 0., 0., 0., 0., 0., 0.]);
    }
}
