//! Time: one start moment plus the runtime's timer.
//!
//! *Now* is the start plus what the runtime says has passed, so under a paused runtime timestamps, sleeps and pacing are
//! all virtual and exact. Owns every way to ask for time or to wait; other rooms ask it.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

/// The program's clock. Cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Timestamp,
    origin: Instant,
}

impl Clock {
    /// Starts a clock at the given moment. Needs a runtime only once it is asked to wait.
    pub fn starting_at(start: Timestamp) -> Self {
        Self { start, origin: Instant::now() }
    }

    /// Returns the moment it is, for showing and storing; it decides nothing.
    pub fn now(&self) -> Timestamp {
        let passed = jiff::SignedDuration::try_from(self.elapsed()).unwrap_or(jiff::SignedDuration::MAX);
        self.start.checked_add(passed).unwrap_or(Timestamp::MAX)
    }

    /// Returns the moment the clock was started at.
    pub fn start(&self) -> Timestamp {
        self.start
    }

    /// Returns how long the clock has run.
    pub fn elapsed(&self) -> Duration {
        self.instant().duration_since(self.origin)
    }

    /// Returns the runtime's instant, for deadlines.
    pub fn instant(&self) -> Instant {
        Instant::now()
    }

    /// Waits for a while.
    #[expect(clippy::disallowed_methods, reason = "this is the Clock")]
    pub async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    /// Waits until an instant.
    pub async fn sleep_until(&self, deadline: Instant) {
        tokio::time::sleep_until(deadline).await;
    }
}
