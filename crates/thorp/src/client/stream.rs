//! Saves answer with a line for each step and the val (or the error) as the last line.

use super::{Client, Reply, fault, transport};
use crate::failure::{Exit, Failure};
use crate::limits::LINE_BYTES_MAX;
use crate::output::progress::Progress;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::io::{BufRead, BufReader, Read};

/// One JSON value a line.
pub(super) const MEDIA_TYPE: &str = "application/x-ndjson";

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(default)]
    progress: Option<Step>,
    #[serde(default, borrow)]
    val: Option<&'a RawValue>,
    #[serde(default, borrow)]
    error: Option<&'a RawValue>,
    #[serde(default)]
    status: Option<u16>,
}

#[derive(Deserialize)]
struct Step {
    #[serde(default)]
    step: String,
    message: String,
}

/// Reads until the save ended, also from a town that answers without steps.
pub(super) fn finish(client: &Client, response: transport::Response) -> Result<Reply, Failure> {
    let status = response.status().as_u16();
    let kind = response
        .headers()
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if kind.starts_with(MEDIA_TYPE) {
        return follow(client, response);
    }
    let body = transport::text(client.town(), response)?;
    if (200..300).contains(&status) {
        Ok(done(body))
    } else {
        Err(fault::failure(client, status, &body, &[]))
    }
}

fn follow(client: &Client, response: transport::Response) -> Result<Reply, Failure> {
    let shown = Progress::begin("saving");
    let mut lines = BufReader::new(response.into_body().into_reader());
    loop {
        let mut text = String::new();
        let broken =
            |error: std::io::Error| transport::unreachable(client.town(), &ureq::Error::Io(error));
        if (&mut lines)
            .take(LINE_BYTES_MAX)
            .read_line(&mut text)
            .map_err(broken)?
            == 0
        {
            return Err(Failure::new(
                Exit::Unavailable,
                "the town ended the answer before the save did",
            ));
        }
        if let Some(end) = step(client, &text, &shown) {
            return end;
        }
    }
}

/// What a line means: a step (`None`), or the end.
fn step(client: &Client, text: &str, shown: &Progress) -> Option<Result<Reply, Failure>> {
    let Ok(line) = serde_json::from_str::<Line<'_>>(text) else {
        return (!text.trim().is_empty()).then(|| Err(fault::no_town(client.town(), 200)));
    };
    if let Some(progress) = line.progress {
        match progress.step.as_str() {
            "download" => shown.say(&format!("downloading {}", progress.message)),
            _ => shown.say(&progress.message),
        }
    }
    if let Some(val) = line.val {
        return Some(Ok(done(val.get().to_owned())));
    }
    let error = line.error?;
    let body = format!(r#"{{"error":{}}}"#, error.get());
    Some(Err(fault::failure(
        client,
        line.status.unwrap_or(500),
        &body,
        &[],
    )))
}

fn done(body: String) -> Reply {
    Reply {
        run: None,
        undefined: false,
        body,
    }
}
