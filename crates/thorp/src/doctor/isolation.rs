//! What the kernel offers to keep vals in, and what is used of it today.

use super::Check;
use std::fs::read_to_string;
use std::path::Path;
use std::process::{Command, Stdio};

/// All checks about isolation.
pub(super) fn checks() -> Vec<Check> {
    let jail = Check::warning(
        "jail",
        "the jail is not built in yet: processes run with rlimits and Deno's permissions only",
        "let only people that you trust write vals, and keep the town off the network",
    );
    vec![jail, Check::ok("kernel", offers().join(", "))]
}

fn offers() -> [String; 4] {
    [user_namespaces(), landlock(), seccomp(), cgroups()]
}

/// Tried, since several settings of several distributions can forbid it.
fn user_namespaces() -> String {
    let tried = Command::new("unshare")
        .args([
            "--user",
            "--map-root-user",
            "--net",
            "--pid",
            "--fork",
            "true",
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match tried {
        Ok(status) if status.success() => "user namespaces",
        Ok(_) => "no user namespaces",
        Err(_) => "user namespaces unknown (no `unshare` to try)",
    }
    .to_owned()
}

fn landlock() -> String {
    match read_to_string("/sys/kernel/security/lsm") {
        Ok(modules) if modules.split(',').any(|name| name.trim() == "landlock") => "Landlock",
        Ok(_) => "no Landlock",
        Err(_) => "Landlock unknown (securityfs is not mounted)",
    }
    .to_owned()
}

fn seccomp() -> String {
    let filters = read_to_string("/proc/sys/kernel/seccomp/actions_avail").is_ok();
    if filters { "seccomp" } else { "no seccomp" }.to_owned()
}

fn cgroups() -> String {
    let root = Path::new("/sys/fs/cgroup");
    let kind = if root.join("cgroup.controllers").exists() {
        "cgroups v2"
    } else if root.join("memory").exists() {
        "cgroups v1"
    } else {
        return "no cgroups".to_owned();
    };
    match rustix::fs::access(root, rustix::fs::Access::WRITE_OK) {
        Ok(()) => kind.to_owned(),
        Err(_) => format!("{kind} (not writable for this user)"),
    }
}
