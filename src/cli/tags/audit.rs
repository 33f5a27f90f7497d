//! `keyholder tags audit`: what is to be said against the tags of all workspaces, a row for each finding.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::{Value, json};

use super::found::Found;
use super::{named, sweep};
use crate::cli::args::Select;
use crate::cli::closing;
use crate::cli::session::Session;
use crate::cli::tables;
use crate::config::Purpose;
use crate::domain::FindingCode;
use crate::report::findings::{self, FINDING_ELSE};
use crate::report::listing::{self, Listing};
use crate::report::summary::meaning;
use crate::run::{Carrying, TagQuest};
use crate::trouble::{Exit, Trouble};

/// What is judged of tags; none of it can be where their list was cut.
const JUDGED: [FindingCode; 3] = [FindingCode::TagDuplicate, FindingCode::TagNearDuplicate, FindingCode::TagUnknown];

/// Tell which labels stand twice or nearly twice, and which no `[[tags]]` names. It reads, and writes nothing.
#[derive(Debug, Args)]
#[command(
    after_help = "Each finding has a stable code; `keyholder help CODE` explains it. More: `keyholder help tags`."
)]
pub struct Audit {
    /// Exit 10 where there is any finding.
    #[arg(long)]
    detailed_exitcode: bool,
    #[command(flatten)]
    select: Select,
}

impl Audit {
    /// Runs the command.
    pub async fn run(self, session: &Session<'_>) -> Result<Exit, Trouble> {
        let door = session.door;
        let chosen = session.choose(&self.select, Purpose::Read)?;
        let keys = session.keys(&chosen).await?;
        let targets = session.targets(&chosen, &keys);
        let deck = session.deck(None)?;
        let quest = TagQuest { carried: Carrying::Counts, ..TagQuest::TAGS };
        let mut out = door.printer.data();
        let header = listing::header(None, "tags audit", &self.select.describe());
        let mut listing = Listing::begin(&mut out, session.format(), "tag_finding", FINDING_ELSE, &header)
            .map_err(tables::unwritable)?;
        let mut found = Found::default();
        let mut not_judged: BTreeMap<&str, usize> = BTreeMap::new();
        let fleet = &session.fleet;
        let coverage = sweep::sweep(session, &deck, &targets, &quest, |observed, tagging, _| {
            let workspace = fleet.workspace(&observed.workspace).expect("targets are made of the fleet's workspaces");
            let mut findings = named::findings(fleet, workspace, observed, tagging);
            findings.sort();
            for finding in &findings {
                listing.row(&findings::finding_else(finding)).map_err(tables::unwritable)?;
            }
            found.take(findings);
            if tagging.tags.incomplete.is_some() {
                for code in JUDGED {
                    *not_judged.entry(code.as_str()).or_default() += 1;
                }
            }
            Ok(())
        })
        .await?;
        let exit = found.exit(&coverage, self.detailed_exitcode);
        let not_judged: Value = not_judged.into_iter().map(|(code, count)| (code, Value::from(count))).collect();
        let summary = closing::summary(
            &deck,
            json!({
                "type": "summary",
                "exit": exit.code(),
                "outcome": meaning(exit),
                "findings": found.severities(),
                "codes": found.codes(),
                "not_judged": not_judged,
                "coverage": coverage.record(),
            }),
        );
        listing.end(&summary).map_err(tables::unwritable)?;
        let printer = &door.printer;
        tables::unread(printer, &coverage);
        // Which tags there are tells all of it; what carries them only says what to do.
        let whole = coverage.partial.is_empty() && coverage.unreadable.is_empty();
        closing::rows(printer, &deck, &coverage, whole || found.count() == 0, &found.say(whole));
        Ok(exit)
    }
}
