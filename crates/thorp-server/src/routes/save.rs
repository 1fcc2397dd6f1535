//! Saving: what a save sends, and answers that tell of its steps.

use crate::app::App;
use crate::body::{Content, Sent};
use crate::error::ApiError;
use crate::json::{ErrorBody, FileBody, FullVal, PrivacyName};
use crate::origins::Origins;
use crate::panics::caught;
use crate::routes::answer;
use axum::body::Body;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use hyper::body::Frame;
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use thorp_town::{FileText, Progress, TownError, ValDetail};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use utoipa::ToSchema;

/// The media type of answers that are lines of JSON.
const LINES: &str = "application/x-ndjson";
/// The file that bare code is.
const ENTRY: &str = "main.tsx";

/// The code of a val: one text, or several files.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `code` or `files`")]
#[schema(as = ValInput)]
pub(crate) struct SaveBody {
    /// The text of the entry module
    #[schema(nullable = false)]
    pub(crate) code: Option<String>,
    /// All files, instead of `code`
    #[schema(nullable = false)]
    pub(crate) files: Option<Vec<FileBody>>,
    /// The path of the entry module; `main.tsx` unless said
    #[schema(nullable = false)]
    pub(crate) entry: Option<String>,
    /// The name of a new val; otherwise what the code declares, or one that is made up
    #[schema(nullable = false)]
    pub(crate) name: Option<String>,
    /// Who may read a new val; `private` unless said
    #[schema(nullable = false)]
    pub(crate) privacy: Option<PrivacyName>,
    /// A text about a new val
    #[schema(nullable = false)]
    pub(crate) readme: Option<String>,
    /// The version that a new version began with
    #[schema(nullable = false)]
    pub(crate) base: Option<i64>,
}

impl SaveBody {
    /// What was sent, as JSON or as code.
    pub(crate) fn of(sent: Sent) -> Result<Self, ApiError> {
        match sent.json_or_code::<Self>()? {
            Content::Json(body) => Ok(body),
            Content::Code => Ok(Self {
                code: Some(sent.into_text()?),
                ..Self::default()
            }),
        }
    }

    /// Its files, with bare code as the entry.
    pub(crate) fn take_files(&mut self) -> Result<Vec<FileText>, ApiError> {
        match (self.code.take(), self.files.take()) {
            (Some(text), None) => Ok(vec![FileText {
                path: self.entry.clone().unwrap_or_else(|| ENTRY.into()),
                text,
            }]),
            (None, Some(files)) if !files.is_empty() => {
                Ok(files.into_iter().map(Into::into).collect())
            }
            (Some(_), Some(_)) => Err(ApiError::bad_request(
                "a save has `code` or `files`, not both",
            )),
            (None, _) => {
                Err(ApiError::bad_request("the save has no code").hint("send `code` or `files`"))
            }
        }
    }

    /// Refuses what only a new version, or only a new val, can have.
    pub(crate) fn refuse(&self, misplaced: &[(&str, bool)], hint: &str) -> Result<(), ApiError> {
        match misplaced.iter().find(|(_, is_there)| *is_there) {
            Some((name, _)) => {
                Err(ApiError::bad_request(format!("`{name}` has no place here")).hint(hint))
            }
            None => Ok(()),
        }
    }
}

/// Where a save tells of its steps.
#[derive(Clone)]
pub(crate) struct Teller(Option<UnboundedSender<Bytes>>);

/// A line of an answer in lines.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Line {
    Progress {
        step: &'static str,
        message: String,
    },
    Val(Box<FullVal>),
    #[serde(untagged)]
    Failed {
        #[serde(flatten)]
        body: Box<ErrorBody>,
        status: u16,
    },
}

impl Teller {
    /// Tells of one step, if anyone listens.
    pub(crate) fn step(&self, progress: Progress) {
        self.line(|| Line::Progress {
            step: progress.step.as_str(),
            message: progress.message,
        });
    }

    fn line(&self, line: impl FnOnce() -> Line) {
        let Some(sender) = &self.0 else { return };
        let Ok(mut text) = serde_json::to_vec(&line()) else {
            return;
        };
        text.push(b'\n');
        sender.send(Bytes::from(text)).ok();
    }
}

/// Runs `save` and answers with the val; in lines, with its steps first, if the client accepts those.
pub(crate) async fn answer<F, Fut>(
    app: &App,
    status: StatusCode,
    lines: bool,
    save: F,
) -> Result<Response, ApiError>
where
    F: FnOnce(Teller) -> Fut,
    Fut: Future<Output = Result<ValDetail, TownError>> + Send + 'static,
{
    if !lines {
        return Ok(answer::val(app, status, save(Teller(None)).await?));
    }
    let (sender, receiver) = unbounded_channel();
    let teller = Teller(Some(sender));
    let origins = app.origins.clone();
    let saving = caught(save(teller.clone()));
    tokio::spawn(async move {
        let end = match saving.await {
            Ok(result) => result.map_err(ApiError::from),
            Err(panic) => Err(ApiError::internal(&panic)),
        };
        teller.line(|| last_line(end, origins.as_deref()));
    });
    let mut response = Response::new(Body::new(Lines(receiver)));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(LINES));
    Ok(response)
}

fn last_line(end: Result<ValDetail, ApiError>, origins: Option<&Origins>) -> Line {
    match end {
        Ok(detail) => Line::Val(Box::new(FullVal::new(detail, origins))),
        Err(error) => Line::Failed {
            status: error.status().as_u16(),
            body: Box::new(error.into_body()),
        },
    }
}

/// Whether the client wants to hear of a save's steps.
pub(crate) fn accepts_lines(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT)
        .iter()
        .any(|value| value.to_str().is_ok_and(|text| text.contains(LINES)))
}

/// A body of lines that ends when nobody can tell any more.
struct Lines(UnboundedReceiver<Bytes>);

impl hyper::body::Body for Lines {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0
            .poll_recv(context)
            .map(|line| line.map(|line| Ok(Frame::data(line))))
    }
}
