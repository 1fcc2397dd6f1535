//! The log, on stderr.

use crate::failure::Failure;
use clap::ValueEnum;
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// What is logged unless `THORP_LOG` says otherwise: warnings, and when the town starts and stops.
const DEFAULT: &str = "warn,thorp=info";

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// Begins to log.
pub(crate) fn start(format: LogFormat) -> Result<(), Failure> {
    let wanted = std::env::var("THORP_LOG")
        .ok()
        .filter(|text| !text.is_empty());
    let text = wanted.as_deref().unwrap_or(DEFAULT);
    let filter = EnvFilter::try_new(text).map_err(|error| {
        Failure::usage(format!("`THORP_LOG` is not a filter: {error}"))
            .hint("write it like `info` or `warn,thorp=debug`")
    })?;
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colour);
    // A second start in one process is not possible, and would change nothing.
    let _ = match format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => log.json().try_init(),
    };
    Ok(())
}
