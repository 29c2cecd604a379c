//! The cases themselves: odd shapes that catch mistakes at the edges, and the seed network's shapes for measuring.

use super::{Case, passes, products};
use crate::network::{Layer, Network, SEED, Shape};
use crate::reference::conv::ConvShape;
use crate::reference::dense::DenseShape;
use crate::reference::pool::PoolShape;

/// Small and odd: one image and many, sizes off every tile and vector, padding, windows that do not divide.
pub fn parity() -> Vec<Case> {
    let conv = |n, c, h, w, f, kernel: [usize; 2], padding: [usize; 2]| {
        products::conv(ConvShape { n, c, h, w, f, kernel, padding })
    };
    let dense = |n, inputs, units| products::dense(DenseShape { n, inputs, units });
    let pool = |n, c, h, w, size| passes::pool(PoolShape { n, c, h, w, size });
    let mut cases = Vec::new();
    cases.extend(conv(1, 1, 5, 4, 1, [1, 1], [0, 0]));
    cases.extend(conv(3, 5, 7, 6, 9, [3, 3], [0, 0]));
    cases.extend(conv(65, 1, 6, 7, 5, [3, 3], [1, 1]));
    cases.extend(conv(3, 2, 6, 5, 17, [5, 3], [2, 1]));
    cases.extend(conv(8, 4, 9, 9, 70, [3, 3], [0, 0]));
    // A sum so long that it is computed in several parts.
    cases.extend(conv(65, 2, 12, 12, 3, [3, 3], [0, 0]));
    cases.extend(dense(1, 1, 2));
    cases.extend(dense(3, 5, 10));
    cases.extend(dense(65, 33, 70));
    cases.extend(dense(130, 12, 3));
    cases.extend(pool(1, 1, 4, 4, 2));
    cases.extend(pool(3, 5, 7, 5, 2));
    cases.extend(pool(65, 2, 8, 10, 3));
    cases.extend(passes::dropout(1, 7, 0.0));
    cases.extend(passes::dropout(65, 5, 0.25));
    cases.extend(passes::dropout(3, 40, 0.9));
    cases.extend([passes::softmax(1, 2), passes::softmax(3, 10), passes::softmax(65, 10), passes::softmax(300, 3)]);
    cases.extend([passes::batch(3, 5, 8), passes::batch(64, 100, 784), passes::batch(1, 2, 4)]);
    cases.extend([products::transpose(&[5, 3, 3, 3]), products::transpose(&[10, 7]), products::transpose(&[1, 1])]);
    cases.extend([products::reduce(&[3, 2, 3, 3], 2), products::reduce(&[7, 40], 5)]);
    cases.extend([passes::adam(8), passes::adam(1000), passes::sgd(8), passes::sgd(1000), passes::tick()]);
    cases
}

/// Every operation at the size that a training step of the seed network gives it, for batches of `n`.
pub fn seed_network(n: usize) -> Vec<Case> {
    let network = Network::parse(Shape::MNIST, SEED).expect("the seed network is a network");
    let mut cases = vec![passes::tick(), passes::batch(n, 50_000, Shape::MNIST.features())];
    for (layer, shape) in network.layers().iter().zip(network.shapes()) {
        let Shape { channels: c, height: h, width: w } = shape;
        match *layer {
            Layer::Conv { filters: f, kernel, .. } => {
                cases.extend(products::conv(ConvShape { n, c, h, w, f, kernel, padding: layer.padding() }));
            }
            Layer::Dense { units, .. } => {
                cases.extend(products::dense(DenseShape { n, inputs: shape.features(), units }));
            }
            Layer::Pool { size } => cases.extend(passes::pool(PoolShape { n, c, h, w, size })),
            Layer::Dropout { rate } => cases.extend(passes::dropout(n, shape.features(), rate)),
        }
    }
    let length = network.matrices().last().map_or(0, |matrix| matrix.end());
    cases.extend([passes::softmax(n, network.classes()), passes::adam(length), passes::sgd(length)]);
    cases.extend([products::transpose(&[48, 32, 3, 3]), products::transpose(&[500, 1200])]);
    cases.push(products::reduce(&[48, 32, 3, 3], 16));
    cases
}
