//! The one shape of refusals and failures.

use super::FileBody;
use crate::error::CODES;
use serde::Serialize;
use std::borrow::Cow;
use thorp_town::{DiagnosticView, FileText};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

/// What every answer with a status of 400 and up has.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Error)]
pub(crate) struct ErrorBody {
    pub(crate) error: ErrorDetail,
    /// The run that was recorded, if one was
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) run_id: Option<Uuid>,
}

/// What went wrong.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErrorDetail {
    #[schema(value_type = CodeText)]
    pub(crate) code: &'static str,
    /// The name of what the user's code threw, such as `TypeError`
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) name: Option<String>,
    /// What is wrong
    pub(crate) message: String,
    /// What to do about it
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) hint: Option<String>,
    /// The stack in the user's own text; only for the user whose code it is
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) stack: Option<String>,
    /// Where in the result the trouble lies, for `NOT_JSON`
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) path: Option<String>,
    /// What the compiler has to say
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) diagnostics: Option<Vec<Diagnostic>>,
    /// Where the text stops being JSON, for `BAD_JSON`
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) line: Option<usize>,
    /// Where the text stops being JSON, for `BAD_JSON`
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) column: Option<usize>,
    /// The newest version and its files, for `CONFLICT`
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) theirs: Option<Box<Conflicting>>,
    /// The version that the refused save began with and its files, for `CONFLICT`
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) yours: Option<Box<Conflicting>>,
    /// Under what the server's log has more, for `INTERNAL`
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) id: Option<Uuid>,
}

/// One side of two saves that met.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Conflicting {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) version: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) base: Option<i64>,
    #[schema(value_type = Vec<FileBody>)]
    pub(crate) files: Vec<FileText>,
}

/// One thing the compiler has to say. Lines and columns count from 1, columns in characters.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Diagnostic {
    /// `error` or `warning`
    severity: String,
    code: String,
    message: String,
    hint: Option<String>,
    file: String,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
}

impl From<DiagnosticView> for Diagnostic {
    fn from(view: DiagnosticView) -> Self {
        let DiagnosticView {
            severity,
            code,
            message,
            hint,
            file,
            line,
            column,
            end_line,
            end_column,
        } = view;
        Self {
            severity,
            code,
            message,
            hint,
            file,
            line,
            column,
            end_line,
            end_column,
        }
    }
}

/// Documents the stable codes.
pub(crate) struct CodeText;

impl PartialSchema for CodeText {
    fn schema() -> RefOr<Schema> {
        let rows = CODES
            .iter()
            .map(|(code, status, meaning)| format!("* `{code}` ({status}): {meaning}\n"));
        let text = format!("A stable code\n\n{}", rows.collect::<String>());
        let codes = CODES.iter().map(|(code, ..)| *code);
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(text))
            .enum_values(Some(codes))
            .into()
    }
}

impl ToSchema for CodeText {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ErrorCode")
    }
}
