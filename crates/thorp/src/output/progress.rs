//! What happens while a val is saved, for a person who waits.

use indicatif::{ProgressBar, ProgressStyle};
use std::time::Duration;

/// A line that moves, on a terminal; nothing elsewhere. Gone when dropped.
pub(crate) struct Progress(Option<ProgressBar>);

impl Progress {
    /// Begins with the first message.
    pub(crate) fn begin(message: &str) -> Self {
        if !super::watched() {
            return Self(None);
        }
        let style = ProgressStyle::with_template("{spinner:.cyan} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = ProgressBar::new_spinner().with_style(style);
        bar.enable_steady_tick(Duration::from_millis(100));
        bar.set_message(message.to_owned());
        Self(Some(bar))
    }

    /// Says what happens now.
    pub(crate) fn say(&self, message: &str) {
        if let Some(bar) = &self.0 {
            bar.set_message(super::clean(message).into_owned());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
