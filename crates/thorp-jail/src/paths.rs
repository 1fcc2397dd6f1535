//! Landlock: what of the file system may be read, executed and written, once more and by another part of the kernel. It
//! also takes away TCP (of a network of its own: listening), and signals and abstract sockets beyond the process.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, RulesetStatus, Scope,
};

use crate::error::ConfineError;
use crate::jail::{Access, Jail, PRIVATE_SEEN};

/// The newest whose rights are given below. Older kernels hold what they know.
const NEWEST: ABI = ABI::V6;

/// Restricts this process for good.
pub(crate) fn restrict(jail: &Jail, private: Option<&str>) -> Result<(), ConfineError> {
    let status = rules(jail, private)
        .and_then(RulesetCreated::restrict_self)
        .map_err(|error| ConfineError::Landlock(error.to_string()))?;
    match status.ruleset {
        RulesetStatus::NotEnforced => Err(ConfineError::Landlock(
            "this kernel does not have it".to_owned(),
        )),
        _ => Ok(()),
    }
}

fn rules(jail: &Jail, private: Option<&str>) -> Result<RulesetCreated, landlock::RulesetError> {
    let refused = if jail.has_network() {
        BitFlags::from(AccessNet::BindTcp)
    } else {
        AccessNet::from_all(NEWEST)
    };
    let mut rules = Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(refused)?
        .scope(Scope::from_all(NEWEST))?
        .create()?
        .no_new_privs(false);
    for mount in &jail.mounts {
        rules = allow(rules, &mount.path, rights(mount.access))?;
    }
    if let Some(own) = own(jail, private) {
        rules = allow(rules, &own, rights(Access::Read))?;
    }
    // Elsewhere they are the host's.
    if jail.layers.namespaces {
        for folder in &jail.scratch {
            rules = allow(rules, folder, rights(Access::Write))?;
        }
    }
    Ok(rules)
}

fn own(jail: &Jail, name: Option<&str>) -> Option<PathBuf> {
    if jail.layers.namespaces {
        return Some(PathBuf::from(PRIVATE_SEEN));
    }
    Some(jail.private.as_ref()?.join(name?))
}

fn allow(
    rules: RulesetCreated,
    path: &Path,
    rights: BitFlags<AccessFs>,
) -> Result<RulesetCreated, landlock::RulesetError> {
    match PathFd::new(path) {
        Ok(file) => rules.add_rule(PathBeneath::new(file, rights)),
        // What is not there need not be allowed.
        Err(_) => Ok(rules),
    }
}

fn rights(access: Access) -> BitFlags<AccessFs> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    match access {
        Access::Read => read,
        Access::Execute => read | AccessFs::Execute,
        Access::Write => {
            read | AccessFs::WriteFile
                | AccessFs::Truncate
                | AccessFs::MakeReg
                | AccessFs::MakeDir
                | AccessFs::MakeSym
                | AccessFs::MakeSock
                | AccessFs::RemoveFile
                | AccessFs::RemoveDir
                | AccessFs::Refer
        }
    }
}
