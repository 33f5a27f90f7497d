//! Flags that several commands share, as typed.

use std::path::PathBuf;

use clap::Args;

use crate::config::Selection;
use crate::report::Format;
use crate::ui::printer::Colour;

/// Flags of every command.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Root folder, the one with keyholder.toml; else it is searched upward from here.
    #[arg(short = 'C', long = "root", global = true, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Shape of standard output: table on a terminal, csv when piped.
    #[arg(long, global = true, value_enum)]
    pub format: Option<Format>,
    /// Say nothing on standard error but errors and questions.
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Requests in flight at once over all workspaces, 1 to 512; else as many as the network and this machine take.
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub in_flight: Option<u16>,
    /// When to colour.
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto)]
    pub color: Colour,
}

/// Which workspaces.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Selection (the same in every command; see `help selection`)")]
pub struct Select {
    /// Workspaces whose name matches; repeatable.
    #[arg(short, long = "workspace", value_name = "GLOB")]
    pub workspace: Vec<String>,
    /// Workspaces that carry the label; repeatable, all must hold.
    #[arg(short, long = "label", value_name = "K=V")]
    pub label: Vec<String>,
    /// Workspaces to leave out; wins always: not one request goes there.
    #[arg(short = 'x', long = "exclude", value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Every workspace.
    #[arg(long)]
    pub all: bool,
}

impl Select {
    /// Returns the selection as the configuration room takes it.
    pub fn selection(&self) -> Selection {
        let Self { workspace, label, exclude, all } = self.clone();
        Selection { workspaces: workspace, labels: label, exclude, all }
    }

    /// Tells whether nothing was asked.
    pub fn is_empty(&self) -> bool {
        self.selection() == Selection::default()
    }

    /// Says it for records.
    pub fn describe(&self) -> serde_json::Value {
        self.selection().describe().into()
    }
}

/// How a plan is looked at, saved or approved.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Plan and approval (see `help approval`)")]
#[command(group = clap::ArgGroup::new("stops").multiple(true))]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag as typed")]
pub struct Approve {
    /// Print the plan and stop.
    #[arg(long, group = "stops")]
    pub plan_only: bool,
    /// Save the plan for `keyholder apply FILE`, and stop.
    #[arg(short = 'o', long = "out", value_name = "FILE", group = "stops")]
    pub out: Option<PathBuf>,
    /// Apply without asking, unless the plan removes anything.
    #[arg(long, conflicts_with_all = ["plan_only", "out", "confirm"])]
    pub yes: bool,
    /// Apply only if the plan drawn now has this id (12 characters at least).
    #[arg(long, value_name = "ID", conflicts_with_all = ["plan_only", "out"])]
    pub confirm: Option<String>,
    /// With --plan-only or -o: exit 10 when there are changes.
    #[arg(long, requires = "stops")]
    pub detailed_exitcode: bool,
    /// Why, for the ledger.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Longest run, such as `30m`; lanes beyond it are parked.
    #[arg(long, value_name = "DURATION")]
    pub deadline: Option<String>,
    /// Workspaces that may fail before no new one is begun: a number, or a part such as `10%`; instead of `guards.max_failures`.
    #[arg(long, value_name = "N|P%")]
    pub max_failures: Option<String>,
    /// Append the run's records to this file, one a line.
    #[arg(long, value_name = "FILE")]
    pub events: Option<PathBuf>,
    /// Wait for a workspace another run is writing to, instead of giving up.
    #[arg(long)]
    pub wait: bool,
}
