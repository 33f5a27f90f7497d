//! What people own, as the witness watches it: every change must have been asked for, and every request must be about a leaver's thing.

use std::collections::{BTreeMap, BTreeSet};

use keyholder::api::transport::Request;
use keyholder::journal::StepRow;
use keyholder::sim::{Hand, Op, SimMember, World};
use serde_json::Value;

use super::draw::Command;
use crate::goods::{Goods, KINDS, Thing, goods, things_of};

/// A write about a thing that left. A revocation gives it to nobody.
#[derive(Debug, Clone)]
struct Sent {
    command: usize,
    thing: Thing,
    to: Option<String>,
}

/// Everything that somebody owns or made.
pub(crate) struct Estate {
    world: World,
    goods: Goods,
    /// Who made each key that says so.
    makers: BTreeMap<Thing, String>,
    sent: Vec<Sent>,
    /// What keyholder did, by command.
    own: Vec<(usize, Thing)>,
    drifted: BTreeSet<Thing>,
}

impl Estate {
    pub(crate) fn of(world: &World) -> Self {
        let key = |lane: &String| {
            let keys = world.api_keys(lane).into_iter().filter(|key| key.name.contains('@'));
            keys.map(|key| ((lane.clone(), KINDS[3], key.id), key.name)).collect::<Vec<_>>()
        };
        let makers = world.names().iter().flat_map(key).collect();
        let goods = goods(world);
        Self { world: world.clone(), goods, makers, sent: Vec::new(), own: Vec::new(), drifted: BTreeSet::new() }
    }

    /// Takes up what changed since the last look; returns what no request asked for.
    pub(crate) fn reconcile(&mut self) -> Vec<String> {
        let now = goods(&self.world);
        let before = std::mem::replace(&mut self.goods, now);
        let mut wrong = Vec::new();
        for (thing, owner) in &before {
            let to = match self.goods.get(thing) {
                Some(now) if now == owner => continue,
                Some(now) => now.clone(),
                None => None,
            };
            let asked = self.sent.iter().rev().find(|sent| sent.thing == *thing && sent.to == to);
            match asked.map(|sent| sent.command) {
                Some(command) => self.own.push((command, thing.clone())),
                None => wrong.push(format!("{thing:?} went from {owner:?} to {to:?}, which no request asked for")),
            }
        }
        wrong
    }

    /// Lets another hand act; tells whether it is one that acts here.
    pub(crate) fn hand(&mut self, lane: &str, hand: &Hand) -> bool {
        if !matches!(hand, Hand::GiveCampaign { .. } | Hand::DeleteCampaign { .. } | Hand::DeleteKey { .. }) {
            return false;
        }
        self.world.hand(lane, hand);
        let before = std::mem::replace(&mut self.goods, goods(&self.world));
        let changed = before.into_iter().filter(|(thing, owner)| self.goods.get(thing) != Some(owner));
        self.drifted.extend(changed.map(|(thing, _)| thing));
        true
    }

    /// Is told of a write about things before it leaves; returns what is wrong with it. `rows` are those of its workspace, `who_is` tells
    /// whom the test let come or go there.
    pub(crate) fn write(
        &mut self,
        (lane, op, request): (&str, Op, &Request),
        (number, command): (usize, &Command),
        rows: &BTreeMap<String, SimMember>,
        is_drifted: impl Fn(&str) -> bool,
    ) -> Vec<String> {
        let body: Value = request.body.as_deref().map(|body| serde_json::from_str(body).unwrap()).unwrap_or_default();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let id = request.path.rsplit('/').next().unwrap_or_default().to_owned();
        let (kind, ids, to) = match op {
            Op::CampaignPatch => (KINDS[0], vec![id], text(&body["owned_by"])),
            Op::LeadListPatch => (KINDS[1], vec![id], text(&body["owned_by"])),
            Op::LeadsAssign => {
                let ids = body["ids"].as_array().into_iter().flatten().filter_map(text).collect();
                (KINDS[2], ids, text(&body["organization_user_ids"][0]))
            }
            _ => (KINDS[3], vec![id], None),
        };
        let mut wrong = Vec::new();
        if ids.is_empty() {
            wrong.push(format!("{op} in {lane} names nothing: {body}"));
        }
        if kind == KINDS[3] {
            if !command.revokes {
                wrong.push(format!("{op} in {lane}: nobody asked for it"));
            }
        } else {
            let heir = command.heir.unwrap_or_default();
            let is_heir = |row: &&SimMember| row.accepted && row.email == heir && Some(&row.user_id) == to.as_ref();
            if !rows.values().any(|row| is_heir(&row)) && !is_drifted(heir) {
                wrong.push(format!("{op} in {lane}: {to:?} is not {heir}, or no accepted member"));
            }
        }
        let leavers: Vec<Option<String>> = command.people.iter().map(|email| self.world.user_id(email)).collect();
        for id in ids {
            let thing = (lane.to_owned(), kind, id);
            let theirs = match self.goods.get(&thing) {
                _ if self.drifted.contains(&thing) => true,
                Some(_) if kind == KINDS[3] => {
                    self.makers.get(&thing).is_some_and(|maker| command.people.contains(&maker.as_str()))
                }
                Some(owner) => leavers.contains(owner) || *owner == to,
                // Gone by now: it was one of this lane when it was planned.
                None => true,
            };
            if !theirs {
                wrong.push(format!("{op} about {thing:?}, which is no leaver's"));
            }
            self.sent.push(Sent { command: number, thing, to: to.clone() });
        }
        wrong
    }

    /// Tells whether a command did what a step is about, wholly or in part.
    pub(crate) fn did(&self, step: &StepRow, command: usize) -> bool {
        let things = things_of(step);
        self.own.iter().any(|(by, thing)| *by == command && things.contains(thing))
    }

    /// Tells whether another hand changed what a step is about.
    pub(crate) fn is_drifted(&self, step: &StepRow) -> bool {
        things_of(step).iter().any(|thing| self.drifted.contains(thing))
    }

    /// Tells whether what a step asks for is so.
    pub(crate) fn is_as_asked(&self, step: &StepRow, command: &Command) -> bool {
        let heir = command.heir.and_then(|heir| self.world.user_id(heir));
        things_of(step).iter().all(|thing| match self.goods.get(thing) {
            None => thing.1 == KINDS[3],
            Some(owner) => thing.1 != KINDS[3] && *owner == heir,
        })
    }

    /// Counts what keyholder did.
    pub(crate) fn done(&self) -> usize {
        self.own.len()
    }

    /// Counts the keys a command revoked, by workspace.
    pub(crate) fn revoked(&self, command: usize) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for (_, (lane, ..)) in self.own.iter().filter(|(by, thing)| *by == command && thing.1 == KINDS[3]) {
            *counts.entry(lane.clone()).or_default() += 1;
        }
        counts
    }
}
