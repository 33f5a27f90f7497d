//! The files of one workspace in an export: one a month, appended to, each record once.
//!
//! ```text
//! what the ledger holds ─► lengths looked at ─► shorter or missing: said, and all is asked anew
//!                            └─► from the overlap on read back: ids that are there ─► a record that is not is appended
//! the listing ends ─► files synced ─► their lengths into the ledger ─► the mark, where the listing was whole
//! ```
//!
//! A cut at any point leaves whole records behind a recorded length, and perhaps the beginning of one, which the next export takes off.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::hash::BuildHasher as _;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use foldhash::quality::RandomState;
use jiff::Timestamp;

use super::form::{Form, Writer};
use super::moment::{self, Moment, Month, Reader};
use super::room::{Room, Taken};
use super::scan::{Scanned, Whose, scan};
use crate::domain::TrailLine;
use crate::journal::{Exported, ExportedFile};
use crate::report::bulk::context::Stamp;
use crate::report::bulk::tables::trail_row;

/// What the file of records is called whose moment cannot be read.
const UNDATED: &str = "undated";

/// Months that are open at once: the API lists by time, and where it does not, files are opened anew.
pub const MOST_OPEN: usize = 3;

/// Ids that are there, as digests of sixteen bytes each: two ids of one digest would lose a record.
#[derive(Debug, Default)]
struct Known {
    hashers: [RandomState; 2],
    ids: HashSet<u128, RandomState>,
}

impl Known {
    fn digest(&self, id: &str) -> u128 {
        let [one, other] = self.hashers.each_ref().map(|hasher| u128::from(hasher.hash_one(id)));
        one << 64 | other
    }

    fn add(&mut self, id: &str) {
        self.ids.insert(self.digest(id));
    }

    fn has(&self, id: &str) -> bool {
        !self.ids.is_empty() && self.ids.contains(&self.digest(id))
    }
}

/// Records of one file, counted as they come.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    rows: u64,
    first: Option<i64>,
    last: Option<i64>,
}

impl Count {
    fn add(&mut self, moment: Option<Moment>) {
        self.rows += 1;
        if let Some(Moment { micros, .. }) = moment {
            self.first = Some(self.first.map_or(micros, |first| first.min(micros)));
            self.last = Some(self.last.map_or(micros, |last| last.max(micros)));
        }
    }

    /// Adds what was counted to what a file holds.
    fn into(self, file: &mut ExportedFile) {
        let moment = |micros: i64| Timestamp::from_microsecond(micros).ok();
        let Self { rows, first, last } = self;
        file.rows += rows;
        if let Some(first) = first.and_then(moment) {
            file.first = Some(file.first.map_or(first, |before| before.min(first)));
        }
        if let Some(last) = last.and_then(moment) {
            file.last = Some(file.last.map_or(last, |before| before.max(last)));
        }
    }
}

/// A file that is being written.
#[derive(Debug)]
struct Open {
    month: Option<Month>,
    writer: Writer,
    count: Count,
}

/// What became of the records that came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Appended.
    pub added: u64,
    /// There already.
    pub known: u64,
    /// Older than what was asked for; they are there since the listing that first came whole.
    pub older: u64,
}

/// The files of one workspace.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    form: Form,
    stamp: Stamp,
    held: Exported,
    floor: Option<i64>,
    known: Known,
    reader: Reader,
    open: Vec<Open>,
    oldest: Option<i64>,
    newest: Option<i64>,
    /// Whether the listing is in no order, and every id is known.
    disordered: bool,
    tally: Tally,
    remarks: Vec<String>,
    /// The room for what is known of files that were read whole.
    taken: Option<Taken>,
}

/// Where workspaces' files are and how they are written.
#[derive(Debug, Clone)]
pub struct Place {
    /// The folder of all workspaces.
    pub workspaces: PathBuf,
    /// The form.
    pub form: Form,
    /// How far back is read again.
    pub overlap: Duration,
    /// What may be known of files at once, over all workspaces.
    pub room: Room,
}

impl Store {
    /// Opens the files of a workspace. What an export before left behind is put in order by [`Self::recollect`].
    pub fn open(place: &Place, stamp: Stamp, held: Option<Exported>) -> io::Result<Self> {
        let folder = place.workspaces.join(&stamp.workspace);
        let mut remarks = Vec::new();
        let mut held = held.unwrap_or_default();
        if !held.folder.is_empty() && held.folder != stamp.workspace {
            let before = held.folder.clone();
            if !moved(place, &before, &folder, &mut remarks)? {
                // What is recorded of its files is not true of those that bear its name now.
                held = Exported::default();
                remarks.push(format!(
                    "it was called `{before}` before, and its files could not be taken along: the trail is exported anew from \
                     its beginning"
                ));
            }
        }
        held.folder.clone_from(&stamp.workspace);
        let new = folder.symlink_metadata().is_err();
        private_folder(&folder)?;
        if new {
            File::open(&place.workspaces)?.sync_all()?;
        }
        let mut store = Self {
            folder,
            form: place.form,
            stamp,
            held,
            floor: None,
            known: Known::default(),
            reader: Reader::default(),
            open: Vec::new(),
            oldest: None,
            newest: None,
            disordered: false,
            tally: Tally::default(),
            remarks,
            taken: None,
        };
        store.look_over()?;
        let since = store.since(place.overlap);
        store.floor = since.map(|since| moment::floor(since).as_microsecond());
        Ok(store)
    }

    /// Puts what an export before left behind in order, and reads back what must be known of it. Of files that are read whole this waits
    /// until there is room for what is known of them.
    pub async fn recollect(&mut self, place: &Place) -> io::Result<()> {
        if self.floor.is_some() {
            if !self.read_back()? {
                return Ok(());
            }
            // Something in the midst is not as it was written: what else is there is kept, and all is asked for anew.
            self.held.mark = None;
            self.floor = None;
            self.known = Known::default();
        }
        let mut length = 0;
        for name in self.files()?.keys() {
            length += plain_length(&self.folder.join(name))?.unwrap_or(0);
        }
        self.taken = Some(place.room.take(length).await);
        if self.read_back()? {
            self.known = Known::default();
            self.read_back()?;
        }
        Ok(())
    }

    /// Returns the moment from which on records are to be asked for; none is from the beginning.
    pub fn since(&self, overlap: Duration) -> Option<Timestamp> {
        self.held.mark.map(|mark| mark.checked_sub(overlap).unwrap_or(Timestamp::MIN))
    }

    /// Looks whether every file is there and as long as it was.
    fn look_over(&mut self) -> io::Result<()> {
        let mut lost = Vec::new();
        for (name, file) in &self.held.files {
            match plain_length(&self.folder.join(name))? {
                None => lost.push((name.clone(), "is not there any more".to_owned())),
                Some(length) if length < file.length => {
                    lost.push((name.clone(), format!("has {length} bytes, and had {}", file.length)));
                }
                Some(_) => {}
            }
        }
        for (name, why) in lost {
            self.remarks.push(format!("{name} {why}: the trail is exported anew from its beginning"));
            self.held.files.remove(&name);
            self.held.mark = None;
        }
        Ok(())
    }

    /// Reads back what must be known, and takes off what was left of a record. Tells whether a file had to be set aside.
    fn read_back(&mut self) -> io::Result<bool> {
        let mut aside = false;
        for (name, month) in self.files()? {
            let path = self.folder.join(&name);
            let Some(length) = plain_length(&path)? else { continue };
            let recorded = self.held.files.get(&name).copied().unwrap_or_default();
            let in_overlap = self.floor.is_none_or(|floor| {
                let first = Timestamp::from_microsecond(floor).ok().and_then(Month::of);
                month.is_none_or(|month| Some(month) >= first)
            });
            if !in_overlap && length == recorded.length {
                continue;
            }
            let (known, floor) = (&mut self.known, self.floor);
            let mut count = Count::default();
            let whose = Whose { form: self.form, workspace_id: &self.stamp.workspace_id, month };
            let Scanned { whole, length, torn, strange } = scan(&path, whose, |id, moment| {
                if moment.is_none_or(|moment| floor.is_none_or(|floor| moment.micros >= floor)) {
                    known.add(id);
                }
                count.add(moment);
            })?;
            // Nobody else's records are taken off: a name that another workspace had before leads to that one's files.
            if strange || whole < recorded.length || (whole == 0 && !torn) {
                self.set_aside(&name)?;
                aside = true;
                continue;
            }
            if whole < length {
                let file = OpenOptions::new().write(true).open(&path)?;
                file.set_len(whole)?;
                file.sync_all()?;
                if !torn {
                    let bytes = length - whole;
                    self.remarks
                        .push(format!("{name} ended with {bytes} bytes that are no records; they were taken off"));
                }
            }
            let mut file = ExportedFile { length: whole, ..ExportedFile::default() };
            count.into(&mut file);
            self.held.files.insert(name, file);
        }
        Ok(aside)
    }

    /// Returns the files of the folder that bear a name of ours.
    fn files(&self) -> io::Result<BTreeMap<String, Option<Month>>> {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(&self.folder)? {
            let Ok(name) = entry?.file_name().into_string() else { continue };
            let stem = name.strip_suffix(self.form.as_str()).and_then(|stem| stem.strip_suffix('.'));
            match stem {
                Some(UNDATED) => drop(files.insert(name, None)),
                Some(stem) => {
                    if let Some(month) = Month::parse(stem) {
                        files.insert(name, Some(month));
                    }
                }
                None => {}
            }
        }
        Ok(files)
    }

    /// Puts a file aside that holds something else than what was written to it: nothing of it is lost, and nothing is added to it.
    fn set_aside(&mut self, name: &str) -> io::Result<()> {
        let free = (1..).map(|number| format!("{name}.changed-{number}"));
        let free = free.map(|name| self.folder.join(name)).find(|path| path.symlink_metadata().is_err());
        let path = free.expect("some number is free");
        fs::rename(self.folder.join(name), &path)?;
        File::open(&self.folder)?.sync_all()?;
        let aside = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.remarks.push(format!(
            "{name} was changed by somebody else, or is another workspace's, and is now {aside}: the trail is exported anew \
             from its beginning"
        ));
        self.held.files.remove(name);
        Ok(())
    }

    /// Takes one record: appended unless it is there.
    pub fn take(&mut self, line: &TrailLine<'_>) -> io::Result<()> {
        let moment = self.reader.read(&line.at);
        if let (Some(moment), Some(floor)) = (moment, self.floor)
            && moment.micros < floor
        {
            self.tally.older += 1;
            return Ok(());
        }
        if !self.disordered && self.out_of_order(moment) {
            self.recall()?;
        }
        if let Some(Moment { micros, .. }) = moment {
            self.oldest = Some(self.oldest.map_or(micros, |oldest| oldest.min(micros)));
            self.newest = Some(self.newest.map_or(micros, |newest| newest.max(micros)));
        }
        if self.known.has(&self.form.id(&line.id)) {
            self.tally.known += 1;
            return Ok(());
        }
        let at = self.opened(moment.map(|moment| moment.month))?;
        let open = &mut self.open[at];
        open.writer.row(&trail_row(line, &self.stamp))?;
        open.count.add(moment);
        if self.disordered {
            self.known.add(&self.form.id(&line.id));
        }
        self.tally.added += 1;
        Ok(())
    }

    /// Tells whether a record is none that a list in the order of its moments, whichever way, tells now: it may have come long before.
    fn out_of_order(&self, moment: Option<Moment>) -> bool {
        let (Some(oldest), Some(newest)) = (self.oldest, self.newest) else { return false };
        moment.is_none_or(|Moment { micros, .. }| oldest < micros && micros < newest)
    }

    /// Reads back what this export wrote, and knows all from here on. A list in order never comes here, so its memory stays the same.
    fn recall(&mut self) -> io::Result<()> {
        while !self.open.is_empty() {
            self.close_first()?;
        }
        self.known = Known::default();
        if self.read_back()? {
            return Err(io::Error::other("a file was changed by somebody else while it was written"));
        }
        self.disordered = true;
        Ok(())
    }

    /// Returns the place of a month among the open files.
    fn opened(&mut self, month: Option<Month>) -> io::Result<usize> {
        if let Some(at) = self.open.iter().position(|open| open.month == month) {
            return Ok(at);
        }
        if self.open.len() == MOST_OPEN {
            self.close_first()?;
        }
        let path = self.folder.join(self.name_of(month));
        let file = append(&path)?;
        let new = file.metadata()?.len() == 0;
        let mut writer = self.form.writer(file);
        if new {
            writer.head()?;
        }
        self.open.push(Open { month, writer, count: Count::default() });
        Ok(self.open.len() - 1)
    }

    fn name_of(&self, month: Option<Month>) -> String {
        let stem = month.as_ref().map_or(UNDATED, Month::as_str);
        format!("{stem}.{}", self.form.as_str())
    }

    fn close_first(&mut self) -> io::Result<()> {
        let Open { month, writer, count } = self.open.remove(0);
        let length = writer.close()?;
        let file = self.held.files.entry(self.name_of(month)).or_default();
        file.length = length;
        count.into(file);
        Ok(())
    }

    /// Brings all to the disk. The mark moves only where the listing came whole, and never beyond `now`: a record of a day that is still to
    /// come would hide all that comes before it.
    pub fn end(mut self, complete: bool, now: Timestamp) -> io::Result<Ended> {
        let wrote = !self.open.is_empty();
        while !self.open.is_empty() {
            self.close_first()?;
        }
        if wrote {
            File::open(&self.folder)?.sync_all()?;
        }
        if complete {
            let newest = self.newest.and_then(|micros| Timestamp::from_microsecond(micros).ok());
            self.held.mark = self.held.mark.max(newest.map(|newest| newest.min(now)));
            self.held.complete_at = Some(now);
        }
        Ok(Ended { held: self.held, tally: self.tally, remarks: self.remarks })
    }
}

/// What an export of one workspace came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// What it holds now; to be recorded.
    pub held: Exported,
    /// What became of the records.
    pub tally: Tally,
    /// What a person should know.
    pub remarks: Vec<String>,
}

/// Takes the files of a workspace along that bears another name now. Tells whether it could.
fn moved(place: &Place, before: &str, folder: &Path, remarks: &mut Vec<String>) -> io::Result<bool> {
    let old = place.workspaces.join(before);
    let free = folder.symlink_metadata().is_err();
    let takes = free && old.symlink_metadata().is_ok_and(|found| found.is_dir());
    if takes {
        fs::rename(old, folder)?;
        File::open(&place.workspaces)?.sync_all()?;
        remarks.push(format!("it was called `{before}` before: its files are taken along"));
    }
    Ok(takes)
}

/// Makes a folder that its owner alone may enter; one that is there must be one.
pub fn private_folder(path: &Path) -> io::Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let found = path.symlink_metadata()?;
    if found.is_dir() { Ok(()) } else { Err(odd(path, "folder")) }
}

/// Returns how long a plain file is; none where nothing is.
fn plain_length(path: &Path) -> io::Result<Option<u64>> {
    match path.symlink_metadata() {
        Ok(found) if found.is_file() => Ok(Some(found.len())),
        Ok(_) => Err(odd(path, "plain file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Opens a file to append to it, for its owner alone and never through a link.
fn append(path: &Path) -> io::Result<File> {
    let no_follow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
    OpenOptions::new().append(true).create(true).mode(0o600).custom_flags(no_follow).open(path)
}

fn odd(path: &Path, wanted: &str) -> io::Error {
    io::Error::other(format!("`{}` is not a {wanted}", path.display()))
}

#[cfg(test)]
mod tests;
