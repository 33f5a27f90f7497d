//! Pages of belongings: the rules of contract section 3 for every cursor form.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::sim::name;
use crate::sim::paper::{self, Refusal};
use crate::sim::routes::Ask;
use crate::sim::settings::LastPage;

/// What a listing was asked for.
pub(crate) struct Span {
    limit: usize,
    after: Option<String>,
}

impl Span {
    /// Reads it from the query. `None` is a limit above the highest: no rows and no complaint, as was seen.
    pub(crate) fn of_query(ask: &Ask, most: usize) -> Result<Option<Self>, Refusal> {
        let limit = match ask.query("limit") {
            None => 10,
            Some(text) => {
                text.parse::<usize>().map_err(|_not_a_number| paper::invalid("querystring/limit must be integer"))?
            }
        };
        Self::of(limit, most, ask.query("starting_after"), "querystring")
    }

    /// Reads it from a body, where the listing of leads has it.
    pub(super) fn of_body(body: &Map<String, Value>, most: usize) -> Result<Option<Self>, Refusal> {
        let limit = match body.get("limit") {
            None => 10,
            Some(value) => {
                let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
                number.ok_or_else(|| paper::invalid("body/limit must be integer"))?
            }
        };
        Self::of(limit, most, super::text(body, "starting_after")?, "body")
    }

    fn of(limit: usize, most: usize, after: Option<String>, place: &str) -> Result<Option<Self>, Refusal> {
        if limit == 0 {
            return Err(paper::invalid(&format!("{place}/limit must be >= 1")));
        }
        let after = after.filter(|text| !text.is_empty());
        Ok((limit <= most).then_some(Self { limit, after }))
    }

    /// The most rows of the page.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// The cursor as it was sent.
    pub(super) fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// The cursor as an id.
    pub(crate) fn after_id(&self) -> Result<Option<u128>, Refusal> {
        let read = |text: &str| name::read(text).ok_or_else(|| bad_cursor("uuid"));
        self.after().map(read).transpose()
    }

    /// Makes a page of what comes behind the cursor; only the rows on it are made.
    pub(super) fn page<T>(
        &self,
        rows: impl Iterator<Item = T>,
        last: LastPage,
        show: impl Fn(&T) -> Value,
        cursor: impl Fn(&T) -> String,
    ) -> Value {
        let mut items = Vec::new();
        let next = self.cut(rows, last, |row| items.push(show(row)), cursor);
        let mut page = Map::new();
        page.insert("items".into(), items.into());
        page.extend(next.map(|next| ("next_starting_after".to_owned(), next)));
        Value::Object(page)
    }

    /// Writes the same page as the text it is sent as: of what is listed by the hundred, a tree of values costs more than all else.
    pub(crate) fn written<T: Copy, R: Serialize>(
        &self,
        rows: impl Iterator<Item = T>,
        last: LastPage,
        show: impl Fn(T) -> R,
        cursor: impl Fn(&T) -> String,
    ) -> String {
        let mut out = b"{\"items\":[".to_vec();
        let mut first = true;
        let write = |row: &T| {
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            serde_json::to_writer(&mut out, &show(*row)).expect("a row is JSON");
        };
        let next = self.cut(rows, last, write, cursor);
        out.push(b']');
        if let Some(next) = next {
            out.extend_from_slice(b",\"next_starting_after\":");
            serde_json::to_writer(&mut out, &next).expect("a cursor is JSON");
        }
        out.push(b'}');
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    /// Hands on the rows of a page; returns the cursor that stands on it.
    fn cut<T>(
        &self,
        mut rows: impl Iterator<Item = T>,
        last: LastPage,
        mut each: impl FnMut(&T),
        cursor: impl Fn(&T) -> String,
    ) -> Option<Value> {
        let mut end = None;
        for row in rows.by_ref().take(self.limit) {
            each(&row);
            end = Some(row);
        }
        let next = end.as_ref().map(|row| Value::from(cursor(row)));
        match last {
            _ if rows.next().is_some() => next,
            LastPage::Absent => None,
            LastPage::Null => Some(Value::Null),
            LastPage::Empty => Some("".into()),
            LastPage::Cursor => next,
        }
    }
}

/// Makes a tree of values of a page that was written.
pub(crate) fn tree(written: &str) -> Value {
    serde_json::from_str(written).expect("what is written here is JSON")
}

/// A cursor that is not in the listing's form.
pub(super) fn bad_cursor(form: &str) -> Refusal {
    paper::invalid(&format!("querystring/starting_after must match format \"{form}\""))
}

/// The page that a limit above the highest gets.
pub(crate) fn none() -> Value {
    json!({ "items": [] })
}
