//! A session as a person has one: without a GPU, with another model, in a training that is watched, and in a check.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::mpsc::TryRecvError;
use std::thread;
use std::time::Duration;

use async_channel::Sender;
use digits::gpu::{Gpu, Request};
use digits::mnist::Split;
use digits::model::Model;
use digits::network::{Calibration, Classes, ModelFile, Network, Parameters, Shape, best, score};
use digits::pen::Strokes;
use digits::platform::Instant;
use digits::reference::Optimiser;
use digits::reference::adam::Adam;
use digits::session::{self, Answer, Ask, By, Drawing, Look, Order, Recognition, Start, Subject, Training, Watcher};
use digits::train::{Event, Job, Keep, TrainError, train};
use digits::trainer::Plan;
use pollster::FutureExt as _;

const SMALL: &str = "conv 4 3x3 relu | pool 2 | dense 10";

fn start(adapter: Option<&str>) -> Start {
    let request = Request { adapter: adapter.map(String::from), backend: None };
    let known = Box::new(|| Ok(Split::embedded()?.training));
    let [origin, nameless] = ["shipped", "a GPU"].map(String::from);
    Start { open: session::open(request), model: ModelFile::shipped(), origin, known, nameless }
}

fn seven() -> Subject {
    let lines = vec![vec![[0.3, 0.25], [0.7, 0.25], [0.55, 0.5], [0.45, 0.8]]];
    Subject::Drawing(Drawing { strokes: Strokes { lines, width: 0.06 }, picture: None })
}

fn recognize(number: u64) -> Ask {
    Ask::Recognize { number, subject: seven(), asked: Instant::now() }
}

/// Runs a session that is first asked `asks`; `then` sees each answer and may ask on. It ends when nobody can ask any more.
fn answers(start: Start, asks: Vec<Ask>, mut then: impl FnMut(&Answer, &Sender<Ask>) -> bool) -> Vec<Answer> {
    let (sender, inbox) = async_channel::unbounded();
    asks.into_iter().for_each(|ask| sender.try_send(ask).unwrap());
    let sender = RefCell::new(Some(sender));
    let answers: Rc<RefCell<Vec<Answer>>> = Rc::default();
    let then = RefCell::new(&mut then);
    pollster::block_on(session::run(start, inbox, |answer| {
        let is_last = sender.borrow().as_ref().is_some_and(|sender| then.borrow_mut()(&answer, sender));
        answers.borrow_mut().push(answer);
        if is_last {
            sender.take();
        }
    }));
    Rc::into_inner(answers).unwrap().into_inner()
}

fn failure<'a>(answers: &'a [Answer], of: &str) -> Option<&'a str> {
    answers.iter().find_map(|answer| match answer {
        Answer::Failed { ask, reason } if *ask == of => Some(reason.as_str()),
        _ => None,
    })
}

#[test]
fn without_a_gpu_the_reference_recognizes_and_explains_and_says_what_needs_one() {
    let teach = Ask::Teach { subject: seven(), label: 2 };
    let answers = answers(start(Some("no such adapter")), vec![recognize(1), teach], |answer, sender| match answer {
        Answer::Failed { ask: "teach", .. } => sender.try_send(recognize(2)).is_err(),
        Answer::Explained { number: 2, .. } => true,
        _ => false,
    });
    let recognized: Vec<&Recognition> = answers
        .iter()
        .filter_map(|answer| if let Answer::Recognized(recognition) = answer { Some(recognition) } else { None })
        .collect();
    assert_eq!(recognized.len(), 2);
    for recognition in recognized {
        assert_eq!((recognition.by, best(&recognition.probabilities)), (By::Reference, 7));
    }
    assert!(failure(&answers, "teach").unwrap().contains("needs a GPU"));
    let reason = answers.iter().find_map(|answer| if let Answer::WithoutGpu(why) = answer { Some(why) } else { None });
    assert!(reason.unwrap().contains("no adapter matches \"no such adapter\""), "{reason:?}");
    let Some(Answer::Explained { explanation, .. }) = answers.last() else { panic!("nothing is explained") };
    let shapes: Vec<String> = explanation.maps.iter().map(|maps| maps.shape.to_string()).collect();
    assert_eq!(shapes, ["32x13x13", "48x5x5"]);
    assert!(explanation.saliency.iter().any(|value| *value != 0.0));
}

/// What is said of a seven by a model with this calibration, once its GPU is there or refused.
fn judged(calibration: Calibration, adapter: Option<&str>) -> Recognition {
    let model = ModelFile { calibration, ..ModelFile::shipped() };
    let start = Start { model, ..start(adapter) };
    let answers = answers(start, Vec::new(), |answer, sender| match answer {
        Answer::Ready(about) if about.adapter.is_some() => sender.try_send(recognize(1)).is_err(),
        Answer::WithoutGpu(_) => sender.try_send(recognize(1)).is_err(),
        answer => matches!(answer, Answer::Recognized(_)),
    });
    let Some(Answer::Recognized(recognition)) = answers.into_iter().last() else { panic!("nothing is recognized") };
    recognition
}

#[test]
fn percentages_are_calibrated_and_what_is_below_the_threshold_is_no_digit_with_a_gpu_and_without() {
    for (adapter, by) in [(None, By::Gpu), (Some("no such adapter"), By::Reference)] {
        let plain = judged(Calibration::default(), adapter);
        assert_eq!((plain.by, plain.is_digit), (by, true));
        let (score, mut expected) = (score(&plain.probabilities), plain.probabilities);
        let calibration = Calibration { temperature: 4.0, threshold: None };
        calibration.apply(&mut expected);
        for (threshold, is_digit) in [(score + 1e-3, false), (score - 1e-3, true)] {
            let found = judged(Calibration { threshold: Some(threshold), ..calibration }, adapter);
            assert_eq!((found.by, found.is_digit), (by, is_digit));
            assert!(found.probabilities.iter().zip(&expected).all(|(found, expected)| (found - expected).abs() < 1e-5));
        }
    }
}

fn training(epochs: u32) -> Box<Training> {
    let network = Network::parse(Shape::MNIST, SMALL).unwrap();
    let mut data = Split::embedded().unwrap();
    data.training.truncate(640);
    data.validation.truncate(200);
    data.test.truncate(200);
    let plan = Plan::new(32, Optimiser::Adam(Adam::new(3e-3)), 0);
    let parameters = Parameters::glorot(&network, 0);
    let job = Job { network, parameters, plan, epochs, keep: Keep::Best, patience: None, steps_per_submit: Some(5) };
    Box::new(Training { job, data })
}

#[test]
fn a_training_that_ends_has_shown_filters_and_mistakes_and_its_model_is_in_use() {
    let answers = answers(start(None), vec![Ask::Train(training(2))], |answer, sender| match answer {
        Answer::Trained(_) => sender.try_send(Ask::Encode).is_err(),
        Answer::Encoded(_) => true,
        _ => false,
    });
    let count = |is: fn(&Answer) -> bool| answers.iter().filter(|answer| is(answer)).count();
    assert_eq!(count(|answer| matches!(answer, Answer::Progress(_))), 8, "20 steps an epoch, five a submit");
    assert_eq!(count(|answer| matches!(answer, Answer::Epoch(_))), 2);
    let filters = answers.iter().find_map(|answer| if let Answer::Filters(maps) = answer { Some(maps) } else { None });
    assert_eq!((filters.unwrap().shape.to_string(), filters.unwrap().values.len()), ("4x3x3".into(), 36));
    for answer in &answers {
        let Answer::Mistakes { of, mistakes } = answer else { continue };
        assert!(*of >= mistakes.len() && mistakes.iter().all(|mistake| mistake.label != mistake.said));
    }
    let Some(Answer::Encoded(bytes)) = answers.last() else { panic!("no model was given") };
    let model = ModelFile::decode(bytes).unwrap();
    assert_eq!((model.network.to_string().as_str(), model.summary.images_seen > 0), (SMALL, true));
    assert!(model.summary.test_accuracy.unwrap() > 0.5, "{:?}", model.summary);
}

#[test]
fn a_training_can_be_held_up_drawn_into_and_stopped_and_nothing_else_is_begun_meanwhile() {
    let mut is_paused = false;
    let answers = answers(start(None), vec![Ask::Train(training(1000))], |answer, sender| {
        let ask = match answer {
            Answer::Progress(_) if !is_paused => Some(Ask::Pause),
            Answer::Paused => {
                is_paused = true;
                Some(recognize(1))
            }
            Answer::Explained { number: 1, .. } => Some(Ask::Train(training(1))),
            Answer::Failed { ask: "train", .. } => Some(Ask::Resume),
            Answer::Resumed => Some(Ask::Stop),
            _ => None,
        };
        ask.is_some_and(|ask| sender.try_send(ask).is_err()) || matches!(answer, Answer::Stopped { .. })
    });
    assert!(failure(&answers, "train").unwrap().contains("a training is running"));
    let at = |is: fn(&Answer) -> bool| answers.iter().position(is).expect("it was answered");
    let order = [
        at(|answer| matches!(answer, Answer::Paused)),
        at(|answer| matches!(answer, Answer::Recognized(recognition) if recognition.by == By::Gpu)),
        at(|answer| matches!(answer, Answer::Resumed)),
        at(|answer| matches!(answer, Answer::Stopped { epochs: 0 })),
    ];
    assert!(order.is_sorted(), "{order:?}");
    let Some(Answer::Ready(about)) = answers.last() else { panic!("the model is not in use") };
    assert_eq!(about.network, SMALL);
}

/// Bits of the parameters that a training ends with, and how often it was looked at where somebody does, who holds it up for
/// that after each submit.
fn learnt(is_watched: bool) -> (Vec<u32>, usize) {
    let (mut watched, watcher) = session::watch(|_| ());
    watcher.say(Order::Begin);
    let Training { job, data } = *training(2);
    watched.begin(&job.network, &[], job.epochs, &data.validation).unwrap();
    thread::scope(|scope| {
        let looks = scope.spawn(move || look_on(&watcher));
        let gpu = Gpu::open(&Request::default()).block_on().unwrap();
        let mut bits = Vec::new();
        let mut watched = Some(watched).filter(|_| is_watched);
        let events = async |event: Event<'_>, model: &Model| {
            if let Some(watched) = &mut watched {
                watched.on(event, model, || false).await?;
            }
            if let Event::Test(..) = event {
                bits = model.read_parameters().await?.values.iter().map(|value| value.to_bits()).collect();
            }
            Ok::<_, TrainError>(())
        };
        train(&gpu, &job, data, events).block_on().unwrap();
        drop(watched);
        (bits, looks.join().unwrap())
    })
}

/// Pauses a training whenever it tells how far it is, looks at it, and lets it go on. Gives how often.
fn look_on(watcher: &Watcher) -> usize {
    let mut looks = 0;
    loop {
        match watcher.answer() {
            Ok(Answer::Progress(_)) => watcher.say(Order::Pause),
            Ok(Answer::Paused) => {
                let drawing = Some((looks as u64, seven()));
                watcher.say(Order::Look(Look { drawing, asked: Instant::now() }));
            }
            Ok(Answer::Recognized(_)) => {
                looks += 1;
                watcher.say(Order::Resume);
            }
            Ok(Answer::Trained(_)) => watcher.say(Order::Leave("all is seen".into())),
            Ok(_) => {}
            Err(TryRecvError::Empty) => thread::sleep(Duration::from_millis(1)),
            Err(TryRecvError::Disconnected) => return looks,
        }
    }
}

#[test]
fn a_training_that_is_held_up_and_looked_at_from_another_thread_learns_the_same_bits() {
    let ((alone, none), (watched, looks)) = (learnt(false), learnt(true));
    // Of eight submits; an order that comes late is taken at the next.
    assert!(none == 0 && looks >= 3, "{looks} looks");
    assert!(!alone.is_empty() && alone == watched);
}

/// What opens GPUs, and the newest of these.
fn opened() -> (session::Open, Rc<RefCell<Option<Gpu>>>) {
    let newest: Rc<RefCell<Option<Gpu>>> = Rc::default();
    let (kept, open) = (newest.clone(), session::open(Request::default()));
    let open = move || {
        let (kept, opening) = (kept.clone(), open());
        let opening = async move { opening.await.inspect(|gpu| drop(kept.replace(Some(gpu.clone())))) };
        Box::pin(opening) as std::pin::Pin<Box<dyn Future<Output = _>>>
    };
    (Box::new(open), newest)
}

#[test]
fn a_gpu_that_is_lost_is_opened_again_and_what_was_asked_is_answered() {
    let (open, gpu) = opened();
    let destroy = |gpu: &RefCell<Option<Gpu>>| gpu.borrow().as_ref().unwrap().destroy();
    let start = Start { open, ..start(None) };
    let answers = answers(start, Vec::new(), |answer, sender| match answer {
        Answer::Ready(about) if about.adapter.is_some() => sender.try_send(recognize(1)).is_err(),
        Answer::Explained { number: 1, .. } => {
            destroy(&gpu);
            sender.try_send(recognize(2)).is_err()
        }
        Answer::Explained { number: 2, .. } => {
            destroy(&gpu);
            let teach = Ask::Teach { subject: seven(), label: 2 };
            sender.try_send(teach).is_err() || sender.try_send(recognize(3)).is_err()
        }
        Answer::Explained { number, .. } => *number == 3,
        _ => false,
    });
    let told: Vec<&str> = answers
        .iter()
        .filter_map(
            |answer| if let Answer::Failed { ask: "gpu", reason } = answer { Some(reason.as_str()) } else { None },
        )
        .collect();
    assert_eq!(told, ["the GPU failed: the device was lost; the GPU was opened again"; 2]);
    let recognized = answers.iter().filter_map(|answer| match answer {
        Answer::Recognized(recognition) => Some((recognition.number, recognition.by, best(&recognition.probabilities))),
        _ => None,
    });
    let all = [1, 2, 3].map(|number| (number, By::Gpu, 7));
    assert_eq!(recognized.collect::<Vec<_>>(), all);
}

#[test]
fn a_training_whose_gpu_is_lost_ends_with_its_last_epoch_in_use_and_the_next_one_trains() {
    let (open, gpu) = opened();
    let start = Start { open, ..start(None) };
    let (mut trainings, mut steps) = (0, 0);
    let answers = answers(start, vec![Ask::Train(training(1000))], |answer, sender| match answer {
        Answer::Progress(_) => {
            steps += 1;
            if steps == 6 {
                gpu.borrow().as_ref().unwrap().destroy();
            }
            false
        }
        Answer::Ready(_) if trainings == 0 && steps > 0 => {
            trainings += 1;
            sender.try_send(Ask::Train(training(1))).is_err()
        }
        Answer::Trained(_) => true,
        _ => false,
    });
    assert_eq!(failure(&answers, "gpu"), Some("the GPU failed: the device was lost; the GPU was opened again"));
    assert_eq!(failure(&answers, "train"), Some("the GPU failed: the device was lost"));
    let about =
        answers.iter().rev().find_map(|answer| if let Answer::Ready(about) = answer { Some(about) } else { None });
    assert!(about.unwrap().training.starts_with("1 epochs of adam"), "{about:?}");
    assert!(answers.iter().any(|answer| matches!(answer, Answer::Trained(_))));
}

fn tiny(text: &str) -> Box<ModelFile> {
    let network = Network::parse(Shape::MNIST, text).unwrap();
    let parameters = Parameters::glorot(&network, 0);
    let calibration = Calibration::default();
    let classes = Classes::numbered(network.classes());
    Box::new(ModelFile { network, parameters, classes, calibration, summary: ModelFile::shipped().summary })
}

#[test]
fn a_model_of_another_size_is_not_opened_and_the_one_before_goes_on() {
    let network = Network::parse(Shape::of_images(32, 32).unwrap(), "dense 10").unwrap();
    let parameters = Parameters::glorot(&network, 0);
    let open = Ask::Open(Box::new(ModelFile { network, parameters, ..ModelFile::shipped() }), "large".into());
    let answers = answers(start(None), vec![open, recognize(1)], |answer, _| matches!(answer, Answer::Recognized(_)));
    let expected = "large does not fit: it takes images of 1x32x32, and what is drawn becomes 1x28x28";
    assert_eq!(failure(&answers, "open").unwrap(), expected);
    assert!(matches!(answers.last(), Some(Answer::Recognized(seen)) if best(&seen.probabilities) == 7));
}

#[test]
fn a_model_of_fewer_classes_that_is_opened_before_the_reasons_are_told_ends_nothing() {
    let open = Ask::Open(tiny("dense 2"), "two.safetensors".into());
    let asks = vec![recognize(1), open, Ask::Teach { subject: seven(), label: 7 }];
    let answers = answers(start(None), asks, |answer, sender| match answer {
        Answer::Failed { ask: "teach", .. } => sender.try_send(recognize(2)).is_err(),
        Answer::Explained { number, .. } => *number == 2,
        _ => false,
    });
    assert!(!answers.iter().any(|answer| matches!(answer, Answer::Explained { number: 1, .. })));
    assert!(failure(&answers, "teach").unwrap().contains("2 classes"));
    let Some(Answer::Explained { explanation, .. }) = answers.last() else { panic!("nothing is explained") };
    assert_eq!((explanation.maps.len(), explanation.saliency.len()), (0, 784));
}

#[test]
fn a_check_goes_on_answering_refuses_a_training_by_its_name_and_can_be_stopped() {
    let golden = include_bytes!("../data/golden/small.safetensors").to_vec();
    let mut rows = 0;
    let answers = answers(start(None), vec![Ask::Check { golden }], |answer, sender| match answer {
        Answer::Checked(row) => {
            assert!(row.passed(), "{row:?}");
            rows += 1;
            match rows {
                1 => sender.try_send(recognize(1)).is_err(),
                2 => sender.try_send(Ask::Train(training(1))).is_err(),
                3 => sender.try_send(Ask::Stop).is_err(),
                _ => false,
            }
        }
        Answer::CheckDone { .. } => true,
        _ => false,
    });
    assert!(answers.iter().any(|answer| matches!(answer, Answer::Recognized(Recognition { number: 1, .. }))));
    assert_eq!(failure(&answers, "train"), Some("a check is running; stop it first"));
    let done =
        answers.iter().find_map(|answer| if let Answer::CheckDone { text, .. } = answer { Some(text) } else { None });
    assert!(done.unwrap().ends_with("\n3 passed, 0 failed; stopped before the end"), "{done:?}");
}

#[test]
fn a_gpu_that_is_there_answers_the_first_question() {
    let answers = answers(start(None), vec![recognize(1)], |answer, _| matches!(answer, Answer::Recognized(_)));
    let Some(Answer::Recognized(recognition)) = answers.last() else { panic!("nothing is recognized") };
    assert_eq!(recognition.by, By::Gpu);
}

#[test]
fn a_training_that_waits_for_the_gpu_can_be_stopped_before_it_begins() {
    let never = Start { open: Box::new(|| Box::pin(std::future::pending())), ..start(None) };
    let answers = answers(never, vec![Ask::Train(training(1)), Ask::Stop], |answer, _| {
        matches!(answer, Answer::Stopped { epochs: 0 })
    });
    assert!(!answers.iter().any(|answer| matches!(answer, Answer::Training { .. })));
}
