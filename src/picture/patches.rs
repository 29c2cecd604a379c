//! Patches: upright rectangles in which light and dark are the other way round, such as printed cells of white on black. What
//! is written in them, or goes on in them, is ink like any other once they are turned.

use std::borrow::Cow;
use std::cmp::Reverse;

use image::{GrayImage, Luma};

use super::bounds::Bounds;
use super::ink::Ink;
use super::levels::{LEAST_CONTRAST, histogram, otsu};

/// A patch is at least so many pixels high ...
const HIGH: usize = 12;
/// ... and wide.
const WIDE: usize = 5;
/// Strokes go on in it across one side. There the tones change in this share of the rows: not where a stroke's own edge is.
const CHANGED: f32 = 0.4;
/// Its corners are rounded by so many pixels at most.
const ROUNDED: usize = 3;
/// Its ground is so great a share of it, ...
const GROUND: f32 = 0.6;
/// ... unless nothing is written in it: then it may be a strip of what lies beside the paper, at the picture's edge, ...
const BLANK: f32 = 0.98;
/// ... or a 1, less wide than this share of its height, ...
const STROKE: f32 = 0.22;
/// ... and a square fits into that which is so many times as wide as strokes elsewhere: a bold letter is no patch.
const BOLD: f32 = 1.4;
/// Of ink elsewhere there is at least this share of what patches are: a sheet on a table is none.
const ELSEWHERE: f32 = 0.02;
/// What differs from the ground by this share of what the paper does, and the other way, is ink on it, ...
const INK: f32 = 0.25;
/// ... of which there is no greater share of the patch.
const LITTLE: f32 = 0.001;
/// Sides are mixed of both within at most so many pixels, ...
const REACH: u32 = 4;
/// ... where they differ by more than this share from either.
const MIXED: f32 = 0.15;
/// A picture with more of them is a pattern.
const MOST: usize = 400;
/// So many tops are kept of each column: strokes in a patch begin more of them than its own.
const TOPS: usize = 4;
/// A share of a patch is seen at so many places a side.
const PLACES: u32 = 64;

/// The picture with its patches turned, and where those are.
pub(super) fn turned(picture: &GrayImage) -> (Cow<'_, GrayImage>, Vec<Bounds>) {
    let mut turned = Cow::Borrowed(picture);
    let mut patches = Tones::of(picture).map_or_else(Vec::new, |tones| tones.patches());
    patches.retain(|patch| {
        let turn = Turn::of(picture, *patch);
        turn.inspect(|turn| turn.apply(turned.to_mut(), *patch)).is_some()
    });
    (turned, patches)
}

/// How a patch is turned: how light its ground is, and the paper around it.
struct Turn {
    ground: i16,
    paper: i16,
    /// How many pixels on either side of a patch's sides are mixed of both.
    mixed: u32,
}

impl Turn {
    /// `None` where ink stands on the ground: that is a shaded place. And where both are alike.
    fn of(picture: &GrayImage, patch: Bounds) -> Option<Turn> {
        let Bounds { x, y, width, height } = patch;
        let light = |[x, y]: [u32; 2]| picture.get_pixel_checked(x, y).map(|light| i16::from(light.0[0]));
        let median = |mut levels: Vec<i16>| {
            let middle = levels.len() / 2;
            (!levels.is_empty()).then(|| *levels.select_nth_unstable(middle).1)
        };
        let inside = || patch.places().filter_map(|(x, y)| light([x, y]));
        let reach = REACH.min(width / 4);
        // Before the first row and column is none.
        let beside = |at: u32, count: u32| [at.wrapping_sub(reach), at + count + reach - 1];
        let rows = (x..x + width).flat_map(|x| beside(y, height).map(|y| [x, y]));
        let columns = (y..y + height).flat_map(|y| beside(x, width).map(|x| [x, y]));
        let ground = median(inside().collect())?;
        let paper = median(rows.chain(columns).filter_map(light).collect())?;
        let contrast = f32::from(ground - paper);
        if contrast.abs() < f32::from(LEAST_CONTRAST) {
            return None;
        }
        let share = |light: i16| f32::from(light - paper) / contrast;
        if inside().filter(|light| share(*light) > 1.0 + INK).count() as f32 > LITTLE * (width * height) as f32 {
            return None;
        }
        let near = [y, y + height].into_iter().flat_map(|side| side.saturating_sub(reach)..side + reach);
        let near = near.flat_map(|y| (x..x + width).filter_map(move |x| light([x, y])));
        let mixed = near.filter(|light| (MIXED..1.0 - MIXED).contains(&share(*light))).count();
        Some(Turn { ground, paper, mixed: (mixed as f32 / (4 * width) as f32 - MIXED).ceil().max(0.0) as u32 })
    }

    /// The patch with its ground as light as what is around it, and all else by as much darker as it was lighter.
    fn apply(&self, picture: &mut GrayImage, patch: Bounds) {
        for (x, y) in patch.places() {
            let Luma([light]) = picture.get_pixel_mut(x, y);
            *light = (self.paper + self.ground - i16::from(*light)).clamp(0, 255) as u8;
        }
        let Bounds { x, y, width, height } = patch;
        for side in [x, x + width] {
            (y..y + height).for_each(|y| self.join(picture, side, |x| [x, y]));
        }
        for side in [y, y + height] {
            (x..x + width).for_each(|x| self.join(picture, side, |y| [x, y]));
        }
    }

    /// What lies between the pixels beyond the mixed ones at a side goes evenly from one of them to the other.
    fn join(&self, picture: &mut GrayImage, side: u32, place: impl Fn(u32) -> [u32; 2]) {
        let steps = 2 * self.mixed + 1;
        let Some(from) = side.checked_sub(self.mixed + 1) else { return };
        let light = |at: u32| {
            let [x, y] = place(at);
            picture.get_pixel_checked(x, y).map(|light| u32::from(light.0[0]))
        };
        let (Some(first), Some(last)) = (light(from), light(from + steps)) else { return };
        for step in 1..steps {
            let [x, y] = place(from + step);
            picture.put_pixel(x, y, Luma([((first * (steps - step) + last * step) / steps) as u8]));
        }
    }
}

/// Which pixels have the rarer of the two tones of a picture, with one pixel around it that has the other,
/// `[height + 2, width + 2]`.
struct Tones {
    width: usize,
    height: usize,
    is_rare: Vec<bool>,
}

impl Tones {
    /// `None` for an even surface.
    fn of(picture: &GrayImage) -> Option<Tones> {
        let histogram = histogram(picture);
        let threshold = otsu(&histogram)?;
        let is_dark_rare = 2 * histogram[..threshold].iter().sum::<usize>() <= picture.len();
        let [width, height] = [picture.width(), picture.height()].map(|side| side as usize);
        let mut is_rare = vec![false; (width + 2) * (height + 2)];
        let rows = is_rare.chunks_exact_mut(width + 2).skip(1);
        for (row, light) in rows.zip(picture.chunks_exact(width)) {
            let tones = row[1..].iter_mut().zip(light);
            tones.for_each(|(is_rare, light)| *is_rare = (usize::from(*light) < threshold) == is_dark_rare);
        }
        Some(Tones { width, height, is_rare })
    }

    /// Of the pixel so far to the right and down, counted from one.
    fn at(&self, x: usize, y: usize) -> bool {
        self.is_rare[y * (self.width + 2) + x]
    }

    /// The patches, the largest first; none where there are so many that they are a pattern.
    fn patches(&self) -> Vec<Bounds> {
        let mut found = self.rectangles();
        if found.is_empty() || found.len() > MOST {
            return Vec::new();
        }
        found.sort_unstable_by_key(|patch| Reverse(patch.width * patch.height));
        let outer = |at: usize| found[..at].iter().any(|other| found[at].and(*other) == *other);
        let mut found: Vec<Bounds> = (0..found.len()).filter(|at| !outer(*at)).map(|at| found[at]).collect();
        let elsewhere = self.without(&found);
        let (ink, stroke) = (elsewhere.amounts.iter().sum::<f32>(), elsewhere.stroke_width());
        let area: u32 = found.iter().map(|patch| patch.width * patch.height).sum();
        found.retain(|patch| ink >= ELSEWHERE * area as f32 && self.square(*patch) as f32 >= BOLD * stroke);
        found
    }

    /// Upright rectangles, ground mostly, with clean sides on top and at the bottom, and two that strokes cross at most.
    fn rectangles(&self) -> Vec<Bounds> {
        let mut found = Vec::new();
        // The last tops from each column on, the last one first: up to which column, and in which row.
        let mut tops = vec![[(0, 0); TOPS]; self.width + 2];
        for y in 1..=self.height + 1 {
            let mut x = 1;
            while x <= self.width {
                let begins = |x: &usize, outside: usize, inside: usize| self.at(*x, inside) && !self.at(*x, outside);
                let top = (x..=self.width).take_while(|x| begins(x, y - 1, y)).count();
                let bottom = (x..=self.width).take_while(|x| begins(x, y, y - 1)).count();
                if top >= WIDE {
                    tops[x].rotate_right(1);
                    tops[x][0] = (x + top, y);
                }
                if bottom >= WIDE {
                    let sides = [x, x + bottom];
                    let is_its = |&&(to, row): &&(usize, usize)| to.abs_diff(sides[1]) <= 1 && y - row >= HIGH;
                    let above = tops[x - 1..=x + 1].iter().filter_map(|tops| tops.iter().find(is_its));
                    let last = above.map(|(_, row)| *row).max();
                    found.extend(last.and_then(|top| self.rectangle(sides, [top, y])));
                }
                x += top.max(bottom).max(1);
            }
        }
        found
    }

    /// What lies between a top and a bottom, if it may be a patch.
    fn rectangle(&self, [from, to]: [usize; 2], [top, bottom]: [usize; 2]) -> Option<Bounds> {
        // Where the tone changes most, at a column or a little further out: corners may be rounded. Strokes cross sides, not them.
        let side = |columns: &mut dyn Iterator<Item = usize>| {
            let is_changed = |x: usize, y: usize| self.at(x - 1, y) != self.at(x, y);
            let changed = |x: usize| (top..bottom).filter(|y| is_changed(x, *y)).count();
            let is_better = |best: (usize, usize), x: usize| if changed(x) > best.0 { (changed(x), x) } else { best };
            let (changed, x) = columns.take(ROUNDED + 1).fold((0, 0), is_better);
            let corners = [top + 1..=top + ROUNDED, bottom - 1 - ROUNDED..=bottom - 2];
            let is_clean = x > 0 && corners.into_iter().all(|mut rows| rows.any(|y| is_changed(x, y)));
            (is_clean && changed as f32 >= CHANGED * (bottom - top) as f32).then_some(x)
        };
        let from = side(&mut (1..=from).rev())?;
        let to = side(&mut (to..=self.width + 1))?;
        let is_inside = from > 1 && to <= self.width && top > 1 && bottom <= self.height;
        let [x, y, width, height] = [from - 1, top - 1, to - from, bottom - top].map(|at| at as u32);
        let patch = Bounds { x, y, width, height };
        let ground = self.ground(patch);
        let is_sure = ground < BLANK || (is_inside && width as f32 >= STROKE * height as f32);
        (ground >= GROUND && is_sure).then_some(patch)
    }

    /// How great a share of a patch has the rare tone, at some places of it.
    fn ground(&self, patch: Bounds) -> f32 {
        let places = |from: u32, count: u32| {
            let places = count.min(PLACES);
            (0..places).map(move |at| (from + at * count / places) as usize + 1)
        };
        let seen = || places(patch.y, patch.height).flat_map(|y| places(patch.x, patch.width).map(move |x| (x, y)));
        seen().filter(|(x, y)| self.at(*x, *y)).count() as f32 / seen().count() as f32
    }

    /// The rare tone as ink, without what is in patches.
    fn without(&self, patches: &[Bounds]) -> Ink {
        let [width, height] = [self.width + 2, self.height + 2];
        let mut amounts: Vec<f32> = self.is_rare.iter().map(|is_rare| f32::from(u8::from(*is_rare))).collect();
        for Bounds { x, y, width: across, height } in patches {
            for y in y + 1..=y + height {
                amounts[y as usize * width + *x as usize + 1..][..*across as usize].fill(0.0);
            }
        }
        Ink { width, height, amounts }
    }

    /// The side of the largest square of the rare tone in a patch.
    fn square(&self, patch: Bounds) -> u32 {
        let [x, y, width, height] = [patch.x, patch.y, patch.width, patch.height].map(|at| at as usize);
        // The largest that ends at each column of the row before.
        let mut row = vec![0; width + 1];
        let mut largest = 0;
        for y in y + 1..=y + height {
            let mut corner = 0;
            for column in 0..width {
                let above = row[column + 1];
                let side = if self.at(x + column + 1, y) { 1 + corner.min(above).min(row[column]) } else { 0 };
                (corner, row[column + 1]) = (above, side);
                largest = largest.max(side);
            }
        }
        largest
    }
}

#[cfg(test)]
mod tests {
    use image::imageops::{self, FilterType};

    use super::*;
    use crate::mnist::Split;

    const PAPER: u8 = 240;
    const INK: u8 = 30;

    /// Two slanted strokes, four pixels wide, on 120 x 60 pixels.
    fn strokes() -> GrayImage {
        GrayImage::from_fn(120, 60, |x, y| {
            let is_at = |left: f32| (x as f32 - left - y as f32 / 2.0).abs() <= 2.0;
            Luma([if (12..48).contains(&y) && (is_at(20.0) || is_at(75.0)) { INK } else { PAPER }])
        })
    }

    /// With light and dark the other way round from `from` to `to`.
    fn patched(picture: &GrayImage, from: [u32; 2], to: [u32; 2]) -> GrayImage {
        let mut patched = picture.clone();
        for (x, y, light) in patched.enumerate_pixels_mut() {
            if (from[0]..to[0]).contains(&x) && (from[1]..to[1]).contains(&y) {
                light.0[0] = PAPER - (light.0[0] - INK);
            }
        }
        patched
    }

    /// With a frame two pixels from the edges.
    fn framed(picture: &GrayImage, thick: u32) -> GrayImage {
        let mut framed = picture.clone();
        let frame = |x: &u32, y: &u32| (2..2 + thick).contains(x.min(&(119 - x)).min(y).min(&(59 - y)));
        framed.enumerate_pixels_mut().filter(|(x, y, _)| frame(x, y)).for_each(|(.., light)| light.0[0] = INK);
        framed
    }

    #[test]
    fn patches_around_strokes_across_them_and_beside_them_are_turned() {
        let picture = strokes();
        for (from, to) in
            [([10, 6], [60, 54]), ([30, 6], [70, 54]), ([10, 6], [34, 54]), ([45, 10], [60, 50]), ([0, 0], [35, 60])]
        {
            assert!(*turned(&patched(&picture, from, to)).0 == picture, "from {from:?} to {to:?}");
        }
        let both = patched(&patched(&picture, [8, 6], [30, 54]), [42, 6], [64, 54]);
        assert!(*turned(&both).0 == picture);
        // A frame around all is no patch, and hides none.
        let framed = framed(&picture, 3);
        assert!(*turned(&patched(&framed, [30, 6], [70, 54])).0 == framed);
    }

    #[test]
    fn patches_whose_sides_are_not_sharp_leave_no_line() {
        let larger = |picture: &GrayImage| imageops::resize(picture, 330, 165, FilterType::Triangle);
        let (whole, patched) = (larger(&strokes()), larger(&patched(&strokes(), [30, 6], [70, 54])));
        let (turned, _) = turned(&patched);
        let differs =
            |picture: &GrayImage| whole.iter().zip(picture.iter()).filter(|(a, b)| a.abs_diff(**b) > 60).count();
        // Only where the stroke crosses a side.
        let (before, after) = (differs(&patched), differs(&turned));
        assert!(before > 10_000 && after < 60, "{before} pixels before, {after} after");
    }

    #[test]
    fn there_are_no_patches_in_digits() {
        let images = Split::embedded().unwrap().validation;
        for index in 0..images.count() {
            let image = GrayImage::from_raw(28, 28, images.image(index).to_vec()).unwrap();
            assert!(turned(&image).1.is_empty(), "validation image {index}");
        }
    }

    #[test]
    fn what_is_no_patch_stays() {
        let shaded = GrayImage::from_fn(120, 60, |x, y| {
            let Luma([light]) = *strokes().get_pixel(x, y);
            Luma([if (10..60).contains(&x) && (6..54).contains(&y) { light / 2 } else { light }])
        });
        let on_table = GrayImage::from_fn(200, 200, |x, y| {
            let inside = x.checked_sub(40).zip(y.checked_sub(70));
            let light = inside.and_then(|(x, y)| strokes().get_pixel_checked(x, y).copied());
            let is_label = (10..30).contains(&x) && (10..14).contains(&y);
            light.unwrap_or(Luma([if is_label { PAPER } else { 40 }]))
        });
        // Stems of 10 pixels, one of them with two arms.
        let bold = GrayImage::from_fn(120, 60, |x, y| {
            let is_arm = (20..50).contains(&x) && ((5..15).contains(&y) || (25..35).contains(&y));
            Luma([if (5..55).contains(&y) && (is_arm || (20..30).contains(&x) || (80..90).contains(&x)) {
                INK
            } else {
                PAPER
            }])
        });
        let ones = GrayImage::from_fn(120, 60, |x, y| {
            let is_one =
                ((5..32).contains(&y) && (18..23).contains(&x)) || ((9..30).contains(&y) && (50..54).contains(&x));
            Luma([if is_one { INK } else { PAPER }])
        });
        for (name, picture) in [
            ("ones", ones),
            ("shade", shaded),
            ("sheet", on_table),
            ("frame", framed(&strokes(), 10)),
            ("bold", bold),
            ("strokes", strokes()),
        ] {
            assert!(turned(&picture).1.is_empty(), "{name}");
        }
    }
}
