//! Who has access where: reads a root, lists the members of all its workspaces with the typed client, and prints one line
//! a person.
//!
//! ```sh
//! cargo run --example roster            # in a root, or in a folder below one
//! ```
//!
//! It only reads. A workspace that could not be read is named at the end, so that nobody takes a gap for an absence.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use futures::StreamExt as _;
use keyholder::api::{Client, ClientSettings, Http, HttpSettings, Permits, Tally};
use keyholder::clock::Clock;
use keyholder::config::{self, key};
use keyholder::domain::{Access, Fleet, Member, Mode, Workspace};
use keyholder::env::Env;
use keyholder::pace::{Pace, Pacers};

fn main() -> Result<(), Box<dyn Error>> {
    let env = Env::capture()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let root = config::find_root(&env.cwd, None)?;
    runtime.block_on(print(&root, &env, &mut std::io::stdout().lock()))
}

/// Prints the roster of a root.
pub(crate) async fn print(root: &Path, env: &Env, out: &mut dyn Write) -> Result<(), Box<dyn Error>> {
    let fleet = config::load(root)?;
    let clock = Clock::starting_at(env.start);
    let asked: Vec<&Workspace> = fleet.workspaces.iter().filter(|workspace| workspace.mode != Mode::Off).collect();
    // Keys stay values of their own type from here on: no rendering shows them.
    let keys = key::resolve(&fleet, &asked, &env.vars, clock).await;
    let lane = lanes(&fleet, env, clock)?;

    let reads = asked.iter().map(|workspace| async {
        let access = keys[&workspace.name].clone().map_err(|trouble| trouble.to_string());
        let read = match access {
            Ok(access) => read(&lane(workspace, access), workspace).await,
            Err(trouble) => Err(trouble),
        };
        (workspace.name.to_string(), read)
    });
    // All at once; the results come back in the order of the files.
    let reads: Vec<_> = futures::stream::iter(reads).buffered(64).collect().await;

    let mut people: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut gaps = Vec::new();
    for (name, read) in reads {
        match read {
            Ok(members) => members.iter().for_each(|member| {
                let open = if member.accepted { "" } else { ", invited" };
                people.entry(member.email.to_string()).or_default().push(format!("{name} ({}{open})", member.role));
            }),
            Err(why) => gaps.push(format!("{name}: {why}")),
        }
    }
    for (email, places) in people {
        writeln!(out, "{email}: {}", places.join(", "))?;
    }
    gaps.iter().try_for_each(|gap| writeln!(out, "not read: {gap}"))?;
    Ok(())
}

/// Makes the way to a workspace's client; all of them share a transport, the pacers and the permits.
fn lanes(fleet: &Fleet, env: &Env, clock: Clock) -> Result<impl Fn(&Workspace, Access) -> Client, Box<dyn Error>> {
    let encrypted = fleet.defaults.base_url.is_encrypted();
    let transport = Arc::new(Http::new(HttpSettings { encrypted, ..HttpSettings::default() })?);
    let pacers = Pacers::new(clock, env.seed);
    let in_flight = Permits::fixed(64);
    let tally = Arc::new(Tally::default());
    let defaults = fleet.defaults.clone();
    let seed = env.seed;
    Ok(move |workspace: &Workspace, access| {
        Client::new(ClientSettings {
            transport: Arc::clone(&transport) as _,
            access,
            base: defaults.base_url.clone(),
            pace: Pace::of(pacers.get(workspace.name.as_str(), workspace.share.places())),
            in_flight: Arc::clone(&in_flight),
            clock,
            timeout: defaults.timeout,
            deadline: Some(clock.instant() + defaults.deadline),
            seed,
            tally: Arc::clone(&tally),
        })
    })
}

/// Reads all members of the workspace that the key opens; only a complete listing counts.
async fn read(client: &Client, workspace: &Workspace) -> Result<Vec<Member>, String> {
    let identity = client.current().await.map_err(|error| error.to_string())?;
    if workspace.id.as_ref().is_some_and(|pinned| *pinned != identity.id) {
        return Err(format!("its key opens another workspace ({})", identity.id));
    }
    let listing = client.members(&identity.id).await.map_err(|error| error.to_string())?;
    listing.complete.map_err(|gap| gap.to_string())?;
    Ok(listing.rows)
}
