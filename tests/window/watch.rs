//! The window on a training: what it shows of made-up progress, and what it does to a real training.

use std::sync::Mutex;
use std::thread;

use digits::evaluate::Evaluation;
use digits::gpu::Gpu;
use digits::mnist::{DataSet, PIXELS, Split};
use digits::model::Model;
use digits::network::{Network, Parameters, Shape};
use digits::reference::Optimiser;
use digits::reference::adam::Adam;
use digits::session::{self, Order, Watched, Wish};
use digits::train::{Epoch, Event, Job, Keep, Progress, Score, Test, TrainError, train};
use digits::trainer::{Of, Plan};
use digits::window::View;
use egui::Theme;
use egui::accesskit::Role;
use pollster::FutureExt as _;

use super::looks::{
    CONTRAST, Leaf, MARGIN, SIZES, TARGET, assert_apart, assert_still, contrast_in, is_painted, leaves, resize,
};
use super::*;

const SMALL: &str = "conv 4 3x3 relu | pool 2 | dense 10";

/// A training's end, and the window at the other.
fn watched(theme: Theme, validation: &DataSet, names: &[String]) -> (Watched, Harness<'static, View>) {
    let (mut watched, watcher) = session::watch(|_| ());
    watcher.say(Order::Begin);
    watched.begin(&network(), names, 3, validation).unwrap();
    let (network, epochs, names) = watcher.begun().unwrap();
    let view = View::new(watcher, network, epochs, names);
    let builder = Harness::builder().with_size([1000.0, 760.0]).with_theme(theme).with_render_cursor(false);
    (watched, builder.with_context_setup(dress).build_ui_state(|ui, view: &mut View| view.show(ui), view))
}

fn network() -> Network {
    Network::parse(Shape::MNIST, SMALL).unwrap()
}

/// A window that has seen an epoch and a half of three, the first of which took two of three images for something else.
fn half_way(theme: Theme, names: &[String]) -> (Watched, Harness<'static, View>, Model) {
    let validation = DataSet { images: vec![90; 3 * PIXELS], labels: vec![7, 1, 4] };
    let (mut watched, mut window) = watched(theme, &validation, names);
    let gpu = Gpu::open(&Request::default()).block_on().unwrap();
    let parameters = Parameters::glorot(&network(), 0);
    let model = Model::new(&gpu, &network(), &parameters).unwrap();
    window.step();
    for (epoch, images, loss) in [(1, 500, 2.0), (1, 1000, 1.5), (2, 500, 0.5)] {
        let progress = Progress { epoch, images, of: 1000, loss, seconds: 1.0, learnt: 0 };
        watched.on(Event::Progress(progress), &model, || false).block_on().unwrap();
        if images == 1000 {
            let validation = Score { loss: 0.75, accuracy: 1.0 / 3.0 };
            let epoch =
                Epoch { epoch, images, train_loss: loss, validation, kept: 1, seconds: 1.0, validation_seconds: 1.0 };
            let evaluation = Evaluation { losses: vec![1.0; 3], predictions: vec![1, 1, 9] };
            watched.on(Event::Epoch(epoch, &evaluation, &parameters), &model, || false).block_on().unwrap();
        }
    }
    for _ in 0..3 {
        window.step();
    }
    (watched, window, model)
}

/// Pixels of this colour in a rectangle of a picture.
fn pixels_of(picture: &image::RgbaImage, rect: Rect, colour: [u8; 3]) -> usize {
    let is_inside = |x: u32, y: u32| rect.contains(egui::pos2(x as f32, y as f32));
    picture.enumerate_pixels().filter(|(x, y, pixel)| is_inside(*x, *y) && pixel.0[..3] == colour).count()
}

#[test]
fn curves_filters_and_mistakes_are_shown_with_their_numbers() {
    let (watched, mut window, _) = half_way(Theme::Dark, Classes::numbered(10).names());
    window.get_by_label("Loss by epoch: training 0.5, validation 0.75");
    window.get_by_label("Accuracy by epoch: validation 33.33 %");
    window.get_by_label("4 filters of 3 x 3: orange weighs for, blue against");
    window.get_by_label("a 7 that is taken for a 1");
    window.get_by_label("a 4 that is taken for a 9");
    assert!(window.query_by_label("a 1 that is taken for a 1").is_none());
    for text in ["Epoch 2 of 3, 500 of 1,000 images", "epoch", "kept", "Wrong: 2 validation images"] {
        assert!(is_painted(&window, text), "{text}");
    }
    let curve = window.get_by_label_contains("Loss by epoch").rect();
    let picture = window.render().unwrap();
    let [blue, orange] = [[90, 175, 240], [255, 150, 60]].map(|colour| pixels_of(&picture, curve, colour));
    assert!(blue > 200 && orange > 20, "{blue} pixels of the training's curve, {orange} of the validation's dot");
    assert_eq!(window.state().title(), "training, 50 % - digits");
    for name in ["Pause", "Stop and keep", "Undo", "Redo", "Clear", "Theme"] {
        window.get_by_label(name);
    }
    assert!(window.state().end().is_none());
    drop(watched);
    window.step();
    assert!(matches!(window.state().end(), Some(Ok(()))), "a training that has ended closes its window");
}

#[test]
fn classes_are_called_by_their_names() {
    let garments =
        ["T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"];
    let (_watched, window, _) = half_way(Theme::Light, &garments.map(String::from));
    window.get_by_label("a sneaker that is taken for a trouser");
    for name in garments {
        window.get_by_label(&format!("Probability of {name}"));
    }
}

#[test]
fn what_is_seen_of_a_training_overlaps_nowhere_and_is_readable_in_both_themes() {
    for theme in [Theme::Dark, Theme::Light] {
        let (_watched, mut window, _) = half_way(theme, Classes::numbered(10).names());
        for (size, scale) in SIZES {
            resize(&mut window, size, scale);
            let leaves = leaves(&window);
            assert_apart(&leaves, &format!("{size:?} at {scale}"));
            let inside = Rect::from_min_size(egui::pos2(MARGIN, MARGIN), size.into()).expand(0.5);
            for leaf in leaves.iter().filter(|leaf| matches!(leaf.role, Role::Button | Role::Canvas)) {
                let is_large = leaf.rect.width() >= TARGET && leaf.rect.height() >= TARGET;
                assert!(is_large && inside.contains_rect(leaf.rect), "{size:?} at {scale}: {leaf:?}");
            }
            let has = |name: &str| leaves.iter().any(|leaf| leaf.name.starts_with(name));
            assert!(has("Loss by epoch") && has("Pause") && has("Canvas") && has("Probability of 0"), "{leaves:?}");
        }
        resize(&mut window, [1000.0, 760.0], 2.0);
        let picture = window.render().unwrap();
        let is_text = |leaf: &&Leaf| leaf.role == Role::Label && leaf.visible == leaf.rect && !leaf.name.is_empty();
        for text in leaves(&window).iter().filter(is_text) {
            let found = contrast_in(&picture, text.visible * window.ctx.pixels_per_point());
            assert!(found >= CONTRAST, "{theme:?}: {found:.1} of {text:?}");
        }
    }
}

#[test]
fn nothing_that_is_seen_of_a_training_moves_by_itself_at_any_height() {
    let (_watched, mut window, _) = half_way(Theme::Dark, Classes::numbered(10).names());
    for height in (320..1000).step_by(8) {
        assert_still(&mut window, [1000.0, height as f32]);
    }
}

/// Runs frames until `is_done`.
#[track_caller]
fn wait_for(window: &mut Harness<View>, what: &str, is_done: impl Fn(&Harness<View>) -> bool) {
    let start = Instant::now();
    while !is_done(window) {
        assert!(start.elapsed() < PATIENCE, "waited for {what}; the title is {}", window.state().title());
        window.step();
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_training_is_paused_drawn_into_and_stopped_by_the_window() {
    let mut data = Split::embedded().unwrap();
    for set in [&mut data.training, &mut data.validation, &mut data.test] {
        set.truncate(640);
    }
    let plan = Plan::new(32, Optimiser::Adam(Adam::new(1e-3)), 0);
    let parameters = Parameters::glorot(&network(), 0);
    let (keep, patience, steps_per_submit) = (Keep::Best, None, Some(1));
    let job = Job { network: network(), parameters, plan, epochs: 10_000, keep, patience, steps_per_submit };
    let (mut watched, mut window) = watched(Theme::Dark, &data.validation, Classes::numbered(10).names());
    let images = Mutex::new(0);
    thread::scope(|scope| {
        let training = scope.spawn(|| {
            let gpu = Gpu::open(&Request::default()).block_on().unwrap();
            let mut wish = None;
            let events = async |event: Event<'_>, model: &Model| {
                if let Event::Progress(progress) = event {
                    *images.lock().unwrap() = progress.learnt;
                }
                wish = watched.on(event, model, || false).await?;
                // Any error ends it.
                if wish.is_some() { Err(TrainError::Diverged { of: Of::Loss, epoch: 0, step: 0 }) } else { Ok(()) }
            };
            train(&gpu, &job, data, events).block_on().unwrap_err();
            drop(watched);
            wish
        });
        wait_for(&mut window, "progress", |_| *images.lock().unwrap() > 0);
        window.get_by_label("Pause").click();
        wait_for(&mut window, "the pause", |window| window.state().title().starts_with("paused"));
        let paused_at = *images.lock().unwrap();
        draw(&mut window, SEVEN);
        wait_for(&mut window, "an answer", |window| window.state().recognition().is_some());
        assert_eq!(*images.lock().unwrap(), paused_at);
        window.get_by_label("Go on").click();
        wait_for(&mut window, "progress", |_| *images.lock().unwrap() > paused_at);
        window.get_by_label("Stop and keep").click();
        wait_for(&mut window, "the end", |window| window.state().end().is_some());
        assert_eq!(training.join().unwrap(), Some(Wish::Stop));
    });
}

#[test]
fn behind_its_end_a_training_answers_until_the_window_is_closed() {
    let (mut watched, mut window, model) = half_way(Theme::Dark, Classes::numbered(10).names());
    thread::scope(|scope| {
        let test = Test { epoch: 1, score: Score { loss: 0.1, accuracy: 0.9877 } };
        let evaluation = Evaluation { losses: Vec::new(), predictions: Vec::new() };
        let training = scope.spawn(move || watched.on(Event::Test(test, &evaluation), &model, || false).block_on());
        wait_for(&mut window, "the end", |window| is_painted(window, "done: test accuracy 98.77 %, model of epoch 1"));
        draw(&mut window, ONE);
        wait_for(&mut window, "an answer", |window| window.state().recognition().is_some());
        assert!(!training.is_finished());
        drop(window);
        assert!(matches!(training.join().unwrap(), Ok(Some(Wish::Leave(_)))));
    });
}
