//! What keeps a worker: its sandbox, what the guest says, its connections, its limits and its end.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use hyper::client::conn::http1::Builder;
use hyper_util::rt::TokioIo;
use thorp_gateway::{Budget, Tenant};
use thorp_jail::Part;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until, timeout};
use uuid::Uuid;

use super::service::{self, Service};
use super::worker::{Command, Connection, Worker};
use crate::boot::{self, Ready};
use crate::config::Clock;
use crate::control::ControlError;
use crate::ending;
use crate::frame::{Frame, FromGuest, ToGuest};
use crate::host::{Answer, Calls, Host};
use crate::limits;
use crate::outcome::{Failure, LogLevel, LogLine};
use crate::pool::{Lease, Pool};
use crate::run::{broken, stopped, write};

const LIFE: Duration = Duration::from_secs(limits::WORKER_LIFE_SECS_MAX);
const BUSY_LOOK: Duration = Duration::from_millis(limits::WEB_LOOK_MILLIS);
const IDLE_LOOK: Duration = Duration::from_millis(limits::WORKER_LOOK_MILLIS);
const IDLE_CPU: Duration = Duration::from_millis(limits::WORKER_IDLE_CPU_MILLIS_MAX);
const KEPT: Duration = Duration::from_secs(limits::WEB_KEPT_SECS_MAX);
const END_WAIT: Duration = Duration::from_millis(limits::END_MILLIS_MAX);
const BUDGET: Duration = Duration::from_secs(limits::WEB_BUDGET_SECS);

/// Why a program does not serve, and what it logged until then.
#[derive(Clone, Debug)]
pub(crate) struct NotServing {
    pub(crate) failure: Failure,
    pub(crate) logs: Vec<LogLine>,
    pub(crate) logs_truncated: bool,
}

impl From<Failure> for NotServing {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            logs: Vec::new(),
            logs_truncated: false,
        }
    }
}

/// What a worker needs of the runtime.
pub(crate) struct Surroundings {
    pub(crate) pool: Arc<Pool>,
    pub(crate) clock: Clock,
    pub(crate) idle: Duration,
    /// Called when it has ended.
    pub(crate) over: Box<dyn FnOnce() + Send>,
}

/// What happens to a worker.
enum Event {
    Frame(Result<Frame, ControlError>),
    Command(Option<Command>),
    Connected(std::io::Result<UnixStream>),
    Answer(Answer),
    Refused(String),
    Printed,
    Look,
    Stop,
}

/// Looks at a worker once in a while.
struct Watch {
    next: Instant,
    began: Instant,
    /// Since when it has no request.
    idle_since: Option<Instant>,
    budget_since: Instant,
    /// Processor time when it was looked at last.
    cpu: Duration,
    looked: Instant,
    /// Processor time, and how often it had shown itself, when it did so last.
    cpu_at_sign: Duration,
    signs: u64,
    /// Processor time when it began to rest.
    cpu_at_rest: Duration,
}

struct Keeper {
    lease: Lease,
    worker: Arc<Worker>,
    service: Arc<Service>,
    surroundings: Surroundings,
    listener: UnixListener,
    commands: mpsc::UnboundedReceiver<Command>,
    id: Uuid,
    calls: Calls,
    /// The connections that the guest was asked for, in their order: whether each is to upgrade.
    wanted: VecDeque<bool>,
    accepted: u32,
    loading: Option<oneshot::Sender<Result<(), NotServing>>>,
    watch: Watch,
    stop: watch::Receiver<bool>,
}

/// Gives a sandbox a program, and waits until it serves.
pub(crate) async fn start(
    mut lease: Lease,
    service: Arc<Service>,
    host: Option<Arc<dyn Host>>,
    surroundings: Surroundings,
) -> Result<Arc<Worker>, NotServing> {
    let Some(ready) = lease.sandbox() else {
        return Err(broken("it is gone").into());
    };
    let (id, listener) = hand_over(ready, &service).await?;
    let (commands, receiver) = mpsc::unbounded_channel();
    let (gone, is_gone) = watch::channel(None);
    let worker = Arc::new(Worker::new(
        ready,
        surroundings.clock,
        service.limits,
        host,
        commands,
        is_gone,
    ));
    let (loading, loaded) = oneshot::channel();
    let cpu = ready.process.cpu_time().unwrap_or_default();
    let now = Instant::now();
    let keeper = Keeper {
        lease,
        worker: Arc::clone(&worker),
        service,
        stop: surroundings.pool.stop(),
        surroundings,
        listener,
        commands: receiver,
        id,
        calls: Calls::default(),
        wanted: VecDeque::new(),
        accepted: 0,
        loading: Some(loading),
        watch: Watch {
            next: now + BUSY_LOOK,
            began: now,
            idle_since: None,
            budget_since: now,
            cpu,
            looked: now,
            cpu_at_sign: cpu,
            signs: 0,
            cpu_at_rest: cpu,
        },
    };
    tokio::spawn(keeper.keep(gone));
    match loaded.await {
        Ok(Ok(())) => Ok(worker),
        Ok(Err(not)) => Err(not),
        Err(_) => Err(broken("it ended while its program was loaded").into()),
    }
}

async fn hand_over(ready: &mut Ready, service: &Service) -> Result<(Uuid, UnixListener), Failure> {
    let id = Uuid::now_v7();
    let io = |error: std::io::Error| broken(&error.to_string());
    ready
        .door
        .assign(Tenant { user: service.user }, Budget::default())
        .map_err(|error| broken(&error.to_string()))?;
    write(ready, &service.program).await?;
    let listener = boot::listen(&ready.folder.requests()).map_err(io)?;
    service::push(ready, service, id).map_err(|error| broken(&error.to_string()))?;
    Ok((id, listener))
}

impl Keeper {
    async fn keep(mut self, gone: watch::Sender<Option<Failure>>) {
        let failure = self.until_over().await;
        let failure = match failure {
            Some(failure) => self.blame(failure),
            None => broken("it was ended"),
        };
        gone.send_replace(Some(failure.clone()));
        self.commands.close();
        while let Ok(command) = self.commands.try_recv() {
            if let Command::Ended(id) = command {
                self.worker.conclude(id);
            }
        }
        self.worker.close();
        if let Some(loading) = self.loading.take() {
            let not = self.not_serving(failure);
            let _ = loading.send(Err(not));
        }
        self.charge();
        (self.surroundings.over)();
    }

    /// What its requests are told: of a limit, only a lone one knows that it was its own.
    fn blame(&self, failure: Failure) -> Failure {
        let many = self.worker.lock().in_flight > 1;
        match failure {
            Failure::MemoryLimit { .. } | Failure::CpuLimit { .. } if many => broken(&format!(
                "{failure}, together with other requests in the same sandbox"
            )),
            failure => failure,
        }
    }

    fn not_serving(&self, failure: Failure) -> NotServing {
        let new = crate::logs::Logs::new(self.surroundings.clock, Arc::clone(&self.worker.paths));
        let logs = std::mem::replace(&mut self.worker.lock().apart, new);
        let (logs, logs_truncated) = logs.finish();
        NotServing {
            failure,
            logs,
            logs_truncated,
        }
    }

    /// Until it ends: why, if it is not for want of requests.
    async fn until_over(&mut self) -> Option<Failure> {
        loop {
            match self.event().await {
                Event::Frame(Ok(frame)) => {
                    if let Err(failure) = self.take(frame) {
                        return Some(failure);
                    }
                }
                Event::Frame(Err(ControlError::Closed)) => return Some(self.lost().await),
                Event::Frame(Err(error)) => return Some(broken(&error.to_string())),
                Event::Command(Some(command)) => {
                    if let Err(failure) = self.obey(command) {
                        return Some(failure);
                    }
                    if self.is_done() {
                        return None;
                    }
                }
                // The worker holds a sender.
                Event::Command(None) => return None,
                Event::Connected(stream) => self.connect(stream).await,
                Event::Answer(answer) => self.answer(&answer),
                Event::Refused(text) => {
                    let mut state = self.worker.lock();
                    state.apart.push(LogLevel::Error, text.as_bytes());
                }
                Event::Printed => {}
                Event::Look => match self.look() {
                    Err(failure) => return Some(failure),
                    Ok(true) => return None,
                    Ok(false) => {}
                },
                Event::Stop => return Some(broken("the town stopped")),
            }
        }
    }

    async fn event(&mut self) -> Event {
        let Some(ready) = self.lease.sandbox() else {
            return Event::Stop;
        };
        let Ready {
            control,
            stdout,
            stderr,
            door,
            ..
        } = ready;
        let has_room = control.has_room();
        // No branch comes first: a flood on one must not hide the clock.
        tokio::select! {
            frame = control.next() => Event::Frame(frame),
            command = self.commands.recv() => Event::Command(command),
            stream = self.listener.accept() => Event::Connected(stream.map(|(stream, _)| stream)),
            answer = self.calls.answered(), if has_room => Event::Answer(answer),
            denial = door.refused() => Event::Refused(format!("{}: {denial}", denial.code.as_str())),
            () = stdout.readable() => {
                stdout.read(&mut self.worker.lock().apart);
                Event::Printed
            }
            () = stderr.readable() => {
                stderr.read(&mut self.worker.lock().apart);
                Event::Printed
            }
            () = sleep_until(self.watch.next) => Event::Look,
            () = stopped(&mut self.stop) => Event::Stop,
        }
    }

    /// Whether it has nothing more to do.
    fn is_done(&self) -> bool {
        let state = self.worker.lock();
        state.drains && state.in_flight == 0 && self.loading.is_none()
    }

    fn obey(&mut self, command: Command) -> Result<(), Failure> {
        match command {
            Command::Busy => self.busy(),
            Command::Connect { upgrade } => {
                self.wanted.push_back(upgrade);
                self.ask_for_connection(upgrade);
            }
            Command::Ended(id) => {
                self.take_waiting()?;
                if self.worker.is_over(id) {
                    self.conclude(id);
                }
            }
            Command::Why(id, reply) => {
                self.take_waiting()?;
                let mut state = self.worker.lock();
                let open = state.open.get_mut(&id);
                let _ = reply.send(open.and_then(|open| open.failure.take()));
            }
            Command::Drain => {}
        }
        Ok(())
    }

    fn ask_for_connection(&mut self, upgrade: bool) {
        let id = self.id;
        if let Some(ready) = self.lease.sandbox() {
            // Nothing is written that could fail.
            let _ = ready.control.push(ToGuest::Connect, id, |buffer| {
                buffer.push(u8::from(upgrade));
                Ok(())
            });
        }
    }

    /// Takes what the guest has said by now.
    fn take_waiting(&mut self) -> Result<(), Failure> {
        for _ in 0..limits::WEB_LAST_FRAMES_MAX {
            let frame = match self.lease.sandbox().map(|ready| ready.control.try_next()) {
                Some(Ok(Some(frame))) => frame,
                Some(Err(ControlError::Frame(error))) => return Err(broken(&error.to_string())),
                // What is closed is found so by whoever waits for the next.
                _ => return Ok(()),
            };
            self.take(frame)?;
        }
        Ok(())
    }

    fn conclude(&mut self, id: Uuid) {
        let rests = self.worker.lock().in_flight == 1;
        if rests && let Some(ready) = self.lease.sandbox() {
            let report = ready.door.report();
            self.worker.lock().egress = report;
        }
        self.worker.conclude(id);
        if self.worker.rests() {
            self.rest();
        }
    }

    fn rest(&mut self) {
        let now = Instant::now();
        self.watch.idle_since = Some(now);
        self.watch.next = now + IDLE_LOOK.min(self.surroundings.idle);
        if let Some(cpu) = self.cpu() {
            self.watch.cpu_at_rest = cpu;
        }
    }

    fn busy(&mut self) {
        if self.worker.rests() {
            return self.rest();
        }
        let now = Instant::now();
        let was_idle = self.watch.idle_since.take().is_some();
        self.watch.next = self.watch.next.min(now + BUSY_LOOK);
        self.renew_budget(now);
        if was_idle && let Some(cpu) = self.cpu() {
            self.watch.cpu_at_sign = cpu;
        }
    }

    fn renew_budget(&mut self, now: Instant) {
        self.watch.budget_since = now;
        let user = self.service.user;
        if let Some(ready) = self.lease.sandbox() {
            // It is the same user's for life.
            let _ = ready.door.assign(Tenant { user }, Budget::default());
        }
    }

    fn cpu(&mut self) -> Option<Duration> {
        self.lease.sandbox()?.process.cpu_time().ok()
    }

    /// Takes a connection that the guest was asked for.
    async fn connect(&mut self, stream: std::io::Result<UnixStream>) {
        let Ok(stream) = stream else { return };
        let pid = self.lease.sandbox().map(|ready| ready.process.pid());
        let is_its_own = stream.peer_cred().is_ok_and(|peer| peer.pid() == pid);
        if !is_its_own {
            return;
        }
        let Some(upgrade) = self.wanted.pop_front() else {
            return;
        };
        self.accepted += 1;
        // Nothing is sent yet.
        let made = Builder::new()
            .max_buf_size(limits::WEB_HEAD_BYTES_MAX)
            .max_headers(limits::WEB_HEADERS_MAX)
            .handshake(TokioIo::new(stream))
            .await;
        let Ok((sender, connection)) = made else {
            return;
        };
        let worker = Arc::downgrade(&self.worker);
        tokio::spawn(async move {
            // Whoever waits for an answer is told by its sender.
            let _ = connection.with_upgrades().await;
            if let Some(worker) = worker.upgrade() {
                worker.closed();
            }
        });
        let connection = Connection::new(sender, self.accepted);
        match upgrade {
            true => self.worker.give_to_upgrade(connection),
            false => self.worker.give(connection),
        }
    }

    fn answer(&mut self, answer: &Answer) {
        let id = self.id;
        if let Some(ready) = self.lease.sandbox() {
            // An answer can be written.
            let _ = ready.control.push(ToGuest::Answer, id, |buffer| {
                serde_json::to_writer(buffer, answer)
            });
        }
    }

    /// What a frame means. What is about a request that has ended is about nothing.
    fn take(&mut self, frame: Frame) -> Result<(), Failure> {
        self.worker.sign();
        if frame.run == self.id {
            return self.take_apart(frame);
        }
        let mut state = self.worker.lock();
        let Some(open) = state.open.get_mut(&frame.run) else {
            return Ok(());
        };
        match frame.kind {
            FromGuest::Log => open
                .logs
                .push_frame(&frame.payload)
                .ok_or_else(|| broken("it sent a log line without a level"))?,
            FromGuest::LogsTruncated => open.logs.truncated(),
            FromGuest::Failure => open.failure = Some(frame.payload),
            FromGuest::Call => self
                .calls
                .begin(&mut open.asker, &frame.payload)
                .ok_or_else(|| broken("it sent a call that is none"))?,
            FromGuest::Kept => open.kept = true,
            FromGuest::Done => {
                open.kept = false;
                drop(state);
                if self.worker.is_over(frame.run) {
                    self.conclude(frame.run);
                }
            }
            _ => return Err(broken("it said what it was not asked")),
        }
        Ok(())
    }

    /// What a frame means that is about no request.
    fn take_apart(&mut self, frame: Frame) -> Result<(), Failure> {
        let mut state = self.worker.lock();
        match frame.kind {
            FromGuest::Log => state
                .apart
                .push_frame(&frame.payload)
                .ok_or_else(|| broken("it sent a log line without a level")),
            FromGuest::LogsTruncated => {
                state.apart.truncated();
                Ok(())
            }
            FromGuest::Call => self
                .calls
                .begin(&mut state.apart_asker, &frame.payload)
                .ok_or_else(|| broken("it sent a call that is none")),
            FromGuest::Serving => {
                drop(state);
                if let Some(loading) = self.loading.take() {
                    let _ = loading.send(Ok(()));
                    self.rest();
                }
                Ok(())
            }
            FromGuest::Failure => {
                let memory = self.service.limits.memory_bytes;
                let failure = ending::failure(&frame.payload, &self.worker.paths, memory);
                Err(failure.unwrap_or_else(|| broken("it sent a failure that is none")))
            }
            _ => Err(broken("it said what it was not asked")),
        }
    }

    /// Looks at its limits: whether it is to end for want of requests, or why else.
    fn look(&mut self) -> Result<bool, Failure> {
        let now = Instant::now();
        let Some(cpu) = self.cpu() else {
            return Ok(false);
        };
        self.share(cpu, now);
        self.check_memory()?;
        if let Some(since) = self.watch.idle_since {
            let goes_on = cpu.saturating_sub(self.watch.cpu_at_rest) > IDLE_CPU;
            self.watch.next = now + IDLE_LOOK.min(self.surroundings.idle);
            return Ok((goes_on || now - since >= self.surroundings.idle) && self.ends());
        }
        self.watch.next = now + BUSY_LOOK;
        self.check_silence(cpu)?;
        if self.loading.is_some() {
            let limit = self.service.limits.wall;
            let is_late = now - self.watch.began >= limit;
            return if is_late {
                Err(Failure::TimeLimit { limit })
            } else {
                Ok(false)
            };
        }
        if now - self.watch.budget_since >= BUDGET {
            self.renew_budget(now);
        }
        if now - self.watch.began >= LIFE {
            self.worker.drain();
        }
        self.give_up_kept(now);
        Ok(self.is_done())
    }

    /// Ends, unless a request has come.
    fn ends(&self) -> bool {
        let mut state = self.worker.lock();
        if state.in_flight > 0 {
            return false;
        }
        state.drains = true;
        true
    }

    /// The event loop may be blocked: then processor time passes, and nothing is heard.
    fn check_silence(&mut self, cpu: Duration) -> Result<(), Failure> {
        let signs = self.worker.signs();
        if signs != self.watch.signs {
            self.watch.signs = signs;
            self.watch.cpu_at_sign = cpu;
        }
        let limit = self.service.limits.cpu;
        if cpu.saturating_sub(self.watch.cpu_at_sign) > limit {
            return Err(Failure::CpuLimit { limit });
        }
        Ok(())
    }

    fn check_memory(&mut self) -> Result<(), Failure> {
        let limit_bytes = self.service.limits.memory_bytes;
        let memory = self
            .lease
            .sandbox()
            .and_then(|ready| ready.process.memory().ok());
        let bytes = memory.map_or(0, |memory| memory.private);
        if bytes > limit_bytes {
            return Err(Failure::MemoryLimit { limit_bytes });
        }
        if bytes > limit_bytes / 100 * limits::WORKER_MEMORY_PERCENT_MAX {
            self.worker.drain();
        }
        Ok(())
    }

    /// Who computes most of the time gets what nobody else wants.
    fn share(&mut self, cpu: Duration, now: Instant) {
        let used = cpu.saturating_sub(self.watch.cpu);
        let passed = now - self.watch.looked;
        self.surroundings.pool.charge(self.service.user, used);
        let part = match used > passed / 2 {
            true => Part::Left,
            false => self.surroundings.pool.part_of(self.service.user),
        };
        if let Some(ready) = self.lease.sandbox() {
            // A process that cannot be told has ended.
            let _ = ready.process.set_part(part);
        }
        self.watch.cpu = cpu;
        self.watch.looked = now;
    }

    fn charge(&mut self) {
        if let Some(cpu) = self.cpu() {
            let used = cpu.saturating_sub(self.watch.cpu);
            self.surroundings.pool.charge(self.service.user, used);
        }
    }

    /// Requests that ended long ago, and are kept.
    fn give_up_kept(&mut self, now: Instant) {
        let late: Vec<Uuid> = {
            let state = self.worker.lock();
            let late = state.open.iter().filter(|(_, open)| {
                let wait = if open.kept { KEPT } else { END_WAIT };
                open.ended_at.is_some_and(|ended| now - ended >= wait)
            });
            late.map(|(id, _)| *id).collect()
        };
        for id in late {
            self.conclude(id);
        }
    }

    /// The connection is closed: the process is ending, or is not what it should be.
    async fn lost(&mut self) -> Failure {
        let limit_bytes = self.service.limits.memory_bytes;
        let Some(ready) = self.lease.sandbox() else {
            return broken("it is gone");
        };
        let exit = timeout(END_WAIT, ready.process.wait()).await;
        let exit = exit.ok().and_then(Result::ok);
        let mut state = self.worker.lock();
        for output in [&mut ready.stdout, &mut ready.stderr] {
            while output.read(&mut state.apart) {}
            output.finish(&mut state.apart);
        }
        drop(state);
        match ready.process.shortage() {
            Some(shortage) => ending::short(shortage, limit_bytes),
            None => ending::lost(exit, &ready.stderr.tail(), limit_bytes),
        }
    }
}
