//! `keyholder.toml`: the agency, its defaults, guards, presets, key policy and tags.

use std::collections::{BTreeMap, BTreeSet};

use super::nearest::did_you_mean;
use super::smell::shown;
use super::source::Source;
use super::toml::{Found, Section};
use super::{accounts, key_policy, preset, tags};
use crate::domain::fleet::{BaseUrl, Defaults, FailureBudget, Share};
use crate::domain::{
    AccountPolicy, Colour, Email, Guards, KeyPolicy, Mode, PermissionWish, Permissions, Preset, TagSpec,
};
use crate::trouble::Advise as _;

/// What `keyholder.toml` says.
#[derive(Debug, Default)]
pub(super) struct Agency {
    pub(super) name: Option<String>,
    pub(super) colour: Option<Colour>,
    pub(super) domains: BTreeSet<String>,
    pub(super) defaults: Defaults,
    pub(super) guards: Guards,
    pub(super) presets: BTreeMap<String, Preset>,
    pub(super) key_policy: KeyPolicy,
    pub(super) tags: Vec<TagSpec>,
    pub(super) accounts: AccountPolicy,
}

/// Reads the file; what is wrong is reported in the source, and its default stands in its place.
pub(super) fn read(source: &Source) -> Agency {
    let Some(document) = source.parse() else { return Agency::default() };
    let root = Section::new(source, document.as_table(), "", 0..0);
    match root.count("version").map(|found| (found.value, found)) {
        Some((1, _)) => {}
        Some((_, found)) => found.refuse("this version of the format is not known", "write version = 1"),
        None if root.item("version").is_none() => root.missing("version", "write version = 1 at the top"),
        None => {}
    }
    let accounts = root.section("accounts").map(accounts::read).unwrap_or_default();
    let Named { name, colour, domains } = root.section("agency").map(read_agency).unwrap_or_default();
    let agency = Agency {
        name,
        colour,
        domains,
        defaults: root.section("defaults").map(read_defaults).unwrap_or_default(),
        guards: root.section("guards").map(read_guards).unwrap_or_default(),
        presets: root.section("presets").map(|section| read_presets(&section)).unwrap_or_default(),
        key_policy: root.section("key_policy").map(key_policy::read).unwrap_or_default(),
        tags: tags::read(&root, &accounts),
        accounts,
    };
    root.close(&[("workspace", "workspaces stand in files of their own: workspaces/NAME.toml")]);
    agency
}

/// What `[agency]` says.
#[derive(Default)]
struct Named {
    name: Option<String>,
    colour: Option<Colour>,
    domains: BTreeSet<String>,
}

fn read_agency(section: Section<'_>) -> Named {
    let name = section.text("name").map(|found| found.value.to_owned());
    let colour = section.text("colour").and_then(|found| {
        let colour = Colour::parse(found.value);
        if colour.is_none() {
            found.refuse("this is not a colour", Colour::RULE);
        }
        colour
    });
    let mut domains = BTreeSet::new();
    for domain in section.texts("domains").map(|found| found.value).unwrap_or_default() {
        // A domain is what may stand behind the `@`, so the rule of addresses is asked.
        match Email::parse(&format!("x@{}", domain.value)) {
            Ok(email) => drop(domains.insert(email.domain().to_owned())),
            Err(_) => domain.refuse("this is not a domain name", "write it like \"agency.example\", without `@`"),
        }
    }
    section.close(&[]);
    Named { name, colour, domains }
}

fn read_defaults(section: Section<'_>) -> Defaults {
    let standard = Defaults::default();
    let base_url = section.text("base_url").and_then(|text| match BaseUrl::parse(text.value) {
        Ok(url) => Some(url),
        Err(bad) => {
            text.refuse(bad.to_string(), format!("the published one is \"{}\"", Defaults::BASE_URL));
            None
        }
    });
    let mode = section.word("mode", &Mode::WORDS);
    let share = share(&section);
    let timeout = section.duration("timeout");
    let settle = section.duration("settle");
    let deadline = section.duration("deadline");
    let defaults = Defaults {
        base_url: base_url.unwrap_or(standard.base_url),
        mode: mode.map_or(standard.mode, |found| found.value),
        share: share.unwrap_or(standard.share),
        timeout: timeout.as_ref().map_or(standard.timeout, |found| found.value),
        settle: settle.as_ref().map_or(standard.settle, |found| found.value),
        deadline: deadline.map_or(standard.deadline, |found| found.value),
    };
    if defaults.settle < defaults.timeout.saturating_mul(2)
        && let Some(found) = settle.or(timeout)
    {
        // A killed or late request may land until its timeout is over; judging an ambiguous creation earlier could double it.
        let least = defaults.timeout.saturating_mul(2).as_secs_f64();
        found.refuse(
            "`settle` is shorter than twice `timeout`: a late request could land after it was judged",
            format!("write settle = \"{least}s\" or more, or a shorter timeout"),
        );
    }
    section.close(&[]);
    defaults
}

/// Reads a share of the published limit; used by the defaults and by each workspace.
pub(super) fn share(section: &Section<'_>) -> Option<Share> {
    let found = section.number("share")?;
    let share = Share::new(found.value);
    if share.is_none() {
        found.refuse("a share is above 0 and at most 1", "0.5 leaves half of the limit to the client's other tools");
    }
    share
}

fn read_guards(section: Section<'_>) -> Guards {
    let mut guards = Guards::default();
    for person in section.texts("protected").map(|found| found.value).unwrap_or_default() {
        match Email::parse(person.value) {
            Ok(email) => drop(guards.protected.insert(email)),
            Err(bad) => {
                person.refuse(format!("this is not an e-mail address: {}", bad.why), "name a person by address");
            }
        }
    }
    if let Some(found) = section.count("min_admins") {
        guards.min_admins = found.value;
    }
    if let Some(limits) = section.section("max_removals") {
        let max = &mut guards.max_removals;
        for (name, limit) in
            [("per_workspace", &mut max.per_workspace), ("per_run", &mut max.per_run), ("per_day", &mut max.per_day)]
        {
            if let Some(found) = limits.count(name) {
                *limit = found.value;
            }
        }
        limits.close(&[]);
    }
    if let Some(item) = section.item("max_failures") {
        let text = item.value.as_str().map(str::to_owned).or_else(|| item.value.as_integer().map(|n| n.to_string()));
        match text.as_deref().and_then(FailureBudget::parse) {
            Some(budget) => guards.max_failures = budget,
            None => item.refuse("this is not a failure budget", "write a number of lanes (7) or a part (\"10%\")"),
        }
    }
    section.close(&[]);
    guards
}

fn read_presets(section: &Section<'_>) -> BTreeMap<String, Preset> {
    let mut presets = BTreeMap::new();
    for (name, item) in section.entries() {
        let built_in = preset::BUILT_IN.iter().any(|known| known.name.eq_ignore_ascii_case(name.value));
        let fits = !name.value.is_empty()
            && name.value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
        if built_in {
            name.refuse("this preset is built in and cannot be redefined", "give yours another name");
        } else if !fits {
            name.refuse("a preset's name is made of lower-case letters, digits, `-` and `_`", "rename it");
        }
        let Some(table) = Section::of(&item) else { continue };
        if let Some(preset) = read_preset(name.value, table)
            && !built_in
            && fits
        {
            presets.insert(preset.name.clone(), preset);
        }
    }
    presets
}

fn read_preset(name: &str, section: Section<'_>) -> Option<Preset> {
    let role = section.text("role").and_then(|text| match preset::role(text.value) {
        Ok(role) => Some(role),
        Err(bad) => {
            text.refuse_with(format!("{} is not a role that can be granted", shown(text.value)), bad.advice());
            None
        }
    });
    if section.item("role").is_none() {
        section.missing("role", "write role = \"admin\", \"editor\" or \"view\"");
    }
    // Without `permissions` a preset asks for what the role gives, not narrowed.
    let permissions = match section.texts("permissions") {
        Some(found) if found.value.is_empty() => {
            found.refuse("the list is empty: nobody could use that", "leave `permissions` out for all the role gives");
            PermissionWish::RoleDefault
        }
        Some(found) => PermissionWish::Exactly(read_permissions(&found.value)),
        None => PermissionWish::RoleDefault,
    };
    section.close(&[]);
    Some(Preset { name: name.to_owned(), role: role?, permissions })
}

fn read_permissions(texts: &[Found<'_, &str>]) -> Permissions {
    for text in texts.iter().filter(|text| !Permissions::KNOWN.contains(&text.value)) {
        let hint = did_you_mean(text.value, Permissions::KNOWN)
            .unwrap_or_else(|| "`keyholder help access` lists all of them".to_owned());
        text.refuse(format!("unknown permission {}", shown(text.value)), hint);
    }
    Permissions::of(texts.iter().map(|text| text.value))
}
