//! Sending accounts that are put into a workspace, with their figures.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{moments, usual};
use crate::sim::state::State;
use crate::sim::things::accounts::Account;
use crate::sim::things::days::{Sending, Sent};
use crate::sim::things::trail::{About, Actor};

/// Sending accounts that are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accounts {
    /// How many.
    pub count: u32,
    /// Who connected them; recorded in the trail.
    pub added_by: Option<String>,
    /// Who changed them last.
    pub modified_by: Option<String>,
    /// The address; of several, a number stands before it.
    pub email: Option<String>,
    /// The raw status: 1 active, 2 paused, -1 connection error …
    pub status: i8,
    /// When the first was connected; the others follow a minute apart.
    pub created: Option<Timestamp>,
    /// The raw status of their warm-up: 0 paused, 1 active, -1 banned …; none is active where the account is.
    pub warmup: Option<i8>,
    /// The raw provider: 1 custom, 2 Google, 3 Microsoft …
    pub provider: u8,
    /// The most they send a day.
    pub daily_limit: u32,
    /// The score of their warm-up; none is 98 where the account is active, else null.
    pub score: Option<u8>,
    /// What each sends on every day, and how much of it bounces; none is nothing.
    pub every_day: Option<(u32, u32)>,
    /// What each sends on days that are unlike the others.
    pub days: Vec<Day>,
}

/// What an account sends on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// Which day, in UTC.
    pub date: Date,
    /// How much it sends.
    pub sent: u32,
    /// How much of it bounces.
    pub bounced: u32,
}

impl Accounts {
    /// Makes so many active accounts that somebody connected.
    pub fn of(somebody: &str, count: u32) -> Self {
        Self { added_by: Some(somebody.to_owned()), ..Self::nobodys(count) }
    }

    /// Makes so many active accounts that nobody is known to have connected: no record speaks of them, which keeps large worlds small.
    pub fn nobodys(count: u32) -> Self {
        Self {
            count,
            added_by: None,
            modified_by: None,
            email: None,
            status: 1,
            created: None,
            warmup: None,
            provider: 2,
            daily_limit: 30,
            score: None,
            every_day: None,
            days: Vec::new(),
        }
    }

    /// Gives an address; of several, a number stands before it.
    #[must_use]
    pub fn at(mut self, email: &str) -> Self {
        self.email = Some(email.to_owned());
        self
    }

    /// Says what each sends on every day, and how much of it bounces.
    #[must_use]
    pub fn sending(mut self, sent: u32, bounced: u32) -> Self {
        self.every_day = Some((sent, bounced));
        self
    }

    /// Says what each sends on one day.
    #[must_use]
    pub fn on(mut self, date: Date, sent: u32, bounced: u32) -> Self {
        self.days.push(Day { date, sent, bounced });
        self
    }

    fn figures(&self) -> Option<Arc<Sending>> {
        if self.every_day.is_none() && self.days.is_empty() {
            return None;
        }
        let midnight = |date: Date| date.to_zoned(TimeZone::UTC).map_or(0, |at| at.timestamp().as_millisecond());
        let sent = |day: &Day| (midnight(day.date), Sent { sent: day.sent, bounced: day.bounced });
        let mut days: Vec<(i64, Sent)> = self.days.iter().map(sent).collect();
        days.sort_by_key(|(day, _)| *day);
        Some(Arc::new(Sending { every_day: self.every_day.map(|(sent, bounced)| Sent { sent, bounced }), days }))
    }
}

impl State {
    pub(super) fn put_accounts(&mut self, workspace: usize, what: &Accounts, now: Option<i64>) -> Vec<String> {
        let (added_by, modified_by) =
            (self.who_or_nobody(what.added_by.as_ref()), self.who_or_nobody(what.modified_by.as_ref()));
        let there = self.workspaces[workspace].things.accounts.len();
        let sending = what.figures();
        let mut emails = Vec::new();
        for (created, number) in moments(what.count, what.created, usual(there, now)).zip(1..) {
            let email = match &what.email {
                Some(email) if what.count == 1 => email.clone(),
                Some(email) => format!("{number}.{email}"),
                None => format!("sender.{}@mail-{}.example", there + emails.len() + 1, self.workspaces[workspace].name),
            };
            let account = Account {
                email: email.as_str().into(),
                created,
                updated: created,
                added_by,
                modified_by,
                status: what.status,
                warmup: what.warmup,
                provider: what.provider,
                score: what.score,
                daily_limit: what.daily_limit,
                sending: sending.clone(),
                gone: false,
            };
            self.insert_account(workspace, account);
            if let Some(who) = added_by {
                self.write_down(workspace, created, 6, Actor::Person(who), About::Nothing);
            }
            emails.push(email);
        }
        emails
    }
}
