//! The plan about the links of groups: whom an admin workspace invites, and whom it removes; from the complete list of its links.
//!
//! Pure. It knows nothing of members and of keys.

use super::draw::{Item, Note, Plan, of_each};
use super::guard::Rules;
use super::observed::{Found, Observed};
use crate::domain::{
    Change, Disposition, Guards, Held, HeldReason, Link, LinkChange, LinkStatus, Mode, RestsOn, Step, WorkspaceId,
};

/// What should be, about one workspace under an admin workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkWish {
    /// It should be in the group, or be invited.
    In {
        /// The sub workspace.
        sub: WorkspaceId,
        /// Its name in our files; empty where it is in none.
        name: String,
    },
    /// It should be out of the group: neither linked nor invited.
    Out {
        /// The sub workspace.
        sub: WorkspaceId,
        /// Its name in our files; empty where it is in none.
        name: String,
    },
}

/// Draws the plan: for every observed admin workspace its wishes, each step judged by the guards. The order of the wishes does not matter.
pub fn draw_links(seen: &[(Observed, Vec<LinkWish>)], rules: &Rules) -> Plan {
    of_each(seen, rules, draw_workspace)
}

fn draw_workspace(observed: &Observed, wishes: &[LinkWish], rules: &Rules) -> (Vec<Item>, Vec<Note>) {
    let mut wishes: Vec<&LinkWish> = wishes.iter().collect();
    wishes.sort_by_key(|wish| rank(wish));
    let mut items: Vec<Item> = Vec::new();
    let mut notes = Vec::new();
    for wish in wishes {
        let mut drawn = match wish {
            LinkWish::In { sub, name } => {
                let drawn = invited(observed, sub, name, &rules.guards);
                if drawn.len() > 1 {
                    notes.push(Note::new(
                        observed,
                        sub,
                        "its owner refused an earlier invitation: the refused link is removed first, and its owner is asked again"
                            .to_owned(),
                    ));
                }
                drawn
            }
            LinkWish::Out { sub, name } => removed(observed, sub, name),
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

/// Whoever is asked for twice, in and out, is invited and then removed from nothing: the invitations stand first.
fn rank(wish: &LinkWish) -> (u8, WorkspaceId, String) {
    match wish {
        LinkWish::In { sub, name } => (0, sub.clone(), name.clone()),
        LinkWish::Out { sub, name } => (1, sub.clone(), name.clone()),
    }
}

fn step(observed: &Observed, change: LinkChange, rests_on: RestsOn) -> Step {
    Step::new(&observed.workspace, &observed.id, Change::Group(change), rests_on)
}

/// What a step about a link rests on.
pub(super) fn of_link(link: &Link) -> RestsOn {
    RestsOn::Link { status: link.status.as_str().to_owned(), created: link.created.clone() }
}

/// The links to one workspace, in an order that no listing chooses.
pub(super) fn links_to<'a>(links: &'a Found<Link>, sub: &WorkspaceId) -> Vec<&'a Link> {
    let mut found: Vec<&Link> = links.rows.iter().filter(|link| link.sub == *sub).collect();
    found.sort_by(|a, b| a.id.cmp(&b.id));
    found
}

fn invited(observed: &Observed, sub: &WorkspaceId, name: &str, guards: &Guards) -> Vec<Item> {
    let invite = |rests_on| step(observed, LinkChange::Invite { sub: sub.clone(), name: name.to_owned() }, rests_on);
    if let Some(held) = elsewhere(observed, sub, guards) {
        return vec![Item::held(invite(RestsOn::NoLink), held)];
    }
    let links = match known(observed) {
        Ok(links) => links,
        Err(held) => return vec![Item::held(invite(RestsOn::NoLink), held)],
    };
    let there = links_to(links, sub);
    if let Some(link) = there.iter().find(|link| link.status == LinkStatus::Accepted) {
        return vec![Item::already(invite(of_link(link)), "it is in the group".to_owned())];
    }
    if let Some(link) = there.iter().find(|link| link.status != LinkStatus::Rejected) {
        let seen = match link.status {
            LinkStatus::Pending => {
                format!("it was invited {}, and its owner has still to accept in the app", link.created)
            }
            _ => format!("a link is there, of status {}", link.status),
        };
        return vec![Item::already(invite(of_link(link)), seen)];
    }
    // A refused link may block a new invitation, and says nothing any more: it goes first.
    let mut steps: Vec<Step> = Vec::new();
    for link in there {
        let gone = remove(observed, link, name);
        let gone = match steps.last() {
            Some(before) => gone.after(before),
            None => gone,
        };
        steps.push(gone);
    }
    let again = match steps.last() {
        Some(before) => invite(RestsOn::NoLink).after(before),
        None => invite(RestsOn::NoLink),
    };
    steps.push(again);
    steps.into_iter().map(Item::send).collect()
}

fn remove(observed: &Observed, link: &Link, name: &str) -> Step {
    let name = if name.is_empty() { link.sub_name.clone().unwrap_or_default() } else { name.to_owned() };
    step(observed, LinkChange::Remove { link: link.id.clone(), sub: link.sub.clone(), name }, of_link(link))
}

fn removed(observed: &Observed, sub: &WorkspaceId, name: &str) -> Vec<Item> {
    let out = || step(observed, LinkChange::StayOut { sub: sub.clone(), name: name.to_owned() }, RestsOn::NoLink);
    let links = match known(observed) {
        Ok(links) => links,
        Err(held) => return vec![Item::held(out(), held)],
    };
    let there = links_to(links, sub);
    if there.is_empty() {
        return vec![Item::already(out(), "no link to it and no invitation is in the list".to_owned())];
    }
    there.into_iter().map(|link| Item::send(remove(observed, link, name))).collect()
}

/// The links of an admin workspace, where its list was read to its end: nothing rests on another one.
pub(super) fn known(observed: &Observed) -> Result<&Found<Link>, Held> {
    let held = |why: &str| {
        Held::new(
            HeldReason::IncompleteListing,
            format!("the list of links could not be read completely: {why}"),
            "run the command again; if it stays, look at the group in the app",
        )
    };
    let links = observed.links.as_deref().ok_or_else(|| held("it was not read"))?;
    match &links.incomplete {
        None => Ok(links),
        Some(why) => Err(held(why)),
    }
}

/// Why a workspace cannot be invited here, as far as our own files tell.
fn elsewhere(observed: &Observed, sub: &WorkspaceId, guards: &Guards) -> Option<Held> {
    let held = |why: String, remedy: &str| Some(Held::new(HeldReason::LinkElsewhere, why, remedy));
    if observed.acts_as {
        let why =
            format!("`{}` is reached over another one's group, and a sub workspace heads none", observed.workspace);
        return held(why, "name the admin workspace with --via");
    }
    if *sub == observed.id {
        return held("a workspace is not in its own group".to_owned(), "name another workspace");
    }
    for ((admin, reached), name) in &guards.reached_over {
        if reached == sub && *admin != observed.id {
            let why = format!(
                "`{name}` is reached over the group of workspace {admin}, and a workspace is in one group alone"
            );
            return held(why, "remove it from that group first, and change its `via`");
        }
        if admin == sub {
            return held(
                format!(
                    "it heads a group: `{name}` is reached over it, and a workspace is an admin or a sub workspace, never both"
                ),
                "a workspace that heads a group cannot join another one",
            );
        }
    }
    None
}

/// Never a link that keyholder itself reaches a workspace over: what is asked there next would have no way any more.
pub(super) fn judge(step: &Step, observed: &Observed, guards: &Guards) -> Option<Held> {
    let Change::Group(LinkChange::Remove { sub, .. }) = &step.change else { return None };
    let RestsOn::Link { status, .. } = &step.rests_on else { return None };
    if matches!(LinkStatus::observed(status), LinkStatus::Pending | LinkStatus::Rejected) {
        return None;
    }
    let name = guards.reached_over.get(&(observed.id.clone(), sub.clone()))?;
    Some(Held::new(
        HeldReason::LinkInUse,
        format!("workspace `{name}` is reached over this link"),
        format!(
            "give `{name}` a key of its own in place of `via`, or set its `mode = \"off\"`, or take its file away first"
        ),
    ))
}

/// Tells whether what a plan found already so still is.
pub(super) fn still_so(change: &LinkChange, observed: &Observed) -> bool {
    let Some(links) = observed.links.as_deref() else { return true };
    match change {
        LinkChange::Invite { sub, .. } => {
            links.rows.iter().any(|link| link.sub == *sub && link.status != LinkStatus::Rejected)
        }
        LinkChange::Remove { link, .. } => links.rows.iter().all(|other| other.id != *link),
        LinkChange::StayOut { sub, .. } => links.rows.iter().all(|link| link.sub != *sub),
    }
}

#[cfg(test)]
pub(super) mod tests;
