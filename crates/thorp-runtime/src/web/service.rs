//! What is served, and how the guest is told.

use std::sync::Arc;

use serde::Serialize;
use uuid::Uuid;

use crate::boot::Ready;
use crate::frame::ToGuest;
use crate::job::{ModuleProgram, RunLimits, Secret};
use crate::request::GuestProgram;

/// A program that answers web requests.
#[derive(Clone, Debug)]
pub struct Service {
    /// Whose permissions it has.
    pub user: Uuid,
    /// The files.
    pub program: Arc<ModuleProgram>,
    /// Names the program, as in [`crate::Job::worker`].
    pub worker: Arc<str>,
    /// What it is a state of: a worker of another state of the same takes no more requests.
    pub group: Uuid,
    /// The name of the user whose permissions it has, in lower case.
    pub author: Option<String>,
    /// `wall` is the time until the head of an answer, and that of loading; `cpu` that of loading, and what may pass without
    /// a sign of life.
    pub limits: RunLimits,
    /// What the program's own modules find in their environment.
    pub secrets: Vec<Secret>,
    /// Names of variables that packages don't see: that one asked for it is logged.
    pub withheld: Vec<Arc<str>>,
}

/// The payload of a `Serve` frame.
#[derive(Serialize)]
struct GuestService<'a> {
    program: GuestProgram<'a>,
    socket: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<&'a str>,
    secrets: Vec<(&'a str, &'a str, bool)>,
    withheld: Vec<&'a str>,
}

/// Adds the program to what the guest is sent.
pub(crate) fn push(ready: &mut Ready, service: &Service, id: Uuid) -> serde_json::Result<()> {
    let modules = ready.folder.seen().modules.to_string_lossy();
    let payload = GuestService {
        program: GuestProgram::module(&service.program, &modules),
        socket: &ready.folder.seen().requests.to_string_lossy(),
        author: service.author.as_deref(),
        secrets: service
            .secrets
            .iter()
            .map(|secret| (&*secret.name, secret.value.as_str(), secret.shared))
            .collect(),
        withheld: service.withheld.iter().map(|name| &**name).collect(),
    };
    ready.control.push(ToGuest::Serve, id, |buffer| {
        serde_json::to_writer(buffer, &payload)
    })
}
