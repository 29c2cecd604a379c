//! The window itself: winit brings events, egui makes shapes of its content, wgpu paints them. It draws when something changed
//! and sleeps otherwise.

use std::num::NonZeroU32;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use egui::{Context, TexturesDelta, Ui, ViewportId};
use egui_wgpu::winit::Painter;
use egui_wgpu::{RendererOptions, WgpuConfiguration, WgpuSetup};
use egui_winit::accesskit_winit;
use winit::application::ApplicationHandler;
use winit::dpi::LogicalSize;
use winit::event::{StartCause, WindowEvent};
use winit::event_loop::{ActiveEventLoop, ControlFlow, EventLoop, EventLoopProxy};
use winit::window::{Window, WindowId};

use super::{WindowError, reason};
use crate::platform::hushed;

/// A device that is lost again so soon is not opened again.
const PATIENCE: Duration = Duration::from_secs(10);

/// A frame that can wait for so long waits until this many times as long as the last one took has passed, too: where painting is
/// dear, on a software driver, a training that is watched needs the processor more. What a driver does the first time counts for
/// little.
const UNHURRIED: Duration = Duration::from_secs(1);
const REST: u32 = 60;
const DEAREST: Duration = Duration::from_millis(50);

/// What a window shows. It knows nothing of the window system.
pub trait Content {
    /// One frame.
    fn show(&mut self, ui: &mut Ui);

    /// What the window is called.
    fn title(&self) -> String;

    /// Whether it has ended, and the window with it.
    fn end(&self) -> Option<Result<(), WindowError>>;

    /// Forgets what lies on a device that is gone.
    fn forget_textures(&mut self);
}

/// What reaches the window besides its own events.
#[derive(Debug)]
pub enum Signal {
    /// Draw after this time.
    Draw(Duration),
    Accessibility(accesskit_winit::Event),
    /// The window's device is lost.
    Lost(String),
}

impl From<accesskit_winit::Event> for Signal {
    fn from(event: accesskit_winit::Event) -> Signal {
        Signal::Accessibility(event)
    }
}

/// The window while it is open, and what runs in it.
pub struct Shell<C> {
    proxy: EventLoopProxy<Signal>,
    context: Context,
    content: C,
    screen: Option<Screen>,
    /// When to draw next, if no event comes earlier.
    next: Option<Instant>,
    /// Until when a frame that can wait waits.
    rested: Instant,
    lost: Option<Instant>,
    /// How often the window was opened.
    opened: usize,
    error: Option<WindowError>,
}

/// A window and what paints it.
struct Screen {
    window: Arc<Window>,
    painter: Painter,
    input: egui_winit::State,
    title: String,
    /// Nobody sees it, so nothing is painted.
    is_hidden: bool,
    /// Of frames that were not painted.
    textures: TexturesDelta,
}

impl<C: Content> Shell<C> {
    /// Shows `content` until its window is closed.
    ///
    /// # Errors
    /// The window cannot be opened, or its device is lost for good.
    pub fn run(events: EventLoop<Signal>, context: Context, content: C) -> Result<(), WindowError> {
        let proxy = events.create_proxy();
        let wake = proxy.clone();
        context.set_request_repaint_callback(move |request| {
            // A loop that has ended draws no more.
            let _ = wake.send_event(Signal::Draw(request.delay));
        });
        let mut shell = Shell {
            proxy,
            context,
            content,
            screen: None,
            next: None,
            rested: Instant::now(),
            lost: None,
            opened: 0,
            error: None,
        };
        let is_gone = note_panics_of_winit();
        let run = AssertUnwindSafe(|| events.run_app(&mut shell));
        match panic::catch_unwind(run) {
            Ok(ended) => ended.map_err(|error| WindowError::Ended(reason(&error)))?,
            Err(_) if is_gone.load(Ordering::Relaxed) => return Err(WindowError::DisplayGone),
            Err(ours) => panic::resume_unwind(ours),
        }
        shell.error.map_or(Ok(()), Err)
    }

    fn open(&mut self, events: &ActiveEventLoop) -> Result<Screen, WindowError> {
        let failed = |reason: String| WindowError::Window(reason);
        let attributes = Window::default_attributes()
            .with_title(self.content.title())
            .with_inner_size(LogicalSize::new(1000.0, 760.0))
            .with_min_inner_size(LogicalSize::new(520.0, 320.0))
            // Screen readers must be told before it shows.
            .with_visible(false);
        let window = Arc::new(events.create_window(attributes).map_err(|error| failed(reason(&error)))?);
        let setup = WgpuSetup::from_display_handle(events.owned_display_handle());
        let configuration = WgpuConfiguration { wgpu_setup: setup, ..Default::default() };
        let painter = Painter::new(self.context.clone(), configuration, false, RendererOptions::default());
        let mut painter = pollster::block_on(painter);
        pollster::block_on(painter.set_window(ViewportId::ROOT, Some(window.clone())))
            .map_err(|error| failed(error.to_string()))?;
        if let Some(state) = painter.render_state() {
            let proxy = self.proxy.clone();
            state.device.set_device_lost_callback(move |reason, message| {
                // Dropping the last handle of a device also ends here.
                if reason != egui_wgpu::wgpu::DeviceLostReason::Destroyed {
                    let _ = proxy.send_event(Signal::Lost(message));
                }
            });
        }
        let scale = Some(window.scale_factor() as f32);
        // Egui sends what has changed of its letters, and all of them where there is less room than before: a new painter has none.
        let (theme, most) = (window.theme(), painter.max_texture_side().map(|most| most - self.opened));
        self.opened += 1;
        let mut input = egui_winit::State::new(self.context.clone(), ViewportId::ROOT, &window, scale, theme, most);
        input.init_accesskit(events, &window, self.proxy.clone());
        window.set_visible(true);
        window.request_redraw();
        Ok(Screen {
            window,
            painter,
            input,
            title: String::new(),
            is_hidden: false,
            textures: TexturesDelta::default(),
        })
    }

    /// Opens the window, or ends.
    fn start(&mut self, events: &ActiveEventLoop) {
        match self.open(events) {
            Ok(screen) => self.screen = Some(screen),
            Err(error) => {
                self.error = Some(error);
                events.exit();
            }
        }
    }

    fn draw(&mut self) {
        let Some(Screen { window, painter, input, title, is_hidden, textures }) = &mut self.screen else { return };
        self.next = None;
        let began = Instant::now();
        let mut raw = input.take_egui_input(window);
        raw.viewports.entry(ViewportId::ROOT).or_default().occluded = Some(*is_hidden);
        let output = self.context.run_ui(raw, |ui| self.content.show(ui));
        input.handle_platform_output(window, output.platform_output);
        textures.append(output.textures_delta);
        if !*is_hidden {
            let shapes = self.context.tessellate(output.shapes, output.pixels_per_point);
            let clear = self.context.global_style().visuals.panel_fill.to_normalized_gamma_f32();
            let scale = output.pixels_per_point;
            painter.paint_and_update_textures(ViewportId::ROOT, scale, clear, &shapes, textures, Vec::new(), window);
        }
        self.rested = Instant::now() + REST * began.elapsed().min(DEAREST);
        let newest = self.content.title();
        if *title != newest {
            window.set_title(&newest);
            *title = newest;
        }
    }

    /// Opens the window's device again. What is drawn stays, since it lies with the content.
    fn recover(&mut self, events: &ActiveEventLoop, reason: String) {
        // wgpu 30 panics where a picture of the window was on its way.
        let screen = self.screen.take();
        let _ = hushed(|| drop(screen));
        if self.lost.is_some_and(|earlier| earlier.elapsed() < PATIENCE) {
            self.error = Some(WindowError::Lost(reason));
            events.exit();
            return;
        }
        self.lost = Some(Instant::now());
        self.content.forget_textures();
        self.start(events);
    }
}

/// Winit panics where its display goes away, which is no mistake of this program: notes it, and says nothing. All other
/// panics are told as before.
fn note_panics_of_winit() -> Arc<AtomicBool> {
    let is_gone: Arc<AtomicBool> = Arc::default();
    let (note, tell) = (is_gone.clone(), panic::take_hook());
    panic::set_hook(Box::new(move |info| {
        if info.location().is_some_and(|location| location.file().contains("winit")) {
            note.store(true, Ordering::Relaxed);
        } else {
            tell(info);
        }
    }));
    is_gone
}

impl<C: Content> ApplicationHandler<Signal> for Shell<C> {
    fn resumed(&mut self, events: &ActiveEventLoop) {
        if self.screen.is_none() {
            self.start(events);
        }
    }

    fn new_events(&mut self, events: &ActiveEventLoop, cause: StartCause) {
        if let (StartCause::ResumeTimeReached { .. }, Some(screen)) = (cause, &self.screen) {
            // A time that has passed would wake the loop again and again.
            events.set_control_flow(ControlFlow::Wait);
            screen.window.request_redraw();
        }
    }

    fn user_event(&mut self, events: &ActiveEventLoop, signal: Signal) {
        match signal {
            Signal::Draw(delay) => {
                let now = Instant::now();
                let time = if delay < UNHURRIED { now + delay } else { self.rested.max(now + delay) };
                let next = self.next.map_or(time, |next| next.min(time));
                self.next = Some(next);
                match &self.screen {
                    Some(screen) if next <= now => screen.window.request_redraw(),
                    _ => events.set_control_flow(ControlFlow::WaitUntil(next)),
                }
            }
            Signal::Accessibility(event) => {
                let Some(screen) = &mut self.screen else { return };
                if let accesskit_winit::WindowEvent::ActionRequested(request) = event.window_event {
                    screen.input.on_accesskit_action_request(request);
                }
                screen.window.request_redraw();
            }
            Signal::Lost(reason) => self.recover(events, reason),
        }
    }

    fn window_event(&mut self, events: &ActiveEventLoop, _: WindowId, event: WindowEvent) {
        // Egui would answer it with a wish to be drawn.
        if matches!(event, WindowEvent::RedrawRequested) {
            self.draw();
            if let Some(end) = self.content.end() {
                self.error = end.err();
                events.exit();
            }
            return;
        }
        let Some(Screen { window, painter, input, is_hidden, .. }) = &mut self.screen else { return };
        if input.on_window_event(window, &event).repaint {
            window.request_redraw();
        }
        match event {
            WindowEvent::CloseRequested => {
                // The worker may need a while to end, which nobody should have to watch.
                self.screen = None;
                events.exit();
            }
            WindowEvent::Resized(size) => {
                if let (Some(width), Some(height)) = (NonZeroU32::new(size.width), NonZeroU32::new(size.height)) {
                    painter.on_window_resized(ViewportId::ROOT, width, height);
                }
                window.request_redraw();
            }
            WindowEvent::Occluded(hidden) => {
                *is_hidden = hidden;
                window.request_redraw();
            }
            _ => {}
        }
    }
}
