//! One sandbox's way out: its listener, its connections, and for whom they are.

use std::io;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};
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
    ACCEPT_PAUSE, CONNECTIONS_A_SECOND_MAX, CONNECTIONS_BURST_MAX, GUEST_CONNECTIONS_KEPT_MAX,
    GUEST_CONNECTIONS_MAX, QUERIES_A_SECOND_MAX, QUERIES_BURST_MAX, REFUSALS_KEPT_MAX,
};
use crate::line;
use crate::meter::Counted;
use crate::pace::Pace;
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
    /// How fast connections are taken.
    pub(crate) connecting: Pace,
    /// How fast questions for names are answered.
    pub(crate) asking: Pace,
    /// The names that raw connections may mean.
    pub(crate) book: Mutex<Book>,
    refused: mpsc::Sender<Denial>,
    /// How many vals wait for what runs in the sandbox.
    pub(crate) depth: Arc<AtomicU32>,
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

    /// How many vals wait for what runs in the sandbox: requests for vals of the town's own say it.
    #[must_use]
    pub fn depth(&self) -> Arc<AtomicU32> {
        Arc::clone(&self.state.depth)
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
            connecting: Pace::new(CONNECTIONS_BURST_MAX, CONNECTIONS_A_SECOND_MAX),
            asking: Pace::new(QUERIES_BURST_MAX, QUERIES_A_SECOND_MAX),
            book: Mutex::default(),
            refused: sender,
            depth: Arc::default(),
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

    /// Whether requests are in an account. Those that are not have the pace of connections: each needs one.
    pub(crate) fn counts(&self) -> bool {
        self.ledger().is_ok_and(|ledger| !ledger.is_overdrawn())
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
                    state.connecting.wait().await;
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::Ordering::Relaxed;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{UnixListener, UnixStream};

    use uuid::Uuid;

    use super::{Door, DoorState};
    use crate::denial::{Code, Denial};
    use crate::gateway::{Gateway, GatewayConfig};
    use crate::ledger::{Budget, Tenant};
    use crate::limits::{
        CONNECTIONS_A_SECOND_MAX, CONNECTIONS_BURST_MAX, GUEST_CONNECTIONS_KEPT_MAX,
        GUEST_CONNECTIONS_MAX, REFUSALS_KEPT_MAX,
    };
    use crate::roots::Roots;

    fn gateway() -> Gateway {
        let config = GatewayConfig {
            roots: Roots::Given(Vec::new()),
            ..GatewayConfig::default()
        };
        Gateway::new(config).unwrap()
    }

    fn door() -> (Door, std::path::PathBuf, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("g");
        let listener = UnixListener::bind(&path).unwrap();
        (gateway().open(listener, None), path, folder)
    }

    /// Lets everybody do what they can: this runtime has one thread, and looks at sockets meanwhile.
    async fn settle() {
        for _ in 0..20_000 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_sandbox_has_so_many_connections_and_no_more() {
        let (door, path, _folder) = door();
        let connect = async || UnixStream::connect(&path).await.unwrap();
        let mut guests = Vec::new();
        for _ in 0..GUEST_CONNECTIONS_MAX + 20 {
            guests.push(connect().await);
        }
        settle().await;
        let count = || door.state.connections.load(Relaxed);
        assert_eq!(count(), GUEST_CONNECTIONS_MAX);
        // Who waited is taken when others have gone.
        guests.drain(..30);
        settle().await;
        assert_eq!(count(), GUEST_CONNECTIONS_MAX - 10);
        drop(guests);
        settle().await;
        assert_eq!(count(), 0);
    }

    #[tokio::test]
    async fn so_many_connections_are_kept_after_an_answer() {
        let (door, path, _folder) = door();
        let tenant = Tenant { user: Uuid::nil() };
        door.assign(tenant, Budget::default()).unwrap();
        let mut guests = Vec::new();
        for at in 1..=GUEST_CONNECTIONS_KEPT_MAX + 3 {
            let mut guest = UnixStream::connect(&path).await.unwrap();
            let request = b"GET http://10.0.0.1/ HTTP/1.1\r\nhost: a\r\n\r\n";
            guest.write_all(request).await.unwrap();
            let mut answer = vec![0; 4096];
            let length = guest.read(&mut answer).await.unwrap();
            let answer = String::from_utf8_lossy(&answer[..length]).to_lowercase();
            assert!(answer.starts_with("http/1.1 403"), "{answer}");
            let closes = answer.contains("connection: close");
            assert_eq!(closes, at > GUEST_CONNECTIONS_KEPT_MAX, "{at}");
            guests.push(guest);
        }
    }

    #[tokio::test]
    async fn so_many_refusals_wait_to_be_told() {
        let (state, mut refused) = DoorState::new(gateway().shared);
        for at in 0..REFUSALS_KEPT_MAX + 10 {
            state.refuse(Denial::new(Code::Denied, at.to_string()));
        }
        let told = std::iter::from_fn(|| refused.try_recv().ok()).count();
        assert_eq!(told, REFUSALS_KEPT_MAX);
    }

    /// Connections that ask for nothing are in no account.
    #[tokio::test(start_paused = true)]
    async fn connections_have_a_pace() {
        let (state, _refused) = DoorState::new(gateway().shared);
        let state = Arc::new(state);
        let begun = tokio::time::Instant::now();
        for _ in 0..CONNECTIONS_BURST_MAX {
            state.connecting.wait().await;
        }
        assert!(begun.elapsed().is_zero());
        for _ in 0..CONNECTIONS_A_SECOND_MAX {
            state.connecting.wait().await;
        }
        assert!(begun.elapsed().as_secs() >= 1);
    }
}
