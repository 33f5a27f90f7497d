//! Room for open files: a connection for each request in flight, a lock for each workspace that is talked to, and another for each
//! that is written to.
//!
//! Many systems allow a program 1,024 open files, or 256, unless it asks for more, and much more if it asks. We ask when we need it
//! and for no more than that, so that key commands, which inherit the limit, do not get an endless one.

use std::collections::BTreeSet;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::api::{Permits, breadth};
use crate::run::{Deck, Target, lane};
use crate::trouble::{Exit, Trouble};

/// What is open besides connections and locks: the ledger with its journal, the streams, the runtime's own, key files, helpers.
const OTHERS: u64 = 64;

/// Makes room for reading these workspaces: the pace locks of the lanes alive at once, and those of the admins they are reached via.
pub fn for_talking(deck: &Deck, targets: &[Target]) -> Result<(), Trouble> {
    make_room(&deck.in_flight, talks(targets))
}

/// Makes room for reading these workspaces into so many files at a time.
pub fn for_talking_and_files(deck: &Deck, targets: &[Target], files: usize) -> Result<(), Trouble> {
    make_room(&deck.in_flight, talks(targets) + files)
}

/// Makes room for writing to so many of these workspaces.
pub fn for_writing(deck: &Deck, targets: &[Target], written_to: usize) -> Result<(), Trouble> {
    make_room(&deck.in_flight, written_to + talks(targets))
}

/// Makes room for the connections of a run that takes no lock.
pub fn for_connections(in_flight: &Permits) -> Result<(), Trouble> {
    make_room(in_flight, 0)
}

fn talks(targets: &[Target]) -> usize {
    let admins: BTreeSet<&str> =
        targets.iter().flat_map(|target| target.pays.iter().skip(1)).map(|(key, _)| key.as_str()).collect();
    targets.len().min(lane::ALIVE) + admins.len()
}

/// Makes room for the connections of a run and so many locks, or says that there is none. To be asked before anything is written. Where
/// nobody asked for a number in flight there are as many as there is room for.
fn make_room(in_flight: &Permits, locks: usize) -> Result<(), Trouble> {
    let others = locks as u64 + OTHERS;
    let most = in_flight.most() as u64;
    let limit = getrlimit(Resource::Nofile);
    let raise = |current: u64| {
        let more = Rlimit { current: Some(current), maximum: limit.maximum };
        setrlimit(Resource::Nofile, more).map_err(|_refused| short(current, limit.current.unwrap_or_default()))
    };
    match raised(limit.current, limit.maximum, most + others) {
        Room::Enough => Ok(()),
        Room::Raise(current) => raise(current),
        Room::Short(allowed) => {
            let left = usize::try_from(allowed.saturating_sub(others)).unwrap_or(usize::MAX);
            if in_flight.narrow(left) { raise(allowed) } else { Err(too_wide(in_flight, most + others, allowed, left)) }
        }
    }
}

/// What is to be done about the limit.
#[derive(Debug, PartialEq, Eq)]
enum Room {
    Enough,
    Raise(u64),
    Short(u64),
}

/// Judges a limit and how far it may be raised; none means no limit.
fn raised(current: Option<u64>, maximum: Option<u64>, needed: u64) -> Room {
    match (current, maximum) {
        (None, _) => Room::Enough,
        (Some(current), _) if current >= needed => Room::Enough,
        (_, Some(maximum)) if maximum < needed => Room::Short(maximum),
        _ => Room::Raise(needed),
    }
}

/// Says that there is no room for what was asked: fewer in flight where that would do.
fn too_wide(in_flight: &Permits, needed: u64, most: u64, left: usize) -> Trouble {
    if in_flight.is_fixed() && left > 0 {
        short(needed, most).advise(format!("or give --in-flight {left} at most, or leave it away"))
    } else {
        short(needed - in_flight.most() as u64 + breadth::LEAST as u64, most)
    }
}

fn short(needed: u64, most: u64) -> Trouble {
    Trouble::new(
        Exit::Config,
        format!(
            "this run needs up to {needed} open files, and the system allows this program {most}; nothing was written"
        ),
    )
    .advise(format!("allow more (`ulimit -Hn {needed}` where you may), or select fewer workspaces at a time"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_raised_as_far_as_needed_and_no_further() {
        assert_eq!(raised(Some(1024), Some(4096), 1000), Room::Enough);
        assert_eq!(raised(Some(1024), Some(4096), 1024), Room::Enough);
        assert_eq!(raised(Some(1024), Some(4096), 2192), Room::Raise(2192));
        assert_eq!(raised(Some(256), None, 2192), Room::Raise(2192));
        assert_eq!(raised(None, None, 2192), Room::Enough);
    }

    #[test]
    fn a_limit_that_cannot_be_raised_far_enough_is_told_with_what_is_allowed() {
        assert_eq!(raised(Some(1024), Some(2048), 2192), Room::Short(2048));
        let trouble = short(2192, 2048);
        assert_eq!(trouble.exit, Exit::Config);
        assert!(trouble.to_string().contains("2192") && trouble.to_string().contains("2048"), "{trouble}");
    }
}
