//! What a town holds in memory that nobody asks, with 100 000 vals stored, and what processor time it uses in ten seconds.
//! `cargo build --release -p thorp && cargo run --release -p thorp --example idle_town`, with Deno in `THORP_DENO`.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program for people"
)]

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, Signal};
use thorp_store::{Endpoint, File, NewContent, NewVal, PageRequest, Privacy, Store, StoreConfig};
use uuid::Uuid;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const VALS: usize = 100_000;
const WRITERS: usize = 64;
const SETTLED: Duration = Duration::from_secs(5);
const WATCHED: Duration = Duration::from_secs(10);
const NOW_MICROS: i64 = 1_795_000_000_000_000;

fn main() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    // Makes the owner.
    stop(serve(folder.path())?)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(fill(&folder.path().join("data")))?;
    let town = serve(folder.path())?;
    sleep(SETTLED);
    let before = ticks(town.id())?;
    sleep(WATCHED);
    let used = ticks(town.id())? - before;
    let resident = status(town.id(), "VmRSS:")?;
    stop(town)?;
    println!(
        "{VALS} vals: {:.1} MiB resident, {used} ticks in {WATCHED:?}",
        resident as f64 / 1024.0
    );
    Ok(())
}

fn serve(folder: &Path) -> Outcome<Child> {
    let mut town = Command::new(thorp_testkit::executable())
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder.join("data"))
        .env("THORP_DENO", thorp_testkit::deno())
        .stdout(Stdio::piped())
        .spawn()?;
    let stdout = town.stdout.take().ok_or("it has an output")?;
    BufReader::new(stdout).read_line(&mut String::new())?;
    Ok(town)
}

fn stop(mut town: Child) -> Outcome<()> {
    let id = Pid::from_raw(i32::try_from(town.id())?).ok_or("it has a number")?;
    rustix::process::kill_process(id, Signal::TERM)?;
    town.wait()?;
    Ok(())
}

async fn fill(data: &Path) -> Outcome<()> {
    let store = Store::open(StoreConfig::new(data))?;
    let page = PageRequest {
        offset: 0,
        limit: 1,
    };
    let owner = store.list_users(page).await?.items[0].id;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let store = store.clone();
        writers.spawn(async move {
            for number in (writer..VALS).step_by(WRITERS) {
                store.create_val(val(owner, number)).await?;
            }
            Outcome::Ok(())
        });
    }
    writers
        .join_all()
        .await
        .into_iter()
        .collect::<Outcome<()>>()?;
    Ok(store.close().await?)
}

fn val(owner: Uuid, number: usize) -> NewVal {
    let text = format!("export default (a: number) => a + {number};");
    NewVal {
        id: Uuid::now_v7(),
        owner_id: owner,
        name: format!("val{number}"),
        privacy: Privacy::Public,
        endpoint: Endpoint::Private,
        readme: None,
        content: NewContent {
            compiled: None,
            files: vec![File {
                path: "main.tsx".into(),
                text,
            }],
            entry: "main.tsx".into(),
            message: None,
            created_by: owner,
            facts: "{}".into(),
            diagnostics: "[]".into(),
            lock: "{}".into(),
            dependency_set_id: None,
            runnable: true,
            value: None,
            set_by: None,
        },
        now_micros: NOW_MICROS,
    }
}

/// A line of `/proc/PID/status`, in KiB.
fn status(pid: u32, name: &str) -> Outcome<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.trim().strip_suffix("kB"));
    Ok(number.ok_or("the kernel says how much")?.trim().parse()?)
}

/// User and system time of the town's own process, in ticks of 10 ms.
fn ticks(pid: u32) -> Outcome<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, rest) = stat.rsplit_once(") ").ok_or("the kernel says how much")?;
    let fields = rest.split(' ').skip(14 - 3).take(2);
    fields.map(|field| Ok(field.parse::<u64>()?)).sum()
}
