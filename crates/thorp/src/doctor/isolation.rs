//! How strong the jail around vals is, found by starting processes in it, and what would make it stronger.

use super::Check;
use crate::serve::{async_runtime, jail};
use std::path::Path;
use thorp_town::{Found, Layers, Refused, Tier};

const FIX: &str = "see \"The jail\" in docs/how-to/run-as-a-service.md";

/// What sandboxes get here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Jail {
    pub(super) tier: Tier,
    pub(super) layers: Layers,
}

/// All checks about isolation, and what sandboxes get.
pub(super) fn checks() -> (Vec<Check>, Jail) {
    let found = match async_runtime() {
        Ok(runtime) => runtime.block_on(jail::find()),
        Err(failure) => {
            let check = Check::failed("jail", failure.message, FIX);
            let none = Jail {
                tier: Tier::C,
                layers: Layers::NONE,
            };
            return (vec![check], none);
        }
    };
    let mut checks = vec![tier(&found)];
    // Why the whole cannot be had, the parts say better.
    let whole = ["the whole jail", "a jail for one user"];
    let told = |refused: &&Refused| found.tier == Tier::A || !whole.contains(&refused.layer);
    checks.extend(found.refused.iter().filter(told).map(missing));
    checks.push(Check::ok("control groups", cgroups()));
    let jail = Jail {
        tier: found.tier,
        layers: found.layers,
    };
    (checks, jail)
}

fn tier(found: &Found) -> Check {
    const NAME: &str = "jail";
    match found.tier {
        Tier::A => Check::ok(
            NAME,
            "tier A: namespaces, Landlock, a filter of system calls, no rights",
        ),
        Tier::B => Check::warning(
            NAME,
            "tier B: Landlock, a filter of system calls, a user for each sandbox; no namespaces",
            FIX,
        ),
        Tier::C => Check::failed(
            NAME,
            "tier C: too little to run vals of others",
            "`thorp serve --insecure-no-jail` does without, for vals that you wrote yourself",
        ),
    }
}

fn missing(refused: &Refused) -> Check {
    let fix = match refused.layer {
        "namespaces" => {
            "`sysctl user.max_user_namespaces=65536`; in a container `--security-opt seccomp=unconfined`; on Ubuntu a profile that grants `userns`"
        }
        "Landlock" => "a kernel of 5.13 or later, with `landlock` in `lsm=` on its command line",
        "the whole jail" | "a user for each sandbox" => {
            "the right to change user: run as root, or with CAP_SETUID and CAP_SETGID"
        }
        _ => FIX,
    };
    Check::warning(refused.layer, refused.reason.clone(), fix)
}

fn cgroups() -> String {
    let root = Path::new("/sys/fs/cgroup");
    let kind = if root.join("cgroup.controllers").exists() {
        "v2"
    } else if root.join("memory").exists() {
        "v1"
    } else {
        return "none".to_owned();
    };
    match rustix::fs::access(root, rustix::fs::Access::WRITE_OK) {
        Ok(()) => kind.to_owned(),
        Err(_) => format!("{kind} (not writable for this user)"),
    }
}
