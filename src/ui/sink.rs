//! Where output goes: the process's own streams, or memory for a run inside a test.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// One output stream. Clones write to the same place.
#[derive(Debug, Clone)]
pub enum Sink {
    /// The process's standard output.
    Stdout,
    /// The process's standard error.
    Stderr,
    /// Memory.
    Memory(Arc<Mutex<Vec<u8>>>),
}

impl Sink {
    /// Makes a sink that keeps everything in memory.
    pub fn memory() -> Self {
        Self::Memory(Arc::default())
    }

    /// Returns what was written to a sink in memory; nothing for the others.
    pub fn written(&self) -> String {
        match self {
            Self::Memory(bytes) => {
                String::from_utf8_lossy(&bytes.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
            }
            Self::Stdout | Self::Stderr => String::new(),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout => io::stdout().write(buf),
            Self::Stderr => io::stderr().write(buf),
            Self::Memory(bytes) => bytes.lock().unwrap_or_else(PoisonError::into_inner).write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout => io::stdout().flush(),
            Self::Stderr => io::stderr().flush(),
            Self::Memory(_) => Ok(()),
        }
    }
}
