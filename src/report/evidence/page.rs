//! `index.html`: the run for people. Coverage first; whatever is not known before whatever is.

use super::client::{by_workspace, clients};
use super::{Evidence, IdentityFact, StepFacts, Verdict, counted};
use crate::domain::Outcome;
use crate::report::html::Html;

/// Writes the page.
pub(super) fn page(evidence: &Evidence, verdict: &Verdict) -> String {
    let run = &evidence.run;
    let mut html = Html::default();
    html.raw("<header>\n").element("h1", &format!("Evidence of run {}", run.id));
    html.raw("<p class=soft>").text(&run.command).raw(" by ").text(&run.operator).raw(", ");
    moment(&mut html, &run.began);
    html.raw("</p>\n</header>\n");
    state(&mut html, evidence, verdict);
    coverage(&mut html, evidence);
    open(&mut html, evidence, verdict);
    who(&mut html, evidence);
    counts(&mut html, evidence, verdict);
    workspaces(&mut html, evidence);
    chain(&mut html, evidence);
    html.into_page(&format!("Evidence of run {}", run.id))
}

fn state(html: &mut Html, evidence: &Evidence, verdict: &Verdict) {
    if verdict.is_complete() {
        html.raw("<section class=\"note good\" aria-label=\"State of this evidence\"><strong>✓ Complete</strong>\n");
        html.raw("<p>The run came to its end, every step has a known outcome, and the record fits itself. ");
        html.raw("That is not to say that every step succeeded: see the outcomes.</p>\n");
        let unseen = evidence.coverage.partial.len() + evidence.coverage.unreadable.len();
        if unseen > 0 {
            html.raw("<p><b>").text(&counted(unseen as u64, "workspace"));
            html.raw(" could not be seen whole, and of what was not seen this proves nothing.</b></p>\n");
        }
        html.raw("</section>\n");
        return;
    }
    html.raw("<section class=\"note bad\" aria-label=\"State of this evidence\"><strong>✕ Incomplete</strong>\n<ul>\n");
    for gap in &verdict.gaps {
        html.element("li", &sentence(&gap.say())).raw("\n");
    }
    html.raw("</ul></section>\n");
}

fn coverage(html: &mut Html, evidence: &Evidence) {
    let seen = &evidence.coverage;
    html.raw("<h2 id=coverage>What could be seen</h2>\n<p>");
    match (seen.asked, seen.complete) {
        (Some(asked), Some(complete)) => {
            html.text(&counted(asked, "workspace")).raw(" asked, ").number(complete).raw(" seen whole");
            html.raw(", ").number(seen.partial.len() as u64).raw(" in part, ");
            html.number(seen.unreadable.len() as u64).raw(" not at all.</p>\n");
        }
        _ => {
            html.raw("The ledger does not tell how many workspaces were asked.</p>\n");
        }
    }
    let rows = [("in part", &seen.partial), ("not at all", &seen.unreadable)];
    if rows.iter().all(|(_, rows)| rows.is_empty()) {
        return;
    }
    html.raw("<p>Where nothing was seen, nothing was planned or sent; where a part was seen, nothing that rests on the rest.</p>\n");
    head(html, "Workspaces that were not seen whole", &["Workspace", "Seen", "Why"]);
    for (how, rows) in rows {
        for (name, why) in rows {
            html.raw("<tr>").element("th scope=row", name).element("td", how).element("td", why).raw("</tr>\n");
        }
    }
    html.raw("</tbody></table></div>\n");
}

/// What is unsettled or unknown, step by step.
fn open(html: &mut Html, evidence: &Evidence, verdict: &Verdict) {
    html.raw("<h2 id=open>What is not known</h2>\n");
    let open: Vec<&StepFacts> = evidence
        .steps
        .iter()
        .filter(|facts| matches!(facts.outcome, None | Some(Outcome::Unknown | Outcome::Unverified)))
        .collect();
    if open.is_empty() {
        html.raw("<p>Nothing: of every step it is known how it ended.</p>\n");
        return;
    }
    html.raw("<p>").text(&format!(
        "{} may have taken effect without anybody having seen it. ",
        counted(verdict.unsettled, "step")
    ));
    html.raw("<code>keyholder resume ").text(&evidence.run.id).raw("</code> looks and settles them.</p>\n<ul>\n");
    for facts in open {
        html.raw("<li>")
            .element("strong", facts.step.change.subject().as_str())
            .raw(" in ")
            .text(&facts.step.workspace);
        html.raw(", ").text(&wish(facts)).raw(": ").text(meaning(facts.word()));
        if let Some(why) = &facts.reason {
            html.raw(" (").text(why).raw(")");
        }
        html.raw("</li>\n");
    }
    html.raw("</ul>\n");
}

fn who(html: &mut Html, evidence: &Evidence) {
    let run = &evidence.run;
    html.raw("<h2 id=who>Who, when, why</h2>\n<dl>\n");
    let mut row = |name: &'static str, text: &str| {
        html.raw("<dt>").raw(name).raw("</dt><dd>").text(text).raw("</dd>\n");
    };
    row("Command", &run.command);
    row("Selection", &words(&run.selection));
    row("Operator", &run.operator);
    row("Reason", run.reason.as_deref().unwrap_or("none was given"));
    row("Began", &run.began);
    row("Ended", run.ended.as_deref().unwrap_or("it has not said that it ended"));
    for (at, operator, version) in &run.resumed {
        row("Taken up again", &format!("{at} by {operator}, keyholder {version}"));
    }
    for (at, why) in &run.stops {
        row("Stopped", &format!("{at}: {why}"));
    }
    if let (Some(exit), Some(outcome)) = (run.exit, &run.outcome) {
        row("Result", &format!("{outcome} (exit {exit})"));
    }
    if let Some(requests) = run.requests {
        row("Requests", &requests.to_string());
    }
    row("Approved", approval(&run.approved_by));
    row("Plan", &run.plan);
    let proven = match &evidence.recomputed {
        Some(has) if has.as_str() == run.begun && run.begun == run.plan => {
            "yes: computed again from the workspaces and steps in the ledger".to_owned()
        }
        Some(has) if has.as_str() == run.begun => {
            format!(
                "a part of the approved plan was held before the run began, which makes it {has}; nothing was added"
            )
        }
        Some(has) => format!("NO: the workspaces and steps in the ledger make {has}"),
        None => "it cannot be computed again: the ledger lacks the plan's workspaces".to_owned(),
    };
    row("Plan id fits", &proven);
    row("Version", &format!("keyholder {}", run.version));
    html.raw("</dl>\n");
}

fn approval(word: &str) -> &str {
    match word {
        "typed" => "typed at the prompt, after the plan was shown",
        "yes" => "by --yes: the plan removed nothing",
        "confirm" => "by --confirm, with the id of the reviewed plan",
        "resumed" => "when the run began, which was taken up again",
        "nothing_to_send" => "nobody was asked: the plan sent nothing",
        other => other,
    }
}

fn words(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn counts(html: &mut Html, evidence: &Evidence, verdict: &Verdict) {
    html.raw("<h2 id=outcomes>Outcomes</h2>\n");
    if evidence.steps.is_empty() {
        html.raw("<p>The plan had no step.</p>\n");
        return;
    }
    html.raw("<div class=wide><table><caption>").text(&counted(evidence.steps.len() as u64, "step"));
    html.raw(", by outcome</caption><thead><tr><th scope=col>Outcome</th><th scope=col class=number>Steps</th>");
    html.raw("<th scope=col>Meaning</th></tr></thead><tbody>\n");
    for (word, count) in verdict.counts.iter().filter(|(_, count)| *count > 0) {
        html.raw("<tr><th scope=row>");
        badge(html, word);
        html.raw("</th><td class=number>").number(*count).raw("</td>").element("td", meaning(word)).raw("</tr>\n");
    }
    html.raw("</tbody></table></div>\n");
}

fn workspaces(html: &mut Html, evidence: &Evidence) {
    html.raw("<h2 id=workspaces>Workspace by workspace</h2>\n");
    let steps = by_workspace(evidence);
    let mut quiet = Vec::new();
    for (name, id) in clients(evidence) {
        let own = steps.get(name).map(Vec::as_slice).unwrap_or_default();
        let identities: Vec<&IdentityFact> =
            evidence.identities.iter().filter(|fact| Some(fact.workspace_id.as_str()) == id).collect();
        let lanes: Vec<_> = evidence.lanes.iter().filter(|(_, of, _)| of == name).collect();
        if own.is_empty() && identities.is_empty() && lanes.is_empty() {
            quiet.push(name);
            continue;
        }
        html.element("h3", name).raw("<p class=soft><span class=mono>").text(id.unwrap_or("identity not known"));
        html.raw("</span>");
        for fact in identities {
            html.raw("<br>Identity asked at ");
            moment(html, &fact.at);
            if fact.matches {
                html.raw(": the pinned one.");
            } else {
                html.raw(": ANOTHER, ").text(&fact.seen).raw(".");
            }
        }
        html.raw("</p>\n");
        for (at, _, why) in lanes {
            html.raw("<p>Could not go on (").text(at).raw("): ").text(why).raw("</p>\n");
        }
        if !own.is_empty() {
            table(html, name, own);
        }
    }
    if !quiet.is_empty() {
        html.raw("<p class=soft>No step in: ").text(&quiet.join(", ")).raw(".</p>\n");
    }
}

fn table(html: &mut Html, name: &str, steps: &[&StepFacts]) {
    head(
        html,
        &format!("Steps in {name}"),
        &["Person", "Step", "Before → after", "Outcome", "Why", "Started", "Settled"],
    );
    for facts in steps {
        html.raw("<tr>").element("th scope=row", facts.step.change.subject().as_str());
        html.element("td", &wish(facts)).raw("<td>").text(&facts.step.rests_on.describe()).raw(" → ");
        match facts.after() {
            Some(after) => html.text(&after),
            None => html.raw("<span class=soft>not looked</span>"),
        };
        html.raw("</td><td>");
        badge(html, facts.word());
        html.raw("</td>").element("td", facts.reason.as_deref().unwrap_or_default());
        for at in [&facts.started_at, &facts.settled_at] {
            html.raw("<td>");
            if let Some(at) = at {
                moment(html, at);
            }
            html.raw("</td>");
        }
        html.raw("</tr>\n");
    }
    html.raw("</tbody></table></div>\n");
}

fn chain(html: &mut Html, evidence: &Evidence) {
    let chain = &evidence.chain;
    html.raw("<h2 id=chain>The chain</h2>\n<dl>\n<dt>Entries</dt><dd>").number(chain.count);
    html.raw("</dd>\n<dt>Head</dt>").element("dd class=mono", &chain.head);
    html.raw("\n<dt>Hangs on</dt><dd><span class=mono>").text(&chain.hangs_on).raw("</span><br>");
    match &chain.previous {
        Some((run, seq)) => html.raw("entry ").number(*seq).raw(" of run ").text(run),
        None => html.raw("nothing: the first run of its ledger"),
    };
    html.raw("</dd>\n</dl>\n<p>This page is drawn from <code>entries.ndjson</code>. <code>CHECK.md</code> beside it has the ten lines ");
    html.raw("that check the entries, their hashes and every file without keyholder.</p>\n");
    html.raw("<footer>Times are UTC. Not a word of this page comes from a clock at the time of export: the same run gives the same bytes.</footer>");
}

/// Opens a table; the caller closes `</tbody></table></div>`.
fn head(html: &mut Html, caption: &str, columns: &[&'static str]) {
    html.raw("<div class=wide><table>").element("caption", caption).raw("<thead><tr>");
    for column in columns {
        html.raw("<th scope=col>").raw(column).raw("</th>");
    }
    html.raw("</tr></thead><tbody>\n");
}

/// An outcome: a word, a sign and a colour that says the same.
fn badge(html: &mut Html, word: &str) {
    let (open, sign) = match word {
        "done" => ("<span class=\"o good\">", "✓"),
        "already" => ("<span class=\"o good\">", "="),
        "waiting" => ("<span class=\"o wait\">", "…"),
        "failed" => ("<span class=\"o bad\">", "✕"),
        "unverified" | "unknown" | "in_doubt" => ("<span class=\"o mark\">", "?"),
        _ => ("<span class=\"o still\">", "–"),
    };
    html.raw(open)
        .raw("<span aria-hidden=true>")
        .raw(sign)
        .raw(" </span>")
        .text(&word.replace('_', " "))
        .raw("</span>");
}

fn meaning(word: &str) -> &'static str {
    match word {
        "done" => "sent, and seen afterwards",
        "already" => "nothing to send: the asked state was there",
        "waiting" => "our part is done and seen; the person must accept",
        "held" => "not sent",
        "failed" => "surely not applied",
        "unverified" => "it was acknowledged, but not seen afterwards",
        "unknown" => "it was sent, the answer was lost, and looking did not settle it",
        "in_doubt" => "it was begun to be sent, and no end is written down",
        _ => "never sent, and no end is written down",
    }
}

fn wish(facts: &StepFacts) -> String {
    let wanted = facts.step.change.wanted();
    match facts.step.kind().as_str() {
        "member.invite" => format!("invite as {wanted}"),
        "member.set_role" => format!("set role {wanted}"),
        "member.remove" => "remove".to_owned(),
        other => format!("{other}: {wanted}"),
    }
}

/// A moment: to the second for people, whole for machines.
fn moment(html: &mut Html, at: &str) {
    let short = match (at.get(..19), at.get(19..)) {
        (Some(short), Some(rest)) if rest.ends_with('Z') => short.replace('T', " "),
        _ => at.to_owned(),
    };
    html.with("time", "datetime", at, &short);
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), chars.as_str()))
}

#[cfg(test)]
mod tests {
    use super::super::Gap;
    use super::*;

    #[test]
    fn a_gap_is_a_sentence_and_every_word_of_an_outcome_has_a_meaning() {
        assert_eq!(sentence(&Gap::Cut.say()), "The run was cut: it never said that it ended.");
        let mut meanings: Vec<&str> = Outcome::ALL.iter().map(|outcome| meaning(outcome.as_str())).collect();
        meanings.extend([meaning("in_doubt"), meaning("not_sent")]);
        meanings.sort_unstable();
        meanings.dedup();
        assert_eq!(meanings.len(), Outcome::ALL.len() + 2);
    }
}
