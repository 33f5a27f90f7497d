//! `keyholder members`: list members and open invitations; send stale invitations again.

use std::collections::BTreeSet;
use std::time::Duration;

use clap::{Args, Subcommand};
use futures::StreamExt as _;
use serde_json::json;

use super::args::{Approve, Select};
use super::change::{self, Request};
use super::session::{self, Session};
use super::sightings::Sightings;
use super::watch::Watch;
use super::{Door, approval, closing, filter, open_files, tables};
use crate::api::Incomplete;
use crate::clock::Clock;
use crate::config::Purpose;
use crate::domain::{Email, Fleet, Member, Role, Workspace, WorkspaceId};
use crate::plan::{Observed, Wish};
use crate::report::listing::{self, Listing};
use crate::report::summary::{meaning, total};
use crate::report::{Coverage, rows};
use crate::run::{Deck, LaneTrouble, Target, TroubleKind, lane};
use crate::trouble::{Exit, Trouble};
use crate::ui::words;

/// List members and open invitations over all workspaces.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Members {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    select: Select,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Withdraw open invitations and send them again (the API has no resend).
    Reinvite(Reinvite),
}

/// Withdraw open invitations and send them again: same role, permissions and nickname.
#[derive(Debug, Args)]
struct Reinvite {
    /// Only these people's invitations; else all that are open.
    #[arg(value_name = "EMAIL")]
    emails: Vec<String>,
    /// Only invitations older than this, such as `14d`.
    #[arg(long, value_name = "DURATION")]
    older_than: Option<String>,
    #[command(flatten)]
    select: Select,
    #[command(flatten)]
    approve: Approve,
}

/// Which rows.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Rows")]
struct Filter {
    /// Only this role; repeatable.
    #[arg(long)]
    role: Vec<String>,
    /// Only people who accepted.
    #[arg(long, conflicts_with = "pending")]
    accepted: bool,
    /// Only open invitations.
    #[arg(long)]
    pending: bool,
    /// Only addresses outside the agency's domains.
    #[arg(long)]
    external: bool,
    /// Only these addresses; a glob such as `*@client.example` works; repeatable.
    #[arg(long, value_name = "GLOB")]
    email: Vec<String>,
    /// Only rows older than this, such as `14d`.
    #[arg(long, value_name = "DURATION")]
    older_than: Option<String>,
}

impl Members {
    /// Runs the command.
    pub async fn run(self, door: &Door<'_>) -> Result<Exit, Trouble> {
        let session = Session::open(door)?;
        match self.verb {
            Some(Verb::Reinvite(reinvite)) => reinvite.run(&session).await,
            None => list(&session, &self.filter, &self.select).await,
        }
    }
}

/// A filter with everything parsed.
struct Wanted<'a> {
    roles: Vec<Role>,
    accepted: Option<bool>,
    external: bool,
    emails: Option<globset::GlobSet>,
    age: Option<Age>,
    fleet: &'a Fleet,
}

/// Rows older than this, seen from this moment.
#[derive(Debug, Clone, Copy)]
struct Age {
    least: Duration,
    now: jiff::Timestamp,
}

impl Age {
    fn parse(text: Option<&String>, clock: Clock) -> Result<Option<Self>, Trouble> {
        text.map(|text| Ok(Self { least: session::duration("--older-than", text)?, now: clock.now() })).transpose()
    }

    /// Tells whether a row is older; `None` where its moment cannot be read.
    fn is_older(self, row: &Member) -> Option<bool> {
        filter::age(&row.timestamp_created, self.now).map(|age| age > self.least)
    }
}

impl<'a> Wanted<'a> {
    fn parse(rows: &Filter, fleet: &'a Fleet, clock: Clock) -> Result<Self, Trouble> {
        if rows.external && fleet.domains.is_empty() {
            return Err(Trouble::new(Exit::Usage, "--external needs to know the agency's own domains")
                .advise("name them in keyholder.toml: [agency] domains = [\"agency.example\"]"));
        }
        let accepted = match (rows.accepted, rows.pending) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        };
        Ok(Self {
            roles: rows.role.iter().map(|role| Role::observed(&role.to_ascii_lowercase())).collect(),
            accepted,
            external: rows.external,
            emails: filter::globs(&rows.email, str::to_ascii_lowercase, "--email takes an address or a glob")?,
            age: Age::parse(rows.older_than.as_ref(), clock)?,
            fleet,
        })
    }

    fn takes(&self, row: &Member) -> bool {
        (self.roles.is_empty() || self.roles.contains(&row.role))
            && self.accepted.is_none_or(|accepted| row.accepted == accepted)
            && (!self.external || self.fleet.is_external(&row.email) == Some(true))
            && self.emails.as_ref().is_none_or(|globs| {
                globs.is_match(row.email.as_str())
                    || row.user_email.as_ref().is_some_and(|email| globs.is_match(email.as_str()))
            })
            // A row whose moment cannot be read is shown: leaving it out would be a silent gap.
            && self.age.is_none_or(|age| age.is_older(row) != Some(false))
    }
}

/// One workspace's rows, ready to be written when its turn comes.
struct Seen {
    id: WorkspaceId,
    rows: Vec<Member>,
    incomplete: Option<String>,
    began: jiff::Timestamp,
    at: jiff::Timestamp,
}

type Read = Result<Seen, LaneTrouble>;

async fn list(session: &Session<'_>, filter: &Filter, select: &Select) -> Result<Exit, Trouble> {
    let door = session.door;
    let wanted = Wanted::parse(filter, &session.fleet, door.clock)?;
    for role in wanted.roles.iter().filter(|role| matches!(role, Role::Other(_))) {
        door.printer.warn(&format!("no role `{role}` is known; the API's are owner, admin, editor, view and client"));
    }
    let chosen = session.choose(select, Purpose::Read)?;
    let keys = session.keys(&chosen).await?;
    let targets = session.targets(&chosen, &keys);
    let deck = session.deck(None)?;
    let mut out = door.printer.data();
    let header = listing::header(None, "members", &select.describe());
    let listing =
        Listing::begin(&mut out, session.format(), "member", rows::MEMBER, &header).map_err(tables::unwritable)?;
    let coverage = Coverage { asked: targets.len(), ..Coverage::default() };
    open_files::for_talking(&deck, &targets)?;
    let sightings = Sightings::open(session).await;
    let mut sheet = Sheet { wanted: &wanted, listing, coverage, shown: 0, sightings };
    let watch = Watch::begin(&door.printer, &deck, "reading", &targets);
    let sweeping = sweep(&deck, &targets, &watch, &mut sheet);
    let swept = watch.around(deck.stop.unless_draining(sweeping)).await;
    sheet.sightings.write_down().await;
    swept.ok_or_else(|| session.interrupted())?.map_err(tables::unwritable)?;
    sheet.end(door, &deck).await
}

/// Reads all lanes at once and writes their rows in config order: a lane that is ahead waits for its turn.
async fn sweep(deck: &Deck, targets: &[Target], watch: &Watch<'_>, sheet: &mut Sheet<'_>) -> std::io::Result<()> {
    let lanes = lane::in_turn(targets, |target| async {
        let read = read(deck, target).await;
        watch.ended(target.name.as_str(), read.is_err());
        read
    });
    let mut lanes = std::pin::pin!(lanes);
    for target in targets {
        let read = lanes.next().await.and_then(Result::ok).unwrap_or_else(|| Err(LaneTrouble::bug()));
        sheet.write(target, read).await?;
    }
    Ok(())
}

/// The listing while it is written.
struct Sheet<'a> {
    wanted: &'a Wanted<'a>,
    listing: Listing<'a>,
    coverage: Coverage,
    shown: usize,
    sightings: Sightings<'a>,
}

impl Sheet<'_> {
    async fn write(&mut self, target: &Target, read: Read) -> std::io::Result<()> {
        let Seen { id, mut rows, incomplete, began, at } = match read {
            Ok(seen) => seen,
            Err(trouble) => {
                session::unreadable(&mut self.coverage, target.name.as_str(), &trouble);
                return Ok(());
            }
        };
        self.sightings.keep(&id, (began, at), &rows, incomplete.is_none()).await;
        match incomplete {
            None => self.coverage.complete += 1,
            Some(why) => self.coverage.partial.push((target.name.to_string(), why)),
        }
        rows.retain(|row| self.wanted.takes(row));
        rows.sort_by(|a, b| (&a.email, &a.id).cmp(&(&b.email, &b.id)));
        let observed_at = super::keys::list::to_the_second(at).to_string();
        for row in &rows {
            let external = self.wanted.fleet.is_external(&row.email);
            self.listing.row(&rows::member(target.name.as_str(), &observed_at, row, external))?;
            self.shown += 1;
        }
        Ok(())
    }

    async fn end(self, door: &Door<'_>, deck: &Deck) -> Result<Exit, Trouble> {
        let Self { listing, coverage, shown, sightings, wanted: _ } = self;
        sightings.close().await;
        let exit = coverage.exit();
        let summary = closing::summary(
            deck,
            json!({
                "type": "summary",
                "exit": exit.code(),
                "outcome": meaning(exit),
                "rows": total(shown, coverage.is_complete()),
                "coverage": coverage.record(),
            }),
        );
        listing.end(&summary).map_err(tables::unwritable)?;
        tables::unread(&door.printer, &coverage);
        closing::rows(&door.printer, deck, &coverage, coverage.is_complete(), &words::count(shown, "row"));
        Ok(exit)
    }
}

async fn read(deck: &Deck, target: &Target) -> Read {
    let _talking = target.talk(deck).await?;
    let began = deck.clock.now();
    let client = target.client(deck)?;
    // Every row names its workspace, so a pinned workspace need not be asked who it is before its rows are read.
    let id = match &target.pinned {
        Some(pinned) => pinned.clone(),
        None => client.current().await?.id,
    };
    let listing = client.members(&id).await?;
    let rows = listing.rows;
    let another = match &listing.complete {
        _ if !rows.is_empty() || target.pinned.is_none() => false,
        Err(Incomplete::OtherWorkspace { .. }) => true,
        // Where there is no row none names its workspace, and no workspace is without its owner.
        _ => client.current().await?.id != id,
    };
    if another {
        return Err(LaneTrouble::new(
            TroubleKind::Identity,
            format!("the key opens another workspace than the pinned {id}; its rows are not shown"),
            vec!["give the workspace the key that belongs to it; `keyholder check` shows who answers".to_owned()],
        ));
    }
    let incomplete = listing.complete.err().map(|why| why.to_string());
    Ok(Seen { id, rows, incomplete, began, at: deck.clock.now() })
}

impl Reinvite {
    async fn run(self, session: &Session<'_>) -> Result<Exit, Trouble> {
        approval::check(&self.approve)?;
        let age = Age::parse(self.older_than.as_ref(), session.door.clock)?;
        let emails: BTreeSet<Email> = self
            .emails
            .iter()
            .map(|text| {
                Email::parse(text).map_err(|error| Trouble::new(Exit::Usage, format!("{error}; nothing was sent")))
            })
            .collect::<Result<_, _>>()?;
        let wishes = |_: &Workspace, observed: &Observed| {
            let mut people: Vec<&Email> = observed
                .members
                .iter()
                .filter(|row| !row.accepted)
                .filter(|row| emails.is_empty() || emails.contains(&row.email))
                // An invitation whose age cannot be read is not withdrawn on a guess.
                .filter(|row| age.is_none_or(|age| age.is_older(row) == Some(true)))
                .map(|row| &row.email)
                .collect();
            people.sort();
            people.dedup();
            people.into_iter().map(|email| Wish::Reinvited { email: email.clone() }).collect()
        };
        let request =
            Request { command: "members reinvite", select: &self.select, approve: &self.approve, undoes: None };
        change::run(session, &request, wishes, &emails).await
    }
}
