//! What the codes of the vendor's audit log say of a person, in words (contract section 10).

/// Says a code in words; one that is not published is shown as it is.
pub fn word(code: i64) -> String {
    let known = match code {
        1 => "login",
        2 => "leads deleted",
        3 => "campaign deleted",
        4 => "campaign launched",
        5 => "campaign paused",
        6 => "account added",
        7 => "account deleted",
        8 => "leads moved",
        9 => "leads added",
        10 => "leads merged",
        11 => "campaign updated",
        12 => "subsequence updated",
        18 => "webhook created",
        19 => "webhook updated",
        20 => "webhook marked as error",
        21 => "webhook resumed",
        22 => "second factor: enrolment started",
        23 => "second factor: enabled",
        24 => "second factor: replacement started",
        25 => "second factor: replaced",
        26 => "second factor: disabled",
        27 => "second factor: recovery codes made",
        28 => "second factor: recovery code used",
        29 => "second factor: challenge failed",
        30 => "second factor: challenge failed too often",
        31 => "second factor: login succeeded",
        32 => "subscriber import started",
        33 => "subscriber import cancelled",
        34 => "leads exported",
        35 => "SuperSearch enrichment created",
        36 => "account updated",
        37 => "API key created",
        38 => "API key deleted",
        40 => "domain forwarding updated",
        other => return format!("activity {other}"),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn an_unpublished_code_is_shown_and_no_two_codes_share_a_word() {
        assert_eq!(word(39), "activity 39");
        let mut words: Vec<String> = (1..=40).map(word).collect();
        words.sort();
        words.dedup();
        assert_eq!(words.len(), 40);
    }
}
