//! What a connection to an origin may carry beyond what reaches a guest.
//!
//! An account counts what a guest gets. Padding, pings, unknown frames and interim answers reach nobody, so an origin could
//! send them without end. A connection that brings too much of them is closed.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::limits::{SLACK_BYTES, SLACK_BYTES_PER_FRAME, SLACK_BYTES_PER_REQUEST};

/// The bytes that a connection may still carry.
#[derive(Debug)]
pub(crate) struct Slack(AtomicI64);

impl Slack {
    pub(crate) fn new() -> Self {
        Self(AtomicI64::new(SLACK_BYTES))
    }

    pub(crate) fn for_request(&self) {
        self.0.fetch_add(SLACK_BYTES_PER_REQUEST, Relaxed);
    }

    /// Bytes that reached a guest: they were paid for, and came with some framing.
    pub(crate) fn for_bytes(&self, bytes: usize) {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX / 4);
        self.0.fetch_add(2 * bytes + SLACK_BYTES_PER_FRAME, Relaxed);
    }

    fn spend(&self, bytes: usize) -> io::Result<()> {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX / 4);
        if self.0.fetch_sub(bytes, Relaxed) < bytes {
            return Err(io::Error::other("it sends too much that is no answer"));
        }
        Ok(())
    }
}

/// A connection whose slack is watched.
#[derive(Debug)]
pub(crate) struct Watched<S> {
    stream: S,
    slack: Arc<Slack>,
}

impl<S> Watched<S> {
    pub(crate) fn new(stream: S, slack: Arc<Slack>) -> Self {
        Self { stream, slack }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        Poll::Ready(self.slack.spend(buffer.filled().len() - before))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
