//! The host's end of the connection to a guest.

use std::io;

use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use uuid::Uuid;

use crate::frame::{Decoder, Frame, FrameError, Key, ToGuest, encode};

/// Why nothing more comes from a guest.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ControlError {
    #[error("it closed its connection")]
    Closed,
    #[error("{0}")]
    Frame(#[from] FrameError),
}

/// A connection to a guest.
#[derive(Debug)]
pub(crate) struct Control {
    stream: UnixStream,
    key: Key,
    decoder: Decoder,
    out: Vec<u8>,
}

impl Control {
    pub(crate) fn new(stream: UnixStream, key: Key) -> Self {
        Self {
            stream,
            key,
            decoder: Decoder::new(key),
            out: Vec::new(),
        }
    }

    /// Adds a frame to what [`Self::flush`] sends.
    pub(crate) fn push(
        &mut self,
        kind: ToGuest,
        run: Uuid,
        write: impl FnOnce(&mut Vec<u8>) -> serde_json::Result<()>,
    ) -> serde_json::Result<()> {
        encode(&mut self.out, kind, &self.key, run, write)
    }

    /// Sends what was added.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        self.stream.write_all(&self.out).await?;
        self.out.clear();
        Ok(())
    }

    /// The guest's next frame. Nothing is lost if the future is dropped.
    pub(crate) async fn next(&mut self) -> Result<Frame, ControlError> {
        loop {
            if let Some(frame) = self.decoder.next()? {
                return Ok(frame);
            }
            self.stream
                .readable()
                .await
                .map_err(|_| ControlError::Closed)?;
            match self.stream.try_read_buf(self.decoder.space()) {
                Ok(0) => return Err(ControlError::Closed),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return Err(ControlError::Closed),
            }
        }
    }
}
