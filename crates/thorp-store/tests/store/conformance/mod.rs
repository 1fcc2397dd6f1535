//! What a store has to do, whatever database is below. Each case takes an empty store; `on_sqlite!` makes a test of each.

mod concurrency;
mod dependencies;
mod emails;
mod lists;
mod names;
mod retention;
mod runs;
mod secrets;
mod users;
mod values;
mod versions;

macro_rules! on_sqlite {
    ($($case:ident),+ $(,)?) => {
        mod on_sqlite {
            $(
                #[tokio::test]
                async fn $case() {
                    let town = crate::support::temp_store();
                    super::$case(&town.store).await;
                    town.store.integrity_check().await.unwrap();
                }
            )+
        }
    };
}
pub(crate) use on_sqlite;
