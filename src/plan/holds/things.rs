//! Whether what was handed over is still the heir's, and a revoked key gone: told from the belongings read again.
//!
//! Owns what may be said of a listing. Of other people's things nothing is kept of it, so what is not seen is somebody else's or gone.

use super::{Effect, there};
use crate::domain::{Email, KeyId, KeyInfo, LeadId, RestsOn, Thing, UserId};
use crate::plan::earlier::Earlier;
use crate::plan::observed::{Belongings, Found, Observed};
use crate::plan::{keys, person};

/// What became of a hand-over.
pub(super) fn handed_over(
    one: &Earlier,
    thing: &Thing,
    (email, heir): (&Email, &Email),
    to: Option<&UserId>,
    observed: &Observed,
) -> Effect {
    let Some(to) = to else { return Effect::Gone(format!("{heir} was no member here, so nobody was to have it")) };
    let belongings = match seen(observed) {
        Ok(belongings) => belongings,
        Err(unseen) => return unseen,
    };
    if !belongings.accounts.contains(to) {
        return Effect::Unseen(format!("what {heir} owns was not read"));
    }
    if !person::is_accepted(&observed.members, heir, Some(to)) {
        return Effect::Gone(format!("{heir}, who was to have it, is no accepted member here any more"));
    }
    let by = if let RestsOn::Owned { by, .. } = &one.step.rests_on { Some(by) } else { None };
    let whose = |owner: Option<&UserId>| match owner {
        None => "nobody's now".to_owned(),
        Some(owner) if Some(owner) == by => format!("{email}'s again"),
        Some(_) => "somebody else's now".to_owned(),
    };
    match thing {
        Thing::Campaign { id, .. } => {
            owned(&belongings.campaigns, |row| row.id == *id, |row| row.owned_by.as_ref(), to, whose)
        }
        Thing::LeadList { id, .. } => {
            owned(&belongings.lead_lists, |row| row.id == *id, |row| row.owned_by.as_ref(), to, whose)
        }
        Thing::Leads { ids } => assigned(ids, to, belongings, whose),
    }
}

/// What became of a revoked key.
pub(super) fn revoked(key: &KeyId, observed: &Observed) -> Effect {
    let keys = match seen(observed) {
        Ok(belongings) => &belongings.keys,
        Err(unseen) => return unseen,
    };
    match (keys.rows.iter().any(|other| other.id == *key), &keys.incomplete) {
        (true, _) => Effect::Gone("the key is in the list".to_owned()),
        (false, Some(why)) => Effect::Unseen(why.clone()),
        (false, None) => there(),
    }
}

/// What became of a made key. What replaces another one bears its name, as the one before it may have: only its id tells it.
pub(super) fn made(one: &Earlier, name: &str, replaces: bool, observed: &Observed) -> Effect {
    let keys = match seen(observed) {
        Ok(belongings) => &belongings.keys,
        Err(unseen) => return unseen,
    };
    let is_it = |key: &KeyInfo| match &one.made_key {
        Some(id) => key.id == *id,
        None => !replaces && keys::bears(&key.name, name),
    };
    match (keys.rows.iter().any(is_it), &keys.incomplete) {
        (true, _) => there(),
        (false, Some(why)) => Effect::Unseen(why.clone()),
        (false, None) if one.made_key.is_none() => Effect::Gone("no such key is in the list".to_owned()),
        (false, None) => Effect::Gone("the key is not in the list any more".to_owned()),
    }
}

fn seen(observed: &Observed) -> Result<&Belongings, Effect> {
    observed.belongings.as_deref().ok_or_else(|| Effect::Unseen("what people own here was not read".to_owned()))
}

/// What became of a thing that one listing shows.
fn owned<T>(
    found: &Found<T>,
    is_it: impl Fn(&T) -> bool,
    owner: impl Fn(&T) -> Option<&UserId>,
    to: &UserId,
    whose: impl Fn(Option<&UserId>) -> String,
) -> Effect {
    match (found.rows.iter().find(|row| is_it(row)), &found.incomplete) {
        (Some(row), _) if owner(row) == Some(to) => there(),
        (Some(row), _) => Effect::Gone(whose(owner(row))),
        (None, Some(why)) => Effect::Unseen(why.clone()),
        (None, None) => Effect::Gone("somebody else's now, or deleted".to_owned()),
    }
}

/// Leads hold together: all of them must be the heir's.
fn assigned(ids: &[LeadId], to: &UserId, belongings: &Belongings, whose: impl Fn(Option<&UserId>) -> String) -> Effect {
    let mut missing = 0;
    let mut others = Vec::new();
    for id in ids {
        match belongings.leads.rows.iter().find(|lead| lead.id == *id) {
            Some(lead) if lead.assigned_to.as_ref() == Some(to) => {}
            Some(lead) => others.push(whose(lead.assigned_to.as_ref())),
            None => missing += 1,
        }
    }
    let all = ids.len();
    match (others.first(), missing, &belongings.leads.incomplete) {
        (None, 0, _) => there(),
        (Some(whose), _, _) => Effect::Gone(format!("of {all} leads {} are not the heir's: {whose}", others.len())),
        (None, missing, Some(why)) => Effect::Unseen(format!("of {all} leads {missing} were not seen: {why}")),
        (None, missing, None) => {
            Effect::Gone(format!("of {all} leads {missing} are somebody else's now, nobody's, or deleted"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Campaign, CampaignId, Change, Lead, Step};
    use crate::plan::earlier::Ending;
    use crate::plan::holds::{Word, compare};
    use crate::plan::members::tests::{member, observed};

    fn user(id: &str) -> UserId {
        UserId::parse(id).unwrap()
    }

    fn email(text: &str) -> Email {
        Email::parse(text).unwrap()
    }

    fn step(change: Change, rests_on: RestsOn) -> Step {
        let world = observed(vec![]);
        Step::new(&world.workspace, &world.id, change, rests_on)
    }

    fn hand_over(thing: Thing) -> Step {
        let (email, heir) = (email("a@x.example"), email("h@x.example"));
        step(
            Change::HandOver { thing, email, heir, to: Some(user("u-h")) },
            RestsOn::Owned { by: user("u-a"), back: false },
        )
    }

    fn campaign() -> Step {
        hand_over(Thing::Campaign { id: CampaignId::parse("c-1").unwrap(), name: "Spring".to_owned() })
    }

    fn leads() -> Step {
        hand_over(Thing::Leads { ids: ["l-1", "l-2"].map(|id| LeadId::parse(id).unwrap()).to_vec() })
    }

    fn revoke() -> Step {
        let (key, name) = (KeyId::parse("k-1").unwrap(), "k".to_owned());
        let change = Change::Revoke { key, name, email: Some(email("a@x.example")), record: Some("r-1".to_owned()) };
        step(change, RestsOn::Key { created: "2026-08-01T00:00:00Z".to_owned(), by: Some(user("u-a")) })
    }

    fn owned(by: Option<&str>) -> Found<Campaign> {
        let row = Campaign {
            owned_by: by.map(user),
            created_by: Some(user("u-a")),
            ..Campaign::of(CampaignId::parse("c-1").unwrap(), "Spring")
        };
        Found { rows: vec![row], incomplete: None }
    }

    fn assigned(to: &[(&str, Option<&str>)]) -> Found<Lead> {
        let lead = |(id, to): &(&str, Option<&str>)| Lead { id: LeadId::parse(id).unwrap(), assigned_to: to.map(user) };
        Found { rows: to.iter().map(lead).collect(), incomplete: None }
    }

    fn cut<T>(found: Found<T>) -> Found<T> {
        Found { incomplete: Some("a cursor came twice".to_owned()), ..found }
    }

    fn both() -> Belongings {
        Belongings { accounts: [user("u-a"), user("u-h")].into(), ..Belongings::default() }
    }

    #[track_caller]
    fn word(step: &Step, ending: Ending, belongings: Option<Belongings>) -> (Word, String) {
        let heir = member("h", "h@x.example", "view");
        let world = Observed { belongings: belongings.map(Box::new), ..observed(vec![heir]) };
        let finding = compare(&[Earlier::new(step.clone(), ending, &[])], &world).remove(0);
        (finding.word, finding.how.unwrap_or_default())
    }

    const APPLIED: Ending = Ending::Applied { waiting: false };

    #[test]
    fn a_campaign_is_the_heirs_or_somebody_elses_or_gone_or_was_not_seen() {
        let told = |campaigns| word(&campaign(), APPLIED, Some(Belongings { campaigns, ..both() }));
        assert_eq!(told(owned(Some("u-h"))), (Word::Holds, String::new()));
        assert_eq!(told(cut(owned(Some("u-h")))), (Word::Holds, String::new()), "what was seen was seen");
        assert_eq!(told(owned(Some("u-a"))), (Word::Drifted, "a@x.example's again".to_owned()));
        assert_eq!(told(owned(Some("u-z"))), (Word::Drifted, "somebody else's now".to_owned()));
        assert_eq!(told(owned(None)), (Word::Drifted, "nobody's now".to_owned()));
        assert_eq!(told(Found::default()), (Word::Drifted, "somebody else's now, or deleted".to_owned()));
        assert_eq!(told(cut(Found::default())), (Word::Unseen, "a cursor came twice".to_owned()));
        assert_eq!(word(&campaign(), APPLIED, None).0, Word::Unseen);
        let of_others = Belongings { accounts: [user("u-a")].into(), ..Belongings::default() };
        assert_eq!(word(&campaign(), APPLIED, Some(of_others)).0, Word::Unseen, "the heir's were not looked for");
    }

    #[test]
    fn leads_hold_all_together_or_not_at_all() {
        let told = |leads_: Found<Lead>| word(&leads(), APPLIED, Some(Belongings { leads: leads_, ..both() })).0;
        let heirs = [("l-1", Some("u-h")), ("l-2", Some("u-h"))];
        assert_eq!(told(assigned(&heirs)), Word::Holds);
        assert_eq!(told(cut(assigned(&heirs))), Word::Holds);
        assert_eq!(told(assigned(&[heirs[0], ("l-2", Some("u-a"))])), Word::Drifted);
        assert_eq!(told(assigned(&heirs[..1])), Word::Drifted);
        assert_eq!(told(cut(assigned(&heirs[..1]))), Word::Unseen);
        assert_eq!(told(cut(assigned(&[("l-2", Some("u-a"))]))), Word::Drifted);
    }

    #[test]
    fn a_revoked_key_is_gone_only_from_a_complete_list() {
        let key = KeyInfo {
            id: KeyId::parse("k-1").unwrap(),
            name: "k".to_owned(),
            scopes: Vec::new(),
            created: String::new(),
            in_use: None,
        };
        let there = Found { rows: vec![key], incomplete: None };
        let told = |keys| word(&revoke(), APPLIED, Some(Belongings { keys, ..both() })).0;
        assert_eq!(told(Found::default()), Word::Holds);
        assert_eq!(told(cut(Found::default())), Word::Unseen);
        assert_eq!(told(cut(there)), Word::Drifted);
        assert_eq!(word(&revoke(), APPLIED, None).0, Word::Unseen);
    }

    #[test]
    fn what_was_held_is_not_applied_or_came_late() {
        let told = |by| word(&campaign(), Ending::NotApplied, Some(Belongings { campaigns: owned(by), ..both() })).0;
        assert_eq!((told(Some("u-a")), told(Some("u-h"))), (Word::NotApplied, Word::Late));
    }
}
