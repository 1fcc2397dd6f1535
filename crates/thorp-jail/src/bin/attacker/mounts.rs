//! Changing what is mounted, and leaving namespaces or making new ones.

use std::path::Path;

use crate::attack::{Attack, Ground, Outcome, refused, text};
use crate::raw::{b, c, call, fork, fork3, n, room, t, words};

pub(crate) const ATTACKS: &[Attack] = &[
    Attack::refused(
        "mounts.tmpfs",
        "mount a file system over its own folder",
        |ground| {
            let path = c(ground.path("own"));
            let done = call(
                libc::SYS_mount,
                [t(c"none"), t(&path), t(c"tmpfs"), n(0), n(0)],
            );
            undo(done, &path)
        },
    ),
    Attack::refused("mounts.proc", "mount /proc over its own folder", |ground| {
        let path = c(ground.path("own"));
        let done = call(
            libc::SYS_mount,
            [t(c"none"), t(&path), t(c"proc"), n(0), n(0)],
        );
        undo(done, &path)
    }),
    Attack::refused(
        "mounts.bind",
        "bind the root over its own folder",
        |ground| {
            let path = c(ground.path("own"));
            let flags = (libc::MS_BIND | libc::MS_REC).cast_signed();
            let done = call(libc::SYS_mount, [t(c"/"), t(&path), n(0), n(flags), n(0)]);
            undo(done, &path)
        },
    ),
    Attack::refused(
        "mounts.writable",
        "mount its own folder again, writable",
        |ground| {
            let path = c(ground.path("own"));
            let flags = (libc::MS_BIND | libc::MS_REMOUNT).cast_signed();
            call(libc::SYS_mount, [n(0), t(&path), n(0), n(flags), n(0)])
        },
    ),
    Attack::refused(
        "mounts.attributes",
        "take `read-only` from its own folder",
        |ground| {
            let (path, attributes) = (
                c(ground.path("own")),
                words(&[0, libc::MOUNT_ATTR_RDONLY, 0, 0]),
            );
            call(
                libc::SYS_mount_setattr,
                [n(libc::AT_FDCWD), t(&path), n(0), b(&attributes), n(32)],
            )
        },
    ),
    Attack::refused("mounts.unmount-own", "unmount its own folder", |ground| {
        let path = c(ground.path("own"));
        call(libc::SYS_umount2, [t(&path), n(libc::MNT_DETACH)])
    }),
    Attack::says(
        "mounts.uncover",
        "unmount what hides the neighbours' folders",
        |_| {
            // Only a jail has it, so that nothing of a host can be unmounted by mistake.
            if !Path::new("/.private").exists() {
                return Outcome::Contained("nothing hides them here".to_owned());
            }
            refused(call(
                libc::SYS_umount2,
                [t(c"/.private"), n(libc::MNT_DETACH)],
            ))
        },
    ),
    Attack::refused("mounts.pivot-root", "pivot_root", |_| {
        call(libc::SYS_pivot_root, [t(c"/"), t(c"/")])
    }),
    Attack::refused("mounts.chroot", "chroot", |_| {
        call(libc::SYS_chroot, [t(c".")])
    }),
    Attack::refused(
        "mounts.open-tree",
        "open_tree, a copy of the mounts",
        |_| {
            // OPEN_TREE_CLONE | AT_RECURSIVE
            call(
                libc::SYS_open_tree,
                [n(libc::AT_FDCWD), t(c"/"), n(1 | libc::AT_RECURSIVE)],
            )
        },
    ),
    Attack::refused("mounts.move-mount", "move_mount", |ground| {
        let path = c(ground.path("own"));
        call(
            libc::SYS_move_mount,
            [
                n(libc::AT_FDCWD),
                t(&path),
                n(libc::AT_FDCWD),
                t(&path),
                n(0),
            ],
        )
    }),
    Attack::refused("mounts.fsopen", "fsopen", |_| {
        call(libc::SYS_fsopen, [t(c"tmpfs"), n(0)])
    }),
    Attack::refused("mounts.fspick", "fspick", |_| {
        call(libc::SYS_fspick, [n(libc::AT_FDCWD), t(c"/"), n(0)])
    }),
    Attack::refused("mounts.fsmount", "fsmount", |_| {
        call(libc::SYS_fsmount, [n(0), n(0), n(0)])
    }),
    Attack::refused(
        "mounts.statmount",
        "ask the kernel for the list of mounts",
        |_| {
            // Of the mount namespace's root (LSMT_ROOT).
            let (request, mut found) = (words(&[24, u64::MAX, 0]), [0; 512]);
            call(SYS_LISTMOUNT, [b(&request), room(&mut found), n(64), n(0)])
        },
    ),
    Attack::says(
        "namespaces.enter",
        "enter the host's namespaces by setns",
        |ground| enter(ground, &["mnt", "net", "pid", "user", "ipc", "uts"]),
    ),
    unshare("namespaces.unshare-user", "a user namespace", |_| {
        unshared(libc::CLONE_NEWUSER)
    }),
    unshare("namespaces.unshare-mount", "a mount namespace", |_| {
        unshared(libc::CLONE_NEWNS)
    }),
    unshare("namespaces.unshare-pid", "a pid namespace", |_| {
        unshared(libc::CLONE_NEWPID)
    }),
    unshare("namespaces.unshare-net", "a network namespace", |_| {
        unshared(libc::CLONE_NEWNET)
    }),
    unshare("namespaces.unshare-ipc", "an ipc namespace", |_| {
        unshared(libc::CLONE_NEWIPC)
    }),
    unshare("namespaces.unshare-uts", "a uts namespace", |_| {
        unshared(libc::CLONE_NEWUTS)
    }),
    unshare("namespaces.unshare-cgroup", "a cgroup namespace", |_| {
        unshared(libc::CLONE_NEWCGROUP)
    }),
    unshare("namespaces.unshare-time", "a time namespace", |_| {
        unshared(libc::CLONE_NEWTIME)
    }),
    unshare("namespaces.unshare-files", "a descriptor table", |_| {
        unshared(libc::CLONE_FILES)
    }),
    unshare(
        "namespaces.clone-user",
        "a process in a user namespace",
        |_| fork(libc::CLONE_NEWUSER),
    ),
    unshare(
        "namespaces.clone-mount",
        "a process in a mount namespace",
        |_| fork(libc::CLONE_NEWNS),
    ),
    unshare(
        "namespaces.clone-pid",
        "a process in a pid namespace",
        |_| fork(libc::CLONE_NEWPID),
    ),
    unshare(
        "namespaces.clone-net",
        "a process in a network namespace",
        |_| fork(libc::CLONE_NEWNET),
    ),
    unshare(
        "namespaces.clone-ipc",
        "a process in an ipc namespace",
        |_| fork(libc::CLONE_NEWIPC),
    ),
    unshare(
        "namespaces.clone-uts",
        "a process in a uts namespace",
        |_| fork(libc::CLONE_NEWUTS),
    ),
    unshare(
        "namespaces.clone-cgroup",
        "a process in a cgroup namespace",
        |_| fork(libc::CLONE_NEWCGROUP),
    ),
    unshare(
        "namespaces.clone3-user",
        "a process in a user namespace, by clone3",
        |_| fork3(libc::CLONE_NEWUSER as u64),
    ),
    unshare(
        "namespaces.clone3-mount",
        "a process in a mount namespace, by clone3",
        |_| fork3(libc::CLONE_NEWNS as u64),
    ),
    unshare(
        "namespaces.clone3-all",
        "a process in namespaces of all kinds, by clone3",
        |_| {
            let all =
                libc::CLONE_NEWUSER | libc::CLONE_NEWNS | libc::CLONE_NEWPID | libc::CLONE_NEWNET;
            fork3(all as u64)
        },
    ),
];

/// The crate `libc` does not have it on all architectures; the number is the same on all.
const SYS_LISTMOUNT: libc::c_long = 458;

const fn unshare(
    name: &'static str,
    tries: &'static str,
    call: fn(&Ground) -> Result<usize, i32>,
) -> Attack {
    Attack::refused(name, tries, call)
}

fn unshared(flag: i32) -> Result<usize, i32> {
    call(libc::SYS_unshare, [n(flag)])
}

/// Unmounts what was mounted.
fn undo(done: Result<usize, i32>, path: &std::ffi::CStr) -> Result<usize, i32> {
    if done.is_ok() {
        call(libc::SYS_umount2, [t(path), n(libc::MNT_DETACH)])?;
    }
    done
}

fn enter(ground: &Ground, kinds: &[&str]) -> Outcome {
    let mut last = String::new();
    for kind in kinds {
        for pid in [ground.word("host"), "1"] {
            let path = c(format!("/proc/{pid}/ns/{kind}"));
            let entered = call(
                libc::SYS_openat,
                [n(libc::AT_FDCWD), t(&path), n(libc::O_RDONLY)],
            )
            .and_then(|descriptor| call(libc::SYS_setns, [n(descriptor as i64), n(0)]));
            match entered {
                Ok(_) => return Outcome::Escaped(format!("entered {kind} of {pid}")),
                Err(error) => last = text(error),
            }
        }
    }
    Outcome::Contained(last)
}
