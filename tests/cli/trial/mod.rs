//! Trials of the real binary: a fleet, a command, faults and strikes out of a seed; the world and the ledger afterwards compared with
//! a model that shares nothing with the planner.
//!
//! A trial is struck at moments of real time, so a seed gives the same fleet, command, faults and plan of strikes, and nearly, not
//! surely, the same story.

pub(crate) mod draw;
pub(crate) mod judge;
pub(crate) mod life;
pub(crate) mod model;
pub(crate) mod pool;
pub(crate) mod story;

pub(crate) use draw::Manner;
pub(crate) use pool::prove;
