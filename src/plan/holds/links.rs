//! Whether a link of a group is still as a run left it.

use super::{Effect, there};
use crate::domain::{LinkChange, LinkStatus};
use crate::plan::earlier::Earlier;
use crate::plan::observed::Observed;

/// What became of an invitation into a group, or of a removal from one. A link that another hand made since is as good as ours.
pub(super) fn effect(_one: &Earlier, change: &LinkChange, observed: &Observed) -> Effect {
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
        LinkChange::Remove { link, .. } => {
            match (links.rows.iter().any(|other| other.id == *link), &links.incomplete) {
                (true, _) => Effect::Gone("the link is in the list".to_owned()),
                (false, Some(why)) => Effect::Unseen(why.clone()),
                (false, None) => there(),
            }
        }
    }
}
