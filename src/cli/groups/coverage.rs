//! `keyholder groups coverage`: the groups held against the files.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::{Value, json};

use super::list::unasked;
use super::{Chosen, admin_of};
use crate::api::Above;
use crate::audit::groups::{self, Client, Group, Says};
use crate::cli::args::Select;
use crate::cli::session::{self, Session};
use crate::cli::watch::Watch;
use crate::cli::{closing, open_files, survey, tables};
use crate::domain::{Finding, FindingCode, Mode, Severity, WorkspaceId, WorkspaceName};
use crate::plan::Observed;
use crate::report::cell::printable;
use crate::report::findings::{self, FINDING_ELSE};
use crate::report::listing::{self, Listing};
use crate::report::summary::meaning;
use crate::run::{Deck, Sight, Target, Under, observe_groups};
use crate::trouble::{Exit, Trouble};
use crate::ui::words;

/// Hold the groups against the files: who is in one and not in the other, who has not answered, who refused.
#[derive(Debug, Args)]
#[command(
    after_help = "Each finding has a stable code; `keyholder help CODE` explains it. It reads, and writes nothing."
)]
pub struct Coverage {
    /// Exit 10 where there is any finding.
    #[arg(long)]
    detailed_exitcode: bool,
    #[command(flatten)]
    select: Select,
}

impl Coverage {
    /// Runs the command.
    pub async fn run(self, session: &Session<'_>) -> Result<Exit, Trouble> {
        let chosen = Chosen::of(session, &self.select)?;
        let keys = session.keys(&chosen.heads).await?;
        let targets = session.targets(&chosen.heads, &keys);
        let deck = session.deck(None)?;
        let (sights, says) = look(session, &deck, &targets).await?;
        let mut coverage = crate::report::Coverage { asked: targets.len(), ..crate::report::Coverage::default() };
        let mut seen: Vec<Box<Observed>> = Vec::new();
        let mut ids: BTreeMap<WorkspaceName, WorkspaceId> = BTreeMap::new();
        for (target, sight) in targets.iter().zip(sights) {
            if let Sight::Unpinned { seen } = &sight {
                ids.insert(target.name.clone(), seen.id.clone());
            }
            match survey::seen_or_why(sight) {
                Ok(observed) => {
                    match observed.links.as_deref().and_then(|links| links.incomplete.as_ref()) {
                        None => coverage.complete += 1,
                        Some(why) => {
                            coverage.partial.push((target.name.to_string(), format!("the list of links: {why}")));
                        }
                    }
                    seen.push(observed);
                }
                Err(trouble) => session::unreadable(&mut coverage, target.name.as_str(), &trouble),
            }
        }
        let (findings, not_judged) = judge(session, &chosen, (&seen, &ids), &says);
        coverage.note_unseen(not_judged.iter().map(|(name, why)| unasked(name.as_str(), why)));
        self.show(session, &deck, &coverage, &findings)
    }

    fn show(
        &self,
        session: &Session<'_>,
        deck: &Deck,
        coverage: &crate::report::Coverage,
        found: &[Finding],
    ) -> Result<Exit, Trouble> {
        let printer = &session.door.printer;
        let exit = match coverage.exit() {
            Exit::Complete if self.detailed_exitcode && !found.is_empty() => Exit::Changes,
            exit => exit,
        };
        let mut by_severity: BTreeMap<Severity, usize> = BTreeMap::new();
        let mut by_code: BTreeMap<FindingCode, usize> = BTreeMap::new();
        let mut out = printer.data();
        let header = listing::header(None, "groups coverage", &self.select.describe());
        let mut write = || -> std::io::Result<()> {
            let mut listing = Listing::begin(&mut out, session.format(), "group_finding", FINDING_ELSE, &header)?;
            for finding in found {
                *by_severity.entry(finding.severity).or_default() += 1;
                *by_code.entry(finding.code).or_default() += 1;
                listing.row(&findings::finding_else(finding))?;
            }
            let codes: BTreeMap<&str, Value> =
                by_code.iter().map(|(code, count)| (code.as_str(), Value::from(*count))).collect();
            listing.end(&closing::summary(
                deck,
                json!({
                    "type": "summary",
                    "exit": exit.code(),
                    "outcome": meaning(exit),
                    "codes": codes,
                    "coverage": coverage.record(),
                }),
            ))
        };
        write().map_err(tables::unwritable)?;
        tables::unread(printer, coverage);
        let by: Vec<String> = by_severity.iter().rev().map(|(severity, count)| format!("{count} {severity}")).collect();
        let told = match found.len() {
            0 if coverage.is_complete() => "no findings".to_owned(),
            0 => "no findings in what could be read".to_owned(),
            some => format!("{}: {}", words::count(some, "finding"), by.join(", ")),
        };
        let at_least = closing::at_least(coverage.is_complete() || found.is_empty());
        closing::say(printer, deck, &format!("{at_least}{told}; {} read whole", closing::of_asked(coverage)));
        Ok(exit)
    }
}

async fn look(
    session: &Session<'_>,
    deck: &Deck,
    targets: &[Target],
) -> Result<(Vec<Sight>, BTreeMap<WorkspaceName, Under>), Trouble> {
    open_files::for_talking(deck, targets)?;
    let watch = Watch::begin(&session.door.printer, deck, "reading", targets);
    let seen = |place: usize, sight: &Sight| {
        watch.ended(targets[place].name.as_str(), matches!(sight, Sight::Unreadable(_)));
    };
    watch.around(observe_groups(deck, targets, seen)).await.ok_or_else(|| session.interrupted())
}

/// Judges what was seen against all files, `off` ones too; `ids` are those of workspaces whose files have none. What is said of workspaces that were not chosen is left out. Returns the findings, and what a
/// workspace that was read did not say, with the reason.
fn judge(
    session: &Session<'_>,
    chosen: &Chosen<'_>,
    (seen, ids): (&[Box<Observed>], &BTreeMap<WorkspaceName, WorkspaceId>),
    says: &BTreeMap<WorkspaceName, Under>,
) -> (Vec<Finding>, Vec<(WorkspaceName, String)>) {
    let groups: Vec<Group<'_>> = seen
        .iter()
        .filter_map(|observed| {
            let links = observed.links.as_deref()?;
            let (admin, admin_id) = (&observed.workspace, &observed.id);
            Some(Group { admin, admin_id, links: &links.rows, incomplete: links.incomplete.as_deref() })
        })
        .collect();
    let read = |name: &WorkspaceName| seen.iter().any(|observed| observed.workspace == *name);
    let clients: Vec<Client<'_>> = session
        .fleet
        .workspaces
        .iter()
        .map(|workspace| Client {
            name: &workspace.name,
            id: workspace.id.as_ref().or_else(|| ids.get(&workspace.name)),
            off: workspace.mode == Mode::Off,
            via: admin_of(workspace),
            says: says.get(&workspace.name).map(said).filter(|_| read(&workspace.name)),
        })
        .collect();
    let judgement = groups::judge(&groups, &clients);
    let takes = |finding: &Finding| {
        let Some(name) = &finding.workspace else { return true };
        let sub = match &finding.about {
            crate::domain::About::Sub { id, .. } => {
                session.fleet.workspaces.iter().find(|workspace| workspace.id.as_ref() == Some(id))
            }
            _ => None,
        };
        chosen.takes(name, sub.map(|sub| &sub.name))
    };
    let findings = judgement.findings.into_iter().filter(takes).collect();
    // What was not judged because its admin workspace was not read stands in the coverage already.
    let unread = |name: &WorkspaceName| {
        let workspace = session.fleet.workspace(name);
        workspace
            .and_then(admin_of)
            .is_some_and(|admin| !read(admin) && chosen.heads.iter().any(|head| head.name == *admin))
    };
    let not_judged =
        judgement.not_judged.into_iter().filter(|not| chosen.means(&not.workspace) && !unread(&not.workspace));
    (findings, not_judged.map(|not| (not.workspace, printable(&not.why))).collect())
}

fn said(under: &Under) -> Says {
    match under {
        Ok(None) => Says::None,
        Ok(Some(Above { name, link })) => {
            Says::Group { name: name.clone(), link: link.as_ref().map(ToString::to_string) }
        }
        Err(why) => Says::Unread(why.clone()),
    }
}
