//! Small helpers to run portable SQL: statements are prepared once a connection, rows are read column after column.

use crate::limits::SEARCH_TEXT_BYTES_MAX;
use crate::{Digest, EmailState, Endpoint, Isolation, Privacy, RunStatus, StoreError, Trigger};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Params, Row};

/// A connection, as the typed methods see it.
#[derive(Clone, Copy)]
pub(crate) struct Db<'a>(pub(crate) &'a Connection);

impl Db<'_> {
    /// Runs a statement that answers no rows; says how many rows it changed.
    pub(crate) fn execute(self, sql: &str, params: impl Params) -> Result<usize, StoreError> {
        Ok(self.0.prepare_cached(sql)?.execute(params)?)
    }

    /// The first row, if there is one.
    pub(crate) fn one<T>(
        self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&mut Columns<'_>) -> ReadResult<T>,
    ) -> Result<Option<T>, StoreError> {
        let mut statement = self.0.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        Ok(rows
            .next()?
            .map(|row| read(&mut Columns { row, next: 0 }))
            .transpose()?)
    }

    /// All rows.
    pub(crate) fn all<T>(
        self,
        sql: &str,
        params: impl Params,
        mut read: impl FnMut(&mut Columns<'_>) -> ReadResult<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.0.prepare_cached(sql)?;
        let rows = statement.query_map(params, |row| read(&mut Columns { row, next: 0 }))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Reads that see one moment of the data.
    pub(crate) fn snapshot<T>(
        self,
        work: impl FnOnce(Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.0.execute_batch("BEGIN")?;
        let result = work(self);
        self.0.execute_batch("COMMIT")?;
        result
    }

    /// The one number that a statement always answers.
    pub(crate) fn number(self, sql: &str, params: impl Params) -> Result<i64, StoreError> {
        let found = self.one(sql, params, |columns| columns.take())?;
        found.ok_or_else(|| StoreError::Damaged {
            detail: format!("no row for `{sql}`"),
        })
    }
}

pub(crate) type ReadResult<T> = rusqlite::Result<T>;

/// The columns of a row, taken from left to right, so that the parts of a join can be read by the types they make.
pub(crate) struct Columns<'a> {
    row: &'a Row<'a>,
    next: usize,
}

impl Columns<'_> {
    pub(crate) fn take<T: FromSql>(&mut self) -> ReadResult<T> {
        self.next += 1;
        self.row.get(self.next - 1)
    }
}

/// The conditions of a filtered list, with their values numbered in order.
#[derive(Default)]
pub(crate) struct Conditions {
    sql: Vec<String>,
    values: Vec<Box<dyn ToSql>>,
}

impl Conditions {
    /// A condition without a value.
    pub(crate) fn always(&mut self, sql: &str) {
        self.sql.push(sql.to_owned());
    }

    /// A condition whose `?` is this value.
    pub(crate) fn with(&mut self, sql: &str, value: impl ToSql + 'static) {
        let parameter = self.parameter(value);
        self.sql.push(sql.replace('?', &parameter));
    }

    /// The same, if there is a value.
    pub(crate) fn if_some(&mut self, sql: &str, value: Option<impl ToSql + 'static>) {
        if let Some(value) = value {
            self.with(sql, value);
        }
    }

    /// Keeps a value and answers its place, such as `?3`.
    pub(crate) fn parameter(&mut self, value: impl ToSql + 'static) -> String {
        self.values.push(Box::new(value));
        format!("?{}", self.values.len())
    }

    /// `WHERE …`, or nothing.
    pub(crate) fn where_clause(&self) -> String {
        if self.sql.is_empty() {
            String::new()
        } else {
            format!("WHERE {}", self.sql.join(" AND "))
        }
    }

    pub(crate) fn into_params(self) -> impl Params {
        rusqlite::params_from_iter(self.values)
    }
}

/// A `LIKE … ESCAPE '\'` pattern for texts that contain this one, in lower case.
pub(crate) fn contains_pattern(text: &str) -> String {
    let cut = &text[..text.floor_char_boundary(SEARCH_TEXT_BYTES_MAX)];
    let escaped = cut
        .to_ascii_lowercase()
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_");
    format!("%{escaped}%")
}

impl ToSql for Digest {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(&self.0)))
    }
}

impl FromSql for Digest {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let bytes = value.as_blob()?;
        bytes
            .try_into()
            .map(Self)
            .map_err(|_| FromSqlError::InvalidBlobSize {
                expected_size: 32,
                blob_size: bytes.len(),
            })
    }
}

macro_rules! word_columns {
    ($($word:ident),+) => { $(
        impl ToSql for $word {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.as_str().into())
            }
        }

        impl FromSql for $word {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                let text = value.as_str()?;
                Self::parse(text).ok_or_else(|| FromSqlError::Other(format!("unknown word `{text}`").into()))
            }
        }
    )+ };
}

word_columns!(EmailState, Privacy, Endpoint, Isolation, RunStatus, Trigger);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_takes_its_text_literally() {
        assert_eq!(contains_pattern(r"50%_A\b"), r"%50\%\_a\\b%");
    }

    #[test]
    fn a_pattern_is_cut_between_characters() {
        let pattern = contains_pattern(&format!("x{}", "é".repeat(SEARCH_TEXT_BYTES_MAX)));
        assert_eq!(pattern.len(), SEARCH_TEXT_BYTES_MAX - 1 + 2);
    }

    #[test]
    fn conditions_number_their_values() {
        let mut conditions = Conditions::default();
        conditions.always("a IS NULL");
        conditions.if_some("b = ?", None::<i64>);
        conditions.with("c = ?", 1);
        conditions.with("d < ?", 2);
        assert_eq!(
            conditions.where_clause(),
            "WHERE a IS NULL AND c = ?1 AND d < ?2"
        );
        assert_eq!(conditions.parameter(3), "?3");
    }
}
