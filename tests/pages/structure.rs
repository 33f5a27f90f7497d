//! The bones of a page: headings, tables, what is told to those who listen, where links lead.

use std::collections::BTreeSet;

use super::sample::{client_page, fleet_page, make, make_troubled};
use super::tokens::{Token, read, text};

/// Elements that have no end.
const VOID: [&str; 2] = ["meta", "br"];
/// All elements a page may have.
const KNOWN: [&str; 44] = [
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "main",
    "header",
    "footer",
    "nav",
    "section",
    "div",
    "h1",
    "h2",
    "h3",
    "h4",
    "p",
    "ul",
    "li",
    "a",
    "b",
    "strong",
    "em",
    "code",
    "span",
    "br",
    "abbr",
    "time",
    "table",
    "caption",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "figure",
    "figcaption",
    "svg",
    "desc",
    "path",
    "rect",
    "details",
    "summary",
    "colgroup",
];
/// All attributes a page may have; none of them runs or fetches.
const ATTRIBUTES: [&str; 28] = [
    "lang",
    "charset",
    "http-equiv",
    "content",
    "name",
    "id",
    "class",
    "href",
    "scope",
    "colspan",
    "role",
    "tabindex",
    "title",
    "datetime",
    "focusable",
    "preserveAspectRatio",
    "viewBox",
    "d",
    "x",
    "y",
    "width",
    "height",
    "aria-label",
    "aria-labelledby",
    "aria-describedby",
    "aria-hidden",
    "open",
    "rowspan",
];

/// Checks what every page owes.
pub(crate) fn check(page: &str) -> Vec<Token> {
    let tokens = read(page).unwrap_or_else(|error| panic!("{error}"));
    let mut open: Vec<&str> = Vec::new();
    let mut ids = BTreeSet::new();
    let mut named = Vec::new();
    let mut heading = 0;
    let mut h1 = 0;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Text(_) => {}
            Token::Close(name) => assert_eq!(open.pop(), Some(name.as_str()), "{name} is closed where it is not open"),
            Token::Open { name, attributes, closed } => {
                assert!(KNOWN.contains(&name.as_str()), "no element of ours: {name}");
                for (attribute, value) in attributes {
                    assert!(ATTRIBUTES.contains(&attribute.as_str()), "no attribute of ours: {attribute} of {name}");
                    match attribute.as_str() {
                        "id" => assert!(ids.insert(value.clone()), "two of id {value}"),
                        "href" => match value.strip_prefix('#') {
                            Some(id) => named.push(id.to_owned()),
                            None => assert!(is_ours(value), "a link that leads away: {value}"),
                        },
                        "aria-labelledby" | "aria-describedby" => named.push(value.clone()),
                        _ => {}
                    }
                }
                match name.as_str() {
                    "h1" | "h2" | "h3" | "h4" => {
                        let level = name[1..].parse().unwrap();
                        assert!(level <= heading + 1, "a heading is left out before {name}");
                        heading = level;
                        h1 += usize::from(level == 1);
                    }
                    "table" => assert!(
                        matches!(&tokens[at + 1], Token::Open { name, .. } if name == "caption"),
                        "a table without a caption"
                    ),
                    "th" => assert!(attributes.contains_key("scope"), "a head of nothing"),
                    "svg" => assert!(
                        attributes.contains_key("aria-hidden")
                            || (attributes.get("role").is_some_and(|role| role == "img")
                                && attributes.contains_key("aria-labelledby")),
                        "a picture without words"
                    ),
                    _ => {}
                }
                if !closed && !VOID.contains(&name.as_str()) {
                    open.push(name);
                }
            }
        }
    }
    assert!(open.is_empty(), "never closed: {open:?}");
    assert_eq!(h1, 1);
    for id in named {
        assert!(ids.contains(&id), "nothing has the id {id}");
    }
    tokens
}

/// Tells whether a link leads to a file of the report.
fn is_ours(link: &str) -> bool {
    let parts: Vec<&str> = link.split('/').collect();
    let plain = |part: &&str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    parts.iter().all(plain)
        && (parts.len() == 1 || (parts.len() == 3 && parts[0] == "workspaces" && parts[2] == "index.html"))
}

/// Headings, captions and heads of columns, one a line.
fn bones(page: &str) -> String {
    let mut out = String::new();
    let tokens = check(page);
    let mut inside: Option<(&str, String)> = None;
    for token in &tokens {
        match token {
            Token::Open { name, attributes, .. } => match name.as_str() {
                "h1" | "h2" | "h3" | "caption" => inside = Some((name, String::new())),
                "th" if attributes.get("scope").is_some_and(|scope| scope == "col") => {
                    inside = Some((name, String::new()));
                }
                _ => {}
            },
            Token::Text(text) => {
                if let Some((_, so_far)) = &mut inside {
                    so_far.push_str(text);
                }
            }
            Token::Close(name) => {
                if let Some((of, text)) = inside.take_if(|(of, _)| of == name) {
                    match of {
                        "th" => out.extend([" | ", &text]),
                        "caption" => out.extend(["\n    [", &text, "]"]),
                        of => out.extend(["\n", of, " ", &text]),
                    }
                }
            }
        }
    }
    out.trim_start().to_owned()
}

#[test]
fn the_fleets_page_has_these_bones() {
    insta::assert_snapshot!(bones(&fleet_page(&make_troubled(6, 3))));
}

#[test]
fn the_clients_page_has_these_bones() {
    insta::assert_snapshot!(bones(&client_page(&make(1, 3)[0])));
}

#[test]
fn the_fleets_page_reads_like_this() {
    insta::assert_snapshot!(said(&fleet_page(&make_troubled(6, 3))));
}

#[test]
fn the_clients_page_reads_like_this() {
    insta::assert_snapshot!(said(&client_page(&make(1, 3)[0])));
}

#[test]
fn the_page_of_a_client_of_whom_nothing_could_be_read_reads_like_this() {
    insta::assert_snapshot!(said(&client_page(&make_troubled(4, 3)[3])));
}

/// What a page says, a line a line of its source.
fn said(page: &str) -> String {
    let tokens = check(page);
    let body = page.split_once("<body>").unwrap().1;
    assert!(!tokens.is_empty());
    let lines = body.lines().map(|line| text(&read(&format!("<!doctype html>\n{line}")).unwrap()));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_page_of_any_fleet_keeps_the_rules() {
    for (workspaces, people) in [(0, 0), (1, 0), (1, 4), (2, 1), (40, 12), (200, 60)] {
        check(&fleet_page(&make(workspaces, people)));
        let troubled = make_troubled(workspaces, people);
        check(&fleet_page(&troubled));
        troubled.iter().take(9).for_each(|facts| drop(check(&client_page(facts))));
    }
}

#[test]
fn a_page_over_a_thousand_workspaces_stays_a_page() {
    let page = fleet_page(&make_troubled(1_000, 60));
    assert!(page.len() < 6_000_000, "{} bytes", page.len());
    let tokens = check(&page);
    let said = text(&tokens);
    assert!(said.contains("and 190 more: see summary.json"), "coverage is bounded");
}
