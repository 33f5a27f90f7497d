//! A workspace against which nothing is to be said, for tests to spoil.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::{Case, Configured, Judgement, Maker, Opened, Sighted};
use crate::domain::belongings::Activity;
use crate::domain::fleet::Place;
use crate::domain::{
    Acceptance, FindingCode, KeyEntry, KeyId, KeyInfo, KeyPolicy, KeyPreset, RunId, UserId, WorkspaceId, WorkspaceName,
};

pub(crate) const NOW: &str = "2026-11-20T08:00:00Z";
const DAY: u64 = 24;

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn key_id(id: &str) -> KeyId {
    KeyId::parse(id).unwrap()
}

/// A workspace, and all that is known of it.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) workspace: WorkspaceName,
    pub(crate) id: Option<WorkspaceId>,
    pub(crate) keys: Vec<KeyInfo>,
    pub(crate) keys_unknown: Option<String>,
    pub(crate) makers: BTreeMap<KeyId, Maker>,
    pub(crate) makers_unknown: Option<String>,
    pub(crate) members_unknown: Option<String>,
    pub(crate) activity: Option<Activity>,
    pub(crate) register: Vec<KeyEntry>,
    pub(crate) ours: BTreeSet<KeyId>,
    pub(crate) replaced_left: BTreeMap<KeyId, RunId>,
    pub(crate) first_look: Option<Timestamp>,
    pub(crate) first_seen: BTreeMap<KeyId, Timestamp>,
    pub(crate) remembered: bool,
    pub(crate) unsettled: Option<String>,
    pub(crate) presets: Vec<KeyPreset>,
    pub(crate) configured: Option<KeyId>,
    pub(crate) fingerprint: Option<String>,
    pub(crate) shared_with: Vec<WorkspaceName>,
    pub(crate) opens: Option<(WorkspaceId, Option<String>)>,
    pub(crate) least: Option<Vec<String>>,
    pub(crate) rotation: Vec<String>,
    pub(crate) via: Option<WorkspaceName>,
    pub(crate) policy: KeyPolicy,
    pub(crate) now: Timestamp,
}

impl World {
    /// The configured key `own` and another, `job`; both young, known, used and narrow.
    pub(crate) fn clean() -> Self {
        let policy = KeyPolicy {
            max_age: Some(Duration::from_hours(180 * DAY)),
            naming: Some("^[a-z0-9-]+ — .+$".to_owned()),
            ..KeyPolicy::default()
        };
        let mut world = Self {
            workspace: WorkspaceName::parse("acme").unwrap(),
            id: Some(WorkspaceId::parse("w-1").unwrap()),
            keys: Vec::new(),
            keys_unknown: None,
            makers: BTreeMap::new(),
            makers_unknown: None,
            members_unknown: None,
            activity: Some(Activity { since: at("2026-08-01T00:00:00Z"), last: BTreeMap::new(), incomplete: None }),
            register: Vec::new(),
            ours: BTreeSet::new(),
            replaced_left: BTreeMap::new(),
            first_look: Some(at("2026-09-01T00:00:00Z")),
            first_seen: BTreeMap::new(),
            remembered: true,
            unsettled: None,
            presets: vec![KeyPreset {
                name: "campaigns".to_owned(),
                scopes: vec!["campaigns:all".to_owned(), "leads:all".to_owned()],
                purpose: None,
            }],
            configured: None,
            fingerprint: Some("k:0011aabb".to_owned()),
            shared_with: Vec::new(),
            opens: None,
            least: Some(vec!["workspaces:read".to_owned(), "workspace_members:read".to_owned()]),
            rotation: ["workspaces:read", "api_keys:read", "api_keys:delete"].map(str::to_owned).to_vec(),
            via: None,
            policy,
            now: at(NOW),
        };
        world.add("own", "acme — keyholder", &["workspaces:read", "workspace_members:read"]);
        world.add("job", "acme — analytics", &["campaigns:read", "accounts:read"]);
        world.key("own").in_use = Some(true);
        world.key("job").in_use = Some(false);
        world
    }

    /// Adds a key against which nothing is to be said but its name and scopes.
    pub(crate) fn add(&mut self, id: &str, name: &str, scopes: &[&str]) -> &mut Self {
        let key = key_id(id);
        self.keys.push(KeyInfo {
            id: key.clone(),
            name: name.to_owned(),
            scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
            created: "2026-08-15T00:00:00.000Z".to_owned(),
            in_use: None,
        });
        self.makers.insert(
            key.clone(),
            Maker { user_id: Some(UserId::parse("u-ann").unwrap()), member: Some(true), ..Maker::default() },
        );
        self.activity.as_mut().unwrap().last.insert(key.clone(), "2026-11-01T00:00:00Z".to_owned());
        self.register.push(KeyEntry {
            workspace: self.workspace.to_string(),
            workspace_id: self.id.clone(),
            key: key.clone(),
            name: name.to_owned(),
            owner: Some("ann@agency.example".to_owned()),
            purpose: None,
            stored: None,
            rotate_by: None,
            fingerprint: None,
            vouched: false,
        });
        self.first_seen.insert(key, at("2026-09-01T00:00:00Z"));
        self
    }

    pub(crate) fn key(&mut self, id: &str) -> &mut KeyInfo {
        self.keys.iter_mut().find(|key| key.id.as_str() == id).unwrap()
    }

    pub(crate) fn entry(&mut self, id: &str) -> &mut KeyEntry {
        self.register.iter_mut().find(|entry| entry.key.as_str() == id).unwrap()
    }

    pub(crate) fn maker(&mut self, id: &str) -> &mut Maker {
        self.makers.get_mut(&key_id(id)).unwrap()
    }

    pub(crate) fn accept(&mut self, code: FindingCode, workspace: Option<&str>, key: Option<&str>, until: &str) {
        self.policy.accept.push(Acceptance {
            code,
            workspace: workspace.map(str::to_owned),
            key: key.map(str::to_owned),
            reason: "known".to_owned(),
            until: until.parse().unwrap(),
            place: Place { file: "keyholder.toml".into(), line: 7, column: 1 },
        });
    }

    /// Judges it by all rules.
    pub(crate) fn judge(&self) -> Judgement {
        let case = Case {
            workspace: &self.workspace,
            workspace_id: self.id.as_ref(),
            keys: &self.keys,
            keys_unknown: self.keys_unknown.as_deref(),
            makers: self.makers.clone(),
            makers_unknown: self.makers_unknown.as_deref(),
            members_unknown: self.members_unknown.as_deref(),
            activity: self.activity.as_ref(),
            register: self.register.iter().collect(),
            ours: &self.ours,
            replaced_left: &self.replaced_left,
            sighted: self.remembered.then_some(Sighted {
                first_look: self.first_look,
                first_seen: &self.first_seen,
                looked_at: None,
                unsettled: self.unsettled.as_deref(),
            }),
            presets: &self.presets,
            configured: Configured {
                id: self.configured.as_ref(),
                fingerprint: self.fingerprint.as_deref(),
                shared_with: &self.shared_with,
                opens: self.opens.as_ref().map(|(id, name)| Opened { id, name: name.as_deref() }),
                least: self.least.as_deref(),
                rotation: &self.rotation,
                via: self.via.as_ref(),
            },
        };
        super::judge(&case, &self.policy, self.now)
    }

    /// Returns what one rule says, as `id: evidence`.
    pub(crate) fn found(&self, code: FindingCode) -> Vec<String> {
        let findings = self.judge().findings.into_iter().filter(|finding| finding.code == code);
        findings.map(|one| format!("{}: {}", one.about.key().map_or("", |(id, _)| id.as_str()), one.evidence)).collect()
    }

    /// Returns what one rule could not judge, as `id: why`.
    pub(crate) fn unjudged(&self, code: FindingCode) -> Vec<String> {
        let notes = self.judge().not_judged.into_iter().filter(|note| note.code == code);
        notes.map(|one| format!("{}: {}", one.about.key().map_or("", |(id, _)| id.as_str()), one.why)).collect()
    }
}
