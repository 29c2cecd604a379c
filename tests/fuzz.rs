//! No byte from outside does harm: the corpus of `cargo fuzz` and thousands of damaged copies of it go through everything that
//! reads files. `scripts/fuzz.sh` looks longer, and where code was not yet.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use digits::limits::PICTURE_UNPACKED_MIB;

#[path = "../fuzz/src/lib.rs"]
mod targets;

/// A decoder may take what a picture may take unpacked, and digits as much again.
const MEMORY: usize = (2 * PICTURE_UNPACKED_MIB as usize) << 20;
const TIME: Duration = Duration::from_secs(5);
/// Damaged copies, for each target, as far as its time goes.
const COPIES: u32 = 3000;
const TIME_OF_A_TARGET: Duration = Duration::from_millis(1000);

/// Counts the bytes that are in use, and the most that were.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static MEMORY_OF_THE_TEST: Counting = Counting;

impl Counting {
    fn count(layout: Layout) {
        let in_use = IN_USE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(in_use, Ordering::Relaxed);
    }
}

#[expect(unsafe_code, reason = "an allocator that counts is one")]
// SAFETY: the system's own allocator does all the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Counting::count(layout);
        // SAFETY: what holds for the caller's layout holds for the system's allocator.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Counting::count(layout);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: it came from the system's allocator, with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Random numbers that need not be good (Steele et al., "Fast splittable pseudorandom number generators", 2014).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % most.max(1) as u64) as usize
    }

    /// Some bits flipped, a part cut out, doubled, or taken from another file, a number blown up, or a word of a text replaced.
    fn damage(&mut self, file: &mut Vec<u8>, other: &[u8]) {
        const NUMBERS: [&[u8]; 8] =
            [&[0xff; 4], &[0xff; 8], &[0x7f, 0xff, 0xff, 0xff], &[0; 4], &[0, 0, 1, 0], b"1e308", b"-0.5", b"65536"];
        let at = self.below(file.len());
        let until = file.len().min(at + 1 + self.below(64));
        match self.below(6) {
            _ if file.is_empty() => file.extend(other),
            0 => file[at] ^= 1 << self.below(8),
            1 => file.truncate(at),
            2 => drop(file.drain(at..until)),
            3 => {
                let part = file[at..until].to_vec();
                file.splice(at..at, part.repeat(1 + self.below(40)));
            }
            4 => {
                let from = self.below(other.len());
                file.splice(at..until, other[from..].iter().copied().take(64).collect::<Vec<u8>>());
            }
            _ => {
                let number = NUMBERS[self.below(NUMBERS.len())];
                file.splice(at..file.len().min(at + number.len()), number.iter().copied());
            }
        }
    }
}

/// The files of a target's corpus, by name.
fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// Whether `read` takes the bytes; what is wrong with how it does so is told with their name.
fn taken(read: targets::Target, bytes: &[u8], name: &str) -> bool {
    let before = IN_USE.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    let start = Instant::now();
    let taken = catch_unwind(|| read(bytes));
    let (time, memory) = (start.elapsed(), MOST.load(Ordering::Relaxed).saturating_sub(before));
    let problem = match taken {
        Ok(taken) if time <= TIME && memory <= MEMORY => return taken,
        Ok(_) => format!("took {time:?} and {} MiB", memory >> 20),
        Err(_) => "panicked".into(),
    };
    let path = std::env::temp_dir().join("digits-fuzz-found");
    fs::write(&path, bytes).unwrap();
    panic!("{name} {problem}; it is in {}", path.display());
}

/// One test, since all memory is counted together.
#[test]
fn whole_files_are_read_damaged_ones_are_refused_and_no_file_takes_more_memory_or_time_than_is_stated() {
    for (target, read) in targets::TARGETS {
        let (files, mut dice) = (corpus(target), Dice(1));
        for (path, bytes) in &files {
            let name = path.file_name().unwrap().to_str().unwrap();
            let is_whole = name.starts_with("whole-");
            assert!(is_whole || name.starts_with("damaged-"), "{}", path.display());
            assert_eq!(taken(read, bytes, &path.display().to_string()), is_whole, "{}", path.display());
        }
        let (start, mut copies) = (Instant::now(), 0);
        while copies < COPIES && start.elapsed() < TIME_OF_A_TARGET {
            let [(path, bytes), (_, other)] = [0, 1].map(|_| &files[dice.below(files.len())]);
            let mut damaged = bytes.clone();
            (0..=dice.below(4)).for_each(|_| dice.damage(&mut damaged, other));
            taken(read, &damaged, &format!("copy {copies} of {}", path.display()));
            copies += 1;
        }
        println!("{target}: {copies} damaged copies in {:?}", start.elapsed());
    }
}
