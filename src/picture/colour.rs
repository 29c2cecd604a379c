//! Pictures in one grey each, in which ink and paper differ as they do in the picture: by lightness, by colour, by what
//! lets the ground through, or within the few values that a picture of 16 bits uses.

use std::slice::ChunksExact;

use image::{DynamicImage, GrayImage, Pixel, Rgba, RgbaImage};

/// Lightness that holds less than this share of what grey of the same variety would hold is not what a picture is made of.
const LEAST_SHARE: f64 = 0.25;
/// Red, green and blue in lightness (ITU-R BT.709), as the image crate has them.
const LIGHTNESS: [f64; 3] = [0.2126, 0.7152, 0.0722];

/// The range of a picture of 16 bits is stretched where it is less than that of 14 bits, but not that of 8 or fewer,
/// which may be nothing but noise.
const STRETCHED: std::ops::Range<u16> = 0xff..1 << 14;

/// Colours that cover less of the ground, of 255, are edges.
const SOLID: u8 = 250;
/// A sheet has something on it that differs from it by so much lightness, of 255.
const SHEET_CONTRAST: u8 = 64;

/// A picture in grey: its lightness, but where that says little of it, where it stands on the line along which its colours
/// differ most.
pub(super) fn grey(picture: DynamicImage) -> GrayImage {
    let picture = opaque(stretched(picture));
    let mut grey = picture.to_luma8();
    match &picture {
        DynamicImage::ImageRgb8(colours) => by_colour(&mut grey, colours.chunks_exact(3)),
        _ if picture.color().has_color() => by_colour(&mut grey, picture.to_rgba8().chunks_exact(4)),
        _ => {}
    }
    grey
}

/// Sixteen bits to the full, where only a part of what they can say is used: a camera of 12 bits says 0 to 4095.
fn stretched(mut picture: DynamicImage) -> DynamicImage {
    match &mut picture {
        DynamicImage::ImageLuma16(samples) => stretch(samples, 1, 1),
        DynamicImage::ImageLumaA16(samples) => stretch(samples, 2, 1),
        DynamicImage::ImageRgb16(samples) => stretch(samples, 3, 3),
        DynamicImage::ImageRgba16(samples) => stretch(samples, 4, 3),
        _ => {}
    }
    picture
}

/// samples [pixels, channels], the first `colours` of which are not opacity.
fn stretch(samples: &mut [u16], channels: usize, colours: usize) {
    let each = samples.chunks_exact(channels).flat_map(|pixel| &pixel[..colours]);
    let (least, greatest) =
        each.fold((u16::MAX, 0), |(least, greatest), &sample| (least.min(sample), greatest.max(sample)));
    let range = greatest.saturating_sub(least);
    if STRETCHED.contains(&range) {
        let full = |sample: u16| (u32::from(sample - least) * u32::from(u16::MAX) / u32::from(range)) as u16;
        let each = samples.chunks_exact_mut(channels).flat_map(|pixel| &mut pixel[..colours]);
        each.for_each(|sample| *sample = full(*sample));
    }
}

/// Whatever lets the ground through, laid on a ground.
fn opaque(picture: DynamicImage) -> DynamicImage {
    if !picture.color().has_alpha() {
        return picture;
    }
    let mut picture = picture.into_rgba8();
    let ground = u32::from(ground(&picture));
    for Rgba([colours @ .., opacity]) in picture.pixels_mut() {
        let cover = u32::from(*opacity);
        let laid = |colour: u8| ((u32::from(colour) * cover + ground * (255 - cover) + 127) / 255) as u8;
        colours.iter_mut().for_each(|colour| *colour = laid(*colour));
        *opacity = 255;
    }
    picture.into()
}

/// How light the ground is that shows what there is: for a sheet with something on it, that of the sheet; else white or
/// black, from which the ink differs more.
fn ground(picture: &RgbaImage) -> u8 {
    let (mut covered, mut darkest, mut lightest) = ([0u64; 256], u8::MAX, 0);
    for pixel in picture.pixels() {
        let (light, opacity) = (pixel.to_luma().0[0], pixel.0[3]);
        covered[usize::from(light)] += u64::from(opacity);
        if opacity >= SOLID {
            (darkest, lightest) = (darkest.min(light), lightest.max(light));
        }
    }
    let all: u64 = covered.iter().sum();
    if lightest.saturating_sub(darkest) >= SHEET_CONTRAST && 2 * all >= 255 * picture.pixels().len() as u64 {
        let mut below = 0;
        let reaches_half = |light: &u64| {
            below += light;
            2 * below >= all
        };
        return covered.iter().position(reaches_half).expect("half of what is covered") as u8;
    }
    let sum: u64 = covered.iter().zip(0..).map(|(cover, light)| cover * light).sum();
    if sum <= 127 * all { 255 } else { 0 }
}

/// Puts the place of each pixel on the colours' principal axis in the place of its lightness, where lightness holds too
/// little. `colours` starts with red, green and blue.
fn by_colour(grey: &mut GrayImage, colours: ChunksExact<u8>) {
    let Some(axis) = principal_axis(colours.clone()) else { return };
    let place = |colour: &[u8]| dot(axis, [0, 1, 2].map(|channel| f64::from(colour[channel])));
    let bounds = (f64::INFINITY, f64::NEG_INFINITY);
    let (least, greatest) = colours.clone().map(place).fold(bounds, |(a, b), place| (a.min(place), b.max(place)));
    // As far apart as the colours are, as long as that goes into a byte: noise is to stay as small as it is.
    let scale = (255.0 / (greatest - least)).min(1.0);
    for (light, colour) in grey.iter_mut().zip(colours) {
        *light = (scale * (place(colour) - least)).round() as u8;
    }
}

/// The direction of the greatest variance of colours, light end first; `None` where lightness does.
fn principal_axis(colours: ChunksExact<u8>) -> Option<[f64; 3]> {
    let covariance = covariance(colours);
    let variance: f64 = (0..3).map(|channel| covariance[channel][channel]).sum();
    let of_lightness = dot(LIGHTNESS, covariance.map(|row| dot(row, LIGHTNESS)));
    if 3.0 * of_lightness >= LEAST_SHARE * variance {
        return None;
    }
    // No colours that people use differ along a line at right angles to this one.
    let mut axis = [0.8, -0.5, 0.33];
    for _ in 0..100 {
        let next = covariance.map(|row| dot(row, axis));
        let length = dot(next, next).sqrt();
        axis = next.map(|component| component / length);
    }
    Some(if dot(axis, LIGHTNESS) < 0.0 { axis.map(|component| -component) } else { axis })
}

fn covariance(colours: ChunksExact<u8>) -> [[f64; 3]; 3] {
    let (mut sums, mut products) = ([0u64; 3], [[0u64; 3]; 3]);
    let count = colours.len() as f64;
    for colour in colours {
        for a in 0..3 {
            sums[a] += u64::from(colour[a]);
            for b in 0..3 {
                products[a][b] += u64::from(colour[a]) * u64::from(colour[b]);
            }
        }
    }
    let means = sums.map(|sum| sum as f64 / count);
    [0, 1, 2].map(|a| [0, 1, 2].map(|b| products[a][b] as f64 / count - means[a] * means[b]))
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use image::{ImageBuffer, Luma, LumaA, Rgb, RgbImage};

    use super::*;

    /// 20 x 10 pixels, ink in the middle four columns.
    fn painted<P: Pixel>(paper: P, ink: P) -> ImageBuffer<P, Vec<P::Subpixel>> {
        ImageBuffer::from_fn(20, 10, |x, _| if (8..12).contains(&x) { ink } else { paper })
    }

    /// How much lighter the ink is than the paper, and the paper's lightness.
    fn contrast(picture: impl Into<DynamicImage>) -> (i32, u8) {
        let grey = grey(picture.into());
        let [paper, ink] = [0, 10].map(|x| grey.get_pixel(x, 5).0[0]);
        (i32::from(ink) - i32::from(paper), paper)
    }

    #[test]
    fn grey_and_ordinary_colours_are_their_lightness() {
        for (paper, ink) in [
            ([255, 255, 255], [10, 20, 120]),
            ([240, 230, 200], [200, 20, 30]),
            ([20, 60, 40], [250, 250, 240]),
            ([250, 250, 248], [235, 240, 246]),
        ] {
            let picture = DynamicImage::from(painted(Rgb::<u8>(paper), Rgb(ink)));
            assert_eq!(grey(picture.clone()), picture.to_luma8(), "{ink:?} on {paper:?}");
            let with_opacity: DynamicImage = picture.to_rgba8().into();
            assert_eq!(grey(with_opacity), picture.to_luma8(), "{ink:?} on {paper:?}");
        }
        let photo = RgbImage::from_fn(64, 64, |x, y| Rgb([200 - x as u8, 190 - y as u8, 150 + (x * y % 40) as u8]));
        assert_eq!(grey(photo.clone().into()), DynamicImage::from(photo).to_luma8());
        let scan = painted(Luma([60_000u16]), Luma([9_000]));
        assert_eq!(grey(scan.clone().into()), DynamicImage::from(scan).to_luma8());
    }

    #[test]
    fn colours_of_one_lightness_are_as_far_apart_as_they_look() {
        for (paper, ink) in [
            ([255, 255, 255], [255, 255, 0]),
            ([255, 255, 255], [255, 240, 60]),
            // Both of lightness 127.
            ([0, 178, 0], [255, 102, 0]),
            ([0, 0, 0], [0, 0, 255]),
            ([255, 255, 255], [0, 255, 255]),
        ] {
            let (contrast, _) = contrast(painted(Rgb::<u8>(paper), Rgb(ink)));
            assert!(contrast.abs() > 150, "{ink:?} on {paper:?}: {contrast}");
        }
        let (contrast, _) = contrast(painted(Rgb([200u8, 200, 200]), Rgb([200, 200, 195])));
        assert!(contrast.abs() <= 5, "what hardly differs is not stretched: {contrast}");
    }

    #[test]
    fn ink_on_a_clear_ground_is_laid_on_what_it_differs_from() {
        for (ink, ground) in
            [([255; 3], 0), ([230, 230, 220], 0), ([255, 240, 0], 0), ([0; 3], 255), ([90, 20, 20], 255)]
        {
            let [r, g, b] = ink;
            // The colour of what is clear is no matter.
            let picture = painted(Rgba([99u8, 99, 99, 0]), Rgba([r, g, b, 255]));
            let (contrast, paper) = contrast(picture);
            assert!(contrast.abs() > 128 && paper == ground, "{ink:?}: {contrast} on {paper}");
        }
        assert_eq!(contrast(painted(LumaA([0u8, 0]), LumaA([255, 255]))), (255, 0));
        assert_eq!(contrast(painted(Rgba([0u8; 4]), Rgba([0; 4]))), (0, 255), "nothing at all is white");
        assert_eq!(contrast(painted(Rgba([255u8, 255, 255, 0]), Rgba([0, 0, 0, 128]))), (-128, 255), "half of black");
    }

    #[test]
    fn a_sheet_with_clear_margins_is_continued() {
        for (paper, ink) in [(235, 20), (30, 240)] {
            let mut picture = painted(Rgba([paper, paper, paper, 255]), Rgba([ink, ink, ink, 255]));
            (0..20).for_each(|x| picture.put_pixel(x, 0, Rgba([0; 4])));
            let grey = grey(picture.into());
            assert_eq!(
                [(3, 0), (10, 0), (3, 5), (10, 5)].map(|(x, y)| grey.get_pixel(x, y).0[0]),
                [paper, paper, paper, ink]
            );
        }
    }

    #[test]
    fn sixteen_bits_that_use_few_of_their_values_are_stretched() {
        assert_eq!(contrast(painted(Luma([4095u16]), Luma([0]))), (-255, 255));
        assert_eq!(contrast(painted(Luma([30_000u16]), Luma([34_000]))), (255, 0));
        assert_eq!(contrast(painted(Rgb([4000u16, 4000, 4000]), Rgb([100, 100, 100]))), (-255, 255));
        assert_eq!(contrast(painted(LumaA([4095u16, 65_535]), LumaA([0, 65_535]))), (-255, 255));
        assert_eq!(contrast(painted(Luma([200u16]), Luma([0]))).0, -1, "noise stays what it is");
    }
}
