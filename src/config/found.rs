//! Workspace files for what was found in a group: one each, named after its workspace, and never over what is there.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use super::load::{self, Gathered};
use super::smell::smells;
use super::{Problems, WORKSPACES, whole};
use crate::domain::{Fleet, WorkspaceId, WorkspaceName};

/// The longest name for people that is taken over.
const LONGEST: usize = 120;

/// A sub workspace that is in no file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its id.
    pub id: WorkspaceId,
    /// What the API calls it.
    pub title: String,
}

/// Gives each found workspace a name of its own, in the order of their titles: readable, valid, and borne by none of the fleet and by no file.
pub fn names(fleet: &Fleet, found: &[Found]) -> Vec<WorkspaceName> {
    let mut taken: BTreeSet<String> = fleet.workspaces.iter().map(|workspace| workspace.name.to_string()).collect();
    let mut order: Vec<usize> = (0..found.len()).collect();
    order.sort_by(|a, b| (&found[*a].title, &found[*a].id).cmp(&(&found[*b].title, &found[*b].id)));
    let mut names: Vec<Option<WorkspaceName>> = vec![None; found.len()];
    for place in order {
        let Found { id, title } = &found[place];
        let readable = WorkspaceName::slug(&folded(title)).filter(|_| !smells(title));
        let base = readable.map_or_else(|| unnamed(id), |name| possible(name.as_str()));
        let free = |name: &String| !taken.contains(name) && fleet.root.join(file(name)).symlink_metadata().is_err();
        let name = std::iter::once(base.clone()).chain((2..=u32::MAX).map(|number| numbered(&base, number))).find(free);
        let name = name.expect("there are more numbers than files");
        taken.insert(name.clone());
        names[place] = Some(WorkspaceName::parse(&name).expect("a slug with a number is a name"));
    }
    names.into_iter().flatten().collect()
}

/// Writes accented letters without their accents, as the slug keeps plain ones alone.
fn folded(title: &str) -> String {
    let plain = |c: char| -> Option<&'static str> {
        Some(match c {
            'à'..='å' | 'ā' | 'ă' | 'ą' | 'ǎ' => "a",
            'æ' => "ae",
            'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
            'ď' | 'đ' | 'ð' => "d",
            'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => "e",
            'ĝ' | 'ğ' | 'ġ' | 'ģ' => "g",
            'ĥ' | 'ħ' => "h",
            'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => "i",
            'ĵ' => "j",
            'ķ' => "k",
            'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => "l",
            'ñ' | 'ń' | 'ņ' | 'ň' => "n",
            'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' => "o",
            'œ' => "oe",
            'ŕ' | 'ŗ' | 'ř' => "r",
            'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => "s",
            'ß' => "ss",
            'ţ' | 'ť' | 'ŧ' | 'ț' => "t",
            'þ' => "th",
            'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => "u",
            'ŵ' => "w",
            'ý' | 'ÿ' | 'ŷ' => "y",
            'ź' | 'ż' | 'ž' => "z",
            // Marks of their own, as some systems write accents.
            '\u{300}'..='\u{36f}' => "",
            _ => return None,
        })
    };
    let mut out = String::new();
    for c in title.chars().flat_map(char::to_lowercase) {
        match plain(c) {
            Some(text) => out.push_str(text),
            None => out.push(c),
        }
    }
    out
}

/// Keeps away from names that no file can have on Windows: a root is shared by people on several systems.
fn possible(name: &str) -> String {
    let stem = name.split('.').next().unwrap_or_default();
    let numbered = |kind: &str| stem.strip_prefix(kind).is_some_and(|rest| matches!(rest.as_bytes(), [b'0'..=b'9']));
    let reserved = matches!(stem, "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt");
    if reserved { format!("workspace-{name}") } else { name.to_owned() }
}

/// A name for what has none that can be written: the beginning of its id.
fn unnamed(id: &WorkspaceId) -> String {
    let id: String = id.as_str().chars().filter(char::is_ascii_alphanumeric).collect();
    // Ids that begin alike were made at one time; their ends differ.
    let end = id[id.len().saturating_sub(8)..].to_ascii_lowercase();
    format!("workspace-{end}")
}

fn numbered(base: &str, number: u32) -> String {
    let tail = format!("-{number}");
    let kept: String = base.chars().take(64 - tail.len()).collect();
    format!("{}{tail}", kept.trim_end_matches(['-', '.']))
}

/// Returns the path of a workspace's file, relative to the root.
pub fn file(name: impl std::fmt::Display) -> PathBuf {
    Path::new(WORKSPACES).join(format!("{name}.toml"))
}

/// Writes the text of a file.
fn text(name: &WorkspaceName, found: &Found, via: &WorkspaceName) -> String {
    let quoted = |text: &str| toml_edit::Value::from(text).to_string();
    let plain: String = found.title.trim().chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    let mut lines = vec![
        format!("# found by `keyholder discover --via {via}`"),
        format!("name = {}", quoted(name.as_str())),
        format!("id = {}", quoted(found.id.as_str())),
        format!("via = {}", quoted(via.as_str())),
        "mode = \"observe\"    # reads alone; \"manage\" where changes are wanted".to_owned(),
    ];
    if !plain.is_empty() && !smells(&plain) {
        lines.push(format!("display_name = {}", quoted(&plain)));
    }
    lines.join("\n") + "\n"
}

/// Why one file was not written.
#[derive(Debug, thiserror::Error)]
pub enum Unwritten {
    /// Something is there already.
    #[error("a file of this name is there by now")]
    Exists,
    /// The system's reason.
    #[error("it could not be written: {0}")]
    Io(#[source] io::Error),
}

/// Writes a file for each, whole or not at all; one that is there is left alone. The root is read as it is by now, and as it would be with
/// the new files: what is written is what loads, or nothing is. Returns for each its file, relative to the root.
pub fn write(
    root: &Path,
    new: &[(WorkspaceName, Found)],
    via: &WorkspaceName,
) -> Result<Vec<Result<PathBuf, Unwritten>>, Problems> {
    let Gathered { agency, mut files, problems } = load::gather(root);
    let mut texts = Vec::new();
    for (name, found) in new {
        let (path, text) = (file(name), text(name, found, via));
        // A file that is there by now stays as it is, and the root loads with that one.
        files.entry(path.clone()).or_insert_with(|| text.clone().into_bytes());
        texts.push((path, text));
    }
    load::fleet(root, agency, files, problems)?;
    let write = |(path, text): (PathBuf, String)| match whole::create(&root.join(&path), text.as_bytes()) {
        Ok(()) => Ok(path),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(Unwritten::Exists),
        Err(error) => Err(Unwritten::Io(error)),
    };
    Ok(texts.into_iter().map(write).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{AGENCY_FILE, load};

    const AGENCY: &str = "name = \"agency\"\nid = \"a-1\"\nkey = { env = \"AGENCY_KEY\" }\n";

    fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(AGENCY_FILE), "version = 1\n").unwrap();
        std::fs::create_dir(dir.path().join(WORKSPACES)).unwrap();
        for (name, text) in [("agency.toml", AGENCY)].iter().chain(files) {
            std::fs::write(dir.path().join(WORKSPACES).join(name), text).unwrap();
        }
        dir
    }

    fn found(id: &str, title: &str) -> Found {
        Found { id: WorkspaceId::parse(id).unwrap(), title: title.to_owned() }
    }

    fn agency() -> WorkspaceName {
        WorkspaceName::parse("agency").unwrap()
    }

    #[test]
    fn names_are_readable_and_each_its_own_whatever_the_order() {
        let dir = root(&[("globex.toml", "name = \"else\"\nid = \"e\"\nkey = { env = \"E\" }\n")]);
        let fleet = load(dir.path()).unwrap();
        let all = [
            found("w-1", "Globex Corp."),
            found("w-2", "globex  corp"),
            found("w-3", "Globex"),
            found("w-4", "日本"),
            found("w-5", "Agency"),
            found("w-6", &"x".repeat(200)),
            found("w-7", &"x".repeat(199)),
            found("w-8", ""),
        ];
        let told: Vec<String> = names(&fleet, &all).iter().map(ToString::to_string).collect();
        let (long, longer) = ("x".repeat(64), format!("{}-2", "x".repeat(62)));
        let wanted =
            ["globex-corp", "globex-corp-2", "globex-2", "workspace-w4", "agency-2", &longer, &long, "workspace-w8"];
        assert_eq!(told, wanted);
        let mut back = all.to_vec();
        back.reverse();
        let mut told_back: Vec<String> = names(&fleet, &back).iter().map(ToString::to_string).collect();
        told_back.reverse();
        assert_eq!(told, told_back);
    }

    #[test]
    fn accents_are_folded_and_no_name_is_one_that_windows_keeps_for_itself() {
        let fleet = load(root(&[]).path()).unwrap();
        for (title, wanted) in [
            ("Über 🚀 Größe & Söhne", "uber-grosse-sohne"),
            ("Cafe\u{301} Łódź", "cafe-lodz"),
            ("CON", "workspace-con"),
            ("Com1", "workspace-com1"),
            ("LPT9", "workspace-lpt9"),
            ("Com10", "com10"),
            ("Console", "console"),
        ] {
            assert_eq!(names(&fleet, &[found("w-1", title)])[0].to_string(), wanted);
        }
    }

    #[test]
    fn what_is_written_loads_and_reads_alone() {
        let dir = root(&[]);
        let odd = "Glo\"bex\\ \u{1b}[31m\n= 'Corp' # \u{202e}";
        let name = WorkspaceName::parse("globex").unwrap();
        let new = [(name.clone(), found("w-1", odd))];
        let path = write(dir.path(), &new, &agency()).unwrap().remove(0).unwrap();
        let fleet = load(dir.path()).unwrap();
        let workspace = fleet.workspace(&name).unwrap();
        assert_eq!(workspace.id.as_ref().map(WorkspaceId::as_str), Some("w-1"));
        assert_eq!(workspace.mode, crate::domain::Mode::Observe);
        assert_eq!(workspace.reach, crate::domain::fleet::Reach::Via(agency()));
        assert!(workspace.display_name.as_ref().unwrap().starts_with("Glo\"bex\\ [31m= 'Corp'"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(dir.path().join(path)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn nothing_that_is_there_is_touched_and_nothing_that_would_not_load_is_written() {
        let dir = root(&[]);
        let named = |name: &str| WorkspaceName::parse(name).unwrap();
        let there = write(dir.path(), &[(named("agency"), found("w-1", "A"))], &agency()).unwrap();
        assert!(matches!(there[..], [Err(Unwritten::Exists)]));
        assert_eq!(std::fs::read_to_string(dir.path().join("workspaces/agency.toml")).unwrap(), AGENCY);
        for (bad, via) in [(found("a-1", "one id, two names"), "agency"), (found("w-1", "via nobody"), "nobody")] {
            let new = [(named("first"), found("w-9", "A")), (named("other"), bad)];
            assert!(write(dir.path(), &new, &named(via)).is_err());
            assert!(!dir.path().join("workspaces/other.toml").exists());
            assert!(!dir.path().join("workspaces/first.toml").exists(), "all or nothing");
        }
    }
}
