//! The end of a list, defined once: paging with every rule of contract section 3.
//!
//! A listing is complete only if every page came, no cursor repeated, no id was missing and every row was of its workspace
//! (DESIGN section 5, "Who is who"); only a complete one proves an absence. Pure: it says which page to ask for next and judges
//! what came; the client asks.

use std::collections::HashSet;
use std::hash::Hash;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::seen::{Known, Seen};
use super::wire::Text;

/// Rows a page: the most that lists give; above it two of them answered 200 with nothing (contract section 3).
pub(crate) const LIMIT: u32 = 100;
/// Rows a page of the audit log, the one list that gives more.
pub(crate) const TRAIL_LIMIT: u32 = 1000;
/// Pages of one listing. A million rows is beyond any member list; past it the API is turning in circles with fresh cursors.
const MOST_PAGES: usize = 10_000;

/// Why a listing cannot prove an absence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Incomplete {
    /// A cursor came a second time.
    #[error("the API gave the same cursor twice")]
    CursorRepeated,
    /// There is no end to it.
    #[error("the listing did not end after 10,000 pages")]
    TooManyPages,
    /// The listing was ended on purpose: a workspace can hold millions of leads.
    #[error("there are more leads than a listing is read for, 100 pages of 100: they are counted as at least so many")]
    TooManyLeads,
    /// There is no end to it.
    #[error("the trail did not end after 100,000 pages of 1,000 records")]
    TooManyRecords,
    /// A row has no id that could enter a path.
    #[error("a row has no usable id")]
    IdUnusable,
    /// A row says it is of another workspace, or of none. Its id is not told: it is nobody's business in this workspace, whose own reports say
    /// why a list of theirs is not whole.
    #[error("a row is not of this workspace")]
    OtherWorkspace {
        /// The row.
        id: String,
    },
    /// A row lacks what it must say.
    #[error("row `{id}` has no usable `{field}`")]
    Lacks {
        /// The row.
        id: String,
        /// The member of the row.
        field: &'static str,
    },
    /// A row of a list that is too long to be remembered came neither after nor before all that was forgotten of it.
    #[error("row `{id}` came out of order, far from its neighbours: some rows may be here twice")]
    OutOfOrder {
        /// The row.
        id: String,
    },
    /// A row came twice and differed: the data moved while it was read.
    #[error("row `{id}` came twice and differed: it changed while it was read")]
    Changed {
        /// The row.
        id: String,
    },
}

/// One page, without the rows that came before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows that could be taken.
    pub rows: Vec<T>,
    /// What else was wrong with it, the first fault.
    pub complete: Result<(), Incomplete>,
}

/// A whole list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing<T> {
    /// The rows that could be taken, in the order they came, each id once.
    pub rows: Vec<T>,
    /// Whether that is all there is; else the first reason to doubt it.
    pub complete: Result<(), Incomplete>,
    /// How many pages it took.
    pub pages: u64,
}

impl<T> Listing<T> {
    /// Adds a page.
    pub fn add(&mut self, page: Page<T>) {
        let Page { rows, complete } = page;
        if self.rows.is_empty() {
            // Most lists end with their first page, which is not copied.
            self.rows = rows;
        } else {
            self.rows.extend(rows);
        }
        self.pages += 1;
        if self.complete.is_ok() {
            self.complete = complete;
        }
    }
}

impl<T> Default for Listing<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), complete: Ok(()), pages: 0 }
    }
}

/// Which members to list. The API's filters narrow, they never decide.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemberFilter {
    /// Only memberships, or only open invitations.
    pub accepted: Option<bool>,
    /// Only rows whose name or e-mail matches, in the API's own way.
    pub search: Option<String>,
}

/// A page on the wire. `items` must be there: a page without them is no page.
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "R: Deserialize<'de>"))]
pub(crate) struct PageBody<'a, R> {
    items: Vec<R>,
    #[serde(default, borrow)]
    next_starting_after: Text<'a>,
}

/// A row as it came: hashed, so that one that comes again can be told from one that changed.
pub(crate) trait Row: Hash {
    /// Returns what names it in its list, if it has that.
    fn id(&self) -> Option<&str>;

    /// Returns its place in the order of its list, where that list is in the order of some moment: of two rows the later one's is the
    /// greater.
    fn moment(&self) -> Option<i64> {
        None
    }
}

/// What to ask for: a path with its query, and a body where the list takes its filters in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) path: String,
    pub(crate) body: Option<String>,
}

impl Ask {
    /// Asks for a path.
    pub(crate) fn of(path: impl Into<String>) -> Self {
        Self { path: path.into(), body: None }
    }
}

/// Where the cursor goes.
#[derive(Debug)]
enum Form {
    /// Into the query of this path.
    Query(String),
    /// Into the body, beside the filters (contract section 3, `POST /leads/list`).
    Body { path: &'static str, filters: Map<String, Value> },
}

impl Form {
    fn ask(&self, cursor: Option<&str>) -> Ask {
        match self {
            Self::Query(path) => Ask::of(match cursor {
                None => path.clone(),
                Some(cursor) => format!("{path}&starting_after={}", percent_encoded(cursor)),
            }),
            Self::Body { path, filters } => {
                let mut filters = filters.clone();
                filters.extend(cursor.map(|cursor| ("starting_after".to_owned(), Value::from(cursor))));
                Ask { path: (*path).to_owned(), body: Some(Value::Object(filters).to_string()) }
            }
        }
    }
}

/// Where a walk through a list stands.
#[derive(Debug)]
pub(crate) struct Pager {
    form: Form,
    next: Option<Ask>,
    cursors: HashSet<String>,
    rows: Seen,
    pages: usize,
    most: usize,
    beyond: Incomplete,
}

impl Pager {
    /// Begins a walk through a list that is filtered by the given parameters.
    pub(crate) fn new(path: &str, limit: u32, filter: &[(&str, &str)]) -> Self {
        let mut path = format!("{path}?limit={limit}");
        for (name, value) in filter {
            path.push('&');
            path.push_str(name);
            path.push('=');
            path.push_str(&percent_encoded(value));
        }
        Self::walking(Form::Query(path))
    }

    /// Begins a walk through a list that takes its filters, limit and cursor in the body.
    pub(crate) fn posting(path: &'static str, mut filters: Map<String, Value>) -> Self {
        filters.insert("limit".to_owned(), Value::from(LIMIT));
        Self::walking(Form::Body { path, filters })
    }

    /// Begins a walk through the members.
    pub(crate) fn of_members(filter: &MemberFilter) -> Self {
        let MemberFilter { accepted, search } = filter;
        let accepted = accepted.map(|accepted| if accepted { "true" } else { "false" });
        let parameters: Vec<(&str, &str)> = [("accepted", accepted), ("search", search.as_deref())]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect();
        Self::new(super::members::PATH, LIMIT, &parameters)
    }

    fn walking(form: Form) -> Self {
        Self {
            next: Some(form.ask(None)),
            form,
            cursors: HashSet::new(),
            rows: Seen::default(),
            pages: 0,
            most: MOST_PAGES,
            beyond: Incomplete::TooManyPages,
        }
    }

    /// Ends the walk earlier, and says so in words of its own.
    pub(crate) fn at_most(self, most: usize, beyond: Incomplete) -> Self {
        Self { most, beyond, ..self }
    }

    /// Remembers of a list in the order of its moments no more than its last so many rows.
    pub(crate) fn remembering(self, most: usize) -> Self {
        Self { rows: Seen::of_the_last(most), ..self }
    }

    /// Ends the walk here: whoever takes the rows wants no more of them.
    pub(crate) fn end(&mut self) {
        self.next = None;
    }

    /// Returns the page to ask for, or nothing at the end.
    pub(crate) fn next(&self) -> Option<&Ask> {
        self.next.as_ref()
    }

    /// Returns what will be asked for after a page, before that is read: none where its last words do not tell it, or where the walk would not
    /// go there. A page that can be read and has rows leads just there.
    pub(crate) fn ahead(&self, body: &[u8]) -> Option<Ask> {
        let cursor = last_words(body)?;
        (self.pages + 1 < self.most && !self.cursors.contains(cursor)).then(|| self.form.ask(Some(cursor)))
    }

    /// Tells whether no page has come yet.
    pub(crate) fn is_at_start(&self) -> bool {
        self.pages == 0
    }

    /// Takes a page; `check` takes a row that was not seen before for what it is, or says why it cannot be.
    pub(crate) fn take<R: Row, T>(
        &mut self,
        body: PageBody<'_, R>,
        mut check: impl FnMut(R) -> Result<T, Incomplete>,
    ) -> Page<T> {
        let PageBody { items, next_starting_after } = body;
        let empty = items.is_empty();
        self.rows.reserve(items.len());
        let mut page = Page { rows: Vec::with_capacity(items.len()), complete: Ok(()) };
        for row in items {
            let known = self.rows.take(&row);
            let doubt = match &known {
                Ok(Known::Perhaps) => row.id().map(|id| Incomplete::OutOfOrder { id: shown(id) }),
                _ => None,
            };
            match known.and_then(|known| if known == Known::Before { Ok(None) } else { check(row).map(Some) }) {
                Ok(taken) => page.rows.extend(taken),
                Err(fault) => page.complete = page.complete.and(Err(fault)),
            }
            page.complete = page.complete.and(doubt.map_or(Ok(()), Err));
        }
        page.complete = page.complete.and(self.turn(empty, next_starting_after.filled()));
        page
    }

    /// Turns to the next page: none after an empty page, or without a cursor (missing, null and "" alike).
    fn turn(&mut self, empty: bool, cursor: Option<&str>) -> Result<(), Incomplete> {
        self.pages += 1;
        self.next = None;
        let Some(cursor) = cursor.filter(|_| !empty) else { return Ok(()) };
        if !self.cursors.insert(cursor.to_owned()) {
            return Err(Incomplete::CursorRepeated);
        }
        if self.pages >= self.most {
            return Err(self.beyond.clone());
        }
        self.next = Some(self.form.ask(Some(cursor)));
        Ok(())
    }
}

/// Returns the cursor where a page ends with it, behind its rows, and spells it without an escape. In JSON a quotation mark within a text is
/// escaped, so what stands so before the last brace is a member of the page and of no row.
fn last_words(body: &[u8]) -> Option<&str> {
    let body = body.trim_ascii_end().strip_suffix(b"}")?.trim_ascii_end().strip_suffix(b"\"")?;
    let quote = body.iter().rposition(|byte| *byte == b'"')?;
    let cursor = std::str::from_utf8(&body[quote + 1..]).ok()?;
    let name = body[..quote].trim_ascii_end().strip_suffix(b":")?.trim_ascii_end();
    let rows = name.strip_suffix(b"\"next_starting_after\"")?.trim_ascii_end().strip_suffix(b",")?.trim_ascii_end();
    let last = rows.strip_suffix(b"]")?.trim_ascii_end();
    (!last.ends_with(b"[") && !cursor.is_empty() && !cursor.contains('\\')).then_some(cursor)
}

/// An id as it stands in a message.
pub(super) fn shown(id: &str) -> String {
    id.chars().take(128).collect()
}

/// Percent-encodes a query value whole. A blank becomes `%20`: `+` means a blank to some servers and itself to others.
pub(crate) fn percent_encoded(value: &str) -> String {
    url::form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::classify::decode;
    use crate::api::members::MemberRow;
    use crate::domain::{Member, WorkspaceId};

    fn workspace() -> WorkspaceId {
        WorkspaceId::parse("0197a1c3-5f60-7d11-9a21-00000000aa01").unwrap()
    }

    fn row(id: &str, role: &str) -> serde_json::Value {
        json!({"id": id, "email": format!("{id}@agency.example"), "role": role, "accepted": true, "workspace_id": workspace()})
    }

    fn take(pager: &mut Pager, body: &serde_json::Value) -> Page<Member> {
        taken(pager, body.to_string().as_bytes())
    }

    fn taken(pager: &mut Pager, body: &[u8]) -> Page<Member> {
        pager.take(decode(body).unwrap(), |row: MemberRow<'_>| row.check(Some(&workspace())))
    }

    fn path(pager: &Pager) -> Option<&str> {
        pager.next().map(|ask| ask.path.as_str())
    }

    fn pager() -> Pager {
        Pager::of_members(&MemberFilter::default())
    }

    macro_rules! page {
        ($pager:expr, $name:literal) => {
            taken(&mut $pager, include_bytes!(concat!("../../tests/contract/fixtures/", $name)))
        };
    }

    #[test]
    fn every_recorded_page_is_read_and_ends_as_the_contract_says() {
        let mut walk = pager();
        assert_eq!(path(&walk), Some("/api/v2/workspace-members?limit=100"));
        let mut listing = Listing::default();
        listing.add(page!(walk, "members.page1.json"));
        let second = "/api/v2/workspace-members?limit=100&starting_after=0199b770-5f5f-7a5a-8b5b-0000000b0002";
        assert_eq!(path(&walk), Some(second));
        listing.add(page!(walk, "members.last.json"));
        assert_eq!((walk.next(), listing.rows.len(), &listing.complete), (None, 5, &Ok(())));

        let mut walk = pager();
        assert_eq!(page!(walk, "members.last-null-cursor.json").rows.len(), 1);
        assert_eq!(walk.next(), None);
        let mut walk = pager();
        assert!(page!(walk, "members.empty.json").rows.is_empty());
        assert_eq!(walk.next(), None);
        let mut walk = pager();
        assert_eq!(page!(walk, "members.empty-with-cursor.json"), Page { rows: vec![], complete: Ok(()) });
        assert_eq!(walk.next(), None);
        let page = page!(pager(), "members.forward-compat.json");
        assert_eq!(page.rows[0].role, crate::domain::Role::Other("billing_manager".to_owned()));
        assert_eq!((page.rows[0].name.as_deref(), page.complete), (None, Ok(())));
    }

    #[test]
    fn a_repeated_cursor_ends_the_walk_and_proves_nothing() {
        let mut walk = pager();
        assert!(take(&mut walk, &json!({"items": [row("a", "view")], "next_starting_after": "c1"})).complete.is_ok());
        let page = take(&mut walk, &json!({"items": [row("b", "view")], "next_starting_after": "c1"}));
        assert_eq!((page.rows.len(), page.complete, walk.next()), (1, Err(Incomplete::CursorRepeated), None));
    }

    #[test]
    fn a_row_that_comes_twice_counts_once_and_must_not_differ() {
        let mut walk = pager();
        take(&mut walk, &json!({"items": [row("a", "view")], "next_starting_after": "c1"}));
        let page =
            take(&mut walk, &json!({"items": [row("a", "view"), row("b", "view")], "next_starting_after": "c2"}));
        assert_eq!((page.rows.len(), page.complete), (1, Ok(())));
        let page = take(&mut walk, &json!({"items": [row("b", "admin")]}));
        assert_eq!(page, Page { rows: vec![], complete: Err(Incomplete::Changed { id: "b".to_owned() }) });
    }

    #[test]
    fn a_row_that_cannot_be_taken_is_never_silently_dropped() {
        let mut foreign = row("x", "view");
        foreign["workspace_id"] = json!("another");
        let mut nameless = row("x", "view");
        nameless["id"] = json!(null);
        let mut mute = row("x", "view");
        mute["role"] = json!("");
        for bad in [foreign, nameless, mute] {
            let page = take(&mut pager(), &json!({"items": [row("a", "view"), bad]}));
            assert_eq!(page.rows.len(), 1);
            assert!(page.complete.is_err(), "{bad}");
        }
    }

    #[test]
    fn a_list_without_end_ends() {
        let mut walk = pager();
        let mut complete = Ok(());
        for page in 0..MOST_PAGES {
            assert!(walk.next().is_some());
            let body = json!({"items": [row("a", "view")], "next_starting_after": format!("c{page}")});
            complete = take(&mut walk, &body).complete;
        }
        assert_eq!((complete, walk.next()), (Err(Incomplete::TooManyPages), None));
    }

    #[test]
    fn cursors_and_searches_are_encoded_whole() {
        let mut walk =
            Pager::of_members(&MemberFilter { accepted: Some(false), search: Some("a b+c@d.example&x=1".to_owned()) });
        let first = "/api/v2/workspace-members?limit=100&accepted=false&search=a%20b%2Bc%40d.example%26x%3D1";
        assert_eq!(path(&walk), Some(first));
        let cursor = "2026-01-01T00:00:00.000Z&a+b@c.example#/?";
        take(&mut walk, &json!({"items": [row("a", "view")], "next_starting_after": cursor}));
        let next = path(&walk).unwrap();
        assert!(next.ends_with("&starting_after=2026-01-01T00%3A00%3A00.000Z%26a%2Bb%40c.example%23%2F%3F"), "{next}");
    }

    #[test]
    fn what_comes_after_a_page_is_told_by_its_last_words_or_not_at_all() {
        let page = |tail: &str| format!(r#"{{"items":[{{"id":"a","name":"],\"next_starting_after\":\"no\""}}]{tail}"#);
        let told = |body: &str| pager().ahead(body.as_bytes()).map(|ask| ask.path);
        let first = "/api/v2/workspace-members?limit=100&starting_after=";
        for tail in [r#","next_starting_after":"c 1"}"#, " ,\n \"next_starting_after\" : \"c 1\" } \n"] {
            assert_eq!(told(&page(tail)), Some(format!("{first}c%201")), "{tail}");
        }
        for tail in [
            "}",
            r#","next_starting_after":null}"#,
            r#","next_starting_after":""}"#,
            r#","next_starting_after":"a\"b"}"#,
            r#","next_starting_after":"a\u0062"}"#,
            r#","next_starting_after":"c","total":"7"}"#,
            r#","next_starting_after":"c""#,
        ] {
            assert_eq!(told(&page(tail)), None, "{tail}");
        }
        assert_eq!(told(r#"{"items":[],"next_starting_after":"c"}"#), None, "an empty page is the last");
        assert_eq!(told(r#"{"next_starting_after":"c","items":[{"id":"a"}]}"#), None);
        assert_eq!(told(""), None);
        // Where the walk does not go it is not foretold either.
        let mut walk = pager();
        let again = json!({"items": [row("a", "view")], "next_starting_after": "c1"});
        take(&mut walk, &again);
        assert_eq!(walk.ahead(again.to_string().as_bytes()), None);
        let once = pager().at_most(1, Incomplete::TooManyPages);
        assert_eq!(once.ahead(again.to_string().as_bytes()), None);
    }

    #[test]
    fn what_has_no_items_is_no_page() {
        for body in ["{}", "null", "<html>", r#"{"items": null}"#, r#"{"items": {}}"#, r#"{"error": "x"}"#] {
            assert!(decode::<PageBody<'_, MemberRow<'_>>>(body.as_bytes()).is_err(), "{body}");
        }
    }
}
