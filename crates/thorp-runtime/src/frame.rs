//! The frames between host and guest, as bytes. Pure.
//!
//! `u32` length of what follows, `u8` kind, 16 bytes of key, 16 bytes of run id, payload; little-endian. What the guest
//! sends is the word of a stranger: a frame that is not like this ends the sandbox.

use uuid::Uuid;

use crate::limits;

/// The secret of a sandbox, which every frame carries.
pub(crate) type Key = [u8; 16];

const LENGTH_BYTES: usize = 4;
const KEY_AT: usize = 5;
const RUN_AT: usize = 21;
const HEADER_BYTES: usize = 37;
const REST_BYTES: usize = HEADER_BYTES - LENGTH_BYTES;
const READ_BYTES: usize = 64 << 10;

/// What a frame to the guest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum ToGuest {
    /// Here is the key.
    Hello = 1,
    /// Run this program.
    Run = 2,
    /// Give up what only the boot needs.
    Seal = 3,
    /// The answer to a call: JSON text.
    Answer = 4,
    /// Load what answering web requests needs.
    Preload = 5,
    /// Load this program, which answers web requests.
    Serve = 6,
    /// Connect once more.
    Connect = 7,
}

/// What a frame from the guest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FromGuest {
    /// Sealed, and ready for a program.
    Ready,
    /// A log line: a byte for its level, then its text.
    Log,
    /// More was logged than is sent.
    LogsTruncated,
    /// The run's value, as JSON text.
    Value,
    /// The run's value is `undefined`.
    Undefined,
    /// The run has no value; a JSON object says why.
    Failure,
    /// After the end of this run, its program may be called again.
    Again,
    /// Foreign code asked for something in vain: JSON text.
    Denied,
    /// The program is loaded, and answers web requests.
    Serving,
    /// The run does not end with its answer.
    Kept,
    /// What it did not end before is done.
    Done,
    /// What the run wrote, if it ends well: JSON text.
    Writes,
    /// Something is asked of the host: JSON text.
    Call,
}

impl FromGuest {
    fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            16 => Self::Ready,
            17 => Self::Log,
            18 => Self::LogsTruncated,
            19 => Self::Value,
            20 => Self::Undefined,
            21 => Self::Failure,
            22 => Self::Again,
            23 => Self::Denied,
            24 => Self::Kept,
            25 => Self::Done,
            26 => Self::Writes,
            27 => Self::Call,
            28 => Self::Serving,
            _ => return None,
        })
    }

    fn payload_bytes_max(self) -> usize {
        match self {
            Self::Ready
            | Self::LogsTruncated
            | Self::Undefined
            | Self::Again
            | Self::Serving
            | Self::Kept
            | Self::Done => 0,
            Self::Log => 1 + limits::LOG_BYTES_MAX,
            Self::Value => limits::RESULT_BYTES_MAX,
            Self::Writes => limits::WRITES_BYTES_MAX,
            Self::Call => limits::CALL_BYTES_MAX,
            Self::Denied => limits::DENIED_BYTES_MAX,
            Self::Failure => limits::FAILURE_BYTES_MAX,
        }
    }
}

/// A frame from the guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: FromGuest,
    pub(crate) run: Uuid,
    pub(crate) payload: Vec<u8>,
}

/// How a guest's bytes were wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("it sent a frame of an impossible length")]
    Length,
    #[error("it sent a frame of an unknown kind")]
    Kind,
    #[error("it sent a frame without its key")]
    Key,
}

/// Appends a frame whose payload `write` appends.
pub(crate) fn encode<E>(
    buffer: &mut Vec<u8>,
    kind: ToGuest,
    key: &Key,
    run: Uuid,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    let start = buffer.len();
    buffer.extend_from_slice(&[0; LENGTH_BYTES]);
    buffer.push(kind as u8);
    buffer.extend_from_slice(key);
    buffer.extend_from_slice(run.as_bytes());
    write(buffer)?;
    // What is sent is bounded far below 4 GiB.
    let length = u32::try_from(buffer.len() - start - LENGTH_BYTES).unwrap_or(u32::MAX);
    buffer[start..start + LENGTH_BYTES].copy_from_slice(&length.to_le_bytes());
    Ok(())
}

/// Makes frames of bytes as they come. Holds at most one frame of the largest kind and one read.
#[derive(Debug)]
pub(crate) struct Decoder {
    key: Key,
    bytes: Vec<u8>,
}

impl Decoder {
    pub(crate) fn new(key: Key) -> Self {
        Self {
            key,
            bytes: Vec::new(),
        }
    }

    /// Where the next bytes are to be appended.
    pub(crate) fn space(&mut self) -> &mut Vec<u8> {
        self.bytes.reserve(READ_BYTES);
        &mut self.bytes
    }

    /// Whether all that came was taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The next whole frame, if there is one.
    pub(crate) fn next(&mut self) -> Result<Option<Frame>, FrameError> {
        let Some(header) = self.bytes.first_chunk::<HEADER_BYTES>() else {
            return Ok(None);
        };
        let (kind, payload_bytes) = self.check(header)?;
        let end = HEADER_BYTES + payload_bytes;
        if self.bytes.len() < end {
            return Ok(None);
        }
        let mut run = [0; 16];
        run.copy_from_slice(&header[RUN_AT..]);
        let payload = self.bytes[HEADER_BYTES..end].to_vec();
        self.bytes.drain(..end);
        if self.bytes.is_empty() {
            // A worker must not hold the room of its largest run.
            self.bytes.shrink_to(READ_BYTES);
        }
        Ok(Some(Frame {
            kind,
            run: Uuid::from_bytes(run),
            payload,
        }))
    }

    fn check(&self, header: &[u8; HEADER_BYTES]) -> Result<(FromGuest, usize), FrameError> {
        if header[KEY_AT..RUN_AT] != self.key {
            return Err(FrameError::Key);
        }
        let kind = FromGuest::from_byte(header[LENGTH_BYTES]).ok_or(FrameError::Kind)?;
        let length = u32::from_le_bytes([header[0], header[1], header[2], header[3]]) as usize;
        let payload_bytes = length.checked_sub(REST_BYTES).ok_or(FrameError::Length)?;
        if payload_bytes > kind.payload_bytes_max() {
            return Err(FrameError::Length);
        }
        Ok((kind, payload_bytes))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::{Decoder, FrameError, HEADER_BYTES, ToGuest, encode};
    use crate::frame::FromGuest;
    use uuid::Uuid;

    const KEY: [u8; 16] = *b"0123456789abcdef";
    const RUN: Uuid = Uuid::from_u128(7);

    fn bytes(kind: u8, key: &[u8; 16], payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let write = |buffer: &mut Vec<u8>| {
            buffer.extend_from_slice(payload);
            Ok::<_, Infallible>(())
        };
        encode(&mut bytes, ToGuest::Run, key, RUN, write).unwrap();
        bytes[4] = kind;
        bytes
    }

    fn check(bytes: &[u8], expected: Result<&[(FromGuest, &[u8])], FrameError>) {
        let mut decoder = Decoder::new(KEY);
        let mut frames = Vec::new();
        let mut error = None;
        // Byte by byte: no cut of the stream may make a difference.
        'bytes: for byte in bytes {
            decoder.space().push(*byte);
            loop {
                match decoder.next() {
                    Ok(Some(frame)) => {
                        assert_eq!(frame.run, RUN);
                        frames.push((frame.kind, frame.payload));
                    }
                    Ok(None) => break,
                    Err(found) => {
                        error = Some(found);
                        break 'bytes;
                    }
                }
            }
        }
        let frames: Vec<_> = frames
            .iter()
            .map(|(kind, payload)| (*kind, payload.as_slice()))
            .collect();
        assert_eq!(error.map_or(Ok(frames.as_slice()), Err), expected);
    }

    #[test]
    fn frames_come_whole() {
        let mut two = bytes(17, &KEY, b"\x01hello");
        two.extend(bytes(20, &KEY, b""));
        check(
            &two,
            Ok(&[(FromGuest::Log, b"\x01hello"), (FromGuest::Undefined, b"")]),
        );
        check(&two[..HEADER_BYTES + 3], Ok(&[]));
    }

    #[test]
    fn wrong_frames_are_errors() {
        check(&bytes(17, b"0123456789abcdeX", b"x"), Err(FrameError::Key));
        check(&bytes(99, &KEY, b"x"), Err(FrameError::Kind));
        check(&bytes(2, &KEY, b"x"), Err(FrameError::Kind));
        check(&bytes(20, &KEY, b"x"), Err(FrameError::Length));
    }

    #[test]
    fn a_length_is_believed_only_within_its_kinds_bound() {
        for length in [0_u32, 32, 9 << 20, u32::MAX] {
            let mut frame = bytes(19, &KEY, b"");
            frame[..4].copy_from_slice(&length.to_le_bytes());
            check(&frame, Err(FrameError::Length));
        }
    }
}
