//! Progress on stderr: lanes done, failed and waiting, requests, what the slowest waits for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A display that a person sees on a terminal and nobody sees elsewhere.
#[derive(Debug, Clone)]
pub struct Progress {
    bar: ProgressBar,
    failed: Arc<AtomicUsize>,
    visible: bool,
}

impl Progress {
    /// Makes a display; hidden unless a person reads stderr.
    pub fn new(visible: bool) -> Self {
        let bar = ProgressBar::hidden();
        Self { bar, failed: Arc::default(), visible }
    }

    /// Tells whether a person sees it.
    pub fn is_visible(&self) -> bool {
        self.visible
    }

    /// Begins a phase of so many lanes.
    pub fn begin(&self, what: &'static str, lanes: usize) {
        if !self.visible {
            return;
        }
        self.failed.store(0, Ordering::Relaxed);
        let style = ProgressStyle::with_template("{prefix} {bar:24} {pos}/{len} lanes · {msg} · ETA {eta}")
            .expect("a constant template that was tried")
            .progress_chars("━╸ ");
        self.bar.reset();
        self.bar.set_style(style);
        self.bar.set_prefix(what);
        self.bar.set_length(lanes as u64);
        self.bar.set_position(0);
        self.bar.set_message("0 failed");
        self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        self.bar.enable_steady_tick(Duration::from_millis(200));
    }

    /// One lane ended.
    pub fn lane_ended(&self, failed: bool) {
        if failed {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        self.bar.inc(1);
    }

    /// Shows the numbers beside the bar.
    pub fn note(&self, requests: u64, throttled: u64, lost: Duration, waiting: Option<&str>) {
        if !self.visible {
            return;
        }
        let mut text = format!("{} failed · {requests} requests", self.failed.load(Ordering::Relaxed));
        if throttled > 0 {
            let lost = super::words::duration(lost);
            text = format!("{text} · {throttled} × 429, {lost} lost to limits");
        }
        if let Some(waiting) = waiting {
            text.push_str(" · ");
            text.push_str(waiting);
        }
        self.bar.set_message(text);
    }

    /// Ends the phase and clears the display.
    pub fn end(&self) {
        self.bar.disable_steady_tick();
        self.bar.finish_and_clear();
        self.bar.set_draw_target(ProgressDrawTarget::hidden());
    }

    /// Does something to the terminal while the display is away.
    pub fn suspend<T>(&self, work: impl FnOnce() -> T) -> T {
        self.bar.suspend(work)
    }
}
