//! Checking the whole file. The only place, besides opening, that speaks SQLite's own language.

use crate::StoreError;
use crate::sql::Db;

/// Checks the file's structure, its references, and the running total of the runs.
pub(crate) fn check(db: Db<'_>) -> Result<(), StoreError> {
    let mut problems: Vec<String> =
        db.all("PRAGMA integrity_check(10)", [], |columns| columns.take())?;
    problems.retain(|line| line != "ok");
    problems.extend(db.all("PRAGMA foreign_key_check", [], |columns| {
        let table: String = columns.take()?;
        Ok(format!("a row of `{table}` refers to nothing"))
    })?);
    problems.extend(check_totals(db)?);
    if problems.is_empty() {
        Ok(())
    } else {
        Err(StoreError::Damaged {
            detail: problems.join("; "),
        })
    }
}

fn check_totals(db: Db<'_>) -> Result<Option<String>, StoreError> {
    // One statement, so that no write comes in between.
    let sql = "SELECT COUNT(*) FROM run_totals t
        WHERE t.runs <> (SELECT COUNT(*) FROM runs) OR t.bytes <> (SELECT COALESCE(SUM(bytes), 0) FROM runs)";
    Ok((db.number(sql, [])? != 0).then(|| "the run totals are wrong".to_owned()))
}
