//! The plan about keys: which are made, which revoked, which replaced; in each workspace from the complete list of its keys alone.
//!
//! Pure. It knows nothing of members: a key is nobody's here, whoever made it.

use super::super::draw::{Item, Note, Plan, of_each};
use super::super::guard::Rules;
use super::super::limits;
use super::super::observed::Observed;
use super::wish::KeyWish;
use super::{bears, same_power, successor_of, unproven};
use crate::domain::{Change, Disposition, Held, HeldReason, Keep, KeyInfo, Mode, RestsOn, Step, scope};

/// Draws the plan: for every observed workspace its wishes, each step judged by the guards. The order of the wishes does not matter.
pub fn draw_keys(seen: &[(Observed, Vec<KeyWish>)], rules: &Rules) -> Plan {
    of_each(seen, rules, draw_workspace)
}

fn draw_workspace(observed: &Observed, wishes: &[KeyWish], rules: &Rules) -> (Vec<Item>, Vec<Note>) {
    let mut wishes: Vec<&KeyWish> = wishes.iter().collect();
    wishes.sort_by(|one, other| rank(one).cmp(&rank(other)));
    let mut items: Vec<Item> = Vec::new();
    let mut notes = Vec::new();
    for wish in wishes {
        let mut drawn = match wish {
            KeyWish::Made { name, scopes, keep } => vec![made(observed, name, scopes, keep)],
            KeyWish::Revoked { key, name, why } => {
                let listed = keys(observed).iter().find(|listed| listed.id == *key);
                if listed.is_some() && !why.is_empty() {
                    notes.push(Note::new(observed, key, why.clone()));
                }
                vec![revoked(observed, key, listed, name)]
            }
            KeyWish::Rotated { .. } => rotated(observed, wish),
        };
        drawn.retain(|item| items.iter().all(|other| other.step.id != item.step.id));
        for item in &mut drawn {
            // Of a workspace that is `off` nothing is known, so not even an `already` may be said.
            if (item.sends() || observed.mode == Mode::Off)
                && let Some(held) = rules.judge(&item.step, observed, 0)
            {
                item.disposition = Disposition::Held(held);
            }
            if let Some(held) = rules.in_doubt.judge(item, observed) {
                item.disposition = Disposition::Held(held);
            }
        }
        items.extend(drawn);
    }
    notes.dedup();
    (items, notes)
}

/// What is made comes before what is taken: where a run ends early, nothing is gone without what takes its place.
fn rank(wish: &KeyWish) -> (u8, &str, String) {
    match wish {
        KeyWish::Made { name, scopes, keep } => (0, name, format!("{scopes:?} {keep:?}")),
        KeyWish::Rotated { fingerprint, scopes, name, otherwise, place, needs: _, untold } => {
            (1, fingerprint, format!("{scopes:?} {name:?} {otherwise} {place:?} {untold:?}"))
        }
        KeyWish::Revoked { key, name, why } => (2, key.as_str(), format!("{name} {why}")),
    }
}

fn keys(observed: &Observed) -> &[KeyInfo] {
    observed.belongings.as_deref().map_or(&[], |belongings| &belongings.keys.rows)
}

fn step(observed: &Observed, change: Change, rests_on: RestsOn) -> Step {
    Step::new(&observed.workspace, &observed.id, change, rests_on)
}

fn of_key(key: &KeyInfo) -> RestsOn {
    RestsOn::Key { created: key.created.clone(), by: None }
}

fn made(observed: &Observed, name: &str, scopes: &[String], keep: &Keep) -> Item {
    let scopes = scope::canonical(scopes);
    let change =
        Change::CreateKey { name: name.to_owned(), scopes: scopes.clone(), keep: keep.clone(), replaces: None };
    if let Some(held) = unproven(observed) {
        return Item::held(step(observed, change, RestsOn::NoKey), held);
    }
    let mut there: Vec<&KeyInfo> = keys(observed).iter().filter(|key| bears(&key.name, name)).collect();
    // The order of a listing must not choose what is told of.
    there.sort_by(|a, b| a.id.cmp(&b.id));
    if let Some(key) = there.iter().find(|key| same_power(&key.scopes, &scopes)) {
        let seen = format!(
            "key {} bears this name and has these scopes; its secret cannot be shown or written again, another --name makes another \
             key",
            key.id
        );
        // Nothing is kept anywhere: no place is told of it.
        let there =
            Change::CreateKey { name: name.to_owned(), scopes, keep: Keep::Configured(String::new()), replaces: None };
        return Item::already(step(observed, there, of_key(key)), seen);
    }
    match there.first() {
        None => Item::send(step(observed, change, RestsOn::NoKey)),
        Some(key) => Item::held(
            step(observed, change, of_key(key)),
            Held::new(
                HeldReason::KeyDiffers,
                format!("key {} bears this name and has other scopes: {}", key.id, scope::fold(&key.scopes).join(" ")),
                "say another --name, or revoke the key that is there first: the API cannot change a key's scopes",
            ),
        ),
    }
}

fn revoked(observed: &Observed, key: &crate::domain::KeyId, listed: Option<&KeyInfo>, known_as: &str) -> Item {
    let name = listed.map_or_else(|| known_as.to_owned(), |listed| listed.name.clone());
    let change = Change::Revoke { key: key.clone(), name, email: None, record: None };
    match (listed, unproven(observed)) {
        (Some(listed), None) => Item::send(step(observed, change, of_key(listed))),
        (Some(listed), Some(held)) => Item::held(step(observed, change, of_key(listed)), held),
        (None, Some(held)) => Item::held(step(observed, change, RestsOn::NoKey), held),
        (None, None) => {
            Item::already(step(observed, change, RestsOn::NoKey), "no key of this id is in the list of keys".to_owned())
        }
    }
}

/// A rotation is two steps: the key that takes the place, and then the deletion of the one that was replaced.
fn rotated(observed: &Observed, wish: &KeyWish) -> Vec<Item> {
    let KeyWish::Rotated { fingerprint, scopes, name, otherwise, place, needs, untold } = wish else {
        return Vec::new();
    };
    let mut in_use = keys(observed).iter().filter(|key| key.in_use == Some(true));
    // Two of one secret: then neither is surely the one.
    let old = in_use.next().filter(|_| in_use.next().is_none() && !observed.acts_as);
    let wanted = scopes.clone().or_else(|| old.map(|old| old.scopes.clone()));
    let name = name.clone().or_else(|| successor_of(&old?.name)).unwrap_or_else(|| otherwise.clone());
    let reference = place.clone().unwrap_or_default();
    let make = Change::CreateKey {
        name,
        scopes: scope::canonical(wanted.as_deref().unwrap_or_default()),
        keep: Keep::Configured(reference),
        replaces: Some(fingerprint.clone()),
    };
    let make = step(observed, make, RestsOn::Speaking { with: fingerprint.clone() });
    if observed.acts_as || untold.is_some() {
        // Nothing is replaced, so of a replaced key nothing is to be said.
        return vec![Item::held(make, if observed.acts_as { borrowed() } else { untellable(untold.as_deref()) })];
    }
    let (retire, rests_on) = match old {
        Some(old) => ((Some(old.id.clone()), old.name.clone()), of_key(old)),
        None => ((None, String::new()), RestsOn::Speaking { with: fingerprint.clone() }),
    };
    let (key, name) = retire;
    let retire = Change::Retire { replaced: fingerprint.clone(), key, name };
    let retire = step(observed, retire, rests_on).after(&make);
    let make = match unproven(observed).or_else(|| obstacle(wanted.as_deref(), place, needs)) {
        Some(held) => Item::held(make, held),
        None => Item::send(make),
    };
    let retire = match old {
        Some(_) => Item::send(retire),
        None if make.sends() => Item::held(
            retire,
            Held::new(
                HeldReason::KeyUnknown,
                "the list of keys shows no secrets, and no record of ours says which of them the replaced one is",
                "once the rotation is done, delete it with `keyholder keys revoke --id ID`: `keyholder keys` lists ids with names and ages",
            ),
        ),
        // Its step says why the new key is held; the old one is not replaced then.
        None => Item::held(retire, limits::held_before()),
    };
    vec![make, retire]
}

/// A workspace that is reached with another one's key has none of its own to replace.
fn borrowed() -> Held {
    Held::new(
        HeldReason::KeyStorage,
        "this workspace is reached with another one's key and has none of its own to replace",
        "rotate the key of the workspace named by `via`",
    )
}

fn untellable(why: Option<&str>) -> Held {
    Held::new(
        HeldReason::KeyUnknown,
        why.unwrap_or_default(),
        "rotate it once without --older-than and --finding: of the key that is made then it is known which one it is",
    )
}

/// Why a key cannot be replaced at all.
fn obstacle(scopes: Option<&[String]>, place: &Result<String, String>, needs: &[Vec<String>]) -> Option<Held> {
    let held = |reason, why: String, remedy: &str| Some(Held::new(reason, why, remedy));
    if let Err(why) = place {
        return held(
            HeldReason::KeyStorage,
            why.clone(),
            "give the workspace a key of its own, in a file or with a store command (see `keyholder help keys`)",
        );
    }
    let Some(scopes) = scopes else {
        return held(
            HeldReason::KeyScopes,
            "it cannot be told which of the listed keys is the configured one, so its scopes are not known".to_owned(),
            "say which scopes the new key is to have: `--preset keyholder` is what keyholder itself needs, or --scope",
        );
    };
    let foreign = scope::undocumented(scopes);
    if scopes.is_empty() || !foreign.is_empty() {
        let why = if scopes.is_empty() {
            "the configured key is listed without scopes".to_owned()
        } else {
            format!("the configured key has scopes that no new key can be given: {}", foreign.join(" "))
        };
        return held(HeldReason::KeyScopes, why, "say which scopes the new key is to have with --preset or --scope");
    }
    // The new key proves itself and deletes the old one: one that may not would leave the old one for ever.
    let missing = needs.iter().filter(|any| !any.iter().any(|one| scope::covers(scopes, one)));
    let missing: Vec<&str> = missing.filter_map(|any| any.first()).map(String::as_str).collect();
    if !missing.is_empty() {
        return held(
            HeldReason::KeyScopes,
            format!(
                "the new key must prove itself and delete the old one, and without {} it cannot",
                missing.join(" ")
            ),
            "say its scopes with --scope, these among them, or a wider --preset; a narrower key is made with `keyholder keys create` and \
             put in its place by hand",
        );
    }
    None
}

#[cfg(test)]
mod tests;
