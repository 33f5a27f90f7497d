//! Acceptances: findings somebody looked at and took on, until a day.

use globset::{GlobBuilder, GlobMatcher};
use jiff::civil::Date;

use crate::domain::{About, Acceptance, Accepted, FindingCode, WorkspaceName};

/// The acceptances that hold today, made ready.
#[derive(Debug)]
pub(super) struct Acceptances<'p> {
    /// Longest first: where several fit, the one that holds longest is told.
    ready: Vec<Ready<'p>>,
}

#[derive(Debug)]
struct Ready<'p> {
    acceptance: &'p Acceptance,
    workspace: Option<Pattern<'p>>,
    key: Option<Pattern<'p>>,
}

/// A name, or a glob over names.
#[derive(Debug)]
struct Pattern<'p> {
    text: &'p str,
    /// None where the text is no glob: then it is a name only.
    glob: Option<GlobMatcher>,
}

impl<'p> Pattern<'p> {
    fn new(text: &'p str) -> Self {
        let glob = GlobBuilder::new(text).literal_separator(false).build().ok();
        Self { text, glob: glob.map(|glob| glob.compile_matcher()) }
    }

    fn fits(&self, name: &str) -> bool {
        self.text == name || self.glob.as_ref().is_some_and(|glob| glob.is_match(name))
    }
}

impl<'p> Acceptances<'p> {
    /// Takes those that hold on a day; the last one counts.
    pub(super) fn new(all: &'p [Acceptance], today: Date) -> Self {
        let mut holding: Vec<&Acceptance> = all.iter().filter(|acceptance| acceptance.until >= today).collect();
        holding.sort_by(|a, b| (b.until, &a.reason, &a.place).cmp(&(a.until, &b.reason, &b.place)));
        let ready = holding.into_iter().map(|acceptance| Ready {
            acceptance,
            workspace: acceptance.workspace.as_deref().map(Pattern::new),
            key: acceptance.key.as_deref().map(Pattern::new),
        });
        Self { ready: ready.collect() }
    }

    /// Finds the acceptance of a finding. One that names a key accepts nothing that is about no key.
    pub(super) fn of(&self, code: FindingCode, workspace: &WorkspaceName, about: &About) -> Option<Accepted> {
        let fits = |ready: &&Ready| {
            let key = |pattern: &Pattern| {
                about.key().is_some_and(|(id, name)| pattern.text == id.as_str() || pattern.fits(name))
            };
            ready.acceptance.code == code
                && ready.workspace.as_ref().is_none_or(|pattern| pattern.fits(workspace.as_str()))
                && ready.key.as_ref().is_none_or(key)
        };
        self.ready
            .iter()
            .find(fits)
            .map(|ready| Accepted { reason: ready.acceptance.reason.clone(), until: ready.acceptance.until })
    }
}
