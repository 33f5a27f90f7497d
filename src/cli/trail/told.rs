//! How a trail was found: with records, empty, not allowed, or not readable. Three things that are easily taken for one another.

use crate::cli::session;
use crate::report::Coverage;
use crate::run::{LaneTrouble, Target, TrailTold, TroubleKind};

/// How a trail was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It has records.
    Records,
    /// It was read to its end, and nothing is in it.
    Empty,
    /// It was read only in part.
    Partial,
    /// The workspace's plan does not allow it.
    Plan,
    /// The key does not allow it.
    Scope,
    /// It could not be read.
    Unreadable,
}

impl Found {
    /// Returns its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Records => "records",
            Self::Empty => "empty",
            Self::Partial => "partial",
            Self::Plan => "plan",
            Self::Scope => "scope",
            Self::Unreadable => "unreadable",
        }
    }

    /// Says what a trouble makes of a trail of which nothing came.
    pub fn of_trouble(trouble: &LaneTrouble) -> Self {
        match trouble.kind {
            TroubleKind::Plan => Self::Plan,
            TroubleKind::Scope => Self::Scope,
            _ => Self::Unreadable,
        }
    }
}

/// Says in the coverage how the trail of a workspace was found; the reason is told where it is not whole.
pub fn cover(
    coverage: &mut Coverage,
    target: &Target,
    told: Result<&TrailTold, &LaneTrouble>,
) -> (Found, Option<String>) {
    let name = target.name.as_str();
    match told {
        Ok(TrailTold { incomplete: None, records, .. }) => {
            coverage.complete += 1;
            (if *records == 0 { Found::Empty } else { Found::Records }, None)
        }
        Ok(TrailTold { trouble: Some(trouble), records: 0, .. }) | Err(trouble) => {
            let found = Found::of_trouble(trouble);
            let text = match found {
                Found::Plan => {
                    format!("its plan does not allow the audit log, which says nothing of what is in it: {trouble}")
                }
                Found::Scope => {
                    format!("the key does not allow the audit log, which says nothing of what is in it: {trouble}")
                }
                _ => trouble.text.clone(),
            };
            let trouble = LaneTrouble { text, ..trouble.clone() };
            session::unreadable(coverage, name, &trouble);
            (found, Some(trouble.text))
        }
        Ok(TrailTold { incomplete: Some(why), .. }) => {
            let why = format!("audit-logs: {why}");
            coverage.partial.push((name.to_owned(), why.clone()));
            (Found::Partial, Some(why))
        }
    }
}
