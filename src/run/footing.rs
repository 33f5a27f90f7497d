//! Whether what a step rests on still holds, read again just before it is sent (design section 5, stale).

use super::hand::Hand;
use crate::api::{Error, Refusal};
use crate::domain::{Change, Held, LeadId, Member, RestsOn, Step};
use crate::plan::person::{self, Person};

/// Whether what a step rests on still holds.
pub(super) enum Footing {
    /// It holds; the row as it is now.
    Firm(RestsOn),
    /// It holds for these leads alone: the others of the step are not there any more, or the heir's already.
    Some(Vec<LeadId>),
    /// The asked state is there already; what was seen.
    AsAsked(String),
    /// It does not hold; how it moved.
    Moved(String),
    /// It can't be told, or it must not be sent.
    Held(Held),
}

impl Hand<'_> {
    /// Reads again what the step rests on. `followed` says that another step comes after it, `doubtful` that an earlier attempt may have
    /// taken effect.
    pub(super) async fn footing(&mut self, step: &Step, followed: bool, doubtful: bool) -> Result<Footing, Error> {
        let id = match &step.rests_on {
            RestsOn::Absent => return Ok(self.absence(step)),
            RestsOn::Row { id, .. } => id.clone(),
            RestsOn::Owned { .. } | RestsOn::Key { .. } | RestsOn::NoKey | RestsOn::Speaking { .. } => {
                return self.belonging(step, doubtful).await;
            }
            RestsOn::NoTag | RestsOn::Tag { .. } | RestsOn::TagToCome => {
                return self.tag_footing(step, doubtful).await;
            }
            RestsOn::NoLink | RestsOn::Link { .. } => match &step.change {
                Change::Group(change) => return self.link_footing(step, change, doubtful).await,
                _ => return Ok(Footing::Moved("the step does not say what it rests on".to_owned())),
            },
            RestsOn::Ownership { .. } => unreachable!("no plan has one yet"),
        };
        let row = match self.client.member(&id).await {
            Ok(row) => self.take_row(row),
            Err(Error::Refused { refusal: Refusal::Missing, .. }) => return self.gone(step).await,
            Err(error) => return Err(error),
        };
        if step.is_removal() && row.is_acting_admin() {
            self.refresh().await?;
        }
        Ok(compare(step, &row, followed))
    }

    fn absence(&self, step: &Step) -> Footing {
        let email = step.change.subject();
        match person::of_change(&self.observed.members, &step.change) {
            Person::Nobody => Footing::Firm(RestsOn::Absent),
            Person::Rows(rows) if rows.iter().any(|row| reached(&step.change, row)) => {
                Footing::AsAsked("the person is there already".to_owned())
            }
            Person::Rows(_) | Person::Ambiguous(_) => Footing::Moved(format!("{email} is in the workspace now")),
        }
    }

    /// The row is not there any more: as asked, if the complete list of the right workspace says so too.
    pub(super) async fn gone(&mut self, step: &Step) -> Result<Footing, Error> {
        let identity = self.client.current().await?;
        self.refresh().await?;
        if let Some(why) = &self.observed.incomplete {
            return Ok(Footing::Held(Held::incomplete(why)));
        }
        let RestsOn::Row { id, .. } = &step.rests_on else { return Ok(Footing::Firm(RestsOn::Absent)) };
        let absent = identity.id == self.observed.id && self.observed.row(id).is_none();
        Ok(match (&step.change, absent) {
            (Change::Remove { .. }, true) => Footing::AsAsked("the row is gone already".to_owned()),
            _ => Footing::Moved("the row is not there any more".to_owned()),
        })
    }
}

/// Compares a row read again with what the step rests on (design section 5: another e-mail, role, owner or workspace is stale).
fn compare(step: &Step, row: &Member, followed: bool) -> Footing {
    let RestsOn::Row { email, user_id, role, accepted, .. } = &step.rests_on else {
        return Footing::Firm(step.rests_on.clone());
    };
    if row.workspace_id != step.workspace_id {
        return Footing::Moved("the row belongs to another workspace".to_owned());
    }
    if row.email != *email {
        return Footing::Moved(format!("the row bears {} instead of {email}", row.email));
    }
    if row.user_id != *user_id {
        return Footing::Moved("the row belongs to another account".to_owned());
    }
    if let Change::SetRole { role: wanted, .. } = &step.change
        && row.role == *wanted
    {
        return Footing::AsAsked(format!("the role is {wanted} already"));
    }
    if row.role != *role {
        return Footing::Moved(format!("the role is {} instead of {role}", row.role));
    }
    // A withdrawal that is to be followed by a new invitation must not remove someone who accepted meanwhile.
    if followed && row.accepted != *accepted {
        return Footing::Moved("the invitation was accepted meanwhile".to_owned());
    }
    Footing::Firm(RestsOn::row(row))
}

/// Tells whether a row of the person is what the change asks for.
pub(super) fn reached(change: &Change, row: &Member) -> bool {
    match change {
        Change::Invite { role, permissions, .. } => {
            row.role == *role && permissions.as_ref().is_none_or(|wanted| row.permissions.as_ref() == Some(wanted))
        }
        Change::SetRole { member, role, .. } => row.id == *member && row.role == *role,
        Change::Remove { .. }
        | Change::HandOver { .. }
        | Change::CreateKey { .. }
        | Change::Revoke { .. }
        | Change::Retire { .. }
        | Change::Tag(_)
        | Change::Group(_)
        | Change::Transfer { .. }
        | Change::StayAbsent { .. } => false,
    }
}
