//! The signals to stop, counted.

use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Knows how often the process was told to stop.
pub(crate) struct Signals(watch::Receiver<u32>);

impl Signals {
    /// Begins to count `SIGINT`, `SIGTERM` and `SIGHUP`, which would end the process without it.
    pub(crate) fn catch() -> io::Result<Self> {
        let (count, counted) = watch::channel(0);
        let kinds = [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::hangup(),
        ];
        let [interrupt, terminate, hangup] = kinds.map(signal);
        tokio::spawn(tally([interrupt?, terminate?, hangup?], count));
        Ok(Self(counted))
    }

    /// Until the first signal.
    pub(crate) async fn first(&self) {
        self.reached(1).await;
    }

    /// Until the second signal.
    pub(crate) async fn second(&self) {
        self.reached(2).await;
    }

    async fn reached(&self, count: u32) {
        let mut counted = self.0.clone();
        if counted.wait_for(|&so_far| so_far >= count).await.is_err() {
            // Nobody counts any more: no signal will come.
            std::future::pending::<()>().await;
        }
    }
}

async fn tally([mut interrupt, mut terminate, mut hangup]: [Signal; 3], count: watch::Sender<u32>) {
    loop {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
        count.send_modify(|so_far| *so_far += 1);
    }
}
