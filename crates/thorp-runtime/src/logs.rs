//! What a run logged, within bounds: the guest's lines, and what the process printed.

use std::sync::Arc;

use crate::config::Clock;
use crate::limits::{LOG_BYTES_MAX, LOG_LINES_MAX};
use crate::outcome::{LogLevel, LogLine};
use crate::text::{Paths, truncate};

/// The lines of one run.
#[derive(Debug)]
pub(crate) struct Logs {
    clock: Clock,
    paths: Arc<Paths>,
    lines: Vec<LogLine>,
    bytes_left: usize,
    truncated: bool,
}

impl Logs {
    pub(crate) fn new(clock: Clock, paths: Arc<Paths>) -> Self {
        Self {
            clock,
            paths,
            lines: Vec::new(),
            bytes_left: LOG_BYTES_MAX,
            truncated: false,
        }
    }

    /// A frame's payload: a byte for the level, then the text. `None` if it is not that.
    pub(crate) fn push_frame(&mut self, payload: &[u8]) -> Option<()> {
        let (level, text) = payload.split_first()?;
        let level = *[
            LogLevel::Debug,
            LogLevel::Log,
            LogLevel::Info,
            LogLevel::Warn,
            LogLevel::Error,
        ]
        .get(usize::from(*level))?;
        self.push(level, text);
        Some(())
    }

    /// A line that was printed.
    pub(crate) fn push(&mut self, level: LogLevel, text: &[u8]) {
        if self.bytes_left == 0 || self.lines.len() == LOG_LINES_MAX {
            self.truncated = true;
            return;
        }
        let mut text = self.paths.clean(String::from_utf8_lossy(text).into_owned());
        if text.len() > self.bytes_left {
            truncate(&mut text, self.bytes_left);
            self.truncated = true;
        }
        // An empty line counts too: its record takes room.
        self.bytes_left = self.bytes_left.saturating_sub(text.len().max(1));
        self.lines.push(LogLine {
            at_micros: (self.clock)(),
            level,
            text,
        });
    }

    /// Whether nothing was logged.
    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The guest did not send all of its lines.
    pub(crate) fn truncated(&mut self) {
        self.truncated = true;
    }

    /// The lines, and whether there were more.
    pub(crate) fn finish(self) -> (Vec<LogLine>, bool) {
        (self.lines, self.truncated)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Logs;
    use crate::limits::{LOG_BYTES_MAX, LOG_LINES_MAX};
    use crate::outcome::LogLevel;
    use crate::text::Paths;

    fn logs() -> Logs {
        Logs::new(|| 5, Arc::new(Paths::new("/m", "/g")))
    }

    #[test]
    fn a_frame_is_a_level_and_a_text() {
        let mut logs = logs();
        assert_eq!(logs.push_frame(b"\x03careful \xff"), Some(()));
        assert_eq!(logs.push_frame(b"\x09x"), None);
        assert_eq!(logs.push_frame(b""), None);
        let (lines, truncated) = logs.finish();
        assert_eq!(
            (lines[0].level, lines[0].text.as_str(), lines[0].at_micros),
            (LogLevel::Warn, "careful \u{fffd}", 5)
        );
        assert!(!truncated);
    }

    #[test]
    fn bytes_are_bounded() {
        let mut logs = logs();
        logs.push(LogLevel::Stdout, &vec![b'a'; LOG_BYTES_MAX - 1]);
        logs.push(LogLevel::Stdout, b"bcd");
        logs.push(LogLevel::Stdout, b"e");
        let (lines, truncated) = logs.finish();
        assert_eq!(
            (lines.len(), lines[1].text.as_str(), truncated),
            (2, "b", true)
        );
    }

    #[test]
    fn lines_are_bounded() {
        let mut logs = logs();
        (0..=LOG_LINES_MAX).for_each(|_| logs.push(LogLevel::Stdout, b""));
        let (lines, truncated) = logs.finish();
        assert_eq!((lines.len(), truncated), (LOG_LINES_MAX, true));
    }
}
