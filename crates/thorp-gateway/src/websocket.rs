//! A guest's connection that has become a WebSocket: bytes both ways, uninterpreted.

use std::sync::Arc;
use std::time::Duration;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

use crate::denial::Code;
use crate::ledger::Open;
use crate::meter::Counted;
use crate::pulse::Pulse;
use crate::slack::Slack;

/// Two ends that are to be joined.
#[derive(Debug)]
pub(crate) struct Splice {
    guest: OnUpgrade,
    origin: OnUpgrade,
    open: Open,
    slack: Arc<Slack>,
}

impl Splice {
    pub(crate) fn new(guest: OnUpgrade, origin: OnUpgrade, open: Open, slack: Arc<Slack>) -> Self {
        Self {
            guest,
            origin,
            open,
            slack,
        }
    }

    /// Until both ends are closed, one breaks, the budget is used up, or nothing moves for as long as `idle`.
    pub(crate) async fn run(self, pulse: &Arc<Pulse>, idle: Duration) {
        let exchange = self.open.exchange.clone();
        let splicing = async {
            let (guest, origin) = tokio::try_join!(self.guest, self.origin).ok()?;
            let origin = TokioIo::new(origin);
            let mut origin = Counted::new(origin, self.open, self.slack, pulse.clone());
            copy_bidirectional(&mut TokioIo::new(guest), &mut origin)
                .await
                .ok()
        };
        if pulse.watch(idle, splicing).await.is_none() {
            exchange.deny(Code::Timeout);
        }
    }
}
