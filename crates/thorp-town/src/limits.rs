//! Every limit of the town, with its unit last.

use std::time::Duration;

/// The limits that take long or much to meet. A town has these; a test may have smaller ones.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// See [`VALUE_WALL`].
    pub value_wall: Duration,
    /// See [`COMPILE_WALL`].
    pub compile_wall: Duration,
    /// See [`COMPILE_MEMORY_BYTES`].
    pub compile_memory_bytes: u64,
    /// See [`RESOLVE_WALL`].
    pub resolve_wall: Duration,
    /// See [`RESOLVE_MEMORY_BYTES`].
    pub resolve_memory_bytes: u64,
    /// See [`BUNDLE_WALL`].
    pub bundle_wall: Duration,
    /// See [`BUNDLE_MEMORY_BYTES`].
    pub bundle_memory_bytes: u64,
    /// See [`BUNDLE_BYTES_MAX`].
    pub bundle_bytes_max: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            value_wall: VALUE_WALL,
            compile_wall: COMPILE_WALL,
            compile_memory_bytes: COMPILE_MEMORY_BYTES,
            resolve_wall: RESOLVE_WALL,
            resolve_memory_bytes: RESOLVE_MEMORY_BYTES,
            bundle_wall: BUNDLE_WALL,
            bundle_memory_bytes: BUNDLE_MEMORY_BYTES,
            bundle_bytes_max: BUNDLE_BYTES_MAX,
        }
    }
}

/// Items in one page of a list.
pub const PAGE_ITEMS_MAX: u32 = 100;
/// Items in one page unless said otherwise.
pub const PAGE_ITEMS_DEFAULT: u32 = 20;
/// Characters in the name of a val.
pub const VAL_NAME_CHARS_MAX: usize = 48;
/// Characters in the name of a user.
pub const USER_NAME_CHARS_MAX: usize = 48;
/// Characters in the name of a token.
pub const TOKEN_NAME_CHARS_MAX: usize = 100;
/// Tokens of one user that work at the same time.
pub const TOKENS_MAX: usize = 100;
/// Characters in the name of a secret.
pub const SECRET_NAME_CHARS_MAX: usize = 128;
/// Bytes of the value of a secret.
pub const SECRET_BYTES_MAX: usize = 64 * 1024;
/// Secrets of one user.
pub const SECRETS_MAX: u32 = 200;
/// Bytes of all secrets of one user, as they are kept: sealed, with 40 bytes more each.
pub const SECRETS_SEALED_BYTES_MAX: u64 = 1024 * 1024;
/// Users whose opened secrets are kept in memory.
pub const SECRETS_USERS_CACHED_MAX: usize = 1000;
/// Characters that the value of a secret has at least to be hidden in what is kept of runs.
pub const MASKED_CHARS_MIN: usize = 8;
/// Bytes by which a value is found in a text; what follows is compared.
pub const MASK_PATTERN_BYTES: usize = 64;
/// Bytes of the key file that are read.
pub const KEY_FILE_BYTES_MAX: u64 = 64 * 1024;
/// Secrets that cannot be read and are told by name.
pub const UNREADABLE_SHOWN_MAX: u32 = 20;
/// Bytes of a val's readme.
pub const README_BYTES_MAX: usize = 256 * 1024;
/// Bytes of the expression of one `eval`.
pub const EXPRESSION_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of a run's arguments, as JSON.
pub const ARGS_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Vals that one program names, with those that they name.
pub const GRAPH_VALS_MAX: usize = 256;
/// Things that are told of one call which would be denied them, and of one val that everyone may call.
pub const CHECK_REASONS_MAX: usize = 20;
/// Runs called by a run that its record lists.
pub const CHILDREN_SHOWN_MAX: u32 = 100;
/// How deep programs may call each other by `api()`.
pub const API_DEPTH_MAX: usize = 8;
/// How long a run may wait for others that write the same vals.
pub const STATE_WAIT: Duration = Duration::from_secs(10);
/// Bytes of a value, as JSON.
pub const VALUE_BYTES_MAX: usize = 256 * 1024;
/// Versions of a val that runs have set, which are kept.
pub const VALUE_VERSIONS_KEPT: i64 = 100;
/// Wall time of the evaluation of a value that is saved.
pub const VALUE_WALL: Duration = Duration::from_secs(30);
/// How many vals may wait for each other's answers to web requests.
pub const WEB_DEPTH_MAX: u32 = 15;
/// Bytes of a web request's path and query that are kept.
pub const WEB_PATH_BYTES_MAX: usize = 2 * 1024;
/// Web requests of one val that are open at a time.
pub const WEB_REQUESTS_OPEN_MAX: usize = 1000;
/// Web requests that a client may send to a val at once; those from this machine are not counted.
pub const WEB_CLIENT_BURST: u32 = 200;
/// And how many more a second.
pub const WEB_CLIENT_PER_SECOND: u32 = 50;
/// Clients of vals that are remembered.
pub const WEB_CLIENTS_KNOWN_MAX: usize = 10_000;
/// Vals whose requests are counted.
pub const WEB_VALS_KNOWN_MAX: usize = 10_000;
/// Web requests of a val that are written down at once, of those that end well.
pub const WEB_RECORDED_BURST: u32 = 400;
/// And how many more a second; the others are counted.
pub const WEB_RECORDED_PER_SECOND: u32 = 200;
/// Wall time of one run.
pub const RUN_WALL: Duration = Duration::from_secs(60);
/// Processor time of one run.
pub const RUN_CPU: Duration = Duration::from_secs(10);
/// Memory of one sandbox.
pub const RUN_MEMORY_BYTES: u64 = 128 * 1024 * 1024;
/// Bytes of one dependency folder.
pub const DEPENDENCY_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Files, folders and links in one dependency folder.
pub const DEPENDENCY_FILES_MAX: u64 = 50_000;
/// Nested folders in one dependency folder.
pub const DEPENDENCY_DEPTH_MAX: usize = 64;
/// Packages and addresses that one version may import.
pub const DEPENDENCIES_MAX: usize = 200;
/// Wall time of one resolution.
pub const RESOLVE_WALL: Duration = Duration::from_secs(180);
/// Memory of what resolves: a small download may be a large module.
pub const RESOLVE_MEMORY_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// Requests of one resolution.
pub const RESOLVE_REQUESTS_MAX: u64 = 5_000;
/// Bytes that all downloads of one resolution may take together, as they are transferred.
pub const RESOLVE_BYTES_IN_MAX: u64 = 512 * 1024 * 1024;
/// Bytes that one resolution may send.
pub const RESOLVE_BYTES_OUT_MAX: u64 = 16 * 1024 * 1024;
/// Bytes of a request for a registry's name: nothing but Deno's own words.
pub const REGISTRY_QUESTION_BYTES_MAX: usize = 16 * 1024;
/// How long what was downloaded serves other resolutions, too. Longer than [`RESOLVE_WALL`].
pub const DOWNLOADS_SHARED: Duration = Duration::from_secs(10 * 60);
/// Resolutions at the same time.
pub const RESOLUTIONS_MAX: usize = 2;
/// Bytes of the resolver's messages that are read.
pub const RESOLVE_OUTPUT_BYTES_MAX: usize = 256 * 1024;
/// How long a dependency folder that no version uses is kept.
pub const DEPENDENCY_UNUSED: Duration = Duration::from_secs(24 * 60 * 60);
/// Wall time of compiling one version.
pub const COMPILE_WALL: Duration = Duration::from_secs(5);
/// Memory of one compile worker.
pub const COMPILE_MEMORY_BYTES: u64 = 1024 * 1024 * 1024;
/// Compile workers at the same time.
pub const COMPILERS_MAX: usize = 2;
/// Compiled programs that are kept in memory.
pub const PROGRAMS_CACHED_MAX: usize = 1024;
/// Compiled programs that are kept in memory, in bytes of code.
pub const PROGRAM_CACHE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// How long an answer of the health check stands.
pub const HEALTH_FRESH: Duration = Duration::from_secs(5);
/// Tokens whose callers are remembered.
pub const TOKEN_CACHE_MAX: usize = 10_000;
/// How exactly the last use of a token is known, in microseconds.
pub const TOKEN_TOUCH_MICROS: i64 = 60_000_000;
/// How exactly the last use of a dependency folder is known, in microseconds.
pub const DEPENDENCY_TOUCH_MICROS: i64 = 60 * 60 * 1_000_000;
/// How long evaluations are kept unless said otherwise.
pub const RUNS_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Bytes that all evaluations may need unless said otherwise.
pub const RUNS_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// Evaluations that are forgotten in one transaction.
pub const FORGET_BATCH_RUNS: u32 = 500;
/// How often the town looks for things to forget.
pub const KEEPER_PERIOD: Duration = Duration::from_secs(60 * 60);
/// Characters of a search.
pub const SEARCH_CHARS_MAX: usize = 512;
/// Bytes of all bundles of one dependency folder.
pub const BUNDLE_BYTES_MAX: u64 = 24 * 1024 * 1024;
/// Memory of what bundles.
pub const BUNDLE_MEMORY_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// Wall time of bundling, and of loading what was bundled.
pub const BUNDLE_WALL: Duration = Duration::from_secs(30);
/// Vals that are bundled for other users' programs at the same time.
pub const FOREIGN_BUNDLES_AT_ONCE_MAX: usize = 2;
/// The script of one such val, with all that it imports.
pub const FOREIGN_SCRIPT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Names that one such val exports.
pub const FOREIGN_EXPORTS_MAX: usize = 1000;
/// Such vals that are kept in memory.
pub const FOREIGN_CACHED_MAX: usize = 256;
/// Such vals that are kept in memory, in bytes.
pub const FOREIGN_CACHE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Vals that cannot be bundled and are known not to.
pub const FOREIGN_REFUSALS_MAX: usize = 256;
/// Bytes of the bundler's messages that are read.
pub const BUNDLE_OUTPUT_BYTES_MAX: u64 = 64 * 1024;
/// Evaluations of callers without a token at the same time.
pub const ANONYMOUS_RUNS_MAX: usize = 4;

/// Requests of a run to the network that its record lists.
pub const EGRESS_KEPT_MAX: usize = 200;

/// Mail that one user's vals may send in a minute.
pub const EMAILS_MINUTE_MAX: u32 = 10;
/// Mail that one user's vals may send in a day.
pub const EMAILS_DAY_MAX: u32 = 100;
/// Bytes of what one mail is made from: the arguments of `console.email`, as JSON.
pub const EMAIL_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of a mail's text, and of its HTML.
pub const EMAIL_TEXT_BYTES_MAX: usize = 512 * 1024;
/// Characters of a mail's subject.
pub const EMAIL_SUBJECT_CHARS_MAX: usize = 250;
/// Files attached to one mail.
pub const EMAIL_ATTACHMENTS_MAX: usize = 10;
/// Characters of the name of an attached file, and of its type.
pub const EMAIL_FILENAME_CHARS_MAX: usize = 150;
/// Bytes of an e-mail address.
pub const EMAIL_ADDRESS_BYTES_MAX: usize = 254;
/// Mail of one user that is kept.
pub const EMAILS_KEPT_MAX: u32 = 1000;
/// Bytes of one user's mail that are kept, and that may wait to be sent.
pub const EMAILS_KEPT_BYTES_MAX: i64 = 64 * 1024 * 1024;
/// How long mail is kept.
pub const EMAILS_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The first wait after the mail server did not take a mail. Each further one is twice as long.
pub const EMAIL_RETRY: Duration = Duration::from_secs(30);
/// The longest wait between two tries to send a mail.
pub const EMAIL_RETRY_MAX: Duration = Duration::from_secs(4 * 60 * 60);
/// How long sending a mail is tried.
pub const EMAIL_TRIED: Duration = Duration::from_secs(3 * 24 * 60 * 60);
/// How long the mail server may take for one mail.
pub const EMAIL_SEND_WALL: Duration = Duration::from_secs(60);
/// How long the mail server may take when it is only tried whether it is there.
pub const EMAIL_TRY_WALL: Duration = Duration::from_secs(10);
/// How long a mail that is on its way may hold up the end of the town.
pub const EMAIL_STOP_WALL: Duration = Duration::from_secs(5);
/// Characters of a mail server's words that are kept.
pub const EMAIL_ERROR_CHARS_MAX: usize = 500;
