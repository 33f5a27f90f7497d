//! Figures of drawing a plan, the pure middle of the main job: 10,000 workspaces of 50 members, one person in and one out.
//!
//! `cargo bench --bench plan`

use divan::Bencher;
use keyholder::domain::{
    Email, Guards, Member, MemberId, Mode, PermissionWish, Role, UserId, WorkspaceId, WorkspaceName,
};
use keyholder::plan::{AccessWish, Observed, Rules, Wish, draw};

fn main() {
    divan::main();
}

/// Bringing in somebody whom nobody has, and taking out somebody who is everywhere.
#[divan::bench(args = [100, 1_000, 10_000], sample_count = 5, sample_size = 1)]
fn draw_a_plan(bencher: Bencher<'_, '_>, workspaces: usize) {
    let seen: Vec<(Observed, Vec<Wish>)> = (0..workspaces).map(|at| (observed(at), wishes())).collect();
    let rules = Rules::of(Guards::default());
    bencher.bench(|| {
        let plan = draw(&seen, &rules);
        assert_eq!(plan.items.len(), 2 * workspaces);
        plan
    });
}

fn wishes() -> Vec<Wish> {
    let access = AccessWish::Fixed { role: Role::Editor, permissions: PermissionWish::Any };
    vec![
        Wish::Present { email: email("new@agency.example"), access, nickname: None },
        Wish::Absent { email: email("staff.25@agency.example") },
    ]
}

fn observed(workspace: usize) -> Observed {
    let id = WorkspaceId::parse(&format!("0195b2aa-7c1e-7d00-8000-{workspace:012}")).expect("an id");
    Observed {
        workspace: WorkspaceName::parse(&format!("client-{workspace:05}")).expect("a name"),
        mode: Mode::Manage,
        owner: Some(user(0)),
        members: (0..50).map(|at| member(&id, workspace, at)).collect(),
        id,
        incomplete: None,
        acts_as: false,
        belongings: None,
        tagging: None,
        links: None,
    }
}

fn member(workspace_id: &WorkspaceId, workspace: usize, at: usize) -> Member {
    Member {
        id: MemberId::parse(&format!("{workspace:08}-0000-7000-8000-{at:012}")).expect("an id"),
        email: email(&format!("staff.{at}@agency.example")),
        user_id: Some(user(at)),
        user_email: Some(email(&format!("staff.{at}@agency.example"))),
        role: match at {
            0 => Role::Owner,
            1 | 2 => Role::Admin,
            _ => Role::Editor,
        },
        permissions: None,
        accepted: true,
        nickname: None,
        name: None,
        issuer_id: None,
        timestamp_created: "2026-01-05T09:00:00.000Z".to_owned(),
        workspace_id: workspace_id.clone(),
    }
}

fn user(at: usize) -> UserId {
    UserId::parse(&format!("00000000-0000-7000-9000-{at:012}")).expect("an id")
}

fn email(text: &str) -> Email {
    Email::parse(text).expect("an address")
}
