//! A plan as a file: canonical, without secrets, and refused when it was edited.

use serde_json::Value;

use super::draw::{Item, Note, Plan, Planned};
use crate::domain::{Change, PlanId, canonical};
use crate::trouble::Advise;

/// The format this version writes and reads.
const FORMAT: u32 = 1;

/// Why a file is not a plan that can be applied.
#[derive(Debug, thiserror::Error)]
pub enum BadPlan {
    /// Not JSON of the right shape.
    #[error("it is not a plan file: {0}")]
    Shape(#[source] serde_json::Error),
    /// It has a kind of step that this version does not know.
    #[error("it has a step of kind `{0}`, which this keyholder does not know")]
    Kind(String),
    /// Written by a later version.
    #[error("its format is {0}, this keyholder reads format {FORMAT}")]
    Format(u32),
    /// Its contents do not have the id it bears.
    #[error("it was changed after it was saved: it bears the id `{bears}`, its contents have `{has}`")]
    Edited {
        /// The id in the file.
        bears: PlanId,
        /// The id of what is in the file.
        has: PlanId,
    },
    /// Something in it that the id does not cover is not what was saved: a name, how to undo a step, a remark.
    #[error("it was changed after it was saved: its checksum is not that of its contents")]
    Touched,
}

impl Advise for BadPlan {
    fn advice(&self) -> Vec<String> {
        vec!["nothing was sent; draw the plan again with the command and `-o FILE`".to_owned()]
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    format: u32,
    id: PlanId,
    command: String,
    workspaces: Vec<Planned>,
    items: Vec<Item>,
    notes: Vec<Note>,
    /// What could be seen when it was drawn, and what could not; a plan must not be taken for more than it is.
    #[serde(default)]
    coverage: Value,
    /// Over everything else. It keeps out mistakes; whoever can write the file can make a new one.
    checksum: PlanId,
}

/// Takes the checksum of everything in a plan file but the checksum itself.
fn checksum(whole: &Value) -> PlanId {
    let mut rest = whole.clone();
    if let Some(members) = rest.as_object_mut() {
        members.shift_remove("checksum");
    }
    PlanId::of(&canonical(&rest))
}

/// Writes a plan, the command that drew it, and what could be seen then.
pub fn save(plan: &Plan, command: &str, coverage: &Value) -> String {
    let Plan { id, workspaces, items, notes } = plan.clone();
    let (command, checksum_to_come) = (command.to_owned(), PlanId::of(b""));
    let coverage = coverage.clone();
    let mut stored =
        Stored { format: FORMAT, id, command, workspaces, items, notes, coverage, checksum: checksum_to_come };
    stored.checksum = checksum(&serde_json::to_value(&stored).expect("plain data serializes"));
    let mut text = serde_json::to_string_pretty(&stored).expect("plain data serializes");
    text.push('\n');
    text
}

/// Finds a kind of step that cannot be read: a later version may know it.
fn unknown_kind(whole: &Value) -> Option<String> {
    let mut kinds = whole["items"].as_array()?.iter().filter_map(|item| item["step"]["change"]["kind"].as_str());
    kinds
        .find(|kind| !Change::TAGS.contains(kind))
        .map(|kind| kind.chars().filter(|c| !c.is_control()).take(80).collect())
}

/// A plan as its file holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The plan.
    pub plan: Plan,
    /// The command that drew it.
    pub command: String,
    /// What could be seen when it was drawn.
    pub coverage: Value,
}

/// Reads a plan back.
pub fn load(text: &str) -> Result<Loaded, BadPlan> {
    let whole: Value = serde_json::from_str(text).map_err(BadPlan::Shape)?;
    let checked = checksum(&whole);
    if let Some(kind) = unknown_kind(&whole) {
        return Err(BadPlan::Kind(kind));
    }
    let stored: Stored = serde_json::from_value(whole).map_err(BadPlan::Shape)?;
    if stored.format != FORMAT {
        return Err(BadPlan::Format(stored.format));
    }
    let plan = Plan::of(stored.workspaces, stored.items, stored.notes);
    let honest = plan.items.iter().all(|item| item.step.is_consistent());
    if plan.id != stored.id {
        return Err(BadPlan::Edited { bears: stored.id, has: plan.id });
    }
    if !honest || checked != stored.checksum {
        return Err(BadPlan::Touched);
    }
    Ok(Loaded { plan, command: stored.command, coverage: stored.coverage })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Guards;
    use crate::plan::members::tests::{member, observed};
    use crate::plan::{Rules, Wish, draw};

    fn plan() -> Plan {
        let row = member("m1", "a@x.example", "view");
        let wish = Wish::Absent { email: row.email.clone() };
        draw(&[(observed(vec![row]), vec![wish])], &Rules::of(Guards::default()))
    }

    #[test]
    fn a_plan_comes_back_as_it_was_saved() {
        let coverage = serde_json::json!({ "asked": 2, "unreadable": [{ "workspace": "b" }] });
        let back = load(&save(&plan(), "offboard", &coverage)).unwrap();
        assert_eq!(back, Loaded { plan: plan(), command: "offboard".to_owned(), coverage });
    }

    #[test]
    fn an_edited_plan_is_refused() {
        let text = save(&plan(), "offboard", &Value::Null);
        for (from, to) in
            [("\"m1\"", "\"m2\""), ("a@x.example", "b@x.example"), ("\"w1\"", "\"w2\""), ("view", "editor")]
        {
            let edited = text.replace(from, to);
            assert_ne!(edited, text);
            assert!(matches!(load(&edited), Err(BadPlan::Edited { .. } | BadPlan::Touched)), "{from} -> {to}");
        }
        assert!(matches!(load(&text[..text.len() / 2]), Err(BadPlan::Shape(_))));
    }

    fn leaver() -> Plan {
        use crate::plan::traces::tests::{campaign, found, key, lead, made_key, user};
        use crate::plan::{Belongings, Leave, Observed};
        let rows = vec![member("m1", "a@x.example", "view"), member("m2", "h@x.example", "view")];
        let belongings = Belongings {
            accounts: [user("u-m1")].into(),
            campaigns: found(vec![campaign("c-1", Some("u-m1"), None)]),
            leads: found(vec![lead("lead-1", "u-m1")]),
            keys: found(vec![key("own", Some(true)), key("k-1", None)]),
            trail: found(vec![made_key("r-1", Some("u-m1"), &["k-1"])]),
            ..Belongings::default()
        };
        let email = rows[0].email.clone();
        let leave = Leave { heir: Some(rows[1].email.clone()), revoke_keys: true, ..Leave::default() };
        let world = Observed { belongings: Some(Box::new(belongings)), ..observed(rows) };
        draw(&[(world, vec![Wish::Left { email, leave }])], &Rules::of(Guards::default()))
    }

    #[test]
    fn a_leavers_plan_comes_back_with_all_its_steps_and_cannot_be_edited() {
        let plan = leaver();
        assert_eq!((plan.items.len(), plan.sends()), (4, 4));
        let text = save(&plan, "offboard", &Value::Null);
        assert_eq!(load(&text).unwrap().plan, plan);
        for item in &plan.items {
            let tag = serde_json::to_value(&item.step.change).unwrap()["kind"].as_str().unwrap().to_owned();
            assert!(Change::TAGS.contains(&tag.as_str()), "{tag}");
        }
        for (from, to) in
            [("\"u-m2\"", "\"u-m3\""), ("\"c-1\"", "\"c-2\""), ("lead-1", "lead-2"), ("\"k-1\"", "\"own\"")]
        {
            let edited = text.replace(from, to);
            assert_ne!(edited, text);
            assert!(matches!(load(&edited), Err(BadPlan::Edited { .. } | BadPlan::Touched)), "{from} -> {to}");
        }
    }

    #[test]
    fn a_step_of_a_kind_of_tomorrow_is_refused_with_its_word() {
        let text = save(&leaver(), "offboard", &Value::Null).replace("\"key.revoke\"", "\"webhook.delete\"");
        let refused = load(&text).unwrap_err();
        assert_eq!(refused.to_string(), "it has a step of kind `webhook.delete`, which this keyholder does not know");
    }
}
