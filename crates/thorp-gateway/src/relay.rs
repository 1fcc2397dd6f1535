//! One request to its origin, and the answer back.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::TrySendError;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode};

use crate::denial::{Code, Denial};
use crate::gateway::Shared;
use crate::headers;
use crate::ledger::{Exchange, Open, OverBudget, Way};
use crate::meter::Metered;
use crate::pool::{Key, keep};
use crate::pulse::Pulse;
use crate::slack::Slack;
use crate::target::Target;
use crate::tls::Offer;
use crate::upload::Upload;
use crate::upstream::{Sender, watch_interim};
use crate::websocket::Splice;

/// An origin's body, or the gateway's own.
pub(crate) type Answer = Response<Either<Metered<Incoming>, Full<Bytes>>>;

/// A request that is let through.
pub(crate) struct Relay<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) pulse: &'a Arc<Pulse>,
    pub(crate) target: &'a Target,
    pub(crate) exchange: &'a Arc<Exchange>,
}

/// Why an attempt to send gave no answer.
enum Unsent {
    /// The connection was closed before the request was begun.
    NotBegun(Box<Request<Metered<Upload>>>, hyper::Error),
    Failed(Denial),
}

impl Relay<'_> {
    /// The answer, and what the connection is to become after it.
    pub(crate) async fn run(
        &self,
        mut request: Request<Upload>,
        open: Open,
    ) -> Result<(Answer, Option<Splice>), Denial> {
        let is_head = *request.method() == Method::HEAD;
        let bytes_out = headers::bytes(request.headers()) + self.target.path.as_str().len();
        self.exchange.count(Way::Out, bytes_out)?;
        let upgrade = wants_websocket(&request).then(|| hyper::upgrade::on(&mut request));
        let request = self.outgoing(request, upgrade.is_some());
        let (response, slack) = match upgrade {
            Some(_) => {
                let (response, sender) = self.send_fresh(request, Offer::H1).await?;
                (response, sender.slack)
            }
            None => self.send(request).await?,
        };
        self.pulse.beat();
        self.exchange
            .count(Way::In, headers::bytes(response.headers()))?;
        self.exchange.answered(response.status().as_u16());
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return self.switch(response, upgrade, open, slack);
        }
        let answer = incoming(response, is_head);
        let pulse = self.pulse.clone();
        let metered = |body| Either::Left(Metered::answer(body, open, slack, pulse));
        Ok((answer.map(metered), None))
    }

    fn switch(
        &self,
        mut response: Response<Incoming>,
        upgrade: Option<OnUpgrade>,
        open: Open,
        slack: Arc<Slack>,
    ) -> Result<(Answer, Option<Splice>), Denial> {
        let Some(guest) = upgrade.filter(|_| headers::names_websocket(response.headers())) else {
            return Err(self.fault("changed the protocol unasked"));
        };
        let splice = Splice::new(guest, hyper::upgrade::on(&mut response), open, slack);
        let mut answer = incoming(response, false).map(|_| Either::Right(Full::default()));
        headers::set_websocket(answer.headers_mut());
        Ok((answer, Some(splice)))
    }

    /// The request for the origin. Its address is written when it is known what the origin speaks.
    fn outgoing(&self, request: Request<Upload>, upgrades: bool) -> Request<Metered<Upload>> {
        let (head, body) = request.into_parts();
        let body = Metered::request(body, self.exchange.clone(), self.pulse.clone());
        let mut request = Request::new(body);
        *request.method_mut() = head.method;
        *request.headers_mut() = head.headers;
        headers::clean_request(request.headers_mut());
        if let Some((_, depth)) = self.target.site {
            headers::set_depth(request.headers_mut(), depth + 1);
        }
        if upgrades {
            headers::set_websocket(request.headers_mut());
        }
        request
    }

    /// Sends on a kept connection of the user, or on a new one that is then kept.
    async fn send(
        &self,
        mut request: Request<Metered<Upload>>,
    ) -> Result<(Response<Incoming>, Arc<Slack>), Denial> {
        let key = self.key();
        if let Some(mut sender) = self.exchange.user().pool.take(&key) {
            match self.attempt(&mut sender, request).await {
                Ok(response) => return Ok((response, self.keep_when_free(key, sender))),
                Err(Unsent::NotBegun(again, _)) => request = *again,
                Err(Unsent::Failed(denial)) => return Err(denial),
            }
        }
        let (response, sender) = self.send_fresh(request, Offer::Any).await?;
        Ok((response, self.keep_when_free(key, sender)))
    }

    async fn send_fresh(
        &self,
        request: Request<Metered<Upload>>,
        offer: Offer,
    ) -> Result<(Response<Incoming>, Sender), Denial> {
        let key = self.key();
        let user = self.exchange.user();
        let site = self.target.site.map(|(at, _)| at);
        let mut sender = Sender::connect(self.shared, user, &key, site, offer).await?;
        if let Some(shared) = sender.share() {
            keep(user, key, shared, self.shared.limits.pool_idle);
        }
        match self.attempt(&mut sender, request).await {
            Ok(response) => Ok((response, sender)),
            Err(Unsent::NotBegun(_, error)) => Err(self.broken(&error)),
            Err(Unsent::Failed(denial)) => Err(denial),
        }
    }

    async fn attempt(
        &self,
        sender: &mut Sender,
        mut request: Request<Metered<Upload>>,
    ) -> Result<Response<Incoming>, Unsent> {
        let flood = watch_interim(&mut request);
        let sending = async {
            tokio::select! {
                sent = sender.send(request, self.target) => sent.map_err(|error| self.unsent(error)),
                () = flood.notified() => {
                    Err(Unsent::Failed(self.fault("sent interim answers without end")))
                }
            }
        };
        let sent = self
            .pulse
            .watch(self.shared.limits.first_byte, sending)
            .await;
        sent.unwrap_or_else(|| {
            let host = self.target.destination.host();
            let message = format!("no answer from `{host}` in time");
            Err(Unsent::Failed(Denial::new(Code::Timeout, message)))
        })
    }

    fn unsent(&self, mut error: TrySendError<Request<Metered<Upload>>>) -> Unsent {
        match (error.take_message(), error.into_error()) {
            (Some(request), error) => Unsent::NotBegun(Box::new(request), error),
            (None, error) => Unsent::Failed(self.broken(&error)),
        }
    }

    /// The connection is free when the answer's body has ended. A shared one is in the pool already.
    fn keep_when_free(&self, key: Key, mut sender: Sender) -> Arc<Slack> {
        let slack = sender.slack.clone();
        if sender.is_shared() {
            return slack;
        }
        let user = self.exchange.user().clone();
        let idle = self.shared.limits.pool_idle;
        tokio::spawn(async move {
            if sender.is_free().await {
                keep(&user, key, sender, idle);
            }
        });
        slack
    }

    fn key(&self) -> Key {
        Key {
            tls: self.target.tls,
            destination: self.target.destination.clone(),
        }
    }

    /// A request whose body went over the budget fails as if its origin had; the account knows better.
    fn broken(&self, error: &hyper::Error) -> Denial {
        if self.exchange.denial() == Some(Code::Quota) {
            return OverBudget(Way::Out).into();
        }
        crate::upstream::broken(&self.target.destination, error)
    }

    fn fault(&self, what: &str) -> Denial {
        let host = self.target.destination.host();
        Denial::new(Code::Upstream, format!("`{host}` {what}"))
    }
}

fn wants_websocket(request: &Request<Upload>) -> bool {
    request.body().is_end_stream()
        && headers::wants_websocket(request.method(), request.version(), request.headers())
}

/// The answer for the guest.
fn incoming(response: Response<Incoming>, is_head: bool) -> Response<Incoming> {
    let (head, body) = response.into_parts();
    let mut answer = Response::new(body);
    *answer.status_mut() = head.status;
    *answer.headers_mut() = head.headers;
    headers::clean_answer(answer.headers_mut(), is_head);
    answer
}
