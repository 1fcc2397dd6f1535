//! One connection of a guest: HTTP/1.1 requests one after the other.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};

use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::UnixStream;

use crate::denial::{Code, Denial};
use crate::door::DoorState;
use crate::headers;
use crate::ledger::Exchange;
use crate::limits;
use crate::pulse::Pulse;
use crate::relay::{Answer, Relay};
use crate::target::Target;
use crate::upload::Upload;
use crate::websocket::Splice;

/// A connection's state.
struct Line {
    door: Arc<DoorState>,
    pulse: Arc<Pulse>,
    /// What the connection is busy with, for the record if it is cut.
    current: Mutex<Option<Arc<Exchange>>>,
    /// What the connection becomes when it is no longer HTTP.
    splice: Mutex<Option<Splice>>,
}

/// Serves a connection until its end.
pub(crate) async fn serve(door: Arc<DoorState>, stream: UnixStream) {
    let limits = door.shared.limits.clone();
    let line = Arc::new(Line {
        door,
        pulse: Arc::new(Pulse::new()),
        current: Mutex::default(),
        splice: Mutex::default(),
    });
    let service = service_fn(|request| {
        let line = line.clone();
        async move { Ok::<_, Infallible>(line.answer(request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.guest_head)
        .max_buf_size(limits::READ_BUFFER_BYTES_MAX)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    // How else it ended is the guest's business.
    if line
        .pulse
        .watch(limits.idle, connection.as_mut())
        .await
        .is_none()
    {
        line.note_cut();
        return;
    }
    let splice = take(&line.splice);
    if let Some(splice) = splice {
        splice.run(&line.pulse, limits.idle).await;
    }
}

impl Line {
    fn note_cut(&self) {
        if let Some(exchange) = take(&self.current).filter(|exchange| !exchange.has_ended()) {
            exchange.deny(Code::Timeout);
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> Answer {
        self.pulse.beat();
        let mut answer = match self.admit(request.map(Upload::new)).await {
            Ok(answer) => answer,
            Err(denial) => denial.response().map(|body| Either::Right(Full::new(body))),
        };
        let closes = self.door.is_crowded() || !self.door.counts();
        if closes && answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            let close = HeaderValue::from_static("close");
            answer.headers_mut().insert(CONNECTION, close);
        }
        answer
    }

    /// What a request must pass before it is relayed.
    async fn admit(&self, request: Request<Upload>) -> Result<Answer, Denial> {
        let ledger = self.door.ledger()?;
        ledger.take_request()?;
        let mut target = read(&request).inspect_err(|_| ledger.drop_one())?;
        let sites = self.door.shared.sites.get();
        if let Some(sites) = sites.filter(|sites| sites.has(&target.destination)) {
            target.tls = false;
            target.site = Some((sites.at, self.door.depth.load(Relaxed)));
        }
        let place = self.door.place().await.inspect_err(|_| ledger.drop_one())?;
        let method = request.method().as_str();
        let open = ledger.open(method, target.scheme(), &target.destination, place);
        let exchange = open.exchange.clone();
        put(&self.current, exchange.clone());
        let relay = Relay {
            shared: &self.door.shared,
            pulse: &self.pulse,
            target: &target,
            exchange: &exchange,
        };
        let relayed = relay.run(request, open).await;
        let (answer, splice) = relayed.inspect_err(|denial| exchange.refuse(denial))?;
        if let Some(splice) = splice {
            put(&self.splice, splice);
        }
        Ok(answer)
    }
}

fn read(request: &Request<Upload>) -> Result<Target, Denial> {
    let target = Target::read(request.method(), request.uri())?;
    headers::check(request.headers())?;
    Ok(target)
}

fn put<T>(place: &Mutex<Option<T>>, value: T) {
    *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
}

fn take<T>(place: &Mutex<Option<T>>) -> Option<T> {
    place.lock().unwrap_or_else(PoisonError::into_inner).take()
}
