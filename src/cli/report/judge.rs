//! What our files, our ledger and our rules say of one workspace for a report: findings, whose keys and accounts are, what tags are for.
//!
//! The rules are those of `keys audit`, `tags audit`, `accounts owners audit`, `accounts` and `groups coverage`, asked of one inventory at a time.
//! What concerns several workspaces, such as one secret in two places, is left out: whoever reads a client's page has no business with another.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::audit::accounts::{self, AccountCase};
use crate::audit::groups::{self, Client, Group};
use crate::audit::{Judge, Judgement};
use crate::cli::accounts::audit::standing;
use crate::cli::accounts::seen::Labels;
use crate::cli::groups::admin_of;
use crate::cli::keys::case::{self, Grounds};
use crate::cli::keys::memory::Remembered;
use crate::cli::session::Keys;
use crate::cli::tags::named;
use crate::domain::{
    Email, Finding, Fleet, Inventory, Mode, NotJudged, Period, ReportKind, ResourceKind, Sent, Told, Workspace,
};
use crate::plan::{Belongings, Carried, Found, Observed, Tagging};
use crate::report::bulk::{Context, KeySaid, OwnerSaid, Said, Stamp};
use crate::run::Target;

/// The rules, made ready once for all workspaces of a report.
#[derive(Debug)]
pub struct Judging<'f> {
    fleet: &'f Fleet,
    keys: Judge<'f>,
    grounds: Grounds<'f>,
    clients: Vec<Client<'f>>,
}

impl<'f> Judging<'f> {
    /// Makes them ready. Ages are counted to `now`.
    pub fn new(fleet: &'f Fleet, now: Timestamp) -> Self {
        let clients = fleet.workspaces.iter().map(|workspace| Client {
            name: &workspace.name,
            id: workspace.id.as_ref(),
            off: workspace.mode == Mode::Off,
            via: admin_of(workspace),
            says: None,
        });
        Self {
            fleet,
            keys: Judge::new(&fleet.key_policy, now),
            // No configured secret is compared with another one.
            grounds: Grounds::of(fleet, &Keys::new()),
            clients: clients.collect(),
        }
    }

    /// Says what there is to be said of one workspace, about what was asked for alone. `observed` is what [`observed`] makes of the inventory.
    pub fn said(
        &self,
        (workspace, target): (&Workspace, &Target),
        inventory: &Inventory,
        observed: &Observed,
        remembered: &Remembered,
        (kinds, period): (&BTreeSet<ReportKind>, Period),
    ) -> Said {
        let asked = |kind: ReportKind| kinds.contains(&kind);
        let mut said = Said::default();
        if asked(ReportKind::Keys) && inventory.keys.is_some() {
            self.keys_of(workspace, target, observed, remembered, &mut said);
        }
        if let Some(tagging) = observed.tagging.as_deref() {
            if asked(ReportKind::Tags) && inventory.tags.is_some() {
                self.tags_of(workspace, observed, tagging, &mut said);
            }
            if asked(ReportKind::Accounts) && inventory.accounts.is_some() {
                self.accounts_of(inventory, observed, tagging, period, &mut said);
            }
        }
        if asked(ReportKind::Groups) && inventory.links.is_some() {
            self.links_of(observed, &mut said);
        }
        said.findings.retain(Finding::counts);
        said.findings.sort();
        said
    }

    fn keys_of(
        &self,
        workspace: &Workspace,
        target: &Target,
        observed: &Observed,
        remembered: &Remembered,
        said: &mut Said,
    ) {
        let Some(belongings) = observed.belongings.as_deref() else { return };
        let makers = case::makers(observed, remembered);
        let found = case::is_found(observed, belongings);
        for key in &belongings.keys.rows {
            let entry = self.fleet.register.entry(observed.workspace.as_str(), &key.id);
            let of = KeySaid {
                created_by: case::created_by(&key.id, &makers, belongings),
                owner: entry.and_then(|entry| entry.owner.clone()),
                purpose: entry.and_then(|entry| entry.purpose.clone()),
                rotate_by: entry.and_then(|entry| entry.rotate_by),
                in_use: key.in_use.or(found.then_some(false)),
            };
            said.keys.insert(key.id.clone(), of);
        }
        let case = self.grounds.seen(workspace, target, observed, makers, remembered);
        let Judgement { findings, not_judged } = self.keys.judge(&case);
        said.findings.extend(findings);
        said.not_judged.extend(not_judged);
    }

    fn tags_of(&self, workspace: &Workspace, observed: &Observed, tagging: &Tagging, said: &mut Said) {
        let specs = named::specs(self.fleet, workspace);
        let words = tagging.tags.rows.iter().map(|tag| (tag.id.clone(), named::word(self.fleet, &specs, &tag.label)));
        said.tags.extend(words);
        said.findings.extend(named::findings(self.fleet, workspace, observed, tagging));
    }

    fn accounts_of(
        &self,
        inventory: &Inventory,
        observed: &Observed,
        tagging: &Tagging,
        period: Period,
        said: &mut Said,
    ) {
        let policy = &self.fleet.accounts;
        let labels = Labels::of(tagging);
        let why = observed.incomplete.clone().unwrap_or_else(|| "several members bear the address".to_owned());
        // Where the files name no owner, that an account has none is no finding.
        let owned = !policy.owners.rules().is_empty();
        let mut seen = BTreeSet::new();
        for account in &tagging.accounts.rows {
            let case = AccountCase {
                workspace: &observed.workspace,
                id: &observed.id,
                policy,
                account,
                labels: labels.of_account(&account.email),
                sending: None,
            };
            let address = case.address();
            if !seen.insert(address.clone()) {
                continue;
            }
            said.findings.extend(accounts::health(&case));
            if let Some(sent) = sent(inventory, &address, period) {
                said.findings.extend(accounts::bounced(&case, sent, &format!("from {period}")));
            }
            if owned {
                let (findings, not_judged) = accounts::owners(&case, |person| standing(observed, person), &why);
                said.findings.extend(findings);
                said.not_judged.extend(not_judged);
            }
            let ownership = case.ownership();
            if let Some(source) = ownership.source() {
                said.accounts.insert(address, OwnerSaid { owner: ownership.words(), source });
            }
        }
    }

    /// What is said of the workspaces under this one is said of it; what is said of them is not told here.
    fn links_of(&self, observed: &Observed, said: &mut Said) {
        let Some(links) = observed.links.as_deref() else { return };
        let (admin, admin_id) = (&observed.workspace, &observed.id);
        let group = Group { admin, admin_id, links: &links.rows, incomplete: links.incomplete.as_deref() };
        let Judgement { findings, not_judged } = groups::judge(std::slice::from_ref(&group), &self.clients);
        let here = |finding: &Finding| finding.workspace.as_ref() == Some(admin);
        said.findings.extend(findings.into_iter().filter(here));
        let here = |note: &NotJudged| note.workspace == *admin;
        said.not_judged.extend(not_judged.into_iter().filter(here));
    }
}

/// Puts together what the tables of a workspace are made with.
pub fn context(
    fleet: &Fleet,
    workspace: &Workspace,
    stamp: Stamp,
    (kinds, period): (&BTreeSet<ReportKind>, Period),
    said: Said,
) -> Context {
    Context {
        stamp,
        kinds: kinds.clone(),
        period,
        labels: workspace.labels.clone(),
        domains: fleet.domains.clone(),
        accounts: fleet.accounts.clone(),
        said,
    }
}

/// Adds up what an account sent in a period; none where that is not known.
fn sent(inventory: &Inventory, account: &Email, period: Period) -> Option<Sent> {
    let daily = inventory.sent.as_ref().filter(|sent| !sent.unseen.contains(account))?;
    let mut all = Sent::default();
    let days = daily.days.get(account).into_iter().flatten();
    days.filter(|(day, _)| period.holds(**day)).for_each(|(_, sent)| all += *sent);
    Some(all)
}

/// Tells whether any rule speaks of some of these kinds.
pub fn judges(kinds: &BTreeSet<ReportKind>) -> bool {
    [ReportKind::Keys, ReportKind::Tags, ReportKind::Accounts, ReportKind::Groups]
        .iter()
        .any(|kind| kinds.contains(kind))
}

/// Writes an inventory as the rules of the other commands want to see a workspace. What was not read is not complete.
pub fn observed(workspace: &Workspace, inventory: &Inventory) -> Observed {
    Observed {
        workspace: workspace.name.clone(),
        id: inventory.identity.id.clone(),
        mode: workspace.mode,
        owner: inventory.identity.owner.clone(),
        members: inventory.members.as_ref().map(|told| told.value.clone()).unwrap_or_default(),
        incomplete: why(inventory.members.as_ref(), "the members were not read"),
        acts_as: inventory.acts_as,
        belongings: inventory.keys.as_ref().map(|keys| {
            let trail = inventory.trail.as_ref();
            Box::new(Belongings {
                keys: found(Some(keys), ""),
                trail: Found {
                    rows: trail.map(|trail| trail.value.made.clone()).unwrap_or_default(),
                    incomplete: why(trail, "the audit log was not read"),
                },
                activity: trail.and_then(|trail| trail.value.activity.clone()),
                ..Belongings::default()
            })
        }),
        tagging: (inventory.tags.is_some() || inventory.accounts.is_some()).then(|| Box::new(tagging(inventory))),
        links: inventory.links.as_ref().map(|links| Box::new(found(Some(links), ""))),
    }
}

fn why<T>(told: Option<&Told<T>>, unread: &str) -> Option<String> {
    told.map_or_else(|| Some(unread.to_owned()), |told| told.incomplete.clone())
}

fn found<T: Clone>(told: Option<&Told<Vec<T>>>, unread: &str) -> Found<T> {
    Found { rows: told.map(|told| told.value.clone()).unwrap_or_default(), incomplete: why(told, unread) }
}

fn tagging(inventory: &Inventory) -> Tagging {
    let mut tagging = Tagging {
        tags: found(inventory.tags.as_ref(), "the tags were not read"),
        campaigns: Found::default(),
        accounts: found(inventory.accounts.as_ref(), "the accounts were not read"),
        carried: BTreeMap::new(),
        counts: BTreeMap::new(),
        carried_incomplete: why(inventory.carried.as_ref(), "what carries tags was not read"),
    };
    for (tag, carrying) in inventory.carried.iter().flat_map(|told| &told.value) {
        for (kind, resource) in carrying {
            tagging.note(tag.clone(), *kind, resource);
        }
    }
    for tag in &tagging.tags.rows {
        let carrying = tagging.carried.get(&tag.id).into_iter().flatten();
        let mut counts = Carried::default();
        for (kind, _) in carrying {
            match kind {
                ResourceKind::Campaign => counts.campaigns += 1,
                ResourceKind::Account => counts.accounts += 1,
            }
        }
        tagging.counts.insert(tag.id.clone(), counts);
    }
    tagging
}

#[cfg(test)]
mod tests;
