//! `keyholder keys audit`: what is to be said against the keys of all workspaces.

use std::collections::BTreeMap;

use clap::Args;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::case::{self, Grounds};
use super::list::Since;
use super::memory::{Memory, Remembered};
use super::sweep::{self, Seen};
use crate::audit::{self, Judge, Judgement, Opened};
use crate::cli::args::Select;
use crate::cli::session::Session;
use crate::cli::sweep::Looked;
use crate::cli::{closing, survey, tables};
use crate::config::Purpose;
use crate::domain::fleet::Reach;
use crate::domain::{Finding, FindingCode, Fleet, Mode, NotJudged, Severity, Workspace, WorkspaceName};
use crate::report::cell::printable;
use crate::report::findings::{self, FINDING};
use crate::report::listing::{self, Listing};
use crate::report::summary::meaning;
use crate::report::{Coverage, Unlisted};
use crate::run::{Deck, Sight, Target};
use crate::trouble::{Exit, Trouble};
use crate::ui::{Printer, words};

/// Judge the keys of all workspaces by the agency's policy.
#[derive(Debug, Args)]
#[command(
    after_help = "Each finding has a stable code; `keyholder help CODE` explains it. How grave each is, and which are accepted until when, \
                  stands in `[key_policy]` of keyholder.toml. It reads, and writes nothing to any workspace."
)]
pub struct Audit {
    /// Exit 10 where a finding is at least this grave: low, medium, high or critical. Accepted ones do not count.
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    fail_on: Option<Severity>,
    /// Exit 10 where there is any finding that is not accepted.
    #[arg(long)]
    detailed_exitcode: bool,
    /// Only findings of this code; repeatable.
    #[arg(long, value_name = "CODE", value_parser = code)]
    code: Vec<FindingCode>,
    /// Show accepted findings too.
    #[arg(long)]
    accepted: bool,
    #[command(flatten)]
    since: Since,
    #[command(flatten)]
    select: Select,
}

fn severity(text: &str) -> Result<Severity, String> {
    let words: Vec<&str> = Severity::ALL.into_iter().map(Severity::as_str).collect();
    Severity::parse(text).ok_or_else(|| format!("known are {}", words.join(", ")))
}

fn code(text: &str) -> Result<FindingCode, String> {
    let words: Vec<&str> = FindingCode::KEYS.into_iter().map(FindingCode::as_str).collect();
    FindingCode::parse(text)
        .filter(|code| code.is_about_keys())
        .ok_or_else(|| format!("known are {}", words.join(", ")))
}

/// Where an ended lane's rows of one kind of trouble are named, the rest is counted.
const NAMED: usize = 5;

impl Audit {
    /// Runs the command.
    pub async fn run(self, session: &Session<'_>) -> Result<Exit, Trouble> {
        let door = session.door;
        let policy = &session.fleet.key_policy;
        let now = door.clock.now();
        let since = self.since.resolve(policy, now)?;
        let chosen = session.choose(&self.select, Purpose::Read)?;
        let keys = session.keys(&chosen).await?;
        let mut targets = session.targets(&chosen, &keys);
        let grounds = Grounds::of(&session.fleet, &keys);
        let counts = Counts { left_out: self.left_out(session, &chosen), ..Counts::default() };
        let deck = session.deck(None)?;
        let mut memory = Memory::open(session).await;
        memory.know_keys(session, &mut targets).await;
        session.tell_of_strange_rows();
        let mut out = door.printer.data();
        let header = listing::header(None, "keys audit", &self.select.describe());
        let listing =
            Listing::begin(&mut out, session.format(), "key_finding", FINDING, &header).map_err(tables::unwritable)?;
        let mut sheet = Sheet {
            audit: &self,
            fleet: &session.fleet,
            judge: Judge::new(policy, now),
            grounds,
            listing,
            seen: Seen::of(&targets),
            counts,
        };
        astray(&session.fleet, &door.printer);
        let today = now.to_zoned(TimeZone::UTC).date();
        for finding in audit::expired(policy, today) {
            sheet.finding(&finding)?;
        }
        let swept = sweep::sweep(session, &deck, &targets, since, async |target, looked| {
            sheet.take(&mut memory, target, looked).await
        });
        let swept = swept.await;
        memory.close().await;
        swept?;
        sheet.end(&door.printer, &deck)
    }
}

/// Warns of acceptances for a workspace that no workspace is called: one letter wrong, and they accept nothing. Commands that are not about
/// findings go on without a word, for what is not accepted is told.
fn astray(fleet: &Fleet, printer: &Printer) {
    let is_name = |text: &str| !text.contains(['*', '?', '[', '{']);
    for acceptance in &fleet.key_policy.accept {
        let Some(name) = acceptance.workspace.as_deref().filter(|text| is_name(text)) else { continue };
        if fleet.workspaces.iter().all(|workspace| workspace.name.as_str() != name) {
            printer.warn(&format!(
                "{}: {} is accepted for workspace `{}`, and no workspace is called that",
                acceptance.place,
                acceptance.code,
                printable(name),
            ));
        }
    }
}

/// The audit while it is written.
struct Sheet<'a> {
    audit: &'a Audit,
    fleet: &'a Fleet,
    judge: Judge<'a>,
    grounds: Grounds<'a>,
    listing: Listing<'a>,
    seen: Seen,
    counts: Counts,
}

impl Sheet<'_> {
    async fn take(&mut self, memory: &mut Memory<'_>, target: &Target, looked: Looked) -> Result<(), Trouble> {
        let Looked { sight, at } = looked;
        let workspace = self.fleet.workspace(&target.name).expect("targets are made of the fleet's workspaces");
        let stranger = match &sight {
            Sight::Stranger { seen, .. } => Some(seen.clone()),
            _ => None,
        };
        let judgement = match survey::seen_or_why(sight) {
            Ok(observed) => {
                self.seen.observed(&observed);
                let remembered = Remembered { looked_at: Some(at), ..memory.of(&observed).await };
                let makers = case::makers(&observed, &remembered);
                let judgement = self.judge.judge(&self.grounds.seen(workspace, target, &observed, makers, &remembered));
                memory.keep(&observed, at).await;
                judgement
            }
            Err(trouble) => {
                self.seen.unreadable(target, &trouble);
                let opens = stranger.as_deref().map(|seen| Opened { id: &seen.id, name: Some(seen.name.as_str()) });
                let (why, nothing) = (case::why(&trouble), Remembered::default());
                let case = self.grounds.unseen(workspace, target, &why, opens, &nothing);
                // That nothing could be judged there is said once, by the coverage.
                Judgement { not_judged: Vec::new(), ..self.judge.judge(&case) }
            }
        };
        let Judgement { findings, not_judged } = judgement;
        for finding in &findings {
            self.finding(finding)?;
        }
        for note in not_judged.into_iter().filter(|note| self.audit.asks(note.code)) {
            self.counts.not_judged(note);
        }
        Ok(())
    }

    fn finding(&mut self, finding: &Finding) -> Result<(), Trouble> {
        if !self.audit.asks(finding.code) {
            return Ok(());
        }
        self.counts.finding(finding);
        if finding.counts() || self.audit.accepted {
            self.listing.row(&findings::finding(finding)).map_err(tables::unwritable)?;
        }
        Ok(())
    }

    fn end(self, printer: &Printer, deck: &Deck) -> Result<Exit, Trouble> {
        let Self { audit, listing, seen, counts, .. } = self;
        let coverage = seen.coverage();
        let exit = audit.exit(&coverage, &counts);
        let summary = closing::summary(
            deck,
            json!({
                "type": "summary",
                "exit": exit.code(),
                "outcome": meaning(exit),
                "findings": counts.by_severity(),
                "codes": counts.by_code(),
                "accepted": counts.accepted,
                "not_judged": counts.unjudged(),
                "coverage": coverage.record(),
            }),
        );
        listing.end(&summary).map_err(tables::unwritable)?;
        tables::unread(printer, &coverage);
        counts.talk(printer, audit.accepted);
        let told = format!("{}{}", closing::at_least(coverage.is_complete()), counts.say());
        closing::say(printer, deck, &format!("{told}; {} read whole", closing::of_asked(&coverage)));
        Ok(exit)
    }
}

impl Audit {
    /// Counts the workspaces with a key of their own whose secrets were not compared with those of the chosen: no reference is followed
    /// that was not asked for.
    fn left_out(&self, session: &Session<'_>, chosen: &[&Workspace]) -> usize {
        let fleet = &session.fleet;
        if !self.asks(FindingCode::SharedSecret) || fleet.key_policy.severity_of(FindingCode::SharedSecret).is_none() {
            return 0;
        }
        let own = |workspace: &&Workspace| workspace.mode != Mode::Off && matches!(workspace.reach, Reach::Own(_));
        let all = fleet.workspaces.iter().filter(own).count();
        all - chosen.iter().copied().filter(own).count()
    }

    /// Tells whether findings of a code are asked for.
    fn asks(&self, code: FindingCode) -> bool {
        self.code.is_empty() || self.code.contains(&code)
    }

    /// Returns the exit code: that something was not seen goes before what was found (design section 4).
    fn exit(&self, coverage: &Coverage, counts: &Counts) -> Exit {
        let least = if self.detailed_exitcode { Some(Severity::Low) } else { self.fail_on };
        match coverage.exit() {
            Exit::Complete if least.is_some_and(|least| counts.any_at_least(least)) => Exit::Changes,
            exit => exit,
        }
    }
}

/// What was found, in numbers. Nothing here grows with the fleet.
#[derive(Debug, Default)]
struct Counts {
    found: BTreeMap<Severity, usize>,
    codes: BTreeMap<FindingCode, usize>,
    accepted: usize,
    not_judged: BTreeMap<FindingCode, Unjudged>,
    /// Workspaces whose secrets were compared with none.
    left_out: usize,
}

/// What one rule could not judge.
#[derive(Debug, Default)]
struct Unjudged {
    count: usize,
    workspaces: usize,
    last: Option<WorkspaceName>,
    /// The first of them.
    named: Vec<Unlisted>,
}

impl Counts {
    fn finding(&mut self, finding: &Finding) {
        if finding.counts() {
            *self.found.entry(finding.severity).or_default() += 1;
            *self.codes.entry(finding.code).or_default() += 1;
        } else {
            self.accepted += 1;
        }
    }

    fn not_judged(&mut self, note: NotJudged) {
        let NotJudged { code, workspace, about: _, why } = note;
        let unjudged = self.not_judged.entry(code).or_default();
        unjudged.count += 1;
        if unjudged.last.as_ref() != Some(&workspace) {
            unjudged.workspaces += 1;
            if unjudged.named.len() < NAMED {
                let listing = code.to_string();
                unjudged.named.push(Unlisted { workspace: workspace.to_string(), listing, reason: why });
            }
            unjudged.last = Some(workspace);
        }
    }

    fn any_at_least(&self, least: Severity) -> bool {
        self.found.range(least..).any(|(_, count)| *count > 0)
    }

    fn by_severity(&self) -> Value {
        let count = |severity: Severity| self.found.get(&severity).copied().unwrap_or(0);
        Severity::ALL.into_iter().rev().map(|severity| (severity.to_string(), Value::from(count(severity)))).collect()
    }

    fn by_code(&self) -> Value {
        self.codes.iter().map(|(code, count)| (code.to_string(), Value::from(*count))).collect()
    }

    fn unjudged(&self) -> Value {
        let one = |(code, unjudged): (&FindingCode, &Unjudged)| {
            let named = unjudged.named.iter().map(|one| json!({ "workspace": one.workspace, "reason": one.reason }));
            json!({
                "code": code,
                "count": unjudged.count,
                "workspaces": unjudged.workspaces,
                "first": named.collect::<Vec<_>>(),
            })
        };
        let left_out = (self.left_out > 0).then(|| {
            let code = FindingCode::SharedSecret;
            json!({ "code": code, "count": self.left_out, "workspaces": self.left_out, "first": [] })
        });
        self.not_judged.iter().map(one).chain(left_out).collect()
    }

    fn talk(&self, printer: &Printer, shows_accepted: bool) {
        for (code, unjudged) in &self.not_judged {
            let Some(first) = unjudged.named.first() else { continue };
            let more = match unjudged.workspaces {
                1 => String::new(),
                several => format!(" (and in {})", words::count(several - 1, "other workspace")),
            };
            printer.warn(&format!("not judged: {code}: {}: {}{more}", first.workspace, printable(&first.reason)));
        }
        if self.left_out > 0 {
            printer.warn(&format!(
                "not judged: {}: against {} that {} left out of the selection",
                FindingCode::SharedSecret,
                words::count(self.left_out, "workspace"),
                if self.left_out == 1 { "was" } else { "were" },
            ));
        }
        if self.accepted > 0 && !shows_accepted {
            printer.say(&format!("{}; --accepted shows them", words::count(self.accepted, "accepted finding")));
        }
    }

    fn say(&self) -> String {
        let found: usize = self.found.values().sum();
        if found == 0 {
            return "no findings".to_owned();
        }
        let by: Vec<String> = self.found.iter().rev().map(|(severity, count)| format!("{count} {severity}")).collect();
        format!("{}: {}", words::count(found, "finding"), by.join(", "))
    }
}
