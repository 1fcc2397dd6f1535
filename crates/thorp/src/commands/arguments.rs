//! The arguments of a run on the command line, and what is shown of its result.

use crate::client::api::Run;
use crate::client::{Client, Reply};
use crate::failure::Failure;
use crate::output::{self, json, style::FAINT};
use clap::Args;
use serde_json::value::RawValue;

/// What a function is called with.
#[derive(Args, Debug)]
pub(crate) struct CallArgs {
    /// An argument each: read as JSON if it is JSON, else taken as text (write '"1"' for the text 1)
    #[arg(value_name = "ARG", allow_negative_numbers = true)]
    list: Vec<String>,
    /// All arguments as one JSON array
    #[arg(long = "args", value_name = "JSON", conflicts_with = "list")]
    array: Option<String>,
    /// Show what the program logged, also when nobody watches
    #[arg(long)]
    pub(crate) logs: bool,
}

impl CallArgs {
    /// The arguments as JSON, each in the writing it was given in.
    pub(crate) fn json(&self) -> Result<Vec<Box<RawValue>>, Failure> {
        match &self.array {
            Some(text) => serde_json::from_str(text).map_err(|_| {
                Failure::usage(format!("`--args` takes a JSON array, and `{text}` is none"))
                    .hint("write it like `--args '[1, \"two\"]'`")
            }),
            None => self.list.iter().map(|text| json_or_text(text)).collect(),
        }
    }
}

fn json_or_text(text: &str) -> Result<Box<RawValue>, Failure> {
    let raw = serde_json::from_str(text).or_else(|_| serde_json::value::to_raw_value(text));
    raw.map_err(|error| Failure::usage(format!("cannot send `{text}`: {error}")))
}

/// Prints the result of a run, after what it logged.
pub(crate) fn show(client: &Client, reply: &Reply, logs: bool, exact: bool) {
    if logs || output::watched() {
        show_logs(client, reply);
    }
    if exact {
        output::data(&reply.body);
    } else if reply.undefined {
        output::line(format!("{FAINT}undefined{FAINT:#}"));
    } else {
        output::line(json::pretty(&reply.body));
    }
}

/// Logs are an extra: a caller who may not read the run still gets its result.
fn show_logs(client: &Client, reply: &Reply) {
    let Some(run) = &reply.run else { return };
    let Ok(run) = client
        .get(&format!("/v1/runs/{run}"))
        .and_then(|reply| reply.read::<Run>())
    else {
        return;
    };
    run.logs
        .iter()
        .for_each(|log| output::note(log_line(&log.level, &log.text)));
    if run.logs_truncated {
        output::note(format!(
            "{FAINT}(more was logged than the town keeps){FAINT:#}"
        ));
    }
}

/// One logged line with its level.
pub(crate) fn log_line(level: &str, text: &str) -> String {
    format!(
        "{FAINT}{level}:{FAINT:#} {}",
        output::clean(text.trim_end())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_json_or_text() {
        let given = [
            "1.50",
            "-2",
            "true",
            "{\"a\":1}",
            "hello",
            "\"1\"",
            "[1",
            "",
        ];
        let list = given.map(str::to_owned).to_vec();
        let args = CallArgs {
            list,
            array: None,
            logs: false,
        };
        let sent = serde_json::to_string(&args.json().unwrap()).unwrap();
        assert_eq!(sent, r#"[1.50,-2,true,{"a":1},"hello","1","[1",""]"#);
    }
}
