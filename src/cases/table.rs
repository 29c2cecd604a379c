//! The cases themselves: odd shapes that catch mistakes at the edges, and the seed network's shapes for measuring.

use std::collections::BTreeMap;

use super::batchnorm::batchnorm;
use super::classifier::classifier;
use super::turn::turn;
use super::{Case, dropped, joint, passes, products, unpooled, update, winograd};
use crate::layers;
use crate::model::Operation;
use crate::network::{Activation, Network, SEED, Shape};
use crate::reference::batchnorm::BatchNormShape;
use crate::reference::conv::ConvShape;
use crate::reference::dense::DenseShape;
use crate::reference::pool::PoolShape;

const fn conv(
    n: usize,
    c: usize,
    [h, w]: [usize; 2],
    f: usize,
    kernel: [usize; 2],
    padding: [usize; 2],
    crop: [usize; 2],
) -> ConvShape {
    ConvShape { n, c, h, w, f, kernel, padding, stride: 1, crop }
}

const fn with_stride(stride: usize, shape: ConvShape) -> ConvShape {
    ConvShape { stride, ..shape }
}

/// Small and odd convolutions: one image and many, sizes off every tile and vector, padding, crops, a sum so
/// long that it is computed in several parts, and strides, larger and smaller than the filters and their padding.
pub const CONVS: [ConvShape; 11] = [
    conv(1, 1, [5, 4], 1, [1, 1], [0, 0], [0, 0]),
    conv(1, 3, [9, 8], 17, [3, 3], [1, 0], [0, 1]),
    conv(3, 5, [7, 6], 9, [3, 3], [0, 0], [1, 0]),
    conv(65, 1, [6, 7], 5, [3, 3], [1, 1], [0, 1]),
    conv(3, 2, [6, 5], 17, [5, 3], [2, 1], [0, 0]),
    conv(8, 4, [9, 9], 70, [3, 3], [0, 0], [1, 1]),
    conv(65, 2, [12, 12], 3, [3, 3], [0, 0], [0, 0]),
    with_stride(2, conv(3, 5, [9, 8], 7, [3, 3], [1, 1], [0, 0])),
    with_stride(2, conv(1, 3, [12, 11], 5, [5, 3], [0, 0], [1, 0])),
    with_stride(3, conv(65, 2, [10, 13], 6, [5, 3], [2, 1], [0, 1])),
    with_stride(4, conv(34, 3, [9, 15], 17, [3, 1], [1, 0], [1, 0])),
];

/// Small and odd dense layers.
pub const DENSES: [DenseShape; 6] = [
    DenseShape { n: 1, inputs: 1, units: 2 },
    DenseShape { n: 1, inputs: 70, units: 37 },
    DenseShape { n: 3, inputs: 5, units: 10 },
    DenseShape { n: 9, inputs: 6, units: 37 },
    DenseShape { n: 65, inputs: 33, units: 70 },
    DenseShape { n: 130, inputs: 12, units: 3 },
];

/// Small and odd last layers, [N, C, classes]: in the second and third an invocation has more than two blocks of inputs.
const CLASSIFIERS: [[usize; 3]; 6] = [[1, 1, 2], [9, 530, 10], [3, 403, 32], [5, 70, 17], [65, 33, 10], [130, 12, 3]];

/// Small and odd poolings: windows that divide the image and windows that do not.
pub const POOLS: [PoolShape; 3] = [
    PoolShape { n: 1, c: 1, h: 4, w: 4, size: 2 },
    PoolShape { n: 3, c: 5, h: 7, w: 5, size: 2 },
    PoolShape { n: 65, c: 2, h: 8, w: 10, size: 3 },
];

/// Small and odd batch normalisations: vectors and images, fewer values than a workgroup has invocations and more.
const BATCHNORMS: [BatchNormShape; 4] = [
    BatchNormShape { n: 1, c: 3, h: 1, w: 1 },
    BatchNormShape { n: 3, c: 5, h: 7, w: 6 },
    BatchNormShape { n: 65, c: 2, h: 1, w: 1 },
    BatchNormShape { n: 34, c: 17, h: 9, w: 7 },
];

/// Small and odd convolutions as Winograd's way takes them: channels by fours, whole tiles.
const WINOGRADS: [ConvShape; 4] = [
    conv(1, 4, [4, 4], 4, [3, 3], [0, 0], [0, 0]),
    conv(3, 4, [7, 6], 21, [3, 3], [0, 0], [1, 0]),
    conv(65, 8, [6, 7], 4, [3, 3], [1, 1], [0, 1]),
    conv(34, 12, [9, 7], 50, [3, 3], [0, 0], [1, 1]),
];

/// Small and odd networks, whose gradients are in one part and in many, and batches.
const UPDATED: [(Shape, &str, usize); 4] = [
    (Shape { channels: 5, height: 1, width: 1 }, "dense 3", 1),
    (Shape::MNIST, "conv 5 3x3 relu | pool 2 | conv 9 3x3 relu | dense 37 relu | dense 10", 3),
    (Shape::MNIST, "conv 5 3x3 | batchnorm relu | pool 2 | batchnorm | dense 10 | batchnorm | dense 3", 5),
    (Shape::MNIST, "conv 17 3x3 relu | pool 2 | dropout 0.25 | conv 6 5x3 same relu | pool 2 | dense 10", 33),
];

/// Every word of an augmentation together, and those that leave something out, on odd images.
const AUGMENTED: [(usize, [usize; 2], &str); 4] = [
    (
        35,
        [28, 28],
        "rotate 12 | shift 2 | scale 0.1 | shear 0.15 | elastic 1.5 | thickness 0.5 | contrast 0.2 | patch 9 | noise 0.05 | clean 0.5",
    ),
    (3, [6, 10], "rotate 45 | shift 8"),
    (1, [5, 4], "elastic 4 | thickness 0.9"),
    (66, [7, 8], "contrast 0.5 | patch 5 | noise 0.5"),
];

/// A usual augmentation, for measuring.
const AUGMENT: &str = "rotate 12 | shift 2 | scale 0.1 | shear 0.1 | elastic 1 | thickness 0.5";

/// Small and odd cases of every operation, for tests.
pub fn parity() -> Vec<Case> {
    let mut cases = Vec::new();
    CONVS.into_iter().for_each(|shape| cases.extend(products::conv(shape)));
    CONVS.into_iter().for_each(|shape| cases.extend(dropped::conv(shape)));
    let is_pooled = |shape: &ConvShape| shape.output().iter().all(|length| *length >= 2);
    cases.extend(CONVS.into_iter().filter(is_pooled).flat_map(products::conv_pooled));
    cases.extend(CONVS.into_iter().filter(is_pooled).map(dropped::conv_pooled));
    WINOGRADS.into_iter().for_each(|shape| cases.extend(winograd::winograd(shape)));
    DENSES.into_iter().for_each(|shape| cases.extend(products::dense(shape)));
    DENSES.into_iter().for_each(|shape| cases.extend(dropped::dense(shape)));
    // How kernels are joined depends little on their sizes.
    cases.extend(CONVS.into_iter().step_by(3).map(joint::conv));
    cases.extend(DENSES.into_iter().step_by(3).map(joint::dense));
    cases.extend([(1, 2), (5, 17), (70, 10)].map(|(inputs, classes)| products::dense_softmax(inputs, classes)));
    CLASSIFIERS.into_iter().for_each(|[n, inputs, classes]| cases.extend(classifier(n, inputs, classes)));
    POOLS.into_iter().for_each(|shape| cases.extend(passes::pool(shape)));
    POOLS.into_iter().for_each(|shape| cases.extend([unpooled::conv(shape, 5), unpooled::dense(shape, 37)]));
    BATCHNORMS.into_iter().for_each(|shape| cases.extend(batchnorm(shape)));
    cases.extend(passes::dropout(1, 7, 0.0));
    cases.extend(passes::dropout(65, 5, 0.25));
    cases.extend(passes::dropout(3, 40, 0.9));
    cases.extend([passes::softmax(1, 2), passes::softmax(3, 10), passes::softmax(65, 10), passes::softmax(300, 3)]);
    cases.extend([passes::batch(3, 5, 8), passes::batch(64, 100, 784), passes::batch(1, 2, 4)]);
    cases.extend(AUGMENTED.map(|(n, size, text)| passes::augmented(n, 2 * n - n / 4, size, text)));
    cases.extend([(1, 4), (3, 8), (70, 784)].into_iter().flat_map(|(n, features)| turn(n, features)));
    cases.extend([products::transpose(&[5, 3, 3, 3]), products::transpose(&[10, 7]), products::transpose(&[1, 1])]);
    for (shape, layers, n) in UPDATED {
        let network = Network::parse(shape, layers).expect("it is a network");
        cases.extend([update::adam, update::adam_with_average, update::sgd].map(|case| case(&network, n)));
    }
    cases
}

/// Of each operation the one of [`parity`] with most work: enough where other shapes are proved elsewhere, since a driver
/// compiles each anew.
pub fn largest() -> Vec<Case> {
    let mut cases = parity();
    cases.sort_by(|a, b| a.flops.total_cmp(&b.flops));
    cases.into_iter().map(|case| (case.operation, case)).collect::<BTreeMap<_, _>>().into_values().collect()
}

/// Every operation at the size that a training step of the seed network gives it, for batches of `n`.
pub fn seed_network(n: usize) -> Vec<Case> {
    let network = Network::parse(Shape::MNIST, SEED).expect("the seed network is a network");
    let mut cases = vec![
        passes::batch(n, 50_000, Shape::MNIST.features()),
        passes::augmented(n, 50_000, [Shape::MNIST.height, Shape::MNIST.width], AUGMENT),
    ];
    cases.extend(turn(n, Shape::MNIST.features()));
    for operation in Operation::of(&network, n, 0) {
        match operation {
            Operation::Conv(shape, ..) => {
                cases.extend(products::conv(shape));
                cases.push(joint::conv(shape));
            }
            Operation::ConvPool(shape, .., pool) => {
                cases.extend(products::conv(shape));
                cases.push(joint::conv(shape));
                cases.extend(products::conv_pooled(shape));
                cases.extend(dropped::conv(shape));
                cases.push(dropped::conv_pooled(shape));
                cases.extend(passes::pool(pool));
                cases.extend([unpooled::conv(pool, shape.f), unpooled::dense(pool, 500)]);
                // As between the convolution and its pooling.
                cases.extend(batchnorm(BatchNormShape { n, c: pool.c, h: pool.h, w: pool.w }));
                if layers::winograd::takes(&shape) {
                    cases.extend(winograd::winograd(shape));
                }
            }
            Operation::Dense(shape, _, activation) => {
                cases.extend(products::dense(shape));
                cases.push(joint::dense(shape));
                cases.extend(dropped::dense(shape));
                if activation == Activation::Linear {
                    cases.extend(classifier(n, shape.inputs, shape.units));
                }
            }
            Operation::Pool(shape, _) => cases.extend(passes::pool(shape)),
            Operation::BatchNorm(shape, ..) => cases.extend(batchnorm(shape)),
            Operation::Dropout(dropout) => cases.extend(passes::dropout(n, dropout.features, dropout.rate)),
        }
    }
    // One image goes forward in its own way.
    for operation in Operation::of(&network, 1, 0) {
        match operation {
            Operation::ConvPool(shape, ..) => {
                cases.extend(products::conv_pooled(shape).into_iter().take(1));
                cases.push(dropped::conv_pooled(shape));
            }
            Operation::Dense(shape, _, Activation::Linear) => {
                cases.push(products::dense_softmax(shape.inputs, shape.units));
                cases.extend(classifier(1, shape.inputs, shape.units).into_iter().take(1));
            }
            Operation::Dense(shape, ..) => {
                cases.extend(products::dense(shape).into_iter().take(1));
                cases.extend(dropped::dense(shape).into_iter().take(1));
            }
            _ => {}
        }
    }
    cases.push(passes::softmax(n, network.classes()));
    cases.extend([update::adam, update::adam_with_average, update::sgd].map(|case| case(&network, n)));
    cases.extend([products::transpose(&[48, 32, 3, 3]), products::transpose(&[500, 1200])]);
    cases
}
