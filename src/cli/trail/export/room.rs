//! Room for what is known of files that are read whole: of those without a mark, as a first export that was cut leaves them.
//!
//! Every record there is remembered by sixteen bytes until its workspace ends, and very many workspaces are exported at once. So files are read
//! back only while those that are open already are not too long together; one file that is too long alone has all the room for itself.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes of files whose records are known at once. A record takes some hundred bytes in a file, and a tenth of that in memory.
const MOST: u64 = 256 * 1024 * 1024;

/// Bytes that are counted as one.
const UNIT: u64 = 64 * 1024;

/// The room of an export.
#[derive(Debug, Clone)]
pub struct Room {
    units: u32,
    free: Arc<Semaphore>,
}

/// Room that is taken until this is dropped.
#[derive(Debug)]
pub struct Taken(#[expect(dead_code, reason = "held for its end")] Option<OwnedSemaphorePermit>);

impl Default for Room {
    fn default() -> Self {
        Self::of(MOST)
    }
}

impl Room {
    /// Makes room for files of so many bytes.
    pub fn of(bytes: u64) -> Self {
        let units = u32::try_from(bytes / UNIT).unwrap_or(u32::MAX).max(1);
        Self { units, free: Arc::new(Semaphore::new(units as usize)) }
    }

    /// Takes room for files of so many bytes, once there is some; in the order in which it is asked for.
    pub async fn take(&self, bytes: u64) -> Taken {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).min(self.units);
        if units == 0 {
            return Taken(None);
        }
        // Nobody closes it.
        Taken(Arc::clone(&self.free).acquire_many_owned(units).await.ok())
    }
}
