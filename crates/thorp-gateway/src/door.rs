//! One sandbox's way out: its listener, its connections, and for whom they are.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

use crate::denial::{Code, Denial};
use crate::gateway::Shared;
use crate::ledger::{Budget, Egress, Ledger, Tenant};
use crate::limits::{ACCEPT_PAUSE, GUEST_CONNECTIONS_KEPT_MAX, GUEST_CONNECTIONS_MAX};
use crate::line;
use crate::meter::Counted;
use crate::policy::Destination;
use crate::pulse::Pulse;
use crate::slack::Slack;

/// A door belongs to one user for life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the door is another user's")]
pub struct OtherUser;

/// One sandbox's way out. Dropped, it ends all that is under way.
#[derive(Debug)]
pub struct Door {
    state: Arc<DoorState>,
    accepting: JoinHandle<()>,
}

/// What the connections of a door share.
pub(crate) struct DoorState {
    pub(crate) shared: Arc<Shared>,
    assigned: Mutex<Option<Arc<Ledger>>>,
    places: Arc<Semaphore>,
    connections: AtomicUsize,
}

impl std::fmt::Debug for DoorState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DoorState").finish_non_exhaustive()
    }
}

impl Door {
    pub(crate) fn open(shared: Arc<Shared>, listener: UnixListener, process: Option<i32>) -> Self {
        let state = Arc::new(DoorState {
            places: Arc::new(Semaphore::new(shared.limits.open_requests)),
            shared,
            assigned: Mutex::default(),
            connections: AtomicUsize::new(0),
        });
        let accepting = tokio::spawn(accept(state.clone(), listener, process));
        Self { state, accepting }
    }

    /// Begins an evaluation: requests are made for this user, within this budget, and the report starts anew. What is
    /// still under way stays in the account of the evaluation before. Until the first call every request is refused.
    pub fn assign(&self, tenant: Tenant, budget: Budget) -> Result<(), OtherUser> {
        let mut assigned = self.state.assigned();
        if assigned
            .as_ref()
            .is_some_and(|ledger| ledger.user.id != tenant.user)
        {
            return Err(OtherUser);
        }
        let user = self.state.shared.users.get(tenant.user);
        *assigned = Some(Arc::new(Ledger::new(user, budget)));
        Ok(())
    }

    /// What the evaluation has used so far.
    #[must_use]
    pub fn report(&self) -> Egress {
        let assigned = self.state.assigned();
        assigned
            .as_ref()
            .map(|ledger| ledger.report())
            .unwrap_or_default()
    }

    /// A raw connection under the same policy, in the same account. Who carries it bounds its idle time.
    pub async fn connect(&self, to: &Destination) -> Result<Counted<TcpStream>, Denial> {
        let ledger = self.state.ledger()?;
        ledger.take_request()?;
        let place = self
            .state
            .place()
            .await
            .inspect_err(|_| ledger.drop_one())?;
        let open = ledger.open("CONNECT", "tcp", to, place);
        let shared = &self.state.shared;
        let dialing = timeout(shared.limits.connect, shared.dialer.dial(&ledger.user, to));
        let dialed = dialing.await.unwrap_or_else(|_| {
            let message = format!("no connection to `{to}` in time");
            Err(Denial::new(Code::Timeout, message))
        });
        let stream = dialed.inspect_err(|denial| open.exchange.deny(denial.code))?;
        Ok(Counted::new(
            stream,
            open,
            Arc::new(Slack::new()),
            Arc::new(Pulse::new()),
        ))
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        // The task owns the connections' tasks, which end with it.
        self.accepting.abort();
    }
}

impl DoorState {
    pub(crate) fn ledger(&self) -> Result<Arc<Ledger>, Denial> {
        let ledger = self.assigned().clone();
        ledger.ok_or_else(|| Denial::new(Code::Denied, "nothing runs in this sandbox"))
    }

    /// A place among the open requests. Waiting is better than refusing: a program may well begin a hundred at once.
    pub(crate) async fn place(&self) -> Result<OwnedSemaphorePermit, Denial> {
        let waiting = timeout(
            self.shared.limits.connect,
            self.places.clone().acquire_owned(),
        );
        waiting.await.ok().and_then(Result::ok).ok_or_else(|| {
            let most = self.shared.limits.open_requests;
            Denial::new(
                Code::Quota,
                format!("{most} requests are open, and none has ended"),
            )
        })
    }

    /// Whether connections are closed after their answers.
    pub(crate) fn is_crowded(&self) -> bool {
        self.connections.load(Relaxed) > GUEST_CONNECTIONS_KEPT_MAX
    }

    fn assigned(&self) -> MutexGuard<'_, Option<Arc<Ledger>>> {
        self.assigned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever else can reach a sandbox's socket has no business there.
fn is_of(stream: &UnixStream, process: Option<i32>) -> bool {
    process.is_none() || stream.peer_cred().is_ok_and(|peer| peer.pid() == process)
}

async fn accept(state: Arc<DoorState>, listener: UnixListener, process: Option<i32>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < GUEST_CONNECTIONS_MAX => match accepted {
                Ok((stream, _)) if is_of(&stream, process) => {
                    connections.spawn(line::serve(state.clone(), stream));
                }
                Ok((stream, _)) => drop(stream),
                Err(error) => {
                    tracing::warn!(%error, "a sandbox's connection was not accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
        state.connections.store(connections.len(), Relaxed);
    }
}
