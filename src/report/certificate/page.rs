//! The certificate for people: the claim first, then what must still be done, then workspace by workspace. Prints on paper.

use super::{Asked, Before, Certificate, Place, Task, Thing, Word};
use crate::domain::Change;
use crate::domain::change::Thing as Handed;
use crate::report::evidence::StepFacts;
use crate::report::html::Html;

/// Most things of one kind that are named one by one; the document has all of them.
const NAMED: usize = 25;

/// Writes the page.
pub(super) fn page(certificate: &Certificate) -> String {
    let mut html = Html::default();
    let title = format!("Offboarding of {}", certificate.person);
    html.raw("<header>\n").element("h1", &title).raw("<p class=soft>Run ").text(&certificate.run.id);
    html.raw(", by ").text(&certificate.run.operator).raw(", ").text(&certificate.run.began).raw("</p>\n</header>\n");
    claim(&mut html, certificate);
    numbers(&mut html, certificate);
    who(&mut html, certificate);
    by_hand(&mut html, certificate);
    places(&mut html, certificate);
    proof(&mut html, certificate);
    html.into_page(&title)
}

fn claim(html: &mut Html, certificate: &Certificate) {
    let verdict = &certificate.verdict;
    html.raw(match verdict.word {
        Word::NoAccessLeft => "<section class=\"note good\" aria-label=\"What this certifies\"><strong>✓ ",
        Word::AccessLeft => "<section class=\"note bad\" aria-label=\"What this certifies\"><strong>✕ ",
        Word::Incomplete => "<section class=\"note bad\" aria-label=\"What this certifies\"><strong>? ",
    });
    html.text(&certificate.headline()).raw("</strong>\n<p>");
    if !certificate.found_anywhere() {
        html.raw("<b>").raw(super::NOTHING_FOUND).raw("</b></p>\n<p>");
    }
    match verdict.word {
        Word::NoAccessLeft => html.raw(
            "Every workspace that was asked for was read whole before the first write. No membership, no invitation and no API key that \
             a record ties to this person was there, or it was taken away.",
        ),
        Word::AccessLeft => html.raw("By what was seen, this person can still get in:"),
        Word::Incomplete => {
            html.raw("Nothing that was seen gives this person access, but not everything could be seen, so nothing is certified.")
        }
    };
    html.raw("</p>\n<p>Members were looked at again after the last removal in a workspace, at the moment of its closing look. All else ");
    html.raw("(keys, what people own, workspaces where this person was not found) is certified as it was read before the first write: ");
    html.raw("each workspace says when.</p>\n");
    let unlooked = certificate.without_account() as u64;
    if unlooked > 0 {
        html.raw("<p>Workspaces in which no account of this person is known: ").number(unlooked);
        html.raw(". There, only memberships and keys without a known maker could be told; those keys are below, to be checked by hand.</p>\n");
    }
    let left: Vec<_> =
        certificate.places.iter().flat_map(|place| place.left.iter().map(move |left| (place, left))).collect();
    if !left.is_empty() {
        html.raw("<ul>\n");
        for (place, left) in left {
            html.raw("<li>").element("b", &place.name).raw(": ").text(left.kind).raw(" ").text(&left.name);
            html.raw(": ").text(&left.why).raw("</li>\n");
        }
        html.raw("</ul>\n");
    }
    if !verdict.gaps.is_empty() {
        html.raw("<p><b>What could not be seen or is not known:</b></p>\n<ul>\n");
        for (workspace, what) in &verdict.gaps {
            html.raw("<li>");
            if let Some(workspace) = workspace {
                html.element("b", workspace).raw(": ");
            }
            html.text(what).raw("</li>\n");
        }
        html.raw("</ul>\n");
    }
    if certificate.places.len() + certificate.unread.len() > 1 {
        html.raw("<p class=soft>This paper is the agency's own: it names several clients. Do not hand it to one of them.</p>\n");
    }
    html.raw("</section>\n");
}

fn numbers(html: &mut Html, certificate: &Certificate) {
    let places = &certificate.places;
    let befores = || places.iter().filter_map(|place| place.before.as_ref());
    let sum = |of: fn(&Before) -> usize| befores().map(of).sum::<usize>() as u64;
    let handed = |kind: &str| {
        let steps = places.iter().flat_map(|place| &place.steps);
        steps.filter(|facts| facts.step.kind().as_str() == kind && facts.word() == "done").count() as u64
    };
    html.raw("<h2 id=numbers>In numbers</h2>\n<dl>\n");
    let mut row = |name: &'static str, text: String| {
        html.raw("<dt>").raw(name).raw("</dt><dd>").text(&text).raw("</dd>\n");
    };
    let asked = places.len() + certificate.unread.len();
    let unseen = places.iter().filter(|place| !place.gaps.is_empty()).count() + certificate.unread.len();
    row("Workspaces", format!("{asked} asked for, {} seen whole, {unseen} not", asked - unseen));
    row(
        "Memberships and invitations",
        format!("{} before, {} removed", sum(|b| b.rows.len()), handed("member.remove")),
    );
    row("Keys of theirs", format!("{} before, {} revoked", sum(|b| b.keys.len()), handed("key.revoke")));
    row(
        "Campaigns",
        format!("{} owned before, {} handed over", sum(|b| b.campaigns.len()), handed("campaign.hand_over")),
    );
    row(
        "Lead lists",
        format!("{} owned before, {} handed over", sum(|b| b.lead_lists.len()), handed("lead_list.hand_over")),
    );
    let leads: u64 = befores().map(|before| before.leads.count).sum();
    let bound = if befores().all(|before| before.leads.exact) { "" } else { "≥ " };
    let done = places.iter().flat_map(|place| &place.steps).filter(|facts| facts.word() == "done");
    let leads_handed: usize = done.map(|facts| leads_of(&facts.step.change)).sum();
    row("Leads assigned to them", format!("{bound}{leads} before, {leads_handed} handed over"));
    let unlooked = certificate.without_account();
    if unlooked > 0 {
        let text = "no account of theirs is known there, so only memberships and keys without a maker could be told";
        row("Workspaces without an account", format!("{unlooked}: {text}"));
    }
    html.raw("</dl>\n");
}

fn leads_of(change: &Change) -> usize {
    match change {
        Change::HandOver { thing: Handed::Leads { ids }, .. } => ids.len(),
        _ => 0,
    }
}

fn who(html: &mut Html, certificate: &Certificate) {
    let run = &certificate.run;
    html.raw("<h2 id=who>Who, when, why</h2>\n<dl>\n");
    let mut row = |name: &'static str, text: &str| {
        html.raw("<dt>").raw(name).raw("</dt><dd>").text(text).raw("</dd>\n");
    };
    row("Person", certificate.person.as_str());
    row("Operator", &run.operator);
    row("Reason", run.reason.as_deref().unwrap_or("none was given"));
    row("Command", &run.command);
    row("Selection", run.selection.as_str().unwrap_or_default());
    row("Plan", &run.plan);
    row("Approved by", &run.approved_by);
    row("Began", &run.began);
    row("Ended", run.ended.as_deref().unwrap_or("it has not said that it ended"));
    for (at, operator, version) in &run.resumed {
        row("Taken up again", &format!("{at} by {operator}, keyholder {version}"));
    }
    for Asked { heir, revoke_keys, last_day, workspaces } in &certificate.asked {
        let heir =
            heir.as_ref().map_or("to be handed over to nobody".to_owned(), |heir| format!("hand over to {heir}"));
        let keys = if *revoke_keys { "revoke their keys" } else { "leave their keys" };
        let day = last_day.as_ref().map_or(String::new(), |day| format!(", last day {day} (UTC)"));
        let place = workspaces.as_ref().map_or(String::new(), |names| {
            format!(", in {}", names.iter().map(String::as_str).collect::<Vec<_>>().join(", "))
        });
        row("Asked", &format!("{heir}, {keys}{day}{place}"));
    }
    html.raw("</dl>\n");
}

fn by_hand(html: &mut Html, certificate: &Certificate) {
    html.raw("<h2 id=by-hand>What a person must still do</h2>\n");
    if certificate.by_hand().next().is_none() {
        html.raw("<p>Nothing that is known.</p>\n");
        return;
    }
    for task in Task::ALL {
        let of_task: Vec<_> = certificate.by_hand().filter(|(_, one)| one.task == task).collect();
        if of_task.is_empty() {
            continue;
        }
        html.element("h3", &format!("{} ({})", task.say(), of_task.len())).raw("<ul>\n");
        let most = if task <= Task::Key { usize::MAX } else { NAMED * 4 };
        for (place, one) in of_task.iter().take(most) {
            html.raw("<li>").element("b", &place.name).raw(": ").text(&one.name);
            if let Some(why) = &one.why {
                html.raw(" <span class=soft>(").text(why).raw(")</span>");
            }
            html.raw("</li>\n");
        }
        if of_task.len() > most {
            html.raw("<li class=soft>and ").number((of_task.len() - most) as u64);
            html.raw(" more; the document beside this page has all of them</li>\n");
        }
        html.raw("</ul>\n");
    }
}

fn places(html: &mut Html, certificate: &Certificate) {
    html.raw("<h2 id=workspaces>Workspace by workspace</h2>\n");
    let (quiet, told): (Vec<&Place>, Vec<&Place>) = certificate.places.iter().partition(|place| place.is_quiet());
    for place in told {
        one(html, place);
    }
    if !certificate.unread.is_empty() {
        html.raw("<section class=place><h3>Not read</h3>\n");
        head(html, "Workspaces that could not be read: nothing is known of them", &["Workspace", "Why"]);
        for (name, why) in &certificate.unread {
            html.raw("<tr>").element("th scope=row", name).element("td", why).raw("</tr>\n");
        }
        html.raw("</tbody></table></div></section>\n");
    }
    if !quiet.is_empty() {
        html.raw("<section><h3>Nothing found</h3>\n");
        head(
            html,
            "Workspaces whose member list was read whole and in which nothing of this person was found",
            &["Workspace", "Identity", "Read", "Looked for"],
        );
        for place in quiet {
            let looked = place.before.as_ref().is_some_and(|before| before.looked);
            html.raw("<tr>").element("th scope=row", &place.name).element("td class=mono", &place.id);
            html.element("td", place.read_at.as_deref().unwrap_or_default());
            html.element("td", if looked { "everything" } else { "members and keys" }).raw("</tr>\n");
        }
        html.raw("</tbody></table></div></section>\n");
    }
}

fn one(html: &mut Html, place: &Place) {
    html.raw("<section class=place>").element("h3", &place.name).raw("<p class=soft><span class=mono>").text(&place.id);
    html.raw("</span>");
    if let Some(at) = &place.read_at {
        html.raw(", read ").text(at);
    }
    if let Some(at) = &place.closing_look_at {
        html.raw(", members looked at again ").text(at);
    }
    html.raw("</p>\n");
    for gap in &place.gaps {
        html.raw("<p><b>Not known:</b> ").text(gap).raw("</p>\n");
    }
    if let Some(before) = &place.before {
        before_list(html, before);
    }
    if !place.steps.is_empty() {
        head(html, "What was done", &["Step", "Before", "Outcome", "Why", "Started", "Settled"]);
        for facts in &place.steps {
            step(html, facts);
        }
        html.raw("</tbody></table></div>\n");
    }
    html.raw("</section>\n");
}

fn before_list(html: &mut Html, before: &Before) {
    if before.is_empty() {
        html.raw("<p>Before: nothing of theirs was found.</p>\n");
        return;
    }
    html.raw("<p>Before:</p>\n<ul>\n");
    for row in &before.rows {
        let state = if row.accepted { "membership" } else { "open invitation" };
        html.raw("<li>").text(&format!("{state} as {} of {}, since {}", row.role, row.email, row.timestamp_created));
        html.raw("</li>\n");
    }
    for row in &before.same_account {
        let state = if row.accepted { "membership" } else { "open invitation" };
        html.raw("<li>").text(&format!("{state} of the same account as {} of {}", row.role, row.email));
        html.raw("</li>\n");
    }
    named(html, "campaigns they owned", &before.campaigns);
    named(html, "lead lists they owned", &before.lead_lists);
    if before.leads.count > 0 {
        let bound = if before.leads.exact { "" } else { "≥ " };
        html.raw("<li>").text(&format!("{bound}{} leads assigned to them", before.leads.count)).raw("</li>\n");
    }
    named(html, "keys they made", &before.keys);
    named(html, "keys of a name they gave a key, by a record that does not say which", &before.keys_by_name);
    named(html, "webhooks they made", &before.webhooks);
    named(html, "sending accounts they added", &before.sending_accounts);
    named(html, "jobs of theirs that had not ended", &before.jobs);
    named(html, "campaigns they made", &before.campaigns_created);
    html.raw("</ul>\n");
}

fn named(html: &mut Html, what: &'static str, things: &[Thing]) {
    if things.is_empty() {
        return;
    }
    html.raw("<li>").number(things.len() as u64).raw(" ").raw(what).raw(": ");
    let names: Vec<&str> = things.iter().take(NAMED).map(|thing| thing.name.as_str()).collect();
    html.text(&names.join(", "));
    if things.len() > NAMED {
        html.raw(" and ").number((things.len() - NAMED) as u64).raw(" more");
    }
    html.raw("</li>\n");
}

fn step(html: &mut Html, facts: &StepFacts) {
    let wanted = match facts.step.kind().as_str() {
        "member.remove" => format!("remove {}", facts.step.change.subject()),
        _ => facts.step.change.wanted(),
    };
    html.raw("<tr>").element("th scope=row", &wanted).element("td", &facts.step.rests_on.describe());
    html.element("td", &facts.word().replace('_', " ")).element("td", facts.reason.as_deref().unwrap_or_default());
    for at in [&facts.started_at, &facts.settled_at] {
        html.element("td", at.as_deref().unwrap_or_default());
    }
    html.raw("</tr>\n");
}

fn proof(html: &mut Html, certificate: &Certificate) {
    html.raw("<h2 id=proof>What this rests on</h2>\n<p>The ledger of the agency alone: ");
    html.number(certificate.chain.0).raw(" entries in an unbroken chain, whose newest hash is <span class=mono>");
    html.text(&certificate.chain.1).raw("</span>. <code>keyholder evidence ").text(&certificate.run.id);
    html.raw(" --out DIR</code> writes what proves the run without keyholder.</p>\n");
    html.raw("<p>It says what was so when it was seen, and nothing of what came since: <code>keyholder verify ")
        .text(&certificate.run.id);
    html.raw("</code> and <code>keyholder leavers</code> look again. The vendor's audit log has no record of member changes, names the maker of a ");
    html.raw("key or webhook only in recent records, and says nothing of people who copied a key or a password. Where it has no ");
    html.raw("record, there is <em>no logged activity</em>, which does not mean that there was none.</p>\n");
    html.raw("<footer>Times are UTC. The same run gives the same bytes.</footer>");
}

/// Opens a table; the caller closes `</tbody></table></div>`.
fn head(html: &mut Html, caption: &str, columns: &[&'static str]) {
    html.raw("<div class=wide><table>").element("caption", caption).raw("<thead><tr>");
    for column in columns {
        html.raw("<th scope=col>").raw(column).raw("</th>");
    }
    html.raw("</tr></thead><tbody>\n");
}
