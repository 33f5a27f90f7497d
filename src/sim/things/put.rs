//! What is put into a workspace: by whoever builds a world, before a story or in the middle of it.
//!
//! People are named by address, or by user id where it is written like one. What is left out comes from numbers: names, ids, and moments a
//! minute apart.

mod accounts;
mod billing;
mod keys;
mod records;
mod tags;

use jiff::Timestamp;

use super::campaigns::{Campaign, Name};
use super::jobs::{self, Job};
use super::lead_lists::LeadList;
use super::leads::Run;
use super::trail::{About, Actor};
use super::webhooks;
use super::who::Who;
use super::{BEGIN, MINUTE};
use crate::sim::name;
use crate::sim::state::State;

pub use accounts::{Accounts, Day};
pub use billing::Billing;
pub use keys::Key;
pub use records::{LongTrail, Records};
pub use tags::{Mappings, Tag, Which};

/// Campaigns that are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaigns {
    /// How many.
    pub count: u32,
    /// Who owns them.
    pub owner: Option<String>,
    /// Who made them; published from about 2026-09, so mostly nobody.
    pub creator: Option<String>,
    /// The name; of several, a number follows it.
    pub name: Option<String>,
    /// The raw status: 0 draft, 1 active, 2 paused …
    pub status: i8,
    /// Whether an AI sales agent runs them: left out of listings that do not ask for them.
    pub by_agent: bool,
    /// The id of the first; the others get theirs from the seed.
    pub id: Option<String>,
    /// When the first was made; the others follow a minute apart.
    pub created: Option<Timestamp>,
    /// About how many mails each sends on a working day, opened and answered by chance; nothing was ever sent by one that sends none.
    pub sends: u32,
}

/// Lead lists that are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadLists {
    /// How many.
    pub count: u32,
    /// Who owns them.
    pub owner: Option<String>,
    /// The name; of several, a number follows it.
    pub name: Option<String>,
    /// The id of the first; the others get theirs from the seed.
    pub id: Option<String>,
    /// When the first was made; the others follow a minute apart.
    pub created: Option<Timestamp>,
}

/// Leads that were brought in together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leads {
    /// How many.
    pub count: u32,
    /// Who works on them.
    pub assigned_to: Option<String>,
    /// Who brought them in.
    pub uploaded_by: Option<String>,
    /// Name or id of the campaign they are in.
    pub campaign: Option<String>,
    /// Name or id of the list they are in.
    pub list: Option<String>,
}

/// A webhook that was made in the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its name.
    pub name: Option<String>,
    /// Where it delivers.
    pub target: String,
    /// Who made it; recorded in the trail unless nobody is named.
    pub by: Option<String>,
    /// What it delivers.
    pub event: Option<String>,
    /// The raw status: 1 active, -1 stopped after failures.
    pub status: i8,
    /// When it was made.
    pub created: Option<Timestamp>,
}

/// Background jobs that are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jobs {
    /// How many.
    pub count: u32,
    /// Who started them.
    pub by: Option<String>,
    /// What they do, the API's word.
    pub kind: String,
    /// How far they are, the API's word.
    pub status: String,
    /// When the first was started; the others follow a minute apart.
    pub created: Option<Timestamp>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// Campaigns.
    Campaigns(Campaigns),
    /// Lead lists.
    LeadLists(LeadLists),
    /// Leads.
    Leads(Leads),
    /// Sending accounts.
    Accounts(Accounts),
    /// Keys.
    Key(Key),
    /// A webhook.
    Webhook(Webhook),
    /// Background jobs.
    Jobs(Jobs),
    /// Records of the trail.
    Records(Records),
    /// A tag.
    Tag(Tag),
    /// What carries a tag.
    Mappings(Mappings),
    /// A long trail.
    LongTrail(LongTrail),
    /// What it pays for.
    Billing(Billing),
}

macro_rules! into_put {
    ($($name:ident),*) => {
        $(impl From<$name> for Put {
            fn from(what: $name) -> Self {
                Self::$name(what)
            }
        })*
    };
}
into_put!(Campaigns, LeadLists, Leads, Accounts, Key, Webhook, Jobs, Records, Tag, Mappings, LongTrail, Billing);

impl Campaigns {
    /// Makes so many active campaigns that somebody owns.
    pub fn of(owner: &str, count: u32) -> Self {
        let owner = Some(owner.to_owned());
        Self { count, owner, creator: None, name: None, status: 1, by_agent: false, id: None, created: None, sends: 0 }
    }

    /// Says about how many mails each sends on a working day.
    #[must_use]
    pub fn sending(mut self, sends: u32) -> Self {
        self.sends = sends;
        self
    }

    /// Gives a name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Says who made them.
    #[must_use]
    pub fn made_by(mut self, creator: &str) -> Self {
        self.creator = Some(creator.to_owned());
        self
    }
}

impl LeadLists {
    /// Makes so many lists that somebody owns.
    pub fn of(owner: &str, count: u32) -> Self {
        Self { count, owner: Some(owner.to_owned()), name: None, id: None, created: None }
    }

    /// Gives a name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }
}

impl Leads {
    /// Makes so many leads that somebody brought in and works on.
    pub fn of(somebody: &str, count: u32) -> Self {
        let somebody = Some(somebody.to_owned());
        Self { count, assigned_to: somebody.clone(), uploaded_by: somebody, campaign: None, list: None }
    }

    /// Makes so many leads that nobody works on and nobody is known to have brought in.
    pub fn nobodys(count: u32) -> Self {
        Self { count, assigned_to: None, uploaded_by: None, campaign: None, list: None }
    }
}

impl Webhook {
    /// Makes a webhook for replies that somebody made.
    pub fn of(somebody: &str, target: &str) -> Self {
        Self {
            name: None,
            target: target.to_owned(),
            by: Some(somebody.to_owned()),
            event: Some("reply_received".to_owned()),
            status: 1,
            created: None,
        }
    }
}

impl Jobs {
    /// Makes so many imports that somebody started and that go on.
    pub fn of(somebody: &str, count: u32) -> Self {
        let (kind, status) = ("import-leads".to_owned(), "in-progress".to_owned());
        Self { count, by: Some(somebody.to_owned()), kind, status, created: None }
    }
}

/// The moments of things that are alike.
fn moments(count: u32, given: Option<Timestamp>, usual: i64) -> impl Iterator<Item = i64> {
    let begin = given.map_or(usual, Timestamp::as_millisecond);
    (0..i64::from(count)).map(move |at| begin + at * MINUTE)
}

/// The name of one of several.
fn named(given: Option<&String>, word: &'static str, at: usize, (number, count): (u32, u32)) -> Name {
    match given {
        Some(name) if count == 1 => Name::Given(name.as_str().into()),
        Some(name) => Name::Given(format!("{name} {number}").into()),
        None => Name::Numbered(word, u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1)),
    }
}

impl State {
    /// Puts something into a workspace: made `now`, or if the world has not begun, some time before. Returns the ids, of sending accounts
    /// the addresses, of leads nothing: there are too many.
    pub(crate) fn put(&mut self, workspace: usize, what: &Put, now: Option<i64>) -> Vec<String> {
        match what {
            Put::Campaigns(what) => self.put_campaigns(workspace, what, now),
            Put::LeadLists(what) => self.put_lists(workspace, what, now),
            Put::Leads(what) => {
                self.put_leads(workspace, what, now);
                Vec::new()
            }
            Put::Accounts(what) => self.put_accounts(workspace, what, now),
            Put::Key(what) => self.put_keys(workspace, what, now),
            Put::Webhook(what) => vec![self.put_webhook(workspace, what, now)],
            Put::Jobs(what) => self.put_jobs(workspace, what, now),
            Put::Records(what) => self.put_records(workspace, what, now),
            Put::Tag(what) => vec![self.put_tag(workspace, what, now)],
            Put::Mappings(what) => self.put_mappings(workspace, what, now),
            Put::LongTrail(what) => {
                self.put_long_trail(workspace, what);
                Vec::new()
            }
            Put::Billing(what) => {
                self.workspaces[workspace].things.paid = Some(Box::new(what.paid()));
                Vec::new()
            }
        }
    }

    fn put_campaigns(&mut self, workspace: usize, what: &Campaigns, now: Option<i64>) -> Vec<String> {
        let (owner, creator) = (self.who_or_nobody(what.owner.as_ref()), self.who_or_nobody(what.creator.as_ref()));
        let there = self.workspaces[workspace].things.campaigns.len();
        let mut ids = Vec::new();
        for (created, number) in moments(what.count, what.created, usual(there, now)).zip(1..) {
            let given = what.id.as_deref().filter(|_| number == 1).and_then(name::read);
            let id = given.unwrap_or_else(|| self.mint(workspace, created));
            let named = named(what.name.as_ref(), "Campaign", there + ids.len(), (number, what.count));
            let (status, by_agent) = (what.status, what.by_agent);
            self.insert_campaign(
                workspace,
                Campaign { id, name: named, owner, creator, status, by_agent, updated: created, sends: what.sends },
            );
            ids.push(name::show(id));
        }
        ids
    }

    fn put_lists(&mut self, workspace: usize, what: &LeadLists, now: Option<i64>) -> Vec<String> {
        let owner = self.who_or_nobody(what.owner.as_ref());
        let there = self.workspaces[workspace].things.lead_lists.len();
        let mut ids = Vec::new();
        for (created, number) in moments(what.count, what.created, usual(there, now)).zip(1..) {
            let given = what.id.as_deref().filter(|_| number == 1).and_then(name::read);
            let id = given.unwrap_or_else(|| self.mint(workspace, created));
            let named = named(what.name.as_ref(), "List", there + ids.len(), (number, what.count));
            self.insert_list(workspace, LeadList { id, name: named, owner, created, enrichment: Some(false) });
            ids.push(name::show(id));
        }
        ids
    }

    fn put_leads(&mut self, workspace: usize, what: &Leads, now: Option<i64>) {
        let assigned = self.who_or_nobody(what.assigned_to.as_ref());
        let uploaded_by = self.who_or_nobody(what.uploaded_by.as_ref());
        let campaign = what.campaign.as_deref().and_then(|called| self.campaign_called(workspace, called));
        let list = what.list.as_deref().and_then(|called| self.list_called(workspace, called));
        self.seed_of_things(workspace);
        let things = &mut self.workspaces[workspace].things;
        let origin =
            Run::new(uploaded_by, campaign.map(|at| things.campaigns[at].id), list.map(|at| things.lead_lists[at].id));
        things.leads.add(what.count, now.unwrap_or(BEGIN), assigned, origin);
    }

    fn put_webhook(&mut self, workspace: usize, what: &Webhook, now: Option<i64>) -> String {
        let there = self.workspaces[workspace].things.webhooks.len();
        let created = moments(1, what.created, usual(there, now)).next().unwrap_or(BEGIN);
        let id = self.mint(workspace, created);
        let by: Option<Who> = self.who_or_nobody(what.by.as_ref());
        self.insert_webhook(
            workspace,
            webhooks::Webhook {
                id,
                name: what.name.as_deref().map(Into::into),
                target: what.target.as_str().into(),
                event: what.event.as_deref().map(Into::into),
                status: what.status,
                token: Some("fake-not-a-secret".into()),
                created,
            },
        );
        if let Some(who) = by {
            self.write_down(workspace, created, 18, Actor::Person(who), About::Webhook(id));
        }
        name::show(id)
    }

    fn put_jobs(&mut self, workspace: usize, what: &Jobs, now: Option<i64>) -> Vec<String> {
        let user = self.who_or_nobody(what.by.as_ref());
        let there = self.workspaces[workspace].things.jobs.len();
        let mut ids = Vec::new();
        for created in moments(what.count, what.created, usual(there, now)) {
            let id = self.mint_job(workspace, created);
            let (kind, status) = (what.kind.as_str().into(), what.status.as_str().into());
            self.insert_job(workspace, Job { id, user, kind, status, created });
            ids.push(jobs::show_id(id));
        }
        ids
    }
}

/// When something is made that does not say when: now, or a minute after what is there.
fn usual(there: usize, now: Option<i64>) -> i64 {
    now.unwrap_or_else(|| BEGIN + MINUTE * i64::try_from(there).unwrap_or(0))
}
