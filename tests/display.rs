//! The window on a real display server with a real pointer: Xvfb and xdotool, which `scripts/setup.sh` installs.
#![cfg(all(feature = "window", target_os = "linux"))]

#[path = "faulty/mod.rs"]
mod faulty;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Long enough for a software driver with cold caches on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);

/// The middle of the canvas in the window as it opens, in pixels.
const MIDDLE: [i32; 2] = [290, 331];

/// A process that ends with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A display of its own, and its name.
fn display() -> (Running, String) {
    let mut server = Command::new("Xvfb");
    // A server begins anew when its only client leaves, which xdotool is until the window is there, and refuses others meanwhile.
    server.args(["-displayfd", "1", "-screen", "0", "1200x900x24", "-nolisten", "tcp", "-noreset"]);
    let server = server.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut server = Running(server.unwrap_or_else(|error| panic!("Xvfb: {error}; scripts/setup.sh installs it")));
    let mut number = String::new();
    BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut number).unwrap();
    (server, format!(":{}", number.trim()))
}

fn draw_command(display: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_digits"));
    command.arg("draw").env("DISPLAY", display).env_remove("WAYLAND_DISPLAY").env_remove("WAYLAND_SOCKET");
    command
}

fn xdotool(display: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new("xdotool").args(arguments).env("DISPLAY", display).output();
    let output = output.unwrap_or_else(|error| panic!("xdotool: {error}; scripts/setup.sh installs it"));
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap().trim().to_string())
}

/// Asks until there is an answer.
#[track_caller]
fn wait(what: &str, mut answer: impl FnMut() -> Option<String>) -> String {
    let start = Instant::now();
    loop {
        if let Some(found) = answer() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "waited for {what}");
        sleep(Duration::from_millis(50));
    }
}

fn stroke(display: &str, points: &[[i32; 2]]) {
    let at = |[x, y]: [i32; 2]| [(MIDDLE[0] + x).to_string(), (MIDDLE[1] + y).to_string()];
    let move_to = |point: [i32; 2]| {
        let [x, y] = at(point);
        xdotool(display, &["mousemove", &x, &y]).unwrap();
        sleep(Duration::from_millis(20));
    };
    move_to(points[0]);
    xdotool(display, &["mousedown", "1"]).unwrap();
    for pair in points.windows(2) {
        for step in 1..=10 {
            move_to([0, 1].map(|axis| pair[0][axis] + (pair[1][axis] - pair[0][axis]) * step / 10));
        }
    }
    xdotool(display, &["mouseup", "1"]).unwrap();
}

/// How long a process has computed, in hundredths of a second.
fn computed(process: &Child) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.id())).unwrap();
    let (_, behind_the_name) = stat.rsplit_once(") ").unwrap();
    behind_the_name.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
}

#[test]
fn digits_drawn_with_a_pointer_are_read_back_from_the_title_and_then_the_window_rests() {
    let (_server, display) = display();
    let mut program = Running(draw_command(&display).spawn().unwrap());
    let window = wait("the window", || {
        assert!(program.0.try_wait().unwrap().is_none(), "it ended before it had a window");
        xdotool(&display, &["search", "--onlyvisible", "--name", "digits"])
    });
    let window = window.lines().next().unwrap().to_string();
    let title = || xdotool(&display, &["getwindowname", &window]);
    let digits: [(&str, &[&[[i32; 2]]]); 3] = [
        ("7", &[&[[-90, -150], [90, -150], [-20, 150]]]),
        ("1", &[&[[0, -150], [0, 150]]]),
        ("4", &[&[[-60, -150], [-80, 20], [90, 20]], &[[50, -150], [40, 160]]]),
    ];
    for (digit, strokes) in digits {
        for points in strokes {
            stroke(&display, points);
        }
        wait(&format!("a {digit}, not {:?}", title()), || title().filter(|title| title.starts_with(digit)));
        wait("rest: half a second with nothing to do", || {
            let before = computed(&program.0);
            sleep(Duration::from_millis(500));
            (computed(&program.0) - before <= 2).then(String::new)
        });
        xdotool(&display, &["windowfocus", "--sync", &window, "key", "Escape"]).unwrap();
        wait("an empty canvas", || title().filter(|title| title == "digits"));
    }
    assert!(program.0.try_wait().unwrap().is_none(), "it runs until it is closed");
}

#[test]
fn a_window_whose_gpu_is_lost_is_opened_again_and_reads_what_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    for fault in ["submit 60", "wait 60"] {
        let (_server, display) = display();
        // The second device is there when both are, the window's and the worker's.
        let mut command = draw_command(&display);
        faulty::fail_on_purpose(&mut command, folder.path(), &format!("none,{fault}"));
        let mut program = Running(command.stderr(Stdio::piped()).spawn().unwrap());
        let newest = || {
            let windows = xdotool(&display, &["search", "--onlyvisible", "--name", "."])?;
            windows.lines().last().map(str::to_string)
        };
        let first = wait("the window", newest);
        let began = Instant::now();
        let second = loop {
            stroke(&display, &[[-90, -150], [90, -150], [-20, 150]]);
            let ended = program.0.try_wait().unwrap();
            assert!(ended.is_none(), "{fault}: {ended:?}, {}", said(&mut program));
            match newest() {
                Some(window) if window != first => break window,
                _ => assert!(began.elapsed() < PATIENCE, "{fault}: no device was lost"),
            }
        };
        let title = || xdotool(&display, &["getwindowname", &second]);
        wait("an answer about what was drawn before", || title().filter(|title| title != "digits"));
        xdotool(&display, &["windowfocus", "--sync", &second, "key", "Escape"]).unwrap();
        wait("an empty canvas", || title().filter(|title| title == "digits"));
        stroke(&display, &[[0, -150], [0, 150]]);
        wait("a 1", || title().filter(|title| title.starts_with('1')));
        assert!(program.0.try_wait().unwrap().is_none(), "{fault}: it runs until it is closed");
    }
}

/// What a program that has ended said.
fn said(program: &mut Running) -> String {
    let mut message = String::new();
    program.0.stderr.take().unwrap().read_to_string(&mut message).unwrap();
    message
}

/// Runs a command that must fail with one sentence, which begins like this.
#[track_caller]
fn fails(command: &mut Command, sentence: &str) {
    let output = command.output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.starts_with(sentence) && message.trim().lines().count() == 1, "{message}");
}

#[test]
fn without_a_display_one_sentence_says_so() {
    let sentence = |reason: &str| {
        format!(
            "error: there is no display to open a window on ({reason}); run `digits predict` on picture files instead"
        )
    };
    let none = sentence("neither WAYLAND_DISPLAY nor WAYLAND_SOCKET nor DISPLAY is set");
    fails(draw_command("").env_remove("DISPLAY"), &none);
    fails(&mut draw_command(":4711"), &sentence("Failed to open connection to X server"));
}

#[test]
fn an_adapter_that_is_not_there_closes_the_window_with_one_sentence() {
    let (_server, display) = display();
    fails(draw_command(&display).args(["--adapter", "no such GPU"]), "error: no adapter matches");
}

#[test]
fn a_display_that_goes_away_ends_the_program() {
    let (server, display) = display();
    let mut program = Running(draw_command(&display).stderr(Stdio::piped()).spawn().unwrap());
    wait("the window", || xdotool(&display, &["search", "--onlyvisible", "--name", "digits"]));
    drop(server);
    let status = wait("the end", || program.0.try_wait().unwrap().map(|status| format!("{:?}", status.code())));
    let message = said(&mut program);
    // A closing sentence of ours or of the X library, whichever notices first.
    assert_eq!(status, "Some(1)", "{message}");
    assert!(!message.contains("panicked"), "{message}");
}
