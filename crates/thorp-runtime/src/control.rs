//! The host's end of the connection to a guest.

use std::io;

use tokio::io::Interest;
use tokio::net::UnixStream;
use uuid::Uuid;

use crate::frame::{Decoder, Frame, FrameError, Key, ToGuest, encode};
use crate::limits;

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
    /// How much of it the guest has.
    sent: usize,
}

impl Control {
    pub(crate) fn new(stream: UnixStream, key: Key) -> Self {
        Self {
            stream,
            key,
            decoder: Decoder::new(key),
            out: Vec::new(),
            sent: 0,
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

    /// Sends what was added. If the future is dropped, the next call goes on.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        while self.sent < self.out.len() {
            match self.stream.try_write(&self.out[self.sent..]) {
                Ok(bytes) => self.sent += bytes,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.stream.writable().await?;
                }
                Err(error) => return Err(error),
            }
        }
        // A worker must not hold the room of its largest run.
        self.out = Vec::new();
        self.sent = 0;
        Ok(())
    }

    /// Whether nothing has come that was not asked for.
    pub(crate) fn is_silent(&mut self) -> bool {
        let read = self.stream.try_read_buf(self.decoder.space());
        self.decoder.is_empty()
            && read.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Whether there is room for more answers.
    pub(crate) fn has_room(&self) -> bool {
        self.out.len() < limits::UNREAD_BYTES_MAX
    }

    /// Sends of what was added as much as the guest takes now.
    fn send_some(&mut self) -> Result<(), ControlError> {
        while self.sent < self.out.len() {
            match self.stream.try_write(&self.out[self.sent..]) {
                Ok(bytes) => self.sent += bytes,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(_) => return Err(ControlError::Closed),
            }
        }
        if self.sent > 0 {
            self.out = Vec::new();
            self.sent = 0;
        }
        Ok(())
    }

    /// A frame that has come, if one has.
    pub(crate) fn try_next(&mut self) -> Result<Option<Frame>, ControlError> {
        loop {
            if let Some(frame) = self.decoder.next()? {
                return Ok(Some(frame));
            }
            match self.stream.try_read_buf(self.decoder.space()) {
                Ok(0) => return Err(ControlError::Closed),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(_) => return Err(ControlError::Closed),
            }
        }
    }

    /// The guest's next frame; what was added is sent meanwhile. Nothing is lost if the future is dropped.
    pub(crate) async fn next(&mut self) -> Result<Frame, ControlError> {
        loop {
            if let Some(frame) = self.decoder.next()? {
                return Ok(frame);
            }
            self.send_some()?;
            let interest = match self.out.is_empty() {
                true => Interest::READABLE,
                false => Interest::READABLE | Interest::WRITABLE,
            };
            self.stream
                .ready(interest)
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

#[cfg(test)]
mod tests {
    use tokio::net::UnixStream;
    use uuid::Uuid;

    use super::{Control, ToGuest};
    use crate::limits::{CALL_BYTES_MAX, UNREAD_BYTES_MAX};

    #[tokio::test]
    async fn a_guest_that_does_not_read_has_so_much_waiting() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let mut control = Control::new(ours, [7; 16]);
        let mut answers = 0;
        while control.has_room() {
            let answer = |out: &mut Vec<u8>| {
                out.resize(out.len() + CALL_BYTES_MAX, b'x');
                Ok(())
            };
            control.push(ToGuest::Answer, Uuid::nil(), answer).unwrap();
            control.send_some().unwrap();
            answers += 1;
        }
        assert_eq!(answers, UNREAD_BYTES_MAX / CALL_BYTES_MAX);
        // One that reads again has room again.
        let reading = tokio::spawn(async move {
            let mut read = 0;
            while read < UNREAD_BYTES_MAX {
                theirs.readable().await.unwrap();
                read += theirs.try_read(&mut [0; 65_536]).unwrap_or_default();
            }
        });
        control.flush().await.unwrap();
        assert!(control.has_room());
        reading.await.unwrap();
    }
}
