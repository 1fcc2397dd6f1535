//! The protocol of a compile worker: a process made for compiling, fed over a pipe.
//!
//! Frames are a length (`u32`, little endian) and that many bytes of JSON. The host writes
//! requests and reads replies, in order. This module owns no process: the host starts one
//! that calls [`serve`], and when it dies over a request (a stack that overflows aborts it),
//! the answer is [`Compiled::too_complex`].

use std::io::{self, Read, Write};
use std::thread;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::compile::compile;
use crate::compiled::Compiled;
use crate::diagnostic::{Diagnostic, code};
use crate::limits::{COMPILE_STACK_BYTES, FRAME_BYTES_MAX};
use crate::source::Source;

/// What the host asks. The id is of its choice and given back in the reply.
#[derive(Deserialize)]
struct Request {
    id: u64,
    source: Source,
}

/// The same, as it is written.
#[derive(Serialize)]
struct RequestOf<'s> {
    id: u64,
    source: &'s Source,
}

/// What the worker answers.
#[derive(Serialize, Deserialize)]
struct Reply {
    id: u64,
    compiled: Compiled,
}

/// Why a frame is no good.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// More than [`FRAME_BYTES_MAX`].
    #[error("a frame of {0} bytes is more than the {FRAME_BYTES_MAX} allowed")]
    TooLarge(usize),
    /// Not the JSON that is expected.
    #[error("a frame cannot be read or written as JSON")]
    Json(#[from] serde_json::Error),
}

/// Answers requests until `reader` ends. Compiles on a thread of its own, whose stack is
/// [`COMPILE_STACK_BYTES`].
///
/// # Errors
/// When reading or writing fails, or a request is malformed.
pub fn serve<R: Read + Send, W: Write + Send>(reader: R, writer: W) -> io::Result<()> {
    thread::scope(|scope| {
        let thread = thread::Builder::new()
            .name("compile".to_owned())
            .stack_size(COMPILE_STACK_BYTES)
            .spawn_scoped(scope, || answer_all(reader, writer))?;
        let died = || io::Error::other("the compile thread panicked");
        thread.join().unwrap_or_else(|_| Err(died()))
    })
}

fn answer_all(mut reader: impl Read, mut writer: impl Write) -> io::Result<()> {
    while let Some(frame) = read_frame(&mut reader)? {
        let request: Request = decode(&frame).map_err(invalid)?;
        let reply = answer(&request).map_err(invalid)?;
        writer.write_all(&reply)?;
        writer.flush()?;
    }
    Ok(())
}

fn answer(request: &Request) -> Result<Vec<u8>, FrameError> {
    let Request { id, source } = request;
    let reply = |compiled| encode(&Reply { id: *id, compiled });
    match reply(compile(source)) {
        Err(FrameError::TooLarge(_)) => {
            let message = "the compiled program is too large";
            let diagnostic = Diagnostic::of_file(code::TOO_LARGE, &source.entry, message);
            reply(Compiled::failed(source, vec![diagnostic]))
        }
        other => other,
    }
}

fn invalid(error: FrameError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// The frame, its length in front, that asks for `source`. The reply bears the same `id`.
///
/// # Errors
/// [`FrameError::TooLarge`]; a source within the limits never is.
pub fn encode_request(id: u64, source: &Source) -> Result<Vec<u8>, FrameError> {
    encode(&RequestOf { id, source })
}

/// The id and the result from the bytes of a reply's frame, without its length.
///
/// # Errors
/// [`FrameError::Json`]. The worker has read hostile text: whatever comes from it may be wrong.
pub fn decode_reply(frame: &[u8]) -> Result<(u64, Compiled), FrameError> {
    let Reply { id, compiled } = decode(frame)?;
    Ok((id, compiled))
}

/// The length of a frame from the four bytes in front of it.
///
/// # Errors
/// [`FrameError::TooLarge`]
pub fn frame_length(head: [u8; 4]) -> Result<usize, FrameError> {
    let length = u32::from_le_bytes(head) as usize;
    match length > FRAME_BYTES_MAX {
        true => Err(FrameError::TooLarge(length)),
        false => Ok(length),
    }
}

/// Reads one frame without its length; `None` when the other side has ended.
///
/// # Errors
/// When reading fails, ends inside a frame, or the frame is too large.
pub fn read_frame(reader: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut head = [0; 4];
    if reader.read(&mut head[..1])? == 0 {
        return Ok(None);
    }
    reader.read_exact(&mut head[1..])?;
    let length = frame_length(head).map_err(invalid)?;
    let mut frame = Vec::new();
    let read = reader.take(length as u64).read_to_end(&mut frame)?;
    match read == length {
        true => Ok(Some(frame)),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn encode(value: &impl Serialize) -> Result<Vec<u8>, FrameError> {
    const HEAD: usize = 4;
    let mut frame = vec![0; HEAD];
    serde_json::to_writer(&mut frame, value)?;
    let length = frame.len() - HEAD;
    match u32::try_from(length) {
        Ok(head) if length <= FRAME_BYTES_MAX => frame[..HEAD].copy_from_slice(&head.to_le_bytes()),
        _ => return Err(FrameError::TooLarge(length)),
    }
    Ok(frame)
}

fn decode<T: DeserializeOwned>(frame: &[u8]) -> Result<T, FrameError> {
    Ok(serde_json::from_slice(frame)?)
}
