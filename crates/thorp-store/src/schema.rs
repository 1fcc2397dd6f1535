//! The schema's numbered migrations. A migration that was released is never changed; a new one is added.

use crate::{StoreError, labels};
use rusqlite::Connection;

struct Migration {
    number: i64,
    name: &'static str,
    sql: &'static str,
}

const MIGRATIONS: &[Migration] = &[
    Migration {
        number: 1,
        name: "town",
        sql: include_str!("schema/0001_town.sql"),
    },
    Migration {
        number: 2,
        name: "values",
        sql: include_str!("schema/0002_values.sql"),
    },
    Migration {
        number: 3,
        name: "secrets",
        sql: include_str!("schema/0003_secrets.sql"),
    },
    Migration {
        number: 4,
        name: "emails",
        sql: include_str!("schema/0004_emails.sql"),
    },
    Migration {
        number: 5,
        name: "denied",
        sql: include_str!("schema/0005_denied.sql"),
    },
    Migration {
        number: 6,
        name: "isolation",
        sql: include_str!("schema/0006_isolation.sql"),
    },
    Migration {
        number: 7,
        name: "web",
        sql: include_str!("schema/0007_web.sql"),
    },
];

/// The newest schema that this program knows.
pub(crate) const NEWEST: i64 = MIGRATIONS.len() as i64;

pub(crate) const VERSION_SQL: &str = "SELECT COALESCE(MAX(number), 0) FROM migrations";

/// Brings the data to [`NEWEST`], or refuses data that is newer.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    connection.execute_batch("CREATE TABLE IF NOT EXISTS migrations (number BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL)")?;
    let found: i64 = connection.query_row(VERSION_SQL, [], |row| row.get(0))?;
    if found > NEWEST {
        return Err(StoreError::SchemaTooNew {
            found,
            known: NEWEST,
        });
    }
    MIGRATIONS
        .iter()
        .filter(|migration| migration.number > found)
        .try_for_each(|migration| apply(connection, migration))?;
    labels::fill(connection)
}

fn apply(connection: &mut Connection, migration: &Migration) -> Result<(), StoreError> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(migration.sql)?;
    transaction.execute(
        "INSERT INTO migrations (number, name) VALUES (?1, ?2)",
        (migration.number, migration.name),
    )?;
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_numbered_from_one_without_gaps() {
        let numbers: Vec<i64> = MIGRATIONS
            .iter()
            .map(|migration| migration.number)
            .collect();
        assert_eq!(numbers, (1..=NEWEST).collect::<Vec<_>>());
    }
}
