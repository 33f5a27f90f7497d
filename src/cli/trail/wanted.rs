//! Which records are asked for: what was typed, checked, and held against each record, for the API's filters narrow and never decide.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::export::moment::Reader;
use super::look::Look;
use crate::api::TrailFilter;
use crate::cli::session;
use crate::config::did_you_mean;
use crate::domain::codes::ACTIVITY;
use crate::domain::{Email, KeyId, Member, TrailLine, UserId, WorkspaceId};
use crate::journal::Account;
use crate::run::TrailHome;
use crate::trouble::{Exit, Trouble};

/// Which records.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Whose.
    pub person: Option<Email>,
    keys: BTreeSet<String>,
    types: BTreeSet<i64>,
    /// From which moment on.
    pub since: Option<Timestamp>,
    until: Option<Timestamp>,
    /// The accounts by which the ledger knows the person.
    accounts: BTreeMap<WorkspaceId, BTreeSet<UserId>>,
    /// The keys asked for that some record named, whatever else was asked of it.
    named: RefCell<BTreeSet<String>>,
}

impl Wanted {
    /// Reads what was typed.
    pub fn parse(look: &Look, now: Timestamp) -> Result<Self, Trouble> {
        let Look { person, key, kind, since, until } = look;
        let usage = |error: crate::domain::id::BadId| Trouble::new(Exit::Usage, format!("{error} (--key)"));
        let person = person.as_ref().map(|text| Email::parse(text)).transpose();
        let keys = key.iter().map(|id| KeyId::parse(id.trim()).map(|id| id.to_string()).map_err(usage));
        let wanted = Self {
            person: person.map_err(|error| Trouble::new(Exit::Usage, format!("{error} (--person)")))?,
            keys: keys.collect::<Result<_, _>>()?,
            types: kind.iter().map(|word| code(word)).collect::<Result<_, _>>()?,
            since: since.as_ref().map(|text| Ok(moment("--since", text, now)?.0)).transpose()?,
            // A day that is named is meant whole; so is the last one.
            until: until.as_ref().map(|text| Ok(moment("--until", text, now)?.1)).transpose()?,
            accounts: BTreeMap::new(),
            named: RefCell::default(),
        };
        match (wanted.since, wanted.until) {
            (Some(since), Some(until)) if since >= until => {
                Err(Trouble::new(Exit::Usage, "--since begins after --until has ended; nothing was sent"))
            }
            _ => Ok(wanted),
        }
    }

    /// Tells whether every record is meant.
    pub fn is_everything(&self) -> bool {
        let Self { person, keys, types, since, until, accounts: _, named: _ } = self;
        person.is_none() && keys.is_empty() && types.is_empty() && since.is_none() && until.is_none()
    }

    /// Takes the accounts by which the ledger knows the person: of somebody who left, no list of members tells them any more.
    pub fn know(&mut self, accounts: impl IntoIterator<Item = Account>) {
        for Account { workspace_id, user_id, .. } in accounts {
            self.accounts.entry(workspace_id).or_default().insert(user_id);
        }
    }

    /// Returns the person's accounts in a workspace; none where nobody is asked for.
    pub fn people(&self, home: &TrailHome) -> Option<BTreeSet<UserId>> {
        let person = self.person.as_ref()?;
        let is_them = |member: &&Member| member.email == *person || member.user_email.as_ref() == Some(person);
        let members = home.members.iter().flat_map(|told| &told.value).filter(is_them);
        let mut people: BTreeSet<UserId> = members.filter_map(|member| member.user_id.clone()).collect();
        people.extend(self.accounts.get(&home.identity.id).into_iter().flatten().cloned());
        Some(people)
    }

    /// Returns what the API is asked for.
    pub fn filter(&self) -> TrailFilter {
        let sole = (self.types.len() == 1).then(|| self.types.first().copied()).flatten();
        TrailFilter { activity: sole, since: self.since, until: self.until, search: None }
    }

    /// Tells whether a record is meant. One whose moment cannot be read is: leaving it out would be a silent gap.
    pub fn takes(&self, line: &TrailLine<'_>, people: Option<&BTreeSet<UserId>>, reader: &mut Reader) -> bool {
        let of_person = people.is_none_or(|people| {
            line.user_id.as_deref().is_some_and(|user| people.iter().any(|one| one.as_str() == user))
        });
        let of_key = self.keys.is_empty() || line.api_key_id.as_deref().is_some_and(|key| self.names(key));
        let of_type = self.types.is_empty() || self.types.contains(&line.activity);
        of_person && of_key && of_type && self.takes_moment(&line.at, reader)
    }

    /// Tells whether a key is among those asked for, and keeps in mind that a record names it.
    fn names(&self, key: &str) -> bool {
        let asked = self.keys.contains(key);
        let mut named = self.named.borrow_mut();
        if asked && !named.contains(key) {
            named.insert(key.to_owned());
        }
        asked
    }

    /// Returns the keys asked for that no record named.
    pub fn unnamed(&self) -> Vec<String> {
        self.keys.difference(&self.named.borrow()).cloned().collect()
    }

    /// Returns the codes asked for that have no word here.
    pub fn wordless(&self) -> Vec<i64> {
        self.types.iter().copied().filter(|code| !ACTIVITY.knows(*code)).collect()
    }

    fn takes_moment(&self, at: &str, reader: &mut Reader) -> bool {
        if self.since.is_none() && self.until.is_none() {
            return true;
        }
        reader.read(at).is_none_or(|moment| {
            self.since.is_none_or(|since| since.as_microsecond() <= moment.micros)
                && self.until.is_none_or(|until| moment.micros < until.as_microsecond())
        })
    }
}

fn code(word: &str) -> Result<i64, Trouble> {
    let code = ACTIVITY.parse(word);
    if let Some(code @ ..=0) = code {
        let what = format!("{code} is no activity of the audit log: its codes begin at 1 (--type); nothing was sent");
        return Err(Trouble::new(Exit::Usage, what).advise("`keyholder help trail` has all words"));
    }
    code.ok_or_else(|| {
        let trouble = Trouble::new(Exit::Usage, format!("`{}` is no activity of the audit log (--type)", word.trim()));
        let known: Vec<&str> = ACTIVITY.words().collect();
        trouble
            .advise(
                did_you_mean(word.trim(), known.iter().copied())
                    .unwrap_or_else(|| "a code does as well, such as 37".to_owned()),
            )
            .advise("`keyholder help trail` has all words")
    })
}

/// Reads a day or an age, as the moments at which it begins and ends; an age is a moment of its own.
fn moment(flag: &str, text: &str, now: Timestamp) -> Result<(Timestamp, Timestamp), Trouble> {
    if let Ok(day) = text.trim().parse::<Date>() {
        let midnight = |day: Date| {
            let zoned =
                day.to_zoned(TimeZone::UTC).map_err(|error| Trouble::new(Exit::Usage, format!("{error} ({flag})")));
            Ok::<_, Trouble>(zoned?.timestamp())
        };
        return Ok((midnight(day)?, midnight(day.saturating_add(1.day()))?));
    }
    let age = session::duration(flag, text).map_err(|trouble| trouble.advise("or as a day, such as `2026-08-01`"))?;
    let at = now.checked_sub(age).unwrap_or(Timestamp::MIN);
    Ok((at, at))
}
