//! What the town answered.

use crate::shown::Shown;
use serde_json::Value;
use std::fmt::Write;
use ureq::Body;
use ureq::http::{HeaderMap, Response};

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// All headers.
    pub headers: HeaderMap,
    /// The body, which is text in all of the town's answers.
    pub body: String,
}

impl Reply {
    pub(crate) fn read(mut response: Response<Body>) -> Self {
        let bytes = response
            .body_mut()
            .with_config()
            .limit(u64::MAX)
            .read_to_vec()
            .expect("the answer ends");
        let body = String::from_utf8(bytes).expect("the answer is UTF-8");
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body,
        }
    }

    /// A header's text, empty if it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// If it is something else.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {} `{}`", self.status, self.body))
    }

    /// The body as JSON, if the status is the expected one.
    ///
    /// # Panics
    /// If it is another.
    #[must_use]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        if self.body.is_empty() {
            Value::Null
        } else {
            self.json()
        }
    }

    /// A field of a body that is an object, such as `id`.
    ///
    /// # Panics
    /// If it is not there, or not a text.
    #[must_use]
    pub fn text(&self, field: &str) -> String {
        let value = self.json();
        value[field]
            .as_str()
            .unwrap_or_else(|| panic!("no text `{field}` in {}", self.body))
            .to_owned()
    }

    /// Status and body for a snapshot, with everything that differs between two runs replaced.
    #[must_use]
    pub fn shown(&self, by: &Shown) -> String {
        let mut text = self.status.to_string();
        if !self.body.is_empty() {
            write!(text, " {}", by.body(&self.body)).expect("texts can be written to");
        }
        text
    }
}
