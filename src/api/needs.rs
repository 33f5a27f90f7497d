//! What keyholder needs of a key: which calls each command makes, and the least scopes that let it.
//!
//! Owns the table of commands and calls, and the presets of keys that are built in. It knows the operation table and nothing of how a command
//! goes about its calls; that the table is right is seen by watching every command at work.

use std::collections::BTreeSet;

use super::Operation;
use crate::domain::{COMMAND_NAMES, KeyPreset, Mode, scope};

/// Who it is, and who is there: what every command asks, but one that has nothing to do with people.
const LOOK: [Operation; 2] = [Operation::WorkspaceCurrent, Operation::MemberList];

/// What people own, made or started.
const BELONGINGS: [Operation; 8] = [
    Operation::CampaignList,
    Operation::LeadListList,
    Operation::LeadsList,
    Operation::AccountList,
    Operation::KeyList,
    Operation::WebhookList,
    Operation::JobList,
    Operation::TrailList,
];

/// What is asked of keys: which there are, and who made and used them.
const KEYS: [Operation; 2] = [Operation::KeyList, Operation::TrailList];

/// What is asked of tags: which there are, and what carries them.
const TAGS: [Operation; 2] = [Operation::TagList, Operation::MappingList];

/// What can carry a tag.
const CARRIERS: [Operation; 2] = [Operation::CampaignList, Operation::AccountList];

/// What is asked for reports alone: analytics and billing, and what nobody else lists for everybody.
const REPORT: [Operation; 9] = [
    Operation::CampaignAnalytics,
    Operation::CampaignDaily,
    Operation::AccountDaily,
    Operation::AccountWarmup,
    Operation::PlanDetails,
    Operation::SubscriptionDetails,
    Operation::WebhookList,
    Operation::LeadListList,
    Operation::JobList,
];

/// To hand over what somebody owns, and to see each thing again.
const HAND_OVER: [Operation; 4] =
    [Operation::CampaignGet, Operation::CampaignPatch, Operation::LeadListPatch, Operation::LeadsAssign];

/// Returns what a command asks first.
fn look(command: &str) -> &'static [Operation] {
    match command {
        // Nothing of these is about people.
        "keys create" | "tags" | "tags audit" | "tags show" | "tags sync" | "tags assign" | "tags unassign"
        | "accounts" | "trail export" | "groups" | "groups coverage" | "groups invite" | "groups remove"
        | "discover" => &LOOK[..1],
        _ => &LOOK,
    }
}

/// Returns the calls that a command makes beside [`look`]; none for a command that is not one.
fn beside(command: &str) -> Option<Vec<&'static [Operation]>> {
    use Operation::{
        AccountDaily, AccountList, KeyCreate, KeyDelete, KeyList, LinkAdmin, LinkCreate, LinkDelete, LinkList,
        MemberCreate, MemberDelete, MemberGet, MemberPatch, OwnerChange, TagCreate, TagDelete, TagPatch, TagToggle,
        TrailList,
    };
    Some(match command {
        // A plan's and a run's steps need what the commands need that drew them.
        "check" | "pin" | "members" | "owner show" | "apply" | "resume" => vec![],
        "person" | "leavers" => vec![&BELONGINGS],
        // A run can have been about anything.
        "verify" => vec![&BELONGINGS, &TAGS, &[LinkList]],
        "keys" | "keys audit" | "keys adopt" => vec![&KEYS],
        "onboard" => vec![&[MemberGet, MemberCreate, MemberPatch]],
        "members reinvite" => vec![&[MemberGet, MemberCreate, MemberDelete]],
        "offboard" => vec![&BELONGINGS, &HAND_OVER, &[MemberGet, MemberDelete, KeyDelete]],
        // A key whose secret was lost is deleted again.
        "keys create" => vec![&[KeyList, KeyCreate, KeyDelete]],
        // Which of the keys are meant may be asked of the audit.
        "keys rotate" => vec![&KEYS, &[KeyCreate, KeyDelete]],
        "keys revoke" => vec![&KEYS, &[KeyDelete]],
        "tags" | "tags audit" => vec![&TAGS],
        "tags show" | "campaigns" => vec![&TAGS, &CARRIERS[..1]],
        "tags sync" => vec![&TAGS, &[TagCreate, TagPatch, TagDelete]],
        // A tag that is missing is made first.
        "tags assign" => vec![&TAGS, &CARRIERS, &[TagCreate, TagToggle]],
        "tags unassign" => vec![&TAGS, &CARRIERS, &[TagToggle]],
        // Each account tells its own tags.
        "accounts" => vec![&[AccountList, AccountDaily]],
        "accounts owners audit" => vec![&[AccountList]],
        "accounts owners sync" => vec![&TAGS, &[AccountList, TagCreate, TagToggle]],
        "groups" | "discover" => vec![&[LinkList]],
        "groups coverage" => vec![&[LinkList, LinkAdmin]],
        "groups invite" => vec![&[LinkList, LinkCreate]],
        "groups remove" => vec![&[LinkList, LinkDelete]],
        "owner transfer" => vec![&[OwnerChange]],
        // Who logged in last; and whose account an address is.
        "access" | "trail" | "trail export" => vec![&[TrailList]],
        "report" => vec![&KEYS, &TAGS, &CARRIERS, &[LinkList], &REPORT],
        "undo" => vec![&BELONGINGS, &TAGS, &[MemberGet, LinkList]],
        _ => return None,
    })
}

/// Returns the calls that undoing a run of a command makes beside reading.
fn undoing(command: &str) -> &'static [Operation] {
    match command {
        "onboard" => &[Operation::MemberDelete, Operation::MemberPatch],
        "members reinvite" => &[Operation::MemberDelete],
        "offboard" => &[
            Operation::MemberCreate,
            Operation::CampaignGet,
            Operation::CampaignPatch,
            Operation::LeadListPatch,
            Operation::LeadsAssign,
        ],
        "keys create" => &[Operation::KeyDelete],
        "tags sync" => &[Operation::TagCreate, Operation::TagPatch, Operation::TagDelete],
        "tags unassign" => &[Operation::TagToggle],
        "tags assign" | "accounts owners sync" => &[Operation::TagDelete, Operation::TagToggle],
        "groups invite" => &[Operation::LinkDelete],
        "groups remove" => &[Operation::LinkCreate],
        _ => &[],
    }
}

/// Returns the calls that some commands make. Undoing makes those that undo the other commands; named alone, those that undo any.
/// A name that is no command's adds nothing: the names are checked where they are read.
pub fn operations<S: AsRef<str>>(commands: &[S]) -> BTreeSet<Operation> {
    let commands: Vec<&str> = commands.iter().map(AsRef::as_ref).collect();
    let mut calls = BTreeSet::new();
    for (command, beside) in commands.iter().filter_map(|command| Some((command, beside(command)?))) {
        calls.extend(look(command).iter().chain(beside.into_iter().flatten()));
    }
    if commands.contains(&"undo") {
        let undone: Vec<Operation> = commands.iter().flat_map(|command| undoing(command)).copied().collect();
        let any = COMMAND_NAMES.iter().flat_map(|command| undoing(command)).copied();
        calls.extend(if undone.is_empty() { any.collect() } else { undone });
    }
    calls
}

/// The least scopes that let a key make some calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Least {
    /// Those that the API publishes.
    pub published: Vec<String>,
    /// Those that most likely do, for the calls of which it publishes none.
    pub likely: Vec<String>,
}

impl Least {
    /// Returns the least scopes for some calls, in the fewest words.
    pub fn of(calls: impl IntoIterator<Item = Operation>) -> Self {
        let calls: Vec<Operation> = calls.into_iter().collect();
        let first = |scopes: fn(Operation) -> &'static [&'static str]| {
            calls.iter().filter_map(|call| scopes(*call).first().copied()).collect::<Vec<_>>()
        };
        let published = scope::fold(&first(Operation::scopes));
        let likely = first(Operation::likely_scopes).into_iter().filter(|likely| !scope::covers(&published, likely));
        Self { likely: scope::fold(&likely.collect::<Vec<_>>()), published }
    }

    /// Returns all of them, in the fewest words: what a key is made with.
    pub fn all(&self) -> Vec<String> {
        scope::fold(&[self.published.as_slice(), self.likely.as_slice()].concat())
    }
}

/// Returns the least scopes for some commands, those that are only likely among them.
pub fn least<S: AsRef<str>>(commands: &[S]) -> Vec<String> {
    Least::of(operations(commands)).all()
}

/// Returns the commands that a workspace's mode allows.
pub fn for_mode(mode: Mode) -> Vec<&'static str> {
    let reads = [
        "check",
        "pin",
        "members",
        "person",
        "leavers",
        "verify",
        "keys",
        "keys audit",
        "keys adopt",
        "tags",
        "tags audit",
        "tags show",
        "campaigns",
        "accounts",
        "accounts owners audit",
        "groups",
        "groups coverage",
        "discover",
        "owner show",
        "access",
        "trail",
        "trail export",
        "report",
    ];
    let adds = ["onboard", "keys create", "tags sync", "tags assign", "groups invite", "apply", "resume"];
    match mode {
        Mode::Off => Vec::new(),
        Mode::Observe => reads.to_vec(),
        Mode::AddOnly => [reads.as_slice(), &adds].concat(),
        Mode::Manage => COMMAND_NAMES.to_vec(),
    }
}

/// Returns the least scopes that a configured key needs: for the commands that are said to be used, as far as the workspace's mode allows
/// them; where nothing is said, for all that it allows.
pub fn needed(mode: Mode, configured: Option<&[String]>) -> Vec<String> {
    let allowed = for_mode(mode);
    match configured {
        None => least(&allowed),
        Some(used) => least(&used.iter().map(String::as_str).filter(|used| allowed.contains(used)).collect::<Vec<_>>()),
    }
}

/// The presets of keys that are built in: name, what keys of it are for, scopes; none: what the commands of a mode need.
const PRESETS: [(&str, &str, Preset); 5] = [
    ("analytics", "reading campaigns and sending accounts", Preset::Scopes(&["campaigns:read", "accounts:read"])),
    ("campaigns", "managing campaigns and their leads", Preset::Scopes(&["campaigns:all", "leads:all"])),
    ("webhook-handler", "looking up the leads that webhooks tell of", Preset::Scopes(&["leads:read"])),
    ("keyholder-audit", "keyholder: everything that only reads, audits included", Preset::Mode(Mode::Observe)),
    ("keyholder", "keyholder: everything it can do", Preset::Mode(Mode::Manage)),
];

/// Where the scopes of a built-in preset come from.
enum Preset {
    Scopes(&'static [&'static str]),
    Mode(Mode),
}

/// Returns the presets of keys that are built in.
pub fn presets() -> Vec<KeyPreset> {
    PRESETS
        .iter()
        .map(|(name, purpose, preset)| KeyPreset {
            name: (*name).to_owned(),
            scopes: match preset {
                Preset::Scopes(scopes) => scope::fold(scopes),
                Preset::Mode(mode) => needed(*mode, None),
            },
            purpose: Some((*purpose).to_owned()),
        })
        .collect()
}

/// Finds a built-in preset by its name.
pub fn preset(name: &str) -> Option<KeyPreset> {
    presets().into_iter().find(|preset| preset.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_its_calls_and_nothing_else_has() {
        for command in COMMAND_NAMES {
            assert!(beside(command).is_some(), "{command}");
            assert!(operations(&[command]).contains(&Operation::WorkspaceCurrent), "{command}");
        }
        assert!(operations(&["keys  audit", "frobnicate"]).is_empty() && operations::<&str>(&[]).is_empty());
        let all: BTreeSet<Operation> = Operation::ALL.into();
        assert_eq!(operations(&COMMAND_NAMES), all, "nothing the client can express is needed by no command");
    }

    #[test]
    fn the_least_scopes_let_every_call_pass_and_dropping_any_part_stops_one() {
        for command in COMMAND_NAMES {
            let calls = operations(&[command]);
            let least = least(&[command]);
            let passes = |held: &[String], call: &Operation| {
                [call.scopes(), call.likely_scopes()].concat().iter().any(|scope| scope::covers(held, scope))
            };
            assert!(calls.iter().all(|call| passes(&least, call)), "{command}: {least:?}");
            for dropped in 0..least.len() {
                let mut fewer = least.clone();
                let gone = fewer.remove(dropped);
                assert!(calls.iter().any(|call| !passes(&fewer, call)), "{command} without {gone}");
            }
            let single = scope::documented().filter(|scope| !scope.contains("all:") && !scope.contains(":all"));
            for scope in single.filter(|single| scope::covers(&least, single)) {
                let needs = |call: &Operation| [call.scopes(), call.likely_scopes()].concat().contains(&scope);
                assert!(calls.iter().any(needs), "{command} does not need {scope}: {least:?}");
            }
        }
    }

    #[test]
    fn likely_scopes_are_told_apart_from_published_ones() {
        let told = Least::of([Operation::LeadsList, Operation::LeadsAssign, Operation::WebhookList]);
        assert_eq!((told.published.as_slice(), told.likely.len()), (["leads:read".to_owned()].as_slice(), 2));
        assert_eq!(told.all(), ["leads:read", "leads:update", "webhooks:read"]);
    }

    #[test]
    fn a_mode_allows_what_the_weaker_ones_do_and_only_reading_needs_only_reads() {
        let modes = Mode::WORDS.map(|(_, mode)| for_mode(mode));
        for pair in modes.windows(2) {
            assert!(pair[0].iter().all(|command| pair[1].contains(command)) && pair[0].len() < pair[1].len());
        }
        assert!(operations(&for_mode(Mode::Observe)).iter().all(|call| !call.is_write()));
        assert!(needed(Mode::Off, None).is_empty());
        assert!(needed(Mode::Observe, None).iter().all(|scope| scope.ends_with(":read")));
        let used = ["members".to_owned(), "onboard".to_owned()];
        let reads = ["workspaces:read", "workspace_members:read"];
        assert_eq!(needed(Mode::Observe, Some(&used)), reads, "onboarding is not allowed there");
        let adds =
            ["workspaces:read", "workspace_members:create", "workspace_members:read", "workspace_members:update"];
        assert_eq!(needed(Mode::Manage, Some(&used)), adds);
    }

    #[test]
    fn undoing_needs_what_undoes_the_commands_it_is_named_with() {
        let writes = |commands: &[&str]| -> Vec<Operation> {
            operations(commands).into_iter().filter(|call| call.is_write()).collect()
        };
        assert_eq!(writes(&["undo", "keys create"]), [Operation::KeyCreate, Operation::KeyDelete]);
        assert_eq!(writes(&["undo", "groups invite"]), [Operation::LinkCreate, Operation::LinkDelete]);
        let never = [Operation::KeyCreate, Operation::OwnerChange];
        let writing = |call: &Operation| call.is_write() && !never.contains(call);
        let all: Vec<Operation> = Operation::ALL.into_iter().filter(writing).collect();
        assert_eq!(writes(&["undo"]), all, "everything but making keys and giving a workspace away");
    }

    #[test]
    fn built_in_presets_hold_documented_scopes_for_their_jobs() {
        for preset in presets() {
            assert!(scope::undocumented(&preset.scopes).is_empty() && preset.purpose.is_some(), "{}", preset.name);
            assert_eq!(scope::fold(&preset.scopes), preset.scopes, "{}", preset.name);
        }
        let scopes = |name| preset(name).map(|preset| preset.scopes);
        assert_eq!(scopes("analytics").unwrap(), ["campaigns:read", "accounts:read"]);
        assert_eq!(scopes("campaigns").unwrap(), ["campaigns:all", "leads:all"]);
        assert_eq!(scopes("webhook-handler").unwrap(), ["leads:read"]);
        assert!(scope::covers(&scopes("keyholder").unwrap(), "api_keys:delete"));
        assert_eq!(scopes("nobody"), None);
    }
}
