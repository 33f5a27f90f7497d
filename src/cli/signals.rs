//! Signals: the first lets nothing new be sent, the second ends what is in flight.

use std::convert::Infallible;

use tokio::signal::unix::{SignalKind, signal};

use crate::run::{Stop, Why};
use crate::ui::Printer;

/// Watches for SIGINT, SIGTERM and SIGHUP for as long as the command runs.
pub async fn watch(stop: &Stop, printer: &Printer) -> Infallible {
    let open = || -> std::io::Result<_> {
        Ok((signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?, signal(SignalKind::hangup())?))
    };
    let Ok((mut interrupt, mut terminate, mut hangup)) = open() else {
        printer.warn(
            "signals cannot be watched; a Ctrl-C ends keyholder at once, and the ledger still tells what was sent",
        );
        return std::future::pending().await;
    };
    let mut told = 0;
    loop {
        let why = tokio::select! {
            _ = interrupt.recv() => Why::Interrupted,
            _ = terminate.recv() => Why::Terminated,
            _ = hangup.recv() => Why::Terminated,
        };
        told += 1;
        // The run may drain already for a reason of its own; the first word of a person is still the first.
        if told == 1 {
            printer.insist("stopping: nothing new is sent, what is in flight ends; once more stops at once");
            stop.drain(why);
        } else {
            printer.insist("stopping at once: what is in flight is recorded as unknown");
            stop.now(why);
        }
    }
}
