//! Campaigns: listed, read, given another owner or name.

use std::sync::Arc;

use serde_json::{Value, json};

use super::mappings::Carrier;
use super::page::{self, Span};
use super::past::Was;
use super::trail::{About, Actor};
use super::who::Who;
use super::{Turn, holds};
use crate::sim::name;
use crate::sim::op::Op;
use crate::sim::paper::{self, Refusal, moment};
use crate::sim::routes::{Done, Wrote, object};
use crate::sim::state::State;

/// A campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Campaign {
    pub(crate) id: u128,
    pub(crate) name: Name,
    pub(crate) owner: Option<Who>,
    pub(crate) creator: Option<Who>,
    pub(crate) status: i8,
    /// Run by an AI sales agent.
    pub(crate) by_agent: bool,
    pub(crate) updated: i64,
    /// About how many mails it sends on a working day; none was ever sent where it is nothing.
    pub(crate) sends: u32,
}

/// A name that was given, or one that comes from a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Name {
    Given(Arc<str>),
    Numbered(&'static str, u32),
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Given(name) => f.write_str(name),
            Self::Numbered(word, number) => write!(f, "{word} {number}"),
        }
    }
}

/// The id of the only AI sales agent a workspace has.
const AGENT: &str = "0196a150-0000-7000-8000-00000000a6e1";

pub(crate) fn list(state: &State, turn: Turn<'_>) -> Result<Value, Refusal> {
    let Turn { ask, workspace, now, .. } = turn;
    let search = ask.query("search").map(|text| text.to_lowercase());
    let number = |member: &str| {
        let number = ask.query(member).map(|text| text.parse::<i8>());
        number.transpose().map_err(|_not_a_number| paper::invalid(&format!("querystring/{member} must be integer")))
    };
    let (status, not_status) = (number("status")?, number("exclude_status")?);
    let tags = super::accounts::tags(ask, "tag_ids");
    let agent = ask.query("ai_sales_agent_id");
    let with_agents = agent.is_some() || ask.query("include_ai_sales_agent_campaigns").as_deref() == Some("true");
    let Some(span) = Span::of_query(ask, 100)? else { return Ok(page::none()) };
    let after = span.after_id()?;
    let campaigns = state.shown_campaigns(workspace, now);
    let (mappings, all) = (state.shown_mappings(workspace, now), state.shown_tags(workspace, now));
    let carries = |campaign: u128, id: &u128| {
        let carrier = state.workspaces[workspace].things.tags.campaign_number(campaign).map(Carrier::Campaign);
        let tag = all.iter().find(|tag| tag.id == *id).map(|tag| tag.number);
        carrier.zip(tag).is_some_and(|pair| mappings.carries(pair))
    };
    let from = after.map_or(0, |after| campaigns.partition_point(|campaign| campaign.id <= after));
    let rows = campaigns[from..]
        .iter()
        .filter(|campaign| with_agents || !campaign.by_agent)
        .filter(|campaign| agent.as_deref().is_none_or(|agent| campaign.by_agent && agent == AGENT))
        .filter(|campaign| status.is_none_or(|status| campaign.status == status))
        .filter(|campaign| not_status.is_none_or(|status| campaign.status != status))
        .filter(|campaign| tags.as_ref().is_none_or(|ids| ids.iter().any(|id| carries(campaign.id, id))))
        .filter(|campaign| search.is_none() || holds(&campaign.name.to_string(), search.as_ref()));
    let last = state.settings.last_page;
    Ok(span.page(rows, last, |campaign| show(state, workspace, campaign), |campaign| name::show(campaign.id)))
}

pub(crate) fn get(state: &State, turn: Turn<'_>) -> Result<Value, Refusal> {
    let id = turn.uuid()?;
    let campaigns = state.shown_campaigns(turn.workspace, turn.now);
    let campaign = campaigns.iter().find(|campaign| campaign.id == id).ok_or_else(paper::not_found)?;
    Ok(show(state, turn.workspace, campaign))
}

/// Changes owner and name; every other member is dropped without a word (contract section 1).
pub(crate) fn patch(state: &mut State, turn: Turn<'_>) -> Done {
    let Turn { workspace, now, .. } = turn;
    let body = object(turn.ask)?;
    let owner = super::owner(&body, "owned_by")?;
    let named = super::text(&body, "name")?;
    let at = at(state, workspace, turn.uuid()?).ok_or_else(paper::not_found)?;
    state.check_owner(workspace, owner)?;
    let before = state.workspaces[workspace].things.campaigns[at].clone();
    let mut after = before.clone();
    after.owner = state.owned(before.owner, owner);
    if let Some(named) = named {
        after.name = Name::Given(named.into());
    }
    if after == before {
        return Ok((show(state, workspace, &after), None));
    }
    after.updated = now;
    let shown = show(state, workspace, &after);
    let id = |who: Option<Who>| who.map(|who| state.users.id(who));
    let wrote =
        Wrote::thing(Op::CampaignPatch, after.id, &after.name.to_string()).between(id(before.owner), id(after.owner));
    state.write_down(workspace, now, 11, Actor::Key(turn.key), About::Campaign(after.id));
    state.change_campaign(workspace, at, after, now);
    Ok((shown, Some(wrote)))
}

/// Shows a campaign as it truly is.
pub(crate) fn as_it_is(state: &State, workspace: usize, id: &str) -> Option<Value> {
    let at = at(state, workspace, name::read(id)?)?;
    Some(show(state, workspace, &state.workspaces[workspace].things.campaigns[at]))
}

/// Finds a campaign by its id.
fn at(state: &State, workspace: usize, id: u128) -> Option<usize> {
    state.workspaces[workspace].things.campaigns.binary_search_by_key(&id, |campaign| campaign.id).ok()
}

impl State {
    /// Finds a campaign by id or name, as a person would say it.
    pub(crate) fn campaign_called(&self, workspace: usize, called: &str) -> Option<usize> {
        let campaigns = &self.workspaces[workspace].things.campaigns;
        let id = name::read(called);
        campaigns.iter().position(|campaign| Some(campaign.id) == id || campaign.name.to_string() == called)
    }

    /// Puts a campaign in its place among the others.
    pub(super) fn insert_campaign(&mut self, workspace: usize, campaign: Campaign) {
        let campaigns = &mut self.workspaces[workspace].things.campaigns;
        let at = campaigns.partition_point(|other| other.id < campaign.id);
        campaigns.insert(at, campaign);
    }

    pub(crate) fn change_campaign(&mut self, workspace: usize, at: usize, campaign: Campaign, now: i64) {
        self.will_change_thing(workspace, |things| Was::Campaign(things.campaigns[at].clone()), now);
        self.workspaces[workspace].things.campaigns[at] = campaign;
    }

    /// Deletes a campaign, as a person does in the app.
    pub(crate) fn delete_campaign(&mut self, workspace: usize, at: usize, now: i64) {
        self.will_change_thing(workspace, |things| Was::Campaign(things.campaigns[at].clone()), now);
        let campaign = self.workspaces[workspace].things.campaigns.remove(at);
        if let Some(number) = self.workspaces[workspace].things.tags.campaign_number(campaign.id) {
            self.drop_mappings(workspace, |(carrier, _)| *carrier == Carrier::Campaign(number), now);
        }
        self.write_down(workspace, now, 3, Actor::Owner, About::Campaign(campaign.id));
    }
}

fn show(state: &State, workspace: usize, campaign: &Campaign) -> Value {
    let not_sending = if campaign.status == -2 { json!(99) } else { Value::Null };
    let weekdays = json!({ "0": false, "1": true, "2": true, "3": true, "4": true, "5": true, "6": false });
    let sequences = match campaign.status {
        -2 => json!([]),
        _ => json!([{ "steps": [{
            "type": "email",
            "delay": 2,
            "delay_unit": "days",
            "variants": [{ "subject": "Quick question", "body": "Hello {{firstName}},<br/>a short note." }],
        }] }]),
    };
    let mut out = json!({
        "id": name::show(campaign.id),
        "name": campaign.name.to_string(),
        "pl_value": null,
        "status": campaign.status,
        "is_evergreen": false,
        "campaign_schedule": {
            "start_date": null,
            "end_date": null,
            "schedules": [{
                "name": "Weekdays",
                "timing": { "from": "08:00", "to": "17:00" },
                "days": weekdays,
                "timezone": "America/Chicago",
            }],
        },
        "sequences": sequences,
        "timestamp_created": moment(name::millis(campaign.id)),
        "timestamp_updated": moment(campaign.updated),
        "email_gap": 10,
        "random_wait_max": 5,
        "text_only": false,
        "email_list": ["noor@mail-one.example"],
        "daily_limit": 50,
        "stop_on_reply": true,
        "email_tag_list": ["0198a111-2222-7333-8444-00000000a001"],
        "link_tracking": false,
        "open_tracking": campaign.sends > 0,
        "stop_on_auto_reply": null,
        "daily_max_leads": null,
        "not_sending_status": not_sending,
        "organization": &*state.workspaces[workspace].id,
        "owned_by": state.show_who(campaign.owner),
        "ai_sdr_id": if campaign.by_agent { AGENT.into() } else { Value::Null },
    });
    // Published from about 2026-09 and in none of the samples: there where somebody is known to have made it.
    if let (Some(creator), Some(members)) = (campaign.creator, out.as_object_mut()) {
        members.insert("created_by".into(), state.show_who(Some(creator)));
    }
    out
}
