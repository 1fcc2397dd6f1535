//! Talking to a town over HTTP. Knows the API's JSON and nothing of the town's inside.

pub(crate) mod api;
mod fault;
mod stream;
mod transport;

use crate::cli::TownArgs;
use crate::config::Config;
use crate::failure::{Exit, Failure};
use api::FileText;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
pub(crate) use transport::is_loopback;
use ureq::http::{Method, Request};

/// The name of a val's entry module unless it is said otherwise.
pub(crate) const ENTRY: &str = "main.tsx";

/// A connection to one town, as one user or as nobody.
pub(crate) struct Client {
    agent: ureq::Agent,
    town: String,
    token: Option<String>,
}

/// An answer that is not an error.
pub(crate) struct Reply {
    /// The run that gave it.
    pub(crate) run: Option<String>,
    /// Whether the run's result was `undefined`.
    pub(crate) undefined: bool,
    /// The JSON text.
    pub(crate) body: String,
}

impl Reply {
    /// The answer as one of ours.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_str(&self.body).map_err(|error| {
            Failure::new(
                Exit::Unavailable,
                format!("cannot understand the town's answer: {error}"),
            )
            .hint("the town may be of another version than this `thorp`")
        })
    }
}

impl Client {
    /// A client for the town that the arguments, the environment or the newest login name.
    pub(crate) fn new(args: &TownArgs) -> Result<Self, Failure> {
        let config = Config::load()?;
        let town = match &args.url {
            Some(url) => crate::config::town_url(url)?,
            None => config.default_town().ok_or_else(no_login)?,
        };
        let token = args.token.clone().or_else(|| config.token(&town));
        Self::to(town, token)
    }

    /// A client for this town.
    pub(crate) fn to(town: String, token: Option<String>) -> Result<Self, Failure> {
        Ok(Self {
            agent: transport::agent(&town)?,
            town,
            token,
        })
    }

    /// The town's URL, without a slash at its end.
    pub(crate) fn town(&self) -> &str {
        &self.town
    }

    /// Whether it speaks for somebody.
    pub(crate) fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// `GET`.
    pub(crate) fn get(&self, path: &str) -> Result<Reply, Failure> {
        self.exchange(Method::GET, path, None, &[])
    }

    /// A request with a JSON body.
    pub(crate) fn send(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Reply, Failure> {
        self.exchange(method, path, Some(to_json(body)?), &[])
    }

    /// A request that begins a run; diagnostics are shown with the lines of `source`.
    pub(crate) fn evaluate(
        &self,
        path: &str,
        body: &impl Serialize,
        source: &[FileText],
    ) -> Result<Reply, Failure> {
        self.exchange(Method::POST, path, Some(to_json(body)?), source)
    }

    /// `DELETE`.
    pub(crate) fn delete(&self, path: &str) -> Result<Reply, Failure> {
        self.exchange(Method::DELETE, path, None, &[])
    }

    /// Saves a val or a version and shows what happens meanwhile.
    pub(crate) fn save(&self, path: &str, body: &Value) -> Result<Reply, Failure> {
        let request = self
            .request(Method::POST, path)
            .header("accept", stream::MEDIA_TYPE);
        let response = self.dispatch(request, Some(body.to_string()))?;
        stream::finish(self, response)
    }

    /// The name of the account, without its `@`.
    pub(crate) fn username(&self) -> Result<String, Failure> {
        let me: api::User = self.get("/v1/me")?.read()?;
        Ok(me.username.trim_start_matches('@').to_owned())
    }

    fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
        sent: &[FileText],
    ) -> Result<Reply, Failure> {
        let response = self.dispatch(self.request(method, path), body)?;
        let status = response.status().as_u16();
        let header = |name: &str| {
            response
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        };
        let (run, undefined) = (header("x-thorp-run"), header("x-thorp-undefined").is_some());
        let body = transport::text(&self.town, response)?;
        if !(200..300).contains(&status) {
            return Err(fault::failure(self, status, &body, sent));
        }
        Ok(Reply {
            run,
            undefined,
            body,
        })
    }

    fn request(&self, method: Method, path: &str) -> ureq::http::request::Builder {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.town));
        match &self.token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        }
    }

    fn dispatch(
        &self,
        request: ureq::http::request::Builder,
        body: Option<String>,
    ) -> Result<transport::Response, Failure> {
        transport::dispatch(&self.agent, &self.town, request, body)
    }
}

/// What a path or query may not hold as it is.
const ESCAPED: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Text that can stand in a path or query.
pub(crate) fn escape(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, ESCAPED).to_string()
}

/// The query of a request: `?a=1&b=2`, of those that have a value.
pub(crate) fn query(parts: &[(&str, Option<String>)]) -> String {
    let given = parts
        .iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", escape(value.as_deref()?))));
    let joined = given.collect::<Vec<_>>().join("&");
    if joined.is_empty() {
        joined
    } else {
        format!("?{joined}")
    }
}

fn to_json(body: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(body)
        .map_err(|error| Failure::usage(format!("cannot write the request: {error}")))
}

fn no_login() -> Failure {
    let hint = match transport::local_town() {
        Some((url, token)) => format!("a town runs here: `thorp login {url} --token-file {token}`"),
        None => {
            "start a town with `thorp serve`, or log in to one with `thorp login URL`".to_owned()
        }
    };
    Failure::new(Exit::Refused, "not logged in to any town").hint(hint)
}
