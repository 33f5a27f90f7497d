//! The workspace on the wire (contract section 7), as far as it tells who a key is.

use serde::Deserialize;

use super::classify::{decode, only_error};
use super::wire::Text;
use crate::domain::{Identity, UserId, WorkspaceId};

/// Where the workspace of the key is asked for.
pub(crate) const PATH: &str = "/api/v2/workspaces/current";

/// Where another owner is asked for.
pub(crate) const CHANGE_OWNER: &str = "/api/v2/workspaces/current/change-owner";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CurrentWorkspace<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    owner: Text<'a>,
    #[serde(borrow)]
    plan_id: Text<'a>,
    #[serde(borrow)]
    scheduled_for_removal_at: Text<'a>,
}

/// Decodes an identity. Without a usable id it is none.
pub(crate) fn decode_identity(body: &[u8]) -> Result<Identity, String> {
    let CurrentWorkspace { id, name, owner, plan_id, scheduled_for_removal_at } = decode(body)?;
    let Some(text) = id.filled() else {
        return Err(only_error(body).unwrap_or_else(|| "at `id`: it is missing".to_owned()));
    };
    // The value is not quoted: whatever stands there may be a secret.
    let id = WorkspaceId::parse(text).map_err(|fault| format!("at `id`: expected {}", fault.rule))?;
    Ok(Identity {
        id,
        name: name.0.unwrap_or_default().into_owned(),
        owner: owner.filled().and_then(|owner| UserId::parse(owner).ok()),
        plan_id: plan_id.filled().map(str::to_owned),
        scheduled_for_removal_at: scheduled_for_removal_at.filled().map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!("../../tests/contract/fixtures/", $name))
        };
    }

    #[test]
    fn every_recorded_workspace_is_read() {
        let current = decode_identity(fixture!("workspace.current.json")).unwrap();
        assert_eq!(current.name, "Northwind Dental");
        assert_eq!(current.plan_id.as_deref(), Some("pid_hg_v1"));
        assert_eq!(current.scheduled_for_removal_at, None);
        let minimal = decode_identity(fixture!("workspace.current.minimal.json")).unwrap();
        assert_eq!((minimal.name.as_str(), minimal.plan_id), ("Old Client GmbH", None));
        let doomed = decode_identity(fixture!("workspace.current.removal-scheduled.json")).unwrap();
        assert!(doomed.scheduled_for_removal_at.is_some());
        for body in [
            &fixture!("workspace.patch.json")[..],
            fixture!("workspace.cancel-removal.json"),
            fixture!("workspace.change-owner.json"),
        ] {
            decode_identity(body).unwrap();
        }
    }

    #[test]
    fn without_a_usable_id_it_is_nobody() {
        for body in ["{}", r#"{"id": null}"#, r#"{"id": "../.."}"#, r#"{"error": "NOPE"}"#, "[]", "null", "<html>"] {
            assert!(decode_identity(body.as_bytes()).is_err(), "{body}");
        }
    }
}
