//! From what was read of one workspace, what our files say and what the ledger remembers, to the case the audit judges.

use std::collections::BTreeMap;

use super::memory::Remembered;
use crate::api::Operation;
use crate::api::needs::{self, Least};
use crate::audit::{Case, Configured, Maker, Opened, Sighted};
use crate::cli::session::Keys;
use crate::config::key;
use crate::domain::fleet::Reach;
use crate::domain::{Access, Fleet, KeyId, KeyInfo, KeyPreset, Member, Mode, UserId, Workspace, WorkspaceName};
use crate::plan::{Belongings, Observed, keys};
use crate::report::key_rows::CreatedBy;
use crate::run::{LaneTrouble, Target};

/// What is the same for all workspaces of one audit, or concerns several of them.
#[derive(Debug)]
pub struct Grounds<'f> {
    fleet: &'f Fleet,
    shared: BTreeMap<WorkspaceName, Vec<WorkspaceName>>,
    fingerprints: BTreeMap<WorkspaceName, String>,
    least: BTreeMap<Mode, Vec<String>>,
    rotation: Vec<String>,
    presets: Vec<KeyPreset>,
}

impl<'f> Grounds<'f> {
    /// Compares the configured keys with each other. Only those of the selection are known: no other reference is followed.
    pub fn of(fleet: &'f Fleet, keys: &Keys) -> Self {
        let mut shared = BTreeMap::new();
        for names in key::shared_secrets(keys) {
            for name in &names {
                let others = names.iter().filter(|other| *other != name).cloned().collect();
                shared.insert(name.clone(), others);
            }
        }
        let own = keys.iter().filter_map(|(name, access)| match access {
            Ok(Access::Own(key)) => Some((name.clone(), key.fingerprint())),
            _ => None,
        });
        let commands = fleet.key_policy.commands.as_deref();
        let least = Mode::WORDS.iter().map(|(_, mode)| (*mode, needs::needed(*mode, commands)));
        // The new key is proven with the first, the old one is found and deleted with the others.
        let rotation = Least::of([Operation::WorkspaceCurrent, Operation::KeyList, Operation::KeyDelete]).all();
        let presets = [needs::presets().as_slice(), &fleet.key_policy.presets].concat();
        Self { fleet, shared, fingerprints: own.collect(), least: least.collect(), rotation, presets }
    }

    /// Makes the case of a workspace that was seen.
    pub fn seen<'a>(
        &'a self,
        workspace: &'a Workspace,
        target: &'a Target,
        observed: &'a Observed,
        makers: BTreeMap<KeyId, Maker>,
        remembered: &'a Remembered,
    ) -> Case<'a> {
        let belongings = observed.belongings.as_deref();
        let why = |incomplete: Option<&'a String>| incomplete.map(String::as_str);
        Case {
            workspace: &workspace.name,
            workspace_id: Some(&observed.id),
            keys: belongings.map_or(&[], |belongings| &belongings.keys.rows),
            keys_unknown: why(belongings.and_then(|belongings| belongings.keys.incomplete.as_ref())),
            makers,
            makers_unknown: why(belongings.and_then(|belongings| belongings.trail.incomplete.as_ref())),
            members_unknown: why(observed.incomplete.as_ref()),
            activity: belongings.and_then(|belongings| belongings.activity.as_ref()),
            register: self.fleet.register.of_workspace(workspace.name.as_str()).collect(),
            ours: &remembered.ours,
            replaced_left: &remembered.replaced_left,
            sighted: remembered.asked.then_some(Sighted {
                first_look: remembered.first_look,
                first_seen: &remembered.first_seen,
                looked_at: remembered.looked_at,
                unsettled: remembered.unsettled.as_deref(),
            }),
            presets: &self.presets,
            configured: self.configured(workspace, target, None),
        }
    }

    /// Makes the case of a workspace that was not seen: what our own files and the key itself tell is judged all the same.
    pub fn unseen<'a>(
        &'a self,
        workspace: &'a Workspace,
        target: &'a Target,
        why: &'a str,
        opens: Option<Opened<'a>>,
        remembered: &'a Remembered,
    ) -> Case<'a> {
        Case {
            workspace: &workspace.name,
            workspace_id: workspace.id.as_ref(),
            keys: &[],
            keys_unknown: Some(why),
            makers: BTreeMap::new(),
            makers_unknown: Some(why),
            members_unknown: Some(why),
            activity: None,
            register: self.fleet.register.of_workspace(workspace.name.as_str()).collect(),
            ours: &remembered.ours,
            replaced_left: &remembered.replaced_left,
            sighted: None,
            presets: &self.presets,
            configured: self.configured(workspace, target, opens),
        }
    }

    fn configured<'a>(
        &'a self,
        workspace: &'a Workspace,
        target: &'a Target,
        opens: Option<Opened<'a>>,
    ) -> Configured<'a> {
        let shared_with = self.shared.get(&workspace.name).map_or(&[][..], Vec::as_slice);
        let via = match &workspace.reach {
            Reach::Own(_) => None,
            Reach::Via(admin) => Some(admin),
        };
        Configured {
            id: target.key_id.as_ref().filter(|_| via.is_none()),
            fingerprint: self.fingerprints.get(&workspace.name).map(String::as_str),
            shared_with,
            opens,
            least: self.least.get(&self.mode_served(workspace)).map(Vec::as_slice).filter(|_| via.is_none()),
            rotation: &self.rotation,
            via,
        }
    }

    /// The most that is allowed anywhere this workspace's key serves: an admin workspace's serves those that are reached through it.
    fn mode_served(&self, workspace: &Workspace) -> Mode {
        let through = |other: &&Workspace| matches!(&other.reach, Reach::Via(admin) if *admin == workspace.name);
        self.fleet.workspaces.iter().filter(through).map(|other| other.mode).fold(workspace.mode, Mode::max)
    }
}

/// Says of each key who made it, as far as a record of the trail names it by its id.
pub fn makers(observed: &Observed, remembered: &Remembered) -> BTreeMap<KeyId, Maker> {
    let Some(belongings) = observed.belongings.as_deref() else { return BTreeMap::new() };
    let told = belongings.keys.rows.iter();
    told.filter_map(|key| Some((key.id.clone(), maker(key, belongings, observed, remembered)?))).collect()
}

fn maker(key: &KeyInfo, belongings: &Belongings, observed: &Observed, remembered: &Remembered) -> Option<Maker> {
    let record = keys::maker(key, belongings)?;
    let user = record.user_id.as_ref();
    let row = user.and_then(|user| observed.members.iter().find(|member| member.user_id.as_ref() == Some(user)));
    let email = row.map(|row| row.user_email.as_ref().unwrap_or(&row.email));
    Some(Maker {
        user_id: record.user_id.clone(),
        user_name: record.user_name.as_deref().map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned),
        email: email.or_else(|| remembered.people.get(user?)).cloned(),
        member: user.and_then(|user| is_member(user, observed)),
        record: Some(record.id.clone()),
    })
}

/// Tells whether an account belongs to the workspace now; none where that cannot be told.
fn is_member(user: &UserId, observed: &Observed) -> Option<bool> {
    if observed.owner.as_ref() == Some(user) {
        return Some(true);
    }
    let of_user = |member: &&Member| member.user_id.as_ref() == Some(user);
    if observed.members.iter().filter(of_user).any(|member| member.accepted) {
        return Some(true);
    }
    let nameless = observed.members.iter().any(|member| member.accepted && member.user_id.is_none());
    // Whoever is only invited again has left, and may be back any moment.
    let invited = observed.members.iter().any(|member| of_user(&member));
    (observed.incomplete.is_none() && !nameless && !invited && observed.owner.is_some()).then_some(false)
}

/// Says who made a key, in the best words that are known: an address, a name, an account.
pub fn words(maker: &Maker) -> String {
    let Maker { user_id, user_name, email, member: _, record: _ } = maker;
    let name = email.as_ref().map(ToString::to_string).or_else(|| user_name.clone());
    name.or_else(|| user_id.as_ref().map(ToString::to_string)).unwrap_or_default()
}

/// Says who made a key as a listing tells it.
pub fn created_by(key: &KeyId, makers: &BTreeMap<KeyId, Maker>, belongings: &Belongings) -> CreatedBy {
    match makers.get(key) {
        Some(maker) => CreatedBy::Told(words(maker)),
        None if belongings.trail.incomplete.is_some() => CreatedBy::NotReadable,
        None => CreatedBy::NotInTrail,
    }
}

/// Tells whether the key that keyholder speaks with was found in a workspace's own list: a workspace is spoken to with one key, so that all
/// others are then not it.
pub fn is_found(observed: &Observed, belongings: &Belongings) -> bool {
    !observed.acts_as && belongings.keys.rows.iter().any(|key| key.in_use == Some(true))
}

/// Says a lane's trouble as the reason why nothing of it is known.
pub fn why(trouble: &LaneTrouble) -> String {
    format!("the workspace was not read: {trouble}")
}
