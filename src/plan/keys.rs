//! API keys: whose one surely is, and which one is surely not the key in use.
//!
//! Owns the two questions that stand before every revocation (contract section 10: no creator, no last use, and what deleting the key in use
//! does is unpublished). Both answer no wherever it cannot be told.

mod draw;
mod wish;

use std::collections::BTreeSet;

pub use draw::draw_keys;
pub use wish::KeyWish;

use super::observed::{Belongings, Found};
use super::traces::sole;
use crate::domain::belongings::activity;
use sha2::{Digest as _, Sha256};

use crate::domain::id::hex;
use crate::domain::{Held, HeldReason, KeyId, KeyInfo, RunId, StepId, TrailRecord, UserId, scope};

/// Finds the record that ties a key to its maker: one of type 37 that names exactly this key's id. Its own `api_key_id` is the key that
/// acted (contract section 10), so it never counts. Two records by two people tie it to nobody. A record that names several keys of the
/// list ties none of them: which of the members of its metadata names the new key is unpublished.
pub fn maker<'a>(key: &KeyInfo, belongings: &'a Belongings) -> Option<&'a TrailRecord> {
    let record = sole(belongings.trail.rows.iter().filter(|record| names(record, &key.id)))?;
    let named_too = |other: &KeyInfo| other.id != key.id && names(record, &other.id);
    (!belongings.keys.rows.iter().any(named_too)).then_some(record)
}

/// Finds a record of a key that one of `accounts` made under this key's name. A name is no identity: it ties the key to nobody, so none is
/// found where a record ties the key to its maker by id, and none counts that ties another key of the list.
pub(super) fn same_name<'a>(
    key: &KeyInfo,
    belongings: &'a Belongings,
    accounts: &BTreeSet<UserId>,
) -> Option<&'a TrailRecord> {
    if maker(key, belongings).is_some() {
        return None;
    }
    let shown: String = key.name.chars().filter(|one| !one.is_control()).collect();
    let theirs = |record: &&TrailRecord| record.user_id.as_ref().is_some_and(|user| accounts.contains(user));
    let of_name = |record: &&TrailRecord| record.name.as_ref().is_some_and(|name| *name == shown);
    let of_another = |record: &TrailRecord| {
        let others = belongings.keys.rows.iter().filter(|other| other.id != key.id);
        others.filter_map(|other| maker(other, belongings)).any(|made| made.id == record.id)
    };
    let records = belongings.trail.rows.iter().filter(|record| record.activity == activity::KEY_CREATED);
    records.filter(theirs).filter(of_name).filter(|record| !of_another(record)).min_by(|a, b| a.id.cmp(&b.id))
}

/// Where the nonce stands in the name of a key that is to be made.
pub const NONCE: &str = "{nonce}";

/// Tells whether a key's name is one that was made from a name with `{nonce}` in it.
pub fn bears(shown: &str, template: &str) -> bool {
    let Some((before, after)) = template.split_once(NONCE) else { return shown == template };
    let inner = shown.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    inner.is_some_and(|nonce| nonce.len() == NONCE_DIGITS && nonce.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Digits of a nonce: two keys of one name get the same one in one of four billion cases.
pub const NONCE_DIGITS: usize = 8;

/// Returns the nonce of one attempt to make a key: the same wherever the same run asks for it again.
pub fn nonce(run: &RunId, step: &StepId, attempt: u32) -> String {
    let text = format!("{run} {step} {attempt}");
    hex(&Sha256::digest(text.as_bytes()))[..NONCE_DIGITS].to_owned()
}

/// Returns the name of the key that one attempt makes.
pub fn name_of(template: &str, nonce: &str) -> String {
    template.replacen(NONCE, nonce, 1)
}

/// Returns the name that is to be made from what a person wrote, with `{nonce}` at its end where it has none.
pub fn with_nonce(name: &str) -> String {
    if name.contains(NONCE) { name.to_owned() } else { format!("{name} [{NONCE}]") }
}

/// Returns the name under which a key is replaced: its own, with another nonce in the place of the one it has. Nothing where it has none.
pub fn successor_of(shown: &str) -> Option<String> {
    let plain: String = shown.chars().filter(|one| !one.is_control()).collect();
    // A name somebody made in the app may have braces; the first `{nonce}` is where ours goes.
    let plain = plain.replace(NONCE, "nonce");
    let trimmed = plain.trim();
    let without = trimmed.strip_suffix(']').and_then(|rest| {
        let at = rest.len().checked_sub(NONCE_DIGITS).filter(|at| rest.is_char_boundary(*at))?;
        let is_nonce = rest[at..].bytes().all(|byte| byte.is_ascii_hexdigit());
        rest[..at].strip_suffix(" [").filter(|_| is_nonce)
    });
    let name = without.unwrap_or(trimmed);
    (!name.is_empty()).then(|| with_nonce(name))
}

/// Tells whether two lists of scopes allow the same.
pub fn same_power(one: &[String], other: &[String]) -> bool {
    scope::fold(one) == scope::fold(other)
}

/// Returns why the list of keys proves nothing, or nothing. Where nobody read it, it proves nothing either.
pub(super) fn unproven(observed: &super::Observed) -> Option<Held> {
    match observed.belongings.as_deref().map(|belongings| &belongings.keys.incomplete) {
        Some(None) => None,
        Some(Some(why)) => Some(super::leave::incomplete("api-keys", why)),
        None => Some(super::leave::incomplete("api-keys", "it was not read")),
    }
}

/// Tells whether a record is one of a made key and names this one as anything but the key that acted.
fn names(record: &TrailRecord, key: &KeyId) -> bool {
    record.activity == activity::KEY_CREATED
        && record.api_key_id.as_ref() != Some(key)
        && record.named.iter().any(|id| id == key.as_str())
}

/// Returns why a key must not be revoked because it is, or may be, the key in use, or nothing.
///
/// With the workspace's own key, that key must be found in the complete list: then all others are surely not it. With `acts_as` the key in
/// use is another workspace's, so only keys may go whose secret was shown whole and differs.
pub fn in_use(key: &KeyId, keys: &Found<KeyInfo>, acts_as: bool) -> Option<Held> {
    if let Some(why) = &keys.incomplete {
        return Some(super::leave::incomplete("api-keys", why));
    }
    let its = keys.rows.iter().find(|other| other.id == *key).map(|key| key.in_use);
    let found = keys.rows.iter().any(|other| other.in_use == Some(true));
    let (why, remedy) = match its {
        // Not in the list any more: nothing is there to revoke, and nothing to be cut off by.
        None => return None,
        Some(Some(true)) => (
            "it is the key keyholder speaks with here",
            "put another one in its place with `keyholder keys rotate`, which then deletes it: deleted in the app it locks keyholder out",
        ),
        Some(Some(false)) if acts_as => return None,
        Some(None) if acts_as => (
            "its secret is not shown, so it cannot be told whether it is the key keyholder speaks with",
            "give the workspace a key of its own, and run the command again",
        ),
        Some(_) if found => return None,
        Some(_) => (
            "the key keyholder speaks with is not to be told in the list, so it may be this one",
            "rotate the configured key once with `keyholder keys rotate`, or say which one it is with `keyholder keys adopt`",
        ),
    };
    Some(Held::new(HeldReason::KeyInUse, why, remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str, in_use: Option<bool>) -> KeyInfo {
        KeyInfo {
            id: KeyId::parse(id).unwrap(),
            name: id.to_owned(),
            scopes: Vec::new(),
            created: "2026-08-01T00:00:00Z".to_owned(),
            in_use,
        }
    }

    fn reason(id: &str, rows: &[KeyInfo], acts_as: bool) -> Option<HeldReason> {
        let keys = Found { rows: rows.to_vec(), incomplete: None };
        in_use(&KeyId::parse(id).unwrap(), &keys, acts_as).map(|held| held.reason)
    }

    const HELD: Option<HeldReason> = Some(HeldReason::KeyInUse);

    #[test]
    fn with_its_own_key_found_every_other_one_may_go() {
        let rows = [key("own", Some(true)), key("k1", Some(false)), key("k2", None)];
        assert_eq!(["own", "k1", "k2"].map(|id| reason(id, &rows, false)), [HELD, None, None]);
        let masked = [key("own", None), key("k1", None), key("k2", Some(false))];
        assert_eq!(["own", "k1", "k2"].map(|id| reason(id, &masked, false)), [HELD; 3]);
    }

    #[test]
    fn with_anothers_key_only_a_secret_shown_whole_that_differs_may_go() {
        let rows = [key("k0", Some(true)), key("k1", Some(false)), key("k2", None)];
        assert_eq!(["k0", "k1", "k2"].map(|id| reason(id, &rows, true)), [HELD, None, HELD]);
    }

    #[test]
    fn a_list_that_was_cut_proves_nothing() {
        let keys = Found { rows: vec![key("own", Some(true)), key("k1", Some(false))], incomplete: Some("cut".into()) };
        let held = in_use(&KeyId::parse("k1").unwrap(), &keys, false).unwrap();
        assert_eq!(held.reason, HeldReason::IncompleteListing);
        assert!(held.detail.contains("api-keys") && held.detail.contains("cut"), "{held}");
    }
}
