//! One pass over the trail of a workspace: its lines of the period are handed on, and what it tells of logins and keys is folded as it goes by.

use std::collections::BTreeMap;
use std::io;

use jiff::Timestamp;

use super::{Reader, TakeLine};
use crate::api::{TrailFailure, TrailFilter, TrailRead};
use crate::domain::belongings::{Activity, activity};
use crate::domain::{KeyId, Listed, Period, ReportKind, Told, TrailLine, TrailSeen, UserId};

impl Reader<'_> {
    /// Reads the trail once, from the first day of the period or as far back as the use of keys is asked for, to its end. Only where nobody
    /// but the writer of its lines wants to know it, no further than the period.
    pub(super) async fn pass(&self, take_line: TakeLine<'_>) -> Option<Told<TrailSeen>> {
        if !self.needs(Listed::Trail) {
            return None;
        }
        let asked = |kind: ReportKind| self.quest.kinds.contains(&kind);
        let used_since = self.quest.used_since.filter(|_| asked(ReportKind::Keys));
        let (first, end) = self.quest.period.to_ask();
        let lines = asked(ReportKind::Trail);
        let since = if lines { used_since.map_or(first, |since| since.min(first)) } else { used_since? };
        let alone = !asked(ReportKind::Keys) && !asked(ReportKind::Members);
        let until = (lines && alone).then_some(end);
        let filter = TrailFilter { since: Some(since), until, ..TrailFilter::default() };
        let mut folded = Folded::new(lines.then_some(self.quest.period), since, used_since);
        let read = self.client.trail_lines(self.id, &filter, &mut |line| folded.take(line, take_line)).await;
        let unread = match read {
            Ok(TrailRead { complete, pages, .. }) => {
                if complete.is_ok() {
                    self.note(Listed::Trail, pages);
                }
                complete.err().map(|why| why.to_string())
            }
            Err(error @ (TrailFailure::Api(_) | TrailFailure::Refused(_))) => Some(error.to_string()),
        };
        Some(folded.told(unread))
    }
}

/// What went by.
struct Folded {
    /// The moments between which lines are handed on; none hands on none.
    lines: Option<Bounds>,
    since: Timestamp,
    used_since: Option<Timestamp>,
    records: u64,
    logins: BTreeMap<String, (Timestamp, String)>,
    used: BTreeMap<String, Timestamp>,
    /// The first record whose moment cannot be read.
    odd: Option<String>,
}

/// A period, also as the API writes moments: of millions none needs to be parsed.
struct Bounds {
    period: (Timestamp, Timestamp),
    texts: (String, String),
}

impl Bounds {
    fn of(period: Period) -> Self {
        let (first, end) = period.to_ask();
        let text = |moment: Timestamp| moment.to_string().trim_end_matches('Z').to_owned();
        Self { period: (first, end), texts: (text(first), text(end)) }
    }

    /// Tells whether a moment is in the period; none where it is no moment.
    fn hold(&self, at: &str) -> Option<bool> {
        let bytes = at.as_bytes();
        if let [head @ .., b'Z'] = bytes
            && head.len() >= 19
            && head[10] == b'T'
            && head[..4].iter().all(u8::is_ascii_digit)
        {
            let seconds = &head[..19];
            return Some(self.texts.0.as_bytes() <= seconds && seconds < self.texts.1.as_bytes());
        }
        let at: Timestamp = at.parse().ok()?;
        Some(self.period.0 <= at && at < self.period.1)
    }
}

impl Folded {
    fn new(lines: Option<Period>, since: Timestamp, used_since: Option<Timestamp>) -> Self {
        Self {
            lines: lines.map(Bounds::of),
            since,
            used_since,
            records: 0,
            logins: BTreeMap::new(),
            used: BTreeMap::new(),
            odd: None,
        }
    }

    fn take(
        &mut self,
        line: &TrailLine<'_>,
        take_line: &mut dyn FnMut(&TrailLine<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        if matches!(line.activity, activity::LOGIN | activity::MFA_LOGIN)
            && let Some(user) = &line.user_id
            && let Some(at) = self.moment(line)
        {
            match self.logins.get_mut(user.as_ref()) {
                Some(newest) if newest.0 >= at => {}
                Some(newest) => *newest = (at, line.at.to_string()),
                None => drop(self.logins.insert(user.to_string(), (at, line.at.to_string()))),
            }
        }
        if let (Some(key), Some(since)) = (&line.api_key_id, self.used_since)
            && let Some(at) = self.moment(line)
            // The API's filter narrows, it never decides.
            && at >= since
        {
            match self.used.get_mut(key.as_ref()) {
                Some(newest) => *newest = at.max(*newest),
                None => drop(self.used.insert(key.to_string(), at)),
            }
        }
        // A line that does not say when it was is handed on: better one too many than one that is missing.
        let held = match &self.lines {
            None => false,
            Some(bounds) => bounds.hold(&line.at).unwrap_or_else(|| {
                self.odd.get_or_insert_with(|| line.id.to_string());
                true
            }),
        };
        if held {
            take_line(line)?;
            self.records += 1;
        }
        Ok(())
    }

    fn moment(&mut self, line: &TrailLine<'_>) -> Option<Timestamp> {
        let at = line.at.parse().ok();
        if at.is_none() {
            self.odd.get_or_insert_with(|| line.id.to_string());
        }
        at
    }

    fn told(self, unread: Option<String>) -> Told<TrailSeen> {
        let Self { since, used_since, records, logins, used, odd, .. } = self;
        let odd = odd.map(|id| format!("record `{id}` has no moment that can be read"));
        let incomplete = unread.or(odd);
        let last = used.into_iter().filter_map(|(key, at)| Some((KeyId::parse(&key).ok()?, at.to_string())));
        let activity = used_since.map(|since| Activity { since, last: last.collect(), incomplete: incomplete.clone() });
        let logins = logins.into_iter().filter_map(|(user, (_, at))| Some((UserId::parse(&user).ok()?, at)));
        let seen = TrailSeen { records, since: Some(since), logins: logins.collect(), activity, made: Vec::new() };
        Told { value: seen, incomplete }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn period() -> Period {
        Period::new("2026-11-01".parse().unwrap(), "2026-11-30".parse().unwrap()).unwrap()
    }

    fn line<'a>(at: &'a str, activity: i64, user: Option<&'a str>, key: Option<&'a str>) -> TrailLine<'a> {
        TrailLine {
            id: Cow::Borrowed("r-1"),
            at: Cow::Borrowed(at),
            activity,
            user_id: user.map(Cow::Borrowed),
            user_name: None,
            api_key_id: key.map(Cow::Borrowed),
            from_api: None,
            ip_address: None,
            user_agent: None,
            affected: None,
            campaign_id: None,
            subsequence_id: None,
            list_id: None,
            webhook_id: None,
            metadata: None,
        }
    }

    #[test]
    fn the_first_and_the_last_moment_of_a_period_are_in_it_however_they_are_written() {
        let bounds = Bounds::of(period());
        for (at, held) in [
            ("2026-10-31T23:59:59.999Z", Some(false)),
            ("2026-11-01T00:00:00Z", Some(true)),
            ("2026-11-30T23:59:59.999Z", Some(true)),
            ("2026-12-01T00:00:00.000Z", Some(false)),
            ("2026-12-01T00:30:00+02:00", Some(true)),
            ("2026-11-01T00:30:00+02:00", Some(false)),
            ("yesterday", None),
        ] {
            assert_eq!(bounds.hold(at), held, "{at}");
        }
    }

    #[test]
    fn logins_and_uses_are_the_newest_and_lines_are_those_of_the_period() {
        let since = "2026-10-01T00:00:00Z".parse().unwrap();
        let mut folded = Folded::new(Some(period()), since, Some(since));
        let mut handed = 0;
        let mut take = |_: &TrailLine<'_>| {
            handed += 1;
            Ok(())
        };
        for one in [
            line("2026-12-02T08:00:00Z", activity::LOGIN, Some("u-1"), None),
            line("2026-11-20T08:00:00Z", activity::MFA_LOGIN, Some("u-1"), None),
            line("2026-11-20T08:00:00Z", activity::MFA_LOGIN, Some("u-2"), None),
            line("2026-11-19T08:00:00Z", 11, Some("u-3"), Some("k-1")),
            line("2026-09-30T08:00:00Z", 11, None, Some("k-2")),
            line("2026-10-02T08:00:00Z", 11, None, Some("k-1")),
        ] {
            folded.take(&one, &mut take).unwrap();
        }
        let Told { value: seen, incomplete } = folded.told(None);
        assert_eq!((handed, seen.records, incomplete), (3, 3, None));
        let logins: Vec<(&str, &str)> = seen.logins.iter().map(|(user, at)| (user.as_str(), at.as_str())).collect();
        assert_eq!(logins, [("u-1", "2026-12-02T08:00:00Z"), ("u-2", "2026-11-20T08:00:00Z")]);
        let used: Vec<(&str, &str)> =
            seen.activity.as_ref().unwrap().last.iter().map(|(key, at)| (key.as_str(), at.as_str())).collect();
        assert_eq!(used, [("k-1", "2026-11-19T08:00:00Z")]);
    }

    #[test]
    fn a_line_without_a_moment_is_handed_on_and_makes_the_trail_unsure() {
        let mut folded = Folded::new(Some(period()), Timestamp::UNIX_EPOCH, None);
        folded.take(&line("someday", 5, None, None), &mut |_| Ok(())).unwrap();
        let told = folded.told(None);
        assert_eq!(told.value.records, 1);
        assert!(told.incomplete.unwrap().contains("r-1"));
    }
}
