//! Belongings of a world as plain facts, for models that share nothing with the planner.

use std::collections::BTreeMap;

use keyholder::journal::StepRow;
use keyholder::sim::World;

/// A thing: its workspace, the kind of step that is about such things, its id.
pub(crate) type Thing = (String, &'static str, String);

/// Whose each thing is, by account; a key is only there or not.
pub(crate) type Goods = BTreeMap<Thing, Option<String>>;

/// The kinds of step that are about belongings.
pub(crate) const KINDS: [&str; 4] = ["campaign.hand_over", "lead_list.hand_over", "leads.reassign", "key.revoke"];

/// Looks at the world.
pub(crate) fn goods(world: &World) -> Goods {
    let mut goods = Goods::new();
    for lane in world.names() {
        let mut put = |kind: usize, id: String, owner: Option<String>| {
            goods.insert((lane.clone(), KINDS[kind], id), owner);
        };
        world.campaigns(&lane).into_iter().for_each(|one| put(0, one.id, one.owned_by));
        world.lead_lists(&lane).into_iter().for_each(|one| put(1, one.id, one.owned_by));
        world.leads(&lane).into_iter().for_each(|one| put(2, one.id, one.assigned_to));
        world.api_keys(&lane).into_iter().for_each(|one| put(3, one.id, None));
    }
    goods
}

/// The things a step is about, as the ledger keeps it; none where it is about a member.
pub(crate) fn things_of(step: &StepRow) -> Vec<Thing> {
    let Some(kind) = KINDS.into_iter().find(|kind| *kind == step.kind) else { return Vec::new() };
    let change = &step.planned["change"];
    let ids = match kind {
        "campaign.hand_over" => vec![change["thing"]["campaign"]["id"].clone()],
        "lead_list.hand_over" => vec![change["thing"]["lead_list"]["id"].clone()],
        "leads.reassign" => change["thing"]["leads"]["ids"].as_array().cloned().unwrap_or_default(),
        _ => vec![change["key"].clone()],
    };
    assert!(!ids.is_empty(), "a step about nothing: {}", step.planned);
    let text = |id: &serde_json::Value| id.as_str().unwrap_or_else(|| panic!("no id in {}", step.planned)).to_owned();
    ids.iter().map(|id| (step.workspace.clone(), kind, text(id))).collect()
}
