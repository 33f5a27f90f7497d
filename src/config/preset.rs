//! Presets and roles: what agencies call a job, and what the API can grant for it.
//!
//! The API knows three grantable roles and 31 permissions that narrow what the app shows (contract section 8). The four
//! built-in presets give each job the least that lets it be done; [`BUILT_IN`] also says what cannot be expressed.

use std::collections::BTreeMap;

use super::nearest::nearest;
use super::smell::shown;
use crate::domain::{Fleet, PermissionWish, Permissions, Preset, Role};
use crate::trouble::Advise;

/// A preset that is always there, as `help access` shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuiltIn {
    /// Its name.
    pub name: &'static str,
    /// The job in a few words.
    pub job: &'static str,
    /// The API's role.
    pub role: &'static str,
    /// The permissions; none means all the role gives.
    pub permissions: Option<&'static [&'static str]>,
    /// What the job would need and the API cannot express, or cannot without giving more.
    pub beyond: &'static [&'static str],
}

/// The built-in presets, strongest first.
pub const BUILT_IN: [BuiltIn; 4] = [
    BuiltIn {
        name: "admin",
        job: "everything",
        role: "admin",
        permissions: None, // not narrowed: an admin who cannot see a page cannot answer for it
        beyond: &[
            "deleting the workspace and handing it over stay with the owner",
            "single sign-on is set in the app alone",
        ],
    },
    BuiltIn {
        name: "manager",
        job: "creates and edits campaigns and leads, creates webhooks, views accounts, keys and members",
        role: "editor", // the weakest role that may change anything; workspace settings stay closed
        permissions: Some(&[
            "dashboard.view",
            "campaigns.view",
            "campaigns.create",
            "campaigns.edit", // without campaigns.delete: the job creates and edits
            "leadManagement.view",
            "leads.move",
            "organization.integrations", // webhooks and API keys live on this page
            "accounts.view",             // without accounts.manage: mailboxes are looked at
        ]),
        beyond: &[
            "viewing members alone: only organization.users.manage shows the page, and it also invites and removes, so it is left out",
            "viewing keys alone: organization.integrations shows webhooks and keys together, creating included",
            "which campaigns a person sees: permissions hold for all campaigns of a workspace",
        ],
    },
    BuiltIn {
        name: "sdr",
        job: "launches and pauses campaigns, imports leads, views accounts",
        role: "editor",
        permissions: Some(&[
            "dashboard.view",
            "campaigns.view",
            "campaigns.edit", // launching and pausing are edits; the API has nothing narrower
            "leadManagement.view",
            "leads.move", // importing puts leads into campaigns and lists
            "accounts.view",
        ]),
        beyond: &[
            "launching and pausing without editing: campaigns.edit gives both",
            "one's own campaigns alone: permissions hold for all campaigns of a workspace",
        ],
    },
    BuiltIn {
        name: "viewer",
        job: "only views campaigns, leads and accounts",
        role: "view",
        permissions: Some(&["dashboard.view", "campaigns.view", "leadManagement.view", "accounts.view"]),
        beyond: &[
            "a client's own view of its campaigns alone: role `client` exists in the app's portal, not in the API",
        ],
    },
];

impl BuiltIn {
    /// Returns it as a preset.
    pub fn preset(&self) -> Preset {
        Preset {
            name: self.name.to_owned(),
            role: Role::observed(self.role),
            permissions: self.permissions.map_or(PermissionWish::RoleDefault, |names| {
                PermissionWish::Exactly(Permissions::of(names.iter().copied()))
            }),
        }
    }
}

/// Returns the built-in presets joined by the agency's own.
pub fn presets(fleet: &Fleet) -> BTreeMap<String, Preset> {
    let built_in = BUILT_IN.iter().map(|known| (known.name.to_owned(), known.preset()));
    built_in.chain(fleet.presets.clone()).collect()
}

/// A role that cannot be granted. Shows the word only where it cannot be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{shown} is not a role the API can grant")]
pub struct BadRole {
    shown: String,
    word: String,
}

impl Advise for BadRole {
    fn advice(&self) -> Vec<String> {
        let roles = "the API grants the roles admin, editor and view".to_owned();
        let first = match self.word.as_str() {
            "manager" => Some("for a manager use the preset `manager`, or role editor with permissions".to_owned()),
            "sdr" | "rep" | "sales" => {
                Some("for an SDR use the preset `sdr`, or role editor with permissions".to_owned())
            }
            "member" | "user" => {
                Some("use role editor (or the preset `sdr` or `manager`); the API has no member".to_owned())
            }
            "viewer" | "read-only" | "readonly" => Some("use role view, or the preset `viewer`".to_owned()),
            "owner" => {
                Some("every workspace has its one owner; the role is handed over in the app, not granted".to_owned())
            }
            "client" => {
                Some("role client belongs to the white-label portal and cannot be granted; use role view".to_owned())
            }
            word => nearest(word, Role::GRANTABLE).map(|name| format!("did you mean `{name}`?")),
        };
        first.into_iter().chain([roles]).collect()
    }
}

/// Reads a role a person asked for; the advice of the error names what to ask for instead.
pub fn role(text: &str) -> Result<Role, BadRole> {
    let word = text.trim().to_ascii_lowercase();
    Role::grantable(text.trim()).ok_or_else(|| BadRole {
        shown: shown(text.trim()),
        word: if shown(text.trim()).starts_with('`') { word } else { String::new() },
    })
}

/// A permission the contract does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{shown} is not a permission the API knows")]
pub struct BadPermission {
    shown: String,
    near: Option<&'static str>,
}

impl Advise for BadPermission {
    fn advice(&self) -> Vec<String> {
        let near = self.near.map(|name| format!("did you mean `{name}`?"));
        near.into_iter().chain(["`keyholder help access` lists all of them".to_owned()]).collect()
    }
}

/// Reads permissions separated by `;`, `,` or blanks. Nothing in the text is an empty set.
pub fn permissions(text: &str) -> Result<Permissions, BadPermission> {
    let mut names = Vec::new();
    for word in text.split(|c: char| c == ';' || c == ',' || c.is_whitespace()).filter(|word| !word.is_empty()) {
        if !Permissions::KNOWN.contains(&word) {
            return Err(BadPermission { shown: shown(word), near: nearest(word, Permissions::KNOWN) });
        }
        names.push(word);
    }
    Ok(Permissions::of(names))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_presets_ask_only_for_what_the_api_knows() {
        for known in BUILT_IN {
            assert!(Role::grantable(known.role).is_some(), "{}", known.name);
            for name in known.permissions.unwrap_or_default() {
                assert!(Permissions::KNOWN.contains(name), "{}: {name}", known.name);
            }
        }
        assert_eq!(BUILT_IN[0].preset().permissions, PermissionWish::RoleDefault);
    }

    #[test]
    fn each_weaker_preset_holds_no_right_a_stronger_one_lacks() {
        let set = |at: usize| Permissions::of(BUILT_IN[at].permissions.unwrap().iter().copied()).0;
        assert!(set(2).is_subset(&set(1)) && set(3).is_subset(&set(1)));
        let may_change = |name: &&String| name.rsplit('.').next() != Some("view");
        assert_eq!(set(3).iter().find(may_change), None);
    }

    #[test]
    fn a_role_of_other_write_ups_gets_the_real_name() {
        assert_eq!(role(" editor ").unwrap(), Role::Editor);
        assert_eq!(role("Manager").unwrap_err().to_string(), "`Manager` is not a role the API can grant");
        assert!(role("Manager").unwrap_err().advice()[0].contains("preset `manager`"));
        assert!(role("vieww").unwrap_err().advice()[0].contains("`view`"));
        assert!(permissions("campaign.view").unwrap_err().advice()[0].contains("`campaigns.view`"));
        assert_eq!(permissions("unibox.all; accounts.view").unwrap(), Permissions::of(["unibox.all", "accounts.view"]));
    }
}
