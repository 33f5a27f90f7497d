//! Who is who: which rows of a listing are one person's.

use crate::domain::{Change, Email, Member, UserId};

/// The rows of one person.
#[derive(Debug, PartialEq, Eq)]
pub enum Person<'a> {
    /// No row bears the address.
    Nobody,
    /// These rows, in the order of their ids; a membership and a stale invitation can coexist.
    Rows(Vec<&'a Member>),
    /// Rows bear the address whose accounts differ: it can't be told whose they are.
    Ambiguous(Vec<&'a Member>),
}

impl<'a> Person<'a> {
    /// Returns the rows that bear the address, be it told whose they are or not.
    pub fn bearing(self) -> Vec<&'a Member> {
        match self {
            Self::Nobody => Vec::new(),
            Self::Rows(rows) | Self::Ambiguous(rows) => rows,
        }
    }

    /// Returns the rows that are surely the person's: none where that cannot be told.
    pub fn surely(self) -> Vec<&'a Member> {
        match self {
            Self::Nobody | Self::Ambiguous(_) => Vec::new(),
            Self::Rows(rows) => rows,
        }
    }
}

/// Finds the rows of a person (design section 5, *the same person*).
///
/// Rows whose `email` matches are the person's. A row that matches only by `user_email` is the person's too, unless another row
/// bears that address with another user id: then all of them are ambiguous. An unknown user id differs from every other.
pub fn find<'a>(members: &'a [Member], email: &Email) -> Person<'a> {
    let mut rows: Vec<&Member> =
        members.iter().filter(|row| row.email == *email || row.user_email.as_ref() == Some(email)).collect();
    // Where one row stands for all (whom to be like, what an ambiguity rests on), the order of a listing must not choose it.
    rows.sort_by(|a, b| a.id.cmp(&b.id));
    if rows.is_empty() {
        return Person::Nobody;
    }
    let contested = rows.iter().filter(|row| row.email != *email).any(|by_account| {
        rows.iter()
            .filter(|other| other.id != by_account.id)
            .any(|other| other.user_id.is_none() || other.user_id != by_account.user_id)
    });
    if contested { Person::Ambiguous(rows) } else { Person::Rows(rows) }
}

/// Finds the rows of the person a change is about; nobody where it is about none.
pub fn of_change<'a>(members: &'a [Member], change: &Change) -> Person<'a> {
    change.person().map_or(Person::Nobody, |email| find(members, email))
}

/// Tells whether a person is an accepted member with this account.
pub fn is_accepted(members: &[Member], email: &Email, account: Option<&UserId>) -> bool {
    match find(members, email) {
        Person::Rows(rows) => {
            rows.iter().any(|row| row.accepted && row.user_id.is_some() && row.user_id.as_ref() == account)
        }
        Person::Nobody | Person::Ambiguous(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::members::tests::member;

    fn email(text: &str) -> Email {
        Email::parse(text).unwrap()
    }

    #[test]
    fn a_membership_and_a_stale_invitation_are_both_the_persons() {
        let rows = [member("m1", "a@x.example", "editor"), member("m2", "a@x.example", "view")];
        assert!(matches!(find(&rows, &email("A@x.example")), Person::Rows(found) if found.len() == 2));
    }

    #[test]
    fn an_account_address_counts_unless_someone_else_bears_it() {
        let mut by_account = member("m1", "alias@x.example", "editor");
        by_account.user_email = Some(email("a@x.example"));
        assert!(matches!(find(std::slice::from_ref(&by_account), &email("a@x.example")), Person::Rows(_)));

        let same_account = Member { user_id: by_account.user_id.clone(), ..member("m2", "a@x.example", "view") };
        assert!(matches!(find(&[by_account.clone(), same_account], &email("a@x.example")), Person::Rows(_)));

        let other_account = member("m3", "a@x.example", "view");
        assert!(matches!(find(&[by_account, other_account], &email("a@x.example")), Person::Ambiguous(_)));
    }

    #[test]
    fn a_look_alike_is_nobody() {
        let rows = [member("m1", "ıda@x.example", "editor"), member("m2", "ida+x@x.example", "editor")];
        assert_eq!(find(&rows, &email("ida@x.example")), Person::Nobody);
    }
}
