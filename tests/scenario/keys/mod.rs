//! Keys that are made, kept, switched to and retired: the lane's part, driven by plans as the planner would save them.

mod basic;
mod crash;
mod faults;
mod late;
mod stopped;

use std::sync::Arc;

use keyholder::domain::ApiKey;
use keyholder::domain::{Change, Disposition, Keep, KeyId, RestsOn, Step, WorkspaceId, WorkspaceName};
use keyholder::plan::{Item, Plan, Planned, file};
use keyholder::sim::{KeyShown, SimKey};

use crate::support::keeper::{Kind, TestKeeper};
use crate::support::{Outcome, Stage};

const ONE: &str =
    "[[workspace]]\nname = \"acme\"\nowner = \"founder@agency.example\"\nadmin = [\"ops@agency.example\"]\n";

const SCOPES: [&str; 2] = ["accounts:read", "campaigns:read"];

/// Where new keys bear what tells them apart.
const TEMPLATE: &str = "agency — reports [{nonce}]";

fn fingerprint(secret: &str) -> String {
    ApiKey::parse(secret).unwrap().fingerprint()
}

/// A world of one workspace, a plan about it, and who keeps its secrets.
struct Bench {
    stage: Stage,
    keeper: Arc<TestKeeper>,
    plan: Plan,
}

impl Bench {
    /// Plans one key that is kept somewhere.
    fn creating(shown: KeyShown, keep: Keep) -> Self {
        let (stage, keeper) = stage(shown, Kind::File);
        // A secret is shown where a person reads it; a folder is named in whole.
        stage.terminal.set(true);
        let keep = match keep {
            Keep::Folder(folder) => Keep::Folder(stage.root.join(folder).display().to_string()),
            keep => keep,
        };
        let change = Change::CreateKey {
            name: TEMPLATE.to_owned(),
            scopes: SCOPES.map(str::to_owned).to_vec(),
            keep,
            replaces: None,
        };
        let step = step(&stage, change, RestsOn::NoKey);
        Self { plan: plan(&stage, vec![(step, Disposition::Send)]), keeper, stage }
    }

    /// Plans the rotation of the configured key, whose id is known or not.
    fn rotating(shown: KeyShown, kind: Kind, known: bool) -> Self {
        let (stage, keeper) = stage(shown, kind);
        let (create, retire) = rotation(&stage, known);
        let disposition = if known {
            Disposition::Send
        } else {
            let held = keyholder::domain::Held::new(
                keyholder::domain::HeldReason::KeyInUse,
                "neither the list nor the register tells which key it is",
                "delete it in the app",
            );
            Disposition::Held(held)
        };
        Self { plan: plan(&stage, vec![(create, Disposition::Send), (retire, disposition)]), keeper, stage }
    }

    /// The command that applies the plan.
    fn command(&self) -> String {
        let path = self.stage.root.join("plan.json");
        std::fs::write(&path, file::save(&self.plan, "keys rotate", &serde_json::Value::Null)).unwrap();
        format!("apply plan.json --confirm {}", self.plan.id)
    }

    fn apply(&self) -> Outcome {
        self.stage.run(&self.command())
    }

    /// The live keys that were not there when the world began.
    fn made(&self) -> Vec<SimKey> {
        let mut keys = self.stage.world.api_keys("acme");
        keys.retain(|key| key.name.starts_with("agency — reports ["));
        keys
    }

    /// Tells whether the key that the reference leads to opens the workspace, as the world itself says.
    fn stored_key_works(&self) -> bool {
        let stored = self.keeper.stored("acme");
        self.live().contains(&fingerprint(&stored))
    }

    /// The fingerprints of the live keys.
    fn live(&self) -> Vec<String> {
        self.stage.world.live_secrets("acme").iter().map(|secret| fingerprint(secret)).collect()
    }

    /// What was done about made keys, in the order of the ledger.
    fn did(&self) -> Vec<String> {
        let entries = self.stage.entries();
        let keys = entries.iter().filter(|entry| entry["type"] == "key");
        keys.map(|entry| entry["did"].as_str().unwrap().to_owned()).collect()
    }
}

fn stage(shown: KeyShown, kind: Kind) -> (Stage, Arc<TestKeeper>) {
    let stage = Stage::script(ONE);
    stage.world.configure(|settings| settings.key_shown = shown);
    let keeper = TestKeeper::of(&stage, kind);
    (stage, keeper)
}

fn workspace_id(stage: &Stage) -> WorkspaceId {
    WorkspaceId::parse(&stage.world.workspace_id("acme").unwrap()).unwrap()
}

fn step(stage: &Stage, change: Change, rests_on: RestsOn) -> Step {
    Step::new(&WorkspaceName::parse("acme").unwrap(), &workspace_id(stage), change, rests_on)
}

fn plan(stage: &Stage, items: Vec<(Step, Disposition)>) -> Plan {
    let workspaces = vec![Planned { name: "acme".to_owned(), id: workspace_id(stage), members: 0 }];
    let items = items.into_iter().map(|(step, disposition)| Item { step, disposition }).collect();
    Plan::of(workspaces, items, Vec::new())
}

/// The two steps of a rotation.
fn rotation(stage: &Stage, known: bool) -> (Step, Step) {
    let with = fingerprint(&stage.world.key_of("acme").unwrap());
    let create = Change::CreateKey {
        name: TEMPLATE.to_owned(),
        scopes: vec!["all:all".to_owned()],
        keep: Keep::Configured("secrets/acme.key".to_owned()),
        replaces: Some(with.clone()),
    };
    let create = step(stage, create, RestsOn::Speaking { with: with.clone() });
    let old = stage.world.api_keys("acme").remove(0);
    let key = known.then(|| KeyId::parse(&old.id).unwrap());
    let retire = Change::Retire { replaced: with, key, name: old.name };
    let retire = step(stage, retire, RestsOn::Key { created: old.timestamp_created, by: None });
    (create.clone(), retire.after(&create))
}

const SHOWN: [KeyShown; 3] = [KeyShown::Whole, KeyShown::Masked, KeyShown::Absent];
