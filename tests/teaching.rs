//! A model that was taught ten digits still reads the others.

use digits::evaluate::{Evaluation, Evaluator};
use digits::gpu::{Gpu, Request};
use digits::layers::batch::Images;
use digits::mnist::{DataSet, Split};
use digits::model::Model;
use digits::network::{ModelFile, Parameters};
use digits::teach::{Lesson, teach};
use pollster::FutureExt as _;

#[test]
fn ten_lessons_cost_at_most_a_fifth_of_a_point_of_accuracy() {
    let gpu = Gpu::open(&Request::default()).block_on().unwrap_or_else(|error| panic!("{error}"));
    let ModelFile { network, mut parameters, .. } = ModelFile::shipped();
    let Split { training, mut validation, mut test } = Split::embedded().unwrap();
    let evaluate = |parameters: &Parameters, data: &DataSet| -> Evaluation {
        let model = Model::new(&gpu, &network, parameters).unwrap();
        let images = Images::new(&gpu, &data.images, &data.labels).unwrap();
        Evaluator::new(&model, &images, 64).unwrap().run().block_on().unwrap()
    };
    test.truncate(4000);
    validation.truncate(6000);
    let before = evaluate(&parameters, &validation).accuracy(&validation.labels);
    let said = evaluate(&parameters, &test).predictions;
    let wrong: Vec<usize> = (0..test.count()).filter(|at| said[*at] != test.labels[*at]).collect();
    let mut lessons = Vec::new();
    for at in wrong.iter().take(10) {
        lessons.push(Lesson { pixels: test.image(*at).to_vec(), label: test.labels[*at] });
        let taught = teach(&gpu, &network, &parameters, &lessons, &training).block_on().unwrap();
        assert!(taught.knows_all, "{} lessons", lessons.len());
        parameters = taught.parameters;
    }
    assert_eq!(lessons.len(), 10, "the model gets {} images wrong", wrong.len());
    let after = evaluate(&parameters, &validation).accuracy(&validation.labels);
    assert!(after > before - 0.002, "{after} after, {before} before");
}
