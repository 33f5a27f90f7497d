//! (being built)
pub mod error;
pub mod operation;
pub mod transport;

pub use error::{Error, Refusal};
