//! The folder of one sandbox: its socket, its files, its view of Deno's cache.
//!
//! ```text
//! <scratch>/<number>/
//! ├── c               the control socket, until the guest has connected
//! ├── g               the socket of the gateway
//! ├── h               the socket of web requests, while their program is served
//! ├── m/              the files of the program; the only folder of these that user code may read
//! │   └── node_modules → <dependencies>/node_modules
//! └── d/              DENO_DIR: links to the prepared one, but
//!     ├── remote      → <dependencies>/deno-dir/remote
//!     └── npm         → <dependencies>/deno-dir/npm
//! ```

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Component, Path, PathBuf};

use crate::foreign;
use crate::job::{FOREIGN_FOLDER, ModuleProgram};
use crate::limits;

/// What of Deno's cache belongs to the program and not to the guest.
const PROGRAM_CACHES: [&str; 2] = ["remote", "npm"];
/// Folders of a program's that are not its files'.
const RESERVED: [&str; 2] = ["node_modules", FOREIGN_FOLDER];
/// A sandbox may have a user of its own. Who may come here at all, the folder above says.
const READ_BY_ALL: u32 = 0o755;

/// The folder of one sandbox. Removing it is the owner's business.
#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
    modules: PathBuf,
    deno_dir: PathBuf,
    seen: Seen,
}

/// Where the sandbox itself sees its things: Deno's cache, its program, and the sockets of the host, the gateway and web
/// requests.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) socket: PathBuf,
    pub(crate) door: PathBuf,
    pub(crate) requests: PathBuf,
    pub(crate) modules: PathBuf,
    pub(crate) deno_dir: PathBuf,
}

impl Seen {
    fn new(root: &Path) -> Self {
        Self {
            socket: root.join("c"),
            door: root.join("g"),
            requests: root.join("h"),
            modules: root.join("m"),
            deno_dir: root.join("d"),
        }
    }
}

/// How a sandbox uses the prepared cache of Deno.
#[derive(Clone, Debug)]
pub(crate) enum Cache {
    /// It is the sandbox's own: what Deno keeps of its start is kept.
    Filling(PathBuf),
    /// It is shared, behind links.
    Prepared(PathBuf),
}

impl Folder {
    /// Makes a folder that a sandbox sees at `seen`.
    pub(crate) fn create(root: PathBuf, seen: &Path, cache: &Cache) -> io::Result<Self> {
        let modules = root.join("m");
        let mut builder = DirBuilder::new();
        builder.mode(READ_BY_ALL);
        builder.create(&root)?;
        builder.create(&modules)?;
        let deno_dir = match cache {
            Cache::Filling(cache) => cache.clone(),
            Cache::Prepared(cache) => {
                let deno_dir = root.join("d");
                builder.create(&deno_dir)?;
                link_cache(cache, &deno_dir)?;
                deno_dir
            }
        };
        let mut seen = Seen::new(seen);
        if let Cache::Filling(cache) = cache {
            seen.deno_dir.clone_from(cache);
        }
        Ok(Self {
            root,
            modules,
            deno_dir,
            seen,
        })
    }

    /// The folder that [`reset`] has made as good as new.
    pub(crate) fn again(root: PathBuf, seen: &Path) -> Self {
        Self {
            seen: Seen::new(seen),
            modules: root.join("m"),
            deno_dir: root.join("d"),
            root,
        }
    }

    pub(crate) fn seen(&self) -> &Seen {
        &self.seen
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.root.join("c")
    }

    pub(crate) fn door(&self) -> PathBuf {
        self.root.join("g")
    }

    pub(crate) fn requests(&self) -> PathBuf {
        self.root.join("h")
    }

    /// Puts a program into the folder.
    pub(crate) fn write(&self, program: &ModuleProgram, guest: &Path) -> io::Result<()> {
        for (path, text) in &program.files {
            self.write_file(path, text)?;
        }
        for (path, text) in foreign::modules(program, guest) {
            self.write_file(&path, &text)?;
        }
        let of_vals = program
            .vals
            .iter()
            .map(|val| (val.folder.as_str(), &val.dependencies));
        let folders: Vec<(&str, &PathBuf)> = std::iter::once(("", &program.dependencies))
            .chain(of_vals)
            .filter_map(|(folder, dependencies)| Some((folder, dependencies.as_ref()?)))
            .collect();
        for (folder, dependencies) in &folders {
            self.link_packages(folder, dependencies)?;
        }
        for name in PROGRAM_CACHES {
            self.link_cache(name, &folders)?;
        }
        Ok(())
    }

    fn write_file(&self, path: &str, text: &str) -> io::Result<()> {
        let path = self.modules.join(path);
        if let Some(parent) = path.parent().filter(|parent| *parent != self.modules) {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, text)
    }

    fn link_packages(&self, folder: &str, dependencies: &Path) -> io::Result<()> {
        let packages = dependencies.join("node_modules");
        if packages.is_dir() {
            symlink(packages, self.modules.join(folder).join("node_modules"))?;
        }
        Ok(())
    }

    /// One cache is linked as it is; of several, every file.
    fn link_cache(&self, name: &str, folders: &[(&str, &PathBuf)]) -> io::Result<()> {
        let caches = folders
            .iter()
            .map(|(_, dependencies)| dependencies.join("deno-dir").join(name));
        let mut caches: Vec<PathBuf> = caches.filter(|cache| cache.is_dir()).collect();
        caches.dedup();
        let link = self.deno_dir.join(name);
        match caches.as_slice() {
            [] => Ok(()),
            [one] => {
                // Deno makes an empty one when it starts.
                let _ = fs::remove_dir(&link);
                symlink(one, link)
            }
            several => several
                .iter()
                .try_for_each(|cache| link_files(cache, &link)),
        }
    }
}

/// Links every file of a folder, at the same path below another.
fn link_files(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            link_files(&entry.path(), &to)?;
        } else if let Err(error) = symlink(entry.path(), &to) {
            // The same module, which two vals import.
            if error.kind() != io::ErrorKind::AlreadyExists {
                return Err(error);
            }
        }
    }
    Ok(())
}

fn link_cache(cache: &Path, deno_dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(cache)? {
        let entry = entry?;
        if !PROGRAM_CACHES.iter().any(|name| entry.file_name() == *name) {
            symlink(entry.path(), deno_dir.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// Makes the folder of an ended sandbox as good as new: making and removing a dozen of inodes costs a tenth of a start.
/// What could carry anything from one program to the next goes: all files, all folders with something in them, and
/// every link but those to the prepared cache.
pub(crate) fn reset(root: &Path, cache: &Path) -> io::Result<()> {
    empty(&root.join("m"), |_| false)?;
    let is_ours = |path: &Path| {
        let name = path.file_name().unwrap_or_default();
        fs::read_link(path).is_ok_and(|target| target == cache.join(name))
    };
    empty(&root.join("d"), is_ours)?;
    empty(root, |path| path.ends_with("m") || path.ends_with("d"))
}

/// Removes what is in a folder, but what is to be kept, and empty folders.
fn empty(folder: &Path, keep: impl Fn(&Path) -> bool) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if keep(&path) {
            continue;
        }
        if !entry.file_type()?.is_dir() {
            fs::remove_file(&path)?;
        } else if fs::read_dir(&path)?.next().is_some() {
            fs::remove_dir_all(&path)?;
        }
    }
    Ok(())
}

/// Says what is wrong with a program's files, if anything: nothing may be written outside of the sandbox's folder.
pub(crate) fn check(program: &ModuleProgram) -> Result<(), String> {
    if program.files.len() > limits::FILES_MAX {
        return Err(format!("it has more than {} files", limits::FILES_MAX));
    }
    let bytes: usize = program.files.iter().map(|(_, text)| text.len()).sum();
    if bytes > limits::CODE_BYTES_MAX {
        return Err(format!(
            "its files have more than {} bytes",
            limits::CODE_BYTES_MAX
        ));
    }
    foreign::check(program)?;
    let files = program.files.iter().map(|(path, _)| path);
    let of_vals = program
        .vals
        .iter()
        .flat_map(|val| [&val.folder, &val.entry]);
    let paths = files.chain([&program.entry]).chain(of_vals);
    match paths.into_iter().find(|path| !is_plain(path)) {
        Some(path) => Err(format!("`{path}` is not a plain relative path")),
        None => Ok(()),
    }
}

fn is_plain(path: &str) -> bool {
    let mut parts = Path::new(path).components().peekable();
    let starts_plain = parts
        .peek()
        .is_some_and(|part| !RESERVED.iter().any(|name| part.as_os_str() == *name));
    let clean = path.chars().all(|char| !char.is_control()) && !path.ends_with('/');
    starts_plain && clean && parts.all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::{Cache, Folder, is_plain, reset};
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn nothing_of_one_program_is_there_for_the_next() {
        let home = tempfile::tempdir().unwrap();
        let (cache, root) = (home.path().join("cache"), home.path().join("1"));
        fs::create_dir_all(cache.join("gen")).unwrap();
        fs::write(cache.join("analysis"), "prepared").unwrap();
        let folder = Folder::create(root.clone(), &root, &Cache::Prepared(cache.clone())).unwrap();
        let names = |at: &str| {
            let mut names: Vec<_> = fs::read_dir(root.join(at))
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        };
        let (modules, deno_dir) = (folder.modules.clone(), folder.deno_dir.clone());
        fs::create_dir(modules.join("lib")).unwrap();
        fs::write(modules.join("lib/a.mjs"), "secret").unwrap();
        symlink("/", modules.join("node_modules")).unwrap();
        fs::create_dir_all(deno_dir.join("location_data/1")).unwrap();
        fs::create_dir(deno_dir.join("npm")).unwrap();
        fs::write(deno_dir.join("file"), "secret").unwrap();
        symlink("/etc", deno_dir.join("remote")).unwrap();
        fs::remove_file(deno_dir.join("gen")).unwrap();
        symlink("/etc", deno_dir.join("gen")).unwrap();
        fs::write(root.join("c"), "").unwrap();
        reset(&root, &cache).unwrap();
        assert_eq!(names(""), ["d", "m"]);
        assert_eq!(names("m"), [""; 0]);
        // The folder that Deno makes at every start is kept while it is empty.
        assert_eq!(names("d"), ["analysis", "npm"]);
        assert_eq!(
            fs::read_to_string(cache.join("analysis")).unwrap(),
            "prepared"
        );
    }

    #[test]
    fn only_plain_relative_paths_are_written() {
        for path in ["main.tsx", "lib/a b.ts", "a/b/c.js", "ü.ts"] {
            assert!(is_plain(path), "{path}");
        }
        for path in [
            "",
            "/etc/passwd",
            "../x",
            "a/../../x",
            "./x",
            "a/",
            "node_modules/x/index.js",
            "thorp-foreign/@bob/lib.js",
            "a\0b",
        ] {
            assert!(!is_plain(path), "{path}");
        }
    }
}
