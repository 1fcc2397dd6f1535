//! `thorp serve`: keeps a town until it is told to stop.
//!
//! Joins the town and the HTTP surface, and owns what surrounds them: the listener, the log, signals and the end.

pub(crate) mod clock;
pub(crate) mod deno;
pub(crate) mod jail;
mod limits;
mod listen;
mod log;
pub(crate) mod mail;
mod options;
mod signals;
mod welcome;

use crate::failure::{Exit, Failure};
pub(crate) use limits::raise_open_files;
pub(crate) use options::ServeArgs;
use signals::Signals;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use thorp_server::{ServerError, ServerOptions};
use thorp_town::{ErrorCode, Opened, Tier, Town, TownConfig, TownError};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

/// How long runs may go on after the first signal to stop.
const GRACE: Duration = Duration::from_secs(10);
const READ_BY_ALL: u32 = 0o022;
/// How long threads that read or write may go on at the very end.
const THREADS_GRACE: Duration = Duration::from_secs(1);

/// This binary, also after its file was replaced by a newer one: helpers must be of the same version as the town.
pub(crate) const OWN_EXECUTABLE: &str = "/proc/self/exe";

/// Runs until a signal; returns when nothing is left.
pub(crate) fn execute(args: &ServeArgs) -> Result<(), Failure> {
    log::start(args.log_format)?;
    raise_open_files();
    // Sandboxes may have users of their own, who read what the town lays out for them. What is the town's alone is made so
    // one by one.
    rustix::process::umask(READ_BY_ALL.into());
    let listener = listen::bind(&args.listen)?;
    let config = config(args)?;
    let runtime = async_runtime()?;
    let result = runtime.block_on(keep(args, listener, config));
    runtime.shutdown_timeout(THREADS_GRACE);
    result
}

/// One thread: a run passes through no queue between threads.
pub(crate) fn async_runtime() -> Result<Runtime, Failure> {
    let failed = |error| Failure::new(Exit::Unavailable, format!("cannot start: {error}"));
    Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)
}

fn config(args: &ServeArgs) -> Result<TownConfig, Failure> {
    let deno = deno::find(args.deno.as_deref())?;
    let data = absolute(&args.data)?;
    if let Some(wrong) = unsuitable(&data) {
        return Err(Failure::usage(format!(
            "`{}` cannot be a data folder: {wrong}",
            data.display()
        ))
        .hint("choose another folder with `--data`"));
    }
    let esbuild = thorp_town::esbuild_beside(&deno);
    let mut config = TownConfig::new(data, deno, PathBuf::from(OWN_EXECUTABLE), clock::now_micros);
    config.esbuild = esbuild;
    args.apply(&mut config)?;
    Ok(config)
}

/// The path from the root: what starts from here may run elsewhere.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| Failure::file("find", path, &error))
}

/// Why a folder cannot be named in Deno's permissions, where some characters have a meaning of their own.
pub(crate) fn unsuitable(path: &Path) -> Option<&'static str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.@+".contains(c);
    let suits = path.to_str().is_some_and(|text| text.chars().all(plain));
    (!suits).then_some("its path has characters other than letters, digits and `/-_.@+`")
}

async fn keep(
    args: &ServeArgs,
    listener: std::net::TcpListener,
    mut config: TownConfig,
) -> Result<(), Failure> {
    let signals = Signals::catch().map_err(|error| broken(&error))?;
    let listener = TcpListener::from_std(listener).map_err(|error| broken(&error))?;
    let address = listener.local_addr().map_err(|error| broken(&error))?;
    let (tier, layers) = jail::layers(args.insecure_no_jail).await?;
    if tier == Tier::C && !address.ip().is_loopback() {
        return Err(listen::beyond_loopback(address));
    }
    config.layers = layers;
    config.own.push(address);
    if let Some(smtp) = &config.smtp {
        tracing::info!("mail of vals goes to {smtp}");
    }
    let data = config.data.clone();
    let opened = Town::open(config).await.map_err(refused)?;
    let url = format!("http://{address}");
    welcome::print(&url, &data, &opened);
    let served = serve(args, listener, &url, &opened, &signals).await;
    opened.town.close(Duration::ZERO).await;
    tracing::info!("the town is closed");
    served
}

/// Answers until the first signal, then lets runs end until the grace is over or a second signal comes.
async fn serve(
    args: &ServeArgs,
    listener: TcpListener,
    url: &str,
    opened: &Opened,
    signals: &Signals,
) -> Result<(), Failure> {
    let mut options = ServerOptions::new(args.public_url.as_deref().unwrap_or(url));
    options.shutdown_wall = GRACE;
    options.vals_domain.clone_from(&args.vals_domain);
    tracing::info!("a town with {} is at {url}", args.anonymity());
    let begun = Instant::now();
    let shutdown = async {
        signals.first().await;
        tracing::info!(
            "stopping; runs have {} s to end, a second signal ends them at once",
            GRACE.as_secs()
        );
    };
    let served = tokio::select! {
        served = thorp_server::serve(listener, opened.town.clone(), options, shutdown) => served,
        () = signals.second() => Ok(()),
    };
    tracing::debug!("served for {} s", begun.elapsed().as_secs());
    served.map_err(|error| match error {
        ServerError::Domain(error) => {
            Failure::usage(error.to_string()).hint("choose another domain with `--vals-domain`")
        }
        error => broken(&error),
    })
}

fn broken(error: &dyn std::error::Error) -> Failure {
    Failure::new(Exit::Unavailable, format!("cannot serve: {error}"))
}

/// A town's refusal as ours.
pub(crate) fn refused(error: TownError) -> Failure {
    let exit = match error.code() {
        ErrorCode::Conflict | ErrorCode::NameTaken => Exit::Conflict,
        ErrorCode::Internal => Exit::Unavailable,
        _ => Exit::Usage,
    };
    let failure = Failure::new(exit, error.to_string());
    match error {
        TownError::Refused {
            hint: Some(hint), ..
        } => failure.hint(hint),
        TownError::Internal(_) => failure.hint("`thorp doctor` finds out what is missing"),
        _ => failure,
    }
}
