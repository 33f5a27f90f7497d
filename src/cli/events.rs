//! The events file: the machine stream of a run, one record a line.

use std::io::Write as _;

use serde_json::Value;

use super::change::{Drawn, Request};
use super::session::{Session, private_file};
use super::tables;
use crate::domain::RunId;
use crate::plan::forecast::Forecast;
use crate::report::{listing, rows};
use crate::run::Event;
use crate::trouble::{Exit, Trouble};

/// The machine stream of a run.
#[derive(Debug)]
pub struct Events {
    file: Option<std::fs::File>,
    failed: bool,
}

impl Events {
    /// Opens the file, if one was asked for, and writes what is known before the first lane begins.
    pub fn open(
        session: &Session<'_>,
        request: &Request<'_>,
        run: &RunId,
        drawn: &Drawn,
        forecast: &Forecast,
    ) -> Result<Self, Trouble> {
        let Some(path) = &request.approve.events else { return Ok(Self { file: None, failed: false }) };
        let path = session.door.path(path);
        let file = private_file(&path, true).map_err(|error| {
            Trouble::because(
                Exit::Output,
                format!("the events file `{}` could not be opened; nothing was sent", path.display()),
                error,
            )
        })?;
        let mut events = Self { file: Some(file), failed: false };
        let header = listing::header(Some(run.as_str()), request.command, &request.selection());
        events.line(&header);
        events.line(&tables::plan_record(drawn, forecast));
        for item in &drawn.plan.items {
            let cells = rows::planned(&item.step, &item.disposition);
            events.line(&listing::record("planned", rows::PLANNED, &cells));
        }
        Ok(events)
    }

    /// Writes a step's end.
    pub fn note(&mut self, event: &Event) {
        if let Event::StepEnded { step, end } = event {
            self.line(&listing::record("step", rows::STEP, &tables::step_row(step, end)));
        }
    }

    fn line(&mut self, record: &Value) {
        if let Some(file) = &mut self.file {
            self.failed |= writeln!(file, "{record}").is_err();
        }
    }

    /// Writes the summary; the error says that the stream is not whole.
    pub fn end(mut self, summary: &Value) -> Result<(), Trouble> {
        self.line(summary);
        if self.failed {
            return Err(Trouble::new(
                Exit::Output,
                "the events file could not be written; the run itself is in the ledger",
            ));
        }
        Ok(())
    }
}
