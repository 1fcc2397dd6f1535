//! The town's settings: texts by key.

use crate::{Store, StoreError};

impl Store {
    /// The setting of this key.
    pub async fn setting(&self, key: &str) -> Result<Option<String>, StoreError> {
        todo!()
    }

    /// Sets or replaces a setting.
    pub async fn set_setting(
        &self,
        key: &str,
        value: &str,
        now_micros: i64,
    ) -> Result<(), StoreError> {
        todo!()
    }
}
