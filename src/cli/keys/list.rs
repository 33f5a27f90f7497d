//! `keyholder keys`: list the API keys of all workspaces, and what is known of each.

use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::json;

use super::case;
use super::memory::{Memory, Remembered};
use super::sweep::{self, Seen};
use crate::cli::args::Select;
use crate::cli::session::{self, Session};
use crate::cli::sweep::Looked;
use crate::cli::{closing, filter, survey, tables};
use crate::config::Purpose;
use crate::domain::{Fleet, KeyEntry, KeyInfo, KeyPolicy, scope};
use crate::plan::Observed;
use crate::report::key_rows::{self, KEY, KeyRow};
use crate::report::listing::{self, Listing};
use crate::report::summary::{meaning, total};
use crate::run::{Deck, Target};
use crate::trouble::{Exit, Trouble};
use crate::ui::words;

/// Which keys, and how far back their use is looked for.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Rows")]
pub struct List {
    /// Only keys of these names; a glob such as `zapier*` works; repeatable.
    #[arg(long, value_name = "GLOB")]
    name: Vec<String>,
    /// Only keys that may do what this scope allows, such as `api_keys:create`; repeatable, all must hold.
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
    /// Only keys whose owner in the register matches; repeatable.
    #[arg(long, value_name = "GLOB")]
    owner: Vec<String>,
    /// Only keys older than this, such as `180d`.
    #[arg(long, value_name = "DURATION")]
    older_than: Option<String>,
    /// Only the keys that keyholder itself speaks with, as far as that can be told.
    #[arg(long)]
    in_use: bool,
    #[command(flatten)]
    since: Since,
}

/// From when on the audit log is read for when keys were used.
#[derive(Debug, Clone, Default, Args)]
pub struct Since {
    /// From when on the audit log is read for when keys were last used: a time before now, such as `30d`, or a date; else the policy's
    /// `max_idle`, or 90 days.
    #[arg(long, value_name = "DURATION|DATE")]
    activity_since: Option<String>,
}

impl Since {
    /// Returns the moment.
    pub fn resolve(&self, policy: &KeyPolicy, now: Timestamp) -> Result<Timestamp, Trouble> {
        let Some(text) = &self.activity_since else {
            return Ok(horizon(policy, now));
        };
        if let Ok(date) = text.trim().parse::<Date>() {
            let midnight = date.to_zoned(TimeZone::UTC).map_err(|error| Trouble::new(Exit::Usage, error))?;
            if midnight.timestamp() > now {
                return Err(Trouble::new(Exit::Usage, format!("{date} is still to come (--activity-since)")));
            }
            return Ok(midnight.timestamp());
        }
        let age = session::duration("--activity-since", text)
            .map_err(|trouble| trouble.advise("or as a date, such as `2026-08-01`"))?;
        Ok(before(now, age))
    }
}

/// Returns the moment from which the trail is read for an audit: as far back as the policy lets a key be idle.
pub fn horizon(policy: &KeyPolicy, now: Timestamp) -> Timestamp {
    before(now, policy.max_idle.unwrap_or(KeyPolicy::MAX_IDLE))
}

/// Returns the beginning of the day (UTC) so long ago: two looks at one day ask, and tell, the same.
fn before(now: Timestamp, age: Duration) -> Timestamp {
    let moment = now.checked_sub(age).unwrap_or(Timestamp::MIN);
    let day = moment.to_zoned(TimeZone::UTC).start_of_day();
    day.map_or(moment, |day| day.timestamp())
}

/// Says when something was looked at, to the second.
pub fn to_the_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// A filter with everything parsed.
struct Wanted {
    names: Option<globset::GlobSet>,
    scopes: Vec<String>,
    owners: Option<globset::GlobSet>,
    least_age: Option<Duration>,
    in_use: bool,
    now: Timestamp,
}

impl Wanted {
    fn parse(list: &List, now: Timestamp) -> Result<Self, Trouble> {
        let List { name, scope, owner, older_than, in_use, since: _ } = list;
        let least_age = older_than.as_ref().map(|text| session::duration("--older-than", text)).transpose()?;
        Ok(Self {
            names: filter::globs(name, str::to_lowercase, "--name takes a text or a glob")?,
            scopes: scope.iter().map(|scope| scope.trim().to_owned()).collect(),
            owners: filter::globs(owner, str::to_lowercase, "--owner takes a text or a glob")?,
            least_age,
            in_use: *in_use,
            now,
        })
    }

    fn takes(&self, key: &KeyInfo, entry: Option<&KeyEntry>) -> bool {
        let owner = || entry.and_then(|entry| entry.owner.as_deref()).unwrap_or_default().to_lowercase();
        self.names.as_ref().is_none_or(|names| names.is_match(key.name.to_lowercase()))
            && self.scopes.iter().all(|wanted| scope::covers(&key.scopes, wanted))
            && self.owners.as_ref().is_none_or(|owners| owners.is_match(owner()))
            // A key whose moment cannot be read is shown: leaving it out would be a silent gap.
            && self.least_age.is_none_or(|least| filter::age(&key.created, self.now).is_none_or(|age| age > least))
            && (!self.in_use || key.in_use == Some(true))
    }
}

/// Lists them.
pub async fn run(session: &Session<'_>, list: &List, select: &Select) -> Result<Exit, Trouble> {
    let door = session.door;
    let now = door.clock.now();
    let wanted = Wanted::parse(list, now)?;
    for scope in wanted.scopes.iter().filter(|scope| !scope::is_documented(scope)) {
        let near = scope::nearest(scope).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        door.printer.warn(&format!("no scope `{scope}` is documented by the API{near}"));
    }
    let since = list.since.resolve(&session.fleet.key_policy, now)?;
    let chosen = session.choose(select, Purpose::Read)?;
    let keys = session.keys(&chosen).await?;
    let mut targets = session.targets(&chosen, &keys);
    let deck = session.deck(None)?;
    let mut memory = Memory::open(session).await;
    memory.know_keys(session, &mut targets).await;
    let mut out = door.printer.data();
    let header = listing::header(None, "keys", &select.describe());
    let listing = Listing::begin(&mut out, session.format(), "key", KEY, &header).map_err(tables::unwritable)?;
    let mut sheet = Sheet { fleet: &session.fleet, wanted, listing, seen: Seen::of(&targets), shown: 0 };
    let swept = sweep::sweep(session, &deck, &targets, since, async |target, looked| {
        sheet.take(&mut memory, target, looked).await
    });
    let swept = swept.await;
    memory.close().await;
    swept?;
    sheet.end(session, &deck)
}

/// The listing while it is written.
struct Sheet<'a> {
    fleet: &'a Fleet,
    wanted: Wanted,
    listing: Listing<'a>,
    seen: Seen,
    shown: usize,
}

impl Sheet<'_> {
    async fn take(&mut self, memory: &mut Memory<'_>, target: &Target, looked: Looked) -> Result<(), Trouble> {
        let Looked { sight, at } = looked;
        let observed = match survey::seen_or_why(sight) {
            Ok(observed) => observed,
            Err(trouble) => {
                self.seen.unreadable(target, &trouble);
                return Ok(());
            }
        };
        self.seen.observed(&observed);
        let remembered = memory.of(&observed).await;
        self.write(&observed, &remembered, at).map_err(tables::unwritable)?;
        memory.keep(&observed, at).await;
        Ok(())
    }

    fn write(&mut self, observed: &Observed, remembered: &Remembered, at: Timestamp) -> std::io::Result<()> {
        let Some(belongings) = observed.belongings.as_deref() else { return Ok(()) };
        let makers = case::makers(observed, remembered);
        let observed_at = to_the_second(at).to_string();
        let mut rows: Vec<&KeyInfo> = belongings.keys.rows.iter().collect();
        let found = case::is_found(observed, belongings);
        rows.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        for key in rows {
            let entry = self.fleet.register.entry(observed.workspace.as_str(), &key.id);
            if !self.wanted.takes(key, entry) {
                continue;
            }
            self.listing.row(&key_rows::key(KeyRow {
                workspace: observed.workspace.as_str(),
                workspace_id: &observed.id,
                observed_at: &observed_at,
                key,
                age: filter::age(&key.created, self.wanted.now).map(|age| age.as_secs() / 86_400),
                created_by: case::created_by(&key.id, &makers, belongings),
                activity: belongings.activity.as_ref(),
                entry,
                in_use: key.in_use.or(found.then_some(false)),
            }))?;
            self.shown += 1;
        }
        Ok(())
    }

    fn end(self, session: &Session<'_>, deck: &Deck) -> Result<Exit, Trouble> {
        let Self { listing, seen, shown, wanted, fleet: _ } = self;
        let coverage = seen.coverage();
        let exit = coverage.exit();
        // Which keys there are is known although who made them, or when they were used, may not be.
        let exact = coverage.partial.is_empty() && coverage.unreadable.is_empty();
        let summary = closing::summary(
            deck,
            json!({
                "type": "summary",
                "exit": exit.code(),
                "outcome": meaning(exit),
                "rows": total(shown, exact),
                "coverage": coverage.record(),
            }),
        );
        listing.end(&summary).map_err(tables::unwritable)?;
        let printer = &session.door.printer;
        tables::unread(printer, &coverage);
        if wanted.in_use && shown == 0 {
            printer.say("where the API shows no secrets, which key is in use is known of keys that keyholder made or that `keyholder keys adopt` saw");
        }
        closing::rows(printer, deck, &coverage, exact, &words::count(shown, "key"));
        Ok(exit)
    }
}
