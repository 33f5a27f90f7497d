//! `keyholder keys revoke`: delete keys, never the one in use.

use std::collections::BTreeSet;

use clap::Args;

use super::enrol::Enrol;
use super::write::{self, Asks, Here, Judged};
use crate::cli::args::{Approve, Select};
use crate::cli::change::Request;
use crate::cli::session::Session;
use crate::cli::{approval, keys::pick};
use crate::config::Purpose;
use crate::domain::{Email, FindingCode, KeyId, KeyInfo};
use crate::plan::KeyWish;
use crate::run::Ring;
use crate::trouble::{Exit, Trouble};
use crate::ui::words;

/// Delete keys: by id, name, finding or who made them. The key keyholder speaks with is never among them.
///
/// Of one kind any may hold (`--id A --id B`), different kinds must all hold (`--name 'zap*' --created-by …`). Where it cannot be told which
/// key is the one in use, none of that workspace is deleted.
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
        let alone = chosen.len() == 1;
        let asks = Asks { request, chosen, ring, judged, enrol: Enrol::default() };
        write::run(session, asks, |here| {
            which.strays(session, here);
            here.iter().map(|one| which.wishes(session, one, here, alone)).collect()
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

    fn wishes(&self, session: &Session<'_>, one: &Here<'_>, all: &[Here<'_>], alone: bool) -> Vec<KeyWish> {
        let mut wishes: Vec<KeyWish> = keys(one)
            .iter()
            .filter(|key| self.means(key, one))
            .map(|key| KeyWish::Revoked { key: key.id.clone(), name: key.name.clone(), why: self.why(key, one) })
            .collect();
        // A key that is nowhere any more is told as gone where it was known to be: there the register has it, or nowhere else was asked.
        if self.names.is_empty() && self.makers.is_empty() && self.findings.is_empty() {
            for id in self.ids.iter().filter(|id| all.iter().all(|one| keys(one).iter().all(|key| key.id != **id))) {
                let row = session.fleet.register.entry(one.workspace.name.as_str(), id);
                if alone || row.is_some() {
                    let name = row.map_or_else(String::new, |row| row.name.clone());
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

    /// Warns of what was asked for and means no key anywhere: one letter wrong would look like a clean end.
    fn strays(&self, session: &Session<'_>, all: &[Here<'_>]) {
        let anywhere = |holds: &dyn Fn(&KeyInfo, &Here<'_>) -> bool| {
            all.iter().any(|one| keys(one).iter().any(|key| holds(key, one)))
        };
        let mut nowhere: Vec<String> = Vec::new();
        let mut note = |asked: String, found: bool| nowhere.extend((!found).then_some(asked));
        for id in &self.ids {
            note(format!("no key {id}"), anywhere(&|key, _| key.id == *id));
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
        for code in &self.findings {
            let found = all.iter().any(|one| one.findings.iter().any(|finding| finding.code == *code));
            note(format!("no key with the finding {code}"), found);
        }
        for nowhere in nowhere {
            session.door.printer.warn(&format!(
                "{} is in the {} that could be read",
                crate::report::cell::printable(&nowhere),
                words::count(all.len(), "workspace")
            ));
        }
    }
}

fn keys<'a>(one: &Here<'a>) -> &'a [KeyInfo] {
    one.observed.belongings.as_deref().map_or(&[], |belongings| &belongings.keys.rows)
}
