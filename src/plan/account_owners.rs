//! The plan about whose sending accounts are: one owner's tag on every account that has an owner in our files, and no other such tag.
//!
//! Pure. An account that no rule is about is left alone, whatever it carries. One of which rules say different people, or whose owner is no
//! accepted member of the workspace, is left as it is and told: a tag that names somebody who cannot look after it would hide just that. An
//! owner's tag comes off only once the other one is on: where a run ends early, nobody is without an owner who had one.

use std::collections::{BTreeMap, BTreeSet};

use super::draw::{Item, Note, Plan, of_each};
use super::guard::Rules;
use super::leave::incomplete;
use super::observed::{Observed, Tagging};
use super::person::{self, Person};
use super::tags::{TagWish, called, draw_workspace, step};
use crate::domain::{
    AccountPolicy, Change, Disposition, Email, Held, HeldReason, Mode, Owned, OwnerRule, ResourceId, ResourceKind,
    RestsOn, Step, Tag, TagChange,
};

/// Draws the plan: in every observed workspace each step judged by the guards.
pub fn draw_account_owners(seen: Vec<Observed>, policy: &AccountPolicy, rules: &Rules) -> (Plan, Vec<Observed>) {
    let seen: Vec<(Observed, Vec<()>)> = seen.into_iter().map(|observed| (observed, Vec::new())).collect();
    let plan = of_each(&seen, rules, |observed, _, rules| of_workspace(observed, policy, rules));
    (plan, seen.into_iter().map(|(observed, _)| observed).collect())
}

/// What is to become of the accounts of one person: which they are, and which of them carry the tag of somebody else too.
#[derive(Debug, Default)]
struct Owner {
    accounts: BTreeSet<ResourceId>,
    /// By the label that is to come off.
    others: BTreeMap<String, BTreeSet<ResourceId>>,
}

fn of_workspace(observed: &Observed, policy: &AccountPolicy, rules: &Rules) -> (Vec<Item>, Vec<Note>) {
    let nothing = Tagging::default();
    let tagging = observed.tagging.as_deref().unwrap_or(&nothing);
    let mut notes = Vec::new();
    if observed.mode == Mode::Off {
        let text = "its mode is `off`: not a single request goes there, so nothing is known of its accounts";
        notes.push(Note::new(observed, &observed.workspace, text.to_owned()));
    }
    let labels = Labels::of(policy, tagging);
    // Whose tag an account carries besides is then not known, and one put on would stand beside it.
    let unread = tagging.carried_incomplete.as_deref().map(|why| incomplete("custom-tag-mappings", why));
    let mut owners: BTreeMap<&Email, Owner> = BTreeMap::new();
    let mut barred: BTreeMap<(Email, String), (Held, BTreeSet<ResourceId>)> = BTreeMap::new();
    let mut bar = |owner: &Email, held: Held, account: ResourceId| {
        barred.entry((owner.clone(), held.detail.clone())).or_insert((held, BTreeSet::new())).1.insert(account);
    };
    let mut unowned = 0;
    for account in &tagging.accounts.rows {
        let Ok(resource) = ResourceId::parse(&account.email) else {
            let text = "its address cannot be named in a request: it is left alone".to_owned();
            notes.push(Note::new(observed, &account.email, text));
            continue;
        };
        let rule = match policy.owners.of_account(&observed.workspace, &Email::observed(&account.email)) {
            Owned::By(rule) => rule,
            Owned::Disputed(rules) => {
                bar(&rules[0].owner, disputed(&rules), resource);
                continue;
            }
            Owned::Nobody => {
                unowned += 1;
                continue;
            }
        };
        if let Some(held) = &unread {
            bar(&rule.owner, held.clone(), resource);
            continue;
        }
        let label = labels.of_owner(&rule.owner);
        let carries = |tag: &&Tag| tagging.carries(&tag.id, ResourceKind::Account, &resource);
        let has = called(tagging, &label).iter().any(carries);
        if let (false, Some(held)) = (has, not_member(observed, rule)) {
            bar(&rule.owner, held, resource);
            continue;
        }
        let owner = owners.entry(&rule.owner).or_default();
        for other in labels.tags.iter().filter(|tag| !tag.is_called(&label)).copied().filter(carries) {
            owner.others.entry(other.label.trim().to_owned()).or_default().insert(resource.clone());
        }
        owner.accounts.insert(resource);
    }
    if unowned > 0 {
        let some = if unowned == 1 { "1 account has".to_owned() } else { format!("{unowned} accounts have") };
        let text = format!("{some} no owner in the files, and what they carry is left alone");
        notes.push(Note::new(observed, &observed.workspace, text));
    }
    let (mut items, remarks) = tagged(observed, &labels, &owners, rules);
    notes.extend(remarks);
    for ((owner, _), (held, accounts)) in barred {
        items.extend(of_barred(observed, tagging, &labels.of_owner(&owner), &held, accounts, rules));
    }
    notes.sort_by(|a, b| (&a.subject, &a.text).cmp(&(&b.subject, &b.text)));
    (items, notes)
}

/// What loses a tag, and the step that puts the right one on first, where there is one.
struct Taking {
    before: Option<Step>,
    resources: Vec<ResourceId>,
}

/// Puts the tags on, and takes those of others off, each after the step that puts the right one on.
fn tagged(
    observed: &Observed,
    labels: &Labels<'_>,
    owners: &BTreeMap<&Email, Owner>,
    rules: &Rules,
) -> (Vec<Item>, Vec<Note>) {
    let on = |(owner, theirs): (&&Email, &Owner)| TagWish::Assigned {
        label: labels.of_owner(owner),
        on: ResourceKind::Account,
        resources: theirs.accounts.iter().cloned().collect(),
        assign: true,
        make: Some(Some(format!("whose sending accounts these are: {owner}; kept by keyholder"))),
    };
    let wishes: Vec<TagWish> = owners.iter().map(on).collect();
    if wishes.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let (mut items, mut notes) = draw_workspace(observed, &wishes, rules);
    let mut putting: BTreeMap<ResourceId, Step> = BTreeMap::new();
    for item in &items {
        if let (Change::Tag(TagChange::Assign { resources, .. }), false) = (&item.step.change, is_already(item)) {
            putting.extend(resources.iter().map(|one| (one.clone(), item.step.clone())));
        }
    }
    // By what comes off, and the step it waits for.
    let mut taking: BTreeMap<(String, Option<String>), Taking> = BTreeMap::new();
    for (label, accounts) in owners.values().flat_map(|owner| &owner.others) {
        for account in accounts {
            let before = putting.get(account);
            let key = (label.clone(), before.map(|step| step.id.to_string()));
            let taken = taking.entry(key).or_insert_with(|| Taking { before: before.cloned(), resources: Vec::new() });
            taken.resources.push(account.clone());
        }
    }
    for ((label, _), Taking { before, resources }) in taking {
        let wish = TagWish::Assigned { label, on: ResourceKind::Account, resources, assign: false, make: None };
        let (taken, remarks) = draw_workspace(observed, &[wish], rules);
        notes.extend(remarks);
        items.extend(taken.into_iter().map(|item| match &before {
            Some(before) => Item { step: item.step.after(before), ..item },
            None => item,
        }));
    }
    (items, notes)
}

fn is_already(item: &Item) -> bool {
    matches!(item.disposition, Disposition::Already(_))
}

/// Tells of accounts that get no tag, as steps that are held.
fn of_barred(
    observed: &Observed,
    tagging: &Tagging,
    label: &str,
    held: &Held,
    accounts: BTreeSet<ResourceId>,
    rules: &Rules,
) -> Vec<Item> {
    let accounts: Vec<ResourceId> = accounts.into_iter().collect();
    let rests_on = called(tagging, label).first().map_or(RestsOn::NoTag, |tag| RestsOn::tag(tag));
    let item = |some: &[ResourceId]| {
        let (label, resources) = (label.to_owned(), some.to_vec());
        let change = TagChange::Assign { label, on: ResourceKind::Account, resources, assign: true };
        let mut item = Item::held(step(observed, change, rests_on.clone()), held.clone());
        if let Some(held) = rules.in_doubt.judge(&item, observed) {
            item.disposition = Disposition::Held(held);
        }
        item
    };
    accounts.chunks(TagChange::MOST).map(item).collect()
}

/// The owners' tags of a workspace: those that name an address. What else begins so is somebody's own words, and stays.
struct Labels<'a> {
    policy: &'a AccountPolicy,
    tags: Vec<&'a Tag>,
}

impl<'a> Labels<'a> {
    fn of(policy: &'a AccountPolicy, tagging: &'a Tagging) -> Self {
        let mut tags: Vec<&Tag> = tagging.tags.rows.iter().filter(|tag| policy.is_owners(&tag.label)).collect();
        // The order of a listing must not choose.
        tags.sort_by(|a, b| (a.label.trim(), &a.id).cmp(&(b.label.trim(), &b.id)));
        Self { policy, tags }
    }

    /// Returns the label of a person's tag here: as we write it, else as somebody wrote it who meant the same.
    fn of_owner(&self, owner: &Email) -> String {
        let ours = self.policy.label_of(owner);
        let there = |tag: &&&Tag| self.policy.names(&tag.label, owner);
        match self.tags.iter().find(|tag| tag.is_called(&ours)).or_else(|| self.tags.iter().find(there)) {
            Some(tag) => tag.label.trim().to_owned(),
            None => ours,
        }
    }
}

fn disputed(rules: &[&OwnerRule]) -> Held {
    let said: Vec<String> =
        rules.iter().map(|rule| format!("{} says {} (`{}`)", line(rule), rule.owner, rule.mailbox)).collect();
    Held::new(
        HeldReason::AmbiguousPerson,
        format!("it cannot be told whose it is: {}", said.join(", ")),
        "make one of the globs narrower, or name the address itself",
    )
}

fn line(rule: &OwnerRule) -> String {
    format!("{}:{}", rule.place.file.display(), rule.place.line)
}

/// Returns why an account cannot be given to its owner, or nothing.
fn not_member(observed: &Observed, rule: &OwnerRule) -> Option<Held> {
    let owner = &rule.owner;
    match person::find(&observed.members, owner) {
        Person::Rows(rows) if rows.iter().any(|row| row.accepted) => None,
        Person::Ambiguous(_) => Some(Held::new(
            HeldReason::AmbiguousPerson,
            format!("several members bear the address {owner}"),
            "look at them with `keyholder members`; the rows of one person are told by their ids",
        )),
        Person::Nobody if observed.incomplete.is_some() => {
            Some(Held::incomplete(observed.incomplete.as_deref().unwrap_or_default()))
        }
        Person::Rows(_) => Some(Held::new(
            HeldReason::HeirNotMember,
            format!("{owner} was invited and has not accepted yet ({} makes it theirs)", line(rule)),
            "run it again once they have accepted",
        )),
        Person::Nobody => Some(Held::new(
            HeldReason::HeirNotMember,
            format!("{owner} is no member of the workspace ({} makes it theirs)", line(rule)),
            "let them in with `keyholder onboard`, or name another owner in the files",
        )),
    }
}

#[cfg(test)]
mod tests;
