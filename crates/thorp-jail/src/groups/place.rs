//! Where this process is in the kernel's trees of control groups. Pure.

use std::path::{Path, PathBuf};

/// What a control group can bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Controller {
    /// Memory of every kind.
    Memory,
    /// Threads.
    Threads,
    /// Shares of the processors.
    Processor,
    /// Huge pages: what a machine with the first version has most often left for the second, so that tests have it.
    #[cfg(test)]
    HugePages,
}

/// Which interface a tree has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// A tree for one controller, or a few.
    V1,
    /// One tree for all.
    V2,
}

/// The group of this process in one tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) version: Version,
    /// What this tree bounds, of what we want. In a [`Version::V2`] all that no other tree does: what it can, it tells.
    pub(crate) controllers: Vec<Controller>,
    pub(crate) folder: PathBuf,
}

impl Controller {
    pub(crate) const ALL: [Self; 3] = [Self::Memory, Self::Threads, Self::Processor];

    /// The kernel's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Threads => "pids",
            Self::Processor => "cpu",
            #[cfg(test)]
            Self::HugePages => "hugetlb",
        }
    }

    /// The name for people.
    pub(crate) fn shown(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Threads => "threads",
            Self::Processor => "processor time",
            #[cfg(test)]
            Self::HugePages => "huge pages",
        }
    }
}

/// Finds the groups by the texts of `/proc/self/cgroup` and `/proc/self/mountinfo`.
pub(crate) fn places(groups: &str, mounts: &str) -> Vec<Place> {
    let mounts: Vec<Mount<'_>> = mounts.lines().filter_map(Mount::parse).collect();
    let mut places: Vec<Place> = groups
        .lines()
        .filter_map(|line| place(line, &mounts))
        .collect();
    let elsewhere: Vec<Controller> = places
        .iter()
        .flat_map(|place| place.controllers.clone())
        .collect();
    for place in &mut places {
        if place.version == Version::V2 {
            let left = |controller: &Controller| !elsewhere.contains(controller);
            place.controllers = Controller::ALL.into_iter().filter(left).collect();
        }
    }
    places.retain(|place| !place.controllers.is_empty());
    places
}

/// `4:memory:/path`; of a second version `0::/path`.
fn place(line: &str, mounts: &[Mount<'_>]) -> Option<Place> {
    let mut parts = line.splitn(3, ':');
    let (_, names, path) = (parts.next()?, parts.next()?, parts.next()?);
    let names: Vec<&str> = names.split(',').collect();
    let controllers: Vec<Controller> = Controller::ALL
        .into_iter()
        .filter(|controller| names.contains(&controller.name()))
        .collect();
    let version = if names == [""] {
        Version::V2
    } else {
        Version::V1
    };
    let mut seen = mounts.iter().filter(|mount| match version {
        Version::V1 => {
            mount.kind == "cgroup" && names.iter().all(|name| mount.options.contains(name))
        }
        Version::V2 => mount.kind == "cgroup2",
    });
    let folder = seen.find_map(|mount| mount.folder(path))?;
    Some(Place {
        version,
        controllers,
        folder,
    })
}

/// A line of `mountinfo`.
struct Mount<'a> {
    root: &'a str,
    at: &'a str,
    kind: &'a str,
    options: Vec<&'a str>,
}

impl<'a> Mount<'a> {
    /// `36 35 98:0 ROOT AT rw,noatime master:1 - KIND SOURCE OPTIONS`
    fn parse(line: &'a str) -> Option<Self> {
        let (before, after) = line.split_once(" - ")?;
        let mut before = before.split(' ').skip(3);
        let mut after = after.split(' ');
        Some(Self {
            root: before.next()?,
            at: before.next()?,
            kind: after.next()?,
            options: after.nth(1)?.split(',').collect(),
        })
    }

    /// Where a group is seen, if it is.
    fn folder(&self, group: &str) -> Option<PathBuf> {
        let below = Path::new(group).strip_prefix(self.root).ok()?;
        Some(Path::new(self.at).join(below))
    }
}

#[cfg(test)]
mod tests {
    use super::places;

    fn check(groups: &str, mounts: &str, expected: &[&str]) {
        let found: Vec<String> = places(groups, mounts)
            .iter()
            .map(|place| {
                let names: Vec<&str> = place.controllers.iter().map(|one| one.name()).collect();
                let (version, folder) = (place.version, place.folder.display());
                format!("{version:?} {} {folder}", names.join(","))
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn each_tree_of_the_first_version_has_a_place() {
        check(
            "9:name=systemd:/\n8:pids:/\n4:memory:/a/b\n3:cpu,cpuacct:/s\n2:freezer:/\n0::/\n",
            "1 2 0:1 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n\
             1 2 0:1 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
             1 2 0:1 / /sys/fs/cgroup/pids rw master:3 - cgroup cgroup rw,pids\n\
             1 2 0:1 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n\
             1 2 0:1 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
            &[
                "V1 pids /sys/fs/cgroup/pids/",
                "V1 memory /sys/fs/cgroup/memory/a/b",
                "V1 cpu /sys/fs/cgroup/cpu,cpuacct/s",
            ],
        );
    }

    #[test]
    fn the_second_version_has_one() {
        check(
            "0::/system.slice/thorp.service\n",
            "1 2 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n",
            &["V2 memory,pids,cpu /sys/fs/cgroup/system.slice/thorp.service"],
        );
    }

    #[test]
    fn both_versions_share_the_controllers() {
        check(
            "1:cpu:/\n0::/x\n",
            "1 2 0:1 / /c rw - cgroup cgroup rw,cpu\n1 2 0:1 / /u rw - cgroup2 cgroup2 rw\n",
            &["V1 cpu /c/", "V2 memory,pids /u/x"],
        );
    }

    #[test]
    fn what_is_mounted_may_be_a_part_of_the_tree() {
        let mounts = "1 2 0:1 /docker/a /m rw - cgroup cgroup rw,memory\n";
        check("1:memory:/docker/a\n", mounts, &["V1 memory /m/"]);
        check("1:memory:/docker/a/b\n", mounts, &["V1 memory /m/b"]);
        check("1:memory:/docker/other\n", mounts, &[]);
    }

    #[test]
    fn nothing_is_found_in_nonsense() {
        check("", "", &[]);
        check("1:memory\n::\n", "x - y\n", &[]);
    }
}
