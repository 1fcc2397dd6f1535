//! One tree of control groups: the folders and files of a town's groups in it.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use crate::groups::name::Owner;
use crate::groups::place::{Controller, Place, Version};
use crate::groups::remove;
use crate::groups::share::{self, Left, Share};
use crate::groups::{GroupLimits, Part};

/// What the town itself is in where a group that has groups may have no processes.
pub(crate) const TOWN: &str = ".town";
/// What everybody has in the first version, and what `cpu.idle` makes of it.
const SHARES_NORMAL: u64 = 1024;
/// The same of the second version.
const WEIGHT_NORMAL: u64 = 100;

/// A tree in which a town has groups.
#[derive(Debug)]
pub(crate) struct Tree {
    version: Version,
    pub(crate) controllers: Vec<Controller>,
    /// What the paths of its groups begin with; a number follows.
    prefix: PathBuf,
    /// The group around all of them.
    around: Option<PathBuf>,
    /// What this process has left its group for, if it has.
    share: Option<Share>,
    has_idle: bool,
}

/// Why something cannot be had in a tree.
pub(crate) type Refusal = (Controller, io::Error);

impl Tree {
    /// Makes a group in this tree and enters it with a thread, to see what of it works.
    pub(crate) fn open(
        place: Place,
        owner: &Owner,
        limits: &GroupLimits,
    ) -> (Option<Self>, Vec<Refusal>) {
        let all = place.controllers.clone();
        let version = place.version;
        // Sets of one process share what it has left its group for.
        let _order = share::order();
        let opened = match version {
            Version::V1 => Self::first(place, owner, limits).map(|tree| (tree, Vec::new())),
            Version::V2 => Self::second(place, owner),
        };
        let (tree, refused) = match opened {
            Ok((tree, refused)) if !tree.controllers.is_empty() => (tree, refused),
            Ok((_, refused)) => return (None, refused),
            Err(error) => return (None, all_refused(&all, &error)),
        };
        match tree.attempt(limits) {
            Ok(has_idle) => (Some(Self { has_idle, ..tree }), refused),
            Err(error) => {
                tree.close();
                (None, all_refused(&all, &error))
            }
        }
    }

    /// Memory and the processors have a group around all others. The first bounds them together. In the second is the
    /// town too, so that it is before a process that waits for all others, and together they are one among the machine's.
    fn first(place: Place, owner: &Owner, limits: &GroupLimits) -> io::Result<Self> {
        let mut tree = Self {
            version: place.version,
            prefix: place.folder.join(format!("{owner}.")),
            around: None,
            share: None,
            has_idle: false,
            controllers: place.controllers,
        };
        remove::stale(&place.folder);
        let around = place.folder.join(owner.to_string());
        let made = if tree.controllers.contains(&Controller::Processor) {
            tree.surround_with_town(&place.folder, &around, owner)
        } else if tree.controllers.contains(&Controller::Memory) {
            tree.surround(&place.folder, around, limits)
        } else {
            Ok(())
        };
        match made {
            Ok(()) => Ok(tree),
            Err(error) => {
                tree.close();
                Err(error)
            }
        }
    }

    fn surround(&mut self, base: &Path, around: PathBuf, limits: &GroupLimits) -> io::Result<()> {
        fs::create_dir(&around)?;
        self.prefix = around.join("");
        let bytes = memory_bytes(base) / 100 * limits.memory_percent_all;
        let set = set(&around, "memory.limit_in_bytes", bytes);
        self.around = Some(around);
        set
    }

    fn surround_with_town(&mut self, base: &Path, around: &Path, owner: &Owner) -> io::Result<()> {
        let name = base.file_name().unwrap_or_default().to_string_lossy();
        let is_own =
            name.ends_with(TOWN) && Owner::parse(&name).is_some_and(|one| one.is_same(owner));
        if let Some(around) = base.parent().filter(|_| is_own) {
            // Another set of this process has done it.
            self.prefix = around.join(format!("{owner}."));
            self.share = Share::of(around);
            return Ok(());
        }
        self.prefix = around.join(format!("{owner}."));
        let left = Left {
            base: base.to_owned(),
            groups: around.to_owned(),
            town: around.join(format!("{owner}{TOWN}")),
            enabled: Vec::new(),
        };
        fs::create_dir(around)?;
        let (share, left) = Share::first(left);
        self.share = Some(share);
        // As much as a process on each processor.
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        set(around, "cpu.shares", SHARES_NORMAL * processors as u64)?;
        left.leave()
    }

    fn second(place: Place, owner: &Owner) -> io::Result<(Self, Vec<Refusal>)> {
        let base = base(&place.folder);
        let has = words(&base.join("cgroup.controllers"))?;
        let (there, missing): (Vec<Controller>, Vec<Controller>) = place
            .controllers
            .iter()
            .partition(|controller| has.iter().any(|name| name == controller.name()));
        let missing = missing
            .into_iter()
            .map(|controller| (controller, io::ErrorKind::Unsupported.into()));
        let mut refused: Vec<Refusal> = missing.collect();
        remove::stale(&base);
        let (controllers, share) = match there.is_empty() {
            true => (there, None),
            false => enable(&base, owner, there, &mut refused)?,
        };
        let tree = Self {
            version: place.version,
            controllers,
            prefix: base.join(format!("{owner}.")),
            around: None,
            share,
            has_idle: false,
        };
        Ok((tree, refused))
    }

    /// Whether processes can be made to wait for all others.
    fn attempt(&self, limits: &GroupLimits) -> io::Result<bool> {
        const NUMBER: u64 = u64::MAX;
        let folder = self.folder(NUMBER);
        let tried = self.make(NUMBER, limits).and_then(|()| match self.version {
            Version::V1 => enter_with_a_thread(&folder),
            // The town has moved, or a town before it.
            Version::V2 => OpenOptions::new()
                .write(true)
                .open(folder.join(PROCESSES))
                .map(drop),
        });
        let has_idle = folder.join("cpu.idle").exists();
        remove::folder(&folder);
        tried.map(|()| has_idle)
    }

    fn folder(&self, number: u64) -> PathBuf {
        let mut path = OsString::from(&self.prefix);
        path.push(number.to_string());
        path.into()
    }

    /// Makes a group with its limits.
    pub(crate) fn make(&self, number: u64, limits: &GroupLimits) -> io::Result<()> {
        let folder = self.folder(number);
        match fs::create_dir(&folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        self.controllers
            .iter()
            .try_for_each(|controller| limit(self.version, *controller, &folder, limits))
    }

    /// Where a process enters a group.
    pub(crate) fn entrance(&self, number: u64) -> io::Result<OwnedFd> {
        let path = self.folder(number).join(PROCESSES);
        Ok(OpenOptions::new().write(true).open(path)?.into())
    }

    /// Ends everybody in a group, and waits for it. Whether nobody is left.
    pub(crate) fn empty(&self, number: u64) -> bool {
        remove::empty(&self.folder(number))
    }

    /// How many threads the kernel counts in a group.
    pub(crate) fn threads(&self, number: u64) -> u64 {
        count(&self.folder(number).join("pids.current"), "")
    }

    /// Gives a group its part of the processors.
    pub(crate) fn set_part(&self, number: u64, before: Part, part: Part) -> io::Result<()> {
        let folder = self.folder(number);
        if self.has_idle && part == Part::Left {
            return set(&folder, "cpu.idle", 1);
        }
        if self.has_idle && before == Part::Left {
            set(&folder, "cpu.idle", 0)?;
            if part == Part::Full {
                return Ok(());
            }
        }
        let (file, value) = match self.version {
            Version::V1 => ("cpu.shares", part.of(SHARES_NORMAL)),
            Version::V2 => ("cpu.weight", part.of(WEIGHT_NORMAL)),
        };
        set(&folder, file, value)
    }

    /// How many processes of a group the kernel has ended since it had no memory for them, and whether that was for the
    /// group's own limit.
    pub(crate) fn shortages(&self, number: u64) -> (u64, bool) {
        let folder = self.folder(number);
        match self.version {
            Version::V1 => {
                let failed = |folder: &Path| count(&folder.join("memory.failcnt"), "");
                let all = self.around.as_deref().map_or(0, failed);
                let kills = count(&folder.join("memory.oom_control"), "oom_kill ");
                (kills, all == 0 || failed(&folder) > 0)
            }
            Version::V2 => {
                let events = folder.join("memory.events");
                (count(&events, "oom_kill "), count(&events, "oom ") > 0)
            }
        }
    }

    /// Removes a group, with everybody in it.
    pub(crate) fn remove(&self, number: u64) {
        remove::folder(&self.folder(number));
    }

    /// Removes what is around all groups, and lets this process return to where it was.
    pub(crate) fn close(&self) {
        if let Some(around) = &self.around {
            remove::folder(around);
        }
        if let Some(share) = &self.share {
            share.give_up();
        }
    }
}

/// Where processes are listed, and enter.
pub(crate) const PROCESSES: &str = "cgroup.procs";

/// The town's group, if this process was not moved out of it.
fn base(folder: &Path) -> PathBuf {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    match folder.parent() {
        Some(parent) if name.ends_with(TOWN) && Owner::parse(&name).is_some() => parent.to_owned(),
        _ => folder.to_owned(),
    }
}

/// Lets the groups of `base` have limits. For that, no process may be in it: this one leaves it for a group of its own.
fn enable(
    base: &Path,
    owner: &Owner,
    wanted: Vec<Controller>,
    refused: &mut Vec<Refusal>,
) -> io::Result<(Vec<Controller>, Option<Share>)> {
    let enabled = words(&base.join(CONTROL))?;
    let is_enabled = |one: &Controller| enabled.iter().any(|name| name == one.name());
    if wanted.iter().all(is_enabled) {
        return Ok((wanted, Share::of(base)));
    }
    let mut left = Left {
        town: base.join(format!("{owner}{TOWN}")),
        base: base.to_owned(),
        groups: base.to_owned(),
        enabled: Vec::new(),
    };
    left.leave()?;
    for controller in wanted {
        match control(base, '+', controller) {
            Ok(()) => left.enabled.push(controller),
            Err(error) => refused.push((controller, error)),
        }
    }
    let found = left.enabled.clone();
    if found.is_empty() {
        // Dropped, it makes all as it was.
        return Ok((found, None));
    }
    Ok((found, Some(Share::first(left).0)))
}

/// What this process's group may have: all of the machine's, if it has no limit.
fn memory_bytes(own: &Path) -> u64 {
    let about = rustix::system::sysinfo();
    let machine = about.totalram * u64::from(about.mem_unit);
    match count(&own.join("memory.limit_in_bytes"), "") {
        0 => machine,
        limit => limit.min(machine),
    }
}

fn limit(
    version: Version,
    controller: Controller,
    folder: &Path,
    limits: &GroupLimits,
) -> io::Result<()> {
    match (controller, version) {
        (Controller::Memory, Version::V1) => {
            set(folder, "memory.limit_in_bytes", limits.memory_bytes)?;
            // Not to be had without swap.
            let _ = set(folder, "memory.memsw.limit_in_bytes", limits.memory_bytes);
            let _ = set(folder, "memory.swappiness", 0);
            Ok(())
        }
        (Controller::Memory, Version::V2) => {
            set(folder, "memory.max", limits.memory_bytes)?;
            let _ = set(folder, "memory.swap.max", 0);
            let _ = set(folder, "memory.oom.group", 1);
            Ok(())
        }
        (Controller::Threads, _) => set(folder, "pids.max", limits.threads),
        (Controller::Processor, Version::V1) => set(folder, "cpu.shares", SHARES_NORMAL),
        (Controller::Processor, Version::V2) => set(folder, "cpu.weight", WEIGHT_NORMAL),
        #[cfg(test)]
        (Controller::HugePages, _) => set(folder, "hugetlb.2MB.max", limits.memory_bytes),
    }
}

fn all_refused(controllers: &[Controller], error: &io::Error) -> Vec<Refusal> {
    let again = |controller: &Controller| {
        let error = match error.raw_os_error() {
            Some(code) => io::Error::from_raw_os_error(code),
            None => error.kind().into(),
        };
        (*controller, error)
    };
    controllers.iter().map(again).collect()
}

/// A file of the kernel is there, or is not: none is made.
pub(crate) fn set(folder: &Path, file: &str, value: impl ToString) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).truncate(true).open(folder.join(file))?;
    file.write_all(value.to_string().as_bytes())
}

/// Which controllers the groups of a group have.
const CONTROL: &str = "cgroup.subtree_control";

pub(crate) fn control(base: &Path, sign: char, controller: Controller) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).open(base.join(CONTROL))?;
    file.write_all(format!("{sign}{}\n", controller.name()).as_bytes())
}

pub(crate) fn words(path: &Path) -> io::Result<Vec<String>> {
    let text = fs::read_to_string(path)?;
    Ok(text.split_whitespace().map(str::to_owned).collect())
}

/// The number of the line that begins so; 0 if there is none.
fn count(path: &Path, line: &str) -> u64 {
    let text = fs::read_to_string(path).unwrap_or_default();
    let number = text.lines().find_map(|text| text.strip_prefix(line));
    number
        .and_then(|number| number.trim().parse().ok())
        .unwrap_or_default()
}

/// A thread of this process enters alone, and ends there.
fn enter_with_a_thread(folder: &Path) -> io::Result<()> {
    let enter = || set(folder, "tasks", rustix::thread::gettid().as_raw_nonzero());
    std::thread::scope(|scope| scope.spawn(enter).join())
        .map_err(|_| io::Error::other("a thread panicked"))?
}
