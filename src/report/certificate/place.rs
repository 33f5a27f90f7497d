//! One workspace of a certificate: what was before, minus what was done, plus what the closing look saw.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Asked;
use super::before::{Before, Thing, Unseen};
use crate::domain::change::Thing as Handed;
use crate::domain::{Change, Disposition, Email, HeldReason, Outcome, RestsOn, Role};
use crate::report::evidence::StepFacts;

/// Access that is left, or may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// `membership`, `invitation` or `key`.
    pub kind: &'static str,
    /// Its id.
    pub id: String,
    /// What a person would recognize it by.
    pub name: String,
    /// Why it is there.
    pub why: String,
}

/// What a person must still do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Task {
    /// They own the workspace.
    Owner,
    /// A membership or invitation of theirs is there.
    Membership,
    /// A key of theirs is there.
    Key,
    /// A key is there of a name that they gave a key.
    KeyByName,
    /// A key is there whose maker nobody knows.
    KeyOfUnknownMaker,
    /// A webhook of theirs is there.
    Webhook,
    /// A webhook is there whose maker nobody knows.
    WebhookOfUnknownMaker,
    /// They may know the password of a mailbox.
    MailboxPassword,
    /// A job of theirs had not ended.
    Job,
    /// Something was not handed over.
    NotHandedOver,
    /// They made a campaign that somebody else owns.
    CampaignMade,
    /// The key keyholder itself uses is there.
    KeyInUse,
}

impl Task {
    /// All of them, the gravest first.
    pub const ALL: [Self; 12] = [
        Self::Owner,
        Self::Membership,
        Self::Key,
        Self::KeyByName,
        Self::KeyOfUnknownMaker,
        Self::Webhook,
        Self::WebhookOfUnknownMaker,
        Self::MailboxPassword,
        Self::Job,
        Self::NotHandedOver,
        Self::CampaignMade,
        Self::KeyInUse,
    ];

    /// Returns the word of the document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Membership => "membership",
            Self::Key => "key",
            Self::KeyByName => "key_by_name",
            Self::KeyOfUnknownMaker => "key_of_unknown_maker",
            Self::Webhook => "webhook",
            Self::WebhookOfUnknownMaker => "webhook_of_unknown_maker",
            Self::MailboxPassword => "mailbox_password",
            Self::Job => "job",
            Self::NotHandedOver => "not_handed_over",
            Self::CampaignMade => "campaign_made",
            Self::KeyInUse => "key_in_use",
        }
    }

    /// Says what is to be done.
    pub fn say(self) -> &'static str {
        match self {
            Self::Owner => "Transfer the ownership of the workspace in the vendor's app, then offboard again",
            Self::Membership => "Remove the membership or invitation, or lift what held it and offboard again",
            Self::Key => {
                "Revoke this key once nothing depends on it: with --revoke-keys, and where that was run, delete it in the app or give keyholder a key that shows which is which"
            }
            Self::KeyByName => {
                "They made a key of this name: find out in the app whether it is this one, and delete it there if it is"
            }
            Self::KeyOfUnknownMaker => "It is not known who made this key: if they could know it, replace it",
            Self::Webhook => "They made this webhook: check where it delivers, or remove it in the app",
            Self::WebhookOfUnknownMaker => "No record tells who made this webhook: check where it delivers",
            Self::MailboxPassword => "They connected this mailbox: change its password where the mailbox is kept",
            Self::Job => "This job of theirs had not ended: see that it did what it should",
            Self::NotHandedOver => "Hand this over to a colleague",
            Self::CampaignMade => {
                "They made this campaign, and it goes on saying so whoever owns it: nothing to do unless you rely on its maker"
            }
            Self::KeyInUse => "keyholder itself uses this key here: if they could know it, replace it",
        }
    }

    /// Tells whether it is about something that is there whoever leaves: no sign of the person.
    fn is_anybodys(self) -> bool {
        matches!(self, Self::KeyOfUnknownMaker | Self::WebhookOfUnknownMaker | Self::KeyInUse)
    }
}

/// One thing a person must still do, and about what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByHand {
    /// What.
    pub task: Task,
    /// The id of what it is about.
    pub id: String,
    /// What a person would recognize it by.
    pub name: String,
    /// Why it is left, where that says more.
    pub why: Option<String>,
}

/// One workspace.
#[derive(Debug, Clone)]
pub struct Place {
    /// Its name.
    pub name: String,
    /// Its identity.
    pub id: String,
    /// When it was read before the first write; none where that is not written down.
    pub read_at: Option<String>,
    /// When the members were looked at again after a row was removed; none where none was, and they stand as they were read.
    pub closing_look_at: Option<String>,
    /// What was before.
    pub before: Option<Before>,
    /// What was done about the person, in the order of the plan.
    pub steps: Vec<StepFacts>,
    /// What could not be seen, or is not known.
    pub gaps: Vec<String>,
    /// Access that is left.
    pub left: Vec<Left>,
    /// What a person must still do.
    pub by_hand: Vec<ByHand>,
}

/// How a step about something ended, for what is left of it.
enum End {
    /// It is gone.
    Gone,
    /// It surely is not, and why.
    Stays(String),
    /// Nobody knows.
    Open,
}

impl Place {
    /// Puts together what the ledger tells of one workspace in a run. `steps` are all steps there.
    pub(super) fn of(
        run: &str,
        (name, id): (&str, &str),
        person: &Email,
        sighted: Option<(&str, &Value)>,
        steps: &[&StepFacts],
        asked: &[Asked],
    ) -> Self {
        let before = sighted.and_then(|(_, traces)| Before::read(traces));
        let rows = before.iter().flat_map(|before| before.rows.iter().chain(&before.same_account));
        let rows: BTreeSet<&str> = rows.map(|row| row.id.as_str()).collect();
        let theirs = |facts: &&&StepFacts| {
            facts.step.change.subject() == *person
                || facts.step.rests_on.member().is_some_and(|member| rows.contains(member.as_str()))
        };
        let steps: Vec<StepFacts> = steps.iter().filter(theirs).map(|facts| (*facts).clone()).collect();
        let read_at = sighted.map(|(at, _)| at.to_owned());
        let mut place = Self {
            name: name.to_owned(),
            id: id.to_owned(),
            read_at,
            closing_look_at: steps.iter().filter_map(closing_look).max().map(str::to_owned),
            before,
            steps,
            gaps: Vec::new(),
            left: Vec::new(),
            by_hand: Vec::new(),
        };
        place.judge(run, asked);
        place
    }

    /// Tells whether nothing of the person was or is here, as far as was seen, and nothing is to be done on their account alone.
    pub fn is_quiet(&self) -> bool {
        self.before.as_ref().is_some_and(Before::is_empty)
            && self.gaps.is_empty()
            && self.left.is_empty()
            && self.by_hand.iter().all(|one| one.task.is_anybodys())
            && self.steps.iter().all(|facts| facts.outcome == Some(Outcome::Already))
    }

    fn judge(&mut self, run: &str, asked: &[Asked]) {
        match &self.before {
            Some(before) => {
                for Unseen { listing, reason } in &before.unseen {
                    self.gaps.push(format!("{listing} could not be read whole: {reason}"));
                }
                if !before.saw_keys() {
                    self.gaps.push("the keys were not looked at, and one of theirs may be there".to_owned());
                }
            }
            None => self.gaps.push("what was there before the run is not written down".to_owned()),
        }
        for facts in &self.steps {
            if matches!(end(facts, run), End::Open) {
                let what = what(&facts.step.change);
                let why = facts.reason.as_deref().unwrap_or("no end is written down");
                self.gaps.push(format!("it is not known whether {what}: {why}"));
            }
        }
        self.rows(run);
        if let Some(before) = self.before.clone() {
            self.keys(&before, run);
            self.things(&before, run, asked);
            self.all(Task::KeyInUse, before.key_in_use.as_slice());
        }
    }

    /// Rows of the person that are there, or may be.
    fn rows(&mut self, run: &str) {
        let mut ends: BTreeMap<String, (End, bool)> = BTreeMap::new();
        let mut shown: BTreeMap<String, RestsOn> = BTreeMap::new();
        for row in self.before.iter().flat_map(|before| before.rows.iter().chain(&before.same_account)) {
            shown.insert(row.id.to_string(), RestsOn::row(row));
        }
        for facts in &self.steps {
            if let (Change::Remove { member, .. }, held) = (&facts.step.change, held(facts)) {
                shown.entry(member.to_string()).or_insert_with(|| facts.step.rests_on.clone());
                ends.insert(member.to_string(), (end(facts, run), held == Some(HeldReason::Owner)));
            }
            for row in facts.seen.iter().filter_map(Value::as_array).flatten() {
                if let Ok(RestsOn::Row { id, .. }) = serde_json::from_value(row.clone()) {
                    let row = serde_json::from_value(row.clone()).expect("it was just read");
                    shown.entry(id.to_string()).or_insert(row);
                }
            }
        }
        let read: BTreeSet<&str> =
            self.before.iter().flat_map(|before| &before.rows).map(|row| row.id.as_str()).collect();
        let same = self.before.iter().flat_map(|before| &before.same_account);
        let same: BTreeSet<&str> = same.map(|row| row.id.as_str()).collect();
        let mut left = Vec::new();
        for (id, row) in shown {
            let RestsOn::Row { email, role, accepted, .. } = &row else { continue };
            let (why, owner) = match ends.get(&id) {
                Some((End::Gone, _)) => continue,
                Some((End::Stays(why), owner)) => (why.clone(), *owner),
                Some((End::Open, owner)) => ("it is not known whether it was removed".to_owned(), *owner),
                None if same.contains(id.as_str()) => ("the same account, under another address".to_owned(), false),
                None if read.contains(id.as_str()) => {
                    ("it was there when it was read, and no step was about it".to_owned(), false)
                }
                None => ("the closing look showed it, and no step was about it".to_owned(), false),
            };
            let kind = if *accepted { "membership" } else { "invitation" };
            let name = format!("{role} {email}");
            left.push((Left { kind, id, name, why }, owner || *role == Role::Owner));
        }
        for (left, owner) in left {
            let task = if owner { Task::Owner } else { Task::Membership };
            self.hand(task, &left.id, &left.name, Some(left.why.clone()));
            self.left.push(left);
        }
    }

    fn keys(&mut self, before: &Before, run: &str) {
        let mut ends: BTreeMap<String, (String, End)> = BTreeMap::new();
        let steps = self.steps.clone();
        for facts in &steps {
            if let Change::Revoke { key, name, .. } = &facts.step.change {
                ends.insert(key.to_string(), (name.clone(), end(facts, run)));
            }
        }
        let mut names: BTreeMap<String, String> =
            before.keys.iter().map(|key| (key.id.clone(), key.name.clone())).collect();
        for (id, (name, _)) in &ends {
            names.entry(id.clone()).or_insert_with(|| name.clone());
        }
        for (id, name) in names {
            let why = match ends.get(&id) {
                Some((_, End::Gone)) => continue,
                Some((_, End::Stays(why))) => why.clone(),
                Some((_, End::Open)) => "it is not known whether it was revoked".to_owned(),
                None => "revoking was not asked for (--revoke-keys)".to_owned(),
            };
            self.hand(Task::Key, &id, &name, Some(why.clone()));
            self.left.push(Left { kind: "key", id, name, why });
        }
        let gone = |key: &&Thing| matches!(ends.get(&key.id), Some((_, End::Gone)));
        for key in before.keys_by_name.iter().filter(|key| !gone(key)) {
            self.gaps.push(format!(
                "key \"{}\": a record of the audit log says they made a key of this name; whether it is this one cannot be told",
                key.name
            ));
            self.hand(Task::KeyByName, &key.id, &key.name, None);
        }
        self.all(Task::KeyOfUnknownMaker, &before.keys_of_unknown_maker);
    }

    fn things(&mut self, before: &Before, run: &str, asked: &[Asked]) {
        self.all(Task::Webhook, &before.webhooks);
        self.all(Task::WebhookOfUnknownMaker, &before.webhooks_of_unknown_maker);
        self.all(Task::MailboxPassword, &before.sending_accounts);
        self.all(Task::Job, &before.jobs);
        let steps = self.steps.clone();
        let mut ends: BTreeMap<String, End> = BTreeMap::new();
        let mut leads_gone = 0;
        let mut leads_why = None;
        for facts in &steps {
            let Change::HandOver { thing, .. } = &facts.step.change else { continue };
            match thing {
                Handed::Campaign { id, .. } => drop(ends.insert(id.to_string(), end(facts, run))),
                Handed::LeadList { id, .. } => drop(ends.insert(id.to_string(), end(facts, run))),
                Handed::Leads { ids } => match end(facts, run) {
                    End::Gone => leads_gone += ids.len() as u64,
                    End::Stays(why) => leads_why = Some(why),
                    End::Open => leads_why = Some("it is not known whether they were reassigned".to_owned()),
                },
            }
        }
        let nobody = asked.iter().all(|one| one.heir.is_none());
        let unasked = if nobody { "nobody was named to have it (--hand-over-to)" } else { "no step was about it" };
        let lists = [("campaign", &before.campaigns), ("lead list", &before.lead_lists)];
        for (kind, things) in lists {
            for thing in things {
                let why = match ends.get(&thing.id) {
                    Some(End::Gone) => continue,
                    Some(End::Stays(why)) => why,
                    Some(End::Open) => "it is not known whether it was handed over",
                    None => unasked,
                };
                self.hand(Task::NotHandedOver, &thing.id, &format!("{kind} \"{}\"", thing.name), Some(why.to_owned()));
            }
        }
        let rest = before.leads.count.saturating_sub(leads_gone);
        if rest > 0 || !before.leads.exact && before.looked {
            let bound = if before.leads.exact { "" } else { "at least " };
            let leads = if rest == 1 { "lead" } else { "leads" };
            let why = leads_why.unwrap_or_else(|| unasked.to_owned());
            let unseen = rest == 0;
            let what = if unseen {
                "leads: could not be seen".to_owned()
            } else {
                format!("{bound}{rest} {leads} assigned to them")
            };
            self.hand(Task::NotHandedOver, "", &what, Some(why));
        }
        self.all(Task::CampaignMade, &before.campaigns_created);
    }

    fn all(&mut self, task: Task, things: &[Thing]) {
        for thing in things {
            self.hand(task, &thing.id, &thing.name, None);
        }
    }

    fn hand(&mut self, task: Task, id: &str, name: &str, why: Option<String>) {
        self.by_hand.push(ByHand { task, id: id.to_owned(), name: name.to_owned(), why });
    }
}

fn end(facts: &StepFacts, run: &str) -> End {
    match facts.outcome {
        // Planned and never started, whatever stopped the run: it surely was not sent, and can be.
        None if facts.attempts == 0 => End::Stays(format!("not sent yet: go on with `keyholder resume {run}`")),
        Some(Outcome::Done | Outcome::Already | Outcome::Waiting) => End::Gone,
        Some(Outcome::Held | Outcome::Failed) => {
            End::Stays(facts.reason.clone().unwrap_or_else(|| "it was not sent".to_owned()))
        }
        None | Some(Outcome::Unknown | Outcome::Unverified) => End::Open,
    }
}

/// When the member list was read that decided a removal.
fn closing_look(facts: &StepFacts) -> Option<&str> {
    let decided = matches!(facts.step.change, Change::Remove { .. }) && facts.seen.is_some();
    facts.settled_at.as_deref().filter(|_| decided)
}

fn held(facts: &StepFacts) -> Option<HeldReason> {
    match &facts.disposition {
        Disposition::Held(held) => Some(held.reason),
        _ => None,
    }
}

/// Says what a step was to do, as something that may have been done.
fn what(change: &Change) -> String {
    match change {
        Change::Remove { email, .. } => format!("the row of {email} was removed"),
        Change::StayAbsent { email } => format!("{email} is absent"),
        Change::HandOver { thing, heir, .. } => format!("{thing} went to {heir}"),
        Change::CreateKey { name, .. } => format!("the key \"{name}\" was made"),
        Change::Revoke { name, .. } | Change::Retire { name, .. } => format!("the key \"{name}\" was revoked"),
        Change::Tag(change) => format!("the tag \"{}\" was {}", change.label(), change.wanted()),
        Change::Group(change) => format!("the workspace {} was {}", change.sub(), change.wanted()),
        Change::Transfer { email } => format!("the workspace went to {email}"),
        Change::Invite { email, .. } | Change::SetRole { email, .. } => {
            format!("what was planned for {email} was done")
        }
    }
}
