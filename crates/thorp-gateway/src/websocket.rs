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

/// Two ends that are to be joined.
#[derive(Debug)]
pub(crate) struct Splice {
    guest: OnUpgrade,
    origin: OnUpgrade,
    open: Open,
}

impl Splice {
    pub(crate) fn new(guest: OnUpgrade, origin: OnUpgrade, open: Open) -> Self {
        Self {
            guest,
            origin,
            open,
        }
    }

    /// Until both ends are closed, one breaks, the budget is used up, or nothing moves for as long as `idle`.
    pub(crate) async fn run(self, pulse: &Arc<Pulse>, idle: Duration) {
        let exchange = self.open.exchange.clone();
        let splicing = async {
            let (guest, origin) = tokio::try_join!(self.guest, self.origin).ok()?;
            let origin = Counted::new(TokioIo::new(origin), self.open, pulse.clone());
            let mut origin = origin;
            copy_bidirectional(&mut TokioIo::new(guest), &mut origin)
                .await
                .ok()
        };
        if pulse.watch(idle, splicing).await.is_none() {
            exchange.deny(Code::Timeout);
        }
    }
}
