//! Every limit of the gateway, with its unit last.

use std::time::Duration;

/// The URL of a request.
pub const URL_BYTES_MAX: usize = 16 << 10;
/// The header lines of a request or of an answer.
pub const HEADER_BYTES_MAX: usize = 64 << 10;
/// How many header lines a request or an answer may have.
pub const HEADERS_MAX: usize = 96;
/// Requests of one sandbox that are under way at once; further ones wait.
pub const OPEN_REQUESTS_MAX: usize = 64;
/// Connections that a sandbox may have to its door; further ones wait.
pub const GUEST_CONNECTIONS_MAX: usize = 128;
/// Beyond this many, a sandbox's connections are closed after each answer: Deno keeps some for every origin.
pub const GUEST_CONNECTIONS_KEPT_MAX: usize = 32;
/// Connections that a sandbox may begin at once, to its door and raw ones together: as many as an evaluation may make
/// requests. Connections without a request, and requests that are none, are in no account.
pub const CONNECTIONS_BURST_MAX: u32 = 1_000;
/// And then so many a second.
pub const CONNECTIONS_A_SECOND_MAX: u32 = 200;
/// Questions for names that a sandbox may ask at once.
pub const QUERIES_BURST_MAX: u32 = 4_096;
/// And then so many a second; what else it asks waits, and is lost when its socket is full.
pub const QUERIES_A_SECOND_MAX: u32 = 500;
/// How long a guest may take to send a request's head, and how long a connection of its waits for the next: longer than
/// the 90 s after which Deno closes it, so that no request meets a closing connection.
pub const GUEST_HEAD_SECS_MAX: u64 = 120;
/// Interim (1xx) answers before the real one.
pub const INTERIM_ANSWERS_MAX: u32 = 16;

/// Ports at which raw connections are taken whatever the rules: of web servers, PostgreSQL and its pools, MySQL, Redis,
/// MongoDB, SQL Server, NATS, MQTT, AMQP, mail.
pub const RAW_PORTS: [u16; 22] = [
    25, 80, 443, 465, 587, 993, 995, 1433, 1883, 3000, 3306, 4222, 5432, 5433, 5671, 5672, 6379,
    6380, 6543, 8080, 8443, 27017,
];
/// And with those that rules name.
pub const RAW_PORTS_MAX: usize = 48;
/// Names that the programs of one sandbox may ask for.
pub const NAMES_MAX: usize = 4_096;
/// What is read of a sandbox's question for a name.
pub const QUERY_BYTES_MAX: usize = 512;
/// Raw connections that are refused before anybody is told; further ones are not told of.
pub const REFUSALS_KEPT_MAX: usize = 64;

/// How long the look-up of a name may take.
pub const LOOKUP_MILLIS_MAX: u64 = 5_000;
/// Look-ups under way in the whole town: each holds a thread.
pub const LOOKUPS_MAX: usize = 64;
/// Look-ups under way for one user: a name server that never answers must not hold up the others.
pub const LOOKUPS_PER_USER_MAX: usize = 8;
/// Addresses of a name that are tried.
pub const ADDRESSES_TRIED_MAX: usize = 6;
/// The next address is tried when the one before has not answered for this long (RFC 8305, section 8).
pub const NEXT_ADDRESS_MILLIS: u64 = 250;
/// How long it may take to connect: look-up, all addresses, TLS.
pub const CONNECT_MILLIS_MAX: u64 = 10_000;
/// How long an origin may take from the last byte of the request to the first of its answer.
pub const FIRST_BYTE_MILLIS_MAX: u64 = 120_000;
/// How long nothing may move on an open request.
pub const IDLE_MILLIS_MAX: u64 = 300_000;

/// How long a connection to an origin is kept for its user's next request.
pub const POOL_IDLE_MILLIS_MAX: u64 = 30_000;
/// Connections that are kept for one user.
pub const POOL_PER_USER_MAX: usize = 32;
/// Connections that are kept for all users.
pub const POOL_MAX: usize = 1024;

/// Requests of an evaluation.
pub const REQUESTS_DEFAULT: u64 = 1_000;
/// Bytes that an evaluation may send.
pub const BYTES_OUT_DEFAULT: u64 = 256 << 20;
/// Bytes that an evaluation may receive.
pub const BYTES_IN_DEFAULT: u64 = 1 << 30;
/// Requests of an evaluation that its report lists; further ones are counted.
pub const RECORDS_MAX: usize = 1_000;

/// The longest name that DNS has.
pub(crate) const NAME_BYTES_MAX: usize = 253;
/// hyper's own bounds lie beyond ours, so that we answer what exceeds ours, with a reason. (It reads 100 header lines.)
pub(crate) const READ_BUFFER_BYTES_MAX: usize = 2 * HEADER_BYTES_MAX + URL_BYTES_MAX;
/// What an HTTP/2 origin may send ahead of a guest that doesn't read, per request.
pub(crate) const H2_STREAM_WINDOW_BYTES: u32 = 256 << 10;
/// And per connection.
pub(crate) const H2_CONNECTION_WINDOW_BYTES: u32 = 1 << 20;
/// What is read of a request body that nobody wants.
pub(crate) const DISCARDED_BYTES_MAX: usize = 16 << 20;
/// And for how long.
pub(crate) const DISCARD_TIME_MAX: Duration = Duration::from_secs(2);
/// What a connection may carry that reaches no guest: more than what HTTP/2 holds back for slow ones, and certificates.
pub(crate) const SLACK_BYTES: i64 = 2 << 20;
/// And for each request: what its window holds when the guest turns away.
pub(crate) const SLACK_BYTES_PER_REQUEST: i64 = 256 << 10;
/// And for each piece of a body: TLS, HTTP/2 and chunks frame it.
pub(crate) const SLACK_BYTES_PER_FRAME: i64 = 64;
/// The wait after a failed accept: the process has no descriptors left, and asking again at once would spin.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The limits that an operator may set, as times and counts.
#[derive(Clone, Debug)]
pub struct Limits {
    /// How long the look-up of a name may take.
    pub lookup: Duration,
    /// How long it may take to connect: look-up, all addresses, TLS.
    pub connect: Duration,
    /// How long an origin may take from the last byte of the request to the first of its answer.
    pub first_byte: Duration,
    /// How long nothing may move on an open request.
    pub idle: Duration,
    /// How long a guest may take to send a request's head.
    pub guest_head: Duration,
    /// How long a connection to an origin is kept for its user's next request.
    pub pool_idle: Duration,
    /// Requests of one sandbox that are under way at once.
    pub open_requests: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            lookup: Duration::from_millis(LOOKUP_MILLIS_MAX),
            connect: Duration::from_millis(CONNECT_MILLIS_MAX),
            first_byte: Duration::from_millis(FIRST_BYTE_MILLIS_MAX),
            idle: Duration::from_millis(IDLE_MILLIS_MAX),
            guest_head: Duration::from_secs(GUEST_HEAD_SECS_MAX),
            pool_idle: Duration::from_millis(POOL_IDLE_MILLIS_MAX),
            open_requests: OPEN_REQUESTS_MAX,
        }
    }
}
