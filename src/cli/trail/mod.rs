//! `keyholder trail`: what the vendor wrote down of what was done, looked at and kept.

pub mod export;
