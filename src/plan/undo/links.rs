//! Undoing what was done about the links of a group: the very link that the run made is removed, and who was removed is invited again.

use super::inverse::step;
use super::not_undoable;
use crate::domain::{Change, Held, HeldReason, Link, LinkChange, LinkStatus, RestsOn, WorkspaceId};
use crate::plan::draw::Item;
use crate::plan::earlier::Earlier;
use crate::plan::links::{known, links_to, of_link};
use crate::plan::observed::{Found, Observed};

/// Tells whether a step took nothing that anybody could miss: a refused link, which was in the way of a new invitation.
pub(super) fn took_nothing(one: &Earlier) -> bool {
    matches!(one.step.change, Change::Group(LinkChange::Remove { .. }))
        && matches!(&one.step.rests_on, RestsOn::Link { status, .. } if LinkStatus::observed(status) == LinkStatus::Rejected)
}

/// Returns the item that undoes a step.
pub(super) fn of(one: &Earlier, change: &LinkChange, observed: &Observed) -> Item {
    let as_it_is = || step(observed, one.step.change.clone(), one.step.rests_on.clone());
    let links = match known(observed) {
        Ok(links) => links,
        Err(held) => return Item::held(as_it_is(), held),
    };
    match change {
        LinkChange::Invite { sub, name } => take_back(one, sub, name, observed, links),
        LinkChange::Remove { sub, name, .. } | LinkChange::StayOut { sub, name } => {
            invite_again(sub, name, observed, links)
        }
    }
}

/// Undoes an invitation: its link goes, if it is still the one that the run made.
fn take_back(one: &Earlier, sub: &WorkspaceId, name: &str, observed: &Observed, links: &Found<Link>) -> Item {
    let remove = |link: &Link| {
        let change = LinkChange::Remove { link: link.id.clone(), sub: sub.clone(), name: name.to_owned() };
        step(observed, Change::Group(change), of_link(link))
    };
    let there = links_to(links, sub);
    let made = there.iter().find(|link| one.made_link.as_ref() == Some(&link.id));
    match (made, there.first()) {
        (Some(link), _) => Item::send(remove(link)),
        (None, None) => {
            let out = LinkChange::StayOut { sub: sub.clone(), name: name.to_owned() };
            let out = step(observed, Change::Group(out), RestsOn::NoLink);
            Item::already(out, "no link to it and no invitation is in the list".to_owned())
        }
        (None, Some(link)) if one.made_link.is_some() => {
            let how =
                format!("the link to it is another one than the run made, {} since {}", link.status, link.created);
            Item::held(remove(link), changed(&how, "remove", sub, observed))
        }
        (None, Some(link)) => {
            let why = "which link the run made is not known";
            Item::held(remove(link), not_undoable(why, by_hand("remove", sub, observed)))
        }
    }
}

/// Undoes a removal: the workspace is invited again, and its owner must accept anew.
fn invite_again(sub: &WorkspaceId, name: &str, observed: &Observed, links: &Found<Link>) -> Item {
    let invite = |rests_on| {
        let change = LinkChange::Invite { sub: sub.clone(), name: name.to_owned() };
        step(observed, Change::Group(change), rests_on)
    };
    let there = links_to(links, sub);
    match (there.iter().find(|link| link.status != LinkStatus::Rejected), there.first()) {
        (Some(link), _) => {
            Item::already(invite(of_link(link)), format!("a link to it is there again: {}", link.status))
        }
        (None, Some(link)) => {
            let how = "its owner has refused another invitation since";
            Item::held(invite(of_link(link)), changed(how, "invite", sub, observed))
        }
        (None, None) => Item::send(invite(RestsOn::NoLink)),
    }
}

fn by_hand(verb: &str, sub: &WorkspaceId, observed: &Observed) -> String {
    format!("say yourself what should be: `keyholder groups {verb} {sub} --via {}`", observed.workspace)
}

fn changed(how: &str, verb: &str, sub: &WorkspaceId, observed: &Observed) -> Held {
    Held::new(HeldReason::Stale, format!("changed since the run: {how}"), by_hand(verb, sub, observed))
}

#[cfg(test)]
mod tests {
    use super::super::draw;
    use super::*;
    use crate::domain::{Disposition, Guards, LinkId, Outcome, Step};
    use crate::plan::Rules;
    use crate::plan::draw_links;
    use crate::plan::earlier::Ending;
    use crate::plan::holds;
    use crate::plan::links::LinkWish;
    use crate::plan::links::tests::{group, id, link};

    const APPLIED: Ending = Ending::Applied { waiting: false };
    const WAITING: Ending = Ending::Applied { waiting: true };

    fn planned(rows: Vec<Link>, wish: LinkWish) -> Vec<Step> {
        let plan = draw_links(&[(group(rows), vec![wish])], &Rules::of(Guards::default()));
        plan.items.into_iter().map(|item| item.step).collect()
    }

    fn invited(rows: Vec<Link>) -> Vec<Step> {
        planned(rows, LinkWish::In { sub: id("s"), name: String::new() })
    }

    fn removed(rows: Vec<Link>) -> Vec<Step> {
        planned(rows, LinkWish::Out { sub: id("s"), name: String::new() })
    }

    fn earlier(steps: &[Step], ending: Ending, made: Option<&str>) -> Vec<Earlier> {
        let one = |step: &Step| {
            let mut one = Earlier::new(step.clone(), ending, &[]);
            one.made_link = made.map(|id| LinkId::parse(id).unwrap());
            one
        };
        steps.iter().map(one).collect()
    }

    fn undone(steps: &[Earlier], now: Vec<Link>) -> Vec<String> {
        let plan = draw(&[(group(now), steps.to_vec())], "run", &Rules::of(Guards::default()));
        let word = |item: &Item| match &item.disposition {
            Disposition::Send => item.step.kind().to_string(),
            Disposition::Already(_) => Outcome::Already.to_string(),
            Disposition::Held(held) => held.reason.to_string(),
        };
        plan.items.iter().map(word).collect()
    }

    #[test]
    fn only_the_link_that_the_run_made_is_removed_again() {
        let invited = invited(vec![]);
        let made = earlier(&invited, WAITING, Some("l"));
        for status in ["pending", "accepted", "rejected"] {
            assert_eq!(undone(&made, vec![link("l", "s", status)]), ["group.remove"], "{status}");
        }
        assert_eq!(undone(&made, vec![]), ["already"]);
        assert_eq!(undone(&made, vec![link("other", "s", "pending")]), ["stale"]);
        assert_eq!(undone(&made, vec![link("l", "s", "pending"), link("o", "t", "accepted")]), ["group.remove"]);
        let unknown = earlier(&invited, WAITING, None);
        assert_eq!(undone(&unknown, vec![link("l", "s", "pending")]), ["not_undoable"]);
        let open = earlier(&invited, Ending::Unsettled, None);
        assert_eq!(undone(&open, vec![link("l", "s", "pending")]), ["not_undoable"]);
    }

    #[test]
    fn who_was_removed_is_invited_again_unless_somebody_was_first() {
        let gone = earlier(&removed(vec![link("l", "s", "accepted")]), APPLIED, None);
        assert_eq!(undone(&gone, vec![]), ["group.invite"]);
        assert_eq!(undone(&gone, vec![link("k", "s", "pending")]), ["already"]);
        assert_eq!(undone(&gone, vec![link("k", "s", "rejected")]), ["stale"]);
    }

    #[test]
    fn a_refused_link_that_made_room_is_not_brought_back() {
        let steps = invited(vec![link("l", "s", "rejected")]);
        assert_eq!(steps.len(), 2);
        assert_eq!(undone(&earlier(&steps, APPLIED, Some("k")), vec![link("k", "s", "pending")]), ["group.remove"]);
    }

    #[test]
    fn what_an_invitation_came_to_is_waiting_accepted_or_drifted() {
        let words = |steps: &[Earlier], now: Vec<Link>| -> Vec<&'static str> {
            holds::compare(steps, &group(now)).into_iter().map(|found| found.word.as_str()).collect()
        };
        let made = earlier(&invited(vec![]), WAITING, Some("l"));
        assert_eq!(words(&made, vec![link("l", "s", "pending")]), ["waiting"]);
        assert_eq!(words(&made, vec![link("l", "s", "accepted")]), ["accepted"]);
        assert_eq!(words(&made, vec![link("l", "s", "rejected")]), ["drifted"]);
        assert_eq!(words(&made, vec![]), ["drifted"]);
        let gone = earlier(&removed(vec![link("l", "s", "accepted")]), APPLIED, None);
        assert_eq!(words(&gone, vec![]), ["holds"]);
        assert_eq!(words(&gone, vec![link("l", "s", "accepted")]), ["drifted"]);
        assert_eq!(words(&gone, vec![link("k", "s", "pending")]), ["drifted"], "somebody invited it again");
        let again = earlier(&invited(vec![link("l", "s", "rejected")]), APPLIED, Some("k"));
        assert_eq!(words(&again, vec![link("k", "s", "accepted")]), ["holds", "holds"]);
        let already = earlier(&invited(vec![link("l", "s", "pending")]), Ending::Already, None);
        assert_eq!(words(&already, vec![link("l", "s", "accepted")]), ["accepted"]);
        let unsure = earlier(&invited(vec![]), Ending::Unsettled, None);
        assert_eq!(words(&unsure, vec![link("l", "s", "pending")]), ["late"]);
    }
}
