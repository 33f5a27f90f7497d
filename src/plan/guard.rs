//! What is never done, whoever asks. Asked when a plan is drawn, and again at the moment of sending.

use std::collections::BTreeSet;

use super::doubt::Doubts;
use super::observed::Observed;
use super::{heir, keys, links, owner, person};
use crate::domain::{
    Change, Email, Guards, Held, HeldReason, LinkChange, Member, Mode, RestsOn, Role, Step, TagChange, UserId,
};

/// What guards go by: the fleet's rules, and what the ledger remembers of earlier runs.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// `[guards]`.
    pub guards: Guards,
    /// The moments of the removals of the last day over all runs, oldest first.
    pub removed: Vec<jiff::Timestamp>,
    /// What earlier runs left without a known end.
    pub in_doubt: Doubts,
}

impl Rules {
    /// The rules of a fleet that no run ever wrote to.
    pub fn of(guards: Guards) -> Self {
        Self { guards, ..Self::default() }
    }

    /// Judges one step in a workspace as observed, when `admins_gone` of its accepted admins are already spoken for.
    /// Returns why it must not be sent, or nothing.
    pub fn judge(&self, step: &Step, observed: &Observed, admins_gone: usize) -> Option<Held> {
        let rows = rows(step, observed);
        let account = heir::account_behind(step);
        // Who gives back what an earlier run handed them loses nothing that was theirs: heirs are often the owner.
        let gives_back = matches!(&step.rests_on, RestsOn::Owned { back: true, .. });
        let untouchable =
            || owns(step, &rows, account, observed).or_else(|| self.protected(step, &rows, account, observed));
        incomplete(step, observed)
            .or_else(|| mode(step, observed))
            .or_else(|| if gives_back { None } else { untouchable() })
            .or_else(|| self.last_admin(step, observed, admins_gone))
            .or_else(|| ungrantable(step))
            .or_else(|| unfounded(step))
            .or_else(|| heir::contested(step, observed))
            .or_else(|| heir::judge(step, observed))
            .or_else(|| owner::judge(step, observed))
            .or_else(|| key_in_use(step, observed))
            .or_else(|| links::judge(step, observed, &self.guards))
    }

    fn protected(&self, step: &Step, rows: &[&Member], account: Option<&UserId>, observed: &Observed) -> Option<Held> {
        let subject = step.change.subject();
        let bears = |email: &Email| self.guards.protected.contains(email);
        if matches!(step.change, Change::Transfer { .. }) {
            // Who is to own it loses nothing; who owns it does.
            return if self.guards.protected.is_empty() { None } else { owner::protects(step, observed, bears) };
        }
        let by_name = subject.person().is_some_and(bears);
        // The account behind a protected address is protected under every address it was invited by.
        let accounts: BTreeSet<_> = observed
            .members
            .iter()
            .filter(|member| bears(&member.email) || member.user_email.as_ref().is_some_and(bears))
            .filter_map(|member| member.user_id.as_ref())
            .collect();
        let by_row = rows.iter().any(|row| {
            bears(&row.email)
                || row.user_email.as_ref().is_some_and(bears)
                || row.user_id.as_ref().is_some_and(|id| accounts.contains(id))
        });
        let by_account = account.is_some_and(|account| accounts.contains(account));
        (by_name || by_row || by_account).then(|| {
            Held::new(
                HeldReason::Protected,
                format!("{subject} is protected"),
                "take the address out of `guards.protected` in keyholder.toml, if that is meant",
            )
        })
    }

    fn last_admin(&self, step: &Step, observed: &Observed, admins_gone: usize) -> Option<Held> {
        if !(step.is_removal() && step.rests_on.is_acting_admin()) {
            return None;
        }
        let doubtful = self.in_doubt.admins(step, observed);
        let remaining = observed.acting_admins().saturating_sub(admins_gone + doubtful + 1);
        let least = self.guards.min_admins;
        (remaining < least).then(|| {
            let doubtful =
                if doubtful > 0 { format!(" ({doubtful} more may be gone: in doubt)") } else { String::new() };
            Held::new(
                HeldReason::LastAdmin,
                format!("{remaining} accepted admins would remain{doubtful}, `min_admins` is {least}"),
                "give another member the role admin first, or lower `guards.min_admins`",
            )
        })
    }
}

/// Nothing about a person rests on a member list that is not complete; a key that is nobody's does not rest on members at all.
fn incomplete(step: &Step, observed: &Observed) -> Option<Held> {
    step.change.person()?;
    observed.incomplete.as_deref().map(Held::incomplete)
}

fn mode(step: &Step, observed: &Observed) -> Option<Held> {
    let needed = match (&step.change, &step.rests_on) {
        // A rotation takes the place of what is there; a new key only adds, and so do a tag, its assignment, an invitation into the group.
        (
            Change::Invite { .. }
            | Change::CreateKey { replaces: None, .. }
            | Change::Tag(TagChange::Create { .. } | TagChange::Assign { assign: true, .. })
            | Change::Group(LinkChange::Invite { .. }),
            _,
        ) => Mode::AddOnly,
        (Change::SetRole { role, .. }, RestsOn::Row { role: before, .. }) if raises(before, role) => Mode::AddOnly,
        (Change::StayAbsent { .. } | Change::Group(LinkChange::StayOut { .. }), _) => Mode::Observe,
        (
            Change::SetRole { .. }
            | Change::Remove { .. }
            | Change::HandOver { .. }
            | Change::CreateKey { .. }
            | Change::Revoke { .. }
            | Change::Retire { .. }
            | Change::Tag(_)
            | Change::Group(_)
            | Change::Transfer { .. },
            _,
        ) => Mode::Manage,
    };
    (observed.mode < needed).then(|| {
        Held::new(
            HeldReason::Mode,
            format!("the workspace is in mode `{}`, this needs `{needed}`", observed.mode),
            format!("set `mode = \"{needed}\"` in the file of workspace `{}`", observed.workspace),
        )
    })
}

/// Tells whether a change of role only adds: view, editor, admin, upwards. What a role we do not know can do is unknown.
fn raises(before: &Role, after: &Role) -> bool {
    let rank = |role: &Role| match role {
        Role::View => Some(1),
        Role::Editor => Some(2),
        Role::Admin => Some(3),
        Role::Owner | Role::Client | Role::Other(_) => None,
    };
    matches!((rank(before), rank(after)), (Some(before), Some(after)) if before < after)
}

/// The rows a step is about: the one it rests on; where it rests on what somebody owns or made, all of theirs.
fn rows<'a>(step: &Step, observed: &'a Observed) -> Vec<&'a Member> {
    match &step.rests_on {
        RestsOn::Owned { .. } | RestsOn::Key { .. } => person::of_change(&observed.members, &step.change).bearing(),
        RestsOn::Row { id, .. } => observed.row(id).into_iter().collect(),
        RestsOn::Absent
        | RestsOn::NoKey
        | RestsOn::Speaking { .. }
        | RestsOn::NoTag
        | RestsOn::Tag { .. }
        | RestsOn::TagToCome
        | RestsOn::NoLink
        | RestsOn::Link { .. }
        | RestsOn::Ownership { .. } => Vec::new(),
    }
}

fn owns(step: &Step, rows: &[&Member], account: Option<&UserId>, observed: &Observed) -> Option<Held> {
    let by_step = matches!(&step.rests_on, RestsOn::Row { role: Role::Owner, .. });
    let owns = |account: Option<&UserId>| account.is_some() && account == observed.owner.as_ref();
    let by_row = rows.iter().any(|row| row.role == Role::Owner || owns(row.user_id.as_ref()));
    (by_step || by_row || owns(account)).then(|| {
        Held::new(
            HeldReason::Owner,
            format!("{} owns the workspace", step.change.subject()),
            "transfer the ownership in the app first, or leave the workspace out with --exclude",
        )
    })
}

fn ungrantable(step: &Step) -> Option<Held> {
    let role = match &step.change {
        Change::Invite { role, .. } | Change::SetRole { role, .. } => role,
        Change::Remove { .. }
        | Change::HandOver { .. }
        | Change::CreateKey { .. }
        | Change::Revoke { .. }
        | Change::Retire { .. }
        | Change::Tag(_)
        | Change::Group(_)
        | Change::Transfer { .. }
        | Change::StayAbsent { .. } => return None,
    };
    Role::grantable(role.as_str()).is_none().then(|| {
        Held::new(
            HeldReason::RoleNotGrantable,
            format!("the API does not grant the role `{role}`"),
            format!("ask for one of {}", Role::GRANTABLE.join(", ")),
        )
    })
}

/// Holds a hand-over or a revocation that does not rest on what proves whose it is: no plan of ours has one.
fn unfounded(step: &Step) -> Option<Held> {
    let founded = match (&step.change, &step.rests_on) {
        (Change::HandOver { .. }, rests_on) => matches!(rests_on, RestsOn::Owned { .. }),
        (Change::Revoke { .. }, rests_on) => matches!(rests_on, RestsOn::Key { .. }),
        (Change::Transfer { .. }, rests_on) => matches!(rests_on, RestsOn::Ownership { .. }),
        (Change::Retire { key, .. }, rests_on) => key.is_some() && matches!(rests_on, RestsOn::Key { .. }),
        (Change::CreateKey { replaces, .. }, rests_on) => match replaces {
            None => *rests_on == RestsOn::NoKey,
            Some(replaced) => matches!(rests_on, RestsOn::Speaking { with } if with == replaced),
        },
        (Change::Group(LinkChange::Invite { .. }), rests_on) => *rests_on == RestsOn::NoLink,
        (Change::Group(LinkChange::Remove { .. }), rests_on) => matches!(rests_on, RestsOn::Link { .. }),
        _ => true,
    };
    (!founded).then(|| {
        Held::new(HeldReason::Stale, "the step does not say whose it was when the plan was drawn", "plan again")
    })
}

/// Never the key in use. Where no list was read, nothing is said: the lane reads it just before it sends.
fn key_in_use(step: &Step, observed: &Observed) -> Option<Held> {
    let Change::Revoke { key, .. } = &step.change else { return None };
    keys::in_use(key, &observed.belongings.as_deref()?.keys, observed.acts_as)
}
