//! The JSON the simulator writes: bodies in the words of the contract's samples, built by hand.
//!
//! Shares no struct with the client: a wrong member name must not be wrong on both sides.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::name;
use super::state::{Person, Plan, Row, Workspace};
use super::things::links::Link;

/// A refusal: status, and the body that goes with it.
pub(super) type Refusal = (u16, Value);

/// The common envelope (contract section 5).
pub(super) fn envelope(status: u16, error: &str, message: &str) -> Refusal {
    (status, json!({ "statusCode": status, "error": error, "message": message }))
}

/// The envelope with the framework's `code`.
fn coded(code: &str, message: &str) -> Refusal {
    (400, json!({ "statusCode": 400, "code": code, "error": "Bad Request", "message": message }))
}

pub(super) fn missing_header() -> Refusal {
    envelope(401, "Unauthorized", "Missing authorization header")
}

pub(super) fn invalid_key() -> Refusal {
    envelope(401, "Unauthorized", "Invalid API key")
}

pub(super) fn no_paid_plan() -> Refusal {
    envelope(402, "Payment Required", "Workspace does not have an active paid plan")
}

pub(super) fn missing_scope() -> Refusal {
    envelope(403, "Forbidden", "API key is missing the required scope")
}

/// `x-as-workspace` with an id that is not an accepted sub workspace; the contract knows no body, so the barest one.
pub(super) fn may_not_act() -> Refusal {
    (403, json!({ "message": "Forbidden" }))
}

pub(super) fn not_found() -> Refusal {
    envelope(404, "Not Found", "Resource not found")
}

pub(super) fn no_route(method: &str, path: &str) -> Refusal {
    envelope(404, "Not Found", &format!("Route {method}:{path} not found"))
}

pub(super) fn throttled() -> Refusal {
    envelope(429, "Too Many Requests", "Rate limit exceeded")
}

pub(super) fn empty_json_body() -> Refusal {
    coded("FST_ERR_CTP_EMPTY_JSON_BODY", "Body cannot be empty when content-type is set to 'application/json'")
}

pub(super) fn not_json() -> Refusal {
    coded("FST_ERR_CTP_INVALID_JSON_BODY", "Body is not valid JSON but content-type is set to 'application/json'")
}

pub(super) fn missing_property(name: &str) -> Refusal {
    envelope(400, "Bad Request", &format!("body must have required property '{name}'"))
}

pub(super) fn invalid(message: &str) -> Refusal {
    coded("FST_ERR_VALIDATION", message)
}

/// Some operations say no more than the message (contract section 5).
pub(super) fn message_alone((status, body): Refusal) -> Refusal {
    (status, json!({ "message": body["message"] }))
}

pub(super) fn bad_request(message: &str) -> Refusal {
    envelope(400, "Bad Request", message)
}

pub(super) fn already_there() -> Refusal {
    envelope(409, "Conflict", "This person is already a member of the workspace or has an open invitation")
}

pub(super) fn label_taken() -> Refusal {
    envelope(409, "Conflict", "A tag with this name already exists.")
}

pub(super) fn has_parent() -> Refusal {
    envelope(409, "Conflict", "The sub workspace already has an active parent or invitation")
}

/// A security token that is wrong, used or another workspace's; the contract knows no answer.
pub(super) fn wrong_token() -> Refusal {
    envelope(403, "Forbidden", "The security token is invalid or expired")
}

pub(super) fn too_much_analytics() -> Refusal {
    let message =
        "Analytics request is too large for this workspace. Add an emails filter or request a shorter date range.";
    envelope(413, "Payload Too Large", message)
}

/// The word that goes with a status, as the framework has it.
pub(super) fn reason(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        408 => "Request Timeout",
        409 => "Conflict",
        413 => "Payload Too Large",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Error",
    }
}

/// The envelope a scripted status carries.
pub(super) fn of_status(status: u16) -> Value {
    match status {
        401 => invalid_key().1,
        402 => no_paid_plan().1,
        403 => missing_scope().1,
        404 => not_found().1,
        429 => throttled().1,
        500 => envelope(500, reason(500), "Something went wrong").1,
        _ => envelope(status, reason(status), reason(status)).1,
    }
}

/// A page of HTML, as gateways (5xx), the edge network (4xx) and maintenance (2xx) send.
pub(super) fn html(status: u16) -> String {
    match status {
        200..=299 => "<!DOCTYPE html><html><body>maintenance</body></html>".to_owned(),
        403 => "<!DOCTYPE html><html><head><title>Access denied</title></head><body><h1>Error 1010</h1><p>Access denied by the \
                edge network.</p></body></html>"
            .to_owned(),
        503 => "<html><head><title>503 Service Temporarily Unavailable</title></head><body><center><h1>503</h1></center></body></html>"
            .to_owned(),
        _ => {
            let text = format!("{status} {}", reason(status));
            format!("<html><head><title>{text}</title></head><body><center><h1>{text}</h1></center></body></html>")
        }
    }
}

/// Milliseconds since 1970 as the API writes moments.
pub(super) fn moment(millis: i64) -> String {
    let at = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{at:.3}")
}

pub(super) fn workspace(workspace: &Workspace, owner: Option<&Person>) -> Value {
    let mut out = json!({
        "id": &*workspace.id,
        "timestamp_created": moment(workspace.created),
        "timestamp_updated": moment(workspace.updated),
    });
    let owner = owner.map_or_else(|| name::show(0), |person| name::show(person.user_id));
    let members = out.as_object_mut().expect("it was made an object");
    if workspace.minimal {
        members.insert("owner".into(), owner.into());
        members.insert("name".into(), workspace.title.as_ref().into());
        return out;
    }
    let plan = match &workspace.plan {
        Plan::Active(id) => json!(id),
        Plan::Lapsed => Value::Null,
    };
    let rest = json!({
        "scheduled_for_removal_at": workspace.removal.map(moment),
        "owner": owner,
        "name": &*workspace.title,
        "plan_id": plan,
        "plan_id_bundle": null,
        "add_unsub_to_block": true,
        "default_opportunity_value": 250,
        "plan_id_leadfinder": null,
        "plan_id_verification": {
            "quantity": 1,
            "product_id": "pid_verify_v1_monthly",
            "timestamp_updated": moment(workspace.updated),
        },
        "org_logo_url": format!("https://assets.agency.example/{}.png", workspace.name),
        "org_client_domain": null,
        "plan_id_crm": null,
        "plan_id_website_visitor": null,
        "plan_id_inbox_placement": "pid_ip_g",
    });
    if let Value::Object(rest) = rest {
        members.extend(rest);
    }
    out
}

/// A member as it is sent. Of an open invitation less is told.
#[derive(Serialize)]
pub(super) struct Member<'a> {
    id: String,
    email: &'a str,
    user_id: String,
    user_email: Option<&'a str>,
    #[serde(skip_serializing_if = "Nickname::is_untold")]
    nickname: Nickname<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Name<'a>>,
    role: &'a str,
    timestamp_created: String,
    workspace_id: &'a str,
    accepted: bool,
    issuer_id: Option<String>,
    permissions: Option<&'a [Cow<'static, str>]>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Nickname<'a> {
    Untold,
    Told(Option<&'a str>),
}

impl Nickname<'_> {
    fn is_untold(&self) -> bool {
        matches!(self, Self::Untold)
    }
}

#[derive(Serialize)]
struct Name<'a> {
    first: &'a str,
    last: &'a str,
}

/// A member row. An open invitation knows neither name nor nickname nor the account's address unless it was sent one.
pub(super) fn member<'a>(row: &'a Row, person: &'a Person, workspace_id: &'a str) -> Member<'a> {
    let Row { accepted, .. } = *row;
    Member {
        id: name::show(row.id),
        email: &row.email,
        user_id: name::show(person.user_id),
        user_email: accepted.then_some(&person.email),
        nickname: match row.nickname.as_deref() {
            None if !accepted => Nickname::Untold,
            told => Nickname::Told(told),
        },
        name: accepted.then(|| Name { first: &person.first, last: &person.last }),
        role: &row.role,
        timestamp_created: moment(row.created),
        workspace_id,
        accepted,
        issuer_id: row.issuer.map(name::show),
        permissions: row.permissions.as_deref(),
    }
}

/// A link of a group. The sub workspace's name shows once it accepted.
pub(super) fn link(link: &Link, admin: &Workspace, sub: &Workspace) -> Value {
    json!({
        "id": name::show(link.id),
        "admin_workspace_id": &*admin.id,
        "sub_workspace_id": &*sub.id,
        "status": link.status.as_str(),
        "timestamp_created": moment(link.created),
        "timestamp_updated": moment(link.updated),
        "sub_workspace_name": if link.status.names_sub() { json!(&*sub.title) } else { Value::Null },
        "admin_workspace_name": &*admin.title,
    })
}

/// The admin workspace above a workspace; without one, the literal text `Undefined` (contract section 9).
pub(super) fn group_admin(above: Option<(&Link, &Workspace)>) -> Value {
    match above {
        Some((link, admin)) => json!({
            "workspace_name": &*admin.title,
            "has_admin_workspace": true,
            "workspace_group_member_id": name::show(link.id),
        }),
        None => json!({ "workspace_name": "Undefined", "has_admin_workspace": false }),
    }
}
