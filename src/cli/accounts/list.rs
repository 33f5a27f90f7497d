//! `keyholder accounts`: who sends from what, and is it healthy.

use clap::Args;
use globset::GlobSet;
use serde_json::json;

use super::seen::{Found, Labels, Seen};
use super::sweep::{self, Looked};
use crate::audit::accounts::{self, AccountCase};
use crate::cli::args::Select;
use crate::cli::keys::list::to_the_second;
use crate::cli::resources::Query;
use crate::cli::session::Session;
use crate::cli::tags::Nowhere;
use crate::cli::{closing, filter, survey, tables};
use crate::config::Purpose;
use crate::domain::{AccountPolicy, Days, Email, Fleet, Owned, ResourceKind, Sent, SentDaily};
use crate::plan::{Observed, Tagging};
use crate::report::account_rows::{self, ACCOUNT, AccountRow};
use crate::report::listing::{self, Format, Listing};
use crate::report::summary::{meaning, total};
use crate::run::{AccountQuest, Deck, Target};
use crate::trouble::{Exit, Trouble};
use crate::ui::words;

/// The word of `--owner` for accounts that have none.
const NONE: &str = "none";

/// Which accounts.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Rows")]
pub struct List {
    /// Only accounts that a query means, such as `provider:google,status:active`; see `help tags`.
    #[arg(long, value_name = "QUERY")]
    query: Option<String>,
    /// Only accounts whose address matches.
    #[arg(long, value_name = "GLOB")]
    name: Option<String>,
    /// Only accounts of these states, such as `active` or `connection-error|sending-error`.
    #[arg(long, value_name = "WORD")]
    status: Option<String>,
    /// Only accounts that carry a tag of this label; repeatable, all must hold.
    #[arg(long, value_name = "LABEL")]
    tag: Vec<String>,
    /// Only accounts whose owner matches; `none` means those without one; repeatable.
    #[arg(long, value_name = "GLOB|none")]
    owner: Vec<String>,
    /// Only accounts that cannot send, or that bounce too much.
    #[arg(long)]
    unhealthy: bool,
    /// Do not ask what they sent: fewer requests, and nothing is said of bounces.
    #[arg(long)]
    no_analytics: bool,
    /// Exit 10 where anything is to be said against an account that is shown.
    #[arg(long)]
    detailed_exitcode: bool,
}

/// Which accounts, as typed and checked.
#[derive(Debug)]
struct Wanted {
    query: Query,
    owners: Option<GlobSet>,
    unowned: bool,
    unhealthy: bool,
}

impl Wanted {
    fn parse(list: &List) -> Result<Self, Trouble> {
        let kind = ResourceKind::Account;
        let mut query = match &list.query {
            Some(text) => Query::parse(kind, text, "--query")?,
            None => Query::all(kind),
        };
        if let Some(glob) = &list.name {
            query = query.named(glob, "--name")?;
        }
        if let Some(status) = &list.status {
            query = query.of_status(status, "--status")?;
        }
        for label in &list.tag {
            if label.trim().is_empty() {
                return Err(Trouble::new(Exit::Usage, "the label is blank (--tag)"));
            }
            query = query.tagged(label);
        }
        let none = |text: &&String| text.trim() == NONE;
        let globs: Vec<String> = list.owner.iter().filter(|text| !none(text)).cloned().collect();
        Ok(Self {
            query,
            owners: filter::globs(&globs, str::to_ascii_lowercase, "--owner takes an address, a glob or `none`")?,
            unowned: list.owner.iter().any(|text| none(&text)),
            unhealthy: list.unhealthy,
        })
    }

    /// Tells whether an account is meant, as far as that can be told without what it sent.
    fn takes(&self, case: &AccountCase<'_>, tagging: &Tagging) -> bool {
        self.query.takes_account(case.account, tagging) && self.takes_owner(case)
    }

    fn takes_owner(&self, case: &AccountCase<'_>) -> bool {
        if self.owners.is_none() && !self.unowned {
            return true;
        }
        let ownership = case.ownership();
        let people: Vec<String> = match (&ownership.files, &ownership.tags) {
            (Owned::By(rule), _) => vec![rule.owner.to_string()],
            (Owned::Disputed(rules), _) => rules.iter().map(|rule| rule.owner.to_string()).collect(),
            // Whose it is that could not be read is shown: leaving it out would be a silent gap.
            (Owned::Nobody, None) => return true,
            (Owned::Nobody, Some(tags)) => tags.clone(),
        };
        let named = self.owners.as_ref().is_some_and(|globs| people.iter().any(|one| globs.is_match(one)));
        named || (self.unowned && people.is_empty())
    }
}

/// Lists them.
pub async fn run(session: &Session<'_>, list: &List, select: &Select) -> Result<Exit, Trouble> {
    let door = session.door;
    let wanted = Wanted::parse(list)?;
    let chosen = session.choose(select, Purpose::Read)?;
    let keys = session.keys(&chosen).await?;
    let targets = session.targets(&chosen, &keys);
    let deck = session.deck(None)?;
    let days = (!list.no_analytics).then(|| Days::week_to(door.clock.now()));
    let quest = AccountQuest { members: false, days };
    let mut out = door.printer.data();
    let header = listing::header(None, "accounts", &select.describe());
    let listing =
        Listing::begin(&mut out, session.format(), "account", ACCOUNT, &header).map_err(tables::unwritable)?;
    let policy = &session.fleet.accounts;
    let mut sheet = Sheet {
        fleet: &session.fleet,
        wanted: &wanted,
        days,
        listing,
        seen: Seen::of(&targets),
        found: Found::default(),
        nowhere: Nowhere::of(&wanted.query),
        totals: Totals::default(),
    };
    let asked = |observed: &Observed| {
        let mut asked = Vec::new();
        each(observed, policy, |case, tagging| {
            // Who cannot send is told by that alone, but what it sent is told of it as well.
            if wanted.takes(&case, tagging) {
                asked.push(case.account.email.clone());
            }
        });
        asked
    };
    sweep::sweep(session, &deck, &targets, quest, asked, |target, looked| sheet.take(target, looked)).await?;
    sheet.end(session, &deck, list.detailed_exitcode)
}

/// Goes through the accounts of a workspace by their addresses: the order of a listing must not matter.
fn each(observed: &Observed, policy: &AccountPolicy, mut take: impl FnMut(AccountCase<'_>, &Tagging)) {
    let Some(tagging) = observed.tagging.as_deref() else { return };
    let labels = Labels::of(tagging);
    let mut rows: Vec<_> = tagging.accounts.rows.iter().collect();
    rows.sort_by_cached_key(|account| (Email::observed(&account.email), account.email.clone()));
    for account in rows {
        let labels = labels.of_account(&account.email);
        let (workspace, id) = (&observed.workspace, &observed.id);
        take(AccountCase { workspace, id, policy, account, labels, sending: None }, tagging);
    }
}

/// What all shown accounts sent together.
#[derive(Debug, Default)]
struct Totals {
    shown: usize,
    sent: usize,
    today: Sent,
    all: Sent,
}

/// The listing while it is written.
struct Sheet<'a> {
    fleet: &'a Fleet,
    wanted: &'a Wanted,
    days: Option<Days>,
    listing: Listing<'a>,
    seen: Seen,
    found: Found,
    nowhere: Nowhere,
    totals: Totals,
}

impl Sheet<'_> {
    fn take(&mut self, target: &Target, looked: Looked) -> Result<(), Trouble> {
        let Looked { sight: (sight, sent), at } = looked;
        let observed = match survey::seen_or_why(sight) {
            Ok(observed) => observed,
            Err(trouble) => {
                self.seen.unreadable(target, &trouble);
                return Ok(());
            }
        };
        self.seen.observed(&observed, false, &sent);
        if let Some(tagging) = observed.tagging.as_deref() {
            self.nowhere.see(tagging);
        }
        let observed_at = to_the_second(at).to_string();
        let mut written = Ok(());
        each(&observed, &self.fleet.accounts, |case, tagging| {
            if written.is_ok() && self.wanted.takes(&case, tagging) {
                written = self.write(case, &sent, &observed_at);
            }
        });
        written.map_err(tables::unwritable)
    }

    fn write(&mut self, case: AccountCase<'_>, sent: &SentDaily, observed_at: &str) -> std::io::Result<()> {
        let sending = self.days.and_then(|days| sent.of(&case.address(), days));
        let case = AccountCase { sending, ..case };
        let findings = accounts::health(&case);
        if self.wanted.unhealthy && findings.is_empty() {
            return Ok(());
        }
        for finding in &findings {
            self.found.note(finding);
        }
        self.totals.shown += 1;
        if let Some(sending) = sending {
            self.totals.sent += 1;
            self.totals.today += sending.today;
            self.totals.all += sending.all();
        }
        let ownership = case.ownership();
        let owner = ownership.words();
        self.listing.row(&account_rows::account(AccountRow {
            workspace: case.workspace.as_str(),
            workspace_id: case.id,
            observed_at,
            account: case.account,
            sending,
            owner_source: ownership.source(),
            owner,
            labels: case.labels,
            findings: findings.iter().map(|finding| finding.code.to_string()).collect(),
            evidence: findings.into_iter().map(|finding| finding.evidence).collect(),
        }))
    }

    fn end(self, session: &Session<'_>, deck: &Deck, detailed: bool) -> Result<Exit, Trouble> {
        let Self { listing, seen, found, nowhere, totals, days, wanted, fleet: _ } = self;
        let coverage = seen.coverage();
        let exit = match coverage.exit() {
            Exit::Complete if detailed && found.all() > 0 => Exit::Changes,
            exit => exit,
        };
        // Which accounts there are is known although what they sent may not be; which of them are unhealthy is not.
        let listed = coverage.partial.is_empty() && coverage.unreadable.is_empty();
        let whole = coverage.is_complete();
        let exact = if wanted.unhealthy { whole } else { listed };
        let counted = whole && totals.sent == totals.shown;
        let sum = |number: u64| json!({ "count": number, "exact": counted });
        let summary = closing::summary(
            deck,
            json!({
                "type": "summary",
                "exit": exit.code(),
                "outcome": meaning(exit),
                "rows": total(totals.shown, exact),
                "sent_today": days.map(|_| sum(totals.today.sent)),
                "bounced_today": days.map(|_| sum(totals.today.bounced)),
                "sent_7d": days.map(|_| sum(totals.all.sent)),
                "bounced_7d": days.map(|_| sum(totals.all.bounced)),
                "days": days.map(|days| json!({ "first": days.first().to_string(), "last": days.last().to_string() })),
                "findings": found.record(),
                "coverage": coverage.record(),
            }),
        );
        listing.end(&summary).map_err(tables::unwritable)?;
        let printer = &session.door.printer;
        tables::unread(printer, &coverage);
        nowhere.tell(printer, &coverage);
        found.talk(printer, session.format() == Format::Table);
        let sent = match days {
            None => "what they sent was not asked (--no-analytics)".to_owned(),
            Some(_) => format!(
                "{}{} sent today, {} over 7 days, {} bounced",
                closing::at_least(counted),
                totals.today.sent,
                totals.all.sent,
                totals.all.bounced
            ),
        };
        let told = format!(
            "{}{} in {}; {sent}; {}",
            closing::at_least(exact),
            words::count(totals.shown, "account"),
            closing::of_asked(&coverage),
            found.say(coverage.is_complete()),
        );
        closing::say(printer, deck, &told);
        Ok(exit)
    }
}
