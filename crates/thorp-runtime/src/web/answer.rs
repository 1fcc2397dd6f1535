//! One request on its way through a worker: sent, answered, and told of when it has ended, however that was.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::UPGRADE;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep, sleep, timeout};
use uuid::Uuid;

use super::worker::{Connection, Ending, Worker};
use super::{Asking, BodyError, Ended, WebAnswer, WebBody, WebEnd, WebRequest};
use crate::ending;
use crate::limits;
use crate::outcome::Failure;
use crate::run::broken;

/// The guest's word that the program has failed.
const FAILED: &str = "thorp-failed";
const SILENCE: Duration = Duration::from_secs(limits::WEB_SILENCE_SECS_MAX);
const PUMP_BYTES: usize = 16 << 10;

/// What became of a request.
pub(crate) enum Called {
    Answered(WebAnswer),
    /// The worker has ended, or is about to, and nothing of the request has reached it.
    Again(WebRequest, Ended),
    Failed(WebEnd),
}

/// Bytes that have passed.
#[derive(Default)]
struct Counts {
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    /// Whether the request's body was sent to its end.
    sent: AtomicBool,
}

/// A place in a worker, for a request that is not begun.
struct Place<'a>(Option<&'a Worker>);

impl<'a> Place<'a> {
    fn enter(worker: &'a Worker) -> Option<Self> {
        worker.enter().ok().map(|()| Self(Some(worker)))
    }

    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(worker) = self.0 {
            worker.leave();
        }
    }
}

/// A request that was begun. Dropping it ends it.
struct Exchange {
    worker: Arc<Worker>,
    id: Uuid,
    connection: Option<Connection>,
    counts: Arc<Counts>,
    began: Instant,
    queue: Duration,
    status: Option<u16>,
    failure: Option<Failure>,
    /// The connection broke off: the worker's end says why.
    is_broken: bool,
    is_complete: bool,
    ended: Option<Ended>,
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if self.is_complete
            && self.counts.sent.load(Relaxed)
            && let Some(connection) = self.connection.take()
        {
            self.worker.give(connection);
        }
        let Some(ended) = self.ended.take() else {
            return;
        };
        let is_broken = self.is_broken && self.failure.is_none();
        let ending = Ending {
            aborted: !self.is_complete && self.failure.is_none() && !is_broken,
            failure: self.failure.take(),
            is_broken,
            status: self.status,
            bytes_in: self.counts.bytes_in.load(Relaxed),
            bytes_out: self.counts.bytes_out.load(Relaxed),
            queue: self.queue,
            run: self.began.elapsed().saturating_sub(self.queue),
        };
        self.worker.end(self.id, ending, ended);
    }
}

impl Exchange {
    /// Ends it without an answer.
    async fn fail(mut self, failure: Failure) -> Called {
        let (sender, receiver) = oneshot::channel();
        self.failure = Some(failure.clone());
        self.ended = Some(Box::new(move |end| {
            let _ = sender.send(end);
        }));
        drop(self);
        Called::Failed(receiver.await.unwrap_or_else(|_| WebEnd::nothing(failure)))
    }
}

/// Gives a request to a worker.
pub(crate) async fn call(
    worker: &Arc<Worker>,
    mut request: WebRequest,
    asking: &Asking,
    ended: Ended,
    began: Instant,
) -> Called {
    let Some(place) = Place::enter(worker) else {
        return Called::Again(request, ended);
    };
    let upgrade = request.headers().contains_key(UPGRADE);
    let mut connection = match worker.connection(upgrade).await {
        Ok(connection) => connection,
        Err(_) if worker.load().is_none() => return Called::Again(request, ended),
        Err(failure) => return Called::Failed(WebEnd::nothing(failure)),
    };
    let client = upgrade.then(|| hyper::upgrade::on(&mut request));
    let counts = Arc::new(Counts::default());
    let request = request.map(|body| counted(body, &counts));
    let id = worker.begin(&mut connection, asking.host.clone(), asking.depth);
    place.keep();
    let sending = connection.sender.try_send_request(request);
    let mut exchange = Exchange {
        worker: Arc::clone(worker),
        id,
        connection: Some(connection),
        counts,
        began,
        queue: began.elapsed(),
        status: None,
        failure: None,
        is_broken: false,
        is_complete: false,
        ended: Some(ended),
    };
    let signs = worker.signs();
    let answer = match timeout(worker.wall, sending).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(mut error)) => {
            if let (Some(request), Some(ended)) = (error.take_message(), exchange.ended.take()) {
                worker.forget(id);
                worker.leave();
                return Called::Again(request, ended);
            }
            let failure = worker.lost().await;
            return exchange.fail(failure).await;
        }
        Err(_) => {
            if worker.signs() == signs {
                // It may never be heard of again.
                worker.drain();
            }
            let limit = worker.wall;
            return exchange.fail(Failure::TimeLimit { limit }).await;
        }
    };
    worker.sign();
    if answer.headers().contains_key(FAILED) {
        let failure = failure_of(worker, id).await;
        // The answer has no body, and the guest takes more requests.
        exchange.is_complete = true;
        return exchange.fail(failure).await;
    }
    exchange.status = Some(answer.status().as_u16());
    Called::Answered(passed(answer, exchange, client))
}

async fn failure_of(worker: &Worker, id: Uuid) -> Failure {
    let said = worker.why(id).await;
    said.and_then(|payload| ending::failure(&payload, &worker.paths, worker.memory_bytes))
        .unwrap_or_else(|| broken("it says that the program failed, and not how"))
}

/// An answer as it goes on to whoever asked.
fn passed(
    answer: Response<Incoming>,
    mut exchange: Exchange,
    client: Option<OnUpgrade>,
) -> WebAnswer {
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS
        && let Some(client) = client
    {
        let mut answer = answer;
        let guest = hyper::upgrade::on(&mut answer);
        // It is no connection for requests any more.
        exchange.connection = None;
        tokio::spawn(tunnel(client, guest, exchange));
        return answer.map(|_| AnswerBody {
            inner: None,
            exchange: None,
            silence: None,
        });
    }
    answer.map(|inner| AnswerBody {
        inner: Some(inner),
        exchange: Some(exchange),
        silence: None,
    })
}

/// The body of a program's answer.
pub struct AnswerBody {
    inner: Option<Incoming>,
    exchange: Option<Exchange>,
    silence: Option<Pin<Box<Sleep>>>,
}

impl std::fmt::Debug for AnswerBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AnswerBody")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let (Some(inner), Some(exchange)) = (&mut this.inner, &mut this.exchange) else {
            return Poll::Ready(None);
        };
        match Pin::new(inner).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                this.silence = None;
                exchange.worker.sign();
                let bytes = frame.data_ref().map_or(0, Bytes::len) as u64;
                exchange.counts.bytes_out.fetch_add(bytes, Relaxed);
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                exchange.is_broken = true;
                Poll::Ready(Some(Err(error.into())))
            }
            Poll::Ready(None) => {
                exchange.is_complete = true;
                Poll::Ready(None)
            }
            Poll::Pending => {
                let silence = this.silence.get_or_insert_with(|| Box::pin(sleep(SILENCE)));
                if silence.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                let failure = Failure::TimeLimit { limit: SILENCE };
                let error = failure.to_string();
                exchange.failure = Some(failure);
                Poll::Ready(Some(Err(error.into())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let inner = self.inner.as_ref();
        inner.map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        if self.is_end_stream()
            && let Some(exchange) = &mut self.exchange
        {
            exchange.is_complete = true;
        }
    }
}

/// A request's body, counted.
struct Counted {
    inner: WebBody,
    counts: Arc<Counts>,
}

fn counted(body: WebBody, counts: &Arc<Counts>) -> WebBody {
    if body.is_end_stream() {
        counts.sent.store(true, Relaxed);
        return body;
    }
    Counted {
        inner: body,
        counts: Arc::clone(counts),
    }
    .boxed_unsync()
}

impl Body for Counted {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len) as u64;
                self.counts.bytes_in.fetch_add(bytes, Relaxed);
            }
            Poll::Ready(None) => self.counts.sent.store(true, Relaxed),
            _ => {}
        }
        if self.inner.is_end_stream() {
            self.counts.sent.store(true, Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Bytes both ways, uninterpreted, until both ends are closed or nothing moves for too long.
async fn tunnel(client: OnUpgrade, guest: OnUpgrade, mut exchange: Exchange) {
    if let Ok((client, guest)) = tokio::try_join!(client, guest) {
        splice(client, guest, Arc::clone(&exchange.counts)).await;
    }
    exchange.is_complete = true;
}

async fn splice(client: Upgraded, guest: Upgraded, counts: Arc<Counts>) {
    let (client_reads, client_writes) = split(TokioIo::new(client));
    let (guest_reads, guest_writes) = split(TokioIo::new(guest));
    let moved = AtomicU64::new(0);
    let there = pump(client_reads, guest_writes, &counts.bytes_in, &moved);
    let back = pump(guest_reads, client_writes, &counts.bytes_out, &moved);
    // Whatever broke it, both have heard of it.
    let _ = tokio::try_join!(there, back);
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    bytes: &AtomicU64,
    moved: &AtomicU64,
) -> std::io::Result<()> {
    let mut buffer = vec![0; PUMP_BYTES];
    loop {
        let before = moved.load(Relaxed);
        let count = match timeout(SILENCE, from.read(&mut buffer)).await {
            Ok(count) => count?,
            Err(_) if moved.load(Relaxed) != before => continue,
            Err(_) => return Err(std::io::ErrorKind::TimedOut.into()),
        };
        if count == 0 {
            return to.shutdown().await;
        }
        moved.fetch_add(1, Relaxed);
        bytes.fetch_add(count as u64, Relaxed);
        to.write_all(&buffer[..count]).await?;
    }
}
