//! How a tensor of a graph lies: which of its axes are the network's C, H and W, several of which may have become one.

use crate::network::Shape;

/// An image or a vector, beside the axis of the batch, which comes first.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    pub shape: Shape,
    /// What each axis of the tensor runs through, the slowest first: 0 is C, 1 is H, 2 is W. Those with one place only count for none.
    axes: Vec<Vec<usize>>,
}

impl Layout {
    /// [N, C, H, W]
    pub fn image(shape: Shape) -> Layout {
        let mut layout = Layout { shape, axes: vec![vec![0], vec![1], vec![2]] };
        layout.drop_ones();
        layout
    }

    /// [N, C]
    pub fn vector(features: usize) -> Layout {
        let mut layout = Layout { shape: Shape::flat(features), axes: vec![vec![0]] };
        layout.drop_ones();
        layout
    }

    fn drop_ones(&mut self) {
        let sizes = self.sizes();
        for axis in &mut self.axes {
            axis.retain(|which| sizes[*which] > 1);
        }
    }

    fn sizes(&self) -> [usize; 3] {
        [self.shape.channels, self.shape.height, self.shape.width]
    }

    /// The sizes of the axes behind that of the batch.
    pub fn dims(&self) -> Vec<usize> {
        let sizes = self.sizes();
        self.axes.iter().map(|axis| axis.iter().map(|which| sizes[*which]).product()).collect()
    }

    /// Whether it is [N, C, H, W].
    pub fn is_image(&self) -> bool {
        self.axes == Layout::image(self.shape).axes
    }

    /// The order of C, H and W in a vector, if it is one.
    pub fn order(&self) -> Option<[usize; 3]> {
        let [axis] = &self.axes[..] else { return None };
        let ones = (0..3).filter(|which| !axis.contains(which));
        ones.chain(axis.iter().copied()).collect::<Vec<_>>().try_into().ok()
    }

    /// Whether the channels run along `axis`, and nothing else.
    pub fn is_channels(&self, axis: usize) -> bool {
        self.axes[axis] == [0]
    }

    /// How many axes there are behind that of the batch.
    pub fn rank(&self) -> usize {
        self.axes.len()
    }

    /// The axes in another order, `axes[0]` being that of the batch.
    pub fn transposed(&self, axes: &[usize]) -> Option<Layout> {
        let (0, rest) = axes.split_first().map(|(first, rest)| (*first, rest))? else { return None };
        let is_order = rest.len() == self.rank() && (1..=self.rank()).all(|axis| rest.contains(&axis));
        is_order
            .then(|| Layout { shape: self.shape, axes: rest.iter().map(|axis| self.axes[axis - 1].clone()).collect() })
    }

    /// The same numbers in the same order with other axes, of the sizes `dims`, of which one may be -1.
    pub fn reshaped(&self, dims: &[i64]) -> Option<Layout> {
        let sizes = self.sizes();
        let mut known = dims.iter().filter(|size| **size != -1);
        let known = known.try_fold(1, |product: usize, size| product.checked_mul(usize::try_from(*size).ok()?))?;
        let mut left = self.axes.iter().flatten().copied().peekable();
        let mut axes = Vec::new();
        for size in dims {
            let size =
                if *size == -1 { self.shape.features().checked_div(known)? } else { usize::try_from(*size).ok()? };
            let (mut axis, mut product) = (Vec::new(), 1);
            while product < size {
                let which = left.next()?;
                product *= sizes[which];
                axis.push(which);
            }
            if product != size {
                return None;
            }
            axes.push(axis);
        }
        left.peek().is_none().then_some(Layout { shape: self.shape, axes })
    }
}
