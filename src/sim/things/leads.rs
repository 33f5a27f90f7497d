//! Leads: four bytes each, for whom it is assigned to; all else comes from the run it was brought in with and its number.

use serde_json::{Map, Value, json};

use super::page::{self, Span};
use super::who::Who;
use super::{Turn, uuids};
use crate::sim::name;
use crate::sim::paper::{Refusal, moment};
use crate::sim::routes::object;
use crate::sim::state::State;

const SECOND: i64 = 1000;

/// The leads of a workspace, numbered from 0 in order of their ids.
#[derive(Debug, Clone, Default)]
pub(crate) struct Leads {
    runs: Vec<Run>,
    assigned: Vec<Option<Who>>,
}

/// Leads that were brought in together, a second apart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    /// The number of its first.
    first: u32,
    /// When its first was made: later than every lead before it.
    begin: i64,
    pub(super) uploaded_by: Option<Who>,
    pub(super) campaign: Option<u128>,
    pub(super) list: Option<u128>,
}

impl Leads {
    /// Returns how many there are.
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.assigned.len()).expect("adding leads stops before that")
    }

    /// Brings in leads.
    pub(super) fn add(&mut self, count: u32, begin: i64, assigned: Option<Who>, origin: Run) {
        let first = self.len();
        let free = first.checked_sub(1).map_or(i64::MIN, |last| self.made(last) + SECOND);
        first.checked_add(count).expect("a workspace has fewer than four thousand million leads");
        self.runs.push(Run { first, begin: begin.max(free), ..origin });
        self.assigned.resize(self.assigned.len() + count as usize, assigned);
    }

    pub(super) fn run(&self, number: u32) -> &Run {
        &self.runs[self.runs.partition_point(|run| run.first <= number) - 1]
    }

    fn made(&self, number: u32) -> i64 {
        let run = self.run(number);
        run.begin + i64::from(number - run.first) * SECOND
    }

    pub(super) fn id(&self, seed: u64, number: u32) -> u128 {
        name::mixed(seed, self.made(number), LEAD + u64::from(number))
    }

    /// Finds a lead by its id: the moment in it tells its number, and then all of it must agree.
    pub(crate) fn find(&self, seed: u64, id: u128) -> Option<u32> {
        let at = name::millis(id);
        let run = &self.runs[self.runs.partition_point(|run| run.begin <= at).checked_sub(1)?];
        let number = run.first.checked_add(u32::try_from((at - run.begin) / SECOND).ok()?)?;
        (number < self.len() && self.id(seed, number) == id).then_some(number)
    }

    /// Returns the number of the first lead whose id is greater.
    fn behind(&self, seed: u64, id: u128) -> u32 {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.id(seed, middle) <= id { low = middle + 1 } else { high = middle }
        }
        low
    }

    pub(super) fn assigned(&self, number: u32) -> Option<Who> {
        self.assigned[number as usize]
    }

    pub(super) fn assign(&mut self, number: u32, to: Option<Who>) {
        self.assigned[number as usize] = to;
    }
}

impl Run {
    pub(super) fn new(uploaded_by: Option<Who>, campaign: Option<u128>, list: Option<u128>) -> Self {
        Self { first: 0, begin: 0, uploaded_by, campaign, list }
    }
}

/// Keeps leads' ids apart from those of other things.
const LEAD: u64 = 1 << 40;

/// Which leads a body means. What it does not say narrows nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct Meant {
    pub(super) ids: Option<Vec<u128>>,
    pub(super) not_ids: Vec<u128>,
    /// Assigned to one of these.
    pub(super) of: Option<Vec<u128>>,
    pub(super) campaign: Option<u128>,
    pub(super) list: Option<u128>,
    pub(super) in_campaign: Option<bool>,
    pub(super) in_list: Option<bool>,
}

impl Meant {
    /// Reads what both operations on leads understand alike.
    pub(super) fn of_body(body: &Map<String, Value>) -> Result<Self, Refusal> {
        let one = |member: &'static str| body.get(member).map(|value| super::uuid(value, member)).transpose();
        Ok(Self {
            ids: uuids(body, "ids")?,
            not_ids: uuids(body, "excluded_ids")?.unwrap_or_default(),
            of: None,
            campaign: one("campaign")?,
            list: one("list_id")?,
            in_campaign: body.get("in_campaign").and_then(Value::as_bool),
            in_list: body.get("in_list").and_then(Value::as_bool),
        })
    }

    pub(super) fn matches(&self, state: &State, leads: &Leads, seed: u64, number: u32) -> bool {
        let run = leads.run(number);
        let id = (self.ids.is_some() || !self.not_ids.is_empty()).then(|| leads.id(seed, number));
        let owner = leads.assigned(number).map(|who| state.users.id(who));
        let among = |ids: &[u128]| id.is_some_and(|id| ids.contains(&id));
        self.ids.as_deref().is_none_or(among)
            && !among(&self.not_ids)
            && self.of.as_ref().is_none_or(|users| owner.is_some_and(|owner| users.contains(&owner)))
            && self.campaign.is_none_or(|campaign| run.campaign == Some(campaign))
            && self.list.is_none_or(|list| run.list == Some(list))
            && self.in_campaign.is_none_or(|wanted| run.campaign.is_some() == wanted)
            && self.in_list.is_none_or(|wanted| run.list.is_some() == wanted)
    }
}

impl State {
    /// The body of an operation on leads without the filters that the settings let it drop without a word.
    pub(super) fn undropped(&self, mut body: Map<String, Value>) -> Map<String, Value> {
        body.retain(|name, _| !self.settings.drop_filters.contains(name));
        body
    }
}

pub(crate) fn list(state: &mut State, turn: Turn<'_>) -> Result<Value, Refusal> {
    let Turn { ask, workspace, now, .. } = turn;
    let seed = state.seed_of_things(workspace);
    let state = &*state;
    let body = if ask.body.is_empty() && !ask.json { Map::new() } else { object(ask)? };
    let body = state.undropped(body);
    let mut meant = Meant::of_body(&body)?;
    meant.of = uuids(&body, "organization_user_ids")?;
    let Some(span) = Span::of_body(&body, 100)? else { return Ok(page::none()) };
    let after = span.after_id()?;
    let leads = state.shown_leads(workspace, now);
    let leads = &*leads;
    let from = after.map_or(0, |after| leads.behind(seed, after));
    let rows: Box<dyn Iterator<Item = u32>> = match &meant.ids {
        // The few that are named are looked up, in the order of their ids.
        Some(ids) => {
            let mut named: Vec<u32> = ids.iter().filter_map(|id| leads.find(seed, *id)).collect();
            named.sort_unstable();
            named.dedup();
            meant.ids = None;
            Box::new(named.into_iter().filter(move |number| *number >= from))
        }
        None => Box::new(from..leads.len()),
    };
    let rows = rows.filter(|number| meant.matches(state, leads, seed, *number));
    let show = |number: &u32| show(state, workspace, leads, seed, *number);
    Ok(span.page(rows, state.settings.last_page, show, |number| name::show(leads.id(seed, *number))))
}

fn show(state: &State, workspace: usize, leads: &Leads, seed: u64, number: u32) -> Value {
    let run = leads.run(number);
    let or_null = |id: Option<u128>| id.map_or(Value::Null, |id| name::show(id).into());
    let made = moment(leads.made(number));
    json!({
        "id": name::show(leads.id(seed, number)),
        "timestamp_created": made,
        "timestamp_updated": made,
        "organization": &*state.workspaces[workspace].id,
        "campaign": or_null(run.campaign),
        "status": 1,
        "email": format!("lead.{number}@prospect.example"),
        "first_name": "Kim",
        "last_name": null,
        "company_name": format!("Prospect {number}"),
        "email_open_count": 0,
        "email_reply_count": 0,
        "email_click_count": 0,
        "company_domain": "prospect.example",
        "status_summary": {},
        "payload": { "firstName": "Kim", "city": "Austin" },
        "lt_interest_status": 1,
        "verification_status": 1,
        "list_id": or_null(run.list),
        "uploaded_by_user": state.show_who(run.uploaded_by),
        "upload_method": "api",
        "assigned_to": state.show_who(leads.assigned(number)),
        "esp_code": 1,
    })
}
