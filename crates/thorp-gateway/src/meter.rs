//! Bodies and connections whose bytes are counted as they pass, never held.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::denial::Code;
use crate::ledger::{Exchange, Open, OverBudget, Way};
use crate::pulse::Pulse;
use crate::slack::Slack;
use crate::upload::Upload;

/// Why a body ends early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    #[error(transparent)]
    OverBudget(#[from] OverBudget),
    #[error(transparent)]
    Broken(#[from] hyper::Error),
}

/// A body that is passed on.
#[derive(Debug)]
pub(crate) struct Metered<B> {
    body: B,
    way: Way,
    exchange: Arc<Exchange>,
    pulse: Arc<Pulse>,
    /// An answer's body ends its exchange, and gives its connection slack.
    answer: Option<(Open, Arc<Slack>)>,
}

impl Metered<Upload> {
    pub(crate) fn request(body: Upload, exchange: Arc<Exchange>, pulse: Arc<Pulse>) -> Self {
        Self {
            body,
            way: Way::Out,
            exchange,
            pulse,
            answer: None,
        }
    }
}

impl Metered<Incoming> {
    pub(crate) fn answer(body: Incoming, open: Open, slack: Arc<Slack>, pulse: Arc<Pulse>) -> Self {
        Self {
            body,
            way: Way::In,
            exchange: open.exchange.clone(),
            pulse,
            answer: Some((open, slack)),
        }
    }
}

impl<B> Metered<B> {
    fn pass(&self, frame: Frame<Bytes>) -> Option<Result<Frame<Bytes>, BodyError>> {
        // Trailers end here: `fetch` doesn't show them, and they could carry what was stripped from the headers.
        let data = frame.into_data().ok()?;
        self.pulse.beat();
        if let Some((_, slack)) = &self.answer {
            slack.for_bytes(data.len());
        }
        Some(match self.exchange.count(self.way, data.len()) {
            Ok(()) => Ok(Frame::data(data)),
            Err(over) => Err(over.into()),
        })
    }
}

impl<B: Body<Data = Bytes, Error = hyper::Error> + Unpin> Body for Metered<B> {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        Poll::Ready(match ready!(Pin::new(&mut self.body).poll_frame(context)) {
            Some(Ok(frame)) => self.pass(frame),
            Some(Err(error)) => {
                if self.way == Way::In {
                    self.exchange.deny(Code::Upstream);
                }
                Some(Err(error.into()))
            }
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A connection to an origin whose bytes are counted. Its record ends when it is dropped.
#[derive(Debug)]
pub struct Counted<S> {
    stream: S,
    open: Open,
    slack: Arc<Slack>,
    pulse: Arc<Pulse>,
}

impl<S> Counted<S> {
    pub(crate) fn new(stream: S, open: Open, slack: Arc<Slack>, pulse: Arc<Pulse>) -> Self {
        Self {
            stream,
            open,
            slack,
            pulse,
        }
    }

    pub(crate) fn exchange(&self) -> Arc<Exchange> {
        self.open.exchange.clone()
    }

    pub(crate) fn pulse(&self) -> Arc<Pulse> {
        self.pulse.clone()
    }

    fn count(&self, way: Way, bytes: usize) -> io::Result<()> {
        self.pulse.beat();
        let counted = self.open.exchange.count(way, bytes);
        counted.map_err(|over| io::Error::new(io::ErrorKind::QuotaExceeded, over))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let read = buffer.filled().len() - before;
        self.slack.for_bytes(read);
        Poll::Ready(
            self.count(Way::In, read)
                .inspect_err(|_| buffer.set_filled(before)),
        )
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        // What was written beyond the budget is known only after; nothing follows it.
        if self.open.exchange.denial() == Some(Code::Quota) {
            return Poll::Ready(Err(io::ErrorKind::QuotaExceeded.into()));
        }
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        Poll::Ready(self.count(Way::Out, written).map(|()| written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
