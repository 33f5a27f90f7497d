//! A workspace as the steps of a plan will leave it, so that a guard sees what those before a step did.

use super::observed::Observed;
use crate::domain::{Change, Step};

/// Changes the picture as a step that is sent will. An invitation changes nothing a guard counts: who is only invited is no admin.
pub(super) fn fold(picture: &mut Observed, step: &Step) {
    match &step.change {
        Change::Remove { member, .. } => picture.members.retain(|row| row.id != *member),
        Change::SetRole { member, role, .. } => {
            for row in picture.members.iter_mut().filter(|row| row.id == *member) {
                row.role = role.clone();
            }
        }
        Change::Invite { .. } | Change::HandOver { .. } | Change::Revoke { .. } | Change::StayAbsent { .. } => {}
    }
}
