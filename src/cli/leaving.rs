//! Who leaves in a run, where, and how: from what was asked, to wishes, to what was seen of them before the first write.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::domain::{Email, Mode, UserId, WorkspaceId};
use crate::journal::{Account, Ledger, Record};
use crate::plan::person;
use crate::plan::traces::{Traces, accounts_of};
use crate::plan::{Leave, Observed, Wish};
use crate::report::{Coverage, Unlisted};
use crate::run::Quest;
use crate::trouble::Trouble;

/// One person who leaves, as asked. The same person may be asked for in different workspaces in different ways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaver {
    /// Who.
    pub email: Email,
    /// Who is to have what they leave behind.
    pub heir: Option<Email>,
    /// Whether keys of theirs are revoked.
    pub revoke_keys: bool,
    /// Their last day.
    pub last_day: Option<Date>,
    /// The workspaces this is about, by name; none: all that are selected.
    pub workspaces: Option<BTreeSet<String>>,
}

impl Leaver {
    /// Somebody of whom nothing is known but the address.
    pub fn plain(email: &Email) -> Self {
        Self { email: email.clone(), heir: None, revoke_keys: false, last_day: None, workspaces: None }
    }

    /// Tells whether they are asked for in a workspace.
    pub fn is_about(&self, workspace: &str) -> bool {
        self.workspaces.as_ref().is_none_or(|names| names.contains(workspace))
    }
}

/// What was seen of one leaver in one workspace.
#[derive(Debug, Clone)]
pub struct Sighted {
    /// The workspace's name.
    pub workspace: String,
    /// Its identity.
    pub workspace_id: WorkspaceId,
    /// Who.
    pub email: Email,
    /// What they are or left there.
    pub traces: Traces,
}

/// Everybody who leaves in a run.
#[derive(Debug, Clone, Default)]
pub struct Leaving {
    /// As asked.
    pub people: Vec<Leaver>,
    known: BTreeMap<WorkspaceId, BTreeMap<Email, BTreeSet<UserId>>>,
    /// What was seen of them.
    pub seen: Vec<Sighted>,
    /// Requests the reading needed.
    pub requests: u64,
    /// Where certificates are written besides the state folder.
    pub out: Option<PathBuf>,
    /// Whether all workspaces were asked for, but for the left out.
    pub all: bool,
    /// The left out, by name or glob.
    pub exclude: Vec<String>,
    read_at: Timestamp,
}

impl Leaving {
    /// Puts together who leaves with the accounts the ledger knows them by.
    pub fn of(people: Vec<Leaver>, accounts: BTreeSet<Account>) -> Self {
        let mut known: BTreeMap<WorkspaceId, BTreeMap<Email, BTreeSet<UserId>>> = BTreeMap::new();
        for Account { workspace_id, email, user_id } in accounts {
            known.entry(workspace_id).or_default().entry(email).or_default().insert(user_id);
        }
        Self { people, known, ..Self::default() }
    }

    /// Asks the ledger by which accounts it knows those who leave.
    pub async fn known_to(ledger: &Ledger, people: Vec<Leaver>) -> Result<Self, Trouble> {
        let emails = people.iter().map(|leaver| leaver.email.clone()).collect();
        let accounts = ledger.accounts_of(&emails).await.map_err(|error| Trouble::advised(error.exit(), error))?;
        Ok(Self::of(people, accounts))
    }

    /// Returns the addresses.
    pub fn emails(&self) -> BTreeSet<Email> {
        self.people.iter().map(|leaver| leaver.email.clone()).collect()
    }

    fn here<'a>(&'a self, observed: &'a Observed) -> impl Iterator<Item = &'a Leaver> {
        self.people.iter().filter(|leaver| leaver.is_about(observed.workspace.as_str()))
    }

    /// Returns the accounts the ledger knows a person by in a workspace. One that a row of somebody else has today tells nothing: what it
    /// owns is that person's.
    pub fn known(&self, observed: &Observed, email: &Email) -> BTreeSet<UserId> {
        let known = self.known.get(&observed.id).and_then(|people| people.get(email)).cloned().unwrap_or_default();
        trustworthy(observed, email, known)
    }

    /// Says whose belongings are looked for in a workspace somebody leaves: those of its leavers. Where no account of theirs is known that
    /// is the keys alone: who was there before keyholder knew them may have left one.
    pub fn quest(&self, observed: &Observed) -> Option<Quest> {
        let keys_alone = Quest { accounts: BTreeSet::new(), whole_trail: false, activity_since: None };
        self.here(observed).next()?;
        Some(self.quest_of(observed, |_| true).unwrap_or(keys_alone))
    }

    /// Says whose belongings are looked for of some of them, where an account of theirs is known.
    pub fn quest_of(&self, observed: &Observed, about: impl Fn(&Leaver) -> bool) -> Option<Quest> {
        let accounts: BTreeSet<UserId> = self
            .here(observed)
            .filter(|leaver| about(leaver))
            .flat_map(|leaver| accounts_of(observed, &leaver.email, &self.known(observed, &leaver.email)))
            .collect();
        (!accounts.is_empty()).then_some(Quest { accounts, whole_trail: false, activity_since: None })
    }

    /// Makes the wishes of a workspace. A last day counts through its end in UTC.
    pub fn wishes(&self, observed: &Observed, now: Timestamp) -> Vec<Wish> {
        let today = now.to_zoned(TimeZone::UTC).date();
        self.here(observed)
            .map(|leaver| {
                let Leaver { email, heir, revoke_keys, last_day, workspaces: _ } = leaver.clone();
                let known_accounts = self.known(observed, &email);
                let until = last_day.filter(|day| today <= *day);
                Wish::Left { email, leave: Leave { heir, revoke_keys, until, known_accounts } }
            })
            .collect()
    }

    /// Takes note of what each leaver is or left in each workspace that was seen, and tells the coverage of what was not.
    pub fn look(&mut self, observed: &[Observed], coverage: &mut Coverage, now: Timestamp) {
        let mut seen = Vec::new();
        for observed in observed.iter().filter(|observed| observed.mode != Mode::Off) {
            let emails: BTreeSet<&Email> = self.here(observed).map(|leaver| &leaver.email).collect();
            for email in emails {
                let traces = Traces::of(observed, email, &self.known(observed, email));
                coverage.note_unseen(unlisted(observed, &traces));
                let (workspace, workspace_id) = (observed.workspace.to_string(), observed.id.clone());
                seen.push(Sighted { workspace, workspace_id, email: email.clone(), traces });
            }
        }
        self.seen = seen;
        self.read_at = now;
    }

    /// Returns what was seen as records of the ledger.
    pub fn records(&self) -> Vec<Record> {
        let record = |sighted: &Sighted| Record::Sighted {
            workspace: sighted.workspace.clone(),
            workspace_id: sighted.workspace_id.clone(),
            subject: sighted.email.clone(),
            at: self.read_at,
            traces: serde_json::to_value(&sighted.traces).expect("plain data serializes"),
        };
        self.seen.iter().map(record).collect()
    }

    /// Writes who leaves as a value, for the ledger and for a saved plan.
    pub fn record(&self) -> Value {
        let leaver = |leaver: &Leaver| {
            let Leaver { email, heir, revoke_keys, last_day, workspaces } = leaver;
            json!({
                "email": email,
                "hand_over_to": heir,
                "revoke_keys": revoke_keys,
                "last_day": last_day.map(|day| day.to_string()),
                "workspaces": workspaces,
            })
        };
        let people: Vec<Value> = self.people.iter().map(leaver).collect();
        json!({ "people": people, "all": self.all, "exclude": self.exclude })
    }

    /// Takes over what was selected.
    #[must_use]
    pub fn selected(self, all: bool, exclude: &[String]) -> Self {
        Self { all, exclude: exclude.to_vec(), ..self }
    }

    /// Reads whether all workspaces were asked for, and which were left out.
    pub fn read_selected(record: &Value) -> (bool, Vec<String>) {
        let exclude = record["exclude"].as_array().into_iter().flatten().filter_map(Value::as_str);
        (record["all"] == true, exclude.map(str::to_owned).collect())
    }

    /// Reads who leaves from what [`Leaving::record`] wrote; nobody where it is something else.
    pub fn read(record: &Value) -> Vec<Leaver> {
        let email = |value: &Value| value.as_str().map(Email::observed);
        let leaver = |value: &Value| {
            Some(Leaver {
                email: email(&value["email"])?,
                heir: email(&value["hand_over_to"]),
                revoke_keys: value["revoke_keys"].as_bool().unwrap_or_default(),
                last_day: value["last_day"].as_str().and_then(|day| day.parse().ok()),
                workspaces: value["workspaces"]
                    .as_array()
                    .map(|names| names.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
            })
        };
        record["people"].as_array().into_iter().flatten().filter_map(leaver).collect()
    }
}

/// Takes out of the accounts the ledger knows a person by those that a row of somebody else has today.
pub fn trustworthy(observed: &Observed, email: &Email, mut known: BTreeSet<UserId>) -> BTreeSet<UserId> {
    let own: Vec<_> = person::find(&observed.members, email).surely().into_iter().map(|row| &row.id).collect();
    for row in observed.members.iter().filter(|row| !own.contains(&&row.id)) {
        if let Some(user_id) = &row.user_id {
            known.remove(user_id);
        }
    }
    known
}

/// Says which listings of belongings were not seen whole; that of the members is told already.
pub fn unlisted(observed: &Observed, traces: &Traces) -> Vec<Unlisted> {
    let workspace = observed.workspace.as_str();
    let belongings = traces.unseen.iter().filter(|unseen| unseen.listing != "workspace-members");
    belongings
        .map(|unseen| Unlisted {
            workspace: workspace.to_owned(),
            listing: unseen.listing.clone(),
            reason: unseen.reason.clone(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Member, MemberId, Role, WorkspaceName};

    fn observed(rows: &[(&str, &str)]) -> Observed {
        let id = WorkspaceId::parse("w-1").unwrap();
        let row = |(place, (email, user)): (usize, &(&str, &str))| Member {
            id: MemberId::parse(&format!("m-{place}")).unwrap(),
            email: Email::observed(email),
            user_id: Some(UserId::parse(user).unwrap()),
            user_email: None,
            role: Role::Editor,
            permissions: None,
            accepted: true,
            nickname: None,
            name: None,
            issuer_id: None,
            timestamp_created: String::new(),
            workspace_id: id.clone(),
        };
        Observed {
            workspace: WorkspaceName::parse("acme").unwrap(),
            id: id.clone(),
            mode: Mode::Manage,
            acts_as: false,
            owner: None,
            members: rows.iter().enumerate().map(row).collect(),
            incomplete: None,
            belongings: None,
            tagging: None,
            links: None,
        }
    }

    fn leaving(workspace: &str) -> Leaving {
        let email = Email::observed("lee@x.example");
        let account = Account {
            workspace_id: WorkspaceId::parse(workspace).unwrap(),
            email: email.clone(),
            user_id: UserId::parse("u-1").unwrap(),
        };
        Leaving::of(vec![Leaver::plain(&email)], BTreeSet::from([account]))
    }

    #[test]
    fn an_account_counts_in_its_own_workspace_and_not_where_a_row_of_somebody_else_has_it_today() {
        let accounts =
            |leaving: &Leaving, rows: &[(&str, &str)]| leaving.quest(&observed(rows)).map(|quest| quest.accounts.len());
        assert_eq!(accounts(&leaving("w-1"), &[]), Some(1), "the row is gone, the ledger knows the account");
        assert_eq!(accounts(&leaving("w-1"), &[("lee@x.example", "u-1")]), Some(1));
        assert_eq!(accounts(&leaving("w-1"), &[("ann@x.example", "u-1")]), Some(0), "it is Ann's today");
        assert_eq!(accounts(&leaving("w-2"), &[]), Some(0), "an equal id elsewhere says nothing");
        assert_eq!(leaving("w-2").quest_of(&observed(&[]), |_| true), None);
        let mut elsewhere = leaving("w-2");
        elsewhere.people[0].workspaces = Some(BTreeSet::from(["globex".to_owned()]));
        assert_eq!(elsewhere.quest(&observed(&[])), None, "nobody is asked for here");
    }

    #[test]
    fn a_last_day_counts_through_its_end_in_utc() {
        let mut leaving = leaving("w-1");
        leaving.people[0].last_day = Some("2026-11-30".parse().unwrap());
        let held = |moment: &str| match &leaving.wishes(&observed(&[]), moment.parse().unwrap())[0] {
            Wish::Left { leave, .. } => leave.until.is_some(),
            other => panic!("{other:?}"),
        };
        let moments =
            ["2026-11-29T12:00:00Z", "2026-11-30T23:59:59.999Z", "2026-12-01T00:00:00Z", "2026-11-30T20:00:00-05:00"];
        assert_eq!(moments.map(held), [true, true, false, false]);
    }

    #[test]
    fn who_leaves_is_read_back_as_it_was_written() {
        let mut leaving = leaving("w-1").selected(true, &["globex".to_owned()]);
        leaving.people[0].heir = Some(Email::observed("heir@x.example"));
        leaving.people[0].last_day = Some("2026-11-30".parse().unwrap());
        leaving.people[0].workspaces = Some(BTreeSet::from(["acme".to_owned()]));
        let record = leaving.record();
        assert_eq!(Leaving::read(&record), leaving.people);
        assert_eq!(Leaving::read_selected(&record), (true, vec!["globex".to_owned()]));
        assert!(Leaving::read(&Value::Null).is_empty());
    }
}
