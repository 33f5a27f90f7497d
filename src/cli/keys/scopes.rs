//! Which scopes a key is to have: a preset's, or those that were said one by one. Checked before anything is sent.

use crate::api::needs;
use crate::domain::{Fleet, KeyPreset, scope};
use crate::trouble::{Exit, Trouble};

/// The name that stands for scopes which no preset gave.
pub const CUSTOM: &str = "custom";

/// Scopes as asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The preset's name, or [`CUSTOM`].
    pub preset: String,
    /// The scopes, in their documented order.
    pub scopes: Vec<String>,
    /// What keys of it are for.
    pub purpose: Option<String>,
}

/// Returns what is wanted; nothing where neither was said. All problems are told together.
pub fn wanted(fleet: &Fleet, preset: Option<&str>, scopes: &[String]) -> Result<Option<Wanted>, Trouble> {
    if let Some(name) = preset {
        let KeyPreset { name, scopes, purpose } = find(fleet, name)?;
        return Ok(Some(Wanted { preset: name, scopes: scope::canonical(&scopes), purpose }));
    }
    let each = scopes.iter().flat_map(|scope| scope.split([',', ' '])).map(str::trim).filter(|scope| !scope.is_empty());
    let scopes: Vec<String> = each.map(str::to_owned).collect();
    if scopes.is_empty() {
        return Ok(None);
    }
    let unknown = scope::undocumented(&scopes);
    if !unknown.is_empty() {
        let lines: Vec<String> = unknown
            .iter()
            .map(|unknown| match scope::nearest(unknown) {
                Some(near) => format!("  `{unknown}`: did you mean `{near}`?"),
                None => format!("  `{unknown}`"),
            })
            .collect();
        let what = format!("the API gives no key these scopes; nothing was sent\n{}", lines.join("\n"));
        return Err(Trouble::new(Exit::Usage, what).advise("`keyholder help scopes` tells what each command needs"));
    }
    Ok(Some(Wanted { preset: CUSTOM.to_owned(), scopes: scope::canonical(&scopes), purpose: None }))
}

fn find(fleet: &Fleet, name: &str) -> Result<KeyPreset, Trouble> {
    let own = fleet.key_policy.presets.iter().find(|preset| preset.name == name).cloned();
    own.or_else(|| needs::preset(name)).ok_or_else(|| {
        let built_in = needs::presets();
        let names: Vec<&str> =
            built_in.iter().chain(&fleet.key_policy.presets).map(|preset| preset.name.as_str()).collect();
        Trouble::new(Exit::Usage, format!("no preset of keys is called `{name}`; nothing was sent"))
            .advise(format!("there are {}; your own stand under `[key_policy.presets.NAME]`", names.join(", ")))
    })
}
