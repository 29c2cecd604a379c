//! Images as they come from the host, as numbers from 0 to 1. The reference keeps them one behind the other; that the GPU
//! turns them over is a matter of its layout.

/// Images as bytes.
///
/// ```text
/// x[n, feature] = images[n, feature] / 255
///
/// images [N, features] -> x [N, features]
/// ```
pub fn bytes(images: &[u8]) -> Vec<f64> {
    images.iter().map(|&pixel| f64::from(pixel) / 255.0).collect()
}

/// Images as numbers.
///
/// ```text
/// x[n, feature] = images[n, feature]
///
/// images [N, features] -> x [N, features]
/// ```
pub fn numbers(images: &[f32]) -> Vec<f64> {
    images.iter().copied().map(f64::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_is_one_whatever_a_pixel_is() {
        assert_eq!(bytes(&[0, 51, 255]), [0.0, 0.2, 1.0]);
        assert_eq!(numbers(&[0.0, 0.25, 1.0]), [0.0, 0.25, 1.0]);
    }
}
