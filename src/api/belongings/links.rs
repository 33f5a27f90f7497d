//! The links of a group on the wire (contract section 9), as its admin workspace sees them.

use serde::Deserialize;

use super::row;
use crate::api::classify::decode;
use crate::api::page::{Incomplete, Row};
use crate::api::wire::Text;
use crate::domain::{Link, LinkId, LinkStatus, WorkspaceId};

/// Where links live.
pub(crate) const PATH: &str = "/api/v2/workspace-group-members";

/// Where a workspace is asked which group it is in.
pub(super) const ADMIN: &str = "/api/v2/workspace-group-members/admin";

/// A link as it came. Unknown members are ignored, everything may be missing; [`LinkRow::check`] judges.
#[derive(Debug, Default, Hash, Deserialize)]
#[serde(default)]
pub(super) struct LinkRow<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    admin_workspace_id: Text<'a>,
    #[serde(borrow)]
    sub_workspace_id: Text<'a>,
    #[serde(borrow)]
    status: Text<'a>,
    #[serde(borrow)]
    sub_workspace_name: Text<'a>,
    #[serde(borrow)]
    admin_workspace_name: Text<'a>,
    #[serde(borrow)]
    timestamp_created: Text<'a>,
}

impl Row for LinkRow<'_> {
    fn id(&self) -> Option<&str> {
        self.id.filled()
    }
}

impl LinkRow<'_> {
    /// Takes the row for a link under the expected admin workspace, or says why it cannot be.
    pub(super) fn check(self, expected: &WorkspaceId) -> Result<Link, Incomplete> {
        let Self {
            id,
            admin_workspace_id,
            sub_workspace_id,
            status,
            sub_workspace_name,
            admin_workspace_name,
            timestamp_created,
        } = self;
        let id = row::id(&id, LinkId::parse)?;
        row::of(&admin_workspace_id, expected, id.as_str())?;
        let sub = sub_workspace_id.filled().and_then(|sub| WorkspaceId::parse(sub).ok());
        let sub = sub.ok_or_else(|| row::lacks(id.as_str(), "sub_workspace_id"))?;
        // Without one it cannot be told whether the link stands, and everything rests on that.
        let status = status.filled().map(LinkStatus::observed);
        let status = status.ok_or_else(|| row::lacks(id.as_str(), "status"))?;
        Ok(Link {
            id,
            admin: expected.clone(),
            sub,
            status,
            sub_name: sub_workspace_name.filled().map(str::to_owned),
            admin_name: admin_workspace_name.filled().map(str::to_owned),
            created: row::text(timestamp_created),
        })
    }
}

/// Takes a single link under the expected admin workspace.
fn decode_link(body: &[u8], expected: &WorkspaceId) -> Result<Link, String> {
    decode::<LinkRow<'_>>(body)?.check(expected).map_err(|fault| fault.to_string())
}

/// Takes the link that was made to a workspace, or says why the answer cannot be about it.
pub(crate) fn decode_invited(body: &[u8], expected: &WorkspaceId, sub: &WorkspaceId) -> Result<Link, String> {
    let link = decode_link(body, expected)?;
    if link.sub == *sub { Ok(link) } else { Err("the answer is about another workspace".to_owned()) }
}

/// Takes the link that was removed, or says why the answer cannot be about it.
pub(crate) fn decode_removed(body: &[u8], expected: &WorkspaceId, asked: &LinkId) -> Result<Link, String> {
    let link = decode_link(body, expected)?;
    if link.id == *asked { Ok(link) } else { Err("the answer is about another link".to_owned()) }
}

/// The group a workspace is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Above {
    /// What the API calls the admin workspace.
    pub name: String,
    /// The link to it, as the admin workspace lists it too.
    pub link: Option<LinkId>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Under<'a> {
    #[serde(borrow)]
    workspace_name: Text<'a>,
    has_admin_workspace: Option<bool>,
    #[serde(borrow)]
    workspace_group_member_id: Text<'a>,
}

/// Takes which group a workspace is in; none is in none. The name alone says nothing: without a group it is the text `Undefined`.
pub(super) fn decode_above(body: &[u8]) -> Result<Option<Above>, String> {
    let Under { workspace_name, has_admin_workspace, workspace_group_member_id } = decode(body)?;
    let link = workspace_group_member_id.filled().and_then(|id| LinkId::parse(id).ok());
    match has_admin_workspace {
        Some(true) => Ok(Some(Above { name: row::text(workspace_name), link })),
        Some(false) => Ok(None),
        None => Err("at `has_admin_workspace`: it is missing".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::api::script::{Line, Stage};
    use crate::api::{Error, Listing, Operation, Writer};
    use crate::domain::permit::ApprovedBy;
    use crate::domain::{Approval, Permit, PlanId, StepId};

    const AGENCY: &str = "0197a1c0-1d2e-7b44-8c10-00000000ad01";
    const SUB: &str = "0198e7b2-0c55-7e92-b3d4-00000000cc01";
    const LINK: &str = "019a3880-7b7b-7c7c-8d7d-000000006a04";

    macro_rules! fixture {
        ($name:literal) => {
            include_str!(concat!("../../../tests/contract/fixtures/", $name))
        };
    }

    fn agency() -> WorkspaceId {
        WorkspaceId::parse(AGENCY).unwrap()
    }

    async fn links(pages: &[&str]) -> Result<Listing<Link>, Error> {
        let stage = Stage::playing(pages.iter().map(|page| Line::Answer(200, (*page).to_owned())));
        let listing = stage.client.links(&agency()).await;
        stage.ended();
        listing
    }

    #[tokio::test(start_paused = true)]
    async fn every_recorded_link_is_read_to_the_end_of_its_list() {
        let listing =
            links(&[fixture!("group-members.page1.json"), fixture!("group-members.last.json")]).await.unwrap();
        assert_eq!(listing.complete, Ok(()));
        let told = |link: &Link| (link.status.to_string(), link.sub_name.clone().unwrap_or_default());
        let told: Vec<_> = listing.rows.iter().map(told).collect();
        let text = |status: &str, name: &str| (status.to_owned(), name.to_owned());
        let wanted = [
            text("accepted", "Northwind Dental"),
            text("accepted", "Old Client GmbH"),
            text("pending", ""),
            text("rejected", "Declined Ltd"),
        ];
        assert_eq!(told, wanted);
        assert!(links(&[fixture!("group-members.empty.json")]).await.unwrap().rows.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_link_of_another_admin_or_without_a_status_cuts_the_listing() {
        let page = |change: fn(&mut Value)| {
            let mut page: Value = serde_json::from_str(fixture!("group-members.last.json")).unwrap();
            change(&mut page["items"][0]);
            page.to_string()
        };
        for (odd, why) in [
            (page(|row| row["admin_workspace_id"] = json!("w-other")), "not of this workspace"),
            (page(|row| row["sub_workspace_id"] = Value::Null), "no usable `sub_workspace_id`"),
            (page(|row| row["status"] = Value::Null), "no usable `status`"),
            (page(|row| row["id"] = json!("../x")), "no usable id"),
        ] {
            let listing = links(&[&odd]).await.unwrap();
            assert_eq!(listing.rows.len(), 1, "{why}");
            assert!(listing.complete.unwrap_err().to_string().contains(why), "{why}");
        }
        let newer = links(&[&page(|row| row["status"] = json!("suspended"))]).await.unwrap();
        assert_eq!((newer.rows[0].status.as_str(), newer.complete), ("suspended", Ok(())));
    }

    #[test]
    fn a_workspace_called_undefined_is_in_no_group_unless_the_answer_says_so() {
        let has = decode_above(fixture!("group-admin.has.json").as_bytes()).unwrap().unwrap();
        assert_eq!(has.name, "Example Agency");
        assert!(has.link.is_some());
        assert_eq!(decode_above(fixture!("group-admin.none.json").as_bytes()), Ok(None));
        let odd = decode_above(br#"{"workspace_name": "Undefined", "has_admin_workspace": true}"#).unwrap();
        assert_eq!(odd, Some(Above { name: "Undefined".to_owned(), link: None }));
        for body in ["{}", "[]", r#"{"workspace_name": "x"}"#, r#"{"error": "NOPE"}"#] {
            assert!(decode_above(body.as_bytes()).is_err(), "{body}");
        }
    }

    /// What a write was answered, and what was sent for it.
    async fn written<T>(
        operation: Operation,
        line: Line,
        write: impl AsyncFnOnce(Writer, crate::api::Slot, Permit) -> Result<T, Error>,
    ) -> (Result<T, Error>, String, Option<String>) {
        let stage = Stage::playing([line]);
        let writer = Writer::new(stage.client.clone(), &Approval::grant(PlanId::of(b"plan"), ApprovedBy::Typed));
        let slot = stage.client.slot(operation).await.unwrap();
        let permit = Permit::issue(agency(), StepId::of(b"step"), 1);
        let came = write(writer, slot, permit).await;
        let seen = stage.ended().remove(0);
        (came, seen.line.split(' ').nth(1).unwrap_or_default().to_owned(), seen.body)
    }

    async fn invited(line: Line) -> (Result<Link, Error>, String, Option<String>) {
        let sub = WorkspaceId::parse(SUB).unwrap();
        written(Operation::LinkCreate, line, async |writer, slot, permit| {
            writer.invite_sub(slot, permit, &agency(), &sub).await
        })
        .await
    }

    async fn removed(answer: Line) -> (Result<Link, Error>, String, Option<String>) {
        let link = LinkId::parse(LINK).unwrap();
        written(Operation::LinkDelete, answer, async |writer, slot, permit| {
            writer.remove_link(slot, permit, &agency(), &link).await
        })
        .await
    }

    #[tokio::test(start_paused = true)]
    async fn an_invitation_names_the_workspace_and_a_removal_the_link() {
        let (came, path, body) = invited(Line::Answer(200, fixture!("group-member.created-pending.json").into())).await;
        assert_eq!(came.unwrap().status, LinkStatus::Pending);
        assert_eq!(path, PATH);
        assert_eq!(body, Some(json!({ "sub_workspace_id": SUB }).to_string()));
        let (came, path, body) = removed(Line::Answer(200, fixture!("group-member.deleted.json").into())).await;
        assert_eq!(came.unwrap().id.as_str(), LINK);
        assert_eq!((path, body), (format!("{PATH}/{LINK}"), None));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_about_anything_else_proves_nothing() {
        let other = fixture!("group-member.get.json");
        for came in [invited(Line::Answer(200, other.into())).await.0, removed(Line::Answer(200, other.into())).await.0]
        {
            assert!(matches!(came, Err(Error::Ambiguous { .. })), "{came:?}");
        }
        let foreign = fixture!("group-member.created-pending.json").replace(AGENCY, "w-other");
        assert!(matches!(invited(Line::Answer(200, foreign)).await.0, Err(Error::Ambiguous { .. })));
        let (came, ..) = invited(Line::Answer(409, fixture!("error.409.group.json").into())).await;
        assert!(matches!(came, Err(Error::Refused { refusal: crate::api::Refusal::Conflict, .. })), "{came:?}");
    }
}
