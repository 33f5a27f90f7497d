//! `keyholder keys adopt`: fills the register of keys from what is seen.

use clap::Args;

use super::super::args::Select;
use super::super::session::Session;
use crate::config::Purpose;
use crate::trouble::{Exit, Trouble};

/// Fill the register of keys (keys.csv) from what is seen.
#[derive(Debug, Args)]
pub struct Adopt {
    #[command(flatten)]
    select: Select,
}

impl Adopt {
    /// Runs the command.
    #[expect(clippy::unused_async, reason = "it reads lists when it is filled in")]
    pub(super) async fn run(self, session: &Session<'_>) -> Result<Exit, Trouble> {
        session.choose(&self.select, Purpose::Read)?;
        Err(Trouble::new(Exit::Usage, "nothing is adopted yet"))
    }
}
