//! What was answered is kept, however the server ends.

use super::caller::Caller;
use super::support::{Options, Town, descendants, eventually, town_data};
use rustix::process::Signal;
use serde_json::json;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;
use thorp_store::{Store, StoreConfig};

/// Evaluations of the whole test, by the environment.
const EVALUATIONS: &str = "THORP_SOAK_EVALUATIONS";
const EVALUATIONS_DEFAULT: usize = 600;
const CLIENTS: usize = 6;
const KILLS: usize = 3;

/// What all clients together have done.
struct Soak {
    wanted: usize,
    begun: AtomicUsize,
    /// Numbers by the run that answered them.
    answered: Mutex<HashMap<String, usize>>,
}

#[test]
fn what_was_answered_survives_kills() {
    let wanted =
        std::env::var(EVALUATIONS).map_or(EVALUATIONS_DEFAULT, |text| text.parse().unwrap());
    let soak = Soak {
        wanted,
        begun: AtomicUsize::new(0),
        answered: Mutex::default(),
    };
    let mut folder = tempfile::tempdir().unwrap();
    for life in 1..=KILLS {
        folder = soak.live_and_be_killed(folder, wanted * life / (KILLS + 1));
        check_integrity(folder.path());
    }
    let town = Town::start_in(folder, &Options::default());
    soak.evaluate(&town);
    assert!(soak.answered() >= wanted, "{} of {wanted}", soak.answered());
    soak.check_all(&town);
    check_integrity(town.stop().folder.path());
}

impl Soak {
    fn answered(&self) -> usize {
        self.answered.lock().unwrap().len()
    }

    /// Goes on until `until` evaluations are answered, and kills the server while more are under way.
    fn live_and_be_killed(&self, folder: TempDir, until: usize) -> TempDir {
        let town = Town::start_in(folder, &Options::default());
        self.check_all(&town);
        assert_eq!(
            scratch_folders(town.folder()),
            1,
            "what the killed server left is gone"
        );
        let started = std::thread::scope(|scope| {
            scope.spawn(|| self.evaluate(&town));
            while self.answered() < until {
                let before = self.answered();
                eventually("more is answered", || self.answered() > before);
            }
            let started: Vec<_> = descendants(town.id())
                .into_iter()
                .filter_map(living)
                .collect();
            assert!(!started.is_empty());
            town.signal(Signal::KILL);
            started
        });
        let ended = town.wait();
        let is_left = |process: &(u32, String)| living(process.0).as_ref() == Some(process);
        eventually("no process is left", || {
            mentioning(ended.folder.path()).is_empty() && !started.iter().any(is_left)
        });
        ended.folder
    }

    /// All clients go on until enough is done or the server is gone.
    fn evaluate(&self, town: &Town) {
        std::thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| self.be_a_client(&Caller::owner(town)));
            }
        });
    }

    fn be_a_client(&self, caller: &Caller) {
        while self.answered() < self.wanted {
            let number = self.begun.fetch_add(1, Ordering::Relaxed);
            let Ok(answer) =
                caller.try_eval(&format!("({{ number: {number}, text: `${{{number}}}` }})"))
            else {
                // It was killed.
                return;
            };
            assert_eq!((answer.status, &answer.body), (200, &expected(number)));
            self.answered
                .lock()
                .unwrap()
                .insert(answer.run.unwrap(), number);
        }
    }

    /// Every run that was ever answered is there, with its result.
    fn check_all(&self, town: &Town) {
        let caller = Caller::owner(town);
        for (run, number) in self.answered.lock().unwrap().iter() {
            let kept = caller.run(run);
            assert_eq!(
                (&kept["returnValue"], &kept["status"]),
                (&expected(*number), &json!("ok")),
                "{kept}"
            );
        }
    }
}

fn expected(number: usize) -> serde_json::Value {
    json!({ "number": number, "text": number.to_string() })
}

/// Structure, references and totals of the database.
fn check_integrity(folder: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = Store::open(StoreConfig::new(town_data(folder))).unwrap();
        store.integrity_check().await.unwrap();
        store.close().await.unwrap();
    });
}

fn scratch_folders(folder: &Path) -> usize {
    std::fs::read_dir(folder.join("tmp")).unwrap().count()
}

/// A process and when it was started, which tells it from a later one of that number, unless it has ended.
fn living(process: u32) -> Option<(u32, String)> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let is_dead = ["Z", "X"].contains(&fields.next()?);
    // Field 22; the state is field 3.
    let started = fields.nth(22 - 4)?.to_owned();
    (!is_dead).then_some((process, started))
}

/// Living processes whose command line has this folder in it.
fn mentioning(folder: &Path) -> Vec<String> {
    let folder = folder.to_str().unwrap();
    let processes = std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .map(|entry| entry.path().join("cmdline"));
    processes
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .filter(|line| line.contains(folder))
        .collect()
}
