//! Whether a link of a group is still as a run left it.

use super::{Effect, there};
use crate::domain::{Change, Link, LinkChange, LinkStatus, WorkspaceId};
use crate::plan::earlier::Earlier;
use crate::plan::observed::Observed;

/// What became of an invitation into a group, or of a removal from one. A link that another hand made since is as good as ours.
pub(super) fn effect(change: &LinkChange, steps: &[Earlier], observed: &Observed) -> Effect {
    let Some(links) = observed.links.as_deref() else {
        return Effect::Unseen("the links of the group were not read".to_owned());
    };
    match change {
        LinkChange::Invite { sub, .. } => {
            let mut to_it = links.rows.iter().filter(|link| link.sub == *sub);
            match (to_it.find(|link| link.status != LinkStatus::Rejected), &links.incomplete) {
                (Some(link), _) => Effect::There { open: link.status == LinkStatus::Pending, remark: None },
                (None, Some(why)) => Effect::Unseen(why.clone()),
                (None, None) => Effect::Gone("no open invitation and no link is in the list".to_owned()),
            }
        }
        LinkChange::StayOut { sub, .. } => match (links.rows.iter().find(|link| link.sub == *sub), &links.incomplete) {
            (Some(link), _) => Effect::Gone(format!("a link is in the list: {}", link.status)),
            (None, Some(why)) => Effect::Unseen(why.clone()),
            (None, None) => there(),
        },
        LinkChange::Remove { link, sub, .. } => {
            let again = links.rows.iter().find(|other| is_news(other, sub, steps));
            match (links.rows.iter().any(|other| other.id == *link), again, &links.incomplete) {
                (true, ..) => Effect::Gone("the link is in the list".to_owned()),
                (false, Some(other), _) => Effect::Gone(format!("is there again by another link, {}", other.status)),
                (false, None, Some(why)) => Effect::Unseen(why.clone()),
                (false, None, None) => there(),
            }
        }
    }
}

/// Tells whether a link to a workspace that was removed is none that the run itself had to do with.
fn is_news(link: &Link, sub: &WorkspaceId, steps: &[Earlier]) -> bool {
    let ours = |one: &Earlier| match &one.step.change {
        Change::Group(LinkChange::Invite { sub: invited, .. }) => invited == sub,
        Change::Group(LinkChange::Remove { link: removed, .. }) => *removed == link.id,
        _ => false,
    };
    link.sub == *sub && link.status != LinkStatus::Rejected && !steps.iter().any(ours)
}
