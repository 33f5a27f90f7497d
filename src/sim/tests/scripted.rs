//! Belongings, what the contract leaves open about them, and other hands, as a script writes them down.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Desk;
use crate::sim::{FaultKind, Hand, KeyRecord, KeyShown, Labels, Op, World, put};

const SCRIPT: &str = r#"
[settings]
assign_lag = "5s"
assign_most = 7
drop_filters = ["ids"]
owners_are_members = true
key_shown = "masked"
key_record = "key_id"
keep_own_key = true

[[workspace]]
name = "acme"
owner = "founder@agency.example"
keys = [{ name = "main" }, { name = "CRM", scopes = ["leads:all"], by = "ana@agency.example", record = "id", created = "2026-08-08T08:08:08Z" }]
campaigns = [{ name = "Q4", owner = "ana@agency.example", count = 2, agent = true }]
lead_lists = [{ owner = "ana@agency.example" }]
leads = [{ count = 4, assigned = "ana@agency.example", campaign = "Q4 2" }, { list = "List 1" }]
accounts = [{ count = 2, email = "ana@mail.example", added_by = "ana@agency.example" }]
webhooks = [{ target = "https://hooks.example/in", by = "ana@agency.example" }]
jobs = [{ kind = "export-leads", by = "ana@agency.example", status = "paused" }]
trail = [{ activity = 34, by = "ana@agency.example", at = "2026-11-02T08:00:00Z", count = 2, affected = 12 }]

[[fault]]
kind = "partial"
rows = 3
operation = "leads.assign"

[[fault]]
kind = "meanwhile"
when = "after"
operation = "key.delete"
hand = "give-campaign"
campaign = "Q4 1"
to = "ben@agency.example"

[[fault]]
kind = "meanwhile"
hand = "make-key"
by = "ben@agency.example"
key = "another"
"#;

#[test]
fn a_script_puts_belongings_into_a_workspace() {
    let desk = Desk::script(SCRIPT);
    let (world, ana) = (&desk.world, desk.world.user_id("ana@agency.example"));
    let campaigns = world.campaigns("acme");
    assert_eq!(campaigns.iter().map(|campaign| campaign.name.as_str()).collect::<Vec<_>>(), ["Q4 1", "Q4 2"]);
    assert!(campaigns.iter().all(|campaign| campaign.by_agent && campaign.owned_by == ana));
    let (lists, leads) = (world.lead_lists("acme"), world.leads("acme"));
    assert_eq!((lists[0].name.as_str(), leads.len()), ("List 1", 5));
    assert!(leads[..4].iter().all(|lead| lead.campaign.as_ref() == Some(&campaigns[1].id) && lead.assigned_to == ana));
    assert_eq!((leads[4].list_id.as_ref(), leads[4].assigned_to.as_ref()), (Some(&lists[0].id), None));
    let accounts = world.accounts("acme");
    assert_eq!(
        accounts.iter().map(|account| account.email.as_str()).collect::<Vec<_>>(),
        ["1.ana@mail.example", "2.ana@mail.example"]
    );
    let keys = world.api_keys("acme");
    assert_eq!((keys.len(), keys[1].timestamp_created.as_str()), (2, "2026-08-08T08:08:08.000Z"));
    assert_eq!((world.webhooks("acme").len(), world.jobs("acme")[0].status.as_str()), (1, "paused"));
    let trail = world.trail("acme");
    let mut codes: Vec<i64> = trail.iter().map(|record| record.activity).collect();
    codes.sort_unstable();
    assert_eq!(codes, [6, 6, 18, 34, 34, 37], "everything the vendor's log has a code for");
    assert!(trail.iter().all(|record| record.user_id == ana));
    assert!(trail.iter().any(|record| record.activity == 37 && record.json.contains(&keys[1].id)));
    assert!(trail.iter().any(|record| record.json.contains("\"affected_count\":12")));
}

#[test]
fn a_script_settles_what_the_contract_leaves_open_about_belongings() {
    let world = Desk::script(SCRIPT).world;
    let settings = world.settings();
    assert_eq!((settings.assign_lag, settings.assign_most), (Duration::from_secs(5), Some(7)));
    assert_eq!((settings.drop_filters, settings.owners_are_members), (vec!["ids".to_owned()], true));
    assert_eq!((settings.key_shown, settings.key_record), (KeyShown::Masked, KeyRecord::Id("key_id".into())));
    assert!(settings.keep_own_key);
    let faults: Vec<_> = world.faults().into_iter().map(|count| (count.fault.kind, count.fault.operation)).collect();
    assert_eq!(faults[0], (FaultKind::Partial { rows: 3 }, Some(Op::LeadsAssign)));
    let hands: Vec<_> = faults
        .into_iter()
        .filter_map(|(kind, _)| if let FaultKind::Meanwhile { hand, .. } = kind { Some(hand) } else { None })
        .collect();
    let given = Hand::GiveCampaign { campaign: "Q4 1".to_owned(), to: "ben@agency.example".to_owned() };
    assert_eq!(hands, [given, Hand::Put(put::Key::of("ben@agency.example", "another").into())]);
}

#[test]
fn a_script_that_is_wrong_about_belongings_says_where() {
    let table = [
        ("leads = [{ campaign = \"Q4\" }]", "line 2: leads are in the campaign `Q4`, which is not there"),
        ("campaigns = [{ nane = \"Q4\" }]", "line 4: `nane` is not known here; did you mean `name`?"),
        ("campaigns = [{ id = \"Q4\" }]", "line 4: `id` must be a UUID"),
        ("trail = [{ by = \"a@b.example\" }]", "line 4: `activity` is missing"),
        ("webhooks = [{}]", "line 4: `target` is missing"),
        ("[[fault]]\nkind = \"partial\"", "line 4: `rows` is missing"),
        (
            "[[fault]]\nkind = \"meanwhile\"\nhand = \"give-campain\"",
            "line 6: `give-campain` is nothing another hand does; did you mean",
        ),
        ("[[fault]]\nkind = \"hang\"\noperation = \"campaign.put\"", "line 6: `operation` must be one of"),
    ];
    for (text, wanted) in table {
        let script = format!("version = 1\n[[workspace]]\nname = \"a\"\n{text}");
        let err = World::from_script(&script, 1).unwrap_err().to_string();
        assert!(err.starts_with(wanted), "{text}\n  {err}");
    }
}

#[test]
fn the_sample_fleets_leaver_left_something_of_every_kind() {
    let world = World::northwind(1);
    let marta = world.user_id("marta.leaver@northwind.example");
    let mut kinds = BTreeSet::new();
    for name in world.names() {
        let owned = world.campaigns(&name).iter().any(|campaign| campaign.owned_by == marta);
        let listed = world.lead_lists(&name).iter().any(|list| list.owned_by == marta);
        let assigned = world.leads(&name).iter().any(|lead| lead.assigned_to == marta);
        let added = world.accounts(&name).iter().any(|account| account.added_by == marta);
        let started = world.jobs(&name).iter().any(|job| job.user_id == marta);
        let of = [("campaign", owned), ("list", listed), ("lead", assigned), ("account", added), ("job", started)];
        kinds.extend(of.into_iter().filter(|(_, is)| *is).map(|(kind, _)| kind.to_owned()));
        // A key and a webhook are hers by the trail alone, and of the keys only where it names the id.
        for record in world.trail(&name).iter().filter(|record| record.user_id == marta) {
            let tied = world.api_keys(&name).iter().any(|key| record.json.contains(&key.id));
            kinds.insert(format!("{}{}", record.activity, if tied { " of a key" } else { "" }));
        }
    }
    let all = ["1", "18", "31", "34", "37", "37 of a key", "6", "account", "campaign", "job", "lead", "list"];
    assert_eq!(kinds.iter().map(String::as_str).collect::<Vec<_>>(), all);
}

#[test]
fn nothing_that_is_looked_at_shows_a_secret() {
    let world = World::northwind(9);
    let looked = |name: &String| {
        format!("{:?}{:?}{:?}{:?}", world.api_keys(name), world.webhooks(name), world.trail(name), world.effects(name))
    };
    let text: String = world.names().iter().map(looked).collect();
    assert!(world.keys().iter().all(|key| !text.contains(key)) && !text.contains("not-a-secret"));
}

#[tokio::test(start_paused = true)]
async fn a_script_says_tags_links_and_what_goes_wrong_with_them() {
    let desk = Desk::script(
        r#"
[settings]
labels = "any-case"
toggle_ignores_unknown = true
toggle_most = 50
end_date_included = true

[[workspace]]
name = "agency"
owner = "founder@agency.example"

[[workspace]]
name = "acme"
owner = "founder@agency.example"
admin = ["ana@agency.example"]
campaigns = [{ name = "Q4" }]
accounts = [{ count = 3, email = "ana@mail.example" }]
tags = [
  { label = "owner: ana", description = "Ana's", accounts = ["1.ana@mail.example"], campaigns = ["Q4"] },
  { label = "warm", all_accounts = true },
]

[[group]]
admin = "agency"
links = [{ sub = "acme", status = "pending" }]

[[fault]]
kind = "no-success"
operation = "tag.toggle"

[[fault]]
kind = "partial"
rows = 1
operation = "tag.toggle"

[[fault]]
kind = "meanwhile"
when = "after"
hand = "rename-tag"
tag = "warm"
to = "hot"

[[fault]]
kind = "meanwhile"
when = "after"
hand = "make-owner"
email = "ana@agency.example"

[[fault]]
kind = "meanwhile"
when = "after"
hand = "accept-link"
"#,
    );
    let settings = desk.world.settings();
    assert!(settings.labels == Labels::AnyCase && settings.toggle_ignores_unknown && settings.end_date_included);
    assert_eq!(settings.toggle_most, Some(50));
    let carried: Vec<(String, u8)> =
        desk.world.mappings("acme").into_iter().map(|mapping| (mapping.label, mapping.resource_type)).collect();
    let count = |label: &str, kind: u8| carried.iter().filter(|row| **row == (label.to_owned(), kind)).count();
    assert_eq!((count("owner: ana", 1), count("owner: ana", 2), count("warm", 1)), (1, 1, 3));
    assert_eq!(desk.world.tags("acme")[0].description.as_deref(), Some("Ana's"));
    assert_eq!(desk.world.links()[0].status, "pending");
    desk.get("acme", "custom-tags").await;
    assert_eq!(desk.world.tags("acme")[1].label, "hot");
    assert_eq!(desk.world.owner("acme").as_deref(), Some("ana@agency.example"));
    assert_eq!(desk.world.links()[0].status, "accepted");
    let wrong =
        |line: &str| World::from_script(&format!("version = 1\n[[workspace]]\nname = \"a\"\n{line}"), 7).unwrap_err();
    for (line, said) in [
        ("tags = [{ description = \"x\" }]", "`label` is missing"),
        ("tags = [{ label = \"x\", accounts = [\"no@x.example\"] }]", "a tag is on the account `no@x.example`"),
        ("tags = [{ label = \"x\", campaigns = [\"none\"] }]", "a tag is on the campaign `none`"),
        ("accounts = [{ days = [{ date = \"soon\" }] }]", "`date` must be a day"),
    ] {
        let err = wrong(line).to_string();
        assert!(err.contains(said), "{line}: {err}");
    }
}

#[test]
fn the_sample_fleet_has_tags_owners_and_a_group_to_tell_of() {
    let world = World::northwind(1);
    let labels: BTreeSet<String> =
        world.names().iter().flat_map(|name| world.tags(name)).map(|tag| tag.label).collect();
    assert!(labels.contains("team north") && labels.contains("Team North"), "nearly one label");
    let mailbox = |email: &str| {
        let all = world.names().into_iter().flat_map(|name| world.mappings(&name));
        all.filter(|mapping| mapping.resource == email && mapping.label.starts_with("owner: ")).count()
    };
    let owners =
        ["hello@mail-amberfield.example", "noor@mail-amberfield.example", "beans@mail-cedar-loop.example"].map(mailbox);
    assert_eq!(owners, [0, 1, 2], "nobody's, somebody's, and one of two");
    let told: BTreeSet<String> = world.links().into_iter().map(|link| link.status).collect();
    assert_eq!(told.iter().map(String::as_str).collect::<Vec<_>>(), ["accepted", "pending", "rejected"]);
}
