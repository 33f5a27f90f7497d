//! Certificates: made of the ledger alone, kept in the state folder, and written where somebody asks for them.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::evidence;
use super::perform;
use super::session::Session;
use crate::config::whole;
use crate::domain::id::hex;
use crate::domain::{Email, RunId};
use crate::report::cell::printable;
use crate::report::certificate::{self, Certificate, Task, Word};
use crate::report::evidence::{Evidence, File};
use crate::trouble::{Exit, Trouble};
use crate::ui::{Printer, words};

/// The folder of certificates in the state folder.
pub const FOLDER: &str = "certificates";

/// Most lines of one kind that are told after a run; the certificate has all of them.
const TOLD: usize = 10;

/// Longest name of a file made of an address, in bytes, without its ending.
const LONGEST: usize = 180;

/// Makes the certificates of all who left in a run, keeps them, writes them where it was asked, and says what they claim. Tells whether all
/// of them are complete.
pub async fn after_run(session: &Session<'_>, run: &RunId, out: Option<&Path>) -> Result<bool, Trouble> {
    let ledger = perform::open_ledger(session).await?;
    let evidence = evidence::read(&ledger, run.as_str(), evidence::Chain::Told).await;
    let _closed = ledger.close().await;
    let evidence = evidence?;
    let people = certificate::leavers(&evidence);
    let printer = &session.door.printer;
    let (mut folder, mut made, mut complete) = (session.state_dir().join(FOLDER), 0, true);
    let mut wanted: Vec<File> = Vec::new();
    // One after the other: a certificate is large where a run is.
    for one in people.iter().filter_map(|person| Certificate::of(&evidence, person)) {
        folder = keep(&session.state_dir(), &evidence, std::slice::from_ref(&one))?;
        if out.is_some() {
            wanted.extend(files(&one));
        }
        tell(printer, &one);
        complete &= one.verdict.is_complete();
        made += 1;
    }
    if let Some(out) = out {
        evidence::write(&session.door.path(out), &wanted)?;
    }
    let shown = folder.strip_prefix(&session.fleet.root).unwrap_or(&folder);
    printer.say(&format!("{}: {}", words::count(made, "certificate"), shown.display()));
    Ok(complete)
}

/// Joins what the certificates say with how a run ended: what is incomplete counts where nothing graver holds (design section 4).
pub fn joined(exit: Exit, complete: bool) -> Exit {
    match exit {
        Exit::Complete | Exit::Changes if !complete => Exit::Incomplete,
        exit => exit,
    }
}

/// Makes one person's certificate of a run.
pub fn of_person(evidence: &Evidence, person: &str) -> Result<Certificate, Trouble> {
    let email = Email::parse(person).map_err(|error| Trouble::new(Exit::Usage, format!("{error} (--person)")))?;
    Certificate::of(evidence, &email).ok_or_else(|| {
        let people: Vec<String> = certificate::leavers(evidence).iter().map(ToString::to_string).collect();
        let whom = if people.is_empty() { "nobody's leaving".to_owned() } else { words::some(&people, 5) };
        let what = format!("run {} was not about {email} leaving; it was about {whom}", evidence.run.id);
        Trouble::new(Exit::Usage, what).advise("`keyholder runs` lists the runs with their commands")
    })
}

/// Keeps certificates in the state folder, whole and for its owner alone; those of an earlier life of the run are replaced.
pub fn keep(state_dir: &Path, evidence: &Evidence, made: &[Certificate]) -> Result<PathBuf, Trouble> {
    let all = state_dir.join(FOLDER);
    let folder = all.join(&evidence.run.id);
    let written = private(&all).and_then(|()| private(&folder)).and_then(|()| {
        made.iter().flat_map(files).try_for_each(|file| whole::put(&folder.join(&file.path), &file.bytes))
    });
    written.map_err(|error| {
        let what =
            format!("the certificates of run {} could not be written to `{}`", evidence.run.id, folder.display());
        Trouble::because(Exit::Output, what, error).advise(format!(
            "the run itself is in the ledger; write them with `keyholder evidence {} --person EMAIL`",
            evidence.run.id
        ))
    })?;
    Ok(folder)
}

/// Makes sure of a folder that is its owner's alone and no link.
fn private(folder: &Path) -> std::io::Result<()> {
    match fs::symlink_metadata(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => whole::create_private_folder(folder),
        Err(error) => Err(error),
        Ok(found) if !found.is_dir() => {
            Err(std::io::Error::other(format!("`{}` is not a folder, or a symbolic link", folder.display())))
        }
        Ok(_) => fs::set_permissions(folder, fs::Permissions::from_mode(0o700)),
    }
}

/// The files of a certificate: the page and the document.
pub fn files(certificate: &Certificate) -> [File; 2] {
    let name = file_name(&certificate.person);
    [
        File { path: format!("{name}.html"), bytes: certificate.html().into_bytes() },
        File { path: format!("{name}.json"), bytes: certificate.json() },
    ]
}

/// Makes a file's name of an address: what could leave its folder, hide or be read differently elsewhere is written as `%` and hex digits.
fn file_name(person: &Email) -> String {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"@._+-".contains(&byte);
    let mut name = String::new();
    for (place, byte) in person.as_str().bytes().enumerate() {
        if plain(byte) && !(place == 0 && byte == b'.') {
            name.push(char::from(byte));
        } else {
            name.push('%');
            name.push_str(&hex(&[byte]));
        }
    }
    if name.len() > LONGEST {
        let digest = hex(&Sha256::digest(person.as_str().as_bytes()));
        name.truncate(LONGEST);
        name.push('-');
        name.push_str(&digest[..16]);
    }
    name
}

/// Says in a few lines what a certificate claims, what is left, and what a person must still do.
pub fn tell(printer: &Printer, certificate: &Certificate) {
    let verdict = &certificate.verdict;
    let asked = certificate.places.len() + certificate.unread.len();
    let line = format!(
        "{}: {} ({} of {} seen whole)",
        certificate.person,
        lower_first(&certificate.headline()),
        asked - unseen(certificate),
        words::count(asked, "workspace"),
    );
    match verdict.word {
        Word::NoAccessLeft => printer.insist(&line),
        Word::AccessLeft | Word::Incomplete => printer.warn(&line),
    }
    if !certificate.found_anywhere() {
        printer.insist(&format!("  {}", certificate::NOTHING_FOUND));
    }
    let unlooked = certificate.without_account();
    if unlooked > 0 {
        printer.say(&format!(
            "  no account of theirs is known in {}: only memberships and keys without a maker could be told there",
            words::count(unlooked, "workspace")
        ));
    }
    let left = certificate.places.iter().flat_map(|place| place.left.iter().map(move |left| (place, left)));
    let left = left.map(|(place, left)| format!("{}: {} {}: {}", place.name, left.kind, left.name, left.why));
    some(printer, "left", &left.collect::<Vec<_>>());
    let gaps = verdict.gaps.iter().map(|(place, what)| match place {
        Some(place) => format!("{place}: {what}"),
        None => what.clone(),
    });
    some(printer, "not known", &gaps.collect::<Vec<_>>());
    for task in Task::ALL {
        let of_task: Vec<String> = certificate
            .by_hand()
            .filter(|(_, one)| one.task == task)
            .map(|(place, one)| format!("{} in {}", one.name, place.name))
            .collect();
        if !of_task.is_empty() {
            let some = printable(&words::some(&of_task, 3));
            printer.say(&format!("  by hand: {}: {some}", task.say()));
        }
    }
}

/// Says a headline within a line.
fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

fn unseen(certificate: &Certificate) -> usize {
    certificate.places.iter().filter(|place| !place.gaps.is_empty()).count() + certificate.unread.len()
}

fn some(printer: &Printer, what: &str, lines: &[String]) {
    let unique: BTreeSet<&String> = lines.iter().collect();
    for line in unique.iter().take(TOLD) {
        printer.say(&format!("  {what}: {}", printable(line)));
    }
    if unique.len() > TOLD {
        printer.say(&format!("  {what}: … and {} more", unique.len() - TOLD));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_leaves_its_folder_hides_or_is_another_ones_file() {
        let name = |text: &str| file_name(&Email::parse(text).unwrap());
        assert_eq!(name("Lee+X@Agency.example"), "lee+x@agency.example");
        assert_eq!(name("../../etc@agency.example"), "%2e.%2f..%2fetc@agency.example");
        assert_eq!(name("ıda@agency.example"), "%c4%b1da@agency.example");
        assert_ne!(name("ıda@agency.example"), name("ida@agency.example"));
        let long = |last: &str| format!("{}{last}@agency.example", "%".repeat(200));
        assert!(name(&long("a")).len() < 220);
        assert_ne!(name(&long("a")), name(&long("b")));
    }
}
