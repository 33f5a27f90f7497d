//! A rehearsal without any network: builds a simulated fleet in this process, looks at it, and draws the plan that would
//! onboard a person everywhere.
//!
//! ```sh
//! cargo run --example rehearse
//! ```
//!
//! The id stands for exactly these workspaces, steps and rows: run it twice and it is the same.

use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use keyholder::api::{Permits, Tally};
use keyholder::clock::Clock;
use keyholder::domain::fleet::BaseUrl;
use keyholder::domain::{
    Access, ApiKey, Disposition, Email, Guards, Mode, PermissionWish, Role, WorkspaceId, WorkspaceName,
};
use keyholder::pace::Pacers;
use keyholder::plan::{AccessWish, Plan, Rules, Wish, draw};
use keyholder::run::{Deck, Nowhere, Sight, Stop, Target, observe};
use keyholder::sim::{Local, LocalSettings, World};

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    // Another seed makes another fleet: other ids, and so another plan id.
    runtime.block_on(print(&World::generated(3, 8, 1), &mut std::io::stdout().lock()))
}

/// Draws the plan over a world and prints it.
pub(crate) async fn print(world: &World, out: &mut dyn Write) -> Result<(), Box<dyn Error>> {
    let clock = Clock::starting_at("2026-11-02T09:00:00Z".parse()?);
    let deck = deck(world, clock)?;
    let targets = world.names().iter().map(|name| target(world, name)).collect::<Result<Vec<_>, _>>()?;
    let sights = observe(&deck, &targets, |_| None, |_, _| {}).await.ok_or("stopped")?;
    // What should be, for each workspace that was seen.
    let wish = Wish::Present {
        email: Email::parse("staff.002@agency.example")?,
        access: AccessWish::Fixed { role: Role::Admin, permissions: PermissionWish::Any },
        nickname: None,
    };
    let seen: Vec<_> = sights
        .into_iter()
        .filter_map(|sight| match sight {
            Sight::Seen(observed) => Some((*observed, vec![wish.clone()])),
            Sight::Stranger { .. } | Sight::Unpinned { .. } | Sight::Unreadable(_) => None,
        })
        .collect();
    show(&draw(&seen, &Rules::of(Guards::default())), out)
}

fn show(plan: &Plan, out: &mut dyn Write) -> Result<(), Box<dyn Error>> {
    for item in &plan.items {
        let word = match &item.disposition {
            Disposition::Send => "send",
            Disposition::Already(_) => "already",
            Disposition::Held(_) => "held",
        };
        let (step, change) = (&item.step, &item.step.change);
        let (from, to) = (step.rests_on.describe(), change.wanted());
        writeln!(out, "{}: {} {}: {from} -> {to} ({word})", step.workspace, step.kind().as_str(), change.subject())?;
    }
    writeln!(out, "plan {}: {} to send", plan.id, plan.sends())?;
    Ok(())
}

/// What all lanes share: here the in-process simulator in place of the network.
fn deck(world: &World, clock: Clock) -> Result<Deck, Box<dyn Error>> {
    Ok(Deck {
        transport: Arc::new(Local::new(world.clone(), clock, LocalSettings::default())),
        clock,
        pacers: Arc::new(Pacers::new(clock, 1)),
        talks: None,
        in_flight: Permits::adaptive(512),
        tally: Arc::new(Tally::default()),
        stop: Stop::default(),
        base: BaseUrl::parse("http://127.0.0.1:1")?,
        timeout: Duration::from_secs(5),
        settle: Duration::from_secs(10),
        deadline: clock.instant() + Duration::from_mins(5),
        keeper: Arc::new(Nowhere),
        token: None,
        seed: 1,
    })
}

fn target(world: &World, name: &str) -> Result<Target, Box<dyn Error>> {
    let key = world.key_of(name).ok_or("a generated workspace has a key")?;
    let id = world.workspace_id(name).ok_or("a generated workspace has an id")?;
    Ok(Target {
        name: WorkspaceName::parse(name)?,
        pinned: Some(WorkspaceId::parse(&id)?),
        mode: Mode::Manage,
        access: Ok(Access::Own(ApiKey::parse(&key)?)),
        key_id: None,
        pays: vec![(id, 50)],
    })
}
