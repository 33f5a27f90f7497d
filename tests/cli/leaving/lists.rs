//! Leavers from a file: heirs, last days, and every mistake with its line.

use super::{HEIR, LEE, agency, carried_out, outcomes};

#[test]
fn every_mistake_of_a_list_of_leavers_is_told_with_its_line_and_nothing_is_sent() {
    let world = agency();
    world.write(
        "leavers.csv",
        "email,role,preset,permissions,nickname,hand_over_to,last_day,workspace\n\
         lee@agency.example,view,,,,,,\n\
         ops@agency.example,,sdr,,,,,\n\
         a@agency.example,,,unibox.all,,,,\n\
         b@agency.example,,,,Bee,,,\n\
         c@agency.example,,,,,lee@agency.example,,\n\
         d@agency.example,,,,,d@agency.example,,\n\
         e@agency.example,,,,,,tomorrow,\n\
         f@agency.example,,,,,,,nowhere\n",
    );
    let ended = world.run(&["offboard", "--from", "leavers.csv", "--all", "--plan-only"]).exits(2);
    for line in 2..=9 {
        assert!(ended.stderr.contains(&format!("leavers.csv:{line}:")), "no line {line}:\n{ended}");
    }
    ended.says("who leaves gets no access").says("`lee@agency.example` leaves as well, in line 2").done();
    let both = ["offboard", LEE, "--hand-over-to", "Lee@Agency.example", "--all"];
    world.run(&both).exits(2).says("lee@agency.example leaves as well").done();
    world.run(&["offboard", LEE, "--hand-over-to", "lee", "--all"]).exits(2).says("(--hand-over-to)").done();
    assert_eq!(world.sim.request_count(), 0);
}

#[test]
fn a_row_stands_above_the_flag() {
    let world = agency();
    world.write("leavers.csv", "email,hand_over_to\nlee@agency.example,second@agency.example\n");
    let args = ["offboard", "--from", "leavers.csv", "--hand-over-to", HEIR, "-w", "acme"];
    carried_out(&world, &args).exits(0).done();
    let second = Some(world.sim.user_id("second@agency.example").unwrap());
    let leads: Vec<_> = world.sim.leads("acme").into_iter().map(|lead| lead.assigned_to).collect();
    assert_eq!(leads, [second.clone(), second.clone(), second]);
}

#[test]
fn through_their_last_day_everything_is_held_and_the_day_after_it_is_sent() {
    let world = agency();
    world.write("leavers.csv", "email,last_day,hand_over_to\nlee@agency.example,2026-11-30,heir@agency.example\n");
    let args = ["offboard", "--from", "leavers.csv", "-w", "acme", "--plan-only"];
    let at = |moment: &str| {
        let mut command = world.command(&args);
        command.env("KEYHOLDER_TEST_START", moment);
        world.finish(command)
    };
    for moment in ["2026-11-02T09:00:00Z", "2026-11-30T23:59:50Z"] {
        let ended = at(moment).exits(30);
        let held = ended.rows();
        assert!(held.len() > 1 && held.iter().all(|row| row["held"] == "last_day"), "{moment}\n{ended}");
    }
    let ended = at("2026-12-01T00:00:00Z").exits(0);
    assert!(ended.rows().iter().all(|row| row["planned"] == "send"), "{ended}");
    assert_eq!(world.writes(), 0);
}

#[test]
fn rows_of_one_person_may_hand_over_to_different_people_in_different_workspaces() {
    let world = agency();
    world.sim.put("globex", keyholder::sim::put::Campaigns::of(LEE, 1).named("Solo"));
    world.write(
        "leavers.csv",
        "email,hand_over_to,workspace\nlee@agency.example,heir@agency.example,acme\n\
         lee@agency.example,second@agency.example,globex\n",
    );
    let ended = carried_out(&world, &["offboard", "--from", "leavers.csv", "--all"]).exits(0);
    let done = |kind: &str| (kind.to_owned(), "done".to_owned());
    assert_eq!(outcomes(&ended, "globex"), [done("campaign.hand_over"), done("member.remove")], "{ended}");
    let heirs = [HEIR, "second@agency.example"].map(|email| Some(world.sim.user_id(email).unwrap()));
    assert_ne!(heirs[0], heirs[1]);
    let solo: Vec<_> = world.sim.campaigns("globex").into_iter().map(|campaign| campaign.owned_by).collect();
    assert_eq!(solo, [heirs[1].clone()]);
    let leads: Vec<_> = world.sim.leads("acme").into_iter().map(|lead| lead.assigned_to).collect();
    assert_eq!(leads, [heirs[0].clone(), heirs[0].clone(), heirs[0].clone()]);
    let paper = super::certificate(&world, LEE);
    assert_eq!(paper["workspaces"].as_array().unwrap().len(), 2, "initech was not asked for: {paper:#}");
}
