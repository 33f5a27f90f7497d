//! How keys are named on the command line: by a name or glob, by the code of a finding.

use std::collections::BTreeSet;

use globset::{GlobBuilder, GlobMatcher};
use jiff::Timestamp;

use super::list::horizon;
use super::write::Here;
use crate::cli::session::Session;
use crate::domain::{About, FindingCode, NotJudged};
use crate::report::Unlisted;
use crate::report::cell::printable;
use crate::trouble::{Exit, Trouble};

/// A name or glob of keys, in any case of letters. A name may have brackets of its own, so what is typed means a key of just that name too.
#[derive(Debug)]
pub struct Name {
    text: String,
    glob: GlobMatcher,
}

impl Name {
    /// Reads a name or glob.
    pub fn parse(text: &str) -> Result<Self, Trouble> {
        let refused = || {
            Trouble::new(Exit::Usage, format!("`{text}` is not a name or glob (--name); nothing was sent"))
                .advise("globs know `*`, `?`, `[abc]` and `{a,b}`; quote them for the shell")
        };
        let folded = text.trim().to_lowercase();
        if folded.is_empty() || folded.len() > 1024 {
            return Err(refused());
        }
        let glob = GlobBuilder::new(&folded).build().map_err(|_unreadable| refused())?.compile_matcher();
        Ok(Self { text: folded, glob })
    }

    /// Returns it as typed, in lower case.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Tells whether a key's name is meant.
    pub fn means(&self, name: &str) -> bool {
        let name = name.trim().to_lowercase();
        name == self.text || self.glob.is_match(&name)
    }
}

/// Reads codes of findings.
pub fn codes(texts: &[String]) -> Result<BTreeSet<FindingCode>, Trouble> {
    let code = |text: &String| {
        FindingCode::parse(text).filter(|code| code.is_about_keys()).ok_or_else(|| {
            let known: Vec<&str> = FindingCode::KEYS.iter().map(|code| code.as_str()).collect();
            Trouble::new(Exit::Usage, format!("`{text}` is no finding (--finding); nothing was sent"))
                .advise(format!("there are {}", known.join(", ")))
        })
    };
    texts.iter().map(code).collect()
}

/// Returns what of the audit could not be judged of one workspace and might have been meant.
pub fn unjudged(one: &Here<'_>, codes: &BTreeSet<FindingCode>, meant: impl Fn(&About) -> bool) -> Vec<Unlisted> {
    let concerns = |not: &&NotJudged| codes.contains(&not.code) && meant(&not.about);
    let each = one.not_judged.iter().filter(concerns).map(|not| Unlisted {
        workspace: not.workspace.to_string(),
        listing: not.code.to_string(),
        reason: not.why.clone(),
    });
    let mut each: Vec<Unlisted> = each.collect();
    each.dedup_by(|one, other| one.listing == other.listing);
    each
}

/// Warns that a finding could not be judged somewhere.
pub fn warn_unjudged(session: &Session<'_>, unjudged: &Unlisted) {
    let Unlisted { workspace, listing, reason } = unjudged;
    session.door.printer.warn(&format!("{workspace}: {listing} could not be judged: {}", printable(reason)));
}

/// Returns the moment from which the trail is read for an audit.
pub fn activity_since(session: &Session<'_>) -> Timestamp {
    horizon(&session.fleet.key_policy, session.door.clock.now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_meant_by_itself_and_by_globs_in_any_case() {
        let means = |text: &str, name: &str| Name::parse(text).unwrap().means(name);
        assert!(means("Zapier*", "zapier — leads") && means("*", "") && means("zapier", " ZAPIER "));
        assert!(means("ops [0a1b2c3d]", "ops [0a1b2c3d]"), "brackets of its own");
        assert!(!means("ops [0a1b2c3d]", "ops [0a1b2c3e]") && !means("zapier", "zapier 2"));
        assert!(Name::parse("").is_err() && Name::parse("{a").is_err());
    }
}
