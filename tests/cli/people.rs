//! Who and as what: lists of people, `--like`, presets, permissions.

use crate::world::World;

#[test]
fn a_list_of_people_says_who_where_and_as_what() {
    let world = World::three();
    world.write(
        "people.csv",
        "email,role,preset,workspace,label,nickname\n\
         ana@agency.example,view,,,,Ana\n\
         ben@agency.example,,inbox-only,acme,,\n\
         cyd@agency.example,editor,,,tier=gold,\n",
    );
    let ended = world.run(&["onboard", "--from", "people.csv", "-l", "tier=gold", "--yes"]).exits(0);
    let got: Vec<(String, String)> =
        ended.rows().into_iter().map(|row| (row["workspace"].clone(), row["subject"].clone())).collect();
    let expected = [
        ("acme", "ana@agency.example"),
        ("acme", "ben@agency.example"),
        ("acme", "cyd@agency.example"),
        ("globex", "ana@agency.example"),
        ("globex", "cyd@agency.example"),
    ];
    assert_eq!(got, expected.map(|(workspace, email)| (workspace.to_owned(), email.to_owned())), "{ended}");
    let rows = world.sim.members("acme");
    let of = |email: &str| rows.iter().find(|row| row.email == email).unwrap();
    assert_eq!(of("ana@agency.example").nickname.as_deref(), Some("Ana"));
    assert_eq!(of("ben@agency.example").permissions.as_deref(), Some(&["unibox.all".to_owned()][..]));
    assert_eq!(of("cyd@agency.example").role, "editor");
}

#[test]
fn every_bad_line_is_told_with_its_number_and_nothing_is_sent() {
    let world = World::three();
    world.write(
        "people.csv",
        "email,role,permissions,workspace\n\
         not-an-address,view,,\n\
         ana@agency.example,manager,,\n\
         ben@agency.example,editor,no.such,\n\
         ,view,,\n\
         cyd@agency.example,view,,\n\
         CYD@agency.example,editor,,\n",
    );
    let ended = world.run(&["onboard", "--from", "people.csv", "--all", "--yes"]).exits(2);
    for line in [2, 3, 4, 5, 7] {
        assert!(ended.stderr.contains(&format!("people.csv:{line}")), "no line {line}:\n{ended}");
    }
    ended.says("no `@`").says("preset `manager`").says("there is no address").done();
    assert_eq!(world.sim.request_count(), 0);
}

#[test]
fn a_header_that_is_missing_or_unknown_is_told() {
    let world = World::three();
    world.write("people.csv", "ana@agency.example,view\n");
    world
        .run(&["onboard", "--from", "people.csv", "--all", "--yes"])
        .exits(2)
        .says("people.csv:1")
        .says("email")
        .done();
    world.write("people.csv", "email,rolle\nana@agency.example,view\n");
    world.run(&["onboard", "--from", "people.csv", "--all", "--yes"]).exits(2).says("did you mean `role`?").done();
    world.write("people.csv", "");
    world.run(&["offboard", "--from", "people.csv", "--all", "--yes"]).exits(2).says("people.csv").done();
    world.run(&["offboard", "--from", "none.csv", "--all"]).exits(2).says("`none.csv` could not be read").done();
    assert_eq!(world.sim.request_count(), 0);
}

#[test]
fn a_line_outside_of_the_selection_is_an_error_with_its_number() {
    let world = World::three();
    world.write("people.csv", "email,role,workspace\nana@agency.example,view,acme\nben@agency.example,view,globex\n");
    let ended = world.run(&["onboard", "--from", "people.csv", "-w", "acme", "--yes"]).exits(2);
    ended.says("people.csv:3").says("globex").done();
    assert_eq!(world.sim.request_count(), 0);
}

#[test]
fn bad_and_repeated_addresses_on_the_command_line_are_refused() {
    let world = World::three();
    let rest = ["--role", "view", "--all", "--yes"];
    for (emails, why) in [
        (&["ana"][..], "`ana` is not an e-mail address"),
        (&["ana@agency.example", "Ana@Agency.example "][..], "is named twice"),
        (&[][..], "nobody is named"),
    ] {
        world.run(&[&["onboard"], emails, &rest].concat()).exits(2).says(why).done();
    }
    world.run(&["onboard", "ana@agency.example", "--all", "--yes"]).exits(2).says("--preset NAME").done();
    world.write("people.csv", "email\nana@agency.example\n");
    let both = ["offboard", "ana@agency.example", "--from", "people.csv", "--all"];
    world.run(&both).exits(2).says("people.csv:2: email: `ana@agency.example` is named on the command line too").done();
    assert_eq!(world.sim.request_count(), 0);
}

#[test]
fn like_gives_per_workspace_what_the_colleague_has_there() {
    let world = World::three();
    let command = ["onboard", "ana@agency.example", "--like", "mia@agency.example", "-l", "tier=gold", "--yes"];
    let ended = world.run(&command);
    let rows = world.sim.members("acme");
    let ana = rows.iter().find(|row| row.email == "ana@agency.example").unwrap_or_else(|| panic!("{ended}"));
    assert_eq!((ana.role.as_str(), ana.permissions.as_deref()), ("editor", Some(&["unibox.all".to_owned()][..])));
    assert_eq!(world.role("globex", "ana@agency.example"), None, "the colleague is not there\n{ended}");
    ended.exits(0).says("globex: ").done();
}

#[test]
fn presets_built_in_and_own_give_what_they_say() {
    let world = World::three();
    let run = |email: &str, preset: &str| world.run(&["onboard", email, "--preset", preset, "-w", "globex", "--yes"]);
    run("ana@agency.example", "inbox-only").exits(0).done();
    run("ben@agency.example", "SDR").exits(0).done();
    run("cyd@agency.example", "admin").exits(0).done();
    let rows = world.sim.members("globex");
    let of = |email: &str| rows.iter().find(|row| row.email == email).unwrap();
    assert_eq!(of("ana@agency.example").permissions.as_deref(), Some(&["unibox.all".to_owned()][..]));
    assert_eq!(of("ben@agency.example").role, "editor");
    assert!(of("ben@agency.example").permissions.as_ref().unwrap().contains(&"campaigns.edit".to_owned()));
    assert_eq!((of("cyd@agency.example").role.as_str(), &of("cyd@agency.example").permissions), ("admin", &None));
    run("dan@agency.example", "inbox").exits(2).says("there is no preset `inbox`").says("inbox-only").done();
    let role = ["onboard", "dan@agency.example", "--role", "manager", "-w", "globex", "--yes"];
    world
        .run(&role)
        .exits(2)
        .says("the API grants the roles admin, editor and view")
        .says("the preset `manager`")
        .done();
    let narrowed =
        ["onboard", "dan@agency.example", "--role", "view", "--permissions", "unibox.al", "-w", "globex", "--yes"];
    world.run(&narrowed).exits(2).says("did you mean `unibox.all`?").done();
    assert_eq!(world.role("globex", "dan@agency.example"), None);
}

#[test]
fn a_device_is_no_list_and_fills_no_memory() {
    let world = World::three();
    for from in ["/dev/zero", "/dev/null"] {
        let args = ["offboard", "--from", from, "--all", "--plan-only"];
        world.run(&args).exits(2).says("could not be read").says("it is not a regular file").done();
    }
    world.run(&["apply", "/dev/zero", "--confirm", "0123456789ab"]).exits(3).says("it is not a regular file").done();
}

#[test]
fn a_nickname_that_would_move_the_cursor_is_refused_and_a_good_one_is_shown() {
    let world = World::three();
    let with =
        |nickname| ["onboard", "ana@agency.example", "--role", "view", "--nickname", nickname, "--all", "--plan-only"];
    world.run(&with("a\u{1b}[31mb")).exits(2).says("no control characters").done();
    assert!(world.run(&with("Bob")).exits(0).stdout.contains("called \"\"Bob\"\""));
}
