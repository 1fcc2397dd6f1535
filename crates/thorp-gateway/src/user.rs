//! What the requests of one user share, and no other user's: kept connections, and the places for look-ups.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::limits::{LOOKUPS_PER_USER_MAX, POOL_MAX};
use crate::pool::Pool;

/// A user with a door, or with kept connections.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) id: Uuid,
    pub(crate) pool: Pool,
    pub(crate) lookups: Arc<Semaphore>,
    users: Weak<Users>,
}

impl Drop for User {
    fn drop(&mut self) {
        if let Some(users) = self.users.upgrade() {
            users.forget(self.id);
        }
    }
}

/// All such users.
#[derive(Debug)]
pub(crate) struct Users {
    by_id: Mutex<HashMap<Uuid, Weak<User>>>,
    pool_places: Arc<Semaphore>,
}

impl Users {
    pub(crate) fn new() -> Self {
        Self {
            by_id: Mutex::default(),
            pool_places: Arc::new(Semaphore::new(POOL_MAX)),
        }
    }

    pub(crate) fn get(self: &Arc<Self>, id: Uuid) -> Arc<User> {
        let mut by_id = self.lock();
        if let Some(user) = by_id.get(&id).and_then(Weak::upgrade) {
            return user;
        }
        let user = Arc::new(User {
            id,
            pool: Pool::new(self.pool_places.clone()),
            lookups: Arc::new(Semaphore::new(LOOKUPS_PER_USER_MAX)),
            users: Arc::downgrade(self),
        });
        by_id.insert(id, Arc::downgrade(&user));
        user
    }

    /// Unless the user has come back since.
    fn forget(&self, id: Uuid) {
        let mut by_id = self.lock();
        if by_id.get(&id).is_some_and(|user| user.strong_count() == 0) {
            by_id.remove(&id);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, Weak<User>>> {
        self.by_id.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use uuid::Uuid;

    use super::Users;
    use crate::limits::POOL_MAX;

    #[test]
    fn all_users_share_the_places_for_kept_connections() {
        let users = Arc::new(Users::new());
        assert_eq!(users.pool_places.available_permits(), POOL_MAX);
        for id in [1, 2] {
            let user = users.get(Uuid::from_u128(id));
            assert!(user.pool.shares(&users.pool_places));
        }
    }

    #[test]
    fn a_user_is_one_while_somebody_holds_it_and_forgotten_after() {
        let users = Arc::new(Users::new());
        let one = users.get(Uuid::from_u128(1));
        assert!(Arc::ptr_eq(&one, &users.get(Uuid::from_u128(1))));
        assert!(!Arc::ptr_eq(&one, &users.get(Uuid::from_u128(2))));
        drop(one);
        assert!(users.lock().is_empty());
    }
}
