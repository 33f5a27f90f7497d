//! `keyholder accounts owners audit`: which sending accounts have no owner, several, or one who is no member.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use serde_json::json;

use super::seen::{Found, Labels, Seen};
use super::sweep::{self, Looked};
use crate::audit::accounts::{self, AccountCase, Standing};
use crate::cli::args::Select;
use crate::cli::session::Session;
use crate::cli::{closing, survey, tables};
use crate::config::Purpose;
use crate::domain::{Email, Finding, FindingCode, Fleet, Mailbox};
use crate::plan::Observed;
use crate::plan::person::{self, Person};
use crate::report::Unlisted;
use crate::report::findings::{self, FINDING_ELSE};
use crate::report::listing::{self, Listing};
use crate::report::summary::{meaning, total};
use crate::run::{AccountQuest, Deck, Target};
use crate::trouble::{Exit, Trouble};
use crate::ui::words;

/// Tell which sending accounts have no owner, several, or one who is no member. It reads, and writes nothing.
#[derive(Debug, Args)]
#[command(
    after_help = "Each finding has a stable code; `keyholder help CODE` explains it. More: `keyholder help accounts`."
)]
pub struct Audit {
    /// Exit 10 where there is any finding.
    #[arg(long)]
    detailed_exitcode: bool,
    #[command(flatten)]
    select: Select,
}

impl Audit {
    /// Runs the command.
    pub async fn run(self, session: &Session<'_>) -> Result<Exit, Trouble> {
        let door = session.door;
        let chosen = session.choose(&self.select, Purpose::Read)?;
        let keys = session.keys(&chosen).await?;
        let targets = session.targets(&chosen, &keys);
        let deck = session.deck(None)?;
        let mut out = door.printer.data();
        let header = listing::header(None, "accounts owners audit", &self.select.describe());
        let listing = Listing::begin(&mut out, session.format(), "account_finding", FINDING_ELSE, &header)
            .map_err(tables::unwritable)?;
        let mut sheet = Sheet {
            fleet: &session.fleet,
            listing,
            seen: Seen::of(&targets),
            found: Found::default(),
            causes: BTreeMap::new(),
            not_judged: BTreeMap::new(),
            unseen: Vec::new(),
            strays: Strays::of(&session.fleet, &targets),
            accounts: 0,
        };
        let quest = AccountQuest { members: true, days: None };
        sweep::sweep(session, &deck, &targets, quest, |_| Vec::new(), |target, looked| sheet.take(target, looked))
            .await?;
        sheet.end(session, &deck, self.detailed_exitcode)
    }
}

/// The audit while it is written.
struct Sheet<'a> {
    fleet: &'a Fleet,
    listing: Listing<'a>,
    seen: Seen,
    found: Found,
    /// How many findings have one cause: a line of the files can be behind hundreds.
    causes: BTreeMap<(FindingCode, String), usize>,
    not_judged: BTreeMap<FindingCode, usize>,
    unseen: Vec<Unlisted>,
    strays: Strays,
    accounts: usize,
}

impl Sheet<'_> {
    fn take(&mut self, target: &Target, looked: Looked) -> Result<(), Trouble> {
        let Looked { sight: (sight, sent), at: _ } = looked;
        let observed = match survey::seen_or_why(sight) {
            Ok(observed) => observed,
            Err(trouble) => {
                self.seen.unreadable(target, &trouble);
                return Ok(());
            }
        };
        self.seen.observed(&observed, true, &sent);
        let mut findings = self.judge(&observed);
        findings.sort();
        for finding in &findings {
            self.found.note(finding);
            *self.causes.entry((finding.code, finding.evidence.clone())).or_default() += 1;
            self.listing.row(&findings::finding_else(finding)).map_err(tables::unwritable)?;
        }
        Ok(())
    }

    fn judge(&mut self, observed: &Observed) -> Vec<Finding> {
        let Some(tagging) = observed.tagging.as_deref() else { return Vec::new() };
        let labels = Labels::of(tagging);
        let why = observed.incomplete.clone().unwrap_or_else(|| "several members bear the address".to_owned());
        let mut all = Vec::new();
        for account in &tagging.accounts.rows {
            self.accounts += 1;
            self.strays.seen(&account.email);
            let case = AccountCase {
                workspace: &observed.workspace,
                id: &observed.id,
                policy: &self.fleet.accounts,
                account,
                labels: labels.of_account(&account.email),
                sending: None,
            };
            let (findings, not_judged) = accounts::owners(&case, |person| standing(observed, person), &why);
            all.extend(findings);
            for note in not_judged {
                *self.not_judged.entry(note.code).or_default() += 1;
                let (workspace, listing) = (note.workspace.to_string(), note.code.to_string());
                self.unseen.push(Unlisted { workspace, listing, reason: note.why });
                // One a workspace says it.
                self.unseen.dedup();
            }
        }
        all
    }

    fn end(self, session: &Session<'_>, deck: &Deck, detailed: bool) -> Result<Exit, Trouble> {
        let Self { listing, seen, found, causes, not_judged, unseen, strays, accounts, fleet: _ } = self;
        let coverage = seen.coverage();
        let exit = match coverage.exit() {
            Exit::Complete if detailed && found.all() > 0 => Exit::Changes,
            exit => exit,
        };
        let listed = coverage.partial.is_empty() && coverage.unreadable.is_empty();
        let unjudged: serde_json::Value =
            not_judged.iter().map(|(code, count)| (code.to_string(), serde_json::Value::from(*count))).collect();
        let summary = closing::summary(
            deck,
            json!({
                "type": "summary",
                "exit": exit.code(),
                "outcome": meaning(exit),
                "accounts": total(accounts, listed),
                "findings": found.record(),
                "not_judged": unjudged,
                "coverage": coverage.record(),
            }),
        );
        listing.end(&summary).map_err(tables::unwritable)?;
        let printer = &session.door.printer;
        tables::unread(printer, &coverage);
        for Unlisted { workspace, listing, reason } in unseen.iter().take(super::seen::NAMED) {
            let reason = crate::report::cell::printable(reason);
            printer.warn(&format!("not judged: {listing}: {workspace}: {reason}"));
        }
        if listed {
            strays.talk(printer);
        }
        tell_causes(printer, causes);
        let whole = coverage.is_complete();
        let what = format!("{} on {}", found.say(whole), words::count(accounts, "account"));
        closing::rows(printer, deck, &coverage, whole, &what);
        Ok(exit)
    }
}

/// Says what is behind the findings, what most of them share first.
fn tell_causes(printer: &crate::ui::Printer, causes: BTreeMap<(FindingCode, String), usize>) {
    let mut causes: Vec<((FindingCode, String), usize)> = causes.into_iter().collect();
    causes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for ((code, evidence), count) in causes.iter().take(super::seen::NAMED) {
        let evidence = crate::report::cell::printable(evidence);
        printer.say(&format!("{code}: {}: {evidence}", words::count(*count, "account")));
    }
    if causes.len() > super::seen::NAMED {
        printer.say(&format!("… and {} more causes", causes.len() - super::seen::NAMED));
    }
}

/// Tells how somebody stands in a workspace; none where it cannot be told.
pub(in crate::cli) fn standing(observed: &Observed, person: &Email) -> Option<Standing> {
    match person::find(&observed.members, person) {
        Person::Rows(rows) if rows.iter().any(|row| row.accepted) => Some(Standing::Member),
        Person::Ambiguous(_) => None,
        Person::Rows(_) => observed.incomplete.is_none().then_some(Standing::Invited),
        Person::Nobody => observed.incomplete.is_none().then_some(Standing::Absent),
    }
}

/// Mailboxes that a rule names by their address and that no workspace has: one letter wrong, and the rule is about nobody.
#[derive(Debug)]
pub(super) struct Strays(BTreeMap<Email, (String, bool)>);

impl Strays {
    /// Begins with the mailboxes that are named for the workspaces that are read.
    pub(super) fn of(fleet: &Fleet, targets: &[Target]) -> Self {
        let read: BTreeSet<_> = targets.iter().map(|target| &target.name).collect();
        let whole = fleet.workspaces.iter().all(|workspace| read.contains(&workspace.name));
        let named = fleet.accounts.owners.rules().iter().filter_map(|rule| {
            // A rule about all workspaces may be about one that is not read.
            let asked = rule.workspace.as_ref().map_or(whole, |name| read.contains(name));
            let Mailbox::Exact(email) = &rule.mailbox else { return None };
            let place = format!("{}:{}", rule.place.file.display(), rule.place.line);
            asked.then(|| (email.clone(), (place, false)))
        });
        Self(named.collect())
    }

    /// Notes an account that is there.
    pub(super) fn seen(&mut self, account: &str) {
        if let Some((_, seen)) = self.0.get_mut(&Email::observed(account)) {
            *seen = true;
        }
    }

    /// Tells of those that were nowhere; only where all was read.
    pub(super) fn talk(&self, printer: &crate::ui::Printer) {
        let nowhere: Vec<_> = self.0.iter().filter(|(_, (_, seen))| !seen).collect();
        for (email, (place, _)) in nowhere.iter().take(super::seen::NAMED) {
            printer.warn(&format!(
                "{place}: no sending account {email} is in any workspace that was read; is the address right?"
            ));
        }
        if nowhere.len() > super::seen::NAMED {
            printer.warn(&format!("… and {} more such lines", nowhere.len() - super::seen::NAMED));
        }
    }
}
