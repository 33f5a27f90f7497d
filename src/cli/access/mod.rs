//! `keyholder access`: who has access where, over all workspaces, and what changed of it since.

pub mod changes;
pub mod past;
pub mod wanted;

use std::io::Write as _;

use clap::Args;
use futures::StreamExt as _;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::args::Select;
use super::keys::list::to_the_second;
use super::session::{self, Session};
use super::sightings::Sightings;
use super::watch::Watch;
use super::{Door, open_files, tables};
use crate::cli::closing;
use crate::config::Purpose;
use crate::domain::{Fleet, Member};
use crate::report::access_matrix::{Matrix, Shown};
use crate::report::access_rows::{self, ACCESS, LastLogin};
use crate::report::listing::{self, Format, Listing};
use crate::report::summary::{meaning, total};
use crate::report::{Coverage, Unlisted};
use crate::run::{AccessSeen, Deck, LaneTrouble, Logins, Target, lane, look_at_access};
use crate::trouble::{Exit, Trouble};
use crate::ui::words;
use wanted::{Filter, Wanted, logins_since};

/// Show who has access where: people and workspaces, roles, last logins, and what changed since.
#[derive(Debug, Args)]
#[command(
    after_help = "A terminal shows people × workspaces, as a grid where it fits; CSV, JSON and NDJSON have one row per person and workspace. \
                  See `keyholder help changes` for --changes-since."
)]
pub struct AccessCommand {
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    shape: Shape,
    #[command(flatten)]
    changes: changes::Changes,
    #[command(flatten)]
    select: Select,
}

/// How it is shown.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Shape")]
struct Shape {
    /// What has a line on a terminal: a person, a workspace, or each person in each workspace.
    #[arg(long, value_enum, default_value_t = By::Person)]
    by: By,
    /// Draw the grid of people and workspaces, however wide it is.
    #[arg(long, conflicts_with = "by")]
    wide: bool,
    /// Write the grid as CSV: a row per person, a column per workspace, roles in the cells.
    #[arg(long, conflicts_with_all = ["by", "wide", "format", "logins_since"])]
    matrix: bool,
    /// Do not look for last logins: two requests less for each workspace.
    #[arg(long)]
    no_logins: bool,
    /// From when on logins are looked for: a time before now, such as `30d`, or a date.
    #[arg(long, value_name = "DURATION|DATE", default_value = "90d", conflicts_with = "no_logins")]
    logins_since: String,
}

/// What has a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum By {
    /// A person: in which workspaces, and as what.
    Person,
    /// A workspace: who is in it, and as what.
    Workspace,
    /// A person in a workspace.
    Row,
}

/// How wide output is where nothing tells.
const WIDTH: usize = 100;

impl AccessCommand {
    /// Runs the command.
    pub async fn run(self, door: &Door<'_>) -> Result<Exit, Trouble> {
        let session = Session::open(door)?;
        let Self { filter, shape, changes, select } = self;
        let wanted = Wanted::parse(&filter, &session)?;
        if changes.is_asked() {
            return Box::pin(changes.run(&session, &wanted, &select)).await;
        }
        list(&session, &wanted, &shape, &select).await
    }
}

/// What a command shows while it goes on.
enum Face<'a> {
    /// Rows, as they come.
    Rows(Listing<'a>),
    /// A matrix, drawn at the end.
    Drawn(Matrix),
}

async fn list(session: &Session<'_>, wanted: &Wanted<'_>, shape: &Shape, select: &Select) -> Result<Exit, Trouble> {
    let door = session.door;
    let now = door.clock.now();
    let asks_rows = shape.by == By::Row || session.format() != Format::Table;
    let drawn = shape.matrix || !asks_rows;
    let logins = logins_since(&shape.logins_since, now)?.filter(|_| !shape.no_logins && !drawn);
    let chosen = session.choose(select, Purpose::Read)?;
    let keys = session.keys(&chosen).await?;
    let targets = session.targets(&chosen, &keys);
    let deck = session.deck(None)?;
    let mut sightings = Sightings::open(session).await;
    let mut out = door.printer.data();
    let header = listing::header(None, "access", &select.describe());
    let face = if drawn {
        Face::Drawn(Matrix::default())
    } else {
        let listing = Listing::begin(&mut out, session.format(), "access", ACCESS, &header);
        Face::Rows(listing.map_err(tables::unwritable)?)
    };
    let mut sheet = Sheet { fleet: &session.fleet, wanted, face, seen: Seen::of(&targets), rows: 0 };
    let swept = sweep(session, &deck, &targets, logins, async |target, looked| {
        if let Ok(looked) = &looked {
            remember(&mut sightings, looked).await;
        }
        sheet.take(target, looked)
    });
    let swept = swept.await;
    sightings.close().await;
    swept?;
    let Sheet { face, seen, rows, .. } = sheet;
    let coverage = seen.coverage();
    match face {
        Face::Rows(listing) => listing.end(&summary(&coverage, rows, &deck)).map_err(tables::unwritable)?,
        Face::Drawn(matrix) => draw(door, shape, &matrix)?,
    }
    Ok(end(door, &coverage, rows, &deck))
}

/// Keeps who was seen.
async fn remember(sightings: &mut Sightings<'_>, looked: &AccessSeen) {
    let AccessSeen { identity, began, at, members, .. } = looked;
    sightings.keep(&identity.id, (*began, *at), &members.value, members.incomplete.is_none()).await;
}

/// Looks at every workspace, many at once, and hands each on in config order.
async fn sweep(
    session: &Session<'_>,
    deck: &Deck,
    targets: &[Target],
    logins: Option<Timestamp>,
    mut take: impl AsyncFnMut(&Target, Result<AccessSeen, LaneTrouble>) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    open_files::for_talking(deck, targets)?;
    let watch = Watch::begin(&session.door.printer, deck, "reading", targets);
    let sweeping = async {
        let lanes = lane::in_turn(targets, |target| async {
            let looked = look_at_access(deck, target, logins).await;
            watch.ended(target.name.as_str(), looked.is_err());
            looked
        });
        let mut lanes = std::pin::pin!(lanes);
        for target in targets {
            let looked = lanes.next().await.and_then(Result::ok).unwrap_or_else(|| Err(LaneTrouble::bug()));
            take(target, looked).await?;
        }
        Ok(())
    };
    watch.around(deck.stop.unless_draining(sweeping)).await.ok_or_else(|| session.interrupted())?
}

/// What the coverage says of a sweep, gathered while it goes on.
struct Seen {
    coverage: Coverage,
    unseen: Vec<Unlisted>,
}

impl Seen {
    fn of(targets: &[Target]) -> Self {
        Self { coverage: Coverage { asked: targets.len(), ..Coverage::default() }, unseen: Vec::new() }
    }

    fn note(&mut self, target: &Target, looked: &AccessSeen) {
        match &looked.members.incomplete {
            None => self.coverage.complete += 1,
            Some(why) => self.coverage.partial.push((target.name.to_string(), why.clone())),
        }
        if let Some(reason) = looked.logins.as_ref().and_then(|logins| logins.incomplete.clone()) {
            let (workspace, listing) = (target.name.to_string(), "audit-logs".to_owned());
            self.unseen.push(Unlisted { workspace, listing, reason });
        }
    }

    fn coverage(self) -> Coverage {
        let Self { mut coverage, unseen } = self;
        coverage.note_unseen(unseen);
        coverage
    }
}

/// What is written while workspaces come in.
struct Sheet<'a> {
    fleet: &'a Fleet,
    wanted: &'a Wanted<'a>,
    face: Face<'a>,
    seen: Seen,
    rows: usize,
}

impl Sheet<'_> {
    fn take(&mut self, target: &Target, looked: Result<AccessSeen, LaneTrouble>) -> Result<(), Trouble> {
        let name = target.name.as_str();
        let looked = match looked {
            Ok(looked) => looked,
            Err(trouble) => {
                session::unreadable(&mut self.seen.coverage, name, &trouble);
                if let Face::Drawn(matrix) = &mut self.face {
                    matrix.add(name, Shown::Not, []);
                }
                return Ok(());
            }
        };
        self.seen.note(target, &looked);
        let mut members: Vec<&Member> =
            looked.members.value.iter().filter(|member| self.wanted.takes(member)).collect();
        members.sort_by(|a, b| (&a.email, &a.id).cmp(&(&b.email, &b.id)));
        self.rows += members.len();
        let external = |member: &Member| self.fleet.is_external(&member.email);
        match &mut self.face {
            Face::Drawn(matrix) => {
                let shown = if looked.members.incomplete.is_none() { Shown::Whole } else { Shown::Part };
                matrix.add(name, shown, members.into_iter().map(|member| (member, external(member))));
            }
            Face::Rows(listing) => {
                let observed_at = to_the_second(looked.at).to_string();
                for member in members {
                    let login = last_login(looked.logins.as_ref(), member);
                    let cells = access_rows::access(name, &observed_at, member, external(member), &login);
                    listing.row(&cells).map_err(tables::unwritable)?;
                }
            }
        }
        Ok(())
    }
}

/// Says when somebody last logged in, no more than the trail tells.
fn last_login(logins: Option<&Logins>, member: &Member) -> LastLogin {
    let Some(Logins { since, last, incomplete }) = logins else { return LastLogin::NotAsked };
    let Some(user) = &member.user_id else { return LastLogin::NoAccount };
    match (last.get(user), incomplete) {
        (Some(at), None) => LastLogin::At(*at),
        (Some(at), Some(_)) => LastLogin::AtOrLater(*at),
        (None, None) => LastLogin::NoneSince(*since),
        (None, Some(_)) => LastLogin::NotReadable,
    }
}

fn draw(door: &Door<'_>, shape: &Shape, matrix: &Matrix) -> Result<(), Trouble> {
    let width = door.env.width.unwrap_or(WIDTH);
    let written = if shape.matrix {
        let mut out = door.printer.data();
        matrix.sheet(&mut out).and_then(|()| out.flush()).or_else(unless_gone)
    } else {
        let text = match shape.by {
            By::Workspace => matrix.by_workspace(width),
            By::Person | By::Row => matrix.grid(width, shape.wide).unwrap_or_else(|| matrix.by_person(width)),
        };
        drawn(door, &text)
    };
    written.map_err(tables::unwritable)?;
    if !shape.matrix && matrix.has_external() {
        door.printer.say("* outside the agency's domains");
    }
    Ok(())
}

/// Writes a text that was drawn for a terminal. A reader that has gone is no failure.
fn drawn(door: &Door<'_>, text: &str) -> std::io::Result<()> {
    let mut out = door.printer.data();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).or_else(unless_gone)
}

fn unless_gone(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) }
}

fn summary(coverage: &Coverage, rows: usize, deck: &Deck) -> Value {
    let exit = coverage.exit();
    closing::summary(
        deck,
        json!({
            "type": "summary",
            "exit": exit.code(),
            "outcome": meaning(exit),
            "rows": total(rows, is_exact(coverage)),
            "coverage": coverage.record(),
        }),
    )
}

/// Who is there is known although when they logged in may not be.
fn is_exact(coverage: &Coverage) -> bool {
    coverage.partial.is_empty() && coverage.unreadable.is_empty()
}

fn end(door: &Door<'_>, coverage: &Coverage, rows: usize, deck: &Deck) -> Exit {
    tables::unread(&door.printer, coverage);
    closing::rows(&door.printer, deck, coverage, is_exact(coverage), &words::count(rows, "membership"));
    coverage.exit()
}
