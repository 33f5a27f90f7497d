//! Tags that are made, altered, deleted, put on and taken off: the lane's part, driven by plans as the planner would save them.

mod basic;
mod crash;
mod generated;
mod later;
mod lost;
mod partial;
mod requests;
mod undone;

use std::collections::{BTreeSet, HashMap};

use keyholder::domain::{
    Change, Disposition, ResourceId, ResourceKind, RestsOn, Step, TagChange, TagId, WorkspaceId, WorkspaceName,
};
use keyholder::plan::{Item, Plan, Planned, file};

use crate::support::{Outcome, Stage};

/// One workspace with what carries tags, and tags of every kind of step.
const ONE: &str = r#"
[[workspace]]
name = "acme"
owner = "founder@agency.example"
admin = ["ops@agency.example"]
campaigns = [{ name = "Q4" }, { name = "Q1" }]
accounts = [
  { email = "one@mail.example" }, { email = "two@mail.example" }, { email = "three@mail.example" }, { email = "four@mail.example" },
]
tags = [
  { label = "old north", description = "the north" },
  { label = "stale" },
  { label = "paused", accounts = ["one@mail.example", "two@mail.example", "three@mail.example"], campaigns = ["Q4"] },
]
"#;

const ACCOUNTS: [&str; 4] = ["four@mail.example", "one@mail.example", "three@mail.example", "two@mail.example"];

/// What everything ends as: labels with their descriptions, and what carries them.
type World = (Vec<(String, Option<String>)>, Vec<(String, String)>);

/// A world of one workspace, and a plan about it.
struct Bench {
    stage: Stage,
    plan: Plan,
}

impl Bench {
    /// Plans some steps.
    fn of(stage: Stage, steps: impl FnOnce(&Stage) -> Vec<Step>) -> Self {
        stage.searched_once.set(true);
        let steps = steps(&stage);
        let items = steps.into_iter().map(|step| Item { step, disposition: Disposition::Send }).collect();
        let workspaces = vec![Planned { name: "acme".to_owned(), id: workspace_id(&stage), members: 0 }];
        Self { plan: Plan::of(workspaces, items, Vec::new()), stage }
    }

    /// Plans one step of every kind.
    fn everything(faults: &str) -> Self {
        Self::of(Stage::script(&format!("{ONE}{faults}")), every_kind)
    }

    /// The command that applies the plan.
    fn command(&self) -> String {
        let path = self.stage.root.join("plan.json");
        std::fs::write(&path, file::save(&self.plan, "tags sync", &serde_json::Value::Null)).unwrap();
        format!("apply plan.json --confirm {}", self.plan.id)
    }

    fn apply(&self) -> Outcome {
        self.stage.run(&self.command())
    }

    /// What is there now.
    fn world(&self) -> World {
        let tags = self.stage.world.tags("acme");
        let mut labels: Vec<_> = tags.into_iter().map(|tag| (tag.label, tag.description)).collect();
        labels.sort();
        let mut carried: Vec<_> =
            self.stage.world.mappings("acme").into_iter().map(|one| (one.label, one.resource)).collect();
        carried.sort();
        (labels, carried)
    }

    /// Which workspace each step of the plan belongs to.
    fn lanes(&self) -> HashMap<String, String> {
        self.plan.items.iter().map(|item| (item.step.id.to_string(), item.step.workspace.clone())).collect()
    }

    /// Counts requests to one operation.
    fn requests_to(&self, operation: keyholder::sim::Op) -> usize {
        self.stage.world.requests().iter().filter(|seen| seen.operation == Some(operation)).count()
    }
}

fn workspace_id(stage: &Stage) -> WorkspaceId {
    WorkspaceId::parse(&stage.world.workspace_id("acme").unwrap()).unwrap()
}

fn step(stage: &Stage, change: TagChange, rests_on: RestsOn) -> Step {
    Step::new(&WorkspaceName::parse("acme").unwrap(), &workspace_id(stage), Change::Tag(change), rests_on)
}

/// The tag of a label as a plan would rest on it.
fn tag(stage: &Stage, label: &str) -> (TagId, RestsOn) {
    let tag = stage.world.tags("acme").into_iter().find(|tag| tag.label == label).expect("it is there");
    let id = TagId::parse(&tag.id).unwrap();
    (id.clone(), RestsOn::Tag { id, label: tag.label, description: tag.description })
}

fn create(stage: &Stage, label: &str) -> Step {
    let change = TagChange::Create { label: label.to_owned(), description: Some("by us".to_owned()) };
    step(stage, change, RestsOn::NoTag)
}

fn rename(stage: &Stage, from: &str, to: &str) -> Step {
    let (id, rests_on) = tag(stage, from);
    let change = TagChange::Alter {
        tag: id,
        from: Some(from.to_owned()),
        label: to.to_owned(),
        description: Some("renamed".to_owned()),
    };
    step(stage, change, rests_on)
}

fn delete(stage: &Stage, label: &str) -> Step {
    let (id, rests_on) = tag(stage, label);
    step(stage, TagChange::Delete { tag: id, label: label.to_owned() }, rests_on)
}

fn toggle(label: &str, resources: &[&str], assign: bool) -> TagChange {
    let resources = resources.iter().map(|text| ResourceId::parse(text).unwrap()).collect();
    TagChange::Assign { label: label.to_owned(), on: ResourceKind::Account, resources, assign }
}

fn assign(stage: &Stage, label: &str, resources: &[&str]) -> Step {
    step(stage, toggle(label, resources, true), tag(stage, label).1)
}

fn unassign(stage: &Stage, label: &str, resources: &[&str]) -> Step {
    step(stage, toggle(label, resources, false), tag(stage, label).1)
}

/// A tag is made and put on every account, one renamed and put on campaigns, one taken off, one deleted.
fn every_kind(stage: &Stage) -> Vec<Step> {
    let create = create(stage, "fresh");
    let put_on = step(stage, toggle("fresh", &ACCOUNTS, true), RestsOn::TagToCome).after(&create);
    let rename = rename(stage, "old north", "north");
    let campaigns = stage.world.campaigns("acme").into_iter().map(|one| ResourceId::parse(&one.id).unwrap()).collect();
    let on_campaigns =
        TagChange::Assign { label: "north".to_owned(), on: ResourceKind::Campaign, resources: campaigns, assign: true };
    let on_campaigns = step(stage, on_campaigns, tag(stage, "old north").1).after(&rename);
    let taken_off = unassign(stage, "paused", &["one@mail.example", "two@mail.example"]);
    vec![create, rename, put_on, on_campaigns, taken_off, delete(stage, "stale")]
}

/// What a plan of every kind leaves.
fn wanted(stage: &Stage) -> World {
    let campaigns = stage.world.campaigns("acme");
    let labels = [("fresh", Some("by us")), ("north", Some("renamed")), ("paused", None)];
    let labels = labels.map(|(label, about)| (label.to_owned(), about.map(str::to_owned))).to_vec();
    let q4 = campaigns.iter().find(|one| one.name == "Q4").unwrap().id.clone();
    let mut carried: Vec<(String, String)> =
        ACCOUNTS.iter().map(|one| ("fresh".to_owned(), (*one).to_owned())).collect();
    carried.extend(campaigns.into_iter().map(|one| ("north".to_owned(), one.id)));
    carried.extend([q4, "three@mail.example".to_owned()].map(|one| ("paused".to_owned(), one)));
    carried.sort();
    (labels, carried)
}

fn distinct(rows: &[std::collections::BTreeMap<String, String>], column: &str) -> BTreeSet<String> {
    rows.iter().map(|row| row[column].clone()).collect()
}
