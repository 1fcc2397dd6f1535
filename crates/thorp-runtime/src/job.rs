//! What a caller asks the runtime to run.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;
use zeroize::Zeroizing;

use crate::host::Host;
use crate::limits;

/// Instead of arguments, see [`Job::args`].
pub const NOT_CALLED: &str = "null";

/// One run of one program.
#[derive(Clone, Debug)]
pub struct Job {
    /// The id of the run.
    pub run: Uuid,
    /// Whose permissions the run has; all zeros is nobody's.
    pub user: Uuid,
    /// What to run.
    pub program: Program,
    /// A JSON array: what the program's value is called with if it is a function. [`NOT_CALLED`] for a value that is only
    /// looked at: a function is `undefined` then.
    pub args: String,
    /// What it sees of other vals.
    pub sight: Sight,
    /// Who answers its calls.
    pub host: Option<Arc<dyn Host>>,
    /// What the run may use.
    pub limits: RunLimits,
    /// Runs of modules with an equal key, for the same user within the same limits, may have a sandbox that another one of
    /// them had before, one after another. The key names the program: whatever changes it must change the key. `None`
    /// for a sandbox of its own.
    pub worker: Option<Arc<str>>,
    /// What the program's own modules find in their environment. Runs with an equal [`Self::worker`] must have equal ones.
    pub secrets: Vec<Secret>,
    /// Names of variables that packages don't see: that one asked for it is logged.
    pub withheld: Vec<Arc<str>>,
}

/// A variable of the environment that only a program's own modules see, unless it is shared.
#[derive(Clone)]
pub struct Secret {
    /// Its name.
    pub name: Arc<str>,
    /// Its value.
    pub value: Arc<Zeroizing<String>>,
    /// Whether it is in the process's environment, where packages see it too.
    pub shared: bool,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret({})", self.name)
    }
}

/// What a run sees of the vals that its program names.
#[derive(Clone, Debug, Default)]
pub struct Sight {
    /// A JSON object: what they hold, by their names (`alice/total`).
    pub values: Option<String>,
    /// Names of those that it may write.
    pub writable: Vec<String>,
    /// The name of the user whose permissions the run has, in lower case.
    pub author: Option<String>,
    /// A JSON object: what vals hold that foreign code in the program may read, by their names. It sees no others.
    pub foreign: Option<String>,
    /// Whether another user's val or secret that the program names and may not have is an error there, and not `undefined`.
    pub strict: bool,
}

/// Code that is ready to run: JavaScript, with every import resolved.
#[derive(Clone, Debug)]
pub enum Program {
    /// The body of an async function whose returned value is the program's value.
    Body {
        /// JavaScript.
        code: Arc<str>,
    },
    /// Files that are imported.
    Module(Arc<ModuleProgram>),
}

/// A program of files.
#[derive(Clone, Debug, Default)]
pub struct ModuleProgram {
    /// Relative path and text of each file. A path uses `/` and has no `.` or `..` parts.
    pub files: Vec<(String, String)>,
    /// The path of the file that is imported.
    pub entry: String,
    /// Which of its exports is the program's value.
    pub export: Export,
    /// Whether promises inside of its value are waited for, as the value itself is.
    pub awaits_inside: bool,
    /// A folder with a `node_modules` folder, a `deno-dir` folder (`remote`, `npm`), or both. It must lie below one of
    /// [`crate::RuntimeConfig::readable`].
    pub dependencies: Option<PathBuf>,
    /// Other vals whose files are among these, and which the program may name; loaded before it, in this order.
    pub vals: Vec<ModuleVal>,
    /// Vals of other users that the files import, each as the file [`foreign_path`] of its name. A program with any runs
    /// in a hardened sandbox.
    pub foreign: Vec<ForeignBundle>,
}

/// A val that is a part of a program.
#[derive(Clone, Debug)]
pub struct ModuleVal {
    /// What the program calls it: `alice/total`.
    pub name: String,
    /// The folder of its files, which begin with it.
    pub folder: String,
    /// The path of its entry.
    pub entry: String,
    /// Which of its exports is its value.
    pub export: Export,
    /// As [`ModuleProgram::dependencies`], for its files alone.
    pub dependencies: Option<PathBuf>,
}

/// A val of another user with all that it imports, as one script. It is evaluated in a Compartment of its own.
#[derive(Clone, Debug, Default)]
pub struct ForeignBundle {
    /// Whose it is and what it is called: `@bob/lib`. What follows a `+` tells several of one val apart.
    pub name: String,
    /// A script that defines `thorpExports`, the object of its exports: what esbuild makes with `--format=iife
    /// --global-name=thorpExports`. It has no `import(`, direct `eval(` or HTML comment anywhere, not even in a string.
    pub script: String,
    /// The names of its exports, `default` among them if it has one.
    pub exports: Vec<String>,
}

/// The path of the file that exports what a foreign val exports, in the folder of the program's files.
#[must_use]
pub fn foreign_path(name: &str) -> String {
    format!("{FOREIGN_FOLDER}/{name}.js")
}

/// No file of a program lies in it.
pub(crate) const FOREIGN_FOLDER: &str = "thorp-foreign";

impl Program {
    /// Whether it wants a hardened sandbox.
    pub(crate) fn is_hardened(&self) -> bool {
        matches!(self, Self::Module(program) if !program.foreign.is_empty())
    }
}

/// Which export of the entry is the program's value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Export {
    /// The default export.
    #[default]
    Default,
    /// The export of this name.
    Named(String),
    /// None: the program runs for its effects, and its value is `undefined`.
    Nothing,
}

/// What a run may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunLimits {
    /// From the moment that the sandbox gets the program.
    pub wall: Duration,
    /// Processor time.
    pub cpu: Duration,
    /// Memory. More than [`crate::PoolLimits::memory_bytes`] has no effect.
    pub memory_bytes: u64,
}

impl Default for RunLimits {
    fn default() -> Self {
        Self {
            wall: Duration::from_secs(limits::WALL_SECS_DEFAULT),
            cpu: Duration::from_secs(limits::CPU_SECS_DEFAULT),
            memory_bytes: limits::MEMORY_BYTES_DEFAULT,
        }
    }
}
