//! Web requests: whose val answers them, for whom, within what bounds, and that they are written down.
//!
//! Requests and answers pass through as they are; what of their headers passes is the business of whoever speaks HTTP.

mod gate;

use crate::answers::{Ended, fault, refusal, without_code};
use crate::error::{ErrorCode, RunFault, TownError};
use crate::evaluate::{At, Begin, check_may_call};
use crate::limits::{RUN_CPU, RUN_MEMORY_BYTES, RUN_WALL, WEB_DEPTH_MAX, WEB_PATH_BYTES_MAX};
use crate::secrets::Given;
use crate::state::{Assembled, Author, Handle, TownHost};
use crate::town::Town;
use crate::view::{Caller, HttpView, Scope};
pub(crate) use gate::Gates;
use gate::{Gate, Place};
use lru::LruCache;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use thorp_runtime::{
    Asking, Failure, Outcome, Program, RunLimits, RunValue, Service, WebAnswer, WebEnd, WebRequest,
};
use thorp_store::{Endpoint, Trigger, Val};
use uuid::Uuid;

/// Who sends a web request.
#[derive(Clone, Debug, Default)]
pub struct Visitor {
    /// The token that was sent, if one was. Vals that everybody may call get it as it is, and it is not looked at.
    pub token: Option<String>,
    /// By what the visitor's requests are counted; `None` for those that are not.
    pub client: Option<String>,
    /// How many vals wait for the answer.
    pub depth: u32,
}

/// An answer of a val.
#[derive(Debug)]
pub struct Visited {
    /// The run.
    pub run: Uuid,
    /// The answer. The run ends with it.
    pub answer: WebAnswer,
}

/// A val as its address answers, all that it takes.
struct Site {
    val: Val,
    begin: Begin,
    service: Arc<Service>,
    given: Given,
    gate: Arc<Gate>,
}

/// What is known of the vals that answered lately. It is right as long as nothing has been written since.
pub(crate) struct Sites(Mutex<LruCache<String, (u64, Arc<Site>)>>);

impl Default for Sites {
    fn default() -> Self {
        let most = NonZeroUsize::new(crate::limits::PROGRAMS_CACHED_MAX);
        Self(Mutex::new(LruCache::new(most.unwrap_or(NonZeroUsize::MIN))))
    }
}

impl Sites {
    fn lock(&self) -> MutexGuard<'_, LruCache<String, (u64, Arc<Site>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, label: &str, changes: u64) -> Option<Arc<Site>> {
        let mut known = self.lock();
        let (then, site) = known.get(label)?;
        (*then == changes).then(|| Arc::clone(site))
    }
}

impl Town {
    /// Lets the val of a label answer a request, as its owner.
    ///
    /// # Errors
    /// `NOT_FOUND`, `UNAUTHORIZED`, `FORBIDDEN`, `STOPPED`, `RATE_LIMITED`, `LOOP_DETECTED`, [`TownError::Diagnosed`] if the val
    /// does not compile, [`TownError::Run`] if it failed before its answer had a head, [`TownError::PoolFull`].
    pub async fn visit(
        &self,
        label: &str,
        visitor: Visitor,
        mut request: WebRequest,
    ) -> Result<Visited, TownError> {
        check_depth(visitor.depth)?;
        let site = self.site(label).await?;
        let caller = self.visitor(&site.val, &visitor).await?;
        if site.val.endpoint == Endpoint::Private {
            // It was for the town.
            request.headers_mut().remove("authorization");
        }
        let place = self.0.gates.enter(&site.gate, visitor.client.as_deref())?;
        self.answered(site, caller, visitor.depth, request, place)
            .await
    }

    /// Lets programs ask vals of this town: those that have hosts below `domain`, at this port. The town answers for them at
    /// `at`.
    pub fn serve_sites(&self, domain: &str, port: u16, at: SocketAddr) {
        self.0.runtime.serve_sites(domain, port, at);
    }

    async fn answered(
        &self,
        site: Arc<Site>,
        caller: Option<Uuid>,
        depth: u32,
        request: WebRequest,
        place: Place,
    ) -> Result<Visited, TownError> {
        let (run, started_at) = (Uuid::now_v7(), self.now());
        for locked in site.begin.ready.dependency_sets() {
            self.0.dependencies.touch(locked, started_at);
        }
        let mut begin = Begin {
            caller,
            http: Some(http_view(&request)),
            ..site.begin.clone()
        };
        begin.at.depth = depth as usize;
        let host = TownHost::new(self, run, &begin, begin.at.clone());
        let (town, told) = (self.clone(), (Arc::clone(&site), begin.clone()));
        let ended = move |end: WebEnd| {
            let (site, begin) = told;
            drop(place);
            if end.failure.is_some() || site.gate.records() {
                tokio::spawn(town.note(site, begin, run, started_at, end));
            }
        };
        let asking = Asking {
            host: Some(Arc::new(Handle(host))),
            depth,
        };
        let fetched = self
            .0
            .runtime
            .fetch(&site.service, request, asking, ended)
            .await;
        match fetched {
            Ok(answer) => Ok(Visited { run, answer }),
            Err(end) => Err(self.failed(site, begin, run, started_at, *end).await),
        }
    }

    /// What is known of the val of a label.
    async fn site(&self, label: &str) -> Result<Arc<Site>, TownError> {
        let changes = self.store().changes();
        if let Some(site) = self.0.sites.get(label, changes) {
            return Ok(site);
        }
        let found = self.store().val_by_label(label).await?;
        let val = found.ok_or_else(no_site)?;
        let site = Arc::new(self.site_of(val).await?);
        let known = (changes, Arc::clone(&site));
        self.0.sites.lock().put(label.to_owned(), known);
        Ok(site)
    }

    async fn site_of(&self, val: Val) -> Result<Site, TownError> {
        let hidden = val.privacy == thorp_store::Privacy::Private;
        let ready = self.version(&val, val.live_version).await;
        let ready = ready.map_err(|error| if hidden { without_code(error) } else { error })?;
        let author = Author {
            id: val.owner_id,
            name: val.owner_name.to_ascii_lowercase(),
        };
        let folder = thorp_lang::val_folder(&val.owner_name, &val.name, None);
        let Assembled { ready, .. } = self
            .assemble(ready, folder.clone(), Some(&author), &Default::default())
            .await?;
        if ready.names_values() {
            return Err(live_values(&val));
        }
        let Program::Module(program) = ready.program() else {
            return Err(TownError::internal("a val that is an expression"));
        };
        if !program.foreign.is_empty() {
            return Err(foreign_code(&val));
        }
        let begin = Begin {
            val: Some((val.id, val.live_version)),
            code: None,
            args: "[]".to_owned(),
            caller: None,
            run_as: Some(author.clone()),
            trigger: Trigger::Http,
            at: At::default(),
            folder,
            program: format!("@{}/{}", val.owner_name, val.name),
            http: None,
            may_write: true,
            is_fresh: false,
            ready,
        };
        let given = self.given(&begin).await?;
        let service = Service {
            user: val.owner_id,
            program,
            worker: begin
                .ready
                .worker((val.id, val.live_version), given.revision),
            group: val.id,
            author: Some(author.name),
            limits: RunLimits {
                wall: RUN_WALL,
                cpu: RUN_CPU,
                memory_bytes: RUN_MEMORY_BYTES,
            },
            secrets: given.secrets.clone(),
            withheld: given.withheld.clone(),
        };
        Ok(Site {
            gate: self.0.gates.of(val.id),
            service: Arc::new(service),
            val,
            begin,
            given,
        })
    }

    /// Who asks, as far as it matters.
    async fn visitor(&self, val: &Val, visitor: &Visitor) -> Result<Option<Uuid>, TownError> {
        match val.endpoint {
            Endpoint::Public => return Ok(None),
            Endpoint::Off => return Err(stopped(val)),
            Endpoint::Private => {}
        }
        let caller = self.authenticate(visitor.token.as_deref()).await?;
        check_may_call(&caller, val, no_site).map_err(|error| unauthorized(&caller, error))?;
        caller.user(Scope::Run)?;
        Ok(caller.user.map(|user| user.id))
    }

    /// Writes down what a request left.
    async fn note(self, site: Arc<Site>, begin: Begin, run: Uuid, started_at: i64, end: WebEnd) {
        let (begin, ended) = self.ended(&site, begin, run, started_at, end);
        if let Err(error) = self.record(begin, ended, site.given.masker()).await {
            tracing::error!(%error, "a web request was not written down");
        }
    }

    /// Writes down a request without an answer, and says what whoever asked is told.
    async fn failed(
        &self,
        site: Arc<Site>,
        begin: Begin,
        run: Uuid,
        started_at: i64,
        end: WebEnd,
    ) -> TownError {
        let (begin, ended) = self.ended(&site, begin, run, started_at, end);
        if let Some(refusal) = refusal(&ended.outcome) {
            return refusal;
        }
        let is_owner = begin.caller == Some(site.val.owner_id);
        let error = ended.error.clone();
        if let Err(error) = self.record(begin, ended, site.given.masker()).await {
            return error;
        }
        let Some((code, mut error)) = error else {
            return TownError::internal("a request without an answer and without a failure");
        };
        if !is_owner {
            error.stack = None;
        }
        TownError::Run(Box::new(RunFault { run, code, error }))
    }

    fn ended(
        &self,
        site: &Site,
        mut begin: Begin,
        run: Uuid,
        started_at: i64,
        end: WebEnd,
    ) -> (Begin, Ended) {
        let error = end
            .failure
            .as_ref()
            .map(|failure| fault(failure, &begin.ready));
        if let Some(http) = &mut begin.http {
            http.status = end.status;
            http.bytes_in = end.bytes_in;
            http.bytes_out = end.bytes_out;
            http.aborted = end.aborted;
            http.unrecorded = site.gate.take_unrecorded();
        }
        let nothing = RunValue {
            json: "null".to_owned(),
            undefined: true,
        };
        let outcome = Outcome {
            result: end.failure.map_or(Ok(nothing), Err::<RunValue, Failure>),
            logs: end.logs,
            logs_truncated: end.logs_truncated,
            usage: end.usage,
            egress: end.egress,
            denied: Vec::new(),
            denied_truncated: false,
            writes: None,
        };
        let ended = Ended {
            id: run,
            started_at,
            ended_at: self.now(),
            outcome,
            error,
        };
        (begin, ended)
    }
}

fn http_view(request: &WebRequest) -> HttpView {
    let path = request.uri().path_and_query();
    let mut path = path.map_or("/", |path| path.as_str()).to_owned();
    path.truncate(path.floor_char_boundary(WEB_PATH_BYTES_MAX));
    HttpView {
        method: request.method().as_str().to_owned(),
        path,
        ..HttpView::default()
    }
}

fn check_depth(depth: u32) -> Result<(), TownError> {
    if depth <= WEB_DEPTH_MAX {
        return Ok(());
    }
    Err(TownError::hinted(
        ErrorCode::LoopDetected,
        format!("{WEB_DEPTH_MAX} vals wait for each other's answers"),
        "look for a val that asks its own address",
    ))
}

fn no_site() -> TownError {
    TownError::not_found("there is no val at this address")
}

fn stopped(val: &Val) -> TownError {
    let message = match val.privacy {
        thorp_store::Privacy::Private => return no_site(),
        _ => format!("`@{}/{}` is stopped by its owner", val.owner_name, val.name),
    };
    TownError::hinted(
        ErrorCode::Stopped,
        message,
        "its owner starts it again with `endpoint: public` or `private`",
    )
}

/// Whoever says nothing of themselves is asked to; what they may not know of stays unknown.
fn unauthorized(caller: &Caller, error: TownError) -> TownError {
    match error.code() {
        ErrorCode::Forbidden if caller.user.is_none() => TownError::hinted(
            ErrorCode::Unauthorized,
            error.to_string(),
            "send `Authorization: Bearer <token>`",
        ),
        _ => error,
    }
}

/// What answers web requests is prepared in a realm that foreign code must not share.
fn foreign_code(val: &Val) -> TownError {
    TownError::hinted(
        ErrorCode::DoesNotCompile,
        format!(
            "`@{}/{}` uses the code of another user, which a web handler cannot",
            val.owner_name, val.name
        ),
        "call it as its author by `api()`, or fork it: a copy is yours, and runs as yours",
    )
}

fn live_values(val: &Val) -> TownError {
    TownError::hinted(
        ErrorCode::DoesNotCompile,
        format!(
            "`@{}/{}` names values of vals as `@user.name`, which a web handler cannot",
            val.owner_name, val.name
        ),
        "read and write them with `me.get`, `me.set` and `me.update` of `thorp:std`",
    )
}
