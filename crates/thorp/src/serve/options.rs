//! What `thorp serve` can be told, by flag or by environment.

use super::log::LogFormat;
use super::mail::MailArgs;
use crate::config::town_url;
use crate::failure::Failure;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use std::path::PathBuf;
use std::time::Duration;
use thorp_town::{Rules, TownConfig};

/// Bytes of a MiB.
const MIB: u64 = 1024 * 1024;
/// Seconds of a day.
const DAY_SECONDS: u64 = 24 * 60 * 60;

/// Keep a town
#[derive(Args, Debug)]
#[command(after_help = "\
The first line on stdout is the town's URL. SIGTERM and Ctrl-C let runs end for 10 seconds; a second
one ends them at once. The log goes to stderr; `THORP_LOG` says how much, such as `info` or
`warn,thorp_town=debug`.

Examples:
  thorp serve
  thorp serve --data /var/lib/thorp/data --listen 127.0.0.1:8700
  thorp serve --listen 127.0.0.1:0                            a free port
  thorp serve --public-url https://town.example --no-anonymous
  thorp serve --egress-allow 10.0.0.5:5432                    a database that vals may use
  thorp serve --smtp-url smtp://127.0.0.1:25 --smtp-from town@example.com")]
pub(crate) struct ServeArgs {
    /// The folder that holds everything; made if it is not there
    #[arg(
        long,
        value_name = "DIR",
        env = "THORP_DATA",
        default_value = "./thorp-data"
    )]
    pub(crate) data: PathBuf,
    /// The address to listen on; port 0 takes a free one
    #[arg(
        long,
        value_name = "ADDR",
        env = "THORP_LISTEN",
        default_value = "127.0.0.1:8700"
    )]
    pub(crate) listen: String,
    /// Where people find the town, if something stands before it [default: the address]
    #[arg(long, value_name = "URL", env = "THORP_PUBLIC_URL", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) public_url: Option<String>,
    /// The domain below which every val has an address of its own, such as `vals.example`; of another site than the town
    /// [default: `localhost` for a town at a loopback address]
    #[arg(long, value_name = "DOMAIN", env = "THORP_VALS_DOMAIN", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) vals_domain: Option<String>,
    /// Let everybody who reaches the town evaluate expressions without a token [default: true]
    #[arg(long, env = "THORP_ANONYMOUS", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    anonymous: Option<bool>,
    /// Let nobody evaluate expressions without a token
    #[arg(long, overrides_with = "anonymous")]
    no_anonymous: bool,
    /// Sandboxes that an idle town keeps ready [default: 4]
    #[arg(long, value_name = "N", env = "THORP_POOL_FLOOR", value_parser = clap::value_parser!(u16).range(1..))]
    pool_floor: Option<u16>,
    /// Sandboxes that a busy town keeps ready [default: 64]
    #[arg(long, value_name = "N", env = "THORP_POOL_CEILING", value_parser = clap::value_parser!(u16).range(1..))]
    pool_ceiling: Option<u16>,
    /// The Deno binary [default: that of `npm ci`, or the one on the PATH]
    #[arg(long, value_name = "PATH", env = "THORP_DENO")]
    pub(crate) deno: Option<PathBuf>,
    /// Keep a town even if this machine gives no jail to run vals in
    #[arg(long, env = "THORP_INSECURE_NO_JAIL")]
    pub(crate) insecure_no_jail: bool,
    /// Let vals reach a host or address that is not public; may be given again
    #[arg(
        long,
        value_name = "RULE",
        env = "THORP_EGRESS_ALLOW",
        value_delimiter = ','
    )]
    egress_allow: Vec<String>,
    /// Let vals not reach a host or address; may be given again, and wins over what is allowed
    #[arg(
        long,
        value_name = "RULE",
        env = "THORP_EGRESS_DENY",
        value_delimiter = ','
    )]
    egress_deny: Vec<String>,
    /// Days for which runs are kept
    #[arg(
        long,
        value_name = "N",
        env = "THORP_RETAIN_RUNS_DAYS",
        default_value_t = 30
    )]
    retain_runs_days: u32,
    /// MiB that all kept runs may need together
    #[arg(
        long,
        value_name = "N",
        env = "THORP_RETAIN_RUNS_MIB",
        default_value_t = 2048
    )]
    retain_runs_mib: u32,
    /// The file with the keys of secrets [default: `secrets.key` in the data folder]
    #[arg(long, value_name = "FILE", env = "THORP_SECRETS_KEY_FILE")]
    key_file: Option<PathBuf>,
    /// The registry of `npm:` packages [default: the usual one]
    #[arg(long, value_name = "URL", env = "NPM_CONFIG_REGISTRY")]
    npm_registry: Option<String>,
    /// The registry of `jsr:` packages [default: the usual one]
    #[arg(long, value_name = "URL", env = "JSR_URL")]
    jsr_registry: Option<String>,
    #[command(flatten)]
    mail: MailArgs,
    /// How lines of the log are written
    #[arg(
        long,
        value_name = "FORMAT",
        env = "THORP_LOG_FORMAT",
        default_value = "text"
    )]
    pub(crate) log_format: LogFormat,
}

impl ServeArgs {
    /// Whether callers without a token may evaluate.
    fn allows_anonymous(&self) -> bool {
        !self.no_anonymous && self.anonymous.unwrap_or(true)
    }

    /// The same for the log.
    pub(crate) fn anonymity(&self) -> &'static str {
        if self.allows_anonymous() {
            "anonymous callers"
        } else {
            "no anonymous callers"
        }
    }

    /// Writes what was told into the town's settings.
    pub(crate) fn apply(&self, config: &mut TownConfig) -> Result<(), Failure> {
        if let Some(url) = &self.public_url {
            town_url(url)?;
        }
        config.anonymous = self.allows_anonymous();
        config.egress = self.egress()?;
        self.size_pool(config)?;
        config.runs_kept = Duration::from_secs(u64::from(self.retain_runs_days) * DAY_SECONDS);
        config.runs_bytes_max = u64::from(self.retain_runs_mib) * MIB;
        config.key_file.clone_from(&self.key_file);
        config.npm_registry.clone_from(&self.npm_registry);
        config.jsr_registry.clone_from(&self.jsr_registry);
        config.smtp = self.mail.server()?;
        Ok(())
    }

    fn egress(&self) -> Result<Rules, Failure> {
        Rules::parse(&self.egress_allow, &self.egress_deny)
            .map_err(|error| Failure::usage(error.to_string()).hint(error.problem.hint()))
    }

    /// One end of the pool's size moves the other unless both are told.
    fn size_pool(&self, config: &mut TownConfig) -> Result<(), Failure> {
        let (floor, ceiling) = (
            self.pool_floor.map(usize::from),
            self.pool_ceiling.map(usize::from),
        );
        let pool = &mut config.pool;
        match (floor, ceiling) {
            (Some(floor), Some(ceiling)) if floor > ceiling => {
                let message =
                    format!("`--pool-floor {floor}` is more than `--pool-ceiling {ceiling}`");
                return Err(Failure::usage(message));
            }
            _ => {}
        }
        pool.ceiling = ceiling.unwrap_or(pool.ceiling.max(floor.unwrap_or(0)));
        pool.floor = floor.unwrap_or(pool.floor.min(pool.ceiling));
        pool.sandboxes_max = pool.sandboxes_max.max(pool.ceiling);
        Ok(())
    }
}
