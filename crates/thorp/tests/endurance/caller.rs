//! Somebody who sends requests to a town and remembers what came of them.

use super::support::{PATIENCE, Town};
use serde_json::Value;
use ureq::Agent;
use ureq::http::Response;

/// Sends requests with a token. Clones share their connections.
#[derive(Clone)]
pub(crate) struct Caller {
    agent: Agent,
    url: String,
    token: String,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The run that was recorded, from the header.
    pub(crate) run: Option<String>,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: Value,
}

impl Answer {
    fn read(mut response: Response<ureq::Body>) -> Result<Self, ureq::Error> {
        let header = |name: &str| {
            response
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap().to_owned())
        };
        let (run, retry_after) = (header("x-thorp-run"), header("retry-after"));
        let body = response.body_mut().read_to_string()?;
        let body = serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}"));
        Ok(Self {
            status: response.status().as_u16(),
            run,
            retry_after,
            body,
        })
    }

    /// The stable code of an error, or nothing.
    pub(crate) fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }
}

impl Caller {
    /// The owner of this town.
    pub(crate) fn owner(town: &Town) -> Self {
        Self::new(town.url(), &town.token())
    }

    /// Somebody with this token.
    pub(crate) fn new(url: &str, token: &str) -> Self {
        // More than the longest run.
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE * 2));
        Self {
            agent: config.build().into(),
            url: url.to_owned(),
            token: format!("Bearer {}", token.trim()),
        }
    }

    /// Evaluates; the error means that no whole answer came.
    pub(crate) fn try_eval(&self, code: &str) -> Result<Answer, ureq::Error> {
        let request = self
            .agent
            .post(format!("{}/v1/eval", self.url))
            .header("authorization", &self.token);
        Answer::read(request.content_type("text/plain").send(code)?)
    }

    /// Evaluates.
    pub(crate) fn eval(&self, code: &str) -> Answer {
        self.try_eval(code).unwrap()
    }

    /// Evaluates what must go well.
    pub(crate) fn value(&self, code: &str) -> Value {
        let answer = self.eval(code);
        assert_eq!(answer.status, 200, "{code}: {answer:?}");
        answer.body
    }

    /// Looks something up.
    pub(crate) fn get(&self, path: &str) -> Answer {
        let request = self
            .agent
            .get(format!("{}{path}", self.url))
            .header("authorization", &self.token);
        Answer::read(request.call().unwrap()).unwrap()
    }

    /// What is recorded of a run.
    pub(crate) fn run(&self, id: &str) -> Value {
        let answer = self.get(&format!("/v1/runs/{id}"));
        assert_eq!(answer.status, 200, "{id}: {answer:?}");
        answer.body
    }

    /// The newest runs.
    pub(crate) fn runs(&self) -> Vec<Value> {
        self.get("/v1/me/runs?limit=100").body["data"]
            .as_array()
            .unwrap()
            .clone()
    }
}
