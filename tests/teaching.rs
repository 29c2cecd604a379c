//! A model that was taught ten digits still reads the others, other people's too, and still knows what is no digit.

use digits::calibrate::Sample;
use digits::drawings::{self, Family, Part};
use digits::gpu::{Gpu, Request};
use digits::mnist::{DataSet, Split};
use digits::model::Model;
use digits::network::{ModelFile, Parameters};
use digits::teach::{Lesson, teach};
use pollster::FutureExt as _;

/// What a model makes of a set, as shares of it.
struct Read {
    right: f64,
    refused: f64,
}

#[test]
fn ten_lessons_cost_at_most_a_fifth_of_a_point_of_mnist_and_of_writers_and_leave_no_digit_no_digit() {
    let gpu = Gpu::open(&Request::default()).block_on().unwrap_or_else(|error| panic!("{error}"));
    let ModelFile { network, mut parameters, calibration, .. } = ModelFile::shipped();
    let Split { training, mut validation, mut test } = Split::embedded().unwrap();
    test.truncate(4000);
    validation.truncate(6000);
    let known = drawings::reminders(training);
    let mut writers = drawings::digits(Part::Validation);
    writers.append(drawings::digits(Part::Test));
    let letters = drawings::no_digits(Part::Test, Family::Letters);
    let answers = |parameters: &Parameters, data: &DataSet| {
        let model = Model::new(&gpu, &network, parameters).unwrap();
        Sample::of(&model, data).block_on().unwrap().answers(&calibration)
    };
    let read = |parameters: &Parameters, data: &DataSet| {
        let answers = answers(parameters, data);
        let share = |count: usize| count as f64 / data.count() as f64;
        Read {
            right: share(answers.iter().zip(&data.labels).filter(|(answer, label)| answer.0 == **label).count()),
            refused: share(answers.iter().filter(|answer| !answer.1).count()),
        }
    };
    let all = |parameters: &Parameters| [&validation, &writers, &letters].map(|data| read(parameters, data));
    let before = all(&parameters);
    let said = answers(&parameters, &test);
    let wrong: Vec<usize> = (0..test.count()).filter(|at| said[*at].0 != test.labels[*at]).collect();
    let mut lessons = Vec::new();
    for at in wrong.iter().take(10) {
        lessons.push(Lesson { pixels: test.image(*at).to_vec(), label: test.labels[*at] });
        let taught = teach(&gpu, &network, &parameters, &lessons, &known).block_on().unwrap();
        assert!(taught.knows_all, "{} lessons", lessons.len());
        parameters = taught.parameters;
    }
    assert_eq!(lessons.len(), 10, "the model gets {} images wrong", wrong.len());
    let after = all(&parameters);
    for (index, name) in ["MNIST", "writers"].into_iter().enumerate() {
        let [before, after] = [&before[index], &after[index]];
        println!("{name}: {:.4} right before, {:.4} after", before.right, after.right);
        assert!(after.right > before.right - 0.002, "{name}: {} after, {} before", after.right, before.right);
        assert!(after.refused < before.refused + 0.005, "{name}: {} refused", after.refused);
    }
    let [before, after] = [before[2].refused, after[2].refused];
    println!("letters: {before:.3} refused before, {after:.3} after");
    assert!(after > before - 0.1, "{after} of the letters are refused after, {before} before");
}
