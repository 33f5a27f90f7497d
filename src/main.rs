//! The binary: captures the environment, opens the door, returns its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    match keyholder::env::Env::capture() {
        Ok(env) => ExitCode::from(keyholder::cli::run(&env).code()),
        // Without a current folder nothing can be found; there is no printer yet to say so.
        Err(_) => ExitCode::from(keyholder::trouble::Exit::Config.code()),
    }
}
