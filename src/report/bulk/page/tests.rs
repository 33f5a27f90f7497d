//! What pages say, and what they never do.

use super::*;
use crate::domain::Table;
use crate::report::bulk::facts::TableFact;

#[test]
fn a_page_of_nothing_known_has_no_zero_in_place_of_it() {
    let kinds = [ReportKind::Campaigns].into();
    let facts = Facts {
        workspace: "acme".into(),
        tables: [(
            Table::Campaigns,
            TableFact { rows: 0, incomplete: Some("the plan does not allow it".into()), rows_unsure: true },
        )]
        .into(),
        ..Facts::default()
    };
    let period = Period::new("2026-10-01".parse().unwrap(), "2026-10-31".parse().unwrap()).unwrap();
    let page = client(&ClientInput { agency: None, colour: None, period, kinds: &kinds, ending: "csv", facts: &facts });
    assert!(
        page.contains("<span class=big>not known</span>") && page.contains("was not available for this report"),
        "{page}"
    );
    assert!(!page.contains("the plan does not allow it"), "why is between the agency and the API: {page}");
    assert!(!page.contains("<span class=big>0</span>"), "{page}");
}
