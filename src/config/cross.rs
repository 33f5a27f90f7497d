//! What must hold between workspaces: names and ids are unique, and `via` leads to a key.

use std::collections::{BTreeMap, HashMap};

use super::nearest::nearest;
use super::problem::Problem;
use super::workspace::Draft;
use crate::domain::fleet::{Defaults, Place, Reach};
use crate::domain::{Mode, Workspace, WorkspaceName};

/// Nearest names that are looked for, at most: in a fleet of ten thousand, every one of them could name one missing workspace.
const MOST_LOOKS: usize = 50;

/// Checks the drafts against each other and makes the workspaces of them. Those with problems are left out; the caller
/// drops the whole fleet then.
pub(super) fn join(drafts: Vec<Draft>, defaults: &Defaults, problems: &mut Vec<Problem>) -> Vec<Workspace> {
    check_unique(&drafts, problems);
    check_via(&drafts, defaults, problems);
    drafts.into_iter().filter_map(|draft| workspace(draft, defaults)).collect()
}

fn workspace(draft: Draft, defaults: &Defaults) -> Option<Workspace> {
    let Draft { place, name, id, reach, store, mode, labels, display_name, share } = draft;
    Some(Workspace {
        name: name?.0,
        id: id.map(|(id, _)| id),
        reach: reach?.0,
        mode: mode.unwrap_or(defaults.mode),
        labels,
        store,
        display_name,
        share: share.unwrap_or(defaults.share),
        place,
    })
}

fn problem(place: &Place, field: &str, message: String, advice: impl Into<Vec<String>>) -> Problem {
    Problem { place: place.clone(), field: field.to_owned(), message, advice: advice.into() }
}

fn check_unique(drafts: &[Draft], problems: &mut Vec<Problem>) {
    let mut names: HashMap<String, &Place> = HashMap::new();
    let mut ids: HashMap<String, &Place> = HashMap::new();
    for draft in drafts {
        if let Some((name, place)) = &draft.name
            && let Some(first) = names.insert(name.as_str().to_ascii_lowercase(), place)
        {
            let message = format!("the name `{name}` is taken at {first}");
            problems.push(problem(place, "name", message, ["give every workspace a name of its own".to_owned()]));
            names.insert(name.as_str().to_ascii_lowercase(), first);
        }
        if let Some((id, place)) = &draft.id
            && let Some(first) = ids.insert(id.as_str().to_ascii_lowercase(), place)
        {
            let message = format!("the same id stands at {first}");
            let advice = "two tables for one workspace would change it twice: drop one of them".to_owned();
            problems.push(problem(place, "id", message, [advice]));
            ids.insert(id.as_str().to_ascii_lowercase(), first);
        }
    }
}

fn check_via(drafts: &[Draft], defaults: &Defaults, problems: &mut Vec<Problem>) {
    let by_name: HashMap<&WorkspaceName, &Draft> =
        drafts.iter().filter_map(|draft| Some((&draft.name.as_ref()?.0, draft))).collect();
    let mut looked: BTreeMap<&WorkspaceName, Option<&str>> = BTreeMap::new();
    for draft in drafts {
        let Some((Reach::Via(admin), place)) = &draft.reach else { continue };
        if draft.name.as_ref().is_some_and(|(name, _)| name == admin) {
            let advice = ["name the admin workspace whose key acts for this one".to_owned()];
            problems.push(problem(place, "via", "a workspace cannot be reached via itself".to_owned(), advice));
            continue;
        }
        let Some(target) = by_name.get(admin) else {
            if looked.len() < MOST_LOOKS && !looked.contains_key(admin) {
                looked.insert(admin, nearest(admin.as_str(), by_name.keys().map(|name| name.as_str())));
            }
            let near = looked.get(admin).copied().flatten().map(|name| format!("did you mean `{name}`?"));
            let shown = super::smell::shown(admin.as_str());
            let message = format!("no workspace is named {shown}");
            problems.push(problem(place, "via", message, near.into_iter().collect::<Vec<_>>()));
            continue;
        };
        if let Some((Reach::Via(next), _)) = &target.reach {
            let advice = [format!("`{admin}` is itself reached via `{next}`; name the workspace that has a key")];
            problems.push(problem(place, "via", format!("`{admin}` has no key of its own"), advice));
        }
        if target.mode.unwrap_or(defaults.mode) == Mode::Off && draft.mode.unwrap_or(defaults.mode) != Mode::Off {
            let advice = [format!("give `{admin}` the mode \"observe\", or switch this one off too")];
            problems.push(problem(place, "via", format!("`{admin}` is off, so its key is not used"), advice));
        }
    }
}
