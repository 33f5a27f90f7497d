//! `keyholder campaigns`: list the campaigns of all workspaces.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::json;

use super::args::Select;
use super::resources::Query;
use super::session::Session;
use super::tags::{Nowhere, named, sweep};
use super::{Door, closing, tables};
use crate::config::Purpose;
use crate::domain::{Campaign, ResourceKind, UserId};
use crate::plan::{Observed, Tagging};
use crate::report::listing::{self, Listing};
use crate::report::summary::{meaning, total};
use crate::report::tag_rows::{self, CAMPAIGN, Seen};
use crate::run::{Carrying, TagQuest};
use crate::trouble::{Exit, Trouble};
use crate::ui::words;

/// List the campaigns of all workspaces: state, owner, tags.
#[derive(Debug, Args)]
#[command(after_help = "What a query and each flag can say: `keyholder help tags`.")]
pub struct Campaigns {
    /// Only campaigns that a query means, such as `*north* status:active`.
    #[arg(value_name = "QUERY")]
    query: Option<String>,
    /// Only campaigns that carry a tag of this label; repeatable, all must hold.
    #[arg(long, value_name = "LABEL")]
    tag: Vec<String>,
    /// Only campaigns in this state: draft, active, paused, completed, …; several are parted by `|`.
    #[arg(long, value_name = "STATUS")]
    status: Option<String>,
    /// Only campaigns whose name matches; repeatable, all must hold.
    #[arg(long, value_name = "GLOB")]
    name: Vec<String>,
    /// Do not read the members, whose addresses tell who owns a campaign: one request less a workspace.
    #[arg(long)]
    no_owners: bool,
    #[command(flatten)]
    select: Select,
}

impl Campaigns {
    /// Runs the command.
    pub async fn run(self, door: &Door<'_>) -> Result<Exit, Trouble> {
        let session = &Session::open(door)?;
        let query = self.query()?;
        let chosen = session.choose(&self.select, Purpose::Read)?;
        let keys = session.keys(&chosen).await?;
        let targets = session.targets(&chosen, &keys);
        let deck = session.deck(None)?;
        let quest = TagQuest { members: !self.no_owners, campaigns: true, carried: Carrying::Listed, ..TagQuest::TAGS };
        let mut out = door.printer.data();
        let header = listing::header(None, "campaigns", &self.select.describe());
        let mut listing =
            Listing::begin(&mut out, session.format(), "campaign", CAMPAIGN, &header).map_err(tables::unwritable)?;
        let mut shown = 0;
        let mut nowhere = Nowhere::of(&query);
        let coverage = sweep::sweep(session, &deck, &targets, &quest, |observed, tagging, at| {
            nowhere.see(tagging);
            shown += rows(&mut listing, &query, observed, tagging, at).map_err(tables::unwritable)?;
            Ok(())
        })
        .await?;
        let exit = coverage.exit();
        let exact = coverage.is_complete();
        let summary = closing::summary(
            &deck,
            json!({
                "type": "summary",
                "exit": exit.code(),
                "outcome": meaning(exit),
                "rows": total(shown, exact),
                "coverage": coverage.record(),
            }),
        );
        listing.end(&summary).map_err(tables::unwritable)?;
        let printer = &door.printer;
        tables::unread(printer, &coverage);
        nowhere.tell(printer, &coverage);
        closing::rows(printer, &deck, &coverage, exact, &words::count(shown, "campaign"));
        Ok(exit)
    }

    fn query(&self) -> Result<Query, Trouble> {
        let mut query = match &self.query {
            Some(text) => Query::parse(ResourceKind::Campaign, text, "QUERY")?,
            None => Query::all(ResourceKind::Campaign),
        };
        for glob in &self.name {
            query = query.named(glob, "--name")?;
        }
        if let Some(status) = &self.status {
            query = query.of_status(status, "--status")?;
        }
        for label in &self.tag {
            query = query.tagged(&named::label(label)?);
        }
        Ok(query)
    }
}

/// Writes the campaigns of one workspace that are meant, by name, and counts them.
fn rows(
    listing: &mut Listing<'_>,
    query: &Query,
    observed: &Observed,
    tagging: &Tagging,
    at: &str,
) -> std::io::Result<usize> {
    let owners: BTreeMap<&UserId, &str> =
        observed.members.iter().filter_map(|member| Some((member.user_id.as_ref()?, member.email.as_str()))).collect();
    let known = tagging.carried_incomplete.is_none();
    let mut tags: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for tag in named::in_order(tagging) {
        let carrying = tagging.carried.get(&tag.id).into_iter().flatten();
        for (_, id) in carrying.filter(|(kind, _)| *kind == ResourceKind::Campaign) {
            tags.entry(id.as_str()).or_default().push(tag.label.trim());
        }
    }
    let mut campaigns: Vec<&Campaign> =
        tagging.campaigns.rows.iter().filter(|one| query.takes_campaign(one, tagging)).collect();
    campaigns.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    let name = observed.workspace.as_str();
    let seen = Seen { workspace: name, workspace_id: &observed.id, observed_at: at };
    for campaign in &campaigns {
        let owner = campaign.owned_by.as_ref().and_then(|owner| owners.get(owner).copied());
        let of = tags.get(campaign.id.as_str()).map_or(&[][..], Vec::as_slice);
        listing.row(&tag_rows::campaign(seen, campaign, owner, known.then_some(of)))?;
    }
    Ok(campaigns.len())
}
