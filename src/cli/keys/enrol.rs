//! The register after a run: keys that were made get a row, keys that were deleted lose theirs, and a key that took another's place takes
//! over who answers for it.
//!
//! Owns what a run tells the register. Where that cannot be written nothing is undone: the ledger knows it all the same.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

use crate::cli::perform;
use crate::cli::session::Session;
use crate::config::register;
use crate::domain::{Change, KeyEntry, KeyId, Outcome, Register, RestsOn, RunId, Step, StepId, WorkspaceId};
use crate::journal::{MadeKey, made_by_step};
use crate::run::StepEnd;
use crate::trouble::{Exit, Trouble};
use crate::ui::words;

/// What the register is told of keys that a run makes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Enrol {
    /// Who answers for them.
    pub owner: Option<String>,
    /// What they are for.
    pub purpose: Option<String>,
}

impl Enrol {
    /// Takes what was said with `--owner`, and what a preset is for.
    pub fn of(owner: Option<&str>, purpose: Option<String>) -> Result<Self, Trouble> {
        Ok(Self { owner: said("--owner", owner)?, purpose })
    }

    /// Writes it as a value, for the ledger and for a saved plan.
    pub fn record(&self) -> Value {
        let Self { owner, purpose } = self;
        if *self == Self::default() { Value::Null } else { json!({ "owner": owner, "purpose": purpose }) }
    }

    /// Reads what [`Enrol::record`] wrote; nothing where it is something else.
    pub fn read(record: &Value) -> Self {
        let text = |name: &str| record[name].as_str().map(str::to_owned);
        Self { owner: text("owner"), purpose: text("purpose") }
    }
}

/// Takes words that are meant for the register, or says why they are not fit for it.
pub fn said(flag: &str, text: Option<&str>) -> Result<Option<String>, Trouble> {
    let Some(text) = text.map(str::trim) else { return Ok(None) };
    let refused = |what: String| Trouble::new(Exit::Usage, format!("{what}; nothing was sent"));
    if text.is_empty() {
        return Err(refused(format!("{flag} is blank")));
    }
    if text.chars().any(char::is_control) {
        return Err(refused(format!("what {flag} says has control characters in it")).advise("write it on one line"));
    }
    if register::is_no_place_for(text) {
        return Err(refused(format!("what {flag} says looks like an API key"))
            .advise("the register holds words about keys, never a key; whoever read this line has it: replace it"));
    }
    Ok(Some(text.to_owned()))
}

/// Leaves out of a row what looks like a key.
fn fit(text: String) -> Option<String> {
    (!register::is_no_place_for(&text)).then_some(text)
}

/// What a run did to a register.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Told {
    added: usize,
    removed: usize,
}

/// Brings the register in step with a run that came to its end, whatever that was. What cannot be written is a warning: the run is what it is.
pub async fn after_run(session: &Session<'_>, run: &RunId, ended: &[(Step, StepEnd)], enrol: &Enrol, exit: Exit) {
    let took_effect = |end: &StepEnd| matches!(end.outcome, Outcome::Done | Outcome::Already);
    let concerns = |(step, end): &&(Step, StepEnd)| step.kind().is_about_keys() && took_effect(end);
    // A ledger that could not be written is read by nobody now.
    if matches!(exit, Exit::Bug | Exit::Output) || !ended.iter().any(|one| concerns(&one)) {
        return;
    }
    let printer = &session.door.printer;
    let steps: Vec<&Step> = ended.iter().filter(concerns).map(|(step, _)| step).collect();
    let told = match made_by(session, run, &steps).await {
        Ok(made) => {
            let today = session.door.clock.now().to_zoned(TimeZone::UTC).date();
            let change = |register: &mut Register| apply(register, &steps, &made, enrol, today);
            register::update(&session.fleet, &session.state_dir(), change).map_err(|error| error.to_string())
        }
        Err(trouble) => Err(trouble.to_string()),
    };
    match told {
        Ok(Told { added: 0, removed: 0 }) => {}
        Ok(Told { added, removed }) => printer.say(&format!(
            "register {}: {} added, {} removed",
            register::FILE,
            words::count(added, "key"),
            words::count(removed, "key")
        )),
        Err(why) => {
            printer.warn(&format!("the run is done, and the register {} does not tell of it: {why}", register::FILE));
            printer.hint("mend that, then bring the register in step with `keyholder keys adopt --prune`");
        }
    }
}

/// Returns the keys that the run made and kept, by step.
async fn made_by(session: &Session<'_>, run: &RunId, steps: &[&Step]) -> Result<BTreeMap<StepId, MadeKey>, Trouble> {
    let ids: BTreeSet<WorkspaceId> = steps.iter().map(|step| step.workspace_id.clone()).collect();
    let ledger = perform::open_ledger(session).await?;
    let made = ledger.made_keys(&ids.into_iter().collect::<Vec<_>>()).await;
    let _closed = ledger.close().await;
    let made = made.map_err(|error| Trouble::advised(error.exit(), error))?;
    Ok(made_by_step(&made, run).into_iter().map(|(step, made)| (step, made.clone())).collect())
}

/// Changes the register by the steps that took effect. A row that is there already is left as somebody wrote it.
fn apply(
    register: &mut Register,
    steps: &[&Step],
    made: &BTreeMap<StepId, MadeKey>,
    enrol: &Enrol,
    today: Date,
) -> Told {
    let mut told = Told::default();
    for step in steps {
        let Change::CreateKey { replaces, .. } = &step.change else { continue };
        let Some(made) = made.get(&step.id) else { continue };
        if register.entry(&step.workspace, &made.key).is_some() {
            continue;
        }
        let retired = steps.iter().find(|other| other.after.as_ref() == Some(&step.id));
        let retired = retired.and_then(|retired| Some((retired.change.deleted_key()?, &retired.rests_on)));
        let old = replaces.as_ref().and_then(|fingerprint| old_entry(register, step, fingerprint, retired));
        let before = old.as_ref();
        register.put(KeyEntry {
            workspace: step.workspace.clone(),
            workspace_id: Some(step.workspace_id.clone()),
            key: made.key.clone(),
            name: fit(made.name.clone()).unwrap_or_default(),
            owner: enrol.owner.clone().or_else(|| before?.owner.clone()),
            purpose: enrol.purpose.clone().or_else(|| before?.purpose.clone()),
            stored: made.stored.clone().and_then(fit),
            rotate_by: before.and_then(|old| next(old.rotate_by?, retired?.1, today)),
            fingerprint: made.fingerprint.clone(),
            // The ledger has the id and the secret's fingerprint from one answer.
            vouched: made.fingerprint.is_some(),
        });
        told.added += 1;
    }
    for (step, key) in steps.iter().filter_map(|step| Some((step, step.change.deleted_key()?))) {
        told.removed += usize::from(register.remove(&step.workspace, key).is_some());
    }
    told
}

/// Finds the row of the key that was replaced: by its id, else by the fingerprint of its secret.
fn old_entry(
    register: &Register,
    step: &Step,
    fingerprint: &str,
    retired: Option<(&KeyId, &RestsOn)>,
) -> Option<KeyEntry> {
    let by_id = retired.and_then(|(key, _)| register.entry(&step.workspace, key));
    by_id.or_else(|| register.by_fingerprint(&step.workspace, fingerprint)).cloned()
}

/// Moves the day of the next rotation on by as many days as the old key was given; none where it is not known when that was made.
fn next(rotate_by: Date, of: &RestsOn, today: Date) -> Option<Date> {
    let RestsOn::Key { created, .. } = of else { return None };
    let created = created.parse::<Timestamp>().ok()?.to_zoned(TimeZone::UTC).date();
    let days = (rotate_by - created).get_days();
    today.checked_add(days.days()).ok().filter(|next| *next > today)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Keep, WorkspaceName};

    fn step(change: Change, rests_on: RestsOn) -> Step {
        Step::new(&WorkspaceName::parse("acme").unwrap(), &WorkspaceId::parse("w-1").unwrap(), change, rests_on)
    }

    fn id(text: &str) -> KeyId {
        KeyId::parse(text).unwrap()
    }

    fn row(key: &str, rotate_by: &str) -> KeyEntry {
        KeyEntry {
            workspace: "acme".to_owned(),
            workspace_id: None,
            key: id(key),
            name: "ops".to_owned(),
            owner: Some("ann@agency.example".to_owned()),
            purpose: Some("sending".to_owned()),
            stored: None,
            rotate_by: Some(rotate_by.parse().unwrap()),
            fingerprint: Some("k:0a1b2c3d".to_owned()),
            vouched: false,
        }
    }

    #[test]
    fn what_is_said_for_the_register_is_words_on_one_line_and_no_key() {
        assert_eq!(said("--owner", Some(" ann ")).unwrap().as_deref(), Some("ann"));
        assert_eq!(said("--owner", None).unwrap(), None);
        for text in [" ", "an\u{1b}[2Jn", "a\nb", "aB3dE5gH7jK9mN1pQ3sT5vW7"] {
            let told = said("--owner", Some(text)).unwrap_err().to_string();
            assert!(told.contains("--owner") && !told.contains("aB3dE5"), "{told}");
        }
    }

    fn rotation() -> (Step, Step) {
        let (name, scopes) = ("ops [{nonce}]".to_owned(), vec!["leads:read".to_owned()]);
        let (keep, with) = (Keep::Configured("file a.key".to_owned()), "k:0a1b2c3d".to_owned());
        let make = Change::CreateKey { name, scopes, keep, replaces: Some(with.clone()) };
        let make = step(make, RestsOn::Speaking { with: with.clone() });
        let retire = Change::Retire { replaced: with, key: Some(id("old")), name: "ops".to_owned() };
        let created = "2026-08-01T00:00:00Z".to_owned();
        let retire = step(retire, RestsOn::Key { created, by: None }).after(&make);
        (make, retire)
    }

    fn made(step: &Step) -> BTreeMap<StepId, MadeKey> {
        let made = MadeKey {
            workspace_id: step.workspace_id.clone(),
            key: id("new"),
            name: "ops [12345678]".to_owned(),
            fingerprint: Some("k:ffffffff".to_owned()),
            run: RunId::parse("20261119T080000Z-0001").unwrap(),
            step: step.id.clone(),
            made_at: Timestamp::UNIX_EPOCH,
            stored: Some("file a.key".to_owned()),
            gone_at: None,
        };
        BTreeMap::from([(step.id.clone(), made)])
    }

    fn today() -> Date {
        "2026-11-22".parse().unwrap()
    }

    #[test]
    fn a_key_that_takes_anothers_place_takes_over_who_answers_for_it_and_its_span() {
        let (make, retire) = rotation();
        let mut register = Register::default();
        register.put(row("old", "2026-10-30"));
        let told = apply(&mut register, &[&make, &retire], &made(&make), &Enrol::default(), today());
        assert_eq!(told, Told { added: 1, removed: 1 });
        let new = register.entry("acme", &id("new")).unwrap().clone();
        assert_eq!((new.owner.as_deref(), new.purpose.as_deref()), (Some("ann@agency.example"), Some("sending")));
        assert_eq!(new.rotate_by, Some("2027-02-20".parse().unwrap()), "90 days from today");
        assert_eq!((new.fingerprint.as_deref(), new.stored.as_deref()), (Some("k:ffffffff"), Some("file a.key")));
        assert!(register.entry("acme", &id("old")).is_none());
        let again = apply(&mut register, &[&make, &retire], &made(&make), &Enrol::default(), today());
        assert_eq!((again, register.entry("acme", &id("new"))), (Told::default(), Some(&new)));
    }

    #[test]
    fn while_the_old_key_is_there_its_row_stays_and_no_day_is_made_up() {
        let (make, _) = rotation();
        let mut register = Register::default();
        register.put(row("old", "2026-10-30"));
        let owner = Some("bo@agency.example".to_owned());
        let told = apply(&mut register, &[&make], &made(&make), &Enrol { owner, purpose: None }, today());
        assert_eq!(told, Told { added: 1, removed: 0 });
        let new = register.entry("acme", &id("new")).unwrap();
        assert_eq!((new.owner.as_deref(), new.rotate_by), (Some("bo@agency.example"), None));
        assert!(register.entry("acme", &id("old")).is_some());
    }

    #[test]
    fn what_is_told_of_made_keys_is_read_back_as_it_was_written() {
        for enrol in [Enrol::default(), Enrol { owner: Some("ann".to_owned()), purpose: None }] {
            assert_eq!(Enrol::read(&enrol.record()), enrol);
        }
    }
}
