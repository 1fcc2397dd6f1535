//! Which system calls a jailed process may make.

use libc::{
    AF_UNIX, CLONE_NEWCGROUP, CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUSER,
    CLONE_NEWUTS, CLONE_PTRACE, CLONE_THREAD, ENOSYS, c_long,
};

use super::{Rule, Sockets};

/// Calls that are allowed whatever their arguments.
const ALLOWED: &[c_long] = &[
    // Files. Which ones, the root and Landlock say.
    libc::SYS_close,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_fadvise64,
    libc::SYS_fallocate,
    libc::SYS_fchdir,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fchown,
    libc::SYS_fdatasync,
    libc::SYS_flock,
    libc::SYS_fstat,
    libc::SYS_fstatfs,
    libc::SYS_fsync,
    libc::SYS_ftruncate,
    libc::SYS_getcwd,
    libc::SYS_getdents64,
    libc::SYS_linkat,
    libc::SYS_lseek,
    libc::SYS_mkdirat,
    libc::SYS_newfstatat,
    libc::SYS_openat,
    libc::SYS_pipe2,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_pwrite64,
    libc::SYS_pwritev,
    libc::SYS_read,
    libc::SYS_readlinkat,
    libc::SYS_readv,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_statfs,
    libc::SYS_statx,
    libc::SYS_symlinkat,
    libc::SYS_umask,
    libc::SYS_unlinkat,
    libc::SYS_utimensat,
    libc::SYS_write,
    libc::SYS_writev,
    // Memory.
    libc::SYS_brk,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    libc::SYS_mincore,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_msync,
    libc::SYS_munmap,
    libc::SYS_pkey_alloc,
    libc::SYS_pkey_free,
    libc::SYS_pkey_mprotect,
    // Threads, and what a process is told about itself.
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_futex,
    libc::SYS_get_robust_list,
    libc::SYS_getcpu,
    libc::SYS_getegid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getgroups,
    libc::SYS_getpgid,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_getpriority,
    libc::SYS_getrandom,
    libc::SYS_getresgid,
    libc::SYS_getresuid,
    libc::SYS_getrusage,
    libc::SYS_getsid,
    libc::SYS_gettid,
    libc::SYS_getuid,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_getparam,
    libc::SYS_sched_getscheduler,
    libc::SYS_sched_yield,
    libc::SYS_set_robust_list,
    libc::SYS_set_tid_address,
    libc::SYS_sysinfo,
    libc::SYS_times,
    libc::SYS_uname,
    libc::SYS_wait4,
    // Time.
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_nanosleep,
    // Signals: of threads, which all belong to the process.
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigpending,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_sigaltstack,
    libc::SYS_tgkill,
    // Waiting.
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_eventfd2,
    libc::SYS_ppoll,
    libc::SYS_pselect6,
    libc::SYS_timerfd_create,
    libc::SYS_timerfd_gettime,
    libc::SYS_timerfd_settime,
    // Sockets. Which kinds, `socket` says.
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_bind,
    libc::SYS_connect,
    libc::SYS_getpeername,
    libc::SYS_getsockname,
    libc::SYS_getsockopt,
    libc::SYS_listen,
    libc::SYS_recvfrom,
    libc::SYS_recvmmsg,
    libc::SYS_recvmsg,
    libc::SYS_sendmmsg,
    libc::SYS_sendmsg,
    libc::SYS_sendto,
    libc::SYS_setsockopt,
    libc::SYS_shutdown,
    // Becoming the program. What else there is to execute, the root and Landlock say.
    libc::SYS_execve,
];

/// Older calls that newer architectures don't have.
#[cfg(target_arch = "x86_64")]
const ALLOWED_HERE: &[c_long] = &[
    libc::SYS_access,
    libc::SYS_arch_prctl,
    libc::SYS_chmod,
    libc::SYS_dup2,
    libc::SYS_epoll_create,
    libc::SYS_epoll_wait,
    libc::SYS_getdents,
    libc::SYS_getpgrp,
    libc::SYS_link,
    libc::SYS_lstat,
    libc::SYS_mkdir,
    libc::SYS_open,
    libc::SYS_pipe,
    libc::SYS_poll,
    libc::SYS_readlink,
    libc::SYS_rename,
    libc::SYS_rmdir,
    libc::SYS_select,
    libc::SYS_stat,
    libc::SYS_symlink,
    libc::SYS_time,
    libc::SYS_unlink,
];
#[cfg(not(target_arch = "x86_64"))]
const ALLOWED_HERE: &[c_long] = &[];

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

const LOCAL_SOCKETS: &[u32] = &[AF_UNIX as u32];

/// Landlock refuses TCP an address, but not to listen without one, and nothing to UDP.
const LISTENING: &[c_long] = &[
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_bind,
    libc::SYS_listen,
];

/// Every call that is not simply refused.
pub(super) fn rules(sockets: Sockets) -> Vec<(u32, Rule)> {
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
        (libc::SYS_clone, threads),
        // Its arguments lie in memory, where they can't be looked at. glibc asks again with `clone`.
        (libc::SYS_clone3, Rule::Refuse(ENOSYS)),
        (libc::SYS_fcntl, Rule::OneOf(1, FILE_COMMANDS)),
        (libc::SYS_ioctl, Rule::OneOf(1, DEVICE_COMMANDS)),
        (libc::SYS_mmap, Rule::NoneOf(3, UNCOUNTED_MEMORY)),
        (libc::SYS_prctl, Rule::OneOf(0, PROCESS_COMMANDS)),
        (libc::SYS_prlimit64, Rule::Zero(2)),
        (libc::SYS_socket, kinds),
        (libc::SYS_socketpair, Rule::OneOf(0, LOCAL_SOCKETS)),
    ];
    let allowed = ALLOWED
        .iter()
        .chain(ALLOWED_HERE)
        .filter(|call| sockets != Sockets::Outward || !LISTENING.contains(call))
        .map(|call| (*call, Rule::Allow));
    allowed
        .chain(by_argument)
        .filter_map(|(call, rule)| Some((u32::try_from(call).ok()?, rule)))
        .collect()
}
