//! What runs ask of the network, as the API shows it.

use serde::Serialize;
use thorp_town::{EgressRequestView, EgressView};
use utoipa::ToSchema;

/// What a run asked of the network.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Egress {
    /// The first 200 of its requests
    requests: Vec<EgressRequest>,
    /// Requests that are not listed
    dropped: u64,
    bytes_out: u64,
    bytes_in: u64,
}

/// One request to the network.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EgressRequest {
    /// `CONNECT` for a raw connection
    method: String,
    /// `http`, `https` or `tcp`
    scheme: String,
    host: String,
    port: u16,
    /// The status of the answer, if one came
    status: Option<u16>,
    /// Why the gateway refused it, such as `EGRESS_DENIED`
    refused: Option<String>,
    bytes_out: u64,
    bytes_in: u64,
    /// When it began, since the run did
    started_micros: u64,
    duration_micros: u64,
}

impl From<EgressView> for Egress {
    fn from(view: EgressView) -> Self {
        Self {
            requests: view.requests.into_iter().map(Into::into).collect(),
            dropped: view.dropped,
            bytes_out: view.bytes_out,
            bytes_in: view.bytes_in,
        }
    }
}

impl From<EgressRequestView> for EgressRequest {
    fn from(view: EgressRequestView) -> Self {
        let EgressRequestView {
            method,
            scheme,
            host,
            port,
            status,
            refused,
            bytes_out,
            bytes_in,
            started_micros,
            duration_micros,
        } = view;
        Self {
            method,
            scheme,
            host,
            port,
            status,
            refused,
            bytes_out,
            bytes_in,
            started_micros,
            duration_micros,
        }
    }
}
