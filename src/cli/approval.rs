//! The four ways to approve a plan. The only place that grants an approval.

use std::io::BufRead as _;

use super::Door;
use super::args::Approve;
use super::session::Session;
use crate::domain::permit::{Approval, ApprovedBy};
use crate::domain::{Change, PlanId};
use crate::plan::{Item, Plan, Weight};
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
    Weight::of(plan).words()
}

fn yes(plan: &Plan) -> Result<ApprovedBy, Trouble> {
    if !plan.needs_typing() {
        return Ok(ApprovedBy::Yes);
    }
    Err(Trouble::new(Exit::NotApproved, format!("--yes is not enough: the plan {}; nothing was sent", weight(plan)))
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

/// What a person is asked, and what they must type.
struct Question {
    text: String,
    wanted: String,
    /// Whether capitals count: a name is written as it is, or it is another one.
    exact: bool,
}

impl Question {
    fn about(plan: &Plan) -> Self {
        let gives = |item: &&Item| item.sends() && matches!(item.step.change, Change::Transfer { .. });
        if let Some(given) = plan.items.iter().find(gives) {
            let workspace = given.step.workspace.clone();
            let to = given.step.change.subject();
            let text = format!(
                "This plan gives the workspace to {to}, and nothing undoes that. Type the workspace's name to apply it: "
            );
            return Self { text, wanted: workspace, exact: true };
        }
        if plan.needs_typing() {
            let text = format!("This plan {}. Type the first {TYPED} characters of its id to apply it: ", weight(plan));
            return Self { text, wanted: plan.id.as_str()[..TYPED].to_owned(), exact: false };
        }
        let text = format!("Apply {}? Type yes: ", words::count(plan.sends(), "step"));
        Self { text, wanted: "yes".to_owned(), exact: false }
    }

    fn is_answered_by(&self, answer: &str) -> bool {
        let answer = answer.trim();
        answer == self.wanted || !self.exact && answer.eq_ignore_ascii_case(&self.wanted)
    }
}

async fn typed(session: &Session<'_>, plan: &Plan) -> Result<ApprovedBy, Trouble> {
    let door = session.door;
    let question = Question::about(plan);
    let answer = answer(door, &question.text).await;
    if question.is_answered_by(&answer) {
        Ok(ApprovedBy::Typed)
    } else if door.stop.is_draining() {
        Err(session.interrupted())
    } else {
        Err(Trouble::new(Exit::NotApproved, "not approved; nothing was sent"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        Disposition, Email, MemberId, RestsOn, Role, Step, TagChange, TagId, UserId, WorkspaceId, WorkspaceName,
    };
    use crate::plan::Planned;

    fn plan(change: Change, rests_on: RestsOn) -> Plan {
        let (name, id) = (WorkspaceName::parse("acme").unwrap(), WorkspaceId::parse("w1").unwrap());
        let step = Step::new(&name, &id, change, rests_on);
        let item = Item { step, disposition: Disposition::Send };
        Plan::of(vec![Planned { name: name.to_string(), id, members: 2 }], vec![item], Vec::new())
    }

    fn email() -> Email {
        Email::parse("ada@x.example").unwrap()
    }

    #[test]
    fn a_workspace_is_given_away_by_its_name_as_it_is_written_and_by_nothing_else() {
        let account = |id: &str| UserId::parse(id).unwrap();
        let rests_on = RestsOn::Ownership { is: account("u-1"), to: account("u-2") };
        let plan = plan(Change::Transfer { email: email() }, rests_on);
        let question = Question::about(&plan);
        assert!(question.text.contains("gives the workspace to ada@x.example"), "{}", question.text);
        assert!(question.is_answered_by(" acme\n"));
        for other in ["", "yes", "Acme", "acme2", plan.id.as_str(), &plan.id.as_str()[..TYPED], "ada@x.example"] {
            assert!(!question.is_answered_by(other), "{other}");
        }
        assert!(
            yes(&plan)
                .is_err_and(|trouble| trouble.to_string().contains("the plan gives 1 workspace to somebody else"))
        );
    }

    #[test]
    fn a_plan_that_only_deletes_a_tag_says_so_where_yes_is_not_enough() {
        let tag = TagId::parse("t-1").unwrap();
        let rests_on = RestsOn::Tag { id: tag.clone(), label: "Old".to_owned(), description: None };
        let plan = plan(Change::Tag(TagChange::Delete { tag, label: "Old".to_owned() }), rests_on);
        let refused = yes(&plan).unwrap_err().to_string();
        assert!(refused.contains("the plan deletes 1 tag; nothing was sent"), "{refused}");
        let question = Question::about(&plan).text;
        assert!(question.starts_with("This plan deletes 1 tag. Type"), "{question}");
    }

    #[test]
    fn a_removal_is_approved_by_the_plans_id_and_an_addition_by_yes() {
        let row = RestsOn::Row {
            id: MemberId::parse("m-1").unwrap(),
            email: email(),
            user_id: None,
            role: Role::View,
            permissions: None,
            accepted: true,
            nickname: None,
        };
        let removal = plan(Change::Remove { member: MemberId::parse("m-1").unwrap(), email: email() }, row);
        let question = Question::about(&removal);
        assert!(question.is_answered_by(&removal.id.as_str()[..TYPED].to_uppercase()));
        assert!(!question.is_answered_by("yes") && !question.is_answered_by("acme"));
        let invite = Change::Invite { email: email(), role: Role::View, permissions: None, nickname: None };
        let question = Question::about(&plan(invite, RestsOn::Absent));
        assert!(question.is_answered_by("YES") && !question.is_answered_by("acme"));
    }
}
