//! A workspace as the steps of a plan will leave it, so that a guard sees what those before a step did.

use super::observed::{Belongings, Observed};
use crate::domain::{Change, Step, Thing, UserId};

/// Changes the picture as a step that is sent will. An invitation changes nothing a guard counts: who is only invited is no admin.
pub(super) fn fold(picture: &mut Observed, step: &Step) {
    match &step.change {
        Change::Remove { member, .. } => picture.members.retain(|row| row.id != *member),
        Change::SetRole { member, role, .. } => {
            for row in picture.members.iter_mut().filter(|row| row.id == *member) {
                row.role = role.clone();
            }
        }
        Change::HandOver { thing, to, .. } => {
            if let Some(belongings) = &mut picture.belongings {
                give(belongings, thing, to.as_ref());
            }
        }
        Change::Revoke { key, .. } | Change::Retire { key: Some(key), .. } => {
            if let Some(belongings) = &mut picture.belongings {
                belongings.keys.rows.retain(|other| other.id != *key);
            }
        }
        Change::Invite { .. }
        | Change::CreateKey { .. }
        | Change::Retire { key: None, .. }
        | Change::Tag(_)
        | Change::Group(_)
        | Change::Transfer { .. }
        | Change::StayAbsent { .. } => {}
    }
}

fn give(belongings: &mut Belongings, thing: &Thing, to: Option<&UserId>) {
    match thing {
        Thing::Campaign { id, .. } => {
            for campaign in belongings.campaigns.rows.iter_mut().filter(|campaign| campaign.id == *id) {
                campaign.owned_by = to.cloned();
            }
        }
        Thing::LeadList { id, .. } => {
            for list in belongings.lead_lists.rows.iter_mut().filter(|list| list.id == *id) {
                list.owned_by = to.cloned();
            }
        }
        Thing::Leads { ids } => {
            for lead in belongings.leads.rows.iter_mut().filter(|lead| ids.contains(&lead.id)) {
                lead.assigned_to = to.cloned();
            }
        }
    }
}
