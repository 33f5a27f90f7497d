//! `keyholder evidence RUN --out DIR`: a folder that proves a run to a person who does not trust us.

mod gather;

pub(super) use gather::Chain;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::{Door, certificate, perform, tables};
use crate::config::whole;
use crate::journal::{Ledger, RunState};
use crate::report::certificate::Word;
use crate::report::evidence::{self, Evidence, FILE, File, Stands, Verdict};
use crate::report::listing::{self, Listing};
use crate::report::{Cell, cell};
use crate::trouble::{Exit, Trouble};
use crate::ui::words;
use gather::Gatherer;

/// Write what proves a run: plan, entries with their chain, outcomes, coverage, a page for people, and how to check it all.
///
/// With --person, the certificate of one leaver instead: what was before, what was done, what remains, what could not be seen. It is
/// kept in the state folder, and written to --out too where that is given.
#[derive(Debug, Args)]
#[command(
    after_help = "Reads the ledger alone: no key, no network. See `keyholder help evidence` and `keyholder help offboarding`."
)]
pub struct EvidenceCommand {
    /// A run's id, the beginning of one, or `last`.
    #[arg(value_name = "RUN", default_value = "last")]
    run: String,
    /// The certificate of this person's leaving.
    #[arg(long, value_name = "EMAIL")]
    person: Option<String>,
    /// The folder; it must not exist, or be empty.
    #[arg(long, value_name = "DIR", required_unless_present = "person")]
    out: Option<PathBuf>,
    /// With --person: exit 10 when access is left.
    #[arg(long, requires = "person")]
    detailed_exitcode: bool,
}

impl EvidenceCommand {
    /// Runs the command.
    pub async fn run(self, door: &Door<'_>) -> Result<Exit, Trouble> {
        let ledger = perform::open_root_ledger(door).await?;
        let chain = if self.person.is_some() { Chain::Told } else { Chain::Whole };
        let evidence = read(&ledger, &self.run, chain).await?;
        if let Some(person) = &self.person {
            return self.certify(door, ledger.folder(), &evidence, person);
        }
        let Some(out) = &self.out else { return Err(Trouble::new(Exit::Usage, "evidence needs --out DIR")) };
        let verdict = Verdict::of(&evidence);
        let files = evidence::files(&evidence);
        write(&door.path(out), &files)?;
        show(door, &evidence, &files)?;
        Ok(conclude(door, out, &evidence, &verdict, files.len()))
    }

    /// Writes the certificate of one leaver.
    fn certify(&self, door: &Door<'_>, state: &Path, evidence: &Evidence, person: &str) -> Result<Exit, Trouble> {
        let made = certificate::of_person(evidence, person)?;
        let files = certificate::files(&made);
        let folder = match &self.out {
            Some(out) => {
                write(&door.path(out), &files)?;
                certificate::keep(state, evidence, std::slice::from_ref(&made))?;
                out.clone()
            }
            None => certificate::keep(state, evidence, std::slice::from_ref(&made))?,
        };
        let verdict = &made.verdict;
        let exit = match verdict.word {
            _ if !verdict.is_complete() => Exit::Incomplete,
            Word::AccessLeft if self.detailed_exitcode => Exit::Changes,
            _ => Exit::Complete,
        };
        let about = json!({
            "person": made.person,
            "verdict": verdict.word.as_str(),
            "exit": exit.code(),
        });
        list(door, &evidence.run.id, &files, verdict.is_complete(), evidence, &about)?;
        certificate::tell(&door.printer, &made);
        door.printer.say(&format!("the certificate is in {}", folder.display()));
        Ok(exit)
    }
}

/// Reads what a run's evidence is made of, its chain proven first.
pub(super) async fn read(ledger: &Ledger, asked: &str, chain: Chain) -> Result<Evidence, Trouble> {
    let row = ledger.run(asked).await.map_err(|error| Trouble::advised(error.exit(), error))?;
    let proven = ledger.proven_into(&row.id, Gatherer::new(chain), Gatherer::take).await;
    let (report, gatherer) = proven.map_err(|broken| {
        let what = Trouble::advised(broken.exit(), broken);
        what.advise("no evidence was written: a folder made of a broken chain would prove nothing")
    })?;
    let unfinished = if row.state == RunState::Running { Stands::Running } else { Stands::Cut };
    gatherer.evidence(&row.id, &report, unfinished)
}

/// Writes the files, the manifest last. Where that fails, what was written is removed: half a folder is no evidence.
pub(super) fn write(folder: &Path, files: &[File]) -> Result<(), Trouble> {
    let made = prepare(folder)?;
    let mut written = Vec::new();
    for file in files {
        let path = folder.join(&file.path);
        let parent = path.parent().unwrap_or(folder).to_owned();
        let done = if parent.is_dir() { Ok(()) } else { whole::create_private_folder(&parent) };
        match done.and_then(|()| whole::create(&path, &file.bytes)) {
            Ok(()) => written.push(path),
            Err(error) => {
                let left: Vec<PathBuf> = written.into_iter().filter(|path| fs::remove_file(path).is_err()).collect();
                drop(fs::remove_dir(folder.join("workspaces")));
                if made {
                    drop(fs::remove_dir(folder));
                }
                let rest = if left.is_empty() { "nothing was left there" } else { "some files could not be removed" };
                return Err(Trouble::because(
                    Exit::Output,
                    format!("the evidence could not be written to `{}`; {rest}", path.display()),
                    error,
                )
                .advise("free some space or name another folder, then run it again"));
            }
        }
    }
    Ok(())
}

/// Makes sure that a folder can be written later: it is not there, or empty.
pub(super) fn check_free(folder: &Path) -> Result<(), Trouble> {
    let free = match fs::symlink_metadata(folder) {
        Err(error) => error.kind() == std::io::ErrorKind::NotFound && folder.parent().is_some_and(Path::is_dir),
        Ok(found) => found.is_dir() && fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none()),
    };
    if free {
        return Ok(());
    }
    let what = format!("`{}` cannot take certificates: it is no empty folder; nothing was sent", folder.display());
    Err(Trouble::new(Exit::Usage, what).advise("name a folder that does not exist yet, in one that does"))
}

/// Makes the folder, or makes sure that it is empty and nobody else's business. Tells whether it was made.
fn prepare(folder: &Path) -> Result<bool, Trouble> {
    let refused = |what: &str| {
        Trouble::new(Exit::Output, format!("`{}` {what}; nothing was written", folder.display()))
            .advise("evidence is never written over anything: name a folder that does not exist yet")
    };
    let cannot = |error| {
        Trouble::because(Exit::Output, format!("`{}` cannot be used; nothing was written", folder.display()), error)
            .advise("name a folder in one that exists and that you can write to")
    };
    match fs::symlink_metadata(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            whole::create_private_folder(folder).map_err(cannot)?;
            Ok(true)
        }
        Err(error) => Err(cannot(error)),
        Ok(found) if !found.is_dir() => Err(refused("is not a folder")),
        Ok(_) if fs::read_dir(folder).map_err(cannot)?.next().is_some() => Err(refused("is not empty")),
        Ok(_) => {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(cannot)?;
            Ok(false)
        }
    }
}

/// Lists the files of a folder of evidence on standard output.
fn show(door: &Door<'_>, evidence: &Evidence, files: &[File]) -> Result<(), Trouble> {
    let verdict = Verdict::of(evidence);
    let because: Vec<String> = verdict.gaps.iter().map(evidence::Gap::say).collect();
    list(door, &evidence.run.id, files, verdict.is_complete(), evidence, &json!({ "because": because }))
}

/// Lists files on standard output, with what else is said of them in the summary.
fn list(
    door: &Door<'_>,
    run: &str,
    files: &[File],
    complete: bool,
    evidence: &Evidence,
    about: &Value,
) -> Result<(), Trouble> {
    let mut out = door.printer.data();
    let header = listing::header(Some(run), "evidence", &json!(null));
    let mut listing = Listing::begin(&mut out, door.format(), "file", FILE, &header).map_err(tables::unwritable)?;
    for file in files {
        let cells = [Cell::text(file.path.as_str()), Cell::Number(file.bytes.len() as u64), Cell::text(file.digest())];
        listing.row(&cells).map_err(tables::unwritable)?;
    }
    let mut summary = json!({
        "type": "summary",
        "run": run,
        "files": files.len(),
        "complete": complete,
        "chain": { "entries": evidence.chain.count, "head": evidence.chain.head },
    });
    for (name, value) in about.as_object().into_iter().flatten() {
        summary[name] = value.clone();
    }
    listing.end(&summary).map_err(tables::unwritable)
}

/// Says what was written and what it lacks.
fn conclude(door: &Door<'_>, out: &Path, evidence: &Evidence, verdict: &Verdict, files: usize) -> Exit {
    let printer = &door.printer;
    let run = &evidence.run.id;
    printer.say(&format!("evidence of run {run} is in {}: {}", out.display(), words::count(files, "file")));
    printer.say(&format!("chain: {} entries, unbroken, head {}", evidence.chain.count, evidence.chain.head));
    printer.hint("CHECK.md in it has the ten lines that check it without keyholder; index.html is for people");
    let (partial, unseen) = (evidence.coverage.partial.len(), evidence.coverage.unreadable.len());
    if partial + unseen > 0 {
        printer.warn(&format!(
            "{} could not be seen whole when the plan was drawn; the evidence names them",
            words::count(partial + unseen, "workspace")
        ));
    }
    if verdict.is_complete() {
        return Exit::Complete;
    }
    printer.insist("the evidence is incomplete, and says so:");
    for gap in &verdict.gaps {
        printer.insist(&format!("  {}", cell::printable(&gap.say())));
    }
    if verdict.contradicts() { Exit::Output } else { Exit::Incomplete }
}
