//! Names to addresses.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::denial::{Code, Denial};
use crate::limits::LOOKUPS_MAX;
use crate::user::User;

/// A look-up under way.
pub type Resolving = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Looks names up.
pub trait Resolve: Send + Sync {
    /// All addresses of a name.
    fn resolve(&self, name: &str) -> Resolving;
}

/// The system's resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: &str) -> Resolving {
        let name = name.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// A resolver with a bound on what is under way, for each user and for all.
pub(crate) struct Lookups {
    resolver: Arc<dyn Resolve>,
    places: Arc<Semaphore>,
    time_max: Duration,
}

impl Lookups {
    pub(crate) fn new(resolver: Arc<dyn Resolve>, time_max: Duration) -> Self {
        Self {
            resolver,
            places: Arc::new(Semaphore::new(LOOKUPS_MAX)),
            time_max,
        }
    }

    pub(crate) async fn find(&self, user: &User, name: &str) -> Result<Vec<IpAddr>, Denial> {
        let failed = |code, why: &str| Denial::new(code, format!("`{name}` {why}"));
        match timeout(self.time_max, self.look_up(user, name)).await {
            Ok(Ok(addresses)) if addresses.is_empty() => Err(failed(Code::Name, "has no address")),
            Ok(Ok(addresses)) => Ok(addresses),
            Ok(Err(_)) => Err(failed(Code::Name, "could not be resolved")),
            Err(_) => Err(failed(Code::Timeout, "was not resolved in time")),
        }
    }

    /// The places are held until the look-up is really over, as a thread of the system's resolver can't be called off.
    async fn look_up(&self, user: &User, name: &str) -> io::Result<Vec<IpAddr>> {
        let own = user.lookups.clone().acquire_owned().await;
        let shared = self.places.clone().acquire_owned().await;
        let resolving = self.resolver.resolve(name);
        let task = tokio::spawn(async move {
            let _places = (own, shared);
            resolving.await
        });
        task.await?
    }
}
