//! Talking to people: printing, progress, words.
//!
//! stdout is data, stderr is talk. Knows nothing of what a command does; it is handed text and numbers.

pub mod printer;
pub mod progress;
pub mod sink;
pub mod words;

pub use printer::Printer;
pub use progress::Progress;
pub use sink::Sink;
