//! Selection: which workspaces a command is about, understood the same everywhere.
//!
//! Decided here where the design leaves it open: `--all` beside `-w` or `-l` is a contradiction and refused. A reading
//! command leaves out what is `off` unless a name or glob takes it along; a writing one takes it along always, so that what was
//! asked there is held and told.

use std::collections::BTreeSet;
use std::fmt;

use globset::{GlobBuilder, GlobMatcher};

use super::nearest::nearest;
use crate::domain::{Fleet, Mode, Workspace};
use crate::trouble::{Advise, Exit};

/// What was asked for on the command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// `-w`: names or globs; any of them.
    pub workspaces: Vec<String>,
    /// `-l`: `K=V`; all of them must hold.
    pub labels: Vec<String>,
    /// `-x`: names or globs that win always.
    pub exclude: Vec<String>,
    /// `--all`.
    pub all: bool,
}

/// What the selection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Only reads: without a selection, all that is not `off`.
    Read,
    /// Writes: demands a selection.
    Write,
}

/// One thing that is wrong with a selection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A write without a selection.
    #[error("no workspaces are selected")]
    NotAsked,
    /// `--all` beside a narrower wish.
    #[error("`--all` contradicts `{with}`")]
    Contradiction {
        /// The other flag.
        with: &'static str,
    },
    /// A label that is not `K=V`.
    #[error("`-l {text}` is not of the form KEY=VALUE")]
    Label {
        /// As typed.
        text: String,
    },
    /// A glob that cannot be read.
    #[error("`{flag} {text}` is not a name or glob")]
    Glob {
        /// The flag.
        flag: &'static str,
        /// As typed.
        text: String,
    },
    /// A name, glob or label that no workspace bears.
    #[error("`{flag} {text}` matches no workspace")]
    NoMatch {
        /// The flag.
        flag: &'static str,
        /// As typed.
        text: String,
        /// The nearest that would match.
        near: Option<String>,
    },
    /// Everything is well-formed and nothing is left.
    #[error("the selection is empty: no workspace fits all of it")]
    Empty,
}

impl Fault {
    fn is_usage(&self) -> bool {
        match self {
            Self::NotAsked | Self::Contradiction { .. } | Self::Label { .. } | Self::Glob { .. } => true,
            Self::NoMatch { .. } | Self::Empty => false,
        }
    }
}

/// Why there is no selection: every fault of it, in the order of flags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectionError {
    faults: Vec<Fault>,
}

impl SelectionError {
    /// Returns the faults.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Returns the exit code: usage where the command line itself is wrong, else selection.
    pub fn exit(&self) -> Exit {
        if self.faults.iter().any(Fault::is_usage) { Exit::Usage } else { Exit::Selection }
    }
}

impl fmt::Display for SelectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, fault) in self.faults.iter().enumerate() {
            write!(f, "{}{fault}", if at == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

impl std::error::Error for SelectionError {}

impl Advise for SelectionError {
    fn advice(&self) -> Vec<String> {
        let mut advice = Vec::new();
        for fault in &self.faults {
            advice.extend(match fault {
                Fault::NotAsked => {
                    Some("say which: `-w NAME`, `-l KEY=VALUE`, or `--all`; `-x NAME` leaves one out".to_owned())
                }
                Fault::Contradiction { with } => Some(format!("drop `--all` or `{with}`")),
                Fault::Label { .. } => Some("write it like `-l tier=gold`".to_owned()),
                Fault::Glob { .. } => {
                    Some("globs know `*`, `?`, `[abc]` and `{a,b}`; quote them for the shell".to_owned())
                }
                Fault::NoMatch { near: Some(near), .. } => Some(format!("did you mean `{near}`?")),
                Fault::NoMatch { near: None, .. } => Some("`keyholder check` lists the workspaces".to_owned()),
                Fault::Empty => {
                    Some("names and labels narrow each other, `-x` wins always, a reading leaves out what is `off` unless it is named".to_owned())
                }
            });
        }
        advice
    }
}

/// A name or glob, ready to match.
#[derive(Debug, Clone)]
pub(super) enum Pattern {
    /// A plain name; the common case in a fleet of thousands.
    Name(String),
    /// A glob.
    Glob(GlobMatcher),
}

impl Pattern {
    /// Reads a name or glob; none where it is neither.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > 1024 {
            return None;
        }
        if !text.contains(['*', '?', '[', '{', '\\']) {
            return Some(Self::Name(text.to_owned()));
        }
        GlobBuilder::new(text).build().ok().map(|glob| Self::Glob(glob.compile_matcher()))
    }

    /// Tells whether it means this workspace.
    pub(super) fn matches(&self, workspace: &Workspace) -> bool {
        self.fits(workspace.name.as_str())
    }

    /// Tells whether it means a workspace of this name.
    fn fits(&self, workspace: &str) -> bool {
        match self {
            Self::Name(name) => workspace == name,
            Self::Glob(glob) => glob.is_match(workspace),
        }
    }
}

/// Returns the workspace a mistyped name probably meant: by name, or by what people call it.
pub(super) fn nearest_workspace<'a>(
    text: &str,
    all: impl IntoIterator<Item = &'a Workspace> + Clone,
) -> Option<String> {
    let called = all.clone().into_iter().find(|workspace| {
        workspace.display_name.as_deref().is_some_and(|name| name.trim().eq_ignore_ascii_case(text.trim()))
    });
    let near = called.map(|workspace| workspace.name.as_str());
    near.or_else(|| nearest(text, all.into_iter().map(|workspace| workspace.name.as_str()))).map(str::to_owned)
}

/// Splits `K=V`; both sides must say something.
pub(super) fn split_label(text: &str) -> Option<(&str, &str)> {
    text.split_once('=').filter(|(key, value)| !key.is_empty() && !value.is_empty())
}

impl Selection {
    /// Chooses the workspaces of a fleet, in config order.
    ///
    /// Workspaces that are `off` stay in the result of a write, and of a read where a name or glob named them: callers report them and
    /// never talk to them. Every fault is told at once.
    pub fn choose<'f>(&self, fleet: &'f Fleet, purpose: Purpose) -> Result<Vec<&'f Workspace>, SelectionError> {
        let mut faults = Vec::new();
        let narrowed = !self.workspaces.is_empty() || !self.labels.is_empty();
        if self.all && narrowed {
            faults.push(Fault::Contradiction { with: if self.workspaces.is_empty() { "-l" } else { "-w" } });
        }
        if purpose == Purpose::Write && !self.all && !narrowed {
            faults.push(Fault::NotAsked);
        }
        let wanted = matching("-w", &self.workspaces, fleet, &mut faults);
        let excluded = matching("-x", &self.exclude, fleet, &mut faults);
        let labels = self.read_labels(fleet, &mut faults);
        let chosen: Vec<&Workspace> = fleet
            .workspaces
            .iter()
            .enumerate()
            .filter(|(at, workspace)| {
                // A write leaves nothing out in silence: what is `off` comes along, and every step there is held.
                let by_default = purpose == Purpose::Write || workspace.mode != Mode::Off;
                let named = if self.workspaces.is_empty() { by_default } else { wanted.contains(at) };
                named && !excluded.contains(at) && labels.iter().all(|(key, value)| holds(workspace, key, value))
            })
            .map(|(_, workspace)| workspace)
            .collect();
        if chosen.is_empty() && faults.is_empty() {
            faults.push(Fault::Empty);
        }
        if faults.is_empty() { Ok(chosen) } else { Err(SelectionError { faults }) }
    }

    /// Tells whether `-x` leaves out a workspace of this name, which need not be in the fleet any more.
    pub fn excludes(&self, name: &str) -> bool {
        any_fits(&self.exclude, name)
    }

    /// Tells whether `-w` takes a workspace of this name along, or takes all; the workspace need not be in the fleet any more.
    pub fn names(&self, name: &str) -> bool {
        self.workspaces.is_empty() || any_fits(&self.workspaces, name)
    }

    /// Drops names and globs of `-x` that mean a workspace which has left the fleet: to choose from the fleet they say nothing.
    #[must_use]
    pub fn without_excluded(mut self, name: &str, fleet: &Fleet) -> Self {
        let in_fleet = |text: &String| {
            Pattern::parse(text).is_none_or(|pattern| {
                !pattern.fits(name) || fleet.workspaces.iter().any(|workspace| pattern.matches(workspace))
            })
        };
        self.exclude.retain(in_fleet);
        self
    }

    /// Says it as it would be typed, for records.
    pub fn describe(&self) -> String {
        let Self { workspaces, labels, exclude, all } = self;
        let mut words: Vec<String> = Vec::new();
        if *all || (workspaces.is_empty() && labels.is_empty()) {
            words.push("--all".to_owned());
        }
        for (flag, values) in [("-w", workspaces), ("-l", labels), ("-x", exclude)] {
            words.extend(values.iter().map(|value| format!("{flag} {value}")));
        }
        words.join(" ")
    }

    fn read_labels<'s>(&'s self, fleet: &Fleet, faults: &mut Vec<Fault>) -> Vec<(&'s str, &'s str)> {
        let mut labels = Vec::new();
        for text in &self.labels {
            let Some((key, value)) = split_label(text) else {
                faults.push(Fault::Label { text: text.clone() });
                continue;
            };
            if !fleet.workspaces.iter().any(|workspace| holds(workspace, key, value)) {
                faults.push(Fault::NoMatch { flag: "-l", text: text.clone(), near: nearest_label(fleet, key, value) });
            }
            labels.push((key, value));
        }
        labels
    }
}

fn any_fits(texts: &[String], name: &str) -> bool {
    texts.iter().filter_map(|text| Pattern::parse(text)).any(|pattern| pattern.fits(name))
}

/// Tells whether a workspace bears a label.
pub(super) fn holds(workspace: &Workspace, key: &str, value: &str) -> bool {
    workspace.labels.get(key).is_some_and(|held| held == value)
}

fn nearest_label(fleet: &Fleet, key: &str, value: &str) -> Option<String> {
    let labels = || fleet.workspaces.iter().flat_map(|workspace| &workspace.labels);
    let keys: BTreeSet<&str> = labels().map(|(key, _)| key.as_str()).collect();
    let key = if keys.contains(key) { key } else { nearest(key, keys)? };
    let values: BTreeSet<&str> = labels().filter(|(k, _)| *k == key).map(|(_, v)| v.as_str()).collect();
    if values.contains(value) {
        return Some(format!("{key}={value}"));
    }
    nearest(value, values).map(|value| format!("{key}={value}"))
}

/// Returns the positions of the workspaces that any of the patterns means.
fn matching(flag: &'static str, texts: &[String], fleet: &Fleet, faults: &mut Vec<Fault>) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    for text in texts {
        let Some(pattern) = Pattern::parse(text) else {
            faults.push(Fault::Glob { flag, text: text.clone() });
            continue;
        };
        let meant = fleet.workspaces.iter().enumerate().filter(|(_, workspace)| pattern.matches(workspace));
        let meant: Vec<usize> = meant.map(|(at, _)| at).collect();
        if meant.is_empty() {
            let near = nearest_workspace(text, &fleet.workspaces);
            faults.push(Fault::NoMatch { flag, text: text.clone(), near });
        }
        found.extend(meant);
    }
    found
}

#[cfg(test)]
mod tests;
