//! `keyholder groups`: every link under the workspaces of the fleet.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::{Value, json};

use super::{Chosen, admin_of};
use crate::cli::args::Select;
use crate::cli::keys::list::to_the_second;
use crate::cli::session::{self, Session};
use crate::cli::{closing, reading, survey, tables};
use crate::config::did_you_mean;
use crate::domain::{Link, LinkStatus, Workspace, WorkspaceId};
use crate::report::cell::printable;
use crate::report::group_rows::{self, LINK, LinkRow};
use crate::report::listing::{self, Listing};
use crate::report::summary::{meaning, total};
use crate::report::{Coverage, Unlisted};
use crate::run::observe_links;
use crate::trouble::{Exit, Trouble};
use crate::ui::words;

/// Which links.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Rows")]
pub struct List {
    /// Only links of this status: pending, accepted or rejected; repeatable.
    #[arg(long, value_name = "STATUS")]
    status: Vec<String>,
    /// Only sub workspaces that no file names.
    #[arg(long)]
    unconfigured: bool,
}

/// Lists them.
pub async fn run(session: &Session<'_>, list: &List, select: &Select) -> Result<Exit, Trouble> {
    let door = session.door;
    let statuses: Vec<LinkStatus> = list.status.iter().map(|word| status(word)).collect::<Result<_, _>>()?;
    let chosen = Chosen::of(session, select)?;
    let keys = session.keys(&chosen.heads).await?;
    let targets = session.targets(&chosen.heads, &keys);
    let deck = session.deck(None)?;
    let sights =
        reading::watched(session, &deck, "reading", &targets, async |seen| observe_links(&deck, &targets, seen).await)
            .await?;
    let observed_at = to_the_second(deck.clock.now()).to_string();
    let known: BTreeMap<&WorkspaceId, &Workspace> =
        session.fleet.workspaces.iter().filter_map(|workspace| Some((workspace.id.as_ref()?, workspace))).collect();
    let mut coverage = Coverage { asked: targets.len(), ..Coverage::default() };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut shown = 0;
    let mut out = door.printer.data();
    let header = listing::header(None, "groups", &select.describe());
    let mut listing = Listing::begin(&mut out, session.format(), "link", LINK, &header).map_err(tables::unwritable)?;
    for (target, sight) in targets.iter().zip(sights) {
        let observed = match survey::seen_or_why(sight) {
            Ok(observed) => observed,
            Err(trouble) => {
                session::unreadable(&mut coverage, target.name.as_str(), &trouble);
                continue;
            }
        };
        let Some(links) = observed.links.as_deref() else { continue };
        match &links.incomplete {
            None => coverage.complete += 1,
            Some(why) => coverage.partial.push((target.name.to_string(), format!("the list of links: {why}"))),
        }
        let mut rows: Vec<&Link> = links.rows.iter().collect();
        rows.sort_by_key(|link| (known.get(&link.sub).map(|ours| &ours.name), &link.sub_name, &link.sub, &link.id));
        for link in rows {
            let ours = known.get(&link.sub).copied();
            let wanted = (statuses.is_empty() || statuses.contains(&link.status))
                && !(list.unconfigured && ours.is_some())
                && chosen.takes(&target.name, ours.map(|ours| &ours.name));
            if !wanted {
                continue;
            }
            let cells = group_rows::link(LinkRow {
                admin: target.name.as_str(),
                observed_at: &observed_at,
                link,
                workspace: ours.map(|ours| ours.name.as_str()),
                via: ours.and_then(admin_of).map(crate::domain::WorkspaceName::as_str),
            });
            listing.row(&cells).map_err(tables::unwritable)?;
            *counts.entry(link.status.to_string()).or_default() += 1;
            shown += 1;
        }
    }
    let exit = coverage.exit();
    let exact = coverage.is_complete();
    let by_status: BTreeMap<&str, Value> =
        counts.iter().map(|(status, count)| (status.as_str(), total(*count, exact))).collect();
    let summary = closing::summary(
        &deck,
        json!({
            "type": "summary",
            "exit": exit.code(),
            "outcome": meaning(exit),
            "rows": total(shown, exact),
            "statuses": by_status,
            "coverage": coverage.record(),
        }),
    );
    listing.end(&summary).map_err(tables::unwritable)?;
    tables::unread(&door.printer, &coverage);
    let by: Vec<String> = counts.iter().map(|(status, count)| format!("{count} {status}")).collect();
    let by = if by.is_empty() { String::new() } else { format!(" ({})", by.join(", ")) };
    let told = format!(
        "{}{}{by} under {}",
        closing::at_least(exact),
        words::count(shown, "link"),
        closing::of_asked(&coverage)
    );
    closing::say(&door.printer, &deck, &told);
    Ok(exit)
}

/// The words that a link's status can be asked for by.
const STATUSES: [&str; 3] = ["pending", "accepted", "rejected"];

/// Reads a status; one letter wrong must not look like an empty group.
fn status(word: &str) -> Result<LinkStatus, Trouble> {
    match LinkStatus::observed(&word.trim().to_ascii_lowercase()) {
        LinkStatus::Other(other) => {
            let text = format!("`{}` is no status that is known (--status); nothing was sent", printable(&other));
            let advice =
                did_you_mean(&other, STATUSES).unwrap_or_else(|| format!("it is one of {}", STATUSES.join(", ")));
            Err(Trouble::new(Exit::Usage, text).advise(advice))
        }
        status => Ok(status),
    }
}

/// Names what a workspace did not say of the group it is in.
pub(super) fn unasked(workspace: &str, why: &str) -> Unlisted {
    let (listing, reason) = ("workspace-group-members/admin".to_owned(), why.to_owned());
    Unlisted { workspace: workspace.to_owned(), listing, reason }
}
