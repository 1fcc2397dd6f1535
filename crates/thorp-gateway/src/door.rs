//! One sandbox's way out: its listener, its connections, and for whom they are.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::denial::{Code, Denial};
use crate::dns::Book;
use crate::gateway::Shared;
use crate::ledger::{Budget, Egress, Ledger, Tenant};
use crate::limits::{
    ACCEPT_PAUSE, GUEST_CONNECTIONS_KEPT_MAX, GUEST_CONNECTIONS_MAX, REFUSALS_KEPT_MAX,
};
use crate::line;
use crate::meter::Counted;
use crate::policy::Destination;
use crate::pulse::Pulse;
use crate::raw;
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
    network: JoinSet<()>,
    refused: mpsc::Receiver<Denial>,
}

/// What the connections of a door share.
pub(crate) struct DoorState {
    pub(crate) shared: Arc<Shared>,
    assigned: Mutex<Assigned>,
    places: Arc<Semaphore>,
    connections: AtomicUsize,
    /// The names that raw connections may mean.
    pub(crate) book: Mutex<Book>,
    refused: mpsc::Sender<Denial>,
}

/// For whom a door is, and in whose account.
#[derive(Default)]
struct Assigned {
    user: Option<Uuid>,
    ledger: Option<Arc<Ledger>>,
}

impl std::fmt::Debug for DoorState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DoorState").finish_non_exhaustive()
    }
}

impl Door {
    pub(crate) fn open(shared: Arc<Shared>, listener: UnixListener, process: Option<i32>) -> Self {
        let (state, refused) = DoorState::new(shared);
        let state = Arc::new(state);
        let accepting = tokio::spawn(accept(state.clone(), listener, process));
        Self {
            state,
            accepting,
            network: JoinSet::new(),
            refused,
        }
    }

    /// Serves the sandbox's own network too: connections to `listeners` go where they were meant to, under the same
    /// policy; `names` is where the sandbox asks for names. Both must not block.
    ///
    /// # Errors
    /// If the runtime takes no more descriptors.
    pub fn serve_network(
        &mut self,
        listeners: Vec<std::net::TcpListener>,
        names: std::net::UdpSocket,
    ) -> io::Result<()> {
        self.network = raw::serve(&self.state, listeners, names)?;
        Ok(())
    }

    /// The next raw connection that was refused or cut. Nobody else tells the program: to it, the connection just ends.
    pub async fn refused(&mut self) -> Denial {
        match self.refused.recv().await {
            Some(denial) => denial,
            // The state holds a sender.
            None => std::future::pending().await,
        }
    }

    /// A raw connection that was refused or cut and not yet told, if any.
    pub fn try_refused(&mut self) -> Option<Denial> {
        self.refused.try_recv().ok()
    }

    /// Begins an evaluation: requests are made for this user, within this budget, and the report starts anew. What is
    /// still under way stays in the account of the evaluation before. Until the first call every request is refused.
    pub fn assign(&self, tenant: Tenant, budget: Budget) -> Result<(), OtherUser> {
        self.state.assign(tenant, budget)
    }

    /// A raw connection under the same policy, in the same account. Who carries it bounds its idle time.
    pub async fn connect(&self, to: &Destination) -> Result<Counted<TcpStream>, Denial> {
        self.state.connect(to).await
    }

    /// Ends an evaluation, and says what it has used. Until the next one every request is refused, so that none is in no
    /// report. What is still under way goes on within the budget.
    #[must_use]
    pub fn close_account(&self) -> Egress {
        let ledger = self.state.assigned().ledger.take();
        ledger.map(|ledger| ledger.report()).unwrap_or_default()
    }

    /// What the evaluation has used so far.
    #[must_use]
    pub fn report(&self) -> Egress {
        let assigned = self.state.assigned();
        let ledger = assigned.ledger.as_ref();
        ledger.map(|ledger| ledger.report()).unwrap_or_default()
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        // The task owns the connections' tasks, which end with it.
        self.accepting.abort();
    }
}

impl DoorState {
    pub(crate) fn new(shared: Arc<Shared>) -> (Self, mpsc::Receiver<Denial>) {
        let (sender, refused) = mpsc::channel(REFUSALS_KEPT_MAX);
        let state = Self {
            places: Arc::new(Semaphore::new(shared.limits.open_requests)),
            shared,
            assigned: Mutex::default(),
            connections: AtomicUsize::new(0),
            book: Mutex::default(),
            refused: sender,
        };
        (state, refused)
    }

    /// Begins an account.
    pub(crate) fn assign(&self, tenant: Tenant, budget: Budget) -> Result<(), OtherUser> {
        let mut assigned = self.assigned();
        if assigned.user.is_some_and(|user| user != tenant.user) {
            return Err(OtherUser);
        }
        let user = self.shared.users.get(tenant.user);
        assigned.user = Some(tenant.user);
        assigned.ledger = Some(Arc::new(Ledger::new(user, budget)));
        Ok(())
    }

    /// A raw connection under the same policy, in the same account. Who carries it bounds its idle time.
    pub(crate) async fn connect(&self, to: &Destination) -> Result<Counted<TcpStream>, Denial> {
        let ledger = self.ledger()?;
        ledger.take_request()?;
        let place = self.place().await.inspect_err(|_| ledger.drop_one())?;
        let open = ledger.open("CONNECT", "tcp", to, place);
        let shared = &self.shared;
        let dialing = timeout(shared.limits.connect, shared.dialer.dial(&ledger.user, to));
        let dialed = dialing.await.unwrap_or_else(|_| {
            let message = format!("no connection to `{to}` in time");
            Err(Denial::new(Code::Timeout, message))
        });
        let stream = dialed.inspect_err(|denial| open.exchange.refuse(denial))?;
        Ok(Counted::new(
            stream,
            open,
            Arc::new(Slack::new()),
            Arc::new(Pulse::new()),
        ))
    }

    /// Tells of a raw connection's refusal. Beyond the bound nobody reads on.
    pub(crate) fn refuse(&self, denial: Denial) {
        let _ = self.refused.try_send(denial);
    }

    pub(crate) fn ledger(&self) -> Result<Arc<Ledger>, Denial> {
        let ledger = self.assigned().ledger.clone();
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

    fn assigned(&self) -> MutexGuard<'_, Assigned> {
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
