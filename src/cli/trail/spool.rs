//! Records of a workspace whose turn has not come: kept in little memory, and beyond that in a file without a name, which goes with its
//! process however that ends.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, BufWriter, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::domain::TrailLine;

/// What is kept in memory of one workspace.
const IN_MEMORY: usize = 32 * 1024;

/// The records of one workspace.
#[derive(Debug, Default)]
pub struct Spool {
    memory: Vec<u8>,
    file: Option<BufWriter<File>>,
}

impl Spool {
    /// Keeps a record. Fails where no file can be made: memory would grow without bound.
    pub fn keep(&mut self, line: &TrailLine<'_>, folder: &Path) -> io::Result<()> {
        serde_json::to_writer(&mut self.memory, line)?;
        self.memory.push(b'\n');
        if self.memory.len() < IN_MEMORY {
            return Ok(());
        }
        if self.file.is_none() {
            self.file = Some(BufWriter::new(nameless(folder)?));
        }
        if let Some(file) = &mut self.file {
            file.write_all(&self.memory)?;
            self.memory.clear();
        }
        Ok(())
    }

    /// Hands on all that was kept, in its order, and keeps nothing any more.
    pub fn empty(&mut self, mut take: impl FnMut(&TrailLine<'_>) -> io::Result<()>) -> io::Result<()> {
        let mut each = |record: &[u8]| take(&serde_json::from_slice(record)?);
        if let Some(file) = self.file.take() {
            let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.seek(SeekFrom::Start(0))?;
            let mut lines = BufReader::new(file);
            let mut record = Vec::new();
            while lines.read_until(b'\n', &mut record)? > 0 {
                each(&record)?;
                record.clear();
            }
        }
        for record in std::mem::take(&mut self.memory).split_inclusive(|byte| *byte == b'\n') {
            each(record)?;
        }
        Ok(())
    }
}

/// Makes a file for its owner alone, and takes its name away.
fn nameless(folder: &Path) -> io::Result<File> {
    let mut number = 0_u32;
    loop {
        let path = folder.join(format!(".spool-{}-{number}", std::process::id()));
        match OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => {
                fs::remove_file(&path)?;
                return Ok(file);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 1000 => number += 1,
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: usize) -> TrailLine<'static> {
        TrailLine {
            id: format!("r-{id}").into(),
            at: "2026-11-20T07:00:00Z".into(),
            activity: 34,
            user_id: None,
            user_name: Some("Noor \"N\"\n".into()),
            api_key_id: None,
            from_api: Some(false),
            ip_address: None,
            user_agent: Some("x".repeat(50).into()),
            affected: Some(7),
            campaign_id: None,
            subsequence_id: None,
            list_id: None,
            webhook_id: None,
            metadata: Some("{\"a\":[1]}".into()),
        }
    }

    #[test]
    fn where_no_file_can_be_made_it_fails_before_memory_grows() {
        let folder = tempfile::tempdir().unwrap();
        let gone = folder.path().join("gone");
        let mut spool = Spool::default();
        let failed = (0..2_000).find(|id| spool.keep(&line(*id), &gone).is_err());
        assert!(failed.is_some());
        assert!(spool.memory.len() < 2 * IN_MEMORY);
    }

    #[test]
    fn what_was_kept_comes_out_as_it_went_in_and_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        for many in [0, 3, 2_000] {
            let mut spool = Spool::default();
            for id in 0..many {
                spool.keep(&line(id), folder.path()).unwrap();
            }
            assert_eq!(spool.file.is_some(), many > 100);
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind, not even now");
            let mut seen = 0;
            let take = |came: &TrailLine<'_>| {
                assert_eq!(*came, line(seen));
                seen += 1;
                Ok(())
            };
            spool.empty(take).unwrap();
            assert_eq!(seen, many);
        }
    }
}
