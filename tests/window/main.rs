//! The window without a window system: strokes, answers, undo, teaching, as a person would do them.
#![cfg(feature = "window")]

mod looks;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use digits::gpu::{Gpu, Request};
use digits::network::best;
use digits::network::{Calibration, Classes, ModelFile};
use digits::session::{self, Open};
use digits::window::{App, Content, Worker, dress};
use egui::{Event, Key, Modifiers, PointerButton, Pos2, Rect};
use egui_kittest::kittest::{NodeT, Queryable};
use egui_kittest::{Harness, HarnessBuilder};

/// Long enough for a software driver with cold caches on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A digit as strokes, in sides of the canvas.
type Strokes<'a> = &'a [&'a [[f32; 2]]];

const SEVEN: Strokes = &[&[[0.3, 0.25], [0.7, 0.25], [0.55, 0.5], [0.45, 0.8]]];
const ONE: Strokes = &[&[[0.5, 0.2], [0.5, 0.5], [0.5, 0.8]]];

/// A file that was dropped on the window.
#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}

fn window() -> Harness<'static, App> {
    window_with(ModelFile::shipped())
}

fn window_with(model: ModelFile) -> Harness<'static, App> {
    built(Harness::builder().with_size([1000.0, 760.0]), model)
}

fn built(builder: HarnessBuilder<App>, model: ModelFile) -> Harness<'static, App> {
    let worker = Worker::start(Request::default(), model, "shipped".into(), || ());
    builder.with_context_setup(dress).build_ui_state(|ui, app: &mut App| app.show(ui), App::new(worker))
}

/// Runs frames until `is_done`.
#[track_caller]
fn wait(window: &mut Harness<App>, what: &str, is_done: impl Fn(&App) -> bool) {
    let start = Instant::now();
    while !is_done(window.state()) {
        assert!(start.elapsed() < PATIENCE, "waited for {what}; the window says: {}", window.state().message());
        window.step();
        std::thread::sleep(Duration::from_millis(5));
    }
    window.step();
}

fn canvas<S>(window: &Harness<S>) -> Rect {
    window.get_by_label_contains("Canvas").rect()
}

fn press<S>(window: &Harness<S>, pos: Pos2, pressed: bool) {
    let button = PointerButton::Primary;
    window.event(Event::PointerButton { pos, button, pressed, modifiers: Modifiers::NONE });
}

fn draw<S>(window: &mut Harness<S>, strokes: Strokes) {
    let rect = canvas(window);
    let at = |[x, y]: [f32; 2]| rect.lerp_inside(egui::vec2(x, y));
    for stroke in strokes {
        window.event(Event::PointerMoved(at(stroke[0])));
        window.step();
        press(window, at(stroke[0]), true);
        for point in *stroke {
            window.event(Event::PointerMoved(at(*point)));
            window.step();
        }
        press(window, at(stroke[stroke.len() - 1]), false);
        window.step();
    }
}

fn digit(app: &App) -> Option<usize> {
    app.recognition().map(|recognition| best(&recognition.probabilities))
}

#[test]
fn a_drawing_is_recognized_while_it_grows_and_announced() {
    let mut window = window();
    draw(&mut window, &[&SEVEN[0][..2]]);
    wait(&mut window, "the first answer", |app| digit(app).is_some());
    assert_ne!(digit(window.state()), Some(7), "half a seven is none");
    draw(&mut window, &[&SEVEN[0][1..]]);
    wait(&mut window, "a seven", |app| digit(app) == Some(7));
    assert!(window.state().title().starts_with("7 ("), "{}", window.state().title());
    window.get_by_label_contains("Prediction: 7");
}

#[test]
fn what_the_model_is_not_sure_enough_of_is_announced_as_no_digit_with_what_it_is_most_like() {
    let calibration = Calibration { temperature: 8.0, threshold: Some(1.0) };
    let mut window = window_with(ModelFile { calibration, ..ModelFile::shipped() });
    draw(&mut window, SEVEN);
    wait(&mut window, "an answer", |app| digit(app) == Some(7));
    assert_eq!(window.state().title(), "no digit - digits");
    window.get_by_label_contains("Prediction: no digit, most like 7, ");
    window.get_by_label_contains("most like 7\n");
}

#[test]
fn classes_are_called_by_the_names_that_the_model_has() {
    let names = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"].map(String::from);
    let classes = Classes::named(names.to_vec(), 0).unwrap();
    let mut window = window_with(ModelFile { classes, ..ModelFile::shipped() });
    draw(&mut window, SEVEN);
    wait(&mut window, "an answer", |app| digit(app) == Some(7));
    assert!(window.state().title().starts_with("seven ("), "{}", window.state().title());
    window.get_by_label_contains("Prediction: seven");
    window.get_by_label("nine");
}

#[test]
fn an_empty_canvas_shows_no_prediction() {
    let mut window = window();
    wait(&mut window, "the model", |app| app.message().contains("shipped"));
    assert_eq!(digit(window.state()), None);
    draw(&mut window, ONE);
    wait(&mut window, "a one", |app| digit(app) == Some(1));
    window.get_by_label("Clear").click();
    window.step();
    window.step();
    assert_eq!(digit(window.state()), None);
    assert_eq!(window.state().title(), "digits");
    window.get_by_label("No prediction");
}

#[test]
fn escape_and_undo_bring_the_drawing_back() {
    let mut window = window();
    draw(&mut window, SEVEN);
    let drawn = window.state().drawing().clone();
    window.key_press(Key::Escape);
    window.step();
    assert!(window.state().drawing().is_empty());
    window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.step();
    assert_eq!(window.state().drawing(), &drawn);
    window.get_by_label("Undo").click();
    window.step();
    window.step();
    assert!(window.state().drawing().is_empty());
    window.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    window.step();
    assert_eq!(window.state().drawing(), &drawn);
}

#[test]
fn a_taught_drawing_is_what_it_was_taught_to_be_until_the_model_is_restored() {
    let mut window = window();
    draw(&mut window, SEVEN);
    wait(&mut window, "a seven", |app| digit(app) == Some(7));
    // A seven is taught to be a two: nobody could guess that.
    window.key_press(Key::Num2);
    wait(&mut window, "the lesson", |app| app.message().starts_with("learned"));
    wait(&mut window, "a two", |app| digit(app) == Some(2));
    assert_eq!(window.state().taught().len(), 1);
    assert_eq!(window.state().taught()[0].label, 2);
    window.key_press(Key::Escape);
    window.step();
    draw(&mut window, ONE);
    wait(&mut window, "a one, which it still knows", |app| digit(app) == Some(1));
    window.get_by_label("Restore model").click();
    wait(&mut window, "the old model", |app| app.message().contains("as it was"));
    window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.step();
    wait(&mut window, "the seven again", |app| digit(app) == Some(7));
}

#[test]
fn a_gpu_that_is_lost_while_somebody_draws_is_opened_again_and_the_window_says_so() {
    let gpus: Arc<Mutex<Vec<Gpu>>> = Arc::default();
    let kept = gpus.clone();
    let open = move || -> Open {
        let (open, kept) = (session::open(Request::default()), kept.clone());
        Box::new(move || {
            let (opening, kept) = (open(), kept.clone());
            Box::pin(async move { opening.await.inspect(|gpu| kept.lock().unwrap().push(gpu.clone())) })
        })
    };
    let worker = Worker::on(open, ModelFile::shipped(), "shipped".into(), || ());
    let builder = Harness::builder().with_size([1000.0, 760.0]).with_context_setup(dress);
    let mut window = builder.build_ui_state(|ui, app: &mut App| app.show(ui), App::new(worker));
    draw(&mut window, SEVEN);
    wait(&mut window, "a seven", |app| digit(app) == Some(7));
    gpus.lock().unwrap()[0].destroy();
    window.key_press(Key::Escape);
    window.step();
    draw(&mut window, ONE);
    wait(&mut window, "a one", |app| digit(app) == Some(1));
    assert_eq!(window.state().message(), "the GPU failed: the device was lost; the GPU was opened again");
    assert_eq!(gpus.lock().unwrap().len(), 2);
    // The window's own device is another one.
    window.state_mut().forget_textures();
    assert_eq!(window.state().message(), "the window's GPU was lost and opened again");
}

#[test]
fn a_dropped_picture_is_recognized_and_a_damaged_one_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (good, bad) = (folder.path().join("one.png"), folder.path().join("bad.png"));
    let mut picture = image::GrayImage::from_pixel(200, 300, image::Luma([240]));
    for y in 60..240 {
        for x in 90..110 {
            picture.put_pixel(x, y, image::Luma([20]));
        }
    }
    picture.save(&good).unwrap();
    std::fs::write(&bad, "no picture").unwrap();
    let mut window = window();
    window.input_mut().dropped_files.push(Arc::new(Dropped(good)));
    window.step();
    wait(&mut window, "a one", |app| digit(app) == Some(1));
    window.input_mut().dropped_files.push(Arc::new(Dropped(bad)));
    window.step();
    window.step();
    assert!(window.state().message().contains("bad.png"), "{}", window.state().message());
    assert_eq!(digit(window.state()), Some(1));
}

#[test]
fn every_command_has_a_button_and_the_help_lists_its_keys() {
    let mut window = window();
    window.step();
    for name in ["Undo", "Redo", "Clear", "Thinner", "Wider", "Invert", "Saliency", "Open picture...", "Save PNG..."] {
        window.get_by_label(name);
    }
    window.key_press(Key::F1);
    window.step();
    window.step();
    window.get_by_label("Swap the colours of ink and paper");
    let canvas = window.get_by_label_contains("Canvas");
    assert_eq!(canvas.accesskit_node().label().as_deref(), Some("Canvas: empty"));
}
