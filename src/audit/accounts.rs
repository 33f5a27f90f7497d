//! Sending accounts: which cannot send, which bounce too much, whose they are.
//!
//! Pure, and it never accuses wrongly: what was not seen is no finding. What bounces is judged twice. Over seven days in UTC, today among
//! them: more of what was sent bounced than the agency allows. And today alone, for a mailbox that goes bad is better found on its first
//! day than once the week looks bad: more than the agency allows, and more than twice the part of the six days before, where there is one.
//! Either only where at least so many mails were sent as the agency asks for; below that a single bounce would look like a spike.

use std::collections::BTreeSet;

use crate::domain::codes::ACCOUNT_STATUS;
use crate::domain::{
    About, AccountPolicy, Email, Finding, FindingCode, NotJudged, Owned, OwnerRule, Rate, Sending, SendingAccount,
    Sent, WorkspaceId, WorkspaceName,
};

/// How many times the part of the days before it takes to call a day a spike.
const SPIKE: u64 = 2;

/// One sending account, and what is known about it.
#[derive(Debug, Clone, Copy)]
pub struct AccountCase<'a> {
    /// The workspace.
    pub workspace: &'a WorkspaceName,
    /// Its identity.
    pub id: &'a WorkspaceId,
    /// What the agency says.
    pub policy: &'a AccountPolicy,
    /// The account.
    pub account: &'a SendingAccount,
    /// The labels it carries; none where that is not known.
    pub labels: Option<&'a [String]>,
    /// What it sent; none where that is not known.
    pub sending: Option<Sending>,
}

/// Whose an account is, by the files and by what it carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ownership<'a> {
    /// What the files say.
    pub files: Owned<'a>,
    /// What its owners' tags say behind the prefix; not known is none.
    pub tags: Option<Vec<String>>,
}

impl Ownership<'_> {
    /// Returns the person: whom the files say, else the only one a tag names.
    pub fn person(&self) -> Option<Email> {
        match (&self.files, self.tags.as_deref()) {
            (Owned::By(rule), _) => Some(rule.owner.clone()),
            (Owned::Nobody, Some([only])) => Email::parse(only).ok(),
            _ => None,
        }
    }

    /// Returns who says it: `files` or `tag`; none where nobody does.
    pub fn source(&self) -> Option<&'static str> {
        if self.words().is_empty() {
            return None;
        }
        Some(if matches!(self.files, Owned::Nobody) { "tag" } else { "files" })
    }

    /// Says it in words: the person, else what the tags say, else nothing.
    pub fn words(&self) -> String {
        match (&self.files, &self.tags) {
            (Owned::By(rule), _) => rule.owner.to_string(),
            (Owned::Disputed(rules), _) => {
                rules.iter().map(|rule| rule.owner.to_string()).collect::<Vec<_>>().join(" or ")
            }
            (Owned::Nobody, Some(tags)) => tags.join(" "),
            (Owned::Nobody, None) => String::new(),
        }
    }
}

impl<'a> AccountCase<'a> {
    /// Returns its address as people are compared.
    pub fn address(&self) -> Email {
        Email::observed(&self.account.email)
    }

    /// Says whose it is.
    pub fn ownership(&self) -> Ownership<'a> {
        let named = |label: &'a String| self.policy.named_by(label);
        let tags = self.labels.map(|labels| {
            let people: BTreeSet<String> =
                labels.iter().filter_map(named).map(|name| Email::observed(name).to_string()).collect();
            people.into_iter().collect()
        });
        Ownership { files: self.policy.owners.of_account(self.workspace, &self.address()), tags }
    }

    fn finding(&self, code: FindingCode, evidence: String, advice: impl Into<String>) -> Finding {
        Finding {
            code,
            severity: code.severity(),
            workspace: Some(self.workspace.clone()),
            workspace_id: Some(self.id.clone()),
            about: About::Account { email: self.account.email.clone() },
            evidence,
            advice: advice.into(),
            accepted: None,
        }
    }
}

/// Says what is wrong with its sending.
pub fn health(case: &AccountCase<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    // What is below zero keeps it from sending, also where this version has no word for it (contract section 11).
    if let Some(status) = case.account.status.filter(|status| *status < 0) {
        let evidence = format!("its status is {} ({status}): it does not send", ACCOUNT_STATUS.word(status));
        let advice = "reconnect it in the app, or pause the campaigns that rely on it";
        findings.push(case.finding(FindingCode::AccountDisconnected, evidence, advice));
    }
    if let Some(evidence) = case.sending.and_then(|sending| bounces(case.policy, sending)) {
        findings.push(case.finding(FindingCode::AccountBounces, evidence, BOUNCES));
    }
    findings
}

/// Says that of what it sent over some days, which `over` names, more bounced than the agency allows.
pub fn bounced(case: &AccountCase<'_>, all: Sent, over: &str) -> Option<Finding> {
    let AccountPolicy { max_bounces, bounce_sample, .. } = case.policy;
    if all.sent < *bounce_sample || !max_bounces.is_exceeded(all.bounced, all.sent) {
        return None;
    }
    let part = Rate::of(all.bounced, all.sent).map_or_else(String::new, |rate| format!(" ({rate})"));
    let evidence =
        format!("{over} {} of {} bounced{part}, more than max_bounces ({max_bounces})", all.bounced, all.sent);
    Some(case.finding(FindingCode::AccountBounces, evidence, BOUNCES))
}

/// What to do about an account that bounces.
const BOUNCES: &str =
    "pause it in the app and look at where its leads come from; `keyholder accounts --unhealthy` shows all such";

fn bounces(policy: &AccountPolicy, sending: Sending) -> Option<String> {
    let AccountPolicy { max_bounces, bounce_sample, .. } = policy;
    let too_many = |of: Sent| of.sent >= *bounce_sample && max_bounces.is_exceeded(of.bounced, of.sent);
    let part = |of: Sent| Rate::of(of.bounced, of.sent).map_or_else(String::new, |rate| format!(" ({rate})"));
    let told = |of: Sent| format!("{} of {} bounced{}", of.bounced, of.sent, part(of));
    let (all, Sending { today, before }) = (sending.all(), sending);
    let week = format!("over 7 days {}", told(all));
    let allowed = format!("more than max_bounces ({max_bounces})");
    if too_many(all) {
        return Some(format!("{week}, {allowed}"));
    }
    // More than twice the part: bounced/sent > 2 × before.bounced/before.sent, without fractions.
    let scaled = u128::from(today.bounced) * u128::from(before.sent);
    let spikes = before.sent == 0 || scaled > u128::from(SPIKE) * u128::from(before.bounced) * u128::from(today.sent);
    (too_many(today) && spikes)
        .then(|| format!("today {}, {allowed} and more than twice the part of the days before; {week}", told(today)))
}

/// How a person stands in a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// An accepted member.
    Member,
    /// Invited, and yet to accept.
    Invited,
    /// Neither.
    Absent,
}

/// Says what is wrong with whose it is. `standing` tells how somebody stands in the workspace; none is that it cannot be told, and `why` says
/// why.
pub fn owners(
    case: &AccountCase<'_>,
    standing: impl Fn(&Email) -> Option<Standing>,
    why: &str,
) -> (Vec<Finding>, Vec<NotJudged>) {
    let ownership = case.ownership();
    let mut findings = Vec::new();
    let mut not_judged = Vec::new();
    let about = || About::Account { email: case.account.email.clone() };
    let mut unknown = |code, why: &str| {
        not_judged.push(NotJudged { code, workspace: case.workspace.clone(), about: about(), why: why.to_owned() });
    };
    match (&ownership.files, &ownership.tags) {
        (Owned::Nobody, Some(tags)) if tags.iter().all(|tag| Email::parse(tag).is_err()) && tags.len() < 2 => {
            let advice =
                "name its owner in [accounts.owners] or in the list of owners, then `keyholder accounts owners sync`";
            let evidence = match tags.first() {
                None => "no rule of ours is about it, and it carries no owner's tag".to_owned(),
                Some(only) => format!(
                    "no rule of ours is about it, and its only owner's tag says `{only}`, which is no address of a person"
                ),
            };
            findings.push(case.finding(FindingCode::AccountNoOwner, evidence, advice));
        }
        (Owned::Nobody | Owned::By(_), None) => {
            unknown(FindingCode::AccountNoOwner, "which tags it carries is not known");
        }
        (Owned::By(rule), Some(tags)) if tags.is_empty() => {
            let evidence = format!("{} says {}, and no tag does", line(rule), rule.owner);
            let advice = format!("`keyholder accounts owners sync -w {}` puts the owner's tag on it", case.workspace);
            findings.push(case.finding(FindingCode::AccountNoOwner, evidence, advice));
        }
        _ => {}
    }
    if let Some(evidence) = several(&ownership) {
        let advice = match &ownership.files {
            Owned::Disputed(_) => "make one of the globs narrower, or name the address itself",
            Owned::By(_) if ownership.tags.iter().flatten().any(|tag| Email::parse(tag).is_err()) => {
                "`keyholder accounts owners sync` leaves the one that the files name, and what names no address: take that off with \
                 `keyholder tags unassign`"
            }
            Owned::By(_) => "`keyholder accounts owners sync` leaves the one that the files name",
            Owned::Nobody => {
                "name the one in [accounts.owners] or in the list of owners, then `keyholder accounts owners sync`"
            }
        };
        findings.push(case.finding(FindingCode::AccountOwners, evidence, advice));
    }
    if let Some(person) = ownership.person() {
        match standing(&person) {
            Some(Standing::Member) => {}
            None => unknown(FindingCode::OwnerNotMember, why),
            Some(standing) => {
                let said = match &ownership.files {
                    Owned::By(rule) => format!("{} says so", line(rule)),
                    _ => "its tag says so".to_owned(),
                };
                let evidence = format!("it belongs to {person} ({said}), who is no accepted member of this workspace");
                let workspace = case.workspace;
                let other = "name another owner, then `keyholder accounts owners sync`";
                let (evidence, advice) = if standing == Standing::Invited {
                    let evidence = format!("{evidence}: the invitation is open");
                    (evidence, format!("they have yet to accept the invitation in the app; or {other}"))
                } else {
                    let invite = format!("`keyholder onboard {person} --role view -w {workspace}`");
                    (evidence, format!("{other}; or let them in, with the role or preset they should have: {invite}"))
                };
                findings.push(case.finding(FindingCode::OwnerNotMember, evidence, advice));
            }
        }
    }
    (findings, not_judged)
}

/// Says that several people are said to own it, or nothing.
fn several(ownership: &Ownership<'_>) -> Option<String> {
    let tags = ownership.tags.as_deref().unwrap_or_default();
    let carried = || tags.iter().map(|tag| format!("`{tag}`")).collect::<Vec<_>>().join(", ");
    match &ownership.files {
        Owned::Disputed(rules) => {
            let said: Vec<String> = rules.iter().map(|rule| format!("{} says {}", line(rule), rule.owner)).collect();
            Some(format!("rules of one rank say different people: {}", said.join(", ")))
        }
        _ if tags.len() > 1 => Some(format!("it carries the tags of several owners: {}", carried())),
        Owned::By(rule) => {
            let other = tags.first().filter(|tag| **tag != rule.owner.as_str())?;
            Some(format!("{} says {}, its tag says `{other}`", line(rule), rule.owner))
        }
        Owned::Nobody => None,
    }
}

fn line(rule: &OwnerRule) -> String {
    format!("{}:{}", rule.place.file.display(), rule.place.line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fleet::Place;
    use crate::domain::{Mailbox, Owners};

    struct World {
        workspace: WorkspaceName,
        id: WorkspaceId,
        policy: AccountPolicy,
        account: SendingAccount,
        labels: Option<Vec<String>>,
        sending: Option<Sending>,
    }

    /// An account against which nothing is to be said.
    fn world() -> World {
        let place = Place { file: "keyholder.toml".into(), line: 7, column: 1 };
        let owner = Email::parse("ana@agency.example").unwrap();
        let mailbox = Mailbox::parse("*@north.example").unwrap();
        let rule = OwnerRule { mailbox, owner, workspace: None, place };
        World {
            workspace: WorkspaceName::parse("acme").unwrap(),
            id: WorkspaceId::parse("w-1").unwrap(),
            policy: AccountPolicy { owners: Owners::of(vec![rule]).unwrap(), ..AccountPolicy::default() },
            account: SendingAccount {
                email: "Noor@north.example".to_owned(),
                status: Some(1),
                ..SendingAccount::default()
            },
            labels: Some(vec!["owner: ana@agency.example".to_owned(), "north".to_owned()]),
            sending: Some(Sending { today: sent(30, 1), before: sent(180, 4) }),
        }
    }

    fn sent(sent: u64, bounced: u64) -> Sent {
        Sent { sent, bounced }
    }

    impl World {
        fn case(&self) -> AccountCase<'_> {
            AccountCase {
                workspace: &self.workspace,
                id: &self.id,
                policy: &self.policy,
                account: &self.account,
                labels: self.labels.as_deref(),
                sending: self.sending,
            }
        }

        fn health(&self) -> Vec<String> {
            health(&self.case()).into_iter().map(|found| format!("{}: {}", found.code, found.evidence)).collect()
        }

        fn owners(&self, standing: Option<bool>) -> (Vec<String>, Vec<FindingCode>) {
            let (found, unknown) = owners(
                &self.case(),
                |_| standing.map(|is| if is { Standing::Member } else { Standing::Absent }),
                "the members were not read",
            );
            assert!(found.iter().all(|found| !found.advice.is_empty()));
            let told = found.into_iter().map(|found| format!("{}: {}", found.code, found.evidence)).collect();
            (told, unknown.into_iter().map(|note| note.code).collect())
        }

        fn carrying(mut self, labels: &[&str]) -> Self {
            self.labels = Some(labels.iter().map(|label| (*label).to_owned()).collect());
            self
        }

        fn sending(today: Sent, before: Sent) -> Vec<String> {
            Self { sending: Some(Sending { today, before }), ..world() }.health()
        }
    }

    #[test]
    fn against_a_healthy_account_nothing_is_said() {
        assert_eq!(world().health(), [""; 0]);
        assert_eq!(world().owners(Some(true)), (vec![], vec![]));
    }

    #[test]
    fn every_status_below_zero_is_a_finding_and_no_other_is() {
        for (status, words) in [(-1, "connection-error (-1)"), (-2, "soft-bounce (-2)"), (-9, "unknown (-9)")] {
            let mut world = world();
            world.account.status = Some(status);
            let [found] = &world.health()[..] else { panic!("{status}") };
            assert!(found.starts_with("account-disconnected") && found.contains(words), "{found}");
        }
        for status in [Some(0), Some(1), Some(2), Some(3), Some(77), None] {
            let mut world = world();
            world.account.status = status;
            assert_eq!(world.health(), [""; 0], "{status:?}");
        }
    }

    #[test]
    fn more_bounces_than_allowed_over_a_week_are_a_finding_and_just_as_many_are_none() {
        let told = World::sending(sent(10, 2), sent(402, 29));
        assert_eq!(told, ["account-bounces: over 7 days 31 of 412 bounced (7.52%), more than max_bounces (5%)"]);
        assert_eq!(World::sending(sent(0, 0), sent(100, 5)), [""; 0], "just five percent");
        assert_eq!(World::sending(sent(0, 0), sent(100, 6)).len(), 1);
        assert_eq!(World::sending(sent(0, 0), sent(19, 19)), [""; 0], "too few to say anything");
        assert_eq!(World::sending(sent(0, 0), sent(20, 2)).len(), 1);
        assert_eq!(World::sending(sent(0, 0), sent(0, 0)), [""; 0]);
    }

    #[test]
    fn a_day_well_above_those_before_is_a_spike_before_the_week_looks_bad() {
        let told = World::sending(sent(30, 3), sent(270, 2));
        assert_eq!(
            told,
            [
                "account-bounces: today 3 of 30 bounced (10%), more than max_bounces (5%) and more than twice the part of the \
              days before; over 7 days 5 of 300 bounced (1.67%)"
            ]
        );
        assert_eq!(World::sending(sent(30, 1), sent(270, 0)), [""; 0], "still within what is allowed");
        assert_eq!(World::sending(sent(19, 9), sent(400, 0)), [""; 0], "too few today");
        assert_eq!(World::sending(sent(30, 2), sent(1000, 40)), [""; 0], "6.67% is not twice 4%");
    }

    #[test]
    fn what_was_not_seen_is_no_finding() {
        let world = World { sending: None, labels: None, ..world() };
        assert_eq!(world.health(), [""; 0]);
        let mut world = world;
        world.policy.owners = Owners::default();
        assert_eq!(world.owners(None), (vec![], vec![FindingCode::AccountNoOwner]));
        let world = World { labels: None, ..self::world() };
        assert_eq!(world.owners(Some(true)), (vec![], vec![FindingCode::AccountNoOwner]));
    }

    #[test]
    fn an_account_of_nobody_is_a_finding_and_a_tag_alone_is_an_owner() {
        let nobodys = |labels: &[&str]| {
            let mut world = world().carrying(labels);
            world.policy.owners = Owners::default();
            world.owners(Some(true)).0
        };
        assert_eq!(
            nobodys(&["north"]),
            ["account-no-owner: no rule of ours is about it, and it carries no owner's tag"]
        );
        assert_eq!(nobodys(&["owner: ben@agency.example"]), [""; 0]);
        assert_eq!(nobodys(&["owner: ben@agency.example", "Owner:BEN@agency.example"]), [""; 0], "one person twice");
        assert_eq!(
            nobodys(&["owner: Team"]),
            [
                "account-no-owner: no rule of ours is about it, and its only owner's tag says `team`, which is no address of a \
              person"
            ]
        );
        let told = nobodys(&["owner: ben@agency.example", "owner: noor"]);
        assert_eq!(told, ["account-owners: it carries the tags of several owners: `ben@agency.example`, `noor`"]);
    }

    #[test]
    fn a_tag_that_says_another_than_the_files_and_files_that_say_two_are_several_owners() {
        let (told, _) = world().carrying(&["owner: ben@agency.example"]).owners(Some(true));
        assert_eq!(
            told,
            ["account-owners: keyholder.toml:7 says ana@agency.example, its tag says `ben@agency.example`"]
        );
        let mut world = world();
        let mut rules = world.policy.owners.rules().to_vec();
        rules.push(OwnerRule {
            mailbox: Mailbox::parse("noor*").unwrap(),
            owner: Email::parse("ben@agency.example").unwrap(),
            workspace: None,
            place: Place { file: "owners.csv".into(), line: 2, column: 1 },
        });
        world.policy.owners = Owners::of(rules).unwrap();
        let (told, _) = world.owners(Some(true));
        assert_eq!(
            told,
            [
                "account-owners: rules of one rank say different people: keyholder.toml:7 says ana@agency.example, owners.csv:2 says \
              ben@agency.example"
            ]
        );
    }

    #[test]
    fn an_owner_who_is_no_member_is_a_finding_and_one_that_cannot_be_told_is_not_judged() {
        let (told, _) = world().owners(Some(false));
        assert_eq!(
            told,
            [
                "owner-not-member: it belongs to ana@agency.example (keyholder.toml:7 says so), who is no accepted member of this \
              workspace"
            ]
        );
        assert_eq!(world().owners(None), (vec![], vec![FindingCode::OwnerNotMember]));
        let world = world();
        let found = |standing| owners(&world.case(), |_| Some(standing), "").0.remove(0);
        let invited = found(Standing::Invited);
        assert!(invited.evidence.ends_with("the invitation is open"), "{invited:?}");
        assert!(invited.advice.contains("yet to accept") && !invited.advice.contains("onboard"), "{invited:?}");
        assert!(found(Standing::Absent).advice.contains("onboard ana@agency.example --role view -w acme"));
    }

    #[test]
    fn an_owner_that_the_files_name_and_no_tag_does_is_a_finding() {
        let (told, _) = world().carrying(&["north"]).owners(Some(true));
        assert_eq!(told, ["account-no-owner: keyholder.toml:7 says ana@agency.example, and no tag does"]);
    }
}
