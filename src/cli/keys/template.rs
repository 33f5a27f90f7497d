//! Names of keys that are to be made, from a template: `{workspace} — {preset} [{nonce}]`.
//!
//! Owns which placeholders there are. `{nonce}` is left as it is: what stands there is decided when the request is sent.

use jiff::civil::Date;

use crate::domain::Workspace;
use crate::plan::keys::NONCE;

/// The name that is given where none is asked for.
pub const DEFAULT: &str = "{workspace} — {preset} [{nonce}]";

/// The placeholders, in words.
const KNOWN: &str = "{workspace}, {preset}, {label.KEY}, {date}, {operator} and {nonce}";

/// The longest name that is asked for.
const LONGEST: usize = 200;

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Workspace,
    Preset,
    Label(String),
    Date,
    Operator,
    Nonce,
}

/// A template of names, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

/// What is the same in every workspace of a command.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// The preset's name.
    pub preset: &'a str,
    /// Today, in UTC.
    pub date: Date,
    /// Who runs the command.
    pub operator: &'a str,
}

impl Template {
    /// Reads a template; `{nonce}` is added at its end where it has none.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() || text.chars().any(char::is_control) {
            return Err("a name must not be blank, and have no line breaks or other control characters".to_owned());
        }
        let text = text.trim();
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((word, after)) = after.split_once('}') else {
                return Err(format!("`{{` without `}}` in `{text}`"));
            };
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(match word {
                "workspace" => Piece::Workspace,
                "preset" => Piece::Preset,
                "date" => Piece::Date,
                "operator" => Piece::Operator,
                "nonce" => Piece::Nonce,
                _ => match word.strip_prefix("label.").filter(|key| !key.is_empty()) {
                    Some(key) => Piece::Label(key.to_owned()),
                    None => return Err(format!("`{{{word}}}` is no placeholder; there are {KNOWN}")),
                },
            });
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        match pieces.iter().filter(|piece| **piece == Piece::Nonce).count() {
            0 => pieces.extend([Piece::Text(" [".to_owned()), Piece::Nonce, Piece::Text("]".to_owned())]),
            1 => {}
            _ => return Err("{nonce} can stand in a name once".to_owned()),
        }
        Ok(Self(pieces))
    }

    /// Makes the name for one workspace; the error says what is missing there.
    pub fn name(&self, workspace: &Workspace, facts: &Facts<'_>) -> Result<String, String> {
        let mut name = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => name.push_str(text),
                Piece::Workspace => name.push_str(&plain(workspace.name.as_str())),
                Piece::Preset => name.push_str(&plain(facts.preset)),
                Piece::Date => name.push_str(&facts.date.to_string()),
                Piece::Operator => name.push_str(&plain(facts.operator)),
                Piece::Nonce => name.push_str(NONCE),
                Piece::Label(key) => match workspace.labels.get(key) {
                    Some(value) => name.push_str(&plain(value)),
                    None => return Err(format!("has no label `{key}`")),
                },
            }
        }
        let length = name.chars().count();
        if length > LONGEST {
            return Err(format!("its key's name would have {length} characters, more than {LONGEST}"));
        }
        Ok(name)
    }
}

/// A value that cannot be taken for a placeholder or end a line.
fn plain(value: &str) -> String {
    let shown = value.chars().filter(|one| !one.is_control());
    shown
        .map(|one| {
            if one == '{' {
                '('
            } else if one == '}' {
                ')'
            } else {
                one
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use super::*;
    use crate::domain::fleet::{Place, Reach, Share};
    use crate::domain::{KeyRef, Mode, WorkspaceName};

    fn workspace(labels: &[(&str, &str)]) -> Workspace {
        Workspace {
            name: WorkspaceName::parse("acme").unwrap(),
            id: None,
            reach: Reach::Own(KeyRef::Env("K".to_owned())),
            mode: Mode::Manage,
            labels: labels
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect::<BTreeMap<_, _>>(),
            store: None,
            display_name: None,
            share: Share::new(0.5).unwrap(),
            place: Place { file: PathBuf::new(), line: 1, column: 1 },
        }
    }

    fn name(template: &str, labels: &[(&str, &str)]) -> Result<String, String> {
        let facts = Facts { preset: "analytics", date: "2026-11-22".parse().unwrap(), operator: "ann\n{nonce}" };
        Template::parse(template)?.name(&workspace(labels), &facts)
    }

    #[test]
    fn every_placeholder_is_filled_in_but_the_nonce() {
        assert_eq!(name(DEFAULT, &[]).unwrap(), "acme — analytics [{nonce}]");
        assert_eq!(name("{label.tier}/{date}", &[("tier", "gold")]).unwrap(), "gold/2026-11-22 [{nonce}]");
        assert_eq!(name("{nonce}: {workspace}", &[]).unwrap(), "{nonce}: acme");
        assert_eq!(name("{operator} {label.x}", &[("x", "{nonce}")]).unwrap(), "ann(nonce) (nonce) [{nonce}]");
    }

    #[test]
    fn what_cannot_be_a_name_is_refused_before_anything_is_asked() {
        for (template, says) in [
            (" ", "blank"),
            ("a\nb", "line breaks"),
            ("{worksapce}", "`{worksapce}` is no placeholder; there are {workspace}"),
            ("{label.}", "no placeholder"),
            ("{workspace", "without `}`"),
            ("{nonce} {nonce}", "once"),
            ("{label.tier}", "has no label `tier`"),
            (&"long".repeat(60), "characters"),
        ] {
            let refused = name(template, &[]).unwrap_err();
            assert!(refused.contains(says), "{template}: {refused}");
        }
    }
}
