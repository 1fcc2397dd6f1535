//! A list of tasks that all run, whatever fails, and a summary at the end.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::say;

/// One thing to do, and the command that mends it or runs it alone.
pub(crate) struct Task<'a> {
    name: &'static str,
    hint: String,
    work: Box<dyn FnOnce() -> Result<()> + 'a>,
}

impl<'a> Task<'a> {
    pub(crate) fn new(
        name: &'static str,
        hint: &str,
        work: impl FnOnce() -> Result<()> + 'a,
    ) -> Self {
        Self {
            name,
            hint: hint.to_string(),
            work: Box::new(work),
        }
    }
}

struct Done {
    name: &'static str,
    hint: String,
    failed: bool,
    took: Duration,
}

/// Runs every task; `next` is what to do when all of them pass.
pub(crate) fn run_all(command: &str, tasks: Vec<Task<'_>>, next: &str) -> Result<()> {
    let count = tasks.len();
    let done: Vec<Done> = tasks
        .into_iter()
        .enumerate()
        .map(|(i, task)| run_one(i + 1, count, task))
        .collect();
    say::heading(&format!("{command}: summary"));
    say::line(&summary(&done));
    let failed = done.iter().filter(|done| done.failed).count();
    if failed > 0 {
        bail!("{failed} of {count} failed");
    }
    say::line(&format!("all {count} passed; next: {next}"));
    Ok(())
}

fn run_one(number: usize, count: usize, task: Task<'_>) -> Done {
    say::heading(&format!("{number}/{count} {}", task.name));
    let start = Instant::now();
    let result = (task.work)();
    if let Err(error) = &result {
        say::line(&format!("failed: {error:#}"));
    }
    Done {
        name: task.name,
        hint: task.hint,
        failed: result.is_err(),
        took: start.elapsed(),
    }
}

fn summary(done: &[Done]) -> String {
    let lines: Vec<String> = done.iter().map(summary_line).collect();
    lines.join("\n")
}

fn summary_line(done: &Done) -> String {
    let seconds = done.took.as_secs_f64();
    match done.failed {
        false => format!("  ok      {:<28} {seconds:>6.1} s", done.name),
        true => format!(
            "  FAILED  {:<28} {seconds:>6.1} s  hint: {}",
            done.name, done.hint
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_runs_and_one_failure_fails_the_whole() {
        let ran = std::cell::Cell::new(0);
        let work = |fails: bool| {
            let ran = &ran;
            move || {
                ran.set(ran.get() + 1);
                if fails { bail!("no") } else { Ok(()) }
            }
        };
        let tasks = |fails| {
            vec![
                Task::new("one", "mend it", work(fails)),
                Task::new("two", "", work(false)),
            ]
        };
        assert_eq!(
            run_all("check", tasks(true), "").unwrap_err().to_string(),
            "1 of 2 failed"
        );
        assert_eq!(ran.get(), 2);
        run_all("check", tasks(false), "").unwrap();
    }

    #[test]
    fn the_summary_says_how_to_mend_what_failed() {
        let done = |name, failed| Done {
            name,
            hint: "cargo fmt".into(),
            failed,
            took: Duration::from_millis(1500),
        };
        let shown = summary(&[done("clippy", false), done("rustfmt", true)]);
        let expected = "  ok      clippy                          1.5 s\n  \
                        FAILED  rustfmt                         1.5 s  hint: cargo fmt";
        assert_eq!(shown, expected);
    }
}
