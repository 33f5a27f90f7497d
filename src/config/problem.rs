//! Problems of our files: all of them together, each with its place and what to do.

use std::collections::BTreeSet;
use std::fmt;

use crate::domain::fleet::Place;
use crate::trouble::Advise;

/// One thing that is wrong in a file. Never quotes a value that may be a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where it is; 1:1 where the whole file is meant.
    pub place: Place,
    /// The field by its path, such as `defaults.timeout`; empty where none is meant.
    pub field: String,
    /// What is wrong: a lower-case fragment.
    pub message: String,
    /// What to do, most useful first.
    pub advice: Vec<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.message)?;
        for advice in &self.advice {
            write!(f, "\n  hint: {advice}")?;
        }
        Ok(())
    }
}

/// Every problem of every file of a root, sorted by place; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    list: Vec<Problem>,
}

impl Problems {
    /// Sorts what was found; nothing where nothing was.
    pub(super) fn of(mut list: Vec<Problem>) -> Option<Self> {
        list.sort();
        list.dedup();
        (!list.is_empty()).then_some(Self { list })
    }

    /// Returns the problems by file, line and column.
    pub fn as_slice(&self) -> &[Problem] {
        &self.list
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: BTreeSet<_> = self.list.iter().map(|problem| &problem.place.file).collect();
        let (problems, files) = (self.list.len(), files.len());
        let plural = |count| if count == 1 { "" } else { "s" };
        write!(f, "{problems} problem{} in {files} configuration file{}", plural(problems), plural(files))?;
        self.list.iter().try_for_each(|problem| write!(f, "\n{problem}"))
    }
}

impl std::error::Error for Problems {}

impl Advise for Problems {
    fn advice(&self) -> Vec<String> {
        vec!["nothing was sent; mend the files and run `keyholder check`".to_owned()]
    }
}
