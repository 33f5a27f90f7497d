//! `acceptance-expired`: an acceptance of `[[key_policy.accept]]` whose last day is over. It accepts nothing any more, and stands there as if
//! it did. About our own files, so it is asked once an audit and not once a workspace.

use jiff::civil::Date;

use crate::domain::{About, Finding, FindingCode, KeyPolicy};

/// Returns a finding for every acceptance that is over, in their total order.
pub fn expired(policy: &KeyPolicy, today: Date) -> Vec<Finding> {
    let Some(severity) = policy.severity_of(FindingCode::AcceptanceExpired) else { return Vec::new() };
    let over = policy.accept.iter().filter(|acceptance| acceptance.until < today);
    let mut findings: Vec<Finding> = over
        .map(|acceptance| {
            let workspace = acceptance.workspace.as_ref().map_or(String::new(), |glob| format!(" in `{glob}`"));
            let key = acceptance.key.as_ref().map_or(String::new(), |key| format!(" for `{key}`"));
            let (code, until, reason) = (acceptance.code, acceptance.until, &acceptance.reason);
            Finding {
                code: FindingCode::AcceptanceExpired,
                severity,
                workspace: None,
                workspace_id: None,
                about: About::Place(acceptance.place.clone()),
                evidence: format!("`{code}`{workspace}{key} was accepted until {until} ({}): {reason}", acceptance.place),
                advice: format!("look at it again (`keyholder keys audit --code {code}`), then take the entry out or give it another day"),
                accepted: None,
            }
        })
        .collect();
    findings.sort_unstable();
    findings
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::audit::sample::World;

    pub(crate) fn fires() -> World {
        let mut world = World::clean();
        world.accept(FindingCode::KeyAge, Some("acme"), Some("job"), "2026-11-19");
        world
    }

    /// The last day.
    pub(crate) fn silent() -> World {
        let mut world = World::clean();
        world.accept(FindingCode::KeyAge, Some("acme"), Some("job"), "2026-11-20");
        world
    }

    #[test]
    fn it_says_what_it_accepted_and_where_it_stands() {
        let mut world = fires();
        let found = expired(&world.policy, "2026-11-20".parse().unwrap());
        assert_eq!(
            found[0].evidence,
            "`key-age` in `acme` for `job` was accepted until 2026-11-19 (keyholder.toml:7:1): known"
        );
        assert!(matches!(&found[0].about, About::Place(place) if place.to_string() == "keyholder.toml:7:1"));
        world.policy.severity.insert(FindingCode::AcceptanceExpired, None);
        assert!(expired(&world.policy, "2026-11-20".parse().unwrap()).is_empty());
    }
}
