//! What the world must look like afterwards: a few rules of its own, sharing nothing with the planner.

use keyholder::sim::{Op, SimMember};

/// What was asked for.
#[derive(Debug, Clone)]
pub(crate) enum Wish {
    /// These people, with this role.
    Onboard { people: Vec<String>, role: String },
    /// None of these people.
    Offboard { people: Vec<String> },
    /// Every invitation that was open for long is made anew.
    Reinvite,
}

/// A row as it is to be; without an id it is a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Promised {
    pub(crate) id: Option<String>,
    pub(crate) email: String,
    pub(crate) role: String,
    pub(crate) accepted: bool,
    pub(crate) permissions: Option<Vec<String>>,
    pub(crate) nickname: Option<String>,
}

impl Promised {
    fn kept(row: &SimMember) -> Self {
        let SimMember { id, email, role, accepted, permissions, nickname, .. } = row.clone();
        Self { id: Some(id), email, role, accepted, permissions, nickname }
    }

    /// Tells whether a row is as promised.
    pub(crate) fn is(&self, row: &SimMember) -> bool {
        self.id.as_ref().is_none_or(|id| *id == row.id) && *self == Self { id: self.id.clone(), ..Self::kept(row) }
    }
}

/// What one workspace must look like, and the writes that make it so: each once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Promise {
    pub(crate) rows: Vec<Promised>,
    pub(crate) writes: Vec<(Op, String)>,
}

/// Returns what a wish makes of a workspace. `at_once` says that invitations are accepted as they arrive, `old` that an open
/// invitation is one that was open for long.
pub(crate) fn promise(
    before: &[SimMember],
    wish: Option<&Wish>,
    at_once: bool,
    old: impl Fn(&SimMember) -> bool,
) -> Promise {
    let mut promise = Promise { rows: before.iter().map(Promised::kept).collect(), writes: Vec::new() };
    let Promise { rows, writes } = &mut promise;
    match wish {
        None => {}
        Some(Wish::Onboard { people, role }) => {
            for person in people {
                match rows.iter_mut().find(|row| row.email == *person) {
                    Some(row) if row.role == *role => {}
                    Some(row) => {
                        row.role.clone_from(role);
                        writes.push((Op::MemberPatch, person.clone()));
                    }
                    None => {
                        rows.push(Promised {
                            id: None,
                            email: person.clone(),
                            role: role.clone(),
                            accepted: at_once,
                            permissions: None,
                            nickname: None,
                        });
                        writes.push((Op::MemberCreate, person.clone()));
                    }
                }
            }
        }
        Some(Wish::Offboard { people }) => {
            let leaving: Vec<Promised> = rows.extract_if(.., |row| people.contains(&row.email)).collect();
            writes.extend(leaving.into_iter().map(|row| (Op::MemberDelete, row.email)));
        }
        Some(Wish::Reinvite) => {
            for (row, _) in rows.iter_mut().zip(before).filter(|(_, was)| old(was)) {
                row.id = None;
                row.accepted = at_once;
                writes.push((Op::MemberDelete, row.email.clone()));
                writes.push((Op::MemberCreate, row.email.clone()));
            }
        }
    }
    promise
}
