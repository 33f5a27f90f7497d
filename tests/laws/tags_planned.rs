//! Plans about tags: applied to a small model of the API they give what was asked for, drawn again they send nothing, and what nobody asked
//! about is as it was; in any order of what is wished and listed.

use std::collections::{BTreeMap, BTreeSet};

use keyholder::domain::tag::loose;
use keyholder::domain::{
    Change, Disposition, Guards, Mode, ResourceId, ResourceKind, RestsOn, Tag, TagChange, TagId, WorkspaceId,
    WorkspaceName,
};
use keyholder::plan::{Carried, Found, Observed, Plan, Rules, TagWish, Tagging, draw_tags};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// Labels a workspace may have: some that are nearly the same, some that nobody asks about.
const THERE: [&str; 9] = [
    "Team North",
    "team-north",
    "North",
    "VIP",
    "vip",
    "Old VIP",
    "stray",
    "owner: a-b@x.example",
    "owner: ab@x.example",
];
/// Descriptions.
const TOLD: [Option<&str>; 3] = [None, Some("one"), Some("two")];
const MODES: [Mode; 4] = [Mode::Off, Mode::Observe, Mode::AddOnly, Mode::Manage];

type Carrier = (ResourceKind, ResourceId);

/// The API's own state, with none of the planner's types of thought: labels by id, and what carries what.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Model {
    tags: BTreeMap<String, (String, Option<String>)>,
    carried: BTreeMap<String, BTreeSet<Carrier>>,
}

fn resource(place: usize) -> ResourceId {
    ResourceId::parse(&format!("a{place:03}@x.example")).unwrap()
}

fn model() -> impl Strategy<Value = Model> {
    let tag = (select(&THERE[..]), select(&TOLD[..]), subsequence((0..6_usize).collect::<Vec<_>>(), 0..4));
    proptest::collection::vec(tag, 0..7).prop_map(|tags| {
        let mut model = Model { tags: BTreeMap::new(), carried: BTreeMap::new() };
        for (place, (label, told, carrying)) in tags.into_iter().enumerate() {
            let id = format!("t-{place}");
            model.tags.insert(id.clone(), (label.to_owned(), told.map(str::to_owned)));
            let carrying = carrying.into_iter().map(|place| (ResourceKind::Account, resource(place)));
            model.carried.insert(id, carrying.collect());
        }
        model
    })
}

impl Model {
    fn observed(&self, mode: Mode, cut: bool, reverse: bool) -> Observed {
        let mut rows: Vec<Tag> = self
            .tags
            .iter()
            .map(|(id, (label, description))| Tag {
                id: TagId::parse(id).unwrap(),
                label: label.clone(),
                description: description.clone(),
            })
            .collect();
        if reverse {
            rows.reverse();
        }
        let id = |id: &String| TagId::parse(id).unwrap();
        let tagging = Tagging {
            tags: Found { rows, incomplete: cut.then(|| "a cursor came twice".to_owned()) },
            carried: self.carried.iter().map(|(tag, carrying)| (id(tag), carrying.clone())).collect(),
            counts: self
                .carried
                .iter()
                .map(|(tag, carrying)| (id(tag), Carried { accounts: carrying.len(), ..Carried::default() }))
                .collect(),
            ..Tagging::default()
        };
        Observed {
            workspace: WorkspaceName::parse("acme").unwrap(),
            id: WorkspaceId::parse("w-1").unwrap(),
            mode,
            owner: None,
            members: Vec::new(),
            incomplete: Some("not read".to_owned()),
            acts_as: false,
            belongings: None,
            tagging: Some(Box::new(tagging)),
            links: None,
        }
    }

    /// Does what is sent, as the API would: one label is one tag's, and a deleted tag drops off everything.
    fn apply(&mut self, plan: &Plan) {
        for item in plan.items.iter().filter(|item| item.sends()) {
            let Change::Tag(change) = &item.step.change else { panic!("{item:?}") };
            match change {
                TagChange::Create { label, description } => {
                    assert!(self.tags.values().all(|(other, _)| other.trim() != label), "409: {label}");
                    let id = format!("new-{}", self.tags.len());
                    self.tags.insert(id.clone(), (label.clone(), description.clone()));
                    self.carried.insert(id, BTreeSet::new());
                }
                TagChange::Alter { tag, label, description, .. } => {
                    let taken = |(id, (other, _)): (&String, &(String, _))| id != tag.as_str() && other.trim() == label;
                    assert!(!self.tags.iter().any(taken), "409: {label}");
                    let row = self.tags.get_mut(tag.as_str()).expect("what is altered is there");
                    row.0.clone_from(label);
                    if description.is_some() {
                        row.1.clone_from(description);
                    }
                }
                TagChange::Delete { tag, .. } => {
                    assert!(self.carried[tag.as_str()].is_empty(), "what is carried was deleted");
                    self.tags.remove(tag.as_str());
                    self.carried.remove(tag.as_str());
                }
                TagChange::Assign { label, on, resources, assign } => {
                    assert!((1..=TagChange::MOST).contains(&resources.len()));
                    let id = match &item.step.rests_on {
                        RestsOn::Tag { id, .. } => id.to_string(),
                        RestsOn::TagToCome => {
                            assert!(item.step.after.is_some());
                            let found = self.tags.iter().find(|(_, (other, _))| other.trim() == label);
                            found.expect("it was made before").0.clone()
                        }
                        other => panic!("{other:?}"),
                    };
                    let carrying = self.carried.get_mut(&id).expect("its tag is there");
                    for resource in resources {
                        let changed = if *assign {
                            carrying.insert((*on, resource.clone()))
                        } else {
                            carrying.remove(&(*on, resource.clone()))
                        };
                        assert!(changed, "{resource} had the wanted state before");
                    }
                }
            }
        }
    }

    /// What carries a label.
    fn carrying(&self, label: &str) -> BTreeSet<Carrier> {
        let of = self.tags.iter().filter(|(_, (other, _))| other.trim() == label);
        of.flat_map(|(id, _)| self.carried[id].clone()).collect()
    }

    fn called(&self, label: &str) -> usize {
        self.tags.values().filter(|(other, _)| other.trim() == label).count()
    }
}

/// What keyholder.toml may say: two tags that are nothing like each other.
fn presents() -> impl Strategy<Value = Vec<TagWish>> {
    let former = |labels: &'static [&'static str]| subsequence(labels.to_vec(), 0..=labels.len());
    let told = || select(&TOLD[..]);
    let present = |label: &str, told: Option<&str>, former: Vec<&str>| TagWish::Present {
        label: label.to_owned(),
        description: told.map(str::to_owned),
        former: former.into_iter().map(str::to_owned).collect(),
    };
    let north =
        (told(), former(&["North", "team-north"])).prop_map(move |(told, former)| present("Team North", told, former));
    let vip = (told(), former(&["Old VIP", "vip"])).prop_map(move |(told, former)| present("VIP", told, former));
    (proptest::option::of(north), proptest::option::of(vip))
        .prop_map(|(one, other)| one.into_iter().chain(other).collect())
}

fn assigned() -> impl Strategy<Value = TagWish> {
    let labels = select(vec!["Team North", "VIP", "stray", "missing", "owner: ab@x.example"]);
    let resources = prop_oneof![
        4 => subsequence((0..8_usize).collect::<Vec<_>>(), 0..6),
        1 => (90..260_usize).prop_map(|many| (0..many).collect()),
    ];
    (labels, resources, any::<bool>(), any::<bool>()).prop_map(|(label, resources, assign, make)| TagWish::Assigned {
        label: label.to_owned(),
        on: ResourceKind::Account,
        resources: resources.into_iter().map(resource).collect(),
        assign,
        make: make.then_some(None),
    })
}

fn pruned() -> impl Strategy<Value = TagWish> {
    (0..8_usize).prop_map(|place| TagWish::Pruned { tag: TagId::parse(&format!("t-{place}")).unwrap() })
}

fn rules() -> Rules {
    Rules::of(Guards::default())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_about_tags_is_total_and_rests_on_no_order(
        model in model(),
        presents in presents(),
        others in proptest::collection::vec(prop_oneof![assigned(), pruned()], 0..5),
        mode in select(&MODES[..]),
        cut in proptest::bool::weighted(0.1),
        turn in 0..7_usize,
    ) {
        let wishes: Vec<TagWish> = presents.into_iter().chain(others).collect();
        let plan = draw_tags(&[(model.observed(mode, cut, false), wishes.clone())], &rules());
        let mut shuffled = wishes;
        if !shuffled.is_empty() {
            let by = turn % shuffled.len();
            shuffled.rotate_left(by);
            shuffled.reverse();
        }
        let again = draw_tags(&[(model.observed(mode, cut, true), shuffled)], &rules());
        prop_assert_eq!(&plan.id, &again.id);
        prop_assert_eq!(&plan.items, &again.items);
        prop_assert_eq!(&plan.notes, &again.notes);
        if cut || mode < Mode::AddOnly {
            prop_assert_eq!(plan.sends(), 0);
        }
        if mode < Mode::Manage {
            prop_assert!(!plan.needs_typing());
        }
    }

    #[test]
    fn a_synced_workspace_has_what_was_asked_and_all_else_as_it_was(model in model(), presents in presents()) {
        let draw = |model: &Model| draw_tags(&[(model.observed(Mode::Manage, false, false), presents.clone())], &rules());
        let plan = draw(&model);
        let mut after = model.clone();
        after.apply(&plan);
        prop_assert_eq!(draw(&after).sends(), 0, "a second sync sends nothing");
        let held: BTreeSet<&str> = plan
            .items
            .iter()
            .filter(|item| matches!(item.disposition, Disposition::Held(_)))
            .map(|item| item.step.change.subject().as_str())
            .collect();
        let mut meant: BTreeSet<&str> = BTreeSet::new();
        for wish in &presents {
            let TagWish::Present { label, description, former } = wish else { panic!() };
            meant.extend(former.iter().map(String::as_str).chain([label.as_str()]));
            if held.contains(label.as_str()) {
                continue;
            }
            prop_assert!(after.called(label) >= 1, "{} is there", label);
            if description.is_some() {
                let told = |(other, told): &(String, Option<String>)| other == label && told == description;
                prop_assert!(after.tags.values().any(told), "{} is described", label);
            }
            if model.called(label) == 0 {
                // Nothing came to stand beside what is nearly the same, and what carried a former one carries it now.
                let near = after.tags.values().filter(|(other, _)| loose(other) == loose(label)).count();
                prop_assert_eq!(near, 1);
                let before: BTreeSet<Carrier> = former.iter().flat_map(|one| model.carrying(one)).collect();
                prop_assert_eq!(after.carrying(label), before);
            }
        }
        for (id, row) in &model.tags {
            if !meant.contains(row.0.as_str()) {
                prop_assert_eq!(after.tags.get(id), Some(row), "what nobody asked about is as it was");
            }
            prop_assert_eq!(&after.carried[id], &model.carried[id], "a sync takes no tag off and puts none on");
        }
    }

    #[test]
    fn an_assigned_tag_is_on_exactly_what_was_asked(model in model(), wish in assigned()) {
        let draw = |model: &Model| draw_tags(&[(model.observed(Mode::Manage, false, false), vec![wish.clone()])], &rules());
        let TagWish::Assigned { label, resources, assign, make, .. } = &wish else { panic!() };
        let plan = draw(&model);
        let mut after = model.clone();
        after.apply(&plan);
        prop_assert_eq!(draw(&after).sends(), 0, "what is so is not sent again");
        let asked: BTreeSet<Carrier> = resources.iter().map(|one| (ResourceKind::Account, one.clone())).collect();
        let before = model.carrying(label);
        let near = model.tags.values().any(|(other, _)| loose(other) == loose(label));
        let may = match model.called(label) {
            1 => true,
            0 => *assign && make.is_some() && !near,
            _ => false,
        };
        let wanted = match (may, assign) {
            (false, _) => before,
            (true, true) => &before | &asked,
            (true, false) => &before - &asked,
        };
        prop_assert_eq!(after.carrying(label), wanted);
        for (id, row) in model.tags.iter().filter(|(_, row)| row.0 != *label) {
            prop_assert_eq!(after.tags.get(id), Some(row));
            prop_assert_eq!(&after.carried[id], &model.carried[id]);
        }
        let steps = plan.items.iter().filter(|item| item.sends() && matches!(item.step.change, Change::Tag(TagChange::Assign { .. })));
        let lacking = after.carrying(label).symmetric_difference(&model.carrying(label)).count();
        prop_assert_eq!(steps.count(), lacking.div_ceil(TagChange::MOST), "as few calls as there are hundreds");
    }

    #[test]
    fn pruning_never_deletes_what_is_carried_or_the_last_of_what_is_asked_for(
        model in model(),
        presents in presents(),
        pruned in proptest::collection::vec(pruned(), 0..8),
    ) {
        let wishes: Vec<TagWish> = presents.iter().cloned().chain(pruned).collect();
        let draw = |model: &Model| draw_tags(&[(model.observed(Mode::Manage, false, false), wishes.clone())], &rules());
        let plan = draw(&model);
        let mut after = model.clone();
        after.apply(&plan);
        prop_assert_eq!(draw(&after).sends(), 0, "a second sync sends nothing");
        for (id, carrying) in model.carried.iter().filter(|(_, carrying)| !carrying.is_empty()) {
            prop_assert_eq!(after.carried.get(id), Some(carrying));
        }
        for wish in &presents {
            let TagWish::Present { label, .. } = wish else { panic!() };
            prop_assert!(model.called(label) == 0 || after.called(label) > 0, "one of {} stays", label);
        }
    }
}
