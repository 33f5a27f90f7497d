//! Pages in plain words: nothing is said twice, nothing contradicts what stands beside it, and a client is not told how we speak with the API.

use keyholder::domain::Table;
use keyholder::report::bulk::Facts;

use super::sample::{client_page, fleet_page, make};
use super::tokens::{Token, read, text};

/// Returns what a person reads, blanks made one.
fn plain(page: &str) -> String {
    text(&read(page).unwrap()).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn cut(facts: &mut Facts, table: Table, why: &str, rows_unsure: bool) {
    let fact = facts.tables.get_mut(&table).unwrap();
    fact.incomplete = Some(why.to_owned());
    fact.rows_unsure = rows_unsure;
}

#[test]
fn a_rate_of_what_was_seen_says_so_once_and_one_whose_count_is_not_known_is_not_known() {
    let mut fleet = make(2, 3);
    for campaign in &mut fleet[0].campaigns {
        campaign.now.iter_mut().chain(&mut campaign.prior).for_each(|counts| {
            counts.bounced = 0;
            counts.replied = counts.replied.max(1);
        });
    }
    cut(&mut fleet[0], Table::Campaigns, "campaigns: the list broke off", true);
    for page in [fleet_page(&fleet[..1]), client_page(&fleet[0])] {
        let plain = plain(&page);
        assert!(plain.contains("of what was seen"), "{plain}");
        assert!(!plain.contains("of what was seen of what was seen"), "{plain}");
        assert!(plain.contains("Bounced not known before: not known"), "{plain}");
        assert!(plain.contains("Bounce rate not known before: not known"), "{plain}");
    }
}

#[test]
fn an_account_that_is_ill_is_nowhere_shown_as_well() {
    let mut facts = make(1, 3).remove(0);
    facts.accounts.truncate(1);
    let account = &mut facts.accounts[0];
    (account.status, account.ill, account.warmup) = ("active".to_owned(), true, None);
    for page in [fleet_page(std::slice::from_ref(&facts)), client_page(&facts)] {
        let row = page.lines().find(|line| line.contains("<th scope=row class=address>hello0@")).unwrap();
        assert!(row.contains("✕ </span>active, too many bounces") && !row.contains("✓"), "{row}");
        let legend = page.split_once("id=l-health>").unwrap().1.split_once("</ul>").unwrap().0;
        assert!(legend.contains("active, too many bounces"), "{legend}");
    }
    facts.accounts[0].status = "connection-error".to_owned();
    assert!(plain(&client_page(&facts)).contains("✕ connection error"));
}

#[test]
fn a_client_is_told_what_was_not_available_and_the_agency_why() {
    const WHY: [&str; 3] = ["webhooks: listing was refused with 403: scope", "a page broke off", "a day is 502"];
    let mut facts = make(1, 3).remove(0);
    cut(&mut facts, Table::Webhooks, WHY[0], true);
    facts.tables.get_mut(&Table::Webhooks).unwrap().rows = 0;
    cut(&mut facts, Table::Members, WHY[1], true);
    cut(&mut facts, Table::CampaignDays, WHY[2], false);
    let (client, agency) = (plain(&client_page(&facts)), plain(&fleet_page(std::slice::from_ref(&facts))));
    for why in WHY {
        assert!(!client.contains(why) && agency.contains(why), "{why}");
    }
    for words in [
        "webhooks not known ? not whole : was not available for this report",
        "? not whole : not all of it was available for this report",
        "? not whole : every row is there, but not all that stands beside them was available",
    ] {
        assert!(client.contains(words), "{client}");
    }
}

#[test]
fn the_agencys_page_over_one_client_does_not_say_that_it_names_several() {
    assert!(plain(&fleet_page(&make(2, 3))).contains("names several clients"));
    let one = plain(&fleet_page(&make(1, 3)));
    assert!(!one.contains("several") && one.contains("do not hand it to the client"), "{one}");
}

#[test]
fn an_address_is_never_broken_within() {
    let mut facts = make(1, 3).remove(0);
    facts.accounts.iter_mut().for_each(|account| account.ill = true);
    for page in [client_page(&facts), fleet_page(std::slice::from_ref(&facts))] {
        assert!(page.contains(".address{white-space:nowrap}"));
        let tokens = read(&page).unwrap();
        let mut addresses = 0;
        for pair in tokens.windows(2) {
            let [Token::Open { name, attributes, .. }, Token::Text(text)] = pair else { continue };
            let class = attributes.get("class").map(String::as_str);
            // Those of the matrix stand in a column of their own.
            if name == "th" && text.contains('@') {
                addresses += 1;
                assert!(class == Some("address") || page.contains("matrix"), "{text}");
            }
        }
        assert!(addresses > 0);
    }
}
