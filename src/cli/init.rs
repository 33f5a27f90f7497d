//! `keyholder init`: start a root.

use std::path::PathBuf;

use clap::Args;

use super::args::Global;
use crate::config::init;
use crate::env::Env;
use crate::trouble::{Exit, Trouble};
use crate::ui::{Printer, words};

/// Start a root in a folder: a commented keyholder.toml and a workspace file, or one file per line of a client list.
#[derive(Debug, Args)]
#[command(
    after_help = "The client list: name[,id,display_name,labels,key_env|key_file|key_command|via], header required; see `keyholder help fleet`."
)]
pub struct Init {
    /// The folder; else the current one.
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Clients from a CSV file.
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
}

impl Init {
    /// Runs the command.
    pub fn run(self, env: &Env, global: &Global, printer: &Printer) -> Result<Exit, Trouble> {
        let dir = self.dir.or_else(|| global.root.clone()).unwrap_or_default();
        let dir = env.cwd.join(dir);
        let written = match &self.from {
            None => init::starter(&dir).map_err(|error| Trouble::advised(Exit::Config, error))?,
            Some(path) => {
                let bytes = super::session::read_bounded(&env.cwd.join(path)).map_err(|error| {
                    Trouble::because(
                        Exit::Usage,
                        format!("`{}` could not be read; nothing was written", path.display()),
                        error,
                    )
                })?;
                init::from_clients(&dir, &bytes, path).map_err(|error| Trouble::advised(Exit::Config, error))?
            }
        };
        for path in &written {
            printer.say(&format!("wrote {}", path.strip_prefix(&env.cwd).unwrap_or(path).display()));
        }
        let files = written.iter().filter(|path| path.is_file()).count();
        printer.say(&format!(
            "{} written. Next: put the keys where the files say, then `keyholder check`, `keyholder pin`, and set \
             `mode = \"manage\"` where changes are wanted",
            words::count(files, "file")
        ));
        Ok(Exit::Complete)
    }
}
