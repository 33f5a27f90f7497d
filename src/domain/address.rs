//! E-mail addresses: how one is taken, and when two are the same person's.

use std::fmt;

/// An e-mail address. Two are equal after trimming ASCII blanks and ASCII-lowercasing; a non-ASCII address matches only itself, be it a
/// no-break space at its end that makes it one, so no look-alike ever stands for another person.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(transparent)]
pub struct Email(String);

/// Why a text is not an e-mail address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an e-mail address: {why}")]
pub struct BadEmail {
    /// The text as it came, shortened and without control characters.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl Email {
    /// Takes an address of the form `local@domain.tld`. Deliberately narrower than RFC 5321: no quotes, no comments, and nothing that
    /// cannot be seen: asked for with a zero-width character in it, somebody would be called absent everywhere and keep all access.
    pub fn parse(text: &str) -> Result<Self, BadEmail> {
        let trimmed = text.trim_ascii();
        let why = match trimmed.split_once('@') {
            _ if trimmed.len() > 254 => Some("longer than 254 bytes"),
            _ if trimmed.chars().any(|c| c.is_whitespace() || c.is_control() || "\"(),:;<>[]\\".contains(c)) => {
                Some("it contains a blank or a character addresses do not have")
            }
            _ if trimmed.chars().any(is_invisible) => Some("it contains a character that nobody can see"),
            None => Some("there is no `@`"),
            Some(("", _)) => Some("nothing stands before the `@`"),
            Some((_, domain)) if domain.contains('@') => Some("there is more than one `@`"),
            Some((_, domain))
                if !domain.contains('.')
                    || domain.starts_with('.')
                    || domain.ends_with('.')
                    || domain.contains("..") =>
            {
                Some("the part after the `@` is not a full domain name")
            }
            Some(_) => None,
        };
        match why {
            None => Ok(Self::observed(trimmed)),
            Some(why) => Err(BadEmail {
                text: trimmed.chars().filter(|c| !c.is_control() && !is_invisible(*c)).take(80).collect(),
                why,
            }),
        }
    }

    /// Takes an address as the API gave it, whatever it looks like: rows are never dropped for an odd address.
    pub fn observed(text: &str) -> Self {
        Self(text.trim_ascii().to_ascii_lowercase())
    }

    /// Returns the address, trimmed and ASCII-lowercased.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns what stands behind the last `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

/// Tells whether nothing is shown for a character (Unicode's `Default_Ignorable_Code_Point`).
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{fff0}'..='\u{fff8}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}'
    )
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Email {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Ok(Self::observed(&<String as serde::Deserialize>::deserialize(d)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_blanks_do_not_matter_and_look_alikes_do() {
        assert_eq!(Email::parse(" Sdr.One@Agency.Example ").unwrap(), Email::parse("sdr.one@agency.example").unwrap());
        assert_ne!(Email::parse("ıda@agency.example").unwrap(), Email::parse("ida@agency.example").unwrap());
        assert_ne!(Email::parse("İda@agency.example").unwrap(), Email::parse("ida@agency.example").unwrap());
        assert_ne!(Email::parse("a+b@agency.example").unwrap(), Email::parse("a@agency.example").unwrap());
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_reason() {
        for text in
            ["", "a", "@b.example", "a@b", "a@@b.example", "a b@c.example", "a@b.example,c@d.example", "a@.example"]
        {
            assert!(Email::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_nobody_can_see_is_refused_where_it_is_typed_and_kept_where_it_is_observed() {
        for hidden in ["\u{200b}", "\u{200d}", "\u{ad}", "\u{202e}", "\u{2060}", "\u{feff}", "\u{fe0f}"] {
            let text = format!("an{hidden}n@agency.example");
            let refused = Email::parse(&text).unwrap_err();
            assert_eq!(
                (refused.why, refused.text.as_str()),
                ("it contains a character that nobody can see", "ann@agency.example")
            );
            assert_ne!(Email::observed(&text), Email::observed("ann@agency.example"));
        }
        assert!(Email::parse("ann@agency.example\u{a0}").is_err());
        assert_ne!(Email::observed("ann@agency.example\u{a0}"), Email::observed("ann@agency.example"));
    }
}
