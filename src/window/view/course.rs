//! How a training went so far, as its curves need it.

use crate::train::{Epoch, Progress};

/// Points of the training's curve, at most, and in its first epochs; of neighbours one is made where there are more.
const MOST: usize = 400;
const IN_AN_EPOCH: usize = 100;

/// What a training has told of itself.
pub struct Course {
    /// Of the whole training.
    pub epochs: u32,
    pub progress: Option<Progress>,
    pub judged: Vec<Epoch>,
    points: Vec<Point>,
    /// Images of a point, at least.
    least: usize,
}

/// The loss of images that followed each other.
#[derive(Clone, Copy)]
struct Point {
    images: usize,
    /// The sum over the images.
    loss: f64,
    /// When they were done, in epochs.
    end: f64,
}

impl Course {
    pub fn new(epochs: u32) -> Course {
        Course { epochs, progress: None, judged: Vec::new(), points: Vec::new(), least: 0 }
    }

    /// Takes the images that were done since.
    pub fn take(&mut self, progress: Progress) {
        let before = self.progress.replace(progress).filter(|before| before.epoch == progress.epoch);
        let [sum, sum_before] = [Some(progress), before].map(|at| at.map_or(0.0, |at| at.loss * at.images as f64));
        let images = progress.images - before.map_or(0, |before| before.images);
        let end = f64::from(progress.epoch - 1) + progress.images as f64 / progress.of as f64;
        let point = Point { images, loss: sum - sum_before, end };
        self.least = self.least.max(progress.of / IN_AN_EPOCH);
        match self.points.last_mut() {
            Some(last) if last.images < self.least => *last = last.and(point),
            _ => self.points.push(point),
        }
        if self.points.len() > MOST {
            self.points = self.points.chunks(2).map(|pair| pair[0].and_all(&pair[1..])).collect();
            self.least = self.points[0].images;
        }
    }

    /// Places in epochs, and the mean loss of the training images that came up to there. Few images tell nothing yet.
    pub fn losses(&self) -> Vec<[f64; 2]> {
        let points = self.points.iter().filter(|point| point.images >= self.least);
        points.map(|point| [point.end, point.loss / point.images as f64]).collect()
    }

    /// The epoch to keep, of those that are judged.
    pub fn kept(&self) -> Option<&Epoch> {
        let kept = self.judged.last()?.kept;
        self.judged.iter().find(|epoch| epoch.epoch == kept)
    }

    /// How much of the training is done, from 0 to 1.
    pub fn share(&self) -> f64 {
        self.end() / f64::from(self.epochs)
    }

    /// The first whole number of epochs that all of it has room in.
    pub fn width(&self) -> f64 {
        self.end().ceil().max(1.0)
    }

    /// How many epochs are done.
    fn end(&self) -> f64 {
        self.points.last().map_or(0.0, |point| point.end)
    }
}

impl Point {
    fn and(self, next: Point) -> Point {
        Point { images: self.images + next.images, loss: self.loss + next.loss, end: next.end }
    }

    fn and_all(self, next: &[Point]) -> Point {
        next.iter().fold(self, |point, next| point.and(*next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(epoch: u32, images: usize, loss: f64) -> Progress {
        Progress { epoch, images, of: 1000, loss, seconds: 1.0, learnt: 0 }
    }

    #[test]
    fn a_point_tells_the_loss_of_its_own_images_not_the_mean_of_the_epoch() {
        let mut course = Course::new(2);
        for progress in [at(1, 500, 2.0), at(1, 1000, 1.5), at(2, 250, 0.5), at(2, 251, 0.6)] {
            course.take(progress);
        }
        // The last image alone would be noise.
        assert_eq!(course.losses(), [[0.5, 2.0], [1.0, 1.0], [1.25, 0.5]]);
        assert_eq!((course.share(), course.width()), (0.6255, 2.0));
    }

    #[test]
    fn a_long_curve_has_few_points_and_loses_no_image() {
        let mut course = Course::new(100);
        for step in 0..100_000 {
            // The mean of an epoch whose losses fall from 2 to 0 evenly.
            let images = 1 + step % 1000;
            course.take(at(1 + step as u32 / 1000, images, 2.0 - images as f64 / 1000.0));
        }
        assert!(course.points.len() <= MOST && course.points.len() > MOST / 3, "{}", course.points.len());
        assert_eq!(course.points.iter().map(|point| point.images).sum::<usize>(), 100_000);
        let mean = course.points.iter().map(|point| point.loss).sum::<f64>() / 100_000.0;
        assert!((mean - 1.0).abs() < 1e-9, "{mean}");
    }
}
