//! A worker as its requests see it: its connections, and what is known of each request.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::client::conn::http1::SendRequest;
use thorp_gateway::Egress;
use thorp_jail::Sandbox;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::{Ended, WebBody, WebEnd};
use crate::boot::Ready;
use crate::config::Clock;
use crate::host::{Asker, Host};
use crate::limits;
use crate::logs::Logs;
use crate::outcome::{Failure, Usage};
use crate::run::{broken, micros};
use crate::text::Paths;

const CONNECT_WAIT: Duration = Duration::from_secs(limits::WEB_CONNECT_SECS_MAX);
const END_WAIT: Duration = Duration::from_millis(limits::END_MILLIS_MAX);

/// What the keeper of a worker is told.
pub(crate) enum Command {
    /// There are requests again.
    Busy,
    /// The guest is to make another connection, for a request to upgrade it or for any.
    Connect { upgrade: bool },
    /// A request has its end.
    Ended(Uuid),
    /// Why a request failed, as the guest has told.
    Why(Uuid, oneshot::Sender<Option<Vec<u8>>>),
    /// No more requests come.
    Drain,
}

/// A connection of the guest's, for one request at a time.
pub(crate) struct Connection {
    pub(crate) sender: SendRequest<WebBody>,
    number: u32,
    count: u32,
}

impl Connection {
    pub(crate) fn new(sender: SendRequest<WebBody>, number: u32) -> Self {
        Self {
            sender,
            number,
            count: 0,
        }
    }

    /// How host and guest call the next request of this connection.
    fn next(&mut self) -> Uuid {
        let id = request_id(self.number, self.count);
        self.count += 1;
        id
    }
}

fn request_id(connection: u32, count: u32) -> Uuid {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&connection.to_le_bytes());
    id[4..8].copy_from_slice(&count.to_le_bytes());
    Uuid::from_bytes(id)
}

/// A request that has not ended.
pub(crate) struct Open {
    pub(crate) logs: Logs,
    pub(crate) asker: Asker,
    /// What the guest says of its failure.
    pub(crate) failure: Option<Vec<u8>>,
    /// Whether it goes on after its answer.
    pub(crate) kept: bool,
    /// What is known at its end, and who is told.
    ending: Option<(Ending, Ended)>,
    /// How many vals wait for its answer.
    depth: u32,
    /// When its end was, if it is kept.
    pub(crate) ended_at: Option<Instant>,
}

/// What is known of a request when its answer has ended.
pub(crate) struct Ending {
    pub(crate) failure: Option<Failure>,
    /// The connection broke off: why, the end of the worker says.
    pub(crate) is_broken: bool,
    pub(crate) status: Option<u16>,
    pub(crate) aborted: bool,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    pub(crate) queue: Duration,
    pub(crate) run: Duration,
}

/// A sandbox that answers the web requests of one program.
pub(crate) struct Worker {
    state: Mutex<State>,
    commands: mpsc::UnboundedSender<Command>,
    gone: watch::Receiver<Option<Failure>>,
    process: Arc<Sandbox>,
    pub(crate) paths: Arc<Paths>,
    clock: Clock,
    pub(crate) wall: Duration,
    pub(crate) memory_bytes: u64,
    /// Counts what the guest does that others see.
    signs: AtomicU64,
    /// How many vals wait for the request that the most wait for.
    depth: Arc<AtomicU32>,
}

pub(crate) struct State {
    idle: Vec<Connection>,
    waiting: VecDeque<oneshot::Sender<Connection>>,
    /// Who waits for a connection to upgrade.
    upgrading: VecDeque<oneshot::Sender<Connection>>,
    /// Connections that there are, or that were asked for.
    connections: usize,
    /// Requests that were begun and have not ended.
    pub(crate) in_flight: usize,
    /// No request comes any more.
    pub(crate) drains: bool,
    pub(crate) open: HashMap<Uuid, Open>,
    /// What was logged for no request.
    pub(crate) apart: Logs,
    pub(crate) apart_asker: Asker,
    /// What the network was asked, when the last request had ended.
    pub(crate) egress: Egress,
    /// The request that is the only one since it began, and the processor time until then.
    lone: Option<(Uuid, Duration)>,
}

/// Why a request cannot be given to a worker.
pub(crate) struct Over;

impl Worker {
    pub(crate) fn new(
        ready: &Ready,
        clock: Clock,
        limits: crate::job::RunLimits,
        host: Option<Arc<dyn Host>>,
        commands: mpsc::UnboundedSender<Command>,
        gone: watch::Receiver<Option<Failure>>,
    ) -> Self {
        let paths = Arc::clone(&ready.paths);
        Self {
            depth: ready.door.depth(),
            process: Arc::clone(&ready.process),
            state: Mutex::new(State {
                idle: Vec::new(),
                waiting: VecDeque::new(),
                upgrading: VecDeque::new(),
                connections: 0,
                in_flight: 0,
                drains: false,
                open: HashMap::new(),
                apart: Logs::new(clock, Arc::clone(&paths)),
                apart_asker: Asker::new(host),
                egress: Egress::default(),
                lone: None,
            }),
            commands,
            gone,
            paths,
            clock,
            wall: limits.wall,
            memory_bytes: limits.memory_bytes,
            signs: AtomicU64::new(0),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many requests it has; `None` if it takes no more.
    pub(crate) fn load(&self) -> Option<usize> {
        let state = self.lock();
        (!state.drains).then_some(state.in_flight)
    }

    /// Whether it has no request.
    pub(crate) fn rests(&self) -> bool {
        self.lock().in_flight == 0
    }

    /// Takes no more requests, and ends after the last.
    pub(crate) fn drain(&self) {
        self.lock().drains = true;
        // Without a keeper it has ended.
        let _ = self.commands.send(Command::Drain);
    }

    /// The guest has done something.
    pub(crate) fn sign(&self) {
        self.signs.fetch_add(1, Relaxed);
    }

    pub(crate) fn signs(&self) -> u64 {
        self.signs.load(Relaxed)
    }

    /// A place for a request: it keeps the worker from ending.
    pub(crate) fn enter(&self) -> Result<(), Over> {
        let mut state = self.lock();
        if state.drains {
            return Err(Over);
        }
        state.in_flight += 1;
        if state.in_flight == 1 {
            let _ = self.commands.send(Command::Busy);
        }
        Ok(())
    }

    /// Gives back the place of a request that was not begun.
    pub(crate) fn leave(&self) {
        self.lock().in_flight -= 1;
        let _ = self.commands.send(Command::Busy);
    }

    /// A connection that is free, or the next that becomes so; a new one for a request that would upgrade it.
    pub(crate) async fn connection(&self, upgrade: bool) -> Result<Connection, Failure> {
        loop {
            let mut connection = match self.idle_or_wait(upgrade) {
                Ok(connection) => connection,
                Err(waiting) => match timeout(CONNECT_WAIT, waiting).await {
                    Ok(Ok(connection)) => connection,
                    Ok(Err(_)) => return Err(self.lost().await),
                    Err(_) => return Err(broken("it makes no connection for a request")),
                },
            };
            if connection.sender.ready().await.is_ok() {
                return Ok(connection);
            }
        }
    }

    fn idle_or_wait(&self, upgrade: bool) -> Result<Connection, oneshot::Receiver<Connection>> {
        let mut state = self.lock();
        while !upgrade && let Some(connection) = state.idle.pop() {
            if !connection.sender.is_closed() {
                return Ok(connection);
            }
        }
        let (sender, receiver) = oneshot::channel();
        match upgrade {
            true => state.upgrading.push_back(sender),
            false => state.waiting.push_back(sender),
        }
        state.connections += 1;
        // Without a keeper, the sender is dropped with the others.
        if self.commands.send(Command::Connect { upgrade }).is_err() {
            state.waiting.clear();
            state.upgrading.clear();
        }
        Err(receiver)
    }

    /// A connection to upgrade is there.
    pub(crate) fn give_to_upgrade(&self, mut connection: Connection) {
        loop {
            let Some(waiter) = self.lock().upgrading.pop_front() else {
                return self.give(connection);
            };
            match waiter.send(connection) {
                Ok(()) => return,
                Err(back) => connection = back,
            }
        }
    }

    /// A connection is free.
    pub(crate) fn give(&self, mut connection: Connection) {
        let mut state = self.lock();
        while let Some(waiter) = state.waiting.pop_front() {
            match waiter.send(connection) {
                Ok(()) => return,
                Err(back) => connection = back,
            }
        }
        if !state.drains || state.in_flight > 0 {
            state.idle.push(connection);
        }
    }

    /// A connection has ended.
    pub(crate) fn closed(&self) {
        let mut state = self.lock();
        state.connections = state.connections.saturating_sub(1);
    }

    /// Notes a request that is about to be sent.
    pub(crate) fn begin(
        &self,
        connection: &mut Connection,
        host: Option<Arc<dyn Host>>,
        depth: u32,
    ) -> Uuid {
        let id = connection.next();
        let mut state = self.lock();
        let open = Open {
            logs: Logs::new(self.clock, Arc::clone(&self.paths)),
            asker: Asker::new(host),
            failure: None,
            kept: false,
            ending: None,
            depth,
            ended_at: None,
        };
        state.open.insert(id, open);
        if depth > 0 {
            self.depth.fetch_max(depth, Relaxed);
        }
        state.lone = match state.in_flight {
            1 => self.process.cpu_time().ok().map(|cpu| (id, cpu)),
            _ => None,
        };
        id
    }

    /// Forgets a request of which the guest has got nothing.
    pub(crate) fn forget(&self, id: Uuid) {
        self.lock().open.remove(&id);
    }

    /// What the guest says of a request's failure, if it does.
    pub(crate) async fn why(&self, id: Uuid) -> Option<Vec<u8>> {
        let (sender, receiver) = oneshot::channel();
        self.commands.send(Command::Why(id, sender)).ok()?;
        receiver.await.ok().flatten()
    }

    /// Why it has ended, or what is wrong with it if it has not.
    pub(crate) async fn lost(&self) -> Failure {
        let mut gone = self.gone.clone();
        let known = timeout(END_WAIT, gone.wait_for(Option::is_some)).await;
        match known {
            Ok(Ok(failure)) => failure.clone(),
            _ => None,
        }
        .unwrap_or_else(|| broken("it broke off its connection"))
    }

    /// A request has its end; who waits for it is told when the guest's last words of it are here.
    pub(crate) fn end(&self, id: Uuid, ending: Ending, ended: Ended) {
        {
            let mut state = self.lock();
            if let Some(open) = state.open.get_mut(&id) {
                open.ending = Some((ending, ended));
                open.ended_at = Some(Instant::now());
            }
        }
        if self.commands.send(Command::Ended(id)).is_err() {
            self.conclude(id);
        }
    }

    /// Whether all is known of a request that has its end; of what is kept, that is later.
    pub(crate) fn is_over(&self, id: Uuid) -> bool {
        let state = self.lock();
        let open = state.open.get(&id);
        open.is_some_and(|open| match &open.ending {
            Some((ending, _)) if ending.failure.is_some() => true,
            Some((ending, _)) => !open.kept && !ending.is_broken,
            None => false,
        })
    }

    /// Tells what a request left, if it has its end.
    pub(crate) fn conclude(&self, id: Uuid) {
        let mut state = self.lock();
        if state.open.get(&id).is_none_or(|open| open.ending.is_none()) {
            return;
        }
        let Some(open) = state.open.remove(&id) else {
            return;
        };
        let Some((ending, ended)) = open.ending else {
            return;
        };
        state.in_flight -= 1;
        if open.depth > 0 {
            let deepest = state.open.values().map(|open| open.depth).max();
            self.depth.store(deepest.unwrap_or_default(), Relaxed);
        }
        let lone = state.lone.filter(|(lone, _)| *lone == id);
        let cpu = lone.and_then(|(_, before)| {
            let now = self.process.cpu_time().ok()?;
            Some(now.saturating_sub(before))
        });
        let (mut logs, mut logs_truncated) = open.logs.finish();
        if !state.apart.is_empty() {
            let new = Logs::new(self.clock, Arc::clone(&self.paths));
            let (mut before, truncated) = std::mem::replace(&mut state.apart, new).finish();
            before.append(&mut logs);
            logs = before;
            logs_truncated |= truncated;
        }
        let egress = match state.in_flight {
            0 => std::mem::take(&mut state.egress),
            _ => Egress::default(),
        };
        drop(state);
        let gone = || {
            let gone = self.gone.borrow().clone();
            gone.unwrap_or_else(|| broken("it broke off its connection"))
        };
        ended(WebEnd {
            failure: ending.failure.or_else(|| ending.is_broken.then(gone)),
            status: ending.status,
            aborted: ending.aborted,
            bytes_in: ending.bytes_in,
            bytes_out: ending.bytes_out,
            logs,
            logs_truncated,
            usage: Usage {
                queue_micros: micros(ending.queue),
                start_micros: 0,
                run_micros: micros(ending.run),
                cpu_micros: micros(cpu.unwrap_or_default()),
                memory_bytes: 0,
            },
            egress,
        });
    }

    /// It has ended: whoever waits is told, and what was kept is kept no longer.
    pub(crate) fn close(&self) {
        let (waiting, idle, open) = {
            let mut state = self.lock();
            state.drains = true;
            let open: Vec<Uuid> = state.open.keys().copied().collect();
            (
                (
                    std::mem::take(&mut state.waiting),
                    std::mem::take(&mut state.upgrading),
                ),
                std::mem::take(&mut state.idle),
                open,
            )
        };
        drop((waiting, idle));
        for id in open {
            self.conclude(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::request_id;

    #[test]
    fn a_request_is_called_as_the_guest_calls_it() {
        let id = request_id(0x0403_0201, 0x0807_0605);
        assert_eq!(
            id.as_bytes(),
            b"\x01\x02\x03\x04\x05\x06\x07\x08\0\0\0\0\0\0\0\0"
        );
    }
}
