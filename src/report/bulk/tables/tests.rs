use super::*;
use crate::domain::{ReportKind, SentDaily, Told};
use crate::report::bulk::context::Stamp;
use crate::report::bulk::sample::{context, inventory, line};

/// Writes a table as a file of it is written.
fn written(table: Table, inventory: &Inventory, context: &Context) -> String {
    let mut out = csv::WriterBuilder::new().from_writer(Vec::new());
    out.write_record(columns(table).iter().map(|column| column.name)).unwrap();
    let mut write = |cells: &[Cell<'_>]| {
        assert_eq!(cells.len(), columns(table).len(), "{table:?}: a row has a cell for each of its columns");
        for (cell, column) in cells.iter().zip(columns(table)) {
            let number = matches!(cell, Cell::Number(_) | Cell::Signed(_) | Cell::Hundredths(_));
            let blank = *cell == Cell::Nothing;
            assert!(blank || number == is_number(table, column.name), "{table:?}: {} is {cell:?}", column.name);
        }
        out.write_record(cells.iter().map(|cell| cell.for_csv().into_owned())).map_err(io::Error::other)
    };
    if table == Table::Trail {
        write(&trail_row(&line(), &context.stamp)).unwrap();
    } else {
        rows(table, inventory, context, &mut write).unwrap();
    }
    String::from_utf8(out.into_inner().unwrap()).unwrap()
}

/// Returns the cells of a column.
fn column(table: Table, inventory: &Inventory, context: &Context, name: &str) -> Vec<String> {
    let at = columns(table).iter().position(|column| column.name == name).unwrap();
    let mut cells = Vec::new();
    rows(table, inventory, context, &mut |row| {
        cells.push(row[at].for_csv().into_owned());
        Ok(())
    })
    .unwrap();
    cells
}

#[test]
fn the_tables_of_a_workspace_are_as_they_were() {
    let (inventory, context) = (inventory(), context());
    let all: Vec<String> = Table::ALL
        .into_iter()
        .map(|table| format!("== {}\n{}", table.as_str(), written(table, &inventory, &context)))
        .collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn every_table_begins_alike_and_names_no_column_twice() {
    for table in Table::ALL {
        let names: Vec<&str> = columns(table).iter().map(|column| column.name).collect();
        assert_eq!(names[..3], ["workspace", "workspace_id", "observed_at"]);
        let mut once = names.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), names.len(), "{table:?}");
    }
}

#[test]
fn the_order_in_which_the_api_lists_changes_nothing() {
    let context = context();
    let one = inventory();
    let mut other = inventory();
    other.members.as_mut().unwrap().value.reverse();
    other.keys.as_mut().unwrap().value.reverse();
    other.tags.as_mut().unwrap().value.reverse();
    other.campaigns.as_mut().unwrap().value.reverse();
    other.accounts.as_mut().unwrap().value.reverse();
    other.billing.as_mut().unwrap().value.subscriptions.reverse();
    other.webhooks.as_mut().unwrap().value.reverse();
    other.jobs.as_mut().unwrap().value.reverse();
    for table in Table::ALL {
        assert_eq!(written(table, &one, &context), written(table, &other, &context), "{table:?}");
    }
}

#[test]
fn what_was_not_seen_is_blank_and_what_never_was_is_zero() {
    let context = context();
    let mut seen = inventory();
    let sent = |inventory: &Inventory| column(Table::Campaigns, inventory, &context, "sent");
    assert_eq!(sent(&seen), ["1200", "0", "100", "8"], "a draft never sent");
    seen.counts.as_mut().unwrap().incomplete = Some("cut".to_owned());
    assert_eq!(sent(&seen), ["1200", "", "100", "8"], "whether it sent is not known");
    let of_day = |inventory: &Inventory| column(Table::CampaignDays, inventory, &context, "sent");
    assert_eq!(of_day(&seen), ["120", "0", "0"]);
    seen.daily.as_mut().unwrap().incomplete = Some("cut".to_owned());
    assert_eq!(of_day(&seen), ["120", "", ""]);
    let of_account = |inventory: &Inventory| column(Table::Accounts, inventory, &context, "sent");
    assert_eq!(of_account(&seen), ["30", "", "0"]);
    seen.sent = None;
    assert_eq!(of_account(&seen), ["", "", ""]);
    seen.carried.as_mut().unwrap().incomplete = Some("cut".to_owned());
    assert_eq!(column(Table::Tags, &seen, &context, "campaigns"), ["", ""]);
}

#[test]
fn opened_mails_that_nobody_counts_are_no_zero() {
    let context = context();
    let mut seen = inventory();
    let of = |inventory: &Inventory, name| column(Table::Campaigns, inventory, &context, name)[2].clone();
    assert_eq!((of(&seen, "opened"), of(&seen, "open_rate")), ("25".to_owned(), "50.00".to_owned()));
    let north = &mut seen.campaigns.as_mut().unwrap().value[0];
    north.open_tracking = Some(false);
    let id = north.id.clone();
    assert_eq!(of(&seen, "opened"), "25", "they were counted before it was turned off");
    seen.counts.as_mut().unwrap().value.get_mut(&id).unwrap().opened = 0;
    assert_eq!((of(&seen, "opened"), of(&seen, "open_rate")), (String::new(), String::new()));
}

#[test]
fn days_beyond_the_period_count_for_nothing() {
    let context = context();
    let seen = inventory();
    assert_eq!(column(Table::AccountDays, &seen, &context, "sent")[..3], ["30", "0", "0"]);
    assert_eq!(column(Table::Accounts, &seen, &context, "warmup_sent"), ["20", "", ""]);
}

#[test]
fn a_disk_that_is_full_ends_the_rows() {
    let mut taken = 0;
    let refused = rows(Table::AccountDays, &inventory(), &context(), &mut |_| {
        taken += 1;
        if taken == 2 { Err(io::Error::other("full")) } else { Ok(()) }
    });
    assert_eq!((refused.unwrap_err().to_string(), taken), ("full".to_owned(), 2));
}

#[test]
fn a_record_of_the_trail_is_borrowed_whole() {
    let (line, stamp) = (line(), Stamp::new("acme", "w-1", "2026-11-22T10:00:00.9Z".parse().unwrap()));
    assert_eq!(stamp.observed_at, "2026-11-22T10:00:00Z");
    for cell in trail_row(&line, &stamp) {
        assert!(!matches!(cell, Cell::Text(std::borrow::Cow::Owned(_)) | Cell::List(_)), "{cell:?} was copied");
    }
}

#[test]
fn nothing_of_a_table_that_was_not_read_is_made_up() {
    let context = context();
    let whole = inventory();
    let blank = Inventory::of(whole.identity.clone(), whole.at, false);
    for table in Table::ALL.into_iter().filter(|table| *table != Table::Trail) {
        assert_eq!(written(table, &blank, &context).lines().count(), 1, "{table:?}");
    }
}

#[test]
fn an_account_is_asked_for_in_any_case_of_its_address() {
    let mut seen = inventory();
    seen.sent = Some(SentDaily::default());
    seen.tags = Some(Told::whole(seen.tags.unwrap().value));
    let context = Context { kinds: [ReportKind::Accounts].into(), ..context() };
    assert_eq!(
        column(Table::Accounts, &seen, &context, "email"),
        ["ann@mail.example", "Bo@mail.example", "cy@mail.example"]
    );
    assert_eq!(column(Table::Accounts, &seen, &context, "tags"), ["VIP", "", ""]);
    assert_eq!(column(Table::Accounts, &seen, &context, "findings"), ["", "account-disconnected", ""]);
}
