//! Who can get in where: people of several workspaces with a matrix, and the people of one workspace alone beside their workspace.
//!
//! The matrix has a row a workspace and a column a person: a fleet has more workspaces than staff, and a page scrolls down easily and sideways
//! badly. People of one workspace alone (most are clients' own) would make it wide and empty, so they have a list. On paper the matrix is left
//! out: each person's workspaces are written out beside their name instead, which no width of paper can break.

use std::collections::{BTreeMap, BTreeSet};

use super::matrix;
use crate::domain::Table;
use crate::report::bulk::Facts;
use crate::report::bulk::facts::PersonFact;
use crate::report::bulk::page::FleetInput;
use crate::report::bulk::page::parts::{self, Head};
use crate::report::bulk::page::sums::Seen;
use crate::report::bulk::page::words::{Known, count, grouped};
use crate::report::html::Html;

/// People that are told one by one in each list; all are in the table's file.
const MOST: usize = 250;
/// Workspaces that are named beside a person on a screen.
const NAMED: usize = 4;

/// One membership or invitation: in which of the workspaces, and whose.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    at: usize,
    /// The first bytes of the address, as a number that sorts as they do: what sorting waits for are texts that lie far apart in memory.
    first: u128,
    email: &'a str,
    fact: &'a PersonFact,
}

impl<'a> Place<'a> {
    /// The role, and whether it was accepted.
    pub(super) fn role(&self) -> (&'a str, bool) {
        (&self.fact.role, self.fact.accepted)
    }
}

/// One person over all workspaces.
#[derive(Debug, Clone, Copy)]
pub(super) struct Person<'a> {
    /// The address.
    pub(super) email: &'a str,
    /// Whether they are external; none where that cannot be told.
    pub(super) external: Option<bool>,
    /// Their places, by the workspaces' order; there is at least one.
    places: &'a [Place<'a>],
}

impl<'a> Person<'a> {
    fn of(places: &'a [Place<'a>]) -> Option<Self> {
        let first = places.first()?;
        Some(Self { email: first.email, external: first.fact.external, places })
    }

    /// What they are in each workspace.
    fn workspaces(&self) -> impl Iterator<Item = &'a [Place<'a>]> + use<'a> {
        self.places.chunk_by(|one, other| one.at == other.at)
    }

    /// What they are in one workspace; nothing where they are not in it.
    pub(super) fn within(&self, at: usize) -> &'a [Place<'a>] {
        let from = self.places.partition_point(|place| place.at < at);
        let to = self.places.partition_point(|place| place.at <= at);
        &self.places[from..to]
    }

    fn is_in_several(&self) -> bool {
        self.places.first().map(|place| place.at) != self.places.last().map(|place| place.at)
    }

    fn last_login(&self) -> Option<&'a str> {
        self.places.iter().filter_map(|place| place.fact.last_login.as_deref()).max()
    }
}

/// Gathers places by address and workspace. A report has as many as all its tables of members have rows, so each is one entry and nothing more.
fn gather(facts: &[Facts]) -> Vec<Place<'_>> {
    let mut places = Vec::with_capacity(facts.iter().map(|facts| facts.people.len()).sum());
    for (at, facts) in facts.iter().enumerate() {
        places.extend(facts.people.iter().map(|fact| Place {
            at,
            first: first_bytes(&fact.email),
            email: &fact.email,
            fact,
        }));
    }
    // Addresses are lower-case from when they were read. Stable: two rows of one workspace stay in the order of their table.
    places.sort_by_key(|place| (place.first, place.email, place.at));
    places
}

fn first_bytes(text: &str) -> u128 {
    let mut bytes = [0; 16];
    let first = text.len().min(bytes.len());
    bytes[..first].copy_from_slice(&text.as_bytes()[..first]);
    u128::from_be_bytes(bytes)
}

/// Writes the section.
pub(super) fn body(input: &FleetInput<'_>) -> Html {
    let mut html = Html::default();
    let facts = input.facts;
    let whole = facts.iter().all(|facts| Seen::of(facts, Table::Members).has_all_rows());
    let places = gather(facts);
    let people: Vec<Person<'_>> =
        places.chunk_by(|one, other| one.email == other.email).filter_map(Person::of).collect();
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
    let (several, one): (Vec<_>, Vec<_>) = people.iter().partition(|person| person.is_in_several());
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
        let is_accepted = |place: &Place<'_>| place.fact.accepted;
        let has = person.workspaces().filter(|places| places.iter().any(is_accepted)).count() as u64;
        parts::number(html, if has == 0 && whole { Known::Exact(0) } else { Known::of(has, whole) });
        let open = person.workspaces().filter(|places| !places.iter().all(is_accepted)).count() as u64;
        parts::number(html, Known::of(open, whole));
        html.raw("<td>");
        roles(html, input, person);
        html.raw("</td><td>");
        match person.last_login() {
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
    for place in person.places {
        let (role, accepted) = place.role();
        by_role.entry((!accepted, role)).or_default().insert(place.at);
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
        if let Some(place) = person.places.first() {
            by_workspace.entry(place.at).or_default().push(person);
        }
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
            for (role, accepted) in person.places.iter().map(Place::role) {
                html.raw(" <span class=soft>").text(role).raw(if accepted { "</span>" } else { ", invited</span>" });
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
