//! The workers that answer web requests, by what they serve. Requests that find none join one start.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::Shared;
use tokio::time::Instant;
use uuid::Uuid;

use super::answer::{Called, call};
use super::keeper::{self, NotServing, Surroundings};
use super::service::Service;
use super::worker::Worker;
use super::{Asking, Ended, WebAnswer, WebEnd, WebRequest};
use crate::config::Clock;
use crate::host::Host;
use crate::limits;
use crate::outcome::{Failure, Usage};
use crate::pool::Pool;
use crate::run::{broken, micros};

/// Who may have a worker: it is never another user's, or another program's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    user: Uuid,
    program: Arc<str>,
    memory_bytes: u64,
}

impl Key {
    fn of(service: &Service) -> Self {
        Self {
            user: service.user,
            program: Arc::clone(&service.worker),
            memory_bytes: service.limits.memory_bytes,
        }
    }
}

type Start = Shared<Pin<Box<dyn Future<Output = Result<Arc<Worker>, Arc<NotServing>>> + Send>>>;

/// The workers of one program.
#[derive(Default)]
struct Site {
    group: Uuid,
    workers: Vec<Arc<Worker>>,
    starting: Option<Start>,
}

/// All of them. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Sites {
    sites: Arc<Mutex<HashMap<Key, Site>>>,
    clock: Clock,
    idle: Duration,
}

/// What a request is to do.
enum Choice {
    Take(Arc<Worker>),
    Wait(Start),
    Full,
}

/// Gets the pool that the next sandbox is taken of; called when one is wanted.
pub(crate) type Pools = Arc<dyn Fn() -> Arc<Pool> + Send + Sync>;

impl Sites {
    pub(crate) fn new(clock: Clock, idle: Duration) -> Self {
        Self {
            sites: Arc::default(),
            clock,
            idle,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Site>> {
        self.sites.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a request to a worker of its program.
    pub(crate) async fn fetch(
        &self,
        service: &Arc<Service>,
        mut request: WebRequest,
        asking: Asking,
        mut ended: Ended,
        pools: &Pools,
    ) -> Result<WebAnswer, Box<WebEnd>> {
        let began = Instant::now();
        for _ in 0..limits::WEB_TRIES_MAX {
            let worker = match self.choose(service, asking.host.as_ref(), pools) {
                Choice::Take(worker) => worker,
                Choice::Wait(start) => match start.await {
                    Ok(worker) => worker,
                    Err(not) => return Err(Box::new(unserved(&not, began))),
                },
                Choice::Full => {
                    return Err(Box::new(WebEnd::nothing(Failure::PoolFull {
                        retry_after_secs: 1,
                    })));
                }
            };
            match call(&worker, request, &asking, ended, began).await {
                Called::Answered(answer) => return Ok(answer),
                Called::Failed(end) => return Err(Box::new(end)),
                Called::Again(same, same_ended) => (request, ended) = (same, same_ended),
            }
        }
        Err(Box::new(WebEnd::nothing(broken(
            "the workers end as soon as they begin",
        ))))
    }

    fn choose(
        &self,
        service: &Arc<Service>,
        host: Option<&Arc<dyn Host>>,
        pools: &Pools,
    ) -> Choice {
        let key = Key::of(service);
        let mut sites = self.lock();
        let site = sites.entry(key.clone()).or_default();
        site.group = service.group;
        site.workers.retain(|worker| worker.load().is_some());
        let least = site.workers.iter().min_by_key(|worker| worker.load());
        let least = least.map(|worker| (Arc::clone(worker), worker.load().unwrap_or(usize::MAX)));
        let wants_more = least
            .as_ref()
            .is_none_or(|(_, load)| *load >= limits::WEB_REQUESTS_WANTED)
            && site.workers.len() < limits::WEB_WORKERS_OF_ONE_MAX;
        if wants_more && site.starting.is_none() {
            site.starting = Some(self.start(&key, service, host, pools));
            drain_others(&mut sites, &key, service);
        }
        let starting = sites.get(&key).and_then(|site| site.starting.clone());
        match (least, starting) {
            (Some((worker, load)), _) if load < limits::WEB_REQUESTS_OPEN_MAX => {
                Choice::Take(worker)
            }
            (_, Some(start)) => Choice::Wait(start),
            _ => Choice::Full,
        }
    }

    /// Starts a worker, whoever goes away meanwhile.
    fn start(
        &self,
        key: &Key,
        service: &Arc<Service>,
        host: Option<&Arc<dyn Host>>,
        pools: &Pools,
    ) -> Start {
        let (sites, service, host) = (self.clone(), Arc::clone(service), host.cloned());
        let (key, pools) = (key.clone(), Arc::clone(pools));
        let task = tokio::spawn(async move {
            let started = sites.started(&key, service, host, &pools).await;
            let mut all = sites.lock();
            if let Some(site) = all.get_mut(&key) {
                site.starting = None;
                match &started {
                    Ok(worker) => site.workers.push(Arc::clone(worker)),
                    Err(_) if site.workers.is_empty() => drop(all.remove(&key)),
                    Err(_) => {}
                }
            }
            started
        });
        async move {
            match task.await {
                Ok(started) => started.map_err(Arc::new),
                Err(error) => Err(Arc::new(broken(&error.to_string()).into())),
            }
        }
        .boxed()
        .shared()
    }

    async fn started(
        &self,
        key: &Key,
        service: Arc<Service>,
        host: Option<Arc<dyn Host>>,
        pools: &Pools,
    ) -> Result<Arc<Worker>, NotServing> {
        let pool = pools();
        let (sites, over) = (self.clone(), key.clone());
        let lease = pool
            .acquire(service.user, || self.give_up_one(&pool))
            .await?;
        let surroundings = Surroundings {
            pool,
            clock: self.clock,
            idle: self.idle,
            over: Box::new(move || sites.forget(&over)),
        };
        keeper::start(lease, service, host, surroundings).await
    }

    /// Forgets a program that has no worker any more.
    fn forget(&self, key: &Key) {
        let mut sites = self.lock();
        if let Some(site) = sites.get_mut(key) {
            site.workers.retain(|worker| worker.load().is_some());
            if site.workers.is_empty() && site.starting.is_none() {
                sites.remove(key);
            }
        }
    }

    /// Somebody waits for a sandbox: ends a worker without requests, of those users who have what is wanted.
    pub(crate) fn give_up_one(&self, pool: &Pool) {
        use crate::pool::Room;
        let Some(room) = pool.lacks() else { return };
        let is_of = |user: Uuid| match room {
            Room::Any => true,
            Room::Of(of) => of == user,
        };
        let sites = self.lock();
        let of = sites.iter().filter(|(key, _)| is_of(key.user));
        let mut workers = of.flat_map(|(_, site)| &site.workers);
        if let Some(worker) = workers.find(|worker| worker.load() == Some(0)) {
            worker.drain();
        }
    }

    /// How many workers have no request.
    pub(crate) fn idle(&self) -> usize {
        let sites = self.lock();
        let workers = sites.values().flat_map(|site| &site.workers);
        workers.filter(|worker| worker.rests()).count()
    }

    /// No more requests come.
    pub(crate) fn close(&self) {
        for site in self.lock().values() {
            site.workers.iter().for_each(|worker| worker.drain());
        }
    }
}

/// Workers of other states of the same take no more requests.
fn drain_others(sites: &mut HashMap<Key, Site>, key: &Key, service: &Service) {
    let others = sites.iter().filter(|(other, site)| {
        site.group == service.group && other.user == key.user && *other != key
    });
    for (_, site) in others {
        site.workers.iter().for_each(|worker| worker.drain());
    }
}

fn unserved(not: &NotServing, began: Instant) -> WebEnd {
    WebEnd {
        logs: not.logs.clone(),
        logs_truncated: not.logs_truncated,
        usage: Usage {
            run_micros: micros(began.elapsed()),
            ..Usage::default()
        },
        ..WebEnd::nothing(not.failure.clone())
    }
}
