//! One request in, one answer out: who may ask, what is valid, what changes. No faults, no limits, no time of its own.
//!
//! The order is the framework's: route, key, `x-as-workspace`, body's form, plan, scope, body's content (contract sections 1, 2, 5).

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::name;
use super::op::Op;
use super::paper::{self, Refusal};
use super::settings::RepeatInvite;
use super::state::{Invitation, PERMISSIONS, Plan, Row, State, Word, permission_words, role_word};
use super::things::page::{self, Span};
use super::things::{
    Turn, accounts, assign, billing, campaigns, days, figures, groups, jobs, keys, lead_lists, leads, mappings, owner,
    tags, toggle, trail, warm, webhooks,
};
use crate::api::transport::Method;

/// One request as it arrived.
#[derive(Clone)]
pub(super) struct Ask {
    pub(super) method: Method,
    /// Path and query.
    pub(super) path: String,
    /// The value of `authorization`.
    pub(super) authorization: Option<String>,
    /// The value of `x-as-workspace`.
    pub(super) acts_as: Option<String>,
    /// Whether `content-type` is JSON.
    pub(super) json: bool,
    pub(super) body: Vec<u8>,
}

impl Ask {
    pub(super) fn route(&self) -> Option<(Op, Option<&str>)> {
        Op::route(self.method, self.path_alone())
    }

    fn path_alone(&self) -> &str {
        self.path.split_once('?').map_or(self.path.as_str(), |(path, _)| path)
    }

    /// The bearer key, as sent.
    pub(super) fn key(&self) -> Option<&str> {
        let (scheme, key) = self.authorization.as_deref()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
    }

    /// Path and query without one of the query's parameters.
    pub(super) fn without(&self, name: &str) -> String {
        let Some((path, query)) = self.path.split_once('?') else { return self.path.clone() };
        let prefix = format!("{name}=");
        let rest: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with(&prefix)).collect();
        format!("{path}?{}", rest.join("&"))
    }

    pub(super) fn query(&self, name: &str) -> Option<String> {
        let query = self.path.split_once('?')?.1;
        url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// What a parameter lists, parted by commas; a blank one says nothing.
    pub(super) fn commas(&self, name: &str) -> Option<Vec<String>> {
        let text = self.query(name)?;
        let parts: Vec<String> =
            text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect();
        (!parts.is_empty()).then_some(parts)
    }

    /// Every value of a parameter that is repeated.
    pub(super) fn queries(&self, name: &str) -> Vec<String> {
        let query = self.path.split_once('?').map_or("", |(_, query)| query);
        let pairs = url::form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
        pairs.map(|(_, value)| value.into_owned()).collect()
    }
}

/// Who asks: the key's workspace, and the one that is meant. Known even where the request is refused, for counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Caller {
    /// Index of the key, where it is one that exists.
    pub(super) key: Option<usize>,
    /// The workspace of the key.
    pub(super) home: Option<usize>,
    /// The workspace acted in, where the key may.
    pub(super) target: Option<usize>,
}

impl Caller {
    pub(super) fn of(state: &State, ask: &Ask) -> Self {
        let key = ask.key().and_then(|secret| state.key_with(secret));
        let home = key.map(|key| state.keys[key].workspace);
        let target = match &ask.acts_as {
            None => home,
            Some(id) => {
                home.zip(state.with_id(id)).filter(|(admin, sub)| state.is_sub_of(*sub, *admin)).map(|(_, sub)| sub)
            }
        };
        Self { key, home, target }
    }

    /// Tells whether the request gets past key and header: only then does it cost anybody's limit.
    pub(super) fn is_let_in(&self, state: &State) -> bool {
        self.target.is_some() && self.key.is_some_and(|key| !state.keys[key].dead)
    }
}

/// What a write did to a row or another thing.
#[derive(Debug, Clone)]
pub(super) struct Wrote {
    pub(super) op: Op,
    pub(super) row: u128,
    /// Invited address of a row, name of another thing.
    pub(super) email: Arc<str>,
    pub(super) role: Word,
    /// Whose it was, and whose it is.
    pub(super) from: Option<u128>,
    pub(super) to: Option<u128>,
    /// Accepted and not done yet: what it does is told when it does it.
    pub(super) queued: bool,
}

impl Wrote {
    pub(super) fn of(op: Op, row: &Row) -> Self {
        let (email, role) = (Arc::clone(&row.email), row.role.clone());
        Self { op, row: row.id, email, role, from: None, to: None, queued: false }
    }
}

/// An answer, and what it changed.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Value,
    pub(super) wrote: Option<Wrote>,
}

impl From<Refusal> for Reply {
    fn from((status, body): Refusal) -> Self {
        Self { status, body, wrote: None }
    }
}

/// Answers a request and applies it.
pub(super) fn answer(state: &mut State, ask: &Ask, now: i64) -> Reply {
    let admitted = admit(state, ask, now);
    // 202 for what is only accepted; everything else is 200, creations included.
    let status = if matches!(&admitted, Ok((Op::LeadsAssign, _))) { 202 } else { 200 };
    match admitted.and_then(|(op, turn)| perform(state, op, turn)) {
        Ok((body, wrote)) => Reply { status, body, wrote },
        Err(refusal) => refusal.into(),
    }
}

/// Answers what is written without a tree of values: pages of what there are thousands of. None of what is not, or is refused.
pub(super) fn written(state: &State, ask: &Ask, now: i64) -> Option<String> {
    let op = ask.route()?.0;
    if !matches!(op, Op::TrailList | Op::MemberList | Op::WebhookList | Op::LeadListList | Op::JobList) {
        return None;
    }
    let turn = admit(state, ask, now).ok()?.1;
    match op {
        Op::TrailList => trail::written(state, turn)?.ok(),
        Op::MemberList => members(state, ask, turn.workspace, now).ok(),
        Op::WebhookList => webhooks::written(state, turn).ok(),
        Op::LeadListList => lead_lists::written(state, turn).ok(),
        _ => jobs::written(state, turn).ok(),
    }
}

/// Checks everything that does not depend on the operation's own rules.
fn admit<'a>(state: &State, ask: &'a Ask, now: i64) -> Result<(Op, Turn<'a>), Refusal> {
    let (op, id) = ask.route().ok_or_else(|| paper::no_route(ask.method.as_str(), ask.path_alone()))?;
    if ask.authorization.is_none() {
        return Err(paper::missing_header());
    }
    let caller = Caller::of(state, ask);
    let key = caller.key.filter(|key| !state.keys[*key].dead).ok_or_else(paper::invalid_key)?;
    let workspace = caller.target.ok_or_else(paper::may_not_act)?;
    if ask.json && ask.body.is_empty() {
        return Err(paper::empty_json_body());
    }
    if matches!(state.workspaces[workspace].plan, Plan::Lapsed) {
        return Err(paper::no_paid_plan());
    }
    if !op.allowed_by(&state.keys[key].scopes) {
        return Err(paper::missing_scope());
    }
    Ok((op, Turn { ask, id, workspace, key, now }))
}

pub(super) type Done = Result<(Value, Option<Wrote>), Refusal>;

fn perform(state: &mut State, op: Op, turn: Turn<'_>) -> Done {
    let Turn { ask, id, workspace, now, .. } = turn;
    match op {
        Op::WorkspaceCurrent => Ok(unchanged(owner::shown(state, turn))),
        Op::MemberList => member_page(state, ask, workspace, now).map(unchanged),
        Op::MemberGet => shown(state, workspace, id, now).map(|row| (row, None)),
        Op::MemberCreate => invite(state, ask, workspace, now),
        Op::MemberPatch => patch(state, ask, workspace, id, now),
        Op::MemberDelete => remove(state, workspace, id, now),
        Op::GroupList => groups::list(state, turn).map(unchanged),
        Op::GroupGet => groups::get(state, turn).map(unchanged),
        Op::GroupAdmin => Ok(unchanged(groups::admin(state, turn))),
        Op::GroupCreate => groups::create(state, turn),
        Op::GroupDelete => groups::delete(state, turn),
        Op::OwnerChange => owner::change(state, turn),
        Op::TagCreate => tags::create(state, turn),
        Op::TagPatch => tags::patch(state, turn),
        Op::TagDelete => tags::delete(state, turn),
        Op::TagToggle => toggle::toggle(state, turn),
        Op::TagList => tags::list(state, turn).map(unchanged),
        Op::TagGet => tags::get(state, turn).map(unchanged),
        Op::MappingList => mappings::list(state, turn).map(unchanged),
        Op::AccountDaily => days::list(state, turn).map(unchanged),
        Op::AccountWarmup => warm::list(state, turn).map(unchanged),
        Op::CampaignAnalytics => figures::by_campaign(state, turn).map(unchanged),
        Op::CampaignDaily => figures::by_day(state, turn).map(unchanged),
        Op::PlanDetails => Ok(unchanged(billing::plans(state, turn))),
        Op::SubscriptionDetails => Ok(unchanged(billing::subscriptions(state, turn))),
        Op::CampaignPatch => campaigns::patch(state, turn),
        Op::LeadListPatch => lead_lists::patch(state, turn),
        Op::LeadsAssign => assign::assign(state, turn),
        Op::KeyCreate => keys::create(state, turn),
        Op::KeyDelete => keys::delete(state, turn),
        Op::CampaignList => campaigns::list(state, turn).map(unchanged),
        Op::CampaignGet => campaigns::get(state, turn).map(unchanged),
        Op::LeadListList => lead_lists::written(state, turn).map(|page| unchanged(page::tree(&page))),
        Op::LeadsList => leads::list(state, turn).map(unchanged),
        Op::AccountList => accounts::list(state, turn).map(unchanged),
        Op::KeyList => keys::list(state, turn).map(unchanged),
        Op::WebhookList => webhooks::written(state, turn).map(|page| unchanged(page::tree(&page))),
        Op::JobList => jobs::written(state, turn).map(|page| unchanged(page::tree(&page))),
        Op::TrailList => trail::list(state, turn).map(unchanged),
    }
}

fn unchanged(body: Value) -> (Value, Option<Wrote>) {
    (body, None)
}

/// Shows a workspace as it truly is.
pub(super) fn workspace(state: &State, workspace: usize) -> Value {
    paper::workspace(&state.workspaces[workspace], state.owner_of(workspace))
}

pub(super) fn member(state: &State, workspace: usize, at: usize) -> Value {
    let place = &state.workspaces[workspace];
    json!(paper::member(&place.rows[at], &state.people[place.rows[at].person], &place.id))
}

/// Answers a single read, with the row as reads show it.
fn shown(state: &State, workspace: usize, id: Option<&str>, now: i64) -> Result<Value, Refusal> {
    let id = id.and_then(name::read).ok_or_else(paper::not_found)?;
    let row = state.shown(workspace, now).iter().find(|row| row.id == id).ok_or_else(paper::not_found)?;
    Ok(json!(paper::member(row, &state.people[row.person], &state.workspaces[workspace].id)))
}

fn row_at(state: &State, workspace: usize, id: Option<&str>) -> Result<usize, Refusal> {
    id.and_then(name::read).and_then(|id| state.workspaces[workspace].find(id)).ok_or_else(paper::not_found)
}

/// A page of members as a tree of values.
pub(super) fn member_page(state: &State, ask: &Ask, workspace: usize, now: i64) -> Result<Value, Refusal> {
    members(state, ask, workspace, now).map(|page| page::tree(&page))
}

fn members(state: &State, ask: &Ask, workspace: usize, now: i64) -> Result<String, Refusal> {
    let accepted = match ask.query("accepted").as_deref() {
        None => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => return Err(paper::invalid("querystring/accepted must be boolean")),
    };
    let search = ask.query("search").map(|text| text.to_lowercase());
    let Some(span) = Span::of_query(ask, 100)? else { return Ok(page::none().to_string()) };
    let after = span.after_id()?;
    let place = &state.workspaces[workspace];
    let found = state
        .shown(workspace, now)
        .iter()
        .filter(|row| after.is_none_or(|after| row.id > after))
        .filter(|row| accepted.is_none_or(|accepted| row.accepted == accepted))
        .filter(|row| {
            let person = &state.people[row.person];
            search.as_ref().is_none_or(|text| {
                let name = if row.accepted { format!("{} {}", person.first, person.last) } else { String::new() };
                [&*row.email, &*person.email, &name].iter().any(|field| field.to_lowercase().contains(text))
            })
        });
    let show = |row| paper::member(row, &state.people[row.person], &place.id);
    Ok(span.written(found, state.settings.last_page, show, |row| name::show(row.id)))
}

/// Reads a JSON object out of the body.
pub(super) fn object(ask: &Ask) -> Result<Map<String, Value>, Refusal> {
    if !ask.json {
        return if ask.body.is_empty() {
            Err(paper::invalid("body must be object"))
        } else {
            Err(paper::envelope(415, "Unsupported Media Type", "Unsupported Media Type"))
        };
    }
    match serde_json::from_slice(&ask.body) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(paper::invalid("body must be object")),
        Err(_not_json) => Err(paper::not_json()),
    }
}

fn grantable(value: &Value) -> Result<Cow<'static, str>, Refusal> {
    match value.as_str() {
        Some(role @ ("admin" | "editor" | "view")) => Ok(role_word(role)),
        _ => Err(paper::invalid("body/role must be equal to one of the allowed values")),
    }
}

/// Null and absent are nothing; other plain values are coerced to text, as the framework does by default.
fn nickname(value: Option<&Value>) -> Result<Option<Box<str>>, Refusal> {
    let text = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.clone(),
        Some(plain @ (Value::Number(_) | Value::Bool(_))) => plain.to_string(),
        Some(_) => return Err(paper::invalid("body/nickname must be string,null")),
    };
    if text.chars().count() > 80 {
        return Err(paper::invalid("body/nickname must NOT have more than 80 characters"));
    }
    Ok(Some(text.into()))
}

pub(super) fn address(value: &Value, member: &str) -> Result<Arc<str>, Refusal> {
    let fits = |text: &str| {
        let parts: Vec<&str> = text.split('@').collect();
        matches!(parts[..], [local, domain] if !local.is_empty() && domain.contains('.') && !text.contains(char::is_whitespace))
    };
    match value.as_str() {
        Some(text) if fits(text) => Ok(text.into()),
        _ => Err(paper::invalid(&format!("body/{member} must match format \"email\""))),
    }
}

fn permissions(value: Option<&Value>) -> Result<Option<Arc<[Cow<'static, str>]>>, Refusal> {
    let names = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(names)) => names,
        Some(_) => return Err(paper::invalid("body/permissions must be array,null")),
    };
    let mut words = Vec::with_capacity(names.len());
    for (at, name) in names.iter().enumerate() {
        let known = name.as_str().filter(|name| PERMISSIONS.contains(name));
        words.push(known.ok_or_else(|| {
            paper::invalid(&format!("body/permissions/{at} must be equal to one of the allowed values"))
        })?);
    }
    Ok(Some(permission_words(words)))
}

fn invitation(body: &Map<String, Value>) -> Result<Invitation, Refusal> {
    let need = |name: &'static str| body.get(name).ok_or_else(|| paper::missing_property(name));
    let (email, role) = (need("email")?, need("role")?);
    Ok(Invitation {
        email: address(email, "email")?,
        account: match body.get("user_email") {
            None | Some(Value::Null) => None,
            Some(other) => Some(address(other, "user_email")?),
        },
        role: grantable(role)?,
        nickname: nickname(body.get("nickname"))?,
        permissions: permissions(body.get("permissions"))?,
    })
}

fn invite(state: &mut State, ask: &Ask, workspace: usize, now: i64) -> Done {
    let invitation = invitation(&object(ask)?)?;
    if let Some(there) = state.row_of(workspace, &invitation.email) {
        match state.settings.repeat_invite {
            RepeatInvite::Duplicate => {}
            RepeatInvite::Echo => return Ok((member(state, workspace, there), None)),
            RepeatInvite::Conflict => return Err(paper::already_there()),
            RepeatInvite::Invalid => return Err(paper::bad_request("The member has already been invited")),
        }
    }
    let at = state.invite(workspace, invitation, now);
    let wrote = Wrote::of(Op::MemberCreate, &state.workspaces[workspace].rows[at]);
    Ok((member(state, workspace, at), Some(wrote)))
}

/// Only role and nickname change; other members are dropped without a word, and count as members until then: so a body of
/// `permissions` alone answers 200 and changes nothing.
fn patch(state: &mut State, ask: &Ask, workspace: usize, id: Option<&str>, now: i64) -> Done {
    let body = object(ask)?;
    if body.is_empty() {
        return Err(paper::invalid("body must NOT have fewer than 1 properties"));
    }
    let role = body.get("role").map(grantable).transpose()?;
    let wanted = nickname(body.get("nickname"))?;
    let at = row_at(state, workspace, id)?;
    if role.is_some() && state.workspaces[workspace].rows[at].role == "owner" {
        return Err(paper::bad_request("The role of the workspace owner cannot be changed"));
    }
    state.will_change(workspace, now);
    let place = &mut state.workspaces[workspace];
    let row = &mut place.rows[at];
    let before = (row.role.clone(), row.nickname.clone());
    if let Some(role) = role {
        row.role = role;
    }
    if body.contains_key("nickname") {
        row.nickname = wanted;
    }
    let wrote = before != (row.role.clone(), row.nickname.clone());
    let wrote = wrote.then(|| Wrote::of(Op::MemberPatch, row));
    if wrote.is_some() {
        place.updated = now;
    }
    Ok((member(state, workspace, at), wrote))
}

fn remove(state: &mut State, workspace: usize, id: Option<&str>, now: i64) -> Done {
    let at = row_at(state, workspace, id)?;
    let place = &state.workspaces[workspace];
    let row = &place.rows[at];
    if row.role == "owner" {
        return Err(paper::bad_request("The workspace owner cannot be removed"));
    }
    let last_admin = row.accepted && row.role == "admin" && place.acting_admins() == 1;
    if last_admin && state.settings.keep_last_admin {
        return Err(paper::bad_request("The last admin of the workspace cannot be removed"));
    }
    let gone = member(state, workspace, at);
    state.will_change(workspace, now);
    let place = &mut state.workspaces[workspace];
    let row = place.rows.remove(at);
    place.updated = now;
    Ok((gone, Some(Wrote::of(Op::MemberDelete, &row))))
}
