//! Tile shapes: which one a product gets changes no bit of its result, and what was measured is remembered.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use digits::cases::{Case, Prepared, largest, parity};
use digits::gpu::{Choice, Choices, Core, Gpu, Matrices, Origin, Request, Settings, Tiles, Tuner};
use pollster::FutureExt as _;

/// Longer than any test measures.
const HOUR: Duration = Duration::from_secs(3600);

fn gpu() -> Gpu {
    Gpu::open(&Request::default()).block_on().unwrap_or_else(|error| panic!("{error}"))
}

/// Each core of the adapter, and emulated matrices. Larger subgroups leave the broadcast core little choice, so there it runs
/// with eight lanes of them.
fn cores(gpu: &Gpu) -> Vec<Core> {
    let own = gpu.cores().into_iter().map(|core| match core {
        Core::Broadcast { lanes } => Core::Broadcast { lanes: lanes.min(8) },
        Core::Tile | Core::Cooperative { .. } => core,
    });
    let emulated = Core::Cooperative { lanes: gpu.info().subgroup_max_size, size: 16, matrices: Matrices::Emulated };
    own.chain([emulated]).collect()
}

fn with(gpu: &Gpu, core: Core) -> Gpu {
    gpu.with(Settings { core, ..gpu.settings() })
}

/// A product that all those cores can compute with several tile shapes.
fn case() -> Case {
    let is_it = |case: &Case| case.operation == "dense/forward" && case.shape == "N 65 C 33 F 70";
    parity().into_iter().find(is_it).expect("it is one of the cases")
}

/// The largest case of each product, and those of a convolution with padding and stride, which reads its images in another way.
fn products() -> impl Iterator<Item = Case> {
    let is_strided = |case: &Case| case.shape.starts_with("N 34 C 3 9x15 F 17 ");
    // Those of other endings, or beside others, multiply in the same way.
    let is_own = |case: &Case| !case.operation.ends_with("/dropout") && !case.operation.contains(" + ");
    largest().into_iter().chain(parity().into_iter().filter(is_strided)).filter(is_own)
}

/// What a tuner that knows `known` says of the case, how many products it measures for that, and the workgroups that the
/// case gets.
fn tune(gpu: &Gpu, known: Vec<Choice>, budget: Duration) -> (Vec<Choice>, usize, [u32; 3]) {
    let choices = Choices { origin: Origin::of(gpu), products: known };
    let tuner = Arc::new(Tuner::new(choices, budget, |_| ()));
    let prepared = case().prepare(&gpu.with_tiles(Tiles::Tuned(tuner.clone()))).unwrap();
    let (_, workgroups) = prepared.recording.dispatches().next().unwrap();
    (tuner.choices().products, tuner.spent().0, workgroups)
}

fn workgroups(gpu: &Gpu, tiles: Tiles) -> [u32; 3] {
    let prepared = case().prepare(&gpu.with_tiles(tiles)).unwrap();
    prepared.recording.dispatches().next().unwrap().1
}

fn every_tile_gives_the_bits_of_the_default(core: Core) {
    // A device of its own, since a software driver compiles the kernels of one device one after the other.
    let gpu = with(&gpu(), core);
    let (mut others, mut wrong) = (0, Vec::new());
    for case in products().filter(|case| case.is_for(&gpu)) {
        let prepare = |tiles| case.prepare(&gpu.with_tiles(tiles)).unwrap();
        let mut prepared = vec![prepare(Tiles::Default)];
        for number in 1.. {
            let kernels = gpu.kernels().len();
            let candidate = prepare(Tiles::Candidate(number));
            if gpu.kernels().len() == kernels {
                break;
            }
            prepared.push(candidate);
        }
        // With one tile there is nothing to compare, and no kernel to compile for that.
        let [default, candidates @ ..] = &prepared[..] else { unreachable!() };
        if candidates.is_empty() {
            continue;
        }
        let bits = |prepared: &Prepared| {
            prepared.recording.submit(1).unwrap();
            prepared.bits(&gpu).block_on().unwrap()
        };
        let expected = bits(default);
        others += candidates.len();
        if let Some(number) = candidates.iter().position(|candidate| bits(candidate) != expected) {
            wrong.push(format!("{} {} with tile {}", case.operation, case.shape, number + 1));
        }
    }
    assert!(others > 20, "only {others} other tiles with {core:?}, so this test tells little");
    assert!(wrong.is_empty(), "{core:?}: {}", wrong.join(", "));
}

#[test]
fn every_tile_of_every_product_gives_the_bits_of_the_default() {
    thread::scope(|scope| {
        for core in cores(&gpu()) {
            scope.spawn(move || every_tile_gives_the_bits_of_the_default(core));
        }
    });
}

#[test]
fn what_is_remembered_is_used_without_measuring() {
    let gpu = gpu();
    for core in cores(&gpu) {
        let gpu = with(&gpu, core);
        let (mut known, measured, _) = tune(&gpu, Vec::new(), HOUR);
        assert_eq!((known.len(), measured), (1, 1));
        for (number, timing) in known[0].tiles.clone().into_iter().enumerate() {
            known[0].chosen = Some(timing.tile);
            let (after, measured, found) = tune(&gpu, known.clone(), HOUR);
            assert_eq!((after, measured), (known.clone(), 0));
            assert_eq!(found, workgroups(&gpu, Tiles::Candidate(number)));
        }
        let tiles = [Tiles::Default, Tiles::Candidate(1)].map(|tiles| workgroups(&gpu, tiles));
        assert_ne!(tiles[0], tiles[1], "{core:?} has one tile for this case, so this test tells nothing");
    }
}

#[test]
fn what_was_measured_of_another_shader_is_not_used() {
    let gpu = gpu();
    let (known, ..) = tune(&gpu, Vec::new(), HOUR);
    let others: [fn(&mut Choice); 4] = [
        |choice| choice.shader ^= 1,
        |choice| choice.kernel.push('x'),
        |choice| choice.shape.push('x'),
        |choice| choice.chosen = Some("a tile that is no more".into()),
    ];
    for (number, change) in others.into_iter().enumerate() {
        let mut changed = known.clone();
        change(&mut changed[0]);
        let (_, measured, found) = tune(&gpu, changed.clone(), HOUR);
        assert_eq!(measured, usize::from(number < 3), "{changed:?}");
        let (_, _, without_time) = tune(&gpu, changed, Duration::ZERO);
        let default = workgroups(&gpu, Tiles::Default);
        assert_eq!(without_time, default);
        assert!(number < 3 || found == default);
    }
}

#[test]
fn what_the_budget_does_not_reach_gets_the_default_and_is_not_taken_up_again() {
    let gpu = gpu();
    let default = workgroups(&gpu, Tiles::Default);
    let (known, measured, found) = tune(&gpu, Vec::new(), Duration::from_nanos(1));
    assert_eq!((known.len(), measured, found), (1, 0, default));
    assert_eq!((&known[0].chosen, known[0].tiles.len()), (&None, 0));
    let (after, measured, found) = tune(&gpu, known.clone(), HOUR);
    assert_eq!((after, measured, found), (known, 0, default));
    let (nothing, measured, found) = tune(&gpu, Vec::new(), Duration::ZERO);
    assert_eq!((nothing.len(), measured, found), (0, 0, default));
}
