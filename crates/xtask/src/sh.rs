//! Runs other programs and shows them before they run.

use std::io::{self, ErrorKind};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::say;

/// Runs `command` to its end; what it prints goes to stderr. Anything but exit code 0 is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = show(command);
    say::line(&format!("$ {shown}"));
    let status = command.stdin(Stdio::null()).stdout(io::stderr()).status();
    let status = status.map_err(|error| not_started(command, error))?;
    if !status.success() {
        bail!("`{shown}` failed ({status})");
    }
    Ok(())
}

/// Runs `command` and gives back what it printed on stdout.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output();
    let output = output.map_err(|error| not_started(command, error))?;
    if !output.status.success() {
        bail!("`{}` failed ({})", show(command), output.status);
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("`{}` printed bytes that are not UTF-8", show(command)))
}

/// Whether `command` can be started and succeeds; what it prints is dropped.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    let status = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

/// The command as a person would type it, with the program's name instead of its path.
pub(crate) fn show(command: &Command) -> String {
    let program = command.get_program().to_string_lossy();
    let name = program.rsplit('/').next().unwrap_or(&program);
    let mut shown = name.to_string();
    for arg in command.get_args() {
        shown.push(' ');
        shown.push_str(&quote(&arg.to_string_lossy()));
    }
    shorten(shown)
}

/// What the reader has to do when a program isn't there at all.
pub(crate) fn not_started(command: &Command, error: io::Error) -> anyhow::Error {
    let program = command.get_program().to_string_lossy().into_owned();
    let hint = match (error.kind(), program.as_str()) {
        (ErrorKind::NotFound, "npm" | "node") => {
            "\n\nhint: install Node 20 or newer, which brings `npm`"
        }
        (ErrorKind::NotFound, "apt-get") => {
            "\n\nhint: install PostgreSQL 13 or newer below `/usr/lib/postgresql`, and `redis-server`"
        }
        (ErrorKind::NotFound, "git") => "\n\nhint: install `git`",
        _ => "",
    };
    anyhow::anyhow!("`{program}` could not be started: {error}{hint}")
}

fn quote(arg: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !arg.is_empty() && arg.chars().all(plain) {
        return arg.to_string();
    }
    format!("'{}'", arg.replace('\'', r"'\''"))
}

/// A list of many files says nothing that its beginning doesn't.
fn shorten(shown: String) -> String {
    const SHOWN_CHARS_MAX: usize = 200;
    match shown.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{} …", &shown[..end]),
        None => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_it_would_be_typed() {
        let mut command = Command::new("/opt/rust/bin/cargo");
        command.args(["test", "--doc", "a b", "it's"]);
        assert_eq!(show(&command), r"cargo test --doc 'a b' 'it'\''s'");
    }

    #[test]
    fn a_failed_command_is_an_error_that_names_it() {
        let error = run(Command::new("sh").args(["-c", "exit 3"])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`sh -c 'exit 3'` failed (exit status: 3)"
        );
    }

    #[test]
    fn output_is_read_and_a_missing_program_is_named() {
        assert_eq!(
            read(Command::new("sh").args(["-c", "echo hello"])).unwrap(),
            "hello\n"
        );
        let error = read(&mut Command::new("no-such-program-here")).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("`no-such-program-here` could not be started")
        );
    }
}
