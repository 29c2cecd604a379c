//! Whatever is drawn or pictured becomes an image like those of MNIST, the way MNIST was made: the ink fitted into a box
//! of 20 x 20 pixels, its aspect kept, anti-aliased, and its centre of mass put at the centre of 28 x 28 pixels.

use super::ink::Ink;
use crate::mnist::{PIXELS, SIDE};
use crate::pen::{Point, Strokes};

/// An image as the network takes it: `[28, 28]`, 0 for the background to 1 for the ink.
pub type Pixels = [f32; PIXELS];

/// The longer side of the ink, in pixels.
const BOX: f32 = 20.0;
/// Where the centre of mass is: MNIST has it within half a pixel of the middle of pixel 14, from the left and from the top.
const CENTRE: f32 = 14.5;
/// The width of a stroke, in pixels: the median of MNIST's.
const PEN: f32 = 2.3;
/// A picture's strokes that are thinner than this, in pixels, are drawn wider: so are 99 of 100 images of MNIST.
const THIN: f32 = 1.4;
/// Drawings are drawn, and thin strokes widened, at this many times the size.
const OVERSAMPLING: f32 = 8.0;

/// The drawing, drawn anew with a pen like MNIST's; `None` where nothing is drawn, or points are not finite.
///
/// Its own pen says only what is too small to be more than a dot.
pub fn normalise_strokes(strokes: &Strokes) -> Option<Pixels> {
    let [width, height] = extent(strokes.bounds()?);
    let curve = strokes.smooth(width.max(height) / 1000.0);
    let bounds = curve.bounds()?;
    let [width, height] = extent(bounds);
    let longer = width.max(height).max(strokes.width);
    // Finite points can be infinitely far from each other.
    if !longer.is_finite() || !strokes.lines.iter().flatten().flatten().all(|number| number.is_finite()) {
        return None;
    }
    let pen = OVERSAMPLING * PEN;
    let scale = (OVERSAMPLING * BOX - pen) / longer;
    // Points at one place, or nearly so, are a dot.
    let is_dot = !bounds.iter().flatten().all(|number| (scale * number).is_finite());
    let scale = if is_dot || !scale.is_finite() { 1.0 } else { scale };
    let corner = bounds[0].map(|least| pen / 2.0 - scale * least);
    let drawing = Strokes { width: pen, ..curve.moved(scale, corner) };
    let [width, height] = [width, height].map(|side| (scale * side + pen).ceil() as u32);
    let ink = Ink::new(&drawing.coverage(width, height), |cover| f32::from(cover) / 255.0);
    Some(centred(&ink, 1.0 / OVERSAMPLING))
}

fn extent([least, greatest]: [Point; 2]) -> [f32; 2] {
    [0, 1].map(|axis| greatest[axis] - least[axis])
}

/// Ink that reaches all four sides.
pub(super) fn normalise(ink: &Ink) -> Pixels {
    let scale = BOX / longer_side(ink);
    if scale * ink.stroke_width() >= THIN {
        return centred(ink, scale);
    }
    let ink = widened(ink);
    centred(&ink, BOX / longer_side(&ink))
}

/// Strokes as wide as MNIST's when the ink fits the box.
fn widened(ink: &Ink) -> Ink {
    let scale = (OVERSAMPLING * BOX / longer_side(ink)).min(1.0);
    let size = [ink.width, ink.height].map(|side| (scale * side as f32).ceil() as usize);
    let ink = ink.resampled(size, scale, [0.0; 2]).stretched();
    let width = ink.stroke_width();
    // The box takes the middle of each stroke and half a pen on either side.
    let pen = PEN * (longer_side(&ink) - width) / (BOX - PEN);
    ink.thickened(((pen - width) / 2.0).max(0.0))
}

fn longer_side(ink: &Ink) -> f32 {
    ink.width.max(ink.height) as f32
}

/// The ink at `scale`, its centre of mass at the centre, or as near to it as leaves all ink in the image.
fn centred(ink: &Ink, scale: f32) -> Pixels {
    let (centre, sides) = (ink.centre(), [ink.width, ink.height]);
    let shift = [0, 1].map(|axis| {
        let room = SIDE as f32 - scale * sides[axis] as f32;
        let shift = (CENTRE - scale * centre[axis]).min(room).max(0.0);
        // Pixels that have their size already are moved, not blurred.
        if scale == 1.0 { shift.round() } else { shift }
    });
    ink.resampled([SIDE; 2], scale, shift).amounts.try_into().expect("28 x 28 amounts")
}
