//! Evaluating expressions and running vals: who may, as whom, and that it is written down. What came of it is in
//! [`crate::answers`].

use crate::answers::{Answer, Ended, answer, fault, refusal, without_code};
use crate::error::{ErrorCode, TownError};
use crate::foreign::Pins;
use crate::limits::{
    ANONYMOUS_RUNS_MAX, ARGS_BYTES_MAX, EXPRESSION_BYTES_MAX, RUN_CPU, RUN_MEMORY_BYTES, RUN_WALL,
};
use crate::names::bare;
use crate::programs::Ready;
use crate::secrets::Given;
use crate::state::{Assembled, Author, By, Handle, Place, TownHost, Written, checked};
use crate::town::Town;
use crate::vals::{from_json, may_read, no_val_named};
use crate::view::{Caller, DependencyView, DiagnosticView, HttpView, Scope, UserView};
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::sync::Arc;
use thorp_lang::code::NOT_IMPORTABLE;
use thorp_lang::{Compiled, Source, SourceFile, SourceKind};
use thorp_runtime::{Host, Job, RunLimits, Sight};
use thorp_store::{Digest, Endpoint, Isolation, Trigger, Val, ValueWrite, VersionWithFiles};
use tokio::sync::{OwnedSemaphorePermit, watch};
use uuid::Uuid;

/// The folder of an expression's files in a program of several vals: two levels deep, as those of vals, and nobody's.
const EVAL_FOLDER: &str = "~/eval";

/// An expression to evaluate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EvalInput {
    /// The expression.
    pub code: String,
    /// A JSON array: what a function is called with.
    pub args: Option<String>,
}

/// A val to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunInput {
    /// Its owner's name, with or without `@`.
    pub user: String,
    /// Its name.
    pub name: String,
    /// A version instead of the live one.
    pub version: Option<i64>,
    /// A JSON array: what a function is called with.
    pub args: Option<String>,
}

/// Everything about a run that is known before it begins.
#[derive(Clone)]
pub(crate) struct Begin {
    pub(crate) ready: Arc<Ready>,
    pub(crate) val: Option<(Uuid, i64)>,
    pub(crate) code: Option<String>,
    pub(crate) args: String,
    pub(crate) caller: Option<Uuid>,
    pub(crate) run_as: Option<Author>,
    pub(crate) trigger: Trigger,
    /// Whether it may write vals: whoever has it evaluated may not be allowed to.
    pub(crate) may_write: bool,
    /// Whether it has a sandbox of its own.
    pub(crate) is_fresh: bool,
    pub(crate) at: At,
    /// Where its files are, if it is a program of several vals.
    pub(crate) folder: String,
    /// What people call it: `@alice/hello`.
    pub(crate) program: String,
    /// The web request that it answers.
    pub(crate) http: Option<HttpView>,
}

/// Where a run is among those that call each other.
#[derive(Clone, Debug, Default)]
pub(crate) struct At {
    /// The run that called it.
    pub(crate) parent: Option<Uuid>,
    /// How many runs wait for it.
    pub(crate) depth: usize,
    /// Their locks.
    pub(crate) above: Arc<BTreeSet<Place>>,
    /// Nobody sends on it; it is closed when the run that called it has ended.
    pub(crate) caller: Option<watch::Receiver<()>>,
}

impl Town {
    /// Evaluates an expression as the caller, in a sandbox of its own.
    ///
    /// # Errors
    /// [`TownError::Diagnosed`] if it does not compile, [`TownError::Run`] if it failed, [`TownError::PoolFull`].
    pub async fn eval(&self, caller: &Caller, input: EvalInput) -> Result<Answer, TownError> {
        let user = self.may_evaluate(caller)?;
        if input.code.len() > EXPRESSION_BYTES_MAX {
            let message = format!(
                "an expression has at most {} KiB",
                EXPRESSION_BYTES_MAX >> 10
            );
            return Err(TownError::refused(ErrorCode::TooLarge, message));
        }
        let args = checked_args(input.args)?;
        let place = if user.is_none() {
            Some(self.anonymous_place()?)
        } else {
            None
        };
        let author = caller.user.as_ref().filter(|_| user.is_some()).map(author);
        let ready = self.expression(author.as_ref(), &input.code).await?;
        let begin = Begin {
            ready,
            val: None,
            code: Some(input.code),
            args,
            caller: user,
            run_as: author,
            trigger: Trigger::Eval,
            may_write: caller.scopes.contains(&Scope::Write),
            is_fresh: true,
            at: At::default(),
            folder: EVAL_FOLDER.to_owned(),
            program: "an evaluation".to_owned(),
            http: None,
        };
        self.execute(begin, place).await
    }

    /// Runs a val as its author, for whoever may call it.
    ///
    /// # Errors
    /// `NOT_FOUND`, `FORBIDDEN`, [`TownError::Diagnosed`] if the version does not compile, [`TownError::Run`] if the run
    /// failed, [`TownError::PoolFull`].
    pub async fn run(&self, caller: &Caller, input: RunInput) -> Result<Answer, TownError> {
        self.run_at(caller, input, At::default()).await
    }

    /// Runs a val for another run, or for nobody's.
    pub(crate) async fn run_at(
        &self,
        caller: &Caller,
        input: RunInput,
        at: At,
    ) -> Result<Answer, TownError> {
        let args = checked_args(input.args)?;
        let (user, name) = (bare(&input.user), bare(&input.name));
        let found = self.store().val_by_owner_and_name(user, name).await?;
        let unknown = || no_val_named(user, name);
        let val = found.ok_or_else(unknown)?;
        let readable = may_read(caller, &val);
        check_may_call(caller, &val, unknown)?;
        if input.version.is_some() && !readable {
            return Err(unknown());
        }
        let version = input.version.unwrap_or(val.live_version);
        let ready = self.version(&val, version).await;
        let ready = ready.and_then(|ready| match ready.no_value() {
            Some(why) => Err(no_value(&val, why)),
            None => Ok(ready),
        });
        let ready = ready.map_err(|error| if readable { error } else { without_code(error) })?;
        let begin = Begin {
            ready,
            val: Some((val.id, version)),
            code: None,
            args,
            caller: caller.user.as_ref().map(|user| user.id),
            run_as: Some(Author {
                id: val.owner_id,
                name: val.owner_name.to_ascii_lowercase(),
            }),
            trigger: match at.parent {
                Some(_) => Trigger::Api,
                None => Trigger::Run,
            },
            may_write: true,
            is_fresh: val.isolation == Isolation::Fresh,
            at,
            folder: thorp_lang::val_folder(&val.owner_name, &val.name, None),
            program: format!("@{}/{}", val.owner_name, val.name),
            http: None,
        };
        self.execute(begin, None).await
    }

    fn may_evaluate(&self, caller: &Caller) -> Result<Option<Uuid>, TownError> {
        if caller.user.is_none() && self.0.config.anonymous {
            return Ok(None);
        }
        caller.user(Scope::Run).map(|user| Some(user.id))
    }

    /// Callers without a token share a few places, so that they can't crowd out the others.
    fn anonymous_place(&self) -> Result<OwnedSemaphorePermit, TownError> {
        Arc::clone(&self.0.anonymous)
            .try_acquire_owned()
            .map_err(|_| {
                TownError::hinted(
                    ErrorCode::RateLimited,
                    format!(
                        "callers without a token have {ANONYMOUS_RUNS_MAX} evaluations at a time"
                    ),
                    "try again, or send `Authorization: Bearer <token>`",
                )
            })
    }

    /// The program of an expression, from memory if it was evaluated lately.
    pub(crate) async fn expression(
        &self,
        author: Option<&Author>,
        code: &str,
    ) -> Result<Arc<Ready>, TownError> {
        let user = author.map(|author| author.id);
        let key = (user, Digest::of(code.as_bytes()).0);
        if let Some(ready) = self.0.expressions.get(&key) {
            return Ok(ready);
        }
        let source = Source::expression(code);
        let source = match author {
            Some(author) => source.by(&author.name),
            None => source,
        };
        let compiled = self.0.compiler.compile(&source).await?;
        let ready = Arc::new(self.ready_expression(user, &compiled).await?);
        self.0.expressions.put(key, Arc::clone(&ready));
        Ok(ready)
    }

    async fn ready_expression(
        &self,
        user: Option<Uuid>,
        compiled: &Compiled,
    ) -> Result<Ready, TownError> {
        let (locked, diagnostics) = match user {
            Some(user) => self.lock(user, compiled, &|_| ()).await?,
            None => anonymous_lock(compiled)?,
        };
        refuse_errors(&diagnostics, ErrorCode::SyntaxError)?;
        if let Some(hint) = compiled.facts.value_hint() {
            let message = format!("the program {hint}");
            return Err(TownError::refused(ErrorCode::SyntaxError, message));
        }
        Ok(Ready::new(compiled.clone(), locked))
    }

    /// The program of a version, whether it has a value or not; from memory if it ran lately.
    pub(crate) async fn version(&self, val: &Val, version: i64) -> Result<Arc<Ready>, TownError> {
        let key = (val.id, version);
        if let Some(ready) = self.0.versions.get(&key) {
            return Ok(ready);
        }
        let found = self.store().version(val.id, version).await?;
        let found =
            found.ok_or_else(|| TownError::not_found(format!("there is no version {version}")))?;
        let ready = Arc::new(self.ready_version(val, found).await?);
        self.0.versions.put(key, Arc::clone(&ready));
        Ok(ready)
    }

    async fn ready_version(&self, val: &Val, found: VersionWithFiles) -> Result<Ready, TownError> {
        let version = &found.version;
        let diagnostics: Vec<DiagnosticView> = from_json(&version.diagnostics)?;
        refuse_errors(&diagnostics, ErrorCode::DoesNotCompile)?;
        let compiled: Compiled = match version.compiled_hash {
            Some(hash) => {
                let text = self.store().compiled(hash).await?;
                from_json(&text.ok_or_else(|| TownError::internal("no compiled code"))?)?
            }
            // What a run has set is compiled when it is wanted.
            None => {
                let source = source_of(&found).by(&val.owner_name);
                self.0.compiler.compile(&source).await?
            }
        };
        let locked = match version.dependency_set_id {
            Some(set) => Some(self.0.dependencies.locked(set).await?),
            None => None,
        };
        let lock: Vec<DependencyView> = from_json(&version.lock)?;
        Ok(Ready::new(compiled, locked).pinned(Pins::of(&lock)))
    }

    /// Runs, and writes it down before anybody hears of it. Goes on if the caller goes away, and keeps the caller's place
    /// until it has ended.
    async fn execute(
        &self,
        begin: Begin,
        place: Option<OwnedSemaphorePermit>,
    ) -> Result<Answer, TownError> {
        let town = self.clone();
        let task = tokio::spawn(async move {
            let _place = place;
            town.execute_here(begin).await
        });
        task.await
            .map_err(|error| TownError::internal(format!("a run was lost: {error}")))?
    }

    async fn execute_here(&self, mut begin: Begin) -> Result<Answer, TownError> {
        let (id, started_at) = (Uuid::now_v7(), self.now());
        let Assembled {
            ready,
            mut sight,
            written,
            held,
        } = self
            .assemble(
                Arc::clone(&begin.ready),
                begin.folder.clone(),
                begin.run_as.as_ref(),
                &begin.at.above,
            )
            .await?;
        begin.ready = ready;
        // Who calls a val must not take half of an answer for the whole.
        sight.strict = begin.val.is_some();
        for locked in begin.ready.dependency_sets() {
            self.0.dependencies.touch(locked, started_at);
        }
        let given = self.given(&begin).await?;
        let host = self.host(id, &begin, &written);
        let mut outcome = self
            .0
            .runtime
            .run(job(id, &begin, sight, host, &given))
            .await;
        if let Some(refusal) = refusal(&outcome) {
            return Err(refusal);
        }
        let error = outcome
            .result
            .as_ref()
            .err()
            .map(|failure| fault(failure, &begin.ready));
        let told = outcome.writes.take();
        let mut ended = Ended {
            id,
            started_at,
            ended_at: self.now(),
            outcome,
            error,
        };
        let writes = self.writes(&begin, &written, &mut ended, told);
        // What others may write from now on must see what this run wrote.
        let answer = self.write_down(begin, ended, writes, &given).await;
        drop(held);
        answer
    }

    /// What the program is given of the secrets of whom it runs as.
    pub(crate) async fn given(&self, begin: &Begin) -> Result<Given, TownError> {
        let Some(user) = begin.run_as.as_ref().map(|author| author.id) else {
            return Ok(Given::nothing());
        };
        let own = self.0.secrets.of(self.store(), user).await?;
        let packages = !begin.ready.dependency_sets().is_empty();
        let given = own.given(begin.ready.secrets(), packages);
        given.map_err(|error| match begin.caller == Some(user) {
            true => error,
            false => TownError::refused(
                ErrorCode::SecretUnreadable,
                "a secret of the val's owner cannot be read",
            ),
        })
    }

    /// What answers a run's calls.
    fn host(&self, run: Uuid, begin: &Begin, written: &Written) -> Arc<dyn Host> {
        let mut above = begin.at.above.as_ref().clone();
        above.extend(written.keys().cloned());
        let at = At {
            above: Arc::new(above),
            ..begin.at.clone()
        };
        Arc::new(Handle(TownHost::new(self, run, begin, at)))
    }

    /// The caller that a program of this user is.
    pub(crate) async fn caller_of(&self, user: Uuid) -> Result<Caller, TownError> {
        let found = self.store().user_by_id(user).await?;
        let user = found.ok_or_else(|| TownError::internal("a run of nobody"))?;
        Ok(Caller {
            user: Some(user.into()),
            scopes: vec![Scope::Read, Scope::Run],
            token: None,
            expires_at: None,
        })
    }

    /// What a run wrote. If it may not, the run has failed.
    fn writes(
        &self,
        begin: &Begin,
        written: &Written,
        ended: &mut Ended,
        told: Option<String>,
    ) -> Vec<ValueWrite> {
        let Some(told) = told else {
            return Vec::new();
        };
        if !begin.may_write {
            ended.fail(&no_write());
            return Vec::new();
        }
        let by = By {
            run: ended.id,
            program: &begin.program,
            time: &at(ended.ended_at),
            now_micros: ended.ended_at,
        };
        match checked(&told, begin.run_as.as_ref(), written, &by) {
            Ok(writes) => writes,
            Err(error) => {
                ended.fail(&error);
                Vec::new()
            }
        }
    }

    async fn write_down(
        &self,
        begin: Begin,
        mut ended: Ended,
        writes: Vec<ValueWrite>,
        given: &Given,
    ) -> Result<Answer, TownError> {
        if writes.is_empty() {
            let answer = answer(&begin, &ended);
            self.record(begin, ended, given.masker()).await?;
            return answer;
        }
        match self
            .record_with_writes(&begin, &ended, writes, given.masker())
            .await
        {
            Ok(()) => answer(&begin, &ended),
            Err(error) if error.code() == ErrorCode::NotData => {
                ended.fail(&error);
                let answer = answer(&begin, &ended);
                self.record(begin, ended, given.masker()).await?;
                answer
            }
            Err(error) => Err(error),
        }
    }
}

/// Whose permissions a caller's expressions have.
pub(crate) fn author(user: &UserView) -> Author {
    Author {
        id: user.id,
        name: user.name.to_ascii_lowercase(),
    }
}

/// Whoever has an expression evaluated may not write what it writes.
pub(crate) fn no_write() -> TownError {
    TownError::hinted(
        ErrorCode::Forbidden,
        "the evaluation writes a val, and the token may not",
        "use a token with the scope `write`, or run a val that writes it",
    )
}

/// A time for people, to the second.
pub(crate) fn at(micros: i64) -> String {
    let time = jiff::Timestamp::from_second(micros.div_euclid(1_000_000));
    time.map(|time| time.to_string()).unwrap_or_default()
}

fn source_of(found: &VersionWithFiles) -> Source {
    Source {
        kind: SourceKind::Val,
        entry: found.version.entry.clone(),
        author: None,
        files: found
            .files
            .iter()
            .map(|file| SourceFile {
                path: file.path.clone(),
                text: file.text.clone(),
            })
            .collect(),
    }
}

fn job(run: Uuid, begin: &Begin, sight: Sight, host: Arc<dyn Host>, given: &Given) -> Job {
    Job {
        run,
        user: begin.run_as.as_ref().map_or(Uuid::nil(), |user| user.id),
        program: begin.ready.program(),
        args: begin.args.clone(),
        limits: RunLimits {
            wall: RUN_WALL,
            cpu: RUN_CPU,
            memory_bytes: RUN_MEMORY_BYTES,
        },
        sight,
        host: Some(host),
        worker: begin
            .val
            .filter(|_| !begin.is_fresh)
            .map(|val| begin.ready.worker(val, given.revision)),
        secrets: given.secrets.clone(),
        withheld: given.withheld.clone(),
    }
}

fn anonymous_lock(
    compiled: &Compiled,
) -> Result<(Option<crate::dependencies::Locked>, Vec<DiagnosticView>), TownError> {
    if !crate::dependencies::Manifest::of(&compiled.facts).is_empty() {
        return Err(TownError::hinted(
            ErrorCode::Unauthorized,
            "packages need a token",
            "send `Authorization: Bearer <token>`",
        ));
    }
    Ok((
        None,
        compiled
            .diagnostics
            .iter()
            .cloned()
            .map(DiagnosticView::from)
            .collect(),
    ))
}

/// Refuses to run what has an error in it.
pub(crate) fn refuse_errors(
    diagnostics: &[DiagnosticView],
    usual: ErrorCode,
) -> Result<(), TownError> {
    let Some(first) = diagnostics
        .iter()
        .find(|diagnostic| diagnostic.severity == "error")
    else {
        return Ok(());
    };
    let code = match first.code.as_str() {
        "TOO_COMPLEX" => ErrorCode::TooComplex,
        "DEPENDENCY_UNAVAILABLE" => ErrorCode::DependencyUnavailable,
        "DEPENDENCY_TOO_LARGE" => ErrorCode::DependencyTooLarge,
        NOT_IMPORTABLE => ErrorCode::DoesNotCompile,
        _ => usual,
    };
    Err(TownError::Diagnosed {
        code,
        message: first.message.clone(),
        diagnostics: diagnostics.to_vec(),
    })
}

/// A version that runs for no value.
fn no_value(val: &Val, why: &str) -> TownError {
    let message = format!("`@{}/{}` {why}", val.owner_name, val.name);
    TownError::refused(ErrorCode::DoesNotCompile, message)
}

/// Whoever may not read the val learns nothing of it: what they are told is `unknown`.
pub(crate) fn check_may_call(
    caller: &Caller,
    val: &Val,
    unknown: impl FnOnce() -> TownError,
) -> Result<(), TownError> {
    let is_owner = caller
        .user
        .as_ref()
        .is_some_and(|user| user.id == val.owner_id);
    if is_owner && !caller.scopes.contains(&Scope::Run) {
        caller.user(Scope::Run)?;
    }
    if is_owner || val.endpoint == Endpoint::Public {
        return Ok(());
    }
    if may_read(caller, val) {
        let message = format!(
            "`@{}/{}` may be called by its owner only",
            val.owner_name, val.name
        );
        return Err(TownError::refused(ErrorCode::Forbidden, message));
    }
    Err(unknown())
}

/// The arguments as the text of a JSON array.
fn checked_args(args: Option<String>) -> Result<String, TownError> {
    let Some(args) = args else {
        return Ok("[]".to_owned());
    };
    if args.len() > ARGS_BYTES_MAX {
        let message = format!("the arguments have at most {} MiB", ARGS_BYTES_MAX >> 20);
        return Err(TownError::refused(ErrorCode::TooLarge, message));
    }
    match serde_json::from_str::<Vec<&RawValue>>(&args) {
        Ok(_) => Ok(args),
        Err(error) => Err(TownError::hinted(
            ErrorCode::BadRequest,
            format!("`args` is not a JSON array: {error}"),
            "send something like `[1, \"two\"]`",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn args_are_an_array() {
        assert_eq!(checked_args(None).unwrap(), "[]");
        assert_eq!(
            checked_args(Some("[1, {\"a\": []}]".to_owned())).unwrap(),
            "[1, {\"a\": []}]"
        );
        for bad in ["", "{}", "1", "[1", "[1]]", "null"] {
            assert!(checked_args(Some(bad.to_owned())).is_err(), "{bad}");
        }
    }

    #[test]
    fn args_have_a_limit() {
        let error =
            checked_args(Some(format!("[\"{}\"]", "x".repeat(ARGS_BYTES_MAX)))).unwrap_err();
        assert_eq!(error.code(), ErrorCode::TooLarge);
    }
}
