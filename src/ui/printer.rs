//! The printer: the only place that writes to stdout and stderr.

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;

use super::progress::Progress;
use super::sink::Sink;
use super::words;
use crate::trouble::Trouble;

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Colour {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Writes talk to stderr. Everything is understandable without colour.
#[derive(Debug, Clone)]
pub struct Printer {
    quiet: bool,
    colour: bool,
    progress: Progress,
    /// The root that was named with `-C`, as a shell takes it.
    root: Option<String>,
    out: Sink,
    err: Sink,
}

impl Printer {
    /// Makes a printer. `quiet` leaves errors and questions, and nothing else.
    pub fn new(quiet: bool, colour: bool, progress: Progress) -> Self {
        Self { quiet, colour, progress, root: None, out: Sink::Stdout, err: Sink::Stderr }
    }

    /// Lets every command that is named in its talk say the root that was named with `-C`: what is copied from it works as it stands.
    #[must_use]
    pub fn at_root(self, root: Option<&Path>) -> Self {
        Self { root: root.map(|root| words::shell_word(&root.to_string_lossy())), ..self }
    }

    /// Lets it write elsewhere than to the process's streams.
    #[must_use]
    pub fn into(self, out: Sink, err: Sink) -> Self {
        Self { out, err, ..self }
    }

    /// Returns standard output, buffered: the place for data.
    pub fn data(&self) -> io::BufWriter<Sink> {
        io::BufWriter::new(self.out.clone())
    }

    /// Returns the progress display, so that lines appear above it.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Shows a secret on standard output, on a line of its own below what it is. The caller has made sure that a person reads there.
    pub fn show_secret(&self, head: &str, secret: &str) -> io::Result<()> {
        self.progress.suspend(|| {
            let mut out = self.out.clone();
            // Piece by piece: no copy of the secret is left behind in memory.
            for piece in [head, "\n", secret, "\n"] {
                out.write_all(piece.as_bytes())?;
            }
            out.flush()
        })
    }

    /// Says something, unless asked to be quiet.
    pub fn say(&self, line: &str) {
        if !self.quiet {
            self.line(line);
        }
    }

    /// Says something that must be seen: a warning, a question, the line to go on with.
    pub fn insist(&self, line: &str) {
        self.line(line);
    }

    /// Says that something is wrong with one workspace or line.
    pub fn warn(&self, line: &str) {
        self.line(&format!("{} {line}", self.painted("warning:", "33")));
    }

    /// Says what was found wrong, unless asked to be quiet: a finding that a listing has in its rows or its summary as well.
    pub fn notice(&self, line: &str) {
        self.say(&format!("{} {line}", self.painted("warning:", "33")));
    }

    /// Says what to do next.
    pub fn hint(&self, advice: &str) {
        self.say(&format!("  {} {advice}", self.painted("hint:", "36")));
    }

    /// Asks a question; the cursor stays behind it.
    pub fn ask(&self, question: &str) {
        self.progress.suspend(|| {
            let mut err = self.err.clone();
            let _unseen = write!(err, "{question}").and_then(|()| err.flush());
        });
    }

    /// Shows why the program could not go on, its causes and what to do next.
    pub fn trouble(&self, trouble: &Trouble) {
        self.line(&format!("{} {trouble}", self.painted("error:", "31;1")));
        let mut source = trouble.source();
        while let Some(cause) = source {
            self.line(&format!("  caused by: {cause}"));
            source = cause.source();
        }
        for advice in &trouble.advice {
            self.line(&format!("  {} {advice}", self.painted("hint:", "36")));
        }
    }

    /// Paints a word for a terminal.
    pub fn painted(&self, word: &str, code: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{word}\u{1b}[0m") } else { word.to_owned() }
    }

    fn line(&self, line: &str) {
        let rooted = self.root.as_ref().map(|root| words::at_root(line, root));
        let line = rooted.as_deref().unwrap_or(line);
        self.progress.suspend(|| {
            // Nobody listening on stderr is no reason to stop.
            let _unseen = self.err.clone().write_all(format!("{line}\n").as_bytes());
        });
    }
}
