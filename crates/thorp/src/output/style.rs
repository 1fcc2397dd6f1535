//! The colours, by meaning.

use anstyle::{AnsiColor, Style};

/// `error:`
pub(crate) const ERROR: Style = AnsiColor::Red.on_default().bold();
/// `warning:`
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// `hint:`
pub(crate) const HINT: Style = AnsiColor::Cyan.on_default().bold();
/// Names and headings.
pub(crate) const STRONG: Style = Style::new().bold();
/// What may be passed over.
pub(crate) const FAINT: Style = Style::new().dimmed();
/// Added lines and passed checks.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// Removed lines and failed checks.
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
/// Where a diff stands.
pub(crate) const PLACE: Style = AnsiColor::Cyan.on_default();

/// The look of `--help`.
pub(crate) const HELP: clap::builder::Styles = clap::builder::Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());
