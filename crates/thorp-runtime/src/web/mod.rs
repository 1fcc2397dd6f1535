//! Programs that answer web requests: the workers that have them, and the requests on their way.
//!
//! A worker is a sandbox whose guest has connected to a socket of the host's and answers what comes there; the host is the
//! client of plain HTTP/1.1. Requests pass through as they are: what a program may see and say of headers is the business of
//! whoever calls. Owns the limits of a request, and what is known of it when it has ended.

mod answer;
mod keeper;
mod service;
mod sites;
mod worker;

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use thorp_gateway::Egress;

use crate::host::Host;
use crate::outcome::{Failure, LogLine, Usage};

pub use answer::AnswerBody;
pub use service::Service;
pub(crate) use sites::Sites;

/// What a body breaks off with.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;
/// The body of a request.
pub type WebBody = UnsyncBoxBody<Bytes, BodyError>;
/// A request for a program. Its address is the whole one, of which the program makes its own.
pub type WebRequest = hyper::Request<WebBody>;
/// A program's answer. With the status 101, the connection of its request goes on as the program's.
pub type WebAnswer = hyper::Response<AnswerBody>;

/// Who asks.
#[derive(Clone, Debug, Default)]
pub struct Asking {
    /// Who answers the calls of the program for this request.
    pub host: Option<Arc<dyn Host>>,
    /// How many programs wait for the answer.
    pub depth: u32,
}

/// What a request left when it had ended.
#[derive(Clone, Debug)]
pub struct WebEnd {
    /// Why there was no answer of the program's, or only a part of one.
    pub failure: Option<Failure>,
    /// The answer's status, if there was one.
    pub status: Option<u16>,
    /// Whether who asked went away before the answer had ended.
    pub aborted: bool,
    /// Bytes of the request's body.
    pub bytes_in: u64,
    /// Bytes of the answer's body.
    pub bytes_out: u64,
    /// What the program logged meanwhile for it, and what it logged before for none.
    pub logs: Vec<LogLine>,
    /// Whether more was logged than was kept.
    pub logs_truncated: bool,
    /// What it used. The processor time is told if the worker had no other request meanwhile.
    pub usage: Usage,
    /// What was asked of the network since the worker rested, if it rests again.
    pub egress: Egress,
}

impl WebEnd {
    /// Of a request that no program got.
    pub(crate) fn nothing(failure: Failure) -> Self {
        Self {
            failure: Some(failure),
            status: None,
            aborted: false,
            bytes_in: 0,
            bytes_out: 0,
            logs: Vec::new(),
            logs_truncated: false,
            usage: Usage::default(),
            egress: Egress::default(),
        }
    }
}

/// Hears once what a request left.
pub(crate) type Ended = Box<dyn FnOnce(WebEnd) + Send>;
