//! The matrix of people and workspaces: a letter a role, the words for the letters beneath.

use std::collections::HashSet;

use foldhash::fast::RandomState;

use super::people::{Person, Place};
use crate::domain::Table;
use crate::report::bulk::Facts;
use crate::report::bulk::page::FleetInput;
use crate::report::bulk::page::parts;
use crate::report::bulk::page::sums::Seen;
use crate::report::bulk::page::words::{Known, grouped};
use crate::report::html::Html;

/// People with a column; more would not be found in it. The list has all of them.
const MOST: usize = 100;

/// Writes the matrix; on paper it is left out.
pub(super) fn write(html: &mut Html, input: &FleetInput<'_>, people: &[&Person<'_>]) {
    let shown = &people[..people.len().min(MOST)];
    html.raw("<div class=screen>\n<h3>Who is in which workspace</h3>\n<div class=\"wide matrix\" role=region tabindex=0 aria-label=\"Who is in which workspace\"><table>");
    html.raw("<caption>Workspaces and the people in them, a letter a role</caption><thead><tr>");
    html.raw("<th scope=col class=corner>Workspace</th><th scope=col><span class=turn>People in it</span></th>");
    for person in shown {
        html.raw("<th scope=col").attribute("title", person.email).raw("><span class=turn>");
        column(html, person);
        html.raw("</span></th>");
    }
    html.raw("</tr></thead><tbody>\n");
    for (at, facts) in input.facts.iter().enumerate() {
        html.raw("<tr>");
        parts::workspace(html, facts);
        let seen = Seen::of(facts, Table::Members);
        if matches!(seen, Seen::Unread | Seen::NotAsked) {
            html.raw("<td").attribute("colspan", &(shown.len() + 1).to_string());
            html.raw(" class=none><span class=unknown>not known: it could not be read</span></td></tr>\n");
            continue;
        }
        parts::number(html, Known::of(addresses(facts), seen.has_all_rows()));
        for person in shown {
            match person.within(at) {
                [] if seen.has_all_rows() => drop(html.raw("<td></td>")),
                [] => drop(html.raw("<td class=dim>?</td>")),
                places => cell(html, places),
            }
        }
        html.raw("</tr>\n");
    }
    html.raw("</tbody></table></div>\n<p class=soft>");
    html.raw("<b>O</b> owner, <b>A</b> admin, <b>E</b> editor, <b>V</b> view, <b>C</b> client, <b>*</b> another role; in brackets: invited, ");
    html.raw("has not accepted; <b>?</b> not known, for not all members could be seen; an empty cell: not a member. ");
    html.raw("<b>ext</b> beside a name: external. Of an address of the agency's own domains the part before the @ is shown.</p>\n");
    if people.len() > shown.len() {
        html.raw("<p>").text(&grouped((people.len() - shown.len()) as u64));
        html.raw(" more people have no column here: see <code>members.").raw(input.ending).raw("</code></p>\n");
    }
    html.raw("</div>\n");
}

/// Counts the people of a workspace: who is in it twice, as when invited again, is one.
fn addresses(facts: &Facts) -> u64 {
    let all: HashSet<&str, RandomState> = facts.people.iter().map(|person| person.email.as_str()).collect();
    all.len() as u64
}

/// A column's head: what tells people of one agency apart, and all of it for those who listen.
fn column(html: &mut Html, person: &Person<'_>) {
    match (person.external, person.email.split_once('@')) {
        (Some(false), Some((local, domain))) => {
            html.text(local).raw("<span class=sr>@").text(domain).raw("</span>");
        }
        (Some(true), _) => {
            html.raw("<span class=mark>ext</span> ").text(person.email);
        }
        _ => {
            html.text(person.email);
        }
    }
}

fn cell(html: &mut Html, places: &[Place<'_>]) {
    html.raw("<td>");
    for (role, accepted) in places.iter().map(Place::role) {
        let (letter, class) = match role {
            "owner" => ("O", "r-o"),
            "admin" => ("A", "r-a"),
            "editor" => ("E", "r-e"),
            "view" => ("V", "r-v"),
            "client" => ("C", "r-v"),
            _ => ("*", "r-e"),
        };
        html.raw("<abbr class=").raw(class);
        if accepted {
            html.attribute("title", role).raw(">").raw(letter);
        } else {
            html.attribute("title", &format!("{role}, invited")).raw(">(").raw(letter).raw(")");
        }
        html.raw("</abbr>");
    }
    html.raw("</td>");
}
