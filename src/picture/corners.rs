//! The corners of a picture that an editor has turned: flat triangles, white mostly, which are neither paper nor ink. What lies
//! along them goes on in their place, so that paper stays paper there and a table still reaches the picture's edges.

use std::borrow::Cow;

use image::GrayImage;

/// A triangle's pixels differ by no more, of 255.
const FLAT: u8 = 4;
/// Its sides along the picture's edges have so many pixels at least, ...
const LEAST: usize = 4;
/// ... and the longer one so many: what is around a small digit that fills its picture is no triangle.
const LONG: usize = 24;
/// Its third side is straight up to so many pixels: a JPEG's are not sharp. So many beside it are mixed.
const EDGE: u32 = 3;
/// So great a share of the rows of a triangle keeps to that.
const STRAIGHT: f32 = 0.95;
/// Right angles turn into right angles: slopes of neighbours are each other's inverse up to this factor.
const ALIKE: f32 = 2.0;

/// A triangle in a corner.
struct Triangle {
    /// Which row of pixels is the first that it does not fill.
    top: u32,
    /// How many pixels it has in each row from there on.
    runs: Vec<u32>,
    /// By how many pixels each row has fewer.
    slope: f32,
}

/// The picture with what is beside them in the place of its triangles, if there is one in each corner.
pub(super) fn filled(picture: &GrayImage) -> Cow<'_, GrayImage> {
    let corners = [[false, false], [true, false], [true, true], [false, true]];
    let triangles: Option<Vec<Triangle>> = corners.iter().map(|corner| Triangle::at(picture, *corner)).collect();
    let Some(triangles) = triangles else { return Cow::Borrowed(picture) };
    let is_square = |pair: [&Triangle; 2]| (1.0 / ALIKE..=ALIKE).contains(&(pair[0].slope * pair[1].slope));
    if !(0..4).all(|at| is_square([&triangles[at], &triangles[(at + 1) % 4]])) {
        return Cow::Borrowed(picture);
    }
    let mut filled = picture.clone();
    for (corner, triangle) in corners.into_iter().zip(&triangles) {
        for (y, run) in (triangle.top..).zip(&triangle.runs) {
            let end = (run + EDGE).min(picture.width() - 1);
            let [from, row] = place(picture, corner, [end, y]);
            let beside = *picture.get_pixel(from, row);
            (0..end).for_each(|x| filled.put_pixel(place(picture, corner, [x, y])[0], row, beside));
        }
    }
    Cow::Owned(filled)
}

/// Where a pixel is that is so far from the sides of a corner, which is on the right or not, and at the bottom or not.
fn place(picture: &GrayImage, [is_right, is_bottom]: [bool; 2], [x, y]: [u32; 2]) -> [u32; 2] {
    let (width, height) = picture.dimensions();
    [if is_right { width - 1 - x } else { x }, if is_bottom { height - 1 - y } else { y }]
}

impl Triangle {
    fn at(picture: &GrayImage, corner: [bool; 2]) -> Option<Triangle> {
        let (width, height) = picture.dimensions();
        if picture.is_empty() {
            return None;
        }
        let light = |x: u32, y: u32| {
            let [x, y] = place(picture, corner, [x, y]);
            picture.get_pixel(x, y).0[0]
        };
        let level = light(0, 0);
        let run = |y: u32| (0..width).take_while(|x| light(*x, y).abs_diff(level) <= FLAT).count() as u32;
        let top = (0..height.min(EDGE)).take_while(|y| run(*y) == width).count() as u32;
        let runs: Vec<u32> = (top..height).map(run).take_while(|run| (1..width).contains(run)).collect();
        // Where the canvas is a little wider than what is turned, its edge goes on below the triangle.
        let high = runs.iter().take_while(|run| **run >= EDGE).count();
        let sides = [high, runs.first().map_or(0, |run| *run as usize)];
        if sides.iter().any(|side| *side < LEAST) || sides.iter().all(|side| *side < LONG) || high == height as usize {
            return None;
        }
        let [first, last] = [high / 4, high * 3 / 4];
        let slope = (runs[first] as f32 - runs[last] as f32) / (last - first) as f32;
        let is_straight = |(y, run): &(usize, &u32)| {
            let expected = runs[first] as f32 - slope * (*y as f32 - first as f32);
            (**run as f32 - expected).abs() <= EDGE as f32 + slope
        };
        let straight = runs[..high].iter().enumerate().filter(is_straight).count();
        let is_triangle = slope > 0.0 && straight as f32 >= STRAIGHT * high as f32;
        is_triangle.then_some(Triangle { top, runs, slope })
    }
}
