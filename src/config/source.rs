//! One of our files as text, and where in it things are.

use std::cell::RefCell;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::problem::Problem;
use super::smell;
use crate::domain::fleet::Place;

/// Longest file that is read; ten thousand workspaces in one file are about 2 MB.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// A file's text with its line starts, and the problems found in it so far.
#[derive(Debug)]
pub(super) struct Source {
    file: PathBuf,
    text: String,
    starts: Vec<usize>,
    problems: RefCell<Vec<Problem>>,
}

impl Source {
    /// Takes a file's bytes; `file` is its path relative to the root. A byte order mark is dropped.
    pub(super) fn new(file: &Path, bytes: Vec<u8>) -> Result<Self, Box<Problem>> {
        let at = |line, column| Place { file: file.to_owned(), line, column };
        if bytes.len() > MOST_BYTES {
            return Err(Box::new(Problem {
                place: at(1, 1),
                field: String::new(),
                message: "the file is larger than 16 MB; this is probably the wrong file".to_owned(),
                advice: Vec::new(),
            }));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = valid.split(|byte| *byte == b'\n').count();
            let last = valid.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let column = String::from_utf8_lossy(&valid[last..]).chars().count() + 1;
            Box::new(Problem {
                place: at(line, column),
                field: String::new(),
                message: "the file is not UTF-8 text from here on".to_owned(),
                advice: vec!["save it as UTF-8".to_owned()],
            })
        })?;
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        let starts =
            std::iter::once(0).chain(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at + 1));
        Ok(Self { file: file.to_owned(), starts: starts.collect(), text, problems: RefCell::default() })
    }

    /// Parses the text. The parser's own message is thrown away: it quotes the line, which may hold a key.
    pub(super) fn parse(&self) -> Option<toml_edit::Document<&str>> {
        match toml_edit::Document::parse(self.text.as_str()) {
            Ok(document) => Some(document),
            Err(error) => {
                let at = error.span().map_or(0, |span| span.start);
                let (message, advice) = if error.message().starts_with("duplicate key") {
                    ("this key or table stands here for the second time", "keep one of them")
                } else {
                    (
                        "this is not valid TOML",
                        "look at the quotes, brackets and `=` here and just before; the line is not shown, it could hold a key",
                    )
                };
                self.report(at..at, "", message, [advice]);
                None
            }
        }
    }

    /// Returns the text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Parses a piece of the text as a document of its own, in which everything stands where it does in the whole; none where that is no TOML.
    pub(super) fn parse_piece(&self, piece: Range<usize>) -> Option<toml_edit::Document<String>> {
        let mut alone = " ".repeat(piece.start);
        alone.push_str(&self.text[piece]);
        toml_edit::Document::parse(alone).ok()
    }

    /// Does something that may come to nothing; then the problems it found are forgotten.
    pub(super) fn attempt<T>(&self, act: impl FnOnce() -> Option<T>) -> Option<T> {
        let before = self.problems.borrow().len();
        let done = act();
        if done.is_none() {
            self.problems.borrow_mut().truncate(before);
        }
        done
    }

    /// Returns the place of a byte.
    pub(super) fn place(&self, offset: usize) -> Place {
        let offset = offset.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts[line - 1];
        // A parser's offset can fall inside of a character; count the characters that begin before it.
        let column = self.text[start..].char_indices().take_while(|(at, _)| start + at < offset).count() + 1;
        Place { file: self.file.clone(), line, column }
    }

    /// Writes down a problem.
    pub(super) fn report<A: Into<String>>(
        &self,
        at: Range<usize>,
        field: &str,
        message: impl Into<String>,
        advice: impl IntoIterator<Item = A>,
    ) {
        self.problems.borrow_mut().push(Problem {
            place: self.place(at.start),
            field: field.to_owned(),
            message: message.into(),
            advice: advice.into_iter().map(Into::into).collect(),
        });
    }

    /// Ends the reading: looks for keys that stand anywhere in the text, and hands out every problem.
    pub(super) fn finish(self) -> Vec<Problem> {
        for at in smell::find(&self.text) {
            let line = self.place(at).line;
            let told =
                self.problems.borrow().iter().any(|p| p.place.line == line && p.message.contains("key by reference"));
            if !told {
                self.report(
                    at..at,
                    "",
                    "something here looks like an API key: name the key by reference",
                    three_ways(),
                );
            }
        }
        self.problems.into_inner()
    }
}

/// The advice for a key that stands in a file.
pub(super) fn three_ways() -> Vec<String> {
    vec![
        "key = { file = \"secrets/NAME.key\" }     a file only you can read, relative to the root".to_owned(),
        "key = { env = \"NAME_INSTANTLY_KEY\" }    an environment variable".to_owned(),
        "key = { command = [\"op\", \"read\", \"…\"] } a program that prints it, run without a shell".to_owned(),
        "a key that was saved or shared in this file should be replaced in the vendor's app".to_owned(),
    ]
}
