//! The four ways to approve a plan. The only place that grants an approval.

use std::io::BufRead as _;

use super::Door;
use super::args::Approve;
use super::session::Session;
use crate::domain::permit::{Approval, ApprovedBy};
use crate::domain::{Change, PlanId};
use crate::plan::{Item, Plan};
use crate::trouble::{Exit, Trouble};
use crate::ui::words;

/// Characters of the plan id that `--confirm` needs at least.
const CONFIRM: usize = 12;

/// Characters of the plan id a person types for a plan that removes anything.
const TYPED: usize = 6;

/// Asks for approval of a plan that was just shown.
pub async fn approve(session: &Session<'_>, approve: &Approve, plan: &Plan) -> Result<Approval, Trouble> {
    let door = session.door;
    let by = match &approve.confirm {
        Some(id) => confirmed(id, plan)?,
        None if plan.sends() == 0 => ApprovedBy::NothingToSend,
        None if approve.yes => yes(plan)?,
        None if door.env.stdin_is_terminal && door.env.stderr_is_terminal => typed(session, plan).await?,
        None => return Err(unattended(plan)),
    };
    Ok(Approval::grant(plan.id.clone(), by))
}

/// Takes the approval that a run was begun with, for going on with it: nobody is asked twice (design section 5, Resume). The plan that
/// the ledger's steps make up must be the one that was begun.
pub fn resumed(approved: &PlanId, begun: Option<&str>, plan: &Plan) -> Result<Approval, Trouble> {
    if begun == Some(plan.id.as_str()) {
        return Ok(Approval::grant(approved.clone(), ApprovedBy::Resumed));
    }
    Err(Trouble::new(
        Exit::Output,
        format!(
            "the ledger's steps make up the plan {}, and {} was begun; nothing was sent",
            plan.id,
            begun.unwrap_or("another")
        ),
    )
    .advise("run the command that drew the plan again: it plans what is missing"))
}

/// Checks the shape of `--confirm` before anything is read.
pub fn check(approve: &Approve) -> Result<(), Trouble> {
    match &approve.confirm {
        Some(id) if id.len() < CONFIRM || !id.bytes().all(|b| b.is_ascii_hexdigit()) => Err(Trouble::new(
            Exit::Usage,
            format!("--confirm takes at least {CONFIRM} characters of a plan id; `{id}` is not that"),
        )
        .advise("run the command with --plan-only to see the plan and its id")),
        _ => Ok(()),
    }
}

fn confirmed(id: &str, plan: &Plan) -> Result<ApprovedBy, Trouble> {
    if plan.id.as_str().starts_with(&id.to_ascii_lowercase()) {
        return Ok(ApprovedBy::Confirm);
    }
    Err(Trouble::new(
        Exit::Moved,
        format!(
            "the plan is {}, not the confirmed {id}: another one was confirmed, or the world or the wish changed; nothing was sent",
            plan.id
        ),
    )
    .advise("review the plan above; to apply it, confirm its id"))
}

/// Says what of a plan needs more than `--yes`.
fn weight(plan: &Plan) -> String {
    let removals = (plan.removals() > 0).then(|| words::count(plan.removals(), "removal"));
    let hand_overs = (plan.hand_overs() > 0).then(|| words::count(plan.hand_overs(), "hand-over"));
    let replaced = (plan.replaced_keys() > 0)
        .then(|| format!("{} that it revokes", words::count(plan.replaced_keys(), "replaced key")));
    let transfers = (plan.transfers() > 0).then(|| words::count(plan.transfers(), "transfer of ownership"));
    removals.into_iter().chain(hand_overs).chain(replaced).chain(transfers).collect::<Vec<_>>().join(" and ")
}

fn yes(plan: &Plan) -> Result<ApprovedBy, Trouble> {
    if !plan.needs_typing() {
        return Ok(ApprovedBy::Yes);
    }
    Err(Trouble::new(
        Exit::NotApproved,
        format!("--yes is not enough: the plan has {}; nothing was sent", weight(plan)),
    )
    .advise(format!("review it, then run the same command with `--confirm {}`", &plan.id.as_str()[..CONFIRM])))
}

fn unattended(plan: &Plan) -> Trouble {
    Trouble::new(Exit::NotApproved, "nobody is there to approve the plan; nothing was sent").advise(
        if plan.needs_typing() {
            format!("review it, then run the same command with `--confirm {}`", &plan.id.as_str()[..CONFIRM])
        } else {
            format!("add --yes, or `--confirm {}`", &plan.id.as_str()[..CONFIRM])
        },
    )
}

/// Asks a person at the terminal and returns what was typed; nothing where the command was stopped first.
pub async fn answer(door: &Door<'_>, question: &str) -> String {
    door.printer.ask(question);
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map(|_| line)
    });
    let answer = door.stop.unless_draining(read).await;
    answer.and_then(Result::ok).and_then(Result::ok).unwrap_or_default()
}

/// Returns the workspace that a plan gives to somebody else: its name is typed, so that nobody gives away another one.
fn given_away(plan: &Plan) -> Option<&str> {
    let gives = |item: &&Item| item.sends() && matches!(item.step.change, Change::Transfer { .. });
    plan.items.iter().find(gives).map(|item| item.step.workspace.as_str())
}

async fn typed(session: &Session<'_>, plan: &Plan) -> Result<ApprovedBy, Trouble> {
    let door = session.door;
    let given_away = given_away(plan);
    let wanted = match given_away {
        Some(workspace) => workspace,
        None if plan.needs_typing() => &plan.id.as_str()[..TYPED],
        None => "yes",
    };
    let question = if given_away.is_some() {
        "This plan gives the workspace away, and nothing undoes that. Type the workspace's name to apply it: "
            .to_owned()
    } else if plan.needs_typing() {
        format!("This plan has {}. Type the first {TYPED} characters of its id to apply it: ", weight(plan))
    } else {
        format!("Apply {}? Type yes: ", words::count(plan.sends(), "step"))
    };
    let answer = answer(door, &question).await;
    // A name is written as it is, or it is another one.
    let answer = answer.trim();
    if answer == wanted || given_away.is_none() && answer.eq_ignore_ascii_case(wanted) {
        Ok(ApprovedBy::Typed)
    } else if door.stop.is_draining() {
        Err(session.interrupted())
    } else {
        Err(Trouble::new(Exit::NotApproved, "not approved; nothing was sent"))
    }
}
