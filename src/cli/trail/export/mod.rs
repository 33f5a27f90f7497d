//! `keyholder trail export`: the trail of every workspace, kept for longer than the vendor does.

pub mod form;
pub mod moment;
pub mod scan;
pub mod store;
