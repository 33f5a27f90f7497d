//! The register after a run: keys that were made get a row, keys that were deleted lose theirs, and a key that took another's place takes
//! over who answers for it.
//!
//! Owns what a run tells the register. Where that cannot be written nothing is undone: the ledger knows it all the same.

use serde_json::{Value, json};

/// What the register is told of keys that a run makes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Enrol {
    /// Who answers for them.
    pub owner: Option<String>,
    /// What they are for.
    pub purpose: Option<String>,
}

impl Enrol {
    /// Writes it as a value, for the ledger and for a saved plan.
    pub fn record(&self) -> Value {
        let Self { owner, purpose } = self;
        if *self == Self::default() { Value::Null } else { json!({ "owner": owner, "purpose": purpose }) }
    }

    /// Reads what [`Enrol::record`] wrote; nothing where it is something else.
    pub fn read(record: &Value) -> Self {
        let text = |name: &str| record[name].as_str().map(str::to_owned);
        Self { owner: text("owner"), purpose: text("purpose") }
    }
}
