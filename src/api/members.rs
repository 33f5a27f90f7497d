//! Members on the wire (contract section 8), and how a row becomes a [`Member`].

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::classify::{decode, only_error};
use super::page::{Incomplete, Row};
use super::wire::Text;
use crate::domain::{Email, Member, MemberId, Permissions, Role, UserId, WorkspaceId};

/// Where members live.
pub(crate) const PATH: &str = "/api/v2/workspace-members";

/// A member as it came. Unknown members are ignored, everything may be missing; [`MemberRow::check`] judges.
#[derive(Debug, Clone, Default, Hash, Deserialize)]
#[serde(default)]
pub(crate) struct MemberRow<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    email: Text<'a>,
    #[serde(borrow)]
    user_id: Text<'a>,
    #[serde(borrow)]
    user_email: Text<'a>,
    #[serde(borrow)]
    nickname: Text<'a>,
    name: Name,
    #[serde(borrow)]
    role: Text<'a>,
    #[serde(borrow)]
    timestamp_created: Text<'a>,
    #[serde(borrow)]
    workspace_id: Text<'a>,
    #[serde(borrow)]
    accepted: Text<'a>,
    #[serde(borrow)]
    issuer_id: Text<'a>,
    permissions: Granted,
}

/// `permissions` as it came: null, a list, or something the contract does not know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
enum Granted {
    #[default]
    ByRole,
    These(Vec<String>),
    Odd,
}

impl<'de> Deserialize<'de> for Granted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Value::deserialize(deserializer)? {
            Value::Null => Self::ByRole,
            Value::Array(items) => items
                .into_iter()
                .map(|item| match item {
                    Value::String(text) => Some(text),
                    _ => None,
                })
                .collect::<Option<_>>()
                .map_or(Self::Odd, Self::These),
            _ => Self::Odd,
        })
    }
}

/// First and last name as one text; any other shape is no name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Name(Option<String>);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NameVisitor).map(Self)
    }
}

struct NameVisitor;

impl<'de> Visitor<'de> for NameVisitor {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name or null")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut first, mut last) = (Text::default(), Text::default());
        while let Some(key) = map.next_key::<Text<'_>>()? {
            match key.filled() {
                Some("first") => first = map.next_value()?,
                Some("last") => last = map.next_value()?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let words: Vec<&str> = [&first, &last].into_iter().filter_map(|part| part.filled().map(str::trim)).collect();
        Ok((!words.is_empty()).then(|| words.join(" ")))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }
}

impl Row for MemberRow<'_> {
    fn id(&self) -> Option<&str> {
        self.id.filled()
    }
}

impl MemberRow<'_> {
    /// Takes the row for a member of the expected workspace, or says why it cannot be. Where none is expected, the row says
    /// itself which it is of.
    ///
    /// What is told about a person must be told whole: a row without address, role or state could not be matched, guarded or
    /// judged, so it makes its listing incomplete, like one whose id is unusable. An odd user id or creation time is harmless.
    pub(crate) fn check(self, expected: Option<&WorkspaceId>) -> Result<Member, Incomplete> {
        let Self {
            id,
            email,
            user_id,
            user_email,
            nickname,
            name,
            role,
            timestamp_created,
            workspace_id,
            accepted,
            issuer_id,
            permissions,
        } = self;
        let id = id.filled().and_then(|id| MemberId::parse(id).ok()).ok_or(Incomplete::IdUnusable)?;
        let workspace_id = workspace_id
            .filled()
            .and_then(|id| WorkspaceId::parse(id).ok())
            .filter(|seen| expected.is_none_or(|expected| seen == expected))
            .ok_or_else(|| Incomplete::OtherWorkspace { id: id.to_string() })?;
        let lacks = |field| Incomplete::Lacks { id: id.to_string(), field };
        let email = Email::observed(email.filled().ok_or_else(|| lacks("email"))?);
        let role = Role::observed(role.filled().ok_or_else(|| lacks("role"))?);
        let accepted = accepted.filled().and_then(|text| text.parse().ok()).ok_or_else(|| lacks("accepted"))?;
        let permissions = match permissions {
            Granted::ByRole => None,
            Granted::These(names) => Some(Permissions::of(names)),
            Granted::Odd => return Err(lacks("permissions")),
        };
        let account = |id: &Text<'_>| id.filled().and_then(|id| UserId::parse(id).ok());
        Ok(Member {
            user_id: account(&user_id),
            user_email: user_email.filled().map(Email::observed),
            issuer_id: account(&issuer_id),
            nickname: nickname.filled().map(str::to_owned),
            timestamp_created: timestamp_created.0.unwrap_or_default().into_owned(),
            workspace_id,
            id,
            email,
            role,
            permissions,
            accepted,
            name: name.0,
        })
    }
}

/// Decodes one member, of the expected workspace where one is.
pub(crate) fn decode_member(body: &[u8], expected: Option<&WorkspaceId>) -> Result<Member, String> {
    let row: MemberRow<'_> = decode(body)?;
    if let Some(error) = row.id.filled().is_none().then(|| only_error(body)).flatten() {
        return Err(error);
    }
    row.check(expected).map_err(|fault| fault.to_string())
}

/// An invitation to send (POST).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Invite {
    /// The address to invite.
    pub email: Email,
    /// The role to grant.
    pub role: Role,
    /// The permissions; none means whatever the role gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Permissions>,
    /// The nickname only the owner sees, at most 80 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!("../../tests/contract/fixtures/", $name))
        };
    }

    fn workspace() -> WorkspaceId {
        WorkspaceId::parse("0197a1c3-5f60-7d11-9a21-00000000aa01").unwrap()
    }

    #[test]
    fn every_recorded_member_is_read() {
        for body in [
            &fixture!("member.get.json")[..],
            fixture!("member.created-pending.json"),
            fixture!("member.patched.json"),
            fixture!("member.patched-unchanged.json"),
            fixture!("member.deleted.json"),
        ] {
            decode_member(body, Some(&workspace())).unwrap();
        }
        let member = decode_member(fixture!("member.get.json"), Some(&workspace())).unwrap();
        assert_eq!(member.email, Email::observed("sdr.one@agency.example"));
        assert_eq!(member.user_email, Some(Email::observed("sdr.one+login@agency.example")));
        assert_eq!((member.role, member.accepted, member.nickname), (Role::Editor, true, None));
        assert_eq!(member.name.as_deref(), Some("Noor Haddad"));
        assert_eq!(member.permissions.unwrap().0.len(), 5);
        let invited = decode_member(fixture!("member.created-pending.json"), Some(&workspace())).unwrap();
        assert!(!invited.accepted && invited.user_email.is_none());
    }

    #[test]
    fn only_what_decides_must_be_there() {
        let minimal = r#"{"id": "m1", "email": "A@b.example", "role": "wizard", "accepted": false,
            "workspace_id": "0197a1c3-5f60-7d11-9a21-00000000aa01", "name": "odd", "nickname": 7, "user_id": "not an id"}"#;
        let member = decode_member(minimal.as_bytes(), Some(&workspace())).unwrap();
        assert_eq!(member.role, Role::Other("wizard".to_owned()));
        assert_eq!((member.user_id, member.name, member.permissions), (None, None, None));
        for field in ["email", "role", "accepted", "id", "workspace_id"] {
            let mut lacking: Value = serde_json::from_str(minimal).unwrap();
            lacking[field] = Value::Null;
            assert!(decode_member(lacking.to_string().as_bytes(), Some(&workspace())).is_err(), "{field}");
        }
    }

    #[test]
    fn a_row_of_another_workspace_or_without_a_usable_id_is_no_member_here() {
        let other = WorkspaceId::parse("another").unwrap();
        let row: MemberRow = decode(fixture!("member.get.json")).unwrap();
        assert!(matches!(row.clone().check(Some(&other)), Err(Incomplete::OtherWorkspace { .. })));
        let row = MemberRow { id: Text(Some("../x".into())), ..row };
        assert_eq!(row.check(Some(&workspace())), Err(Incomplete::IdUnusable));
    }

    #[test]
    fn a_200_that_is_only_an_error_is_no_member() {
        let fault = decode_member(fixture!("error.200-with-error-body.json"), Some(&workspace())).unwrap_err();
        assert!(fault.contains("ACC_NOT_FOUND"), "{fault}");
        assert!(decode_member(b"{}", Some(&workspace())).is_err());
    }

    #[test]
    fn an_invitation_carries_only_what_was_asked() {
        let invite = Invite {
            email: Email::observed("new@agency.example"),
            role: Role::Editor,
            permissions: None,
            nickname: None,
        };
        assert_eq!(serde_json::to_string(&invite).unwrap(), r#"{"email":"new@agency.example","role":"editor"}"#);
        let narrowed =
            Invite { permissions: Some(Permissions::of(["unibox.all"])), nickname: Some("N".to_owned()), ..invite };
        assert_eq!(
            serde_json::to_string(&narrowed).unwrap(),
            r#"{"email":"new@agency.example","role":"editor","permissions":["unibox.all"],"nickname":"N"}"#
        );
    }
}
