//! Who can get in where: people of several workspaces with a matrix, and the people of one workspace alone beside their workspace.
//!
//! The matrix has a row a workspace and a column a person: a fleet has more workspaces than staff, and a page scrolls down easily and sideways
//! badly. People of one workspace alone (most are clients' own) would make it wide and empty, so they have a list. On paper the matrix is left
//! out: each person's workspaces are written out beside their name instead, which no width of paper can break.

use std::collections::{BTreeMap, BTreeSet};

use super::matrix;
use crate::domain::Table;
use crate::report::bulk::Facts;
use crate::report::bulk::page::FleetInput;
use crate::report::bulk::page::parts::{self, Head};
use crate::report::bulk::page::sums::Seen;
use crate::report::bulk::page::words::{Known, count, grouped};
use crate::report::html::Html;

/// People that are told one by one in each list; all are in the table's file.
const MOST: usize = 250;
/// Workspaces that are named beside a person on a screen.
const NAMED: usize = 4;

/// One person over all workspaces.
#[derive(Debug)]
pub(super) struct Person<'a> {
    /// The address, as it was seen first.
    pub(super) email: &'a str,
    /// Whether they are external; none where that cannot be told.
    pub(super) external: Option<bool>,
    /// Where, by the workspaces' order: each membership or invitation as role and whether it was accepted.
    pub(super) places: BTreeMap<usize, Vec<(&'a str, bool)>>,
    last_login: Option<&'a str>,
}

/// Gathers people by address.
fn gather(facts: &[Facts]) -> Vec<Person<'_>> {
    let mut people: BTreeMap<String, Person<'_>> = BTreeMap::new();
    for (at, facts) in facts.iter().enumerate() {
        for fact in &facts.people {
            let person = people.entry(fact.email.to_ascii_lowercase()).or_insert_with(|| Person {
                email: &fact.email,
                external: fact.external,
                places: BTreeMap::new(),
                last_login: None,
            });
            person.places.entry(at).or_default().push((&fact.role, fact.accepted));
            person.last_login = person.last_login.max(fact.last_login.as_deref());
        }
    }
    people.into_values().collect()
}

/// Writes the section.
pub(super) fn body(input: &FleetInput<'_>) -> Html {
    let mut html = Html::default();
    let facts = input.facts;
    let whole = facts.iter().all(|facts| Seen::of(facts, Table::Members).has_all_rows());
    let people = gather(facts);
    let outside = people.iter().filter(|person| person.external == Some(true)).count() as u64;
    let knows_outside = people.iter().all(|person| person.external.is_some());
    html.raw("<p>").text(&Known::of(people.len() as u64, whole).to_string()).raw(" people");
    if knows_outside && !people.is_empty() {
        html.raw(", of them ").text(&Known::of(outside, whole).to_string()).raw(" external");
    }
    html.raw(".</p>\n");
    if !knows_outside {
        html.raw("<p class=soft>Who is external cannot be told: <code>keyholder.toml</code> names no domains of the agency.</p>\n");
    }
    let (several, one): (Vec<_>, Vec<_>) = people.iter().partition(|person| person.places.len() > 1);
    if !several.is_empty() {
        html.raw("<h3>In several workspaces</h3>\n");
        list(&mut html, input, &several, whole);
        matrix::write(&mut html, input, &several);
    }
    if !one.is_empty() {
        html.raw("<h3>In one workspace alone</h3>\n");
        alone(&mut html, input, &one);
    }
    html
}

fn list(html: &mut Html, input: &FleetInput<'_>, people: &[&Person<'_>], whole: bool) {
    parts::head(
        html,
        "People who are in more than one workspace, by address",
        &[
            Head::Text("Person"),
            Head::Number("Has access to"),
            Head::Number("Invited to"),
            Head::Text("Roles, and where"),
            Head::Text("Last logged login"),
        ],
    );
    for person in people.iter().take(MOST) {
        html.raw("<tr>");
        name(html, person);
        let accepted = |place: &&Vec<(&str, bool)>| place.iter().any(|(_, accepted)| *accepted);
        let has = person.places.values().filter(accepted).count() as u64;
        parts::number(html, if has == 0 && whole { Known::Exact(0) } else { Known::of(has, whole) });
        let open = person.places.values().filter(|place| place.iter().any(|(_, accepted)| !accepted)).count() as u64;
        parts::number(html, Known::of(open, whole));
        html.raw("<td>");
        roles(html, input, person);
        html.raw("</td><td>");
        match person.last_login {
            Some(at) => html.with("time", "datetime", at, at.get(..10).unwrap_or(at)),
            None => html.raw("<span class=soft>none recorded</span>"),
        };
        html.raw("</td></tr>\n");
    }
    parts::close(html);
    parts::more(html, people.len().saturating_sub(MOST), &format!("members.{}", input.ending));
}

/// Writes a person's address, and that they are external by a word.
fn name(html: &mut Html, person: &Person<'_>) {
    html.raw("<th scope=row>").text(person.email);
    if person.external == Some(true) {
        html.raw(" <span class=\"o mark\">external</span>");
    }
    html.raw("</th>");
}

/// Writes each role with its workspaces: a few by name on a screen, all of them on paper.
fn roles(html: &mut Html, input: &FleetInput<'_>, person: &Person<'_>) {
    let mut by_role: BTreeMap<(bool, &str), BTreeSet<usize>> = BTreeMap::new();
    for (at, place) in &person.places {
        for (role, accepted) in place {
            by_role.entry((!accepted, role)).or_default().insert(*at);
        }
    }
    for (index, ((invited, role), places)) in by_role.iter().enumerate() {
        html.raw(if index > 0 { "<br>" } else { "" }).element("b", role);
        html.raw(if *invited { " (invited) in " } else { " in " });
        let names: Vec<&str> = places.iter().map(|at| input.facts[*at].workspace.as_str()).collect();
        let (few, rest) = names.split_at(NAMED.min(names.len()));
        html.text(&few.join(", "));
        if !rest.is_empty() {
            html.raw("<span class=screen> and ").text(&grouped(rest.len() as u64)).raw(" more</span>");
            html.raw("<span class=paper>, ").text(&rest.join(", ")).raw("</span>");
        }
    }
}

fn alone(html: &mut Html, input: &FleetInput<'_>, people: &[&Person<'_>]) {
    let mut by_workspace: BTreeMap<usize, Vec<&Person<'_>>> = BTreeMap::new();
    for person in people {
        let at = *person.places.keys().next().expect("who was gathered was somewhere");
        by_workspace.entry(at).or_default().push(person);
    }
    parts::head(html, "People who are in one workspace alone", &[Head::Text("Workspace"), Head::Text("People")]);
    let mut told = 0;
    for (at, people) in &by_workspace {
        if told >= MOST {
            break;
        }
        told += people.len();
        html.raw("<tr>");
        parts::workspace(html, &input.facts[*at]);
        html.raw("<td>");
        for (index, person) in people.iter().enumerate() {
            html.raw(if index > 0 { "<br>" } else { "" }).text(person.email);
            if person.external == Some(true) {
                html.raw(" <span class=\"o mark\">external</span>");
            }
            for (role, accepted) in &person.places[at] {
                html.raw(" <span class=soft>").text(role).raw(if *accepted { "</span>" } else { ", invited</span>" });
            }
        }
        html.raw("</td></tr>\n");
    }
    parts::close(html);
    let more = people.len().saturating_sub(told);
    if more > 0 {
        html.raw("<p>and ").text(&count(more as u64, "person")).raw(" more: see ");
        html.element("code", &format!("members.{}", input.ending)).raw("</p>\n");
    }
}
