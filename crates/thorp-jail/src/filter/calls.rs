//! Which system calls a jailed process may make.

use libc::{
    AF_UNIX, CLONE_NEWCGROUP, CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUSER,
    CLONE_NEWUTS, CLONE_PTRACE, CLONE_THREAD, ENOSYS, c_long,
};

use super::{Rule, Sockets};

/// A call's name, and its number here.
pub(super) type Named = (&'static str, c_long);

/// System calls by the names that libc has for their numbers.
macro_rules! calls {
    ($($name:ident),* $(,)?) => { &[$((stringify!($name), libc::$name)),*] };
}

macro_rules! call {
    ($name:ident) => {
        (stringify!($name), libc::$name)
    };
}

/// Calls that are allowed whatever their arguments.
const ALLOWED: &[Named] = calls![
    // Files. Which ones, the root and Landlock say.
    SYS_close,
    SYS_dup,
    SYS_dup3,
    SYS_faccessat,
    SYS_faccessat2,
    SYS_fadvise64,
    SYS_fallocate,
    SYS_fchdir,
    SYS_fchmod,
    SYS_fchmodat,
    SYS_fchown,
    SYS_fdatasync,
    SYS_flock,
    SYS_fstat,
    SYS_fstatfs,
    SYS_fsync,
    SYS_ftruncate,
    SYS_getcwd,
    SYS_getdents64,
    SYS_linkat,
    SYS_lseek,
    SYS_mkdirat,
    SYS_newfstatat,
    SYS_openat,
    SYS_pipe2,
    SYS_pread64,
    SYS_preadv,
    SYS_pwrite64,
    SYS_pwritev,
    SYS_read,
    SYS_readlinkat,
    SYS_readv,
    SYS_renameat,
    SYS_renameat2,
    SYS_statfs,
    SYS_statx,
    SYS_symlinkat,
    SYS_umask,
    SYS_unlinkat,
    SYS_utimensat,
    SYS_write,
    SYS_writev,
    // Memory.
    SYS_brk,
    SYS_madvise,
    SYS_membarrier,
    SYS_mincore,
    SYS_mprotect,
    SYS_mremap,
    SYS_msync,
    SYS_munmap,
    SYS_pkey_alloc,
    SYS_pkey_free,
    SYS_pkey_mprotect,
    // Threads, and what a process is told about itself.
    SYS_exit,
    SYS_exit_group,
    SYS_futex,
    SYS_get_robust_list,
    SYS_getcpu,
    SYS_getegid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getgroups,
    SYS_getpgid,
    SYS_getpid,
    SYS_getppid,
    SYS_getpriority,
    SYS_getrandom,
    SYS_getresgid,
    SYS_getresuid,
    SYS_getrusage,
    SYS_getsid,
    SYS_gettid,
    SYS_getuid,
    SYS_restart_syscall,
    SYS_rseq,
    SYS_sched_getaffinity,
    SYS_sched_getparam,
    SYS_sched_getscheduler,
    SYS_sched_yield,
    SYS_set_robust_list,
    SYS_set_tid_address,
    SYS_sysinfo,
    SYS_times,
    SYS_uname,
    SYS_wait4,
    // Time.
    SYS_clock_getres,
    SYS_clock_gettime,
    SYS_clock_nanosleep,
    SYS_gettimeofday,
    SYS_nanosleep,
    // Signals: of threads, which all belong to the process.
    SYS_rt_sigaction,
    SYS_rt_sigpending,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_rt_sigtimedwait,
    SYS_sigaltstack,
    SYS_tgkill,
    // Waiting.
    SYS_epoll_create1,
    SYS_epoll_ctl,
    SYS_epoll_pwait,
    SYS_eventfd2,
    SYS_ppoll,
    SYS_pselect6,
    SYS_timerfd_create,
    SYS_timerfd_gettime,
    SYS_timerfd_settime,
    // Sockets. Which kinds, `socket` says.
    SYS_accept,
    SYS_accept4,
    SYS_bind,
    SYS_connect,
    SYS_getpeername,
    SYS_getsockname,
    SYS_listen,
    SYS_recvfrom,
    SYS_recvmmsg,
    SYS_recvmsg,
    SYS_sendmmsg,
    SYS_sendmsg,
    SYS_sendto,
    SYS_shutdown,
    // Becoming the program. What else there is to execute, the root and Landlock say.
    SYS_execve,
];

/// Older calls that newer architectures don't have.
#[cfg(target_arch = "x86_64")]
const ALLOWED_HERE: &[Named] = calls![
    SYS_access,
    SYS_arch_prctl,
    SYS_chmod,
    SYS_dup2,
    SYS_epoll_create,
    SYS_epoll_wait,
    SYS_getdents,
    SYS_getpgrp,
    SYS_link,
    SYS_lstat,
    SYS_mkdir,
    SYS_open,
    SYS_pipe,
    SYS_poll,
    SYS_readlink,
    SYS_rename,
    SYS_rmdir,
    SYS_select,
    SYS_stat,
    SYS_symlink,
    SYS_time,
    SYS_unlink,
];
#[cfg(not(target_arch = "x86_64"))]
const ALLOWED_HERE: &[Named] = &[];

const NAMESPACES: i32 = CLONE_NEWCGROUP
    | CLONE_NEWIPC
    | CLONE_NEWNET
    | CLONE_NEWNS
    | CLONE_NEWPID
    | CLONE_NEWUSER
    | CLONE_NEWUTS;

const FILE_COMMANDS: &[u32] = &[
    libc::F_DUPFD as u32,
    libc::F_DUPFD_CLOEXEC as u32,
    libc::F_GETFD as u32,
    libc::F_GETFL as u32,
    libc::F_GETLK as u32,
    libc::F_OFD_GETLK as u32,
    libc::F_OFD_SETLK as u32,
    libc::F_OFD_SETLKW as u32,
    libc::F_SETFD as u32,
    libc::F_SETFL as u32,
    libc::F_SETLK as u32,
    libc::F_SETLKW as u32,
];

const DEVICE_COMMANDS: &[u32] = &[
    libc::FIOCLEX as u32,
    libc::FIONBIO as u32,
    libc::FIONREAD as u32,
    libc::TCGETS as u32,
    libc::TIOCGWINSZ as u32,
];

const PROCESS_COMMANDS: &[u32] = &[
    libc::PR_GET_NAME as u32,
    libc::PR_SET_NAME as u32,
    libc::PR_SET_VMA as u32,
];

/// Memory that no limit of a process counts: shared without a file, growing like a stack, or of the host's huge pages.
const UNCOUNTED_MEMORY: &[u32] = &[
    (libc::MAP_SHARED | libc::MAP_ANONYMOUS) as u32,
    libc::MAP_GROWSDOWN as u32,
    libc::MAP_HUGETLB as u32,
];

/// What may be set of a socket: what it does with its own bytes. Nothing that runs in the kernel, that lets it hold more for
/// the process, or that says something of others.
const SOCKET_SETTINGS: &[(u32, &[u32])] = &[
    (
        libc::SOL_SOCKET as u32,
        &[
            libc::SO_BROADCAST as u32,
            libc::SO_KEEPALIVE as u32,
            libc::SO_LINGER as u32,
            libc::SO_RCVTIMEO as u32,
            libc::SO_REUSEADDR as u32,
            libc::SO_REUSEPORT as u32,
            libc::SO_SNDTIMEO as u32,
        ],
    ),
    (
        libc::IPPROTO_TCP as u32,
        &[
            libc::TCP_KEEPCNT as u32,
            libc::TCP_KEEPIDLE as u32,
            libc::TCP_KEEPINTVL as u32,
            libc::TCP_NODELAY as u32,
            libc::TCP_QUICKACK as u32,
            libc::TCP_USER_TIMEOUT as u32,
        ],
    ),
    (
        libc::IPPROTO_IP as u32,
        &[
            libc::IP_MULTICAST_LOOP as u32,
            libc::IP_MULTICAST_TTL as u32,
            // Of the C library, which asks for names.
            libc::IP_RECVERR as u32,
            libc::IP_TOS as u32,
            libc::IP_TTL as u32,
        ],
    ),
    (
        libc::IPPROTO_IPV6 as u32,
        &[
            libc::IPV6_MULTICAST_HOPS as u32,
            libc::IPV6_MULTICAST_LOOP as u32,
            libc::IPV6_RECVERR as u32,
            libc::IPV6_TCLASS as u32,
            libc::IPV6_UNICAST_HOPS as u32,
            libc::IPV6_V6ONLY as u32,
        ],
    ),
];

/// What may be asked of a socket: all that may be set, and what it is.
const SOCKET_FACTS: &[(u32, &[u32])] = &[
    (
        libc::SOL_SOCKET as u32,
        &[
            libc::SO_ACCEPTCONN as u32,
            libc::SO_BROADCAST as u32,
            libc::SO_DOMAIN as u32,
            libc::SO_ERROR as u32,
            libc::SO_KEEPALIVE as u32,
            libc::SO_LINGER as u32,
            libc::SO_PEERCRED as u32,
            libc::SO_PROTOCOL as u32,
            libc::SO_RCVBUF as u32,
            libc::SO_RCVTIMEO as u32,
            libc::SO_REUSEADDR as u32,
            libc::SO_REUSEPORT as u32,
            libc::SO_SNDBUF as u32,
            libc::SO_SNDTIMEO as u32,
            libc::SO_TYPE as u32,
        ],
    ),
    (
        libc::IPPROTO_TCP as u32,
        &[
            libc::TCP_INFO as u32,
            libc::TCP_KEEPCNT as u32,
            libc::TCP_KEEPIDLE as u32,
            libc::TCP_KEEPINTVL as u32,
            libc::TCP_MAXSEG as u32,
            libc::TCP_NODELAY as u32,
            libc::TCP_USER_TIMEOUT as u32,
        ],
    ),
    (
        libc::IPPROTO_IP as u32,
        &[
            libc::IP_MTU as u32,
            libc::IP_MULTICAST_LOOP as u32,
            libc::IP_MULTICAST_TTL as u32,
            libc::IP_TOS as u32,
            libc::IP_TTL as u32,
        ],
    ),
    (
        libc::IPPROTO_IPV6 as u32,
        &[
            libc::IPV6_MULTICAST_HOPS as u32,
            libc::IPV6_MULTICAST_LOOP as u32,
            libc::IPV6_TCLASS as u32,
            libc::IPV6_UNICAST_HOPS as u32,
            libc::IPV6_V6ONLY as u32,
        ],
    ),
];

const LOCAL_SOCKETS: &[u32] = &[AF_UNIX as u32];

/// Landlock refuses TCP an address, but not to listen without one, and nothing to UDP.
const LISTENING: &[c_long] = &[
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_bind,
    libc::SYS_listen,
];

/// Every call that is not simply refused.
pub(super) fn rules(sockets: Sockets) -> Vec<(Named, Rule)> {
    let kinds = match sockets {
        Sockets::Local => Rule::OneOf(0, LOCAL_SOCKETS),
        Sockets::Outward => Rule::Stream,
    };
    let threads = Rule::Bits(
        0,
        CLONE_THREAD.cast_unsigned(),
        (NAMESPACES | CLONE_PTRACE).cast_unsigned(),
    );
    let by_argument = [
        (call!(SYS_clone), threads),
        // Its arguments lie in memory, where they can't be looked at. glibc asks again with `clone`.
        (call!(SYS_clone3), Rule::Refuse(ENOSYS)),
        (call!(SYS_fcntl), Rule::OneOf(1, FILE_COMMANDS)),
        (call!(SYS_getsockopt), Rule::Pairs(SOCKET_FACTS)),
        (call!(SYS_ioctl), Rule::OneOf(1, DEVICE_COMMANDS)),
        (call!(SYS_mmap), Rule::NoneOf(3, UNCOUNTED_MEMORY)),
        (call!(SYS_prctl), Rule::OneOf(0, PROCESS_COMMANDS)),
        (call!(SYS_prlimit64), Rule::Zero(2)),
        (call!(SYS_setsockopt), Rule::Pairs(SOCKET_SETTINGS)),
        (call!(SYS_socket), kinds),
        (call!(SYS_socketpair), Rule::OneOf(0, LOCAL_SOCKETS)),
    ];
    let allowed = ALLOWED
        .iter()
        .chain(ALLOWED_HERE)
        .filter(|(_, number)| sockets != Sockets::Outward || !LISTENING.contains(number))
        .map(|call| (*call, Rule::Allow));
    allowed.chain(by_argument).collect()
}
