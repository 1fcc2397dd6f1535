//! Whether the keys of secrets are there, and fit.

use super::Check;
use crate::serve::async_runtime;
use std::path::Path;
use thorp_town::{ErrorCode, KeyState, TownError, key_state};

const NAME: &str = "secrets";
/// The database of a town that was ever started.
const DATABASE: &str = "town.sqlite";

/// Opens every secret of a town that is not running.
pub(super) fn check(data: &Path, key_file: Option<&Path>) -> Check {
    if !data.join(DATABASE).is_file() {
        return Check::ok(NAME, "none yet");
    }
    let state = async_runtime().map(|runtime| runtime.block_on(key_state(data, key_file)));
    match state {
        Ok(Ok(state)) => told(&state),
        Ok(Err(error)) if error.code() == ErrorCode::Conflict => Check::ok(
            NAME,
            "not looked at while a town runs; its log says at start what it cannot read",
        ),
        Ok(Err(error)) => unknown(&error),
        Err(_) => Check::warning(NAME, "could not be looked at", "try again"),
    }
}

fn unknown(error: &TownError) -> Check {
    Check::failed(
        NAME,
        format!("could not be looked at: {error}"),
        "see what is wrong with the data folder",
    )
}

fn told(state: &KeyState) -> Check {
    let file = state.file.display();
    if state.is_well() {
        let found = match state.secrets {
            0 => "none yet".to_owned(),
            count => format!("{count}, all of which the keys in {file} open"),
        };
        return Check::ok(NAME, found);
    }
    let names = state.examples.join(", ");
    let (lost, all) = (state.unreadable, state.secrets);
    let (reason, fix) = match &state.error {
        Some(error) => (format!("{}: {error}", code_of(error)), error.hint()),
        None => (
            format!(
                "{}: no key in {file} opens them",
                ErrorCode::SecretUnreadable.as_str()
            ),
            format!("bring the right {file} back from a copy, or let their owners set them again"),
        ),
    };
    Check::failed(
        NAME,
        format!("{lost} of {all} cannot be read ({names}); {reason}"),
        fix,
    )
}

fn code_of(error: &thorp_town::KeyError) -> &'static str {
    TownError::from(error.clone()).code().as_str()
}
