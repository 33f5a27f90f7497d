//! The pages of findings: one for every code, with how grave it is and how to accept it put in from the code.

use crate::domain::FindingCode;

/// Returns what a finding says, in a few words, and its page.
fn parts(code: FindingCode) -> (&'static str, &'static str) {
    let page = match code {
        FindingCode::WildcardScope => include_str!("../../help/findings/wildcard-scope.md"),
        FindingCode::ResourceWide => include_str!("../../help/findings/resource-wide.md"),
        FindingCode::GrantsAccess => include_str!("../../help/findings/grants-access.md"),
        FindingCode::KeyAge => include_str!("../../help/findings/key-age.md"),
        FindingCode::KeyIdle => include_str!("../../help/findings/key-idle.md"),
        FindingCode::DuplicateName => include_str!("../../help/findings/duplicate-name.md"),
        FindingCode::BadName => include_str!("../../help/findings/bad-name.md"),
        FindingCode::NoOwner => include_str!("../../help/findings/no-owner.md"),
        FindingCode::MakerLeft => include_str!("../../help/findings/maker-left.md"),
        FindingCode::ReplacedLeft => include_str!("../../help/findings/replaced-left.md"),
        FindingCode::MadeOutside => include_str!("../../help/findings/made-outside.md"),
        FindingCode::SharedSecret => include_str!("../../help/findings/shared-secret.md"),
        FindingCode::OpensAnother => include_str!("../../help/findings/opens-another.md"),
        FindingCode::KeyTooWide => include_str!("../../help/findings/key-too-wide.md"),
        FindingCode::UndocumentedScope => include_str!("../../help/findings/undocumented-scope.md"),
        FindingCode::RotateBy => include_str!("../../help/findings/rotate-by.md"),
        FindingCode::RegisterStale => include_str!("../../help/findings/register-stale.md"),
        FindingCode::AcceptanceExpired => include_str!("../../help/findings/acceptance-expired.md"),
        FindingCode::TagDuplicate => include_str!("../../help/findings/tag-duplicate.md"),
        FindingCode::TagNearDuplicate => include_str!("../../help/findings/tag-near-duplicate.md"),
        FindingCode::TagUnknown => include_str!("../../help/findings/tag-unknown.md"),
        FindingCode::AccountDisconnected => include_str!("../../help/findings/account-disconnected.md"),
        FindingCode::AccountBounces => include_str!("../../help/findings/account-bounces.md"),
        FindingCode::AccountNoOwner => include_str!("../../help/findings/account-no-owner.md"),
        FindingCode::AccountOwners => include_str!("../../help/findings/account-owners.md"),
        FindingCode::OwnerNotMember => include_str!("../../help/findings/owner-not-member.md"),
        FindingCode::GroupUnconfigured => include_str!("../../help/findings/group-unconfigured.md"),
        FindingCode::GroupMissing => include_str!("../../help/findings/group-missing.md"),
        FindingCode::GroupPending => include_str!("../../help/findings/group-pending.md"),
        FindingCode::GroupRejected => include_str!("../../help/findings/group-rejected.md"),
        FindingCode::GroupOtherAdmin => include_str!("../../help/findings/group-other-admin.md"),
    };
    // The head of every page is `# code: what it says`; a test reads them all.
    let head = page.lines().next().unwrap_or_default();
    (head.split_once(": ").map_or("", |(_, about)| about), page)
}

/// Returns the page of a code.
pub fn page(code: FindingCode) -> String {
    let (_, page) = parts(code);
    let severity = code.severity();
    if !code.is_about_keys() {
        return format!("{page}\n## How grave it is\n\n`{severity}`.\n");
    }
    let other = if severity.as_str() == "high" { "medium" } else { "high" };
    let grave = format!(
        "{page}\n## How grave it is\n\n`{severity}`, unless keyholder.toml says otherwise; \"off\" turns the rule off:\n\n\
         \x20   [key_policy.severity]\n    {code} = \"{other}\"\n"
    );
    if code == FindingCode::AcceptanceExpired {
        return grave;
    }
    let key = if is_about_keys(code) {
        "    key = \"KEY-ID\"              # id, name or a glob over names; left out: any\n"
    } else {
        ""
    };
    format!(
        "{grave}\n## Accepting it\n\nFor a time and with a reason; the last day still counts, after it the finding is back:\n\n\
         \x20   [[key_policy.accept]]\n    code = \"{code}\"\n    workspace = \"acme\"          # name or glob; left out: any\n{key}    \
         reason = \"why it may stay\"\n    until = \"2027-06-30\"\n"
    )
}

/// Tells whether a finding is about a key, and not about how the workspace is reached.
fn is_about_keys(code: FindingCode) -> bool {
    !matches!(code, FindingCode::SharedSecret | FindingCode::OpensAnother)
}

/// Lists the codes, gravest rules first: code, how grave, what it says.
pub(super) fn overview() -> String {
    let mut codes = FindingCode::ALL;
    codes.sort_by_key(|code| std::cmp::Reverse(code.severity()));
    let line = |code: FindingCode| format!("  {code:<20} {:<9} {}\n", code.severity(), parts(code).0);
    codes.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_page_that_begins_with_it_and_says_why_and_what_to_do() {
        for code in FindingCode::ALL {
            let page = page(code);
            let (about, _) = parts(code);
            assert!(page.starts_with(&format!("# {code}: {about}\n\n")) && !about.is_empty(), "{code}");
            for said in ["\nWhy it matters: ", "\nWhat to do: "] {
                assert!(page.contains(said), "{code}: {said}");
            }
            assert!(page.contains(&format!("`{}`", code.severity())), "{code}");
            assert_eq!(page.contains("[key_policy.severity]"), code.is_about_keys(), "{code}");
            let accepted = code.is_about_keys() && code != FindingCode::AcceptanceExpired;
            assert_eq!(page.contains("[[key_policy.accept]]\n"), accepted, "{code}");
        }
    }

    #[test]
    fn the_overview_names_every_code_once() {
        let overview = overview();
        assert_eq!(overview.lines().count(), FindingCode::ALL.len());
        for code in FindingCode::ALL {
            assert_eq!(overview.matches(&format!("  {code} ")).count(), 1, "{code}");
        }
        assert!(overview.starts_with("  opens-another        critical  "), "{overview}");
    }
}
