//! Keeps a panic that is expected, and told in words of ours, from being told in its own.
//!
//! The writer of workbooks knows no other way to say that a disk is full.

use std::cell::Cell;
use std::panic;
use std::sync::Once;

thread_local! {
    /// Whether panics of this thread are told by somebody else.
    static HUSHED: Cell<bool> = const { Cell::new(false) };
}

static HOOKED: Once = Once::new();

/// For as long as this is kept, panics of this thread print nothing.
#[derive(Debug)]
pub struct Hush(());

impl Hush {
    /// Begins.
    pub fn begin() -> Self {
        HOOKED.call_once(|| {
            let before = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                if !HUSHED.try_with(Cell::get).unwrap_or(false) {
                    before(info);
                }
            }));
        });
        HUSHED.set(true);
        Self(())
    }
}

impl Drop for Hush {
    fn drop(&mut self) {
        HUSHED.set(false);
    }
}
