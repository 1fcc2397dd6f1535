//! One run in one sandbox: the program is handed over, and what the guest says is taken until it has ended.

use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;
use thorp_gateway::{Budget, Denial, Tenant};
use thorp_jail::Part;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use uuid::Uuid;

use crate::boot::Ready;
use crate::config::Clock;
use crate::control::ControlError;
use crate::denied::Denials;
use crate::ending;
use crate::folder;
use crate::frame::{Frame, FromGuest, ToGuest};
use crate::host::{Answer, Asker, Calls};
use crate::job::{Job, ModuleProgram, NOT_CALLED, Program};
use crate::limits;
use crate::logs::Logs;
use crate::meter::Meter;
use crate::outcome::{Failure, LogLevel, Outcome, RunValue, Usage};
use crate::request::{GuestProgram, Request};
use crate::workers::Key;

/// Reads of a pipe after a run: more than its whole capacity, and not as many as a flood would offer.
const LAST_READS_MAX: usize = 8;

type Said = Result<RunValue, Failure>;

/// What a run needs of the runtime.
pub(crate) struct Surroundings<'a> {
    pub(crate) clock: Clock,
    /// Becomes true when every run must end.
    pub(crate) stop: watch::Receiver<bool>,
    /// What it has of the processors at first.
    pub(crate) part: Part,
    /// Called when the run is not a short one.
    pub(crate) slow: &'a (dyn Fn() + Send + Sync),
}

/// Says what is wrong with a job, if anything.
pub(crate) fn check(job: &Job) -> Result<(), Failure> {
    let bad = |reason: String| Failure::BadProgram { reason };
    if job.args.len() > limits::ARGS_BYTES_MAX {
        return Err(bad(format!(
            "its arguments have more than {} bytes",
            limits::ARGS_BYTES_MAX
        )));
    }
    let is_json = |text: &str, start: char| {
        text.trim_start().starts_with(start) && serde_json::from_str::<&RawValue>(text).is_ok()
    };
    for values in [&job.sight.values, &job.sight.foreign]
        .into_iter()
        .flatten()
    {
        if values.len() > limits::VALUES_BYTES_MAX || !is_json(values, '{') {
            return Err(bad("its values are no JSON object".to_owned()));
        }
    }
    if job.args != NOT_CALLED && !is_json(&job.args, '[') {
        return Err(bad("its arguments are not a JSON array".to_owned()));
    }
    match &job.program {
        Program::Body { code } if code.len() > limits::CODE_BYTES_MAX => Err(bad(format!(
            "its code has more than {} bytes",
            limits::CODE_BYTES_MAX
        ))),
        Program::Body { .. } => Ok(()),
        Program::Module(program) => folder::check(program).map_err(bad),
    }
}

/// A run that has ended, and whether its program may be called again in the same sandbox.
pub(crate) struct Ended {
    pub(crate) outcome: Outcome,
    pub(crate) again: bool,
}

/// Runs a checked job; the sandbox may have loaded its program before. Dropping the future does not end it; dropping the
/// sandbox does.
pub(crate) async fn run(
    ready: &mut Ready,
    job: &Job,
    is_loaded: bool,
    surroundings: Surroundings<'_>,
) -> Ended {
    let began = Instant::now();
    let logs = Logs::new(surroundings.clock, Arc::clone(&ready.paths));
    let handed = match ready
        .door
        .assign(Tenant { user: job.user }, Budget::default())
    {
        Ok(()) => push(ready, job, is_loaded).await,
        Err(error) => Err(broken(&error.to_string())),
    };
    let start = began.elapsed();
    let meter = Meter::start(Arc::clone(&ready.process), job.limits, surroundings.part);
    let mut run = Run {
        run: job.run,
        ready,
        logs,
        meter,
        refused: None,
        again: false,
        writes: None,
        denials: Denials::default(),
        calls: Calls::default(),
        asker: Asker::new(job.host.clone()),
    };
    let result = match handed {
        Ok(()) => run.watch(surroundings).await,
        Err(failure) => Err(failure),
    };
    run.finish(result, start)
}

/// Puts the program where the guest finds it, and the request where it is sent from.
async fn push(ready: &mut Ready, job: &Job, is_loaded: bool) -> Result<(), Failure> {
    let bad = |reason: String| Failure::BadProgram { reason };
    let args: &RawValue =
        serde_json::from_str(&job.args).map_err(|error| bad(error.to_string()))?;
    let modules;
    let program = match &job.program {
        Program::Body { code } => GuestProgram::body(code),
        Program::Module(program) => {
            if !is_loaded {
                write(ready, program).await?;
            }
            modules = ready.folder.seen().modules.to_string_lossy().into_owned();
            GuestProgram::module(program, &modules)
        }
    };
    let kept = Key::of(job).is_some();
    let values = job.sight.values.as_deref().map(serde_json::from_str);
    let foreign = job.sight.foreign.as_deref().map(serde_json::from_str);
    // A program that is loaded has them.
    let secrets = job.secrets.iter().filter(|_| !is_loaded);
    let withheld = job.withheld.iter().filter(|_| !is_loaded);
    let request = Request {
        program,
        args,
        kept,
        writable: &job.sight.writable,
        author: job.sight.author.as_deref(),
        foreign: foreign
            .transpose()
            .map_err(|error| bad(error.to_string()))?,
        strict: job.sight.strict,
        values: values.transpose().map_err(|error| bad(error.to_string()))?,
        secrets: secrets
            .map(|secret| (&*secret.name, secret.value.as_str(), secret.shared))
            .collect(),
        withheld: withheld.map(|name| &**name).collect(),
    };
    ready
        .control
        .push(ToGuest::Run, job.run, |buffer| {
            serde_json::to_writer(buffer, &request)
        })
        .map_err(|error| bad(error.to_string()))
}

pub(crate) async fn write(ready: &Ready, program: &Arc<ModuleProgram>) -> Result<(), Failure> {
    let (folder, program) = (Arc::clone(&ready.folder), Arc::clone(program));
    let guest = Arc::clone(&ready.guest);
    let written = tokio::task::spawn_blocking(move || folder.write(&program, &guest)).await;
    let lost = |reason: String| Failure::WorkerLost { reason };
    written
        .map_err(|error| lost(error.to_string()))?
        .map_err(|error| lost(format!("the program's files cannot be written: {error}")))
}

struct Run<'a> {
    run: Uuid,
    ready: &'a mut Ready,
    logs: Logs,
    meter: Meter,
    /// The last raw connection that the gateway refused, as users are told.
    refused: Option<String>,
    /// Whether the guest said so.
    again: bool,
    writes: Option<Vec<u8>>,
    denials: Denials,
    calls: Calls,
    asker: Asker,
}

impl Run<'_> {
    /// Sends the request. What a program left behind in a worker may keep it from being read.
    async fn send(&mut self, surroundings: &mut Surroundings<'_>) -> Result<(), Failure> {
        loop {
            let Ready {
                control,
                stdout,
                stderr,
                ..
            } = &mut *self.ready;
            tokio::select! {
                biased;
                sent = control.flush() => return match sent {
                    Ok(()) => Ok(()),
                    Err(_) => Err(self.lost().await),
                },
                () = sleep_until(self.meter.next()) => self.check(surroundings)?,
                () = stopped(&mut surroundings.stop) => return Err(broken("the town stopped")),
                () = stdout.readable() => drop(stdout.read(&mut self.logs)),
                () = stderr.readable() => drop(stderr.read(&mut self.logs)),
            }
        }
    }

    fn check(&mut self, surroundings: &Surroundings<'_>) -> Result<(), Failure> {
        (surroundings.slow)();
        self.meter.check().map_or(Ok(()), Err)
    }

    async fn watch(&mut self, mut surroundings: Surroundings<'_>) -> Said {
        self.send(&mut surroundings).await?;
        let mut abandoned = self.asker.abandoned();
        loop {
            let Ready {
                control,
                stdout,
                stderr,
                door,
                ..
            } = &mut *self.ready;
            let has_room = control.has_room();
            // No branch comes first: a flood on one must not hide the clock.
            tokio::select! {
                frame = control.next() => match frame {
                    Ok(frame) => {
                        if let Some(ended) = self.take(frame) {
                            return ended;
                        }
                    }
                    Err(ControlError::Closed) => return Err(self.lost().await),
                    Err(error) => return Err(broken(&error.to_string())),
                },
                answer = self.calls.answered(), if has_room => self.answer(&answer)?,
                denial = door.refused() => self.refuse(&denial),
                () = &mut abandoned => return Err(broken("the run that called it ended")),
                () = stdout.readable() => drop(stdout.read(&mut self.logs)),
                () = stderr.readable() => drop(stderr.read(&mut self.logs)),
                () = sleep_until(self.meter.next()) => self.check(&surroundings)?,
                // Not `ShuttingDown`: the program has begun, and what it did so far is done.
                () = stopped(&mut surroundings.stop) => return Err(broken("the town stopped")),
            }
        }
    }

    fn answer(&mut self, answer: &Answer) -> Result<(), Failure> {
        let added = self
            .ready
            .control
            .push(ToGuest::Answer, self.run, |buffer| {
                serde_json::to_writer(buffer, answer)
            });
        added.map_err(|error| broken(&error.to_string()))
    }

    /// A raw connection that was refused just ends for the program: what the reason is, the log says.
    fn refuse(&mut self, denial: &Denial) {
        let text = format!("{}: {denial}", denial.code.as_str());
        self.logs.push(LogLevel::Error, text.as_bytes());
        self.refused = Some(text);
    }

    /// What a frame means: the end of the run, if anything but a log line.
    fn take(&mut self, frame: Frame) -> Option<Said> {
        if frame.run != self.run {
            return Some(Err(broken("it spoke of another run")));
        }
        let limit_bytes = self.meter.limit_bytes();
        match frame.kind {
            FromGuest::Log => match self.logs.push_frame(&frame.payload) {
                Some(()) => None,
                None => Some(Err(broken("it sent a log line without a level"))),
            },
            FromGuest::LogsTruncated => {
                self.logs.truncated();
                None
            }
            FromGuest::Value => Some(
                ending::value(frame.payload)
                    .ok_or_else(|| broken("it sent a value that is not JSON")),
            ),
            FromGuest::Undefined => Some(Ok(RunValue {
                json: "null".to_owned(),
                undefined: true,
            })),
            FromGuest::Failure => Some(Err(ending::failure(
                &frame.payload,
                &self.ready.paths,
                limit_bytes,
            )
            .unwrap_or_else(|| broken("it sent a failure that is none")))),
            FromGuest::Again => {
                self.again = true;
                None
            }
            FromGuest::Call => match self.calls.begin(&mut self.asker, &frame.payload) {
                Some(()) => None,
                None => Some(Err(broken("it sent a call that is none"))),
            },
            FromGuest::Denied => match self.denials.push(&frame.payload) {
                Some(()) => None,
                None => Some(Err(broken("it sent a denial that is none"))),
            },
            FromGuest::Writes => {
                self.writes = Some(frame.payload);
                None
            }
            FromGuest::Ready | FromGuest::Serving | FromGuest::Kept | FromGuest::Done => {
                Some(Err(broken("it said what it was not asked")))
            }
        }
    }

    /// The connection is closed: the process is ending, or is not what it should be.
    async fn lost(&mut self) -> Failure {
        let wait = Duration::from_millis(limits::END_MILLIS_MAX);
        let exit = timeout(wait, self.ready.process.wait())
            .await
            .ok()
            .and_then(Result::ok);
        self.read_rest();
        match self.ready.process.shortage() {
            Some(shortage) => ending::short(shortage, self.meter.limit_bytes()),
            None => ending::lost(exit, &self.ready.stderr.tail(), self.meter.limit_bytes()),
        }
    }

    fn read_rest(&mut self) {
        for output in [&mut self.ready.stdout, &mut self.ready.stderr] {
            for _ in 0..LAST_READS_MAX {
                if !output.read(&mut self.logs) {
                    break;
                }
            }
            output.finish(&mut self.logs);
        }
    }

    fn finish(mut self, result: Said, start: Duration) -> Ended {
        while let Some(denial) = self.ready.door.try_refused() {
            self.refuse(&denial);
        }
        let result = result.map_err(|failure| match &self.refused {
            Some(reason) => ending::refused(failure, reason),
            None => failure,
        });
        self.read_rest();
        self.meter.sample();
        let usage = Usage {
            queue_micros: 0,
            start_micros: micros(start),
            run_micros: micros(self.meter.run_time()),
            cpu_micros: micros(self.meter.cpu()),
            memory_bytes: self.meter.memory_bytes(),
        };
        let (denied, denied_truncated) = self.denials.finish();
        let (logs, logs_truncated) = self.logs.finish();
        // What is no text is no writes of the guest's; who reads them finds out that they are none.
        let writes = self.writes.take().filter(|_| result.is_ok());
        let outcome = Outcome {
            writes: writes.map(|writes| String::from_utf8_lossy(&writes).into_owned()),
            result,
            logs,
            logs_truncated,
            denied,
            denied_truncated,
            usage,
            egress: self.ready.door.close_account(),
        };
        Ended {
            again: self.again && is_answer(&outcome),
            outcome,
        }
    }
}

pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // Without a sender there is no pool, and nobody to wait for.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Whether the run ended with a word of the program's own, and not for want of something.
fn is_answer(outcome: &Outcome) -> bool {
    matches!(
        outcome.result,
        Ok(_)
            | Err(Failure::Thrown { .. }
                | Failure::NotJson { .. }
                | Failure::ResultTooLarge { .. })
    )
}

pub(crate) fn broken(reason: &str) -> Failure {
    Failure::WorkerLost {
        reason: reason.to_owned(),
    }
}

/// Whole microseconds.
pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{check, limits};
    use crate::job::{Job, Program, RunLimits, Sight};

    #[test]
    fn the_values_that_a_run_sees_are_bounded() {
        let seeing = |bytes: usize| Job {
            run: uuid::Uuid::nil(),
            user: uuid::Uuid::nil(),
            program: Program::Body { code: "".into() },
            args: "[]".to_owned(),
            limits: RunLimits::default(),
            sight: Sight {
                values: Some(format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8))),
                ..Sight::default()
            },
            host: None,
            worker: None,
            secrets: Vec::new(),
            withheld: Vec::new(),
        };
        assert!(check(&seeing(limits::VALUES_BYTES_MAX)).is_ok());
        assert!(check(&seeing(limits::VALUES_BYTES_MAX + 1)).is_err());
    }
}
