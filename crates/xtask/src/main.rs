//! The commands of this repository: `cargo xtask serve | test | check | deny | bench`.
//!
//! Owns how a checkout is built, tried, tested and measured, on a machine that has only Rust, Node and npm. Must stay
//! small enough to compile in seconds, so it knows nothing of the other crates but their names. Everything it says goes
//! to stderr: stdout belongs to the programs that it starts.

mod bench;
mod check;
mod debian;
mod deny;
mod npm;
mod say;
mod serve;
mod sh;
mod tasks;
mod test;
mod text;
mod tree;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::tree::Tree;

const HELP: &str = "\
The commands of this repository

Usage: cargo xtask COMMAND

Commands:
  serve [-- ARGS]          build thorp and run `thorp serve ARGS`
  test [FILTER]            every test; with FILTER only the Rust tests whose name contains it
  check                    formatting, lints, documentation and the rules of the repository; run it before you push
  deny                     only the rules on dependencies: licences, bans, sources, who may depend on whom
  bench [--quick] [-- ARGS]  measure Thorp beside its peers and write `bench/RESULTS.md`; ARGS go to `bench/run.mjs`

Examples:
  cargo xtask serve
  cargo xtask serve -- --data ./town --listen 127.0.0.1:8700
  cargo xtask test restore
  cargo xtask check && cargo xtask test
  cargo xtask bench --quick
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say::line(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(args: &[String]) -> Result<()> {
    let (command, rest) = match args {
        [] => ("help", args),
        [command, rest @ ..] => (command.as_str(), rest),
    };
    match command {
        "serve" => serve::run(&Tree::find()?, after_dashes("serve", rest)?),
        "test" => test::run(&Tree::find()?, test_filter(rest)?),
        "check" => check::run(&Tree::find()?),
        "deny" => deny::run(&Tree::find()?),
        "bench" => bench::run(&Tree::find()?, rest),
        "help" | "--help" | "-h" => {
            say::line(HELP);
            Ok(())
        }
        unknown => {
            say::line(HELP);
            bail!("there is no command `{unknown}`")
        }
    }
}

/// What follows `--`; anything before it is a mistake that would otherwise be lost.
fn after_dashes<'a>(command: &str, args: &'a [String]) -> Result<&'a [String]> {
    match args {
        [] => Ok(args),
        [dashes, rest @ ..] if dashes == "--" => Ok(rest),
        [first, ..] => {
            bail!(
                "`{command}` takes its arguments after `--`\n\nhint: cargo xtask {command} -- {first}"
            )
        }
    }
}

fn test_filter(args: &[String]) -> Result<Option<&str>> {
    match args {
        [] => Ok(None),
        [filter] if !filter.starts_with('-') => Ok(Some(filter)),
        _ => bail!("`test` takes one FILTER at most\n\nhint: cargo xtask test restore"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(args: &[&str]) -> Vec<String> {
        args.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn arguments_for_the_town_stand_behind_dashes() {
        assert_eq!(
            after_dashes("serve", &strings(&["--", "--data", "x"])).unwrap(),
            ["--data", "x"]
        );
        assert!(after_dashes("serve", &[]).unwrap().is_empty());
        assert!(after_dashes("serve", &strings(&["--data", "x"])).is_err());
    }

    #[test]
    fn a_test_filter_is_one_word() {
        assert_eq!(
            test_filter(&strings(&["restore"])).unwrap(),
            Some("restore")
        );
        assert!(test_filter(&strings(&["a", "b"])).is_err());
        assert!(test_filter(&strings(&["--nocapture"])).is_err());
    }

    #[test]
    fn an_unknown_command_is_an_error() {
        assert_eq!(
            dispatch(&strings(&["srve"])).unwrap_err().to_string(),
            "there is no command `srve`"
        );
    }
}
