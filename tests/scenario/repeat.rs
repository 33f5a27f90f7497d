//! The main job and its repetition: a second run sends nothing, and people leave whole.

use crate::support::Stage;
use crate::{ONBOARD, THREE, three};

#[test]
fn a_second_run_sends_no_write() {
    let stage = three("");
    let _first = stage.run(ONBOARD).exits(0);
    let sent = stage.write_requests();
    assert_eq!(sent, 3);
    let second = stage.run(ONBOARD).exits(0);
    assert_eq!(second.outcomes(), ["acme already", "birch already", "cedar already"]);
    assert_eq!(stage.write_requests(), sent);
    let planned = stage.run("onboard nia@agency.example --role editor --all --plan-only --detailed-exitcode").exits(0);
    assert_eq!(planned.rows().len(), 3);
}

#[test]
fn an_open_invitation_is_not_sent_again() {
    let stage = Stage::script(&THREE.replace("at-once", "wait"));
    let first = stage.run(ONBOARD).exits(0);
    assert_eq!(first.outcomes(), ["acme waiting", "birch waiting", "cedar waiting"]);
    assert!(stage.world.accept("birch", "nia@agency.example"));
    let second = stage.run(ONBOARD).exits(0);
    assert_eq!(second.outcomes(), ["acme already", "birch already", "cedar already"]);
    assert_eq!(stage.write_requests(), 3);
}

#[test]
fn the_person_gets_exactly_what_was_asked() {
    let stage = three("");
    let words = ["onboard", "Nia@Agency.example", "--role", "editor", "--permissions", "unibox.all,crm.view"];
    let more = ["--nickname", "Nia, inbox", "-w", "acme", "--yes"];
    let _done = stage.run_words(words.into_iter().chain(more)).exits(0);
    let row = stage.world.members("acme").into_iter().find(|row| row.email == "nia@agency.example").unwrap();
    let mut permissions = row.permissions.unwrap();
    permissions.sort();
    assert_eq!((row.role.as_str(), row.nickname.as_deref()), ("editor", Some("Nia, inbox")));
    assert_eq!(permissions, ["crm.view", "unibox.all"]);
    assert_eq!(stage.writes(), 1);
}

#[test]
fn another_role_is_patched_and_nothing_else_of_the_row_changes() {
    let stage = three("");
    let before = stage.world.members("acme");
    let outcome = stage.run("onboard sam@agency.example --role view --all --yes").exits(0);
    assert_eq!(outcome.outcomes(), ["acme done", "birch done", "cedar done"]);
    assert!(outcome.rows().iter().all(|row| row["kind"] == "member.set_role"));
    let mut wanted = before;
    wanted.iter_mut().filter(|row| row.email == "sam@agency.example").for_each(|row| "view".clone_into(&mut row.role));
    assert_eq!(stage.world.members("acme"), wanted);
}

#[test]
fn other_permissions_are_held_with_the_remedy() {
    let stage = three("");
    let ask = "onboard sam@agency.example --role editor --permissions unibox.all --all --yes";
    let outcome =
        stage.run(ask).exits(30).says("remove and invite again: `keyholder offboard sam@agency.example -w acme`");
    assert_eq!(outcome.outcomes(), ["acme", "birch", "cedar"].map(|name| format!("{name} held permissions_differ")));
    assert_eq!(stage.write_requests(), 0);
}

#[test]
fn a_colleagues_access_is_given_where_the_colleague_has_any() {
    let stage = three("[[workspace]]\nname = \"delta\"\nowner = \"founder@agency.example\"\n");
    let outcome = stage.run("onboard nia@agency.example --like lead@agency.example --all --yes").exits(0);
    assert_eq!(outcome.outcomes(), ["acme done", "birch done", "cedar done"]);
    assert_eq!(stage.role_of("cedar", "nia@agency.example").as_deref(), Some("admin"));
    assert_eq!(stage.world.writes("delta"), 0);
}

#[test]
fn a_leaver_leaves_every_membership_and_every_open_invitation_by_any_address() {
    let stage = Stage::script(
        r#"
        [[person]]
        email = "marta@agency.example"
        account = "marta.leaver@agency.example"

        [[workspace]]
        name = "acme"
        owner = "founder@agency.example"
        admin = ["ops@agency.example"]
        editor = ["marta.leaver@agency.example", "martha.leaver@agency.example"]

        [[workspace]]
        name = "birch"
        owner = "founder@agency.example"
        admin = ["ops@agency.example"]
        invited = [{ email = "marta.leaver@agency.example", role = "view" }]

        [[workspace]]
        name = "cedar"
        owner = "founder@agency.example"
        admin = ["ops@agency.example"]
        editor = ["marta@agency.example"]

        [[workspace]]
        name = "delta"
        owner = "founder@agency.example"
        admin = ["ops@agency.example"]
        "#,
    );
    let ask = "offboard Marta.Leaver@agency.example --all";
    let plan = stage.run(&format!("{ask} --plan-only")).exits(0);
    let wanted = ["acme member.remove send", "birch member.remove send", "cedar member.remove send"];
    assert_eq!(plan.planned()[..3], wanted);
    let outcome = stage.run(&format!("{ask} --confirm {}", plan.plan_id())).exits(0);
    assert_eq!(outcome.outcomes(), ["acme done", "birch done", "cedar done", "delta already"]);
    for name in stage.world.names() {
        let left = stage.world.members(&name);
        let gone = |text: &str| text != "marta.leaver@agency.example" && text != "marta@agency.example";
        assert!(left.iter().all(|row| gone(&row.email) && row.user_email.as_deref().is_none_or(gone)), "{name}");
    }
    assert_eq!(stage.rows_of("acme", "martha.leaver@agency.example"), 1, "a similar name is another person");
    let again = stage.run(&format!("{ask} --yes")).exits(0);
    assert_eq!(again.outcomes(), ["acme already", "birch already", "cedar already", "delta already"]);
}

#[test]
fn an_invitation_is_withdrawn_and_sent_again_with_the_same_access() {
    let stage = Stage::script(
        r#"
        [[workspace]]
        name = "acme"
        owner = "founder@agency.example"
        admin = ["ops@agency.example"]
        invited = [
            { email = "old@agency.example", role = "editor", permissions = ["unibox.all"], nickname = "Old", created = "2026-10-01T00:00:00Z" },
            { email = "new@agency.example", role = "view", created = "2026-11-19T00:00:00Z" },
        ]
        "#,
    );
    let find = |email: &str| stage.world.members("acme").into_iter().find(|row| row.email == email).unwrap();
    let (before, untouched) = (find("old@agency.example"), find("new@agency.example"));
    let ask = "members reinvite --older-than 14d --all";
    let plan = stage.run(&format!("{ask} --plan-only")).exits(0);
    assert_eq!(plan.planned(), ["acme member.remove send", "acme member.invite send"]);
    let outcome = stage.run(&format!("{ask} --confirm {}", plan.plan_id())).exits(0);
    assert_eq!(outcome.outcomes(), ["acme done", "acme waiting"]);
    let after = find("old@agency.example");
    assert_ne!(after.id, before.id);
    let same = |row: &keyholder::sim::SimMember| {
        (row.role.clone(), row.permissions.clone(), row.nickname.clone(), row.accepted)
    };
    assert_eq!(same(&after), same(&before));
    assert_eq!(find("new@agency.example"), untouched);
}

#[test]
fn an_invitation_accepted_between_plan_and_withdrawal_is_left_alone() {
    let stage = Stage::script(
        r#"
        [[workspace]]
        name = "acme"
        owner = "founder@agency.example"
        admin = ["ops@agency.example"]
        invited = [{ email = "old@agency.example", role = "editor" }]

        [[fault]]
        kind = "meanwhile"
        operation = "member.get"
        hand = "accept"
        email = "old@agency.example"
        "#,
    );
    let plan = stage.run("members reinvite --all --plan-only").exits(0).plan_id();
    let outcome = stage.run(&format!("members reinvite --all --confirm {plan}")).exits(31);
    assert_eq!(outcome.outcomes(), ["acme held stale", "acme held after"]);
    assert_eq!(stage.writes(), 0);
}

#[test]
fn a_person_with_a_membership_and_a_stale_invitation_is_onboarded_and_offboarded_whole() {
    let stage = Stage::script(
        r#"
        [[workspace]]
        name = "acme"
        owner = "founder@agency.example"
        admin = ["ops@agency.example"]
        editor = ["sam@agency.example"]
        invited = [{ email = "sam@agency.example", role = "editor" }]
        "#,
    );
    let same = stage.run("onboard sam@agency.example --role editor --all --yes").exits(0);
    assert!(!same.rows().is_empty() && same.rows().iter().all(|row| row["outcome"] == "already"), "{same}");
    let other = stage.run("onboard sam@agency.example --role view --all --yes").exits(0);
    assert_eq!(other.rows().len(), 2, "each row is a step of its own\n{other}");
    let plan = stage.run("offboard sam@agency.example --all --plan-only").exits(0);
    assert_eq!(plan.planned(), ["acme member.remove send"; 2]);
    let _gone = stage.run(&format!("offboard sam@agency.example --all --confirm {}", plan.plan_id())).exits(0);
    assert_eq!(stage.rows_of("acme", "sam@agency.example"), 0);
}

#[test]
fn a_leaver_named_by_both_addresses_is_removed_once() {
    let stage = Stage::script(
        r#"
        [[person]]
        email = "marta@agency.example"
        account = "marta.leaver@agency.example"

        [[workspace]]
        name = "acme"
        owner = "founder@agency.example"
        admin = ["ops@agency.example"]
        editor = ["marta@agency.example"]
        "#,
    );
    let ask = "offboard marta@agency.example marta.leaver@agency.example --all";
    let plan = stage.run(&format!("{ask} --plan-only")).exits(0);
    assert_eq!(plan.planned(), ["acme member.remove send"]);
    let outcome = stage.run(&format!("{ask} --confirm {}", plan.plan_id())).exits(0);
    assert_eq!(outcome.outcomes(), ["acme done"]);
    assert_eq!(stage.rows_of("acme", "marta@agency.example"), 0);
}
