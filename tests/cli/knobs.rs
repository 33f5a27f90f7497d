//! What a person can set for these tests: how many trials, which one alone, which binary. And their one real wait.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

/// How many trials of a proof are made.
pub(crate) const TRIALS: &str = "KEYHOLDER_TRIALS";
/// The one trial to make, by its seed.
pub(crate) const SEED: &str = "KEYHOLDER_SEED";
/// The binary to test, such as one built for release; else the one that cargo built with these tests.
pub(crate) const BINARY: &str = "KEYHOLDER_BIN";

#[expect(clippy::disallowed_methods, reason = "cargo hands tests nothing but the environment")]
fn set(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

/// Returns the seeds of the trials to make: all with `KEYHOLDER_TRIALS=full`, so many with a number, one with `KEYHOLDER_SEED`.
pub(crate) fn seeds(few: u64, all: u64) -> Vec<u64> {
    if let Some(seed) = set(SEED) {
        return vec![seed.parse().unwrap_or_else(|_not_a_number| panic!("{SEED}={seed} is not a number"))];
    }
    let count = match set(TRIALS).as_deref() {
        None => few,
        Some("full") => all,
        Some(number) => number.parse().unwrap_or_else(|_not_a_number| panic!("{TRIALS}={number} is not a number")),
    };
    (0..count).collect()
}

/// Tells whether all trials are asked for.
pub(crate) fn is_full() -> bool {
    set(TRIALS).as_deref() == Some("full")
}

/// Returns the binary that is tested.
pub(crate) fn binary() -> PathBuf {
    static BIN: LazyLock<PathBuf> = LazyLock::new(|| match set(BINARY) {
        None => PathBuf::from(env!("CARGO_BIN_EXE_keyholder")),
        // Children run in folders of their own.
        Some(path) => std::fs::canonicalize(&path).unwrap_or_else(|error| panic!("{BINARY}={path}: {error}")),
    });
    BIN.clone()
}

/// Waits in real time: to strike a child at some moment, never to see something come true.
#[expect(
    clippy::disallowed_methods,
    reason = "another process is struck at a moment of real time; nothing is asserted of it"
)]
pub(crate) fn pause(long: Duration) {
    std::thread::sleep(long);
}
