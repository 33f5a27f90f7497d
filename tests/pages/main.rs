//! The pages of bulk reports: what they say, what they never say, and that nothing foreign in them comes alive, in a browser too.
#![expect(clippy::unwrap_used, reason = "all of it is test code, helpers too")]

mod browser;
mod honest;
mod hostile;
mod plain;
mod sample;
mod strangers;
mod structure;
mod tokens;
