//! Lists of clients: an agency's workspaces as CSV, made into workspace files.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::cells::{self, CsvProblem, CsvProblems, Row, Schema};
use super::nearest::nearest;
use super::select::split_label;
use super::smell::{shown, smells};
use super::workspace::{command_words, env_name, file_path};
use super::{SECRETS, WORKSPACES};
use crate::domain::fleet::Reach;
use crate::domain::{KeyRef, Workspace, WorkspaceId, WorkspaceName};

/// The columns of a list of clients; besides, `label:KEY` or `label.KEY` each give one label.
pub const COLUMNS: [&str; 8] = ["name", "id", "display_name", "labels", "key_env", "key_file", "key_command", "via"];

const SCHEMA: Schema =
    Schema { known: &COLUMNS, required: &["name"], repeatable: &[], prefixes: &["label:", "label."] };

/// One client as its line says; what could not be read is absent and told.
struct Client {
    line: usize,
    name: Option<WorkspaceName>,
    id: Option<WorkspaceId>,
    display_name: Option<String>,
    labels: BTreeMap<String, String>,
    reach: Option<Reach>,
}

/// Reads a list of clients into the files to write, by their paths relative to the root. `existing` are the workspaces the
/// root has already. Every bad line is told at once.
pub(super) fn files(csv: &[u8], source: &Path, existing: &[Workspace]) -> Result<Vec<(PathBuf, String)>, CsvProblems> {
    let sheet = cells::read(csv, source, &SCHEMA);
    let mut problems = sheet.problems;
    if sheet.rows.is_empty() && problems.is_empty() {
        problems.push(cells::problem(1, "", "the list names no client", ["add a line for each client"]));
    }
    let clients: Vec<Client> = sheet.rows.iter().map(|row| read_row(row, &mut problems)).collect();
    check_unique(&clients, existing, &mut problems);
    check_via(&clients, existing, &mut problems);
    CsvProblems::check(source, problems)?;
    let file = |client: &Client| {
        let (name, reach) = (client.name.as_ref()?, client.reach.as_ref()?);
        Some((Path::new(WORKSPACES).join(format!("{name}.toml")), text(client, name, reach)))
    };
    Ok(clients.iter().filter_map(file).collect())
}

fn read_row(row: &Row, problems: &mut Vec<CsvProblem>) -> Client {
    let name = read_name(row, problems);
    let id = row.get("id").and_then(|cell| {
        let id = WorkspaceId::parse(cell).ok().filter(|_| !smells(cell));
        if id.is_none() {
            problems.push(row.problem("id", "this is not a workspace id", ["leave it empty and run `keyholder pin`"]));
        }
        id
    });
    let labels = read_labels(row, problems);
    let reach = name.as_ref().and_then(|(name, _)| read_reach(row, name, problems));
    if matches!(reach, Some(Reach::Via(_))) && row.get("id").is_none() {
        let message = "a workspace reached `via` another is addressed by its id alone";
        problems.push(row.problem("id", message, ["the vendor's app shows it under workspace groups"]));
    }
    let display_name = row.get("display_name").map(str::to_owned);
    if display_name.as_deref().is_some_and(smells) {
        problems.push(row.problem("display_name", "this looks like an API key", ["name keys by reference"]));
    }
    let (name, called) = name.unzip();
    Client { line: row.line, name, id, display_name: display_name.or(called.flatten()), labels, reach }
}

/// Takes the name as it is where it can be one; else the nearest that can, and keeps what the client is called.
fn read_name(row: &Row, problems: &mut Vec<CsvProblem>) -> Option<(WorkspaceName, Option<String>)> {
    let Some(cell) = row.get("name") else {
        if row.has("name") {
            problems.push(row.problem("name", "there is no name", ["every line names a client"]));
        }
        return None;
    };
    if smells(cell) {
        problems.push(row.problem("name", "this looks like an API key, not a name", ["is the column in its place?"]));
        return None;
    }
    if let Ok(name) = WorkspaceName::parse(cell) {
        return Some((name, None));
    }
    let Some(name) = WorkspaceName::slug(cell) else {
        let message =
            format!("no workspace name can be made of {}: no letter a to z and no digit is in it", shown(cell));
        let advice = ["write a short name in the column `name` and this one into `display_name`"];
        problems.push(row.problem("name", message, advice));
        return None;
    };
    Some((name, Some(cell.to_owned())))
}

fn read_labels(row: &Row, problems: &mut Vec<CsvProblem>) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    let mut add = |column: &str, key: &str, value: &str| {
        if key.is_empty() || key.contains('=') || key.chars().any(char::is_whitespace) {
            problems.push(row.problem(column, "a label's name has no blanks and no `=`", ["rename it"]));
        } else if labels.insert(key.to_owned(), value.to_owned()).is_some_and(|other| other != value) {
            problems.push(row.problem(column, format!("the label {} has two values", shown(key)), ["keep one"]));
        }
    };
    for (column, cell) in row.filled() {
        if let Some(key) = column.strip_prefix("label:").or_else(|| column.strip_prefix("label.")) {
            add(column, key, cell);
        }
    }
    // Blanks may stand in a value here (`region=North America`), so only `;` separates.
    let mut bad = Vec::new();
    for part in row.get("labels").into_iter().flat_map(|cell| cell.split(';')).map(str::trim).filter(|p| !p.is_empty())
    {
        match split_label(part) {
            Some((key, value)) => add("labels", key.trim(), value.trim()),
            None => bad.push(format!("{} is not of the form KEY=VALUE", shown(part))),
        }
    }
    problems.extend(
        bad.into_iter().map(|message| row.problem("labels", message, ["write them like tier=gold;region=emea"])),
    );
    labels
}

/// Reads how the client is reached; without any of the columns, a key file of its own name.
fn read_reach(row: &Row, name: &WorkspaceName, problems: &mut Vec<CsvProblem>) -> Option<Reach> {
    let given: Vec<&str> =
        ["key_env", "key_file", "key_command", "via"].into_iter().filter(|column| row.get(column).is_some()).collect();
    let (column, cell) = match given[..] {
        [] => return Some(Reach::Own(KeyRef::File(Path::new(SECRETS).join(format!("{name}.key"))))),
        [column] => (column, row.get(column)?),
        _ => {
            let message = format!("a client is reached in one way, and here are {}", given.join(", "));
            problems.push(row.problem(given[1], message, ["keep one of them"]));
            return None;
        }
    };
    let reach = match column {
        "key_env" => env_name(cell).map(Reach::Own),
        "key_file" => file_path(cell).map(Reach::Own),
        "key_command" => words(cell).and_then(command_words).map(Reach::Own),
        _ => WorkspaceName::parse(cell)
            .ok()
            .or_else(|| WorkspaceName::slug(cell))
            .filter(|_| !smells(cell))
            .map(Reach::Via),
    };
    if reach.is_none() {
        let (message, advice) = match column {
            "key_env" => {
                ("this is not the name of a variable", "write a name like ACME_INSTANTLY_KEY, never the key itself")
            }
            "key_file" => {
                ("this is not the path of a file", "write a path like secrets/acme.key, never the key itself")
            }
            "key_command" => (
                "this is not a command",
                "write its words, or with blanks in them [\"op\", \"read\", \"…\"]; never the key itself",
            ),
            _ => ("this is not a workspace name", "name the client whose key is used"),
        };
        problems.push(row.problem(column, message, [advice]));
    }
    reach
}

/// Splits a command into words: a list as in JSON, or words separated by blanks. No shell, so no quotes.
fn words(cell: &str) -> Option<Vec<String>> {
    if cell.starts_with('[') {
        return serde_json::from_str(cell).ok();
    }
    (!cell.contains(['"', '\''])).then(|| cell.split_whitespace().map(str::to_owned).collect())
}

fn check_unique(clients: &[Client], existing: &[Workspace], problems: &mut Vec<CsvProblem>) {
    let mut names: HashMap<&str, String> =
        existing.iter().map(|workspace| (workspace.name.as_str(), format!("in {}", workspace.place))).collect();
    let pinned =
        existing.iter().filter_map(|w| Some((w.id.as_ref()?.as_str().to_ascii_lowercase(), format!("in {}", w.place))));
    let mut ids: HashMap<String, String> = pinned.collect();
    for client in clients {
        let here = format!("in line {}", client.line);
        if let Some(name) = &client.name {
            match names.get(name.as_str()) {
                Some(there) => {
                    let message = format!("the name `{name}` already stands {there}");
                    let advice = "give each client a name of its own; the name for people goes into `display_name`";
                    problems.push(cells::problem(client.line, "name", message, [advice]));
                }
                None => drop(names.insert(name.as_str(), here.clone())),
            }
        }
        let Some(id) = &client.id else { continue };
        match ids.get(&id.as_str().to_ascii_lowercase()) {
            Some(there) => {
                let message = format!("the same id already stands {there}");
                problems.push(cells::problem(client.line, "id", message, ["one workspace has one line"]));
            }
            None => drop(ids.insert(id.as_str().to_ascii_lowercase(), here)),
        }
    }
}

fn check_via(clients: &[Client], existing: &[Workspace], problems: &mut Vec<CsvProblem>) {
    // A name whose own way could not be read is known all the same: its line is told for that already.
    let mut ways: BTreeMap<&str, Option<&Reach>> =
        existing.iter().map(|workspace| (workspace.name.as_str(), Some(&workspace.reach))).collect();
    ways.extend(clients.iter().filter_map(|client| Some((client.name.as_ref()?.as_str(), client.reach.as_ref()))));
    for client in clients {
        let Some(Reach::Via(admin)) = &client.reach else { continue };
        let (message, advice) = match ways.get(admin.as_str()) {
            _ if Some(admin) == client.name.as_ref() => ("a workspace cannot be reached via itself".to_owned(), None),
            Some(Some(Reach::Own(_)) | None) => continue,
            Some(Some(Reach::Via(_))) => (format!("`{admin}` has no key of its own"), None),
            None => {
                let near = nearest(admin.as_str(), ways.keys().copied()).map(|near| format!("did you mean `{near}`?"));
                (format!("no client is named {}", shown(admin.as_str())), near)
            }
        };
        let advice = advice.unwrap_or_else(|| "name the workspace that has a key".to_owned());
        problems.push(cells::problem(client.line, "via", message, [advice]));
    }
}

/// Writes a client's file.
fn text(client: &Client, name: &WorkspaceName, reach: &Reach) -> String {
    let quoted = |text: &str| toml_edit::Value::from(text).to_string();
    let Client { line: _, name: _, id, display_name, labels, reach: _ } = client;
    let mut lines = vec![format!("name = {}", quoted(name.as_str()))];
    match id {
        Some(id) => lines.push(format!("id = {}", quoted(id.as_str()))),
        None => lines.push("# id = \"…\"    `keyholder pin` writes it; needed before anything is changed".to_owned()),
    }
    lines.push(match reach {
        Reach::Own(KeyRef::Env(name)) => format!("key = {{ env = {} }}", quoted(name)),
        Reach::Own(KeyRef::File(path)) => format!("key = {{ file = {} }}", quoted(&path.to_string_lossy())),
        Reach::Own(KeyRef::Command(words)) => {
            let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
            format!("key = {{ command = [{}] }}", words.join(", "))
        }
        Reach::Via(admin) => format!("via = {}", quoted(admin.as_str())),
    });
    if !labels.is_empty() {
        let label = |(key, value): (&String, &String)| format!("{} = {}", quoted(key), quoted(value));
        lines.push(format!("labels = {{ {} }}", labels.iter().map(label).collect::<Vec<_>>().join(", ")));
    }
    lines.extend(display_name.as_ref().map(|name| format!("display_name = {}", quoted(name))));
    lines.push(
        "# mode = \"manage\"    once `keyholder check` is green; without it the default of keyholder.toml".to_owned(),
    );
    lines.join("\n") + "\n"
}
