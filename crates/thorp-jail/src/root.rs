//! The root of a jail: a small file system in memory with nothing in it but what the jail's processes may see.

use std::ffi::OsStr;
use std::fs;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD};
use rustix::io::Errno;
use rustix::mount::{
    MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags,
};
use rustix::thread::UnshareFlags;

use crate::error::ConfineError;
use crate::jail::{Access, Jail, PRIVATE_SEEN};
use crate::limits::{SCRATCH_BYTES_MAX, SCRATCH_FILES_MAX};
use crate::sys::{self, MountAttributes};

/// Where the zygote keeps the folders of all processes. Each process has [`EMPTY`] there.
const PRIVATE_ALL: &str = "/.private";
const EMPTY: &str = "/.empty";
const HOST_NAME: &[u8] = b"sandbox";
/// Exists everywhere, and nothing below it is wanted in a jail.
const MOUNT_POINT: &str = "/proc";
/// Who a user that is not root is inside. Not root there either: root gets capabilities back when it executes.
const USER_INSIDE: u32 = 65_534;

/// Goes into the jail's root, for good.
pub(crate) fn enter(jail: &Jail) -> Result<(), ConfineError> {
    match sys::unshare(UnshareFlags::NEWNS) {
        // Whoever may not may be a kind of root in a user namespace.
        Err(Errno::PERM) => {
            user_namespace()?;
            sys::unshare(UnshareFlags::NEWNS).map_err(ConfineError::MountNamespace)?;
        }
        result => result.map_err(ConfineError::MountNamespace)?,
    }
    rustix::mount::mount_change(
        "/",
        MountPropagationFlags::PRIVATE | MountPropagationFlags::REC,
    )
    .map_err(at("/"))?;
    let trees = jail
        .mounts
        .iter()
        .map(|mount| tree(&mount.path))
        .collect::<Result<Vec<_>, _>>()?;
    let private = jail.private.as_deref().map(tree).transpose()?;
    memory(Path::new(MOUNT_POINT), "size=1m,mode=755")?;
    rustix::process::chdir(MOUNT_POINT).map_err(at(MOUNT_POINT))?;
    pivot()?;
    furnish(jail, trees, private)?;
    attributes(Path::new("/"), false, MountAttributes::READ_ONLY)
}

/// The root's old contents are gone when this returns.
fn pivot() -> Result<(), ConfineError> {
    rustix::process::pivot_root(".", ".").map_err(ConfineError::PivotRoot)?;
    rustix::mount::unmount(".", UnmountFlags::DETACH).map_err(at("."))?;
    rustix::process::chdir("/").map_err(at("/"))
}

fn furnish(jail: &Jail, trees: Vec<OwnedFd>, private: Option<OwnedFd>) -> Result<(), ConfineError> {
    for folder in [PRIVATE_SEEN, EMPTY, "/proc/self"] {
        fs::create_dir_all(folder).map_err(make(folder))?;
    }
    if let Some(program) = &jail.program {
        symlink(program, "/proc/self/exe").map_err(make("/proc/self/exe"))?;
    }
    for (mount, tree) in jail.mounts.iter().zip(trees) {
        place(&tree, &mount.path)?;
        let attributes_of = match mount.access {
            Access::Read => MountAttributes::READ_ONLY,
            Access::Execute => MountAttributes::EXECUTABLE,
            Access::Write => MountAttributes::WRITABLE,
        };
        attributes(&mount.path, true, attributes_of)?;
    }
    if let Some(tree) = private {
        place(&tree, Path::new(PRIVATE_ALL))?;
    }
    Ok(())
}

/// What a new process does in its copy of the zygote's mounts: it takes its own folder, and loses all others.
pub(crate) fn take_private(jail: &Jail, name: Option<&str>) -> Result<(), ConfineError> {
    if jail.private.is_none() {
        return Ok(());
    }
    if let Some(name) = name {
        let path = Path::new(PRIVATE_ALL).join(name);
        let own = tree(&path)?;
        sys::set_attributes(
            own.as_fd(),
            c"",
            AtFlags::EMPTY_PATH,
            MountAttributes::READ_ONLY,
        )
        .map_err(at(&path))?;
        attach(own.as_fd(), Path::new(PRIVATE_SEEN))?;
    }
    rustix::mount::mount_bind(EMPTY, PRIVATE_ALL).map_err(at(PRIVATE_ALL))
}

/// Gives a new process its own files in memory.
pub(crate) fn take_scratch(jail: &Jail, user: Option<u32>) -> Result<(), ConfineError> {
    let owner = user.map_or(String::new(), |user| format!(",uid={user},gid={user}"));
    let data = format!("size={SCRATCH_BYTES_MAX},nr_inodes={SCRATCH_FILES_MAX},mode=700{owner}");
    jail.scratch
        .iter()
        .try_for_each(|folder| memory(folder, &data))
}

/// The rest of what is a new process's own.
pub(crate) fn take_name() -> Result<(), ConfineError> {
    rustix::system::sethostname(HOST_NAME).map_err(ConfineError::HostName)
}

fn user_namespace() -> Result<(), ConfineError> {
    let (user, group) = (rustix::process::geteuid(), rustix::process::getegid());
    sys::unshare(UnshareFlags::NEWUSER).map_err(ConfineError::UserNamespace)?;
    let write = |path: &'static str, text: String| fs::write(path, text).map_err(make(path));
    write("/proc/self/setgroups", "deny".to_owned())?;
    write(
        "/proc/self/uid_map",
        format!("{USER_INSIDE} {} 1", user.as_raw()),
    )?;
    write(
        "/proc/self/gid_map",
        format!("{USER_INSIDE} {} 1", group.as_raw()),
    )
}

/// A file system in memory.
fn memory(folder: &Path, data: &str) -> Result<(), ConfineError> {
    let data =
        std::ffi::CString::new(data).map_err(|error| ConfineError::Message(error.to_string()))?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    rustix::mount::mount("tmpfs", folder, "tmpfs", flags, Some(data.as_c_str())).map_err(at(folder))
}

/// A copy of a part of the tree of mounts, which is nowhere yet.
fn tree(path: &Path) -> Result<OwnedFd, ConfineError> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_RECURSIVE;
    rustix::mount::open_tree(CWD, path, flags).map_err(at(path))
}

/// Makes what is to be mounted on, and mounts.
fn place(tree: &OwnedFd, path: &Path) -> Result<(), ConfineError> {
    let kind = rustix::fs::fstat(tree).map_err(at(path))?.st_mode;
    if rustix::fs::FileType::from_raw_mode(kind).is_dir() {
        fs::create_dir_all(path).map_err(make(path))?;
    } else {
        let folder = path.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(folder).map_err(make(folder))?;
        fs::write(path, "").map_err(make(path))?;
    }
    attach(tree.as_fd(), path)
}

fn attach(tree: BorrowedFd<'_>, path: &Path) -> Result<(), ConfineError> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
    rustix::mount::move_mount(tree, "", CWD, path, flags).map_err(at(path))
}

fn attributes(
    path: &Path,
    recursive: bool,
    attributes: MountAttributes,
) -> Result<(), ConfineError> {
    let text = std::ffi::CString::new(path.as_os_str().as_encoded_bytes())
        .map_err(|error| ConfineError::Message(error.to_string()))?;
    let flags = if recursive {
        AtFlags::from_bits_retain(libc::AT_RECURSIVE.cast_unsigned())
    } else {
        AtFlags::empty()
    };
    sys::set_attributes(CWD, &text, flags, attributes).map_err(at(path))
}

fn at<P: AsRef<OsStr> + ?Sized>(path: &P) -> impl Fn(Errno) -> ConfineError + use<P> {
    let path = PathBuf::from(path);
    move |source| ConfineError::Mount {
        path: path.clone(),
        source,
    }
}

fn make<P: AsRef<OsStr> + ?Sized>(path: &P) -> impl Fn(std::io::Error) -> ConfineError + use<P> {
    let path = PathBuf::from(path);
    move |source| ConfineError::Make {
        path: path.clone(),
        source,
    }
}
