//! The town's settings: texts by key.

use crate::{Store, StoreError};

impl Store {
    /// The setting of this key.
    pub async fn setting(&self, key: &str) -> Result<Option<String>, StoreError> {
        let key = key.to_owned();
        self.read(move |db| {
            db.one(
                "SELECT value FROM settings WHERE key = ?1",
                (key,),
                |columns| columns.take(),
            )
        })
        .await
    }

    /// Sets or replaces a setting.
    pub async fn set_setting(
        &self,
        key: &str,
        value: &str,
        now_micros: i64,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO settings (key, value, updated_at) VALUES (?1, ?2, ?3)
            ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at";
        let (key, value) = (key.to_owned(), value.to_owned());
        self.write(move |tx| tx.db.execute(sql, (key, value, now_micros)).map(drop))
            .await
    }
}
