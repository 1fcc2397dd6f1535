//! A town that nobody asks does nothing.

use super::caller::Caller;
use super::support::{Options, Town, descendants, eventually};
use serde_json::json;
use std::time::Duration;

/// How long the town is watched.
const WATCHED: Duration = Duration::from_secs(20);
/// Ticks of the kernel's clock, 10 ms each, that it may use meanwhile: the proportion of 0.1 s a minute.
const TICKS_MAX: u64 = 4;
/// How long nothing may happen before the town counts as settled.
const SETTLED: Duration = Duration::from_secs(2);

#[test]
fn an_idle_town_uses_no_processor_time() {
    let town = Town::start_in(
        tempfile::tempdir().unwrap(),
        &Options {
            args: &["--pool-floor", "4", "--pool-ceiling", "4"],
        },
    );
    let caller = Caller::owner(&town);
    for number in 0..20 {
        assert_eq!(caller.value(&format!("{number} + 1")), json!(number + 1));
    }
    eventually("the pool has settled", || {
        descendants(town.id()).len() >= 4 && growth(&town, SETTLED) == 0
    });
    let used = growth(&town, WATCHED);
    assert!(used <= TICKS_MAX, "{used} ticks in {WATCHED:?}");
    assert!(town.stop().status.success());
}

/// The processor time that the town used in so long a time.
fn growth(town: &Town, time: Duration) -> u64 {
    let before = ticks(town);
    std::thread::sleep(time);
    ticks(town).saturating_sub(before)
}

/// The processor time of the town and all it started, the ended included, in ticks.
fn ticks(town: &Town) -> u64 {
    let processes = descendants(town.id()).into_iter().chain([town.id()]);
    processes.filter_map(ticks_of).sum()
}

/// Fields 14 to 17 of `stat`: user and system time of a process, and of its children that have ended.
fn ticks_of(process: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let fields = stat.rsplit_once(") ")?.1.split(' ').skip(14 - 3).take(4);
    Some(fields.map(|field| field.parse::<u64>().unwrap()).sum())
}
