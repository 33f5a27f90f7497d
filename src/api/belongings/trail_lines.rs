//! The audit log record by record, handed on as it comes: every member of a record, borrowed from its page, and nothing kept.
//!
//! Owns the wide wire form of a record. What a record tells about people and keys is read in `trail`, which keeps what it needs of one.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::io;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{row, trail};
use crate::api::classify::decode;
use crate::api::client::Client;
use crate::api::error::Error;
use crate::api::operation::Operation;
use crate::api::page::{Incomplete, Listing, Pager, Row, TRAIL_LIMIT};
use crate::api::wire::{Number, Reference, Text, is_blank};
use crate::domain::{TrailLine, WorkspaceId};

/// Rows that are remembered while a trail is read: three pages of digests. Where a trail comes in the order of its moments, which the
/// contract calls unpublished, a row that comes again does so beside itself; one that may be older than that is told, and a trail in no order
/// can therefore never be proven whole.
const REMEMBERED: usize = 3 * TRAIL_LIMIT as usize;

/// The most pages of one trail: a hundred million records.
const MOST_PAGES: usize = 100_000;

/// Which records are asked for. The API's filters narrow, they never decide: which lines count is for whoever takes them to judge by their
/// own moments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrailFilter {
    /// Of one activity, by its code.
    pub activity: Option<i64>,
    /// From about this moment on.
    pub since: Option<Timestamp>,
    /// To about this moment.
    pub until: Option<Timestamp>,
    /// In which this text is found, in the API's own way.
    pub search: Option<String>,
}

impl TrailFilter {
    /// Returns the parameters. Whether the API's dates take in their own day, and whose midnight they mean, is unpublished (contract
    /// section 10): a day more is asked for on either side.
    fn parameters(&self) -> Vec<(&'static str, String)> {
        let Self { activity, since, until, search } = self;
        let day = SignedDuration::from_hours(24);
        let date = |moment: Timestamp| moment.to_zoned(TimeZone::UTC).date();
        let from = since.and_then(|since| since.saturating_sub(day).ok());
        // Nothing is older than 1970, and no API need read such a date: then all is asked for.
        let from = from.filter(|from| *from >= Timestamp::UNIX_EPOCH).map(date);
        let to = until.map(|until| date(until.saturating_add(day).unwrap_or(Timestamp::MAX)));
        // An end that means its midnight ends before its own day.
        let to = to.map(|to| to.tomorrow().unwrap_or(to));
        let parameters = [
            ("activity_type", activity.map(|code| code.to_string())),
            ("start_date", from.map(|date| date.to_string())),
            ("end_date", to.map(|date| date.to_string())),
            ("search", search.clone()),
        ];
        parameters.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// What came of reading a trail to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailRead {
    /// How many records were handed on.
    pub records: u64,
    /// Whether those are all; else the first reason to doubt it.
    pub complete: Result<(), Incomplete>,
    /// How many pages that took.
    pub pages: u64,
}

/// Why a trail was not read to its end. What was handed on before is not taken back.
#[derive(Debug, thiserror::Error)]
pub enum TrailFailure {
    /// A page could not be had.
    #[error(transparent)]
    Api(#[from] Error),
    /// Whoever takes the lines refused one, as a full disk does; no more was read.
    #[error("a line was not taken: {0}")]
    Refused(io::Error),
}

impl Client {
    /// Reads the audit log, a thousand records a page, and hands on each record once, in the API's order, while its page is in memory
    /// (contract section 10). Nothing is kept, so that millions take the memory of a page.
    ///
    /// # Errors
    /// `Refused` with what `take` said, which ends the reading; else what the API said.
    pub async fn trail_lines(
        &self,
        expected: &WorkspaceId,
        filter: &TrailFilter,
        take: &mut dyn FnMut(&TrailLine<'_>) -> io::Result<()>,
    ) -> Result<TrailRead, TrailFailure> {
        let parameters = filter.parameters();
        let parameters: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let pager = Pager::new(trail::PATH, TRAIL_LIMIT, &parameters);
        let mut pager = pager.remembering(REMEMBERED).at_most(MOST_PAGES, Incomplete::TooManyRecords);
        let (mut records, mut refused) = (0, None);
        let page = |pager: &mut Pager, body: &[u8]| {
            // A page is handed on once it is known that all of it can be read, so that none is handed on twice.
            let page = decode(body)?;
            let taken = pager.take(page, |row: LineRow<'_>| {
                let line = row.check(expected)?;
                if refused.is_none() {
                    match take(&line) {
                        Ok(()) => records += 1,
                        Err(no) => refused = Some(no),
                    }
                }
                Ok(())
            });
            if refused.is_some() {
                pager.end();
            }
            Ok(taken)
        };
        let listing = self.walk_ahead(Operation::TrailList, &mut pager, page).await;
        match (refused, listing) {
            (Some(no), _) => Err(TrailFailure::Refused(no)),
            (None, listing) => {
                let Listing { rows: _, complete, pages } = listing?;
                Ok(TrailRead { records, complete, pages })
            }
        }
    }
}

/// A record as it came. Unknown members are ignored, everything may be missing; [`LineRow::check`] judges.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct LineRow<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    organization_id: Text<'a>,
    #[serde(borrow)]
    timestamp: Text<'a>,
    #[serde(borrow)]
    activity_type: Number<'a>,
    #[serde(borrow)]
    user_id: Reference<'a>,
    #[serde(borrow)]
    user_name: Text<'a>,
    #[serde(borrow)]
    api_key_id: Text<'a>,
    #[serde(borrow)]
    from_api: Text<'a>,
    #[serde(borrow)]
    ip_address: Text<'a>,
    #[serde(borrow)]
    user_agent: Text<'a>,
    #[serde(borrow)]
    affected_count: Number<'a>,
    #[serde(borrow)]
    campaign_id: Text<'a>,
    #[serde(borrow)]
    subsequence_id: Text<'a>,
    #[serde(borrow)]
    list_id: Text<'a>,
    #[serde(borrow)]
    webhook_id: Text<'a>,
    #[serde(borrow)]
    audit_metadata: Metadata<'a>,
}

/// By which lengths are told apart that stand in one number.
const LENGTHS: u64 = 0x9e37_79b9_7f4a_7c15;

/// The `audit_metadata`, as it stands in the page.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
struct Metadata<'a>(#[serde(borrow)] Option<&'a RawValue>);

/// What is hashed of a record is all of it, in few pieces: which members are there and how long they are, then their texts.
impl Hash for LineRow<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Named one and all: a member that is added later is not forgotten here.
        let Self {
            id,
            organization_id,
            timestamp,
            activity_type,
            user_id,
            user_name,
            api_key_id,
            from_api,
            ip_address,
            user_agent,
            affected_count,
            campaign_id,
            subsequence_id,
            list_id,
            webhook_id,
            audit_metadata,
        } = self;
        let texts = [
            id,
            organization_id,
            timestamp,
            user_name,
            api_key_id,
            from_api,
            ip_address,
            user_agent,
            campaign_id,
            subsequence_id,
            list_id,
            webhook_id,
        ];
        let texts = texts.map(|text| text.0.as_deref());
        let metadata = audit_metadata.0.map(RawValue::get);
        let texts = || texts.iter().copied().chain([metadata]);
        let length = |text: Option<&str>| text.map_or(0, |text| text.len() as u64 + 1);
        state.write_u64(texts().fold(0, |all: u64, text| all.wrapping_mul(LENGTHS).wrapping_add(length(text))));
        texts().flatten().for_each(|text| state.write(text.as_bytes()));
        (activity_type, user_id, affected_count).hash(state);
    }
}

impl Row for LineRow<'_> {
    fn id(&self) -> Option<&str> {
        self.id.filled()
    }

    fn moment(&self) -> Option<i64> {
        moment(self.timestamp.filled()?)
    }
}

impl<'a> LineRow<'a> {
    /// Takes the row for a record of the expected workspace, or says why it cannot be. What was done, when and by whom must be told.
    fn check(self, expected: &WorkspaceId) -> Result<TrailLine<'a>, Incomplete> {
        let id = row::borrowed(self.id)?;
        row::of(&self.organization_id, expected, &id)?;
        let user_id = match self.user_id {
            Reference::Nothing => None,
            Reference::To(text) if row::fits(&text) => Some(text),
            Reference::To(_) | Reference::Odd => return Err(row::lacks(&id, "user_id")),
        };
        Ok(TrailLine {
            at: filled(self.timestamp).ok_or_else(|| row::lacks(&id, "timestamp"))?,
            activity: self.activity_type.read().ok_or_else(|| row::lacks(&id, "activity_type"))?,
            user_id,
            user_name: filled(self.user_name),
            api_key_id: filled(self.api_key_id),
            from_api: self.from_api.filled().and_then(|said| said.parse().ok()),
            ip_address: filled(self.ip_address),
            user_agent: filled(self.user_agent),
            affected: self.affected_count.read(),
            campaign_id: filled(self.campaign_id),
            subsequence_id: filled(self.subsequence_id),
            list_id: filled(self.list_id),
            webhook_id: filled(self.webhook_id),
            metadata: self.audit_metadata.0.and_then(metadata),
            id,
        })
    }
}

/// Returns a text unless it is missing or blank.
fn filled(text: Text<'_>) -> Option<Cow<'_, str>> {
    text.0.filter(|text| !is_blank(text))
}

/// Returns metadata as one line of JSON, in the API's order; none where nothing is in it.
fn metadata(raw: &RawValue) -> Option<Cow<'_, str>> {
    let raw = raw.get();
    if matches!(raw, "{}" | "null" | "[]" | "\"\"") {
        return None;
    }
    let mut between = Between::default();
    if !raw.bytes().any(|byte| between.is_space(byte)) {
        return Some(Cow::Borrowed(raw));
    }
    let mut between = Between::default();
    // White space is ASCII, and no byte of another character is.
    let compact: String = raw.chars().filter(|c| !u8::try_from(*c).is_ok_and(|byte| between.is_space(byte))).collect();
    (!matches!(compact.as_str(), "{}" | "[]")).then_some(Cow::Owned(compact))
}

/// Finds the white space between the parts of a JSON value, byte by byte; within its texts there is none but blanks, and those stay.
#[derive(Default)]
struct Between {
    within: bool,
    escaped: bool,
}

impl Between {
    fn is_space(&mut self, byte: u8) -> bool {
        let space = !self.within && byte.is_ascii_whitespace();
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' => self.escaped = self.within,
            b'"' => self.within = !self.within,
            _ => {}
        }
        space
    }
}

/// Reads a moment for what comes before what: no moment of a calendar, only its order. The usual form, in UTC, is read without a parser: a
/// trail has millions.
fn moment(text: &str) -> Option<i64> {
    usual(text.as_bytes()).or_else(|| {
        let zoned = text.parse::<Timestamp>().ok()?.to_zoned(TimeZone::UTC).datetime();
        let (date, time) = (zoned.date(), zoned.time());
        let day = [i64::from(date.year()), date.month().into(), date.day().into()];
        let clock = [time.hour().into(), time.minute().into(), time.second().into()];
        Some(ordered(day, clock, (time.subsec_nanosecond() / 1000).into()))
    })
}

fn ordered([year, month, day]: [i64; 3], [hour, minute, second]: [i64; 3], micros: i64) -> i64 {
    let days = (year * 13 + month) * 32 + day;
    (((days * 24 + hour) * 60 + minute) * 61 + second) * 1_000_000 + micros
}

/// Reads `2026-11-20T07:00:00.120Z`, with any number of digits behind the seconds or none.
fn usual(text: &[u8]) -> Option<i64> {
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_i64, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0')))
    };
    let (head, tail) = text.split_at_checked(19)?;
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if separators.iter().any(|(place, separator)| head[*place] != *separator) {
        return None;
    }
    let fraction = match tail {
        [b'Z'] => &[],
        [b'.', digits @ .., b'Z'] => digits,
        _ => return None,
    };
    if !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digit = |place: usize| fraction.get(place).map_or(0, |digit| i64::from(digit - b'0'));
    let micros = (0..6).fold(0, |sum, place| sum * 10 + digit(place));
    let part = |from: usize, to: usize| number(&head[from..to]);
    Some(ordered([part(0, 4)?, part(5, 7)?, part(8, 10)?], [part(11, 13)?, part(14, 16)?, part(17, 19)?], micros))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::api::script::{Line, Stage};

    const HOME: &str = "0197a1c3-5f60-7d11-9a21-00000000aa01";

    fn home() -> WorkspaceId {
        WorkspaceId::parse(HOME).unwrap()
    }

    fn record(id: &str, at: &str) -> Value {
        json!({"id": id, "organization_id": HOME, "timestamp": at, "activity_type": 5})
    }

    fn page(rows: &[Value], cursor: Option<&str>) -> Line {
        Line::Answer(200, json!({"items": rows, "next_starting_after": cursor}).to_string())
    }

    /// What was handed on, by id and metadata, and how it ended.
    async fn read(pages: impl IntoIterator<Item = Line>) -> (Vec<(String, Option<String>)>, TrailRead) {
        let stage = Stage::playing(pages);
        let mut seen = Vec::new();
        let mut keep = |line: &TrailLine<'_>| {
            seen.push((line.id.to_string(), line.metadata.as_deref().map(str::to_owned)));
            Ok(())
        };
        let read = stage.client.trail_lines(&home(), &TrailFilter::default(), &mut keep).await.unwrap();
        stage.ended();
        (seen, read)
    }

    #[tokio::test(start_paused = true)]
    async fn the_recorded_pages_are_handed_on_with_every_member() {
        let recorded = [
            include_str!("../../../tests/contract/fixtures/audit-logs.page1.json"),
            include_str!("../../../tests/contract/fixtures/audit-logs.last.json"),
        ];
        let stage = Stage::playing(recorded.map(|page| Line::Answer(200, page.to_owned())));
        let mut lines = Vec::new();
        let mut keep = |line: &TrailLine<'_>| {
            lines.push(format!("{line:?}"));
            Ok(())
        };
        let read = stage.client.trail_lines(&home(), &TrailFilter::default(), &mut keep).await.unwrap();
        let asked = stage.ended();
        assert_eq!(asked[0].line, "GET /api/v2/audit-logs?limit=1000");
        assert_eq!((read.records, read.complete, read.pages), (lines.len() as u64, Ok(()), 2));
        for part in [
            "id: \"019a4a00-9d9d-7e9e-8f9f-000000000001\"",
            "at: \"2026-11-20T07:00:00.120Z\", activity: 37",
            "user_name: Some(\"Tomas Reyes\")",
            "from_api: Some(false), ip_address: Some(\"203.0.113.24\"), user_agent: Some(\"Mozilla/5.0 (X11; Linux x86_64)\")",
            r#"metadata: Some("{\"name\":\"reporting\"}")"#,
        ] {
            assert!(lines[0].contains(part), "{part}: {}", lines[0]);
        }
        for part in ["affected: Some(1)", "from_api: Some(true)", "metadata: None", "campaign_id: Some("] {
            assert!(lines[1].contains(part), "{part}: {}", lines[1]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_record_is_handed_on_once_and_one_of_another_workspace_never() {
        let mut foreign = record("x", "2026-11-20T07:00:00Z");
        foreign["organization_id"] = json!("another");
        let (a, b) = (record("a", "2026-11-20T07:00:02Z"), record("b", "2026-11-20T07:00:01Z"));
        let (seen, read) = read([page(&[a.clone(), b.clone()], Some("c")), page(&[b, foreign], None)]).await;
        assert_eq!(seen.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(read.complete, Err(Incomplete::OtherWorkspace { id: "x".to_owned() }));
        assert_eq!((read.records, read.pages), (2, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_that_is_refused_ends_the_reading_and_is_no_error_of_the_api() {
        let rows = ["a", "b", "c"].map(|id| record(id, "2026-11-20T07:00:00Z"));
        // The page after it was on its way already, and is given up.
        let stage = Stage::playing([page(&rows, Some("more")), page(&[], None)]);
        let mut seen = 0;
        let mut full = |_: &TrailLine<'_>| {
            seen += 1;
            if seen == 2 { Err(io::Error::from(io::ErrorKind::StorageFull)) } else { Ok(()) }
        };
        let read = stage.client.trail_lines(&home(), &TrailFilter::default(), &mut full).await;
        assert!(matches!(read, Err(TrailFailure::Refused(no)) if no.kind() == io::ErrorKind::StorageFull));
        assert_eq!((seen, stage.ended().len()), (2, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn metadata_stays_as_it_was_written_on_one_line() {
        let of = async |metadata: &str| {
            let row = record("a", "2026-11-20T07:00:00Z").to_string();
            let row = format!("{},\"audit_metadata\":{metadata}}}", row.strip_suffix('}').unwrap());
            let body = format!("{{\"items\":[{row}]}}");
            read([Line::Answer(200, body)]).await.0.remove(0).1
        };
        let same = r#"{"z":1.50,"a":{"b":[1e400,"x \" y"]}}"#;
        assert_eq!(of(same).await.as_deref(), Some(same));
        assert_eq!(of("{ \"z\" : [ 1 ,\n 2 ] ,\t\"a\": \"b  \\\\\" }").await.unwrap(), r#"{"z":[1,2],"a":"b  \\"}"#);
        for nothing in ["null", "{}", "{ }", "[]", "\"\""] {
            assert_eq!(of(nothing).await, None, "{nothing}");
        }
        assert_eq!(of("7").await.as_deref(), Some("7"));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_asked_for_takes_in_a_day_more_on_either_side() {
        let stage = Stage::playing([page(&[], None)]);
        let filter = TrailFilter {
            activity: Some(37),
            since: Some("2026-11-02T10:00:00Z".parse().unwrap()),
            until: Some("2026-11-20T23:30:00Z".parse().unwrap()),
            search: Some("a b".to_owned()),
        };
        stage.client.trail_lines(&home(), &filter, &mut |_| Ok(())).await.unwrap();
        let path =
            "GET /api/v2/audit-logs?limit=1000&activity_type=37&start_date=2026-11-01&end_date=2026-11-22&search=a%20b";
        assert_eq!(stage.ended()[0].line, path);
    }

    #[test]
    fn what_is_asked_for_from_before_1970_is_asked_for_whole() {
        for since in [Timestamp::MIN, "1970-01-01T05:00:00Z".parse().unwrap()] {
            let filter = TrailFilter { since: Some(since), ..TrailFilter::default() };
            assert_eq!(filter.parameters(), []);
        }
    }

    #[test]
    fn moments_are_in_order_however_they_are_written() {
        let order = [
            "2026-11-20T07:00:00Z",
            "2026-11-20T07:00:00.000001Z",
            "2026-11-20T08:00:00.12+01:00",
            "2026-11-20T07:00:00.1201234567891234567890Z",
            "2026-11-20T07:00:60Z",
            "2026-12-01T00:00:00Z",
            "2027-01-01T00:00:00.5Z",
        ];
        let moments: Vec<i64> = order.iter().map(|text| moment(text).unwrap()).collect();
        assert!(moments.is_sorted(), "{moments:?}");
        assert_eq!(moment("2026-11-20T07:00:00.120Z"), moment("2026-11-20T08:00:00.12+01:00"));
        for odd in ["", "yesterday", "2026-11-20", "2026-11-20T07:00:00.x1Z"] {
            assert_eq!(moment(odd), None, "{odd}");
        }
    }
}
