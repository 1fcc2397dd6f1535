//! How strong the jail around vals is, found by starting processes in it, and what would make it stronger.

use super::Check;
use crate::serve::{async_runtime, jail};
use thorp_runtime::confined::{GroupLimits, Groups, THREADS_MAX};
use thorp_runtime::limits::{MEMORY_BYTES_DEFAULT, SANDBOXES_MEMORY_PERCENT_MAX};
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
    checks.push(groups());
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

/// Opened as a town opens them, and removed.
fn groups() -> Check {
    const NAME: &str = "control groups";
    let groups = Groups::open(GroupLimits {
        memory_bytes: MEMORY_BYTES_DEFAULT,
        memory_percent_all: SANDBOXES_MEMORY_PERCENT_MAX,
        threads: THREADS_MAX,
    });
    let held = groups.held().join(", ");
    let refused: Vec<String> = groups
        .refused()
        .iter()
        .map(|refused| format!("{} ({})", refused.layer, refused.reason))
        .collect();
    groups.close();
    match (held.as_str(), refused.join(", ").as_str()) {
        (held, "") => Check::ok(NAME, format!("bound {held}")),
        ("", refused) => Check::warning(NAME, format!("cannot bound {refused}"), GROUPS_FIX),
        (held, refused) => Check::warning(
            NAME,
            format!("bound {held}, but cannot bound {refused}"),
            GROUPS_FIX,
        ),
    }
}

const GROUPS_FIX: &str =
    "`Delegate=yes` in the service; see \"Control groups\" in docs/how-to/run-as-a-service.md";
