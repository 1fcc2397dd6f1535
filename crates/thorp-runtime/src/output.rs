//! What a sandbox's process prints, cut into lines.

use std::io;

use tokio::net::unix::pipe;

use crate::limits::STDERR_TAIL_BYTES_MAX;
use crate::logs::Logs;
use crate::outcome::LogLevel;

const READ_BYTES: usize = 16 << 10;
/// A longer line is passed on in parts.
const LINE_BYTES_MAX: usize = 64 << 10;

/// The standard output or error of a process.
#[derive(Debug)]
pub(crate) struct Output {
    level: LogLevel,
    pipe: Option<pipe::Receiver>,
    partial: Vec<u8>,
    tail: Vec<u8>,
}

impl Output {
    pub(crate) fn new(level: LogLevel, pipe: Option<pipe::Receiver>) -> Self {
        Self {
            level,
            pipe,
            partial: Vec::new(),
            tail: Vec::new(),
        }
    }

    /// Waits until there is something to read; for ever after its end.
    pub(crate) async fn readable(&self) {
        match &self.pipe {
            // An error shows again when it is read.
            Some(pipe) => drop(pipe.readable().await),
            None => std::future::pending().await,
        }
    }

    /// Reads once, without waiting. `false` if there was nothing.
    pub(crate) fn read(&mut self, logs: &mut Logs) -> bool {
        let Some(pipe) = &self.pipe else { return false };
        let mut chunk = [0; READ_BYTES];
        match pipe.try_read(&mut chunk) {
            Ok(0) => self.close(),
            Ok(length) => {
                self.take(&chunk[..length], logs);
                true
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
            Err(_) => self.close(),
        }
    }

    fn close(&mut self) -> bool {
        self.pipe = None;
        false
    }

    fn take(&mut self, chunk: &[u8], logs: &mut Logs) {
        self.keep_tail(chunk);
        self.partial.extend_from_slice(chunk);
        let mut start = 0;
        while let Some(length) = self.partial[start..].iter().position(|byte| *byte == b'\n') {
            logs.push(self.level, &self.partial[start..start + length]);
            start += length + 1;
        }
        self.partial.drain(..start);
        if self.partial.len() > LINE_BYTES_MAX {
            self.finish(logs);
        }
    }

    fn keep_tail(&mut self, chunk: &[u8]) {
        self.tail.extend_from_slice(chunk);
        let excess = self.tail.len().saturating_sub(STDERR_TAIL_BYTES_MAX);
        self.tail.drain(..excess);
    }

    /// Passes on a last line without an end.
    pub(crate) fn finish(&mut self, logs: &mut Logs) {
        if !self.partial.is_empty() {
            logs.push(self.level, &self.partial);
            self.partial.clear();
        }
    }

    /// The last of what was printed.
    pub(crate) fn tail(&self) -> String {
        String::from_utf8_lossy(&self.tail).into_owned()
    }

    /// Forgets what was printed until now.
    pub(crate) fn forget(&mut self) {
        self.partial.clear();
        self.tail.clear();
    }
}
