//! Looking at who is in a workspace, and when each last logged in as far as its trail tells.
//!
//! Two lists of the trail are asked for, not all of it: a login with a second factor has a record of its own. A trail that cannot be read
//! never ends the lane.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::belongings::found;
use super::deck::{Deck, Target};
use super::look::{Asked, beside};
use super::trouble::LaneTrouble;
use crate::api::Client;
use crate::domain::belongings::activity;
use crate::domain::{Identity, Member, Told, UserId, WorkspaceId};

/// The last login of each account of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logins {
    /// From which moment on logins were looked for.
    pub since: Timestamp,
    /// The last one of each account.
    pub last: BTreeMap<UserId, Timestamp>,
    /// Why there may be more.
    pub incomplete: Option<String>,
}

/// Who is in one workspace.
#[derive(Debug, Clone)]
pub struct AccessSeen {
    /// Who it is.
    pub identity: Identity,
    /// When the look was begun.
    pub began: Timestamp,
    /// When it was finished.
    pub at: Timestamp,
    /// Memberships and invitations.
    pub members: Told<Vec<Member>>,
    /// When each last logged in; none where that was not asked.
    pub logins: Option<Logins>,
}

/// Looks at who is in one workspace, as long as it is the pinned one, and where `logins_since` is given at their logins since then.
pub async fn look_at_access(
    deck: &Deck,
    target: &Target,
    logins_since: Option<Timestamp>,
) -> Result<AccessSeen, LaneTrouble> {
    let _talking = target.talk(deck).await?;
    let began = deck.clock.now();
    let read = async |client: &Client, asked: &Asked<'_>| {
        futures::join!(client.members(asked.id), logins(client, asked.id, logins_since))
    };
    let (identity, (members, logins)) = beside(deck, target, read).await?.pinned()?;
    let members = found(Ok(members?));
    let members = Told { value: members.rows, incomplete: members.incomplete };
    Ok(AccessSeen { identity, began, at: deck.clock.now(), members, logins })
}

/// Reads the last login of each account; of all records one moment an account is kept.
async fn logins(client: &Client, workspace: &WorkspaceId, since: Option<Timestamp>) -> Option<Logins> {
    let since = since?;
    let (mut last, mut incomplete) = (BTreeMap::new(), None);
    for kind in [activity::LOGIN, activity::MFA_LOGIN] {
        let mut odd = None;
        let listing = client.trail_of_since(workspace, kind, since, |record| {
            // The API's filters narrow, they never decide.
            if let Some(user) = record.user_id.as_ref().filter(|_| record.activity == kind) {
                match record.at.parse::<Timestamp>() {
                    Ok(at) if at < since => {}
                    Ok(at) => {
                        let newest = last.entry(user.clone()).or_insert(at);
                        *newest = at.max(*newest);
                    }
                    Err(_no_moment) => odd = odd.take().or_else(|| Some(record.id.clone())),
                }
            }
            false
        });
        let unread = found(listing.await).incomplete;
        let unread = unread.or_else(|| odd.map(|id| format!("record `{id}` has no moment that can be read")));
        // What refused the first list refuses the second.
        if let Some(why) = unread {
            incomplete = Some(why);
            break;
        }
    }
    Some(Logins { since, last, incomplete })
}
