//! Worlds that are made, not written: so many workspaces, each with so many members.

use std::sync::Arc;

use super::name;
use super::settings::Settings;
use super::state::{Plan, Row, State, Workspace, role_word};
use super::world::World;

/// 2026-01-05T09:00:00Z: every generated row was made on or after it.
const EPOCH: i64 = 1_767_603_600_000;
const HOUR: i64 = 3_600_000;

impl World {
    /// Makes a world of `workspaces` named `client-0001` and on, each with a key that may do everything and `members_each` rows, one at least:
    /// the owner, then an admin, then editors, viewers and now and then a person of the client and an open invitation.
    pub fn generated(workspaces: usize, members_each: usize, seed: u64) -> Self {
        let mut state = State::new(seed, Settings::default());
        let everything: Arc<[Box<str>]> = Arc::from(["all:all".into()]);
        let width = workspaces.to_string().len().max(4);
        for number in 1..=workspaces {
            let name = format!("client-{number:0width$}");
            let created = EPOCH - HOUR * i64::try_from(number).unwrap_or(0);
            let added = state.add_workspace(Workspace {
                id: name::show(name::uuid7(seed, created, &["workspace", &name])).into(),
                title: format!("Client {number:0width$}").into(),
                plan: Plan::Active("pid_hg_v1".into()),
                minimal: false,
                removal: None,
                created,
                updated: created,
                key: None,
                rows: Vec::with_capacity(members_each.max(1)),
                past: std::collections::VecDeque::default(),
                meter: super::limit::Meter::default(),
                busiest: super::limit::Busiest::default(),
                writes: 0,
                things: super::things::Things::default(),
                name: name.into(),
            });
            assert!(added, "names and ids come from the number");
            state.add_key(number - 1, "main", Arc::clone(&everything), false);
            (0..members_each.max(1)).for_each(|at| member(&mut state, number - 1, at));
        }
        Self::of(state, Vec::new())
    }
}

/// Adds the row at a place: the same people of the agency in every workspace, each client's own beside them.
fn member(state: &mut State, workspace: usize, at: usize) {
    let (email, role, accepted) = match at {
        0 => ("founder@agency.example".to_owned(), "owner", true),
        1 => ("ops.lead@agency.example".to_owned(), "admin", true),
        _ if at % 8 == 5 => (format!("contact.{at}@{}.example", state.workspaces[workspace].name), "client", true),
        _ if at % 8 == 7 => (format!("staff.{at:03}@agency.example"), "view", false),
        _ => (format!("staff.{at:03}@agency.example"), if at.is_multiple_of(2) { "editor" } else { "view" }, true),
    };
    let person = state.person(&email);
    let issuer = (at > 0).then(|| state.owner_of(workspace).map(|owner| owner.user_id)).flatten();
    let row = Row {
        id: 0,
        email: Arc::clone(&state.people[person].email),
        person,
        role: role_word(role),
        accepted,
        created: EPOCH + HOUR * i64::try_from(at).unwrap_or(0),
        issuer,
        permissions: None,
        nickname: None,
    };
    state.settle(workspace, row, None);
}
