//! Storing keys.
