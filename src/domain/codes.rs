//! The numbers that the API writes for states, and our words for them (contract section 11). A number without a word is shown as it is.

/// Words for the numbers of one field, in the order they are offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Codes(&'static [(&'static str, i64)]);

/// States of a campaign.
pub const CAMPAIGN_STATUS: Codes = Codes(&[
    ("draft", 0),
    ("active", 1),
    ("paused", 2),
    ("completed", 3),
    ("running-subsequences", 4),
    ("accounts-unhealthy", -1),
    ("bounce-protection", -2),
    ("account-suspended", -99),
]);

/// Why a campaign is not sending now.
pub const NOT_SENDING: Codes = Codes(&[
    ("off-schedule", 1),
    ("waiting-for-leads", 2),
    ("campaign-limit", 3),
    ("account-limits", 4),
    ("error", 99),
]);
/// States of a sending account.
pub const ACCOUNT_STATUS: Codes = Codes(&[
    ("active", 1),
    ("paused", 2),
    ("maintenance", 3),
    ("connection-error", -1),
    ("soft-bounce", -2),
    ("sending-error", -3),
]);

/// States of a sending account's warm-up.
pub const WARMUP_STATUS: Codes =
    Codes(&[("paused", 0), ("active", 1), ("banned", -1), ("spam-folder-unknown", -2), ("suspended", -3)]);

/// Who runs a sending account's mailbox.
pub const PROVIDER: Codes =
    Codes(&[("custom", 1), ("google", 2), ("microsoft", 3), ("aws", 4), ("airmail", 8), ("airmail-instant", 11)]);

/// States of a webhook.
pub const WEBHOOK_STATUS: Codes = Codes(&[("active", 1), ("stopped", -1)]);
/// What the audit log records (contract section 10). What is not here is unpublished.
pub const ACTIVITY: Codes = Codes(&[
    ("login", 1),
    ("leads-deleted", 2),
    ("campaign-deleted", 3),
    ("campaign-launched", 4),
    ("campaign-paused", 5),
    ("account-added", 6),
    ("account-deleted", 7),
    ("leads-moved", 8),
    ("leads-added", 9),
    ("leads-merged", 10),
    ("campaign-updated", 11),
    ("subsequence-updated", 12),
    ("webhook-created", 18),
    ("webhook-updated", 19),
    ("webhook-failed", 20),
    ("webhook-resumed", 21),
    ("totp-enrolment-started", 22),
    ("totp-enabled", 23),
    ("totp-replacement-started", 24),
    ("totp-replaced", 25),
    ("totp-disabled", 26),
    ("recovery-codes-made", 27),
    ("recovery-code-used", 28),
    ("mfa-challenge-failed", 29),
    ("mfa-failed-too-often", 30),
    ("mfa-login", 31),
    ("import-started", 32),
    ("import-cancelled", 33),
    ("leads-exported", 34),
    ("enrichment-created", 35),
    ("account-updated", 36),
    ("key-created", 37),
    ("key-deleted", 38),
    ("domain-forwarding-updated", 40),
]);

impl Codes {
    /// Returns the word for a number, or says that there is none.
    pub fn word(self, code: i64) -> &'static str {
        self.0.iter().find(|(_, known)| *known == code).map_or("unknown", |(word, _)| *word)
    }

    /// Says a number in the middle of a sentence: its word, and the number where there is none.
    pub fn spoken(self, code: i64) -> String {
        let known = self.0.iter().find(|(_, known)| *known == code);
        known.map_or_else(|| format!("unknown, code {code}"), |(word, _)| (*word).to_owned())
    }

    /// Tells whether there is a word for a number.
    pub fn knows(self, code: i64) -> bool {
        self.0.iter().any(|(_, known)| *known == code)
    }

    /// Reads a word, or a number as the API writes it.
    pub fn parse(self, text: &str) -> Option<i64> {
        let word = text.trim().to_ascii_lowercase();
        let known = self.0.iter().find(|(known, _)| *known == word).map(|(_, code)| *code);
        known.or_else(|| word.parse().ok())
    }

    /// Returns the words.
    pub fn words(self) -> impl Iterator<Item = &'static str> + Clone {
        self.0.iter().map(|(word, _)| *word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_its_number_and_a_new_number_is_told_as_unknown() {
        for codes in [CAMPAIGN_STATUS, ACCOUNT_STATUS, WARMUP_STATUS, PROVIDER, NOT_SENDING, WEBHOOK_STATUS, ACTIVITY] {
            for word in codes.words() {
                assert_eq!(codes.word(codes.parse(word).unwrap()), word);
            }
            assert_eq!(codes.word(77), "unknown");
            assert_eq!(codes.parse("77"), Some(77));
            assert_eq!(codes.parse("activ"), None);
        }
        assert_eq!((ACTIVITY.spoken(37), ACTIVITY.spoken(39)), ("key-created".into(), "unknown, code 39".into()));
        assert!(ACTIVITY.knows(37) && !ACTIVITY.knows(39) && !ACTIVITY.knows(0));
        assert_eq!((CAMPAIGN_STATUS.parse("Account-Suspended"), ACCOUNT_STATUS.parse("-1")), (Some(-99), Some(-1)));
    }
}
