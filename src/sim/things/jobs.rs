//! Background jobs: listed, by ids of 24 hexadecimal digits.

use serde::Serialize;

use super::Turn;
use super::page::{self, Span, bad_cursor};
use super::who::Who;
use crate::sim::name;
use crate::sim::paper::{Refusal, moment};
use crate::sim::state::State;

/// A background job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Job {
    /// Of 96 bits, the first 32 of them the second it was started.
    pub(crate) id: u128,
    pub(crate) user: Option<Who>,
    pub(crate) kind: Box<str>,
    pub(crate) status: Box<str>,
    pub(crate) created: i64,
}

/// Writes a job's id as the API does.
pub(crate) fn show_id(id: u128) -> String {
    format!("{id:024x}")
}

pub(crate) fn written(state: &State, turn: Turn<'_>) -> Result<String, Refusal> {
    let Turn { ask, workspace, .. } = turn;
    let (kind, status) = (ask.query("type"), ask.query("status"));
    let Some(span) = Span::of_query(ask, 100)? else { return Ok(page::none().to_string()) };
    let read = |text: &str| {
        let fits = text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        fits.then(|| u128::from_str_radix(text, 16).ok()).flatten().ok_or_else(|| bad_cursor("objectid"))
    };
    let after = span.after().map(read).transpose()?;
    let rows = state.workspaces[workspace]
        .things
        .jobs
        .iter()
        .filter(|job| after.is_none_or(|after| job.id > after))
        .filter(|job| kind.as_deref().is_none_or(|kind| &*job.kind == kind))
        .filter(|job| status.as_deref().is_none_or(|status| &*job.status == status));
    let last = state.settings.last_page;
    Ok(span.written(rows, last, |job| show(state, workspace, job), |job| show_id(job.id)))
}

impl State {
    /// Makes an id in the form of jobs.
    pub(super) fn mint_job(&mut self, workspace: usize, millis: i64) -> u128 {
        let seconds = u128::try_from(millis.max(0) / 1000).unwrap_or(0) & 0xffff_ffff;
        (seconds << 64) | (self.mint(workspace, millis) & 0xffff_ffff_ffff_ffff)
    }

    /// Puts a job in its place among the others.
    pub(super) fn insert_job(&mut self, workspace: usize, job: Job) {
        let jobs = &mut self.workspaces[workspace].things.jobs;
        let at = jobs.partition_point(|other| other.id < job.id);
        jobs.insert(at, job);
    }
}

/// A job as it is sent.
#[derive(Serialize)]
struct Shown<'a> {
    id: String,
    workspace_id: &'a str,
    user_id: Option<String>,
    #[serde(rename = "type")]
    kind: &'a str,
    entity_id: String,
    entity_type: &'static str,
    data: Nothing,
    progress: u8,
    status: &'a str,
    created_at: String,
    updated_at: String,
}

/// An object without members.
#[derive(Serialize)]
struct Nothing {}

fn show<'a>(state: &'a State, workspace: usize, job: &'a Job) -> Shown<'a> {
    let progress = match &*job.status {
        "pending" => 0,
        "success" => 100,
        "in-progress" => 40,
        _ => 73,
    };
    Shown {
        id: show_id(job.id),
        workspace_id: &state.workspaces[workspace].id,
        user_id: job.user.map(|who| name::show(state.users.id(who))),
        kind: &job.kind,
        entity_id: name::show(job.id),
        entity_type: "list",
        data: Nothing {},
        progress,
        status: &job.status,
        created_at: moment(job.created),
        updated_at: moment(job.created + 5000),
    }
}
