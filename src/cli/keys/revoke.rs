//! `keyholder keys revoke`: delete keys, never the one in use.

use std::collections::BTreeSet;

use clap::Args;

use super::enrol::Enrol;
use super::write::{self, Asks, Here, Judged, Recollect, Scene, Wished};
use crate::cli::args::{Approve, Select};
use crate::cli::change::Request;
use crate::cli::session::Session;
use crate::cli::{approval, keys::pick};
use crate::config::Purpose;
use crate::domain::{Email, FindingCode, KeyId, KeyInfo};
use crate::plan::KeyWish;
use crate::report::Unlisted;
use crate::report::cell::printable;
use crate::run::Ring;
use crate::trouble::{Exit, Trouble};
use crate::ui::words;

/// Delete keys: by id, name, finding or who made them. The key keyholder speaks with is never among them.
///
/// Of one kind any may hold (`--id A --id B`), different kinds must all hold (`--name 'zap*' --created-by …`). An id, name or person that means
/// no key anywhere is an error (exit 4), but for an id that is known to have been there; a finding that no key has is a clean end. Where it
/// cannot be told which key is the one in use, none of that workspace is deleted.
#[derive(Debug, Args)]
#[command(
    after_help = "A plan that revokes anything is applied by typing the first six characters of its id, or with --confirm ID. \
                  More: `keyholder help keys`."
)]
#[command(group = clap::ArgGroup::new("which").multiple(true).required(true))]
pub struct Revoke {
    /// Keys with this id; repeatable.
    #[arg(long, value_name = "ID", group = "which")]
    id: Vec<String>,
    /// Keys of this name; a glob such as `zapier*` works; repeatable.
    #[arg(long, value_name = "GLOB", group = "which")]
    name: Vec<String>,
    /// Keys with this finding of `keys audit`; repeatable.
    #[arg(long, value_name = "CODE", group = "which")]
    finding: Vec<String>,
    /// Keys that the audit log ties to this person; repeatable.
    #[arg(long, value_name = "EMAIL", group = "which")]
    created_by: Vec<String>,
    /// Accepted findings count too.
    #[arg(long, requires = "finding")]
    accepted: bool,
    #[command(flatten)]
    select: Select,
    #[command(flatten)]
    approve: Approve,
}

/// Which keys are meant, as typed and checked.
#[derive(Debug)]
struct Which {
    ids: BTreeSet<KeyId>,
    names: Vec<pick::Name>,
    findings: BTreeSet<FindingCode>,
    makers: BTreeSet<Email>,
}

impl Revoke {
    /// Runs the command.
    pub async fn run(self, session: &Session<'_>) -> Result<Exit, Trouble> {
        approval::check(&self.approve)?;
        let which = self.which()?;
        let chosen = session.choose(&self.select, Purpose::Write)?;
        let ring = if !which.findings.is_empty() {
            Ring::Audit(pick::activity_since(session))
        } else if !which.makers.is_empty() {
            Ring::Makers
        } else {
            Ring::Keys
        };
        let judged = (!which.findings.is_empty()).then_some(Judged { accepted: self.accepted });
        let request = Request { command: "keys revoke", select: &self.select, approve: &self.approve, undoes: None };
        let recollect = Recollect::Known(which.ids.clone());
        let asks = Asks { request, chosen, ring, judged, enrol: Enrol::default(), recollect };
        write::run(session, asks, |scene| {
            which.strays(session, scene)?;
            let wishes: Vec<_> = scene.here.iter().map(|one| which.wishes(session, one, scene)).collect();
            which.nothing(scene, &wishes)?;
            let unjudged: Vec<_> = scene.here.iter().flat_map(|one| which.unjudged(one)).collect();
            for one in &unjudged {
                pick::warn_unjudged(session, one);
            }
            Ok(Wished { wishes, unjudged })
        })
        .await
    }

    fn which(&self) -> Result<Which, Trouble> {
        let refused = |what: String| Trouble::new(Exit::Usage, format!("{what}; nothing was sent"));
        let id = |text: &String| KeyId::parse(text).map_err(|error| refused(format!("`{text}`: {error} (--id)")));
        let maker = |text: &String| Email::parse(text).map_err(|error| refused(format!("{error} (--created-by)")));
        Ok(Which {
            ids: self.id.iter().map(id).collect::<Result<_, _>>()?,
            names: self.name.iter().map(|name| pick::Name::parse(name)).collect::<Result<_, _>>()?,
            findings: pick::codes(&self.finding)?,
            makers: self.created_by.iter().map(maker).collect::<Result<_, _>>()?,
        })
    }
}

impl Which {
    /// The kinds that were not asked for hold of every key.
    fn means(&self, key: &KeyInfo, one: &Here<'_>) -> bool {
        let by = |asked: bool, holds: bool| !asked || holds;
        by(!self.ids.is_empty(), self.ids.contains(&key.id))
            && by(!self.names.is_empty(), self.names.iter().any(|name| name.means(&key.name)))
            && by(!self.makers.is_empty(), self.maker_of(key, one).is_some())
            && by(!self.findings.is_empty(), self.findings_of(key, one).next().is_some())
    }

    fn maker_of(&self, key: &KeyInfo, one: &Here<'_>) -> Option<Email> {
        one.makers.get(&key.id)?.email.clone().filter(|email| self.makers.contains(email))
    }

    fn findings_of<'a>(&self, key: &KeyInfo, one: &'a Here<'_>) -> impl Iterator<Item = &'a crate::domain::Finding> {
        one.findings.iter().filter(|finding| {
            self.findings.contains(&finding.code) && finding.about.key().is_some_and(|(id, _)| *id == key.id)
        })
    }

    fn wishes(&self, session: &Session<'_>, one: &Here<'_>, scene: &Scene<'_>) -> Vec<KeyWish> {
        let mut wishes: Vec<KeyWish> = keys(one)
            .iter()
            .filter(|key| self.means(key, one))
            .map(|key| KeyWish::Revoked { key: key.id.clone(), name: key.name.clone(), why: self.why(key, one) })
            .collect();
        // A key that is nowhere any more is told as gone where it was known to be: the register has it there, or the ledger.
        if self.names.is_empty() && self.makers.is_empty() && self.findings.is_empty() {
            for id in self.ids.iter().filter(|id| !listed(scene, id)) {
                if let Some(name) = known(session, one, scene, id) {
                    wishes.push(KeyWish::Revoked { key: id.clone(), name, why: String::new() });
                }
            }
        }
        wishes
    }

    fn why(&self, key: &KeyInfo, one: &Here<'_>) -> String {
        let maker = self.maker_of(key, one).map(|email| format!("made by {email}"));
        let findings = self.findings_of(key, one).map(|finding| format!("{}: {}", finding.code, finding.evidence));
        maker.into_iter().chain(findings).collect::<Vec<_>>().join("; ")
    }

    /// What of the audit could not be judged of keys that are meant else.
    fn unjudged(&self, one: &Here<'_>) -> Vec<Unlisted> {
        let others = |key: &KeyInfo| {
            let by = |asked: bool, holds: bool| !asked || holds;
            by(!self.ids.is_empty(), self.ids.contains(&key.id))
                && by(!self.names.is_empty(), self.names.iter().any(|name| name.means(&key.name)))
        };
        pick::unjudged(one, &self.findings, |about| match about.key() {
            None => true,
            Some((id, _)) => keys(one).iter().any(|key| key.id == *id && others(key)),
        })
    }

    /// What was asked for by its name and means no key anywhere is an error where all was read: one letter wrong would look like a clean end.
    /// Where something was not read it may be there. A finding that no key has is what was wanted.
    fn strays(&self, session: &Session<'_>, scene: &Scene<'_>) -> Result<(), Trouble> {
        let all = &scene.here;
        let anywhere = |holds: &dyn Fn(&KeyInfo, &Here<'_>) -> bool| {
            all.iter().any(|one| keys(one).iter().any(|key| holds(key, one)))
        };
        let mut nowhere: Vec<String> = Vec::new();
        let mut note = |asked: String, found: bool| nowhere.extend((!found).then_some(asked));
        for id in &self.ids {
            let known = all.iter().any(|one| known(session, one, scene, id).is_some());
            note(format!("no key {id}"), listed(scene, id) || known);
        }
        for name in &self.names {
            note(format!("no key of name `{}`", name.text()), anywhere(&|key, _| name.means(&key.name)));
        }
        for email in &self.makers {
            let made = |key: &KeyInfo, one: &Here<'_>| {
                one.makers.get(&key.id).is_some_and(|maker| maker.email.as_ref() == Some(email))
            };
            note(format!("no key that the audit log ties to {email}"), anywhere(&made));
        }
        let whole = scene.is_whole() && (self.makers.is_empty() || scene.coverage.is_complete());
        if whole && !nowhere.is_empty() {
            let what = nowhere.iter().map(|one| printable(one)).collect::<Vec<_>>().join(", and ");
            let read = words::count(all.len(), "workspace");
            return Err(Trouble::new(Exit::Selection, format!("{what} is in the {read} asked; nothing was sent"))
                .advise("`keyholder keys` lists the keys with their ids and names; check what was typed"));
        }
        for code in &self.findings {
            let found = all.iter().any(|one| one.findings.iter().any(|finding| finding.code == *code));
            nowhere.extend((!found).then(|| format!("no key with the finding {code}")));
        }
        for nowhere in nowhere {
            session.door.printer.warn(&format!(
                "{} is in the {} that could be read",
                printable(&nowhere),
                words::count(all.len(), "workspace")
            ));
        }
        Ok(())
    }

    /// Each kind means keys, and no key is meant by all of them.
    fn nothing(&self, scene: &Scene<'_>, wishes: &[Vec<KeyWish>]) -> Result<(), Trouble> {
        let unsure = !scene.is_whole() || (!self.makers.is_empty() && !scene.coverage.is_complete());
        if unsure || !self.findings.is_empty() || wishes.iter().any(|wishes| !wishes.is_empty()) {
            return Ok(());
        }
        Err(Trouble::new(Exit::Selection, "no key is all that was asked for; nothing was sent")
            .advise("different kinds must all hold of one key: leave one out, or run the command once for each"))
    }
}

/// Tells whether a key is in any list.
fn listed(scene: &Scene<'_>, id: &KeyId) -> bool {
    scene.here.iter().any(|one| keys(one).iter().any(|key| key.id == *id))
}

/// Returns the name of a key that was known in a workspace, by the register or the ledger.
fn known(session: &Session<'_>, one: &Here<'_>, scene: &Scene<'_>, id: &KeyId) -> Option<String> {
    let row = session.fleet.register.entry(one.workspace.name.as_str(), id);
    let row = row.filter(|row| row.workspace_id.as_ref().is_none_or(|id| *id == one.observed.id));
    let told = scene.known.get(&(one.observed.id.clone(), id.clone()));
    row.map(|row| &row.name).filter(|name| !name.is_empty()).or(told).or(row.map(|row| &row.name)).cloned()
}

fn keys<'a>(one: &Here<'a>) -> &'a [KeyInfo] {
    one.observed.belongings.as_deref().map_or(&[], |belongings| &belongings.keys.rows)
}
