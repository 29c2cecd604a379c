//! The batch: the images whose turn it is in the shuffled order, out of the data set, as numbers from 0 to 1.

/// Images and their labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// `[N, C, H, W]`
    pub images: Vec<f64>,
    /// `[N]`; [`NO_IMAGE`](super::softmax::NO_IMAGE) where there is none.
    pub labels: Vec<u8>,
}

/// The batch of the picked images; `features` are the pixels of one.
///
/// ```text
/// batch.images[n, feature] = pixels[picks[n], feature] / 255
/// batch.labels[n] = labels[picks[n]]
///
/// pixels [images, features], labels [images], picks [N] -> batch.images [N, features], batch.labels [N]
/// ```
pub fn gather(pixels: &[u8], labels: &[u8], picks: &[u32], features: usize) -> Batch {
    let mut batch = Batch { images: Vec::new(), labels: Vec::new() };
    for &pick in picks {
        let pick = pick as usize;
        let image = &pixels[pick * features..(pick + 1) * features];
        batch.images.extend(image.iter().map(|&pixel| f64::from(pixel) / 255.0));
        batch.labels.push(labels[pick]);
    }
    batch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batch_holds_the_picked_images_in_the_picked_order_with_white_as_one() {
        let pixels = [0, 51, 102, 153, 204, 255];
        let batch = gather(&pixels, &[7, 8, 9], &[2, 0, 2], 2);
        assert_eq!(batch.images, [0.8, 1.0, 0.0, 0.2, 0.8, 1.0]);
        assert_eq!(batch.labels, [9, 7, 9]);
    }
}
