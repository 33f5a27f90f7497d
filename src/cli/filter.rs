//! What the flags of several listings narrow by: texts by globs, things by their age.

use std::time::Duration;

use globset::{Glob, GlobSet, GlobSetBuilder};
use jiff::Timestamp;

use crate::trouble::{Exit, Trouble};

/// Makes one set of globs, each with its case folded by `fold` as that of the texts is; none where there is no pattern. `advice` says what
/// the flag takes.
pub fn globs(patterns: &[String], fold: impl Fn(&str) -> String, advice: &str) -> Result<Option<GlobSet>, Trouble> {
    if patterns.is_empty() {
        return Ok(None);
    }
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let glob = Glob::new(&fold(pattern.trim())).map_err(|error| Trouble::new(Exit::Usage, error).advise(advice))?;
        set.add(glob);
    }
    set.build().map(Some).map_err(|error| Trouble::new(Exit::Usage, error))
}

/// Returns how old something is that the API says was made at a moment; none where that cannot be read. What says it was made later than now
/// is new.
pub fn age(made: &str, now: Timestamp) -> Option<Duration> {
    let made: Timestamp = made.parse().ok()?;
    Some(Duration::try_from(now.duration_since(made)).unwrap_or_default())
}
