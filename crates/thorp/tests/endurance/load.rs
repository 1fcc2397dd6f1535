//! More work than the machine has room for.

use super::caller::{Answer, Caller};
use super::support::Town;
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use serde_json::json;

const FLOOD: usize = 200;
/// Open files that are too few for so many connections and sandboxes.
const FILES: u64 = 150;
const NEIGHBOURS: usize = 20;
const ENDLESS: &str = "(() => { while (true) {} })()";

/// A flood may be turned away, but only in the stated way.
fn check(number: usize, answer: &Answer) -> bool {
    match answer.status {
        200 => assert_eq!(answer.body, json!([number, number * 2])),
        _ => {
            assert_eq!(
                (answer.status, answer.code()),
                (503, "POOL_FULL"),
                "{answer:?}"
            );
            assert!(answer.retry_after.as_ref().unwrap().parse::<u32>().unwrap() >= 1);
        }
    }
    answer.status == 200
}

/// All at once; how many are answered.
fn flood(caller: &Caller) -> usize {
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..FLOOD)
            .map(|number| {
                let code = format!("[{number}, {number} * 2]");
                scope.spawn(move || check(number, &caller.eval(&code)))
            })
            .collect();
        all.into_iter()
            .map(|one| one.join().unwrap())
            .filter(|answered| *answered)
            .count()
    })
}

#[test]
fn a_flood_is_answered_or_told_to_come_again() {
    let town = Town::start();
    let caller = Caller::owner(&town);
    let answered = flood(&caller);
    // Whoever is turned away has no run; whoever is answered has one.
    assert!(answered > 0);
    let page = caller.get(&format!("/v1/me/runs?limit=1&offset={}", answered - 1));
    assert_eq!(page.body["data"].as_array().unwrap().len(), 1);
    let rest = caller.get(&format!("/v1/me/runs?offset={answered}"));
    assert_eq!(rest.body["data"], json!([]));
    assert!(town.stop().status.success());
}

#[test]
fn few_open_files_are_no_failure_of_runs() {
    let town = Town::start();
    let caller = Caller::owner(&town);
    assert_eq!(caller.value("1 + 1"), json!(2));
    // Sandboxes have a limit of their own, and may raise theirs.
    let id = Pid::from_raw(i32::try_from(town.id()).unwrap());
    let maximum = prlimit(id, Resource::Nofile, getrlimit(Resource::Nofile))
        .unwrap()
        .maximum;
    let few = Rlimit {
        current: Some(FILES),
        maximum,
    };
    prlimit(id, Resource::Nofile, few).unwrap();
    assert!(flood(&caller) > 0);
    assert_eq!(caller.value("1 + 1"), json!(2));
    assert!(town.stop().status.success());
}

#[test]
fn an_endless_loop_is_ended_and_its_neighbours_go_on() {
    let town = Town::start();
    let caller = Caller::owner(&town);
    let ended = std::thread::scope(|scope| {
        let endless = scope.spawn(|| caller.eval(ENDLESS));
        for number in 0..NEIGHBOURS {
            assert_eq!(caller.value(&format!("{number} + 1")), json!(number + 1));
        }
        endless.join().unwrap()
    });
    assert_eq!(ended.status, 504, "{ended:?}");
    assert!(
        ["CPU_LIMIT", "TIME_LIMIT"].contains(&ended.code()),
        "{ended:?}"
    );
    let kept = caller.run(ended.body["runId"].as_str().unwrap());
    assert_eq!(kept["error"]["code"], ended.body["error"]["code"]);
    assert!(town.stop().status.success());
}
