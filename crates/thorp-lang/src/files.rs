//! The files of one version: which there are, what each is called in the sandbox, and how a
//! relative specifier finds one.

use crate::front::Language;
use crate::source::SourceFile;

/// Names that a hint lists at most.
const NEAR_MAX: usize = 3;

/// What a file is to the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// Compiled, and written under another name.
    Code(Language),
    /// Types only (`x.d.ts`); no part of the program that runs.
    Types,
    /// Written as it is.
    Data,
}

impl FileKind {
    pub(crate) fn of(path: &str) -> Self {
        let types = [".d.ts", ".d.mts", ".d.cts"];
        if types.iter().any(|end| path.ends_with(end)) {
            return Self::Types;
        }
        Language::of(path).map_or(Self::Data, Self::Code)
    }
}

/// The name under which compiled code is written. `.mjs`: Deno neither transpiles it nor looks
/// for a `package.json` to learn what it is. Data files never end so, hence no two are equal.
pub(crate) fn compiled_name(path: &str) -> String {
    format!("{path}.mjs")
}

/// The files of one version.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Files<'s>(pub(crate) &'s [SourceFile]);

impl<'s> Files<'s> {
    pub(crate) fn get(self, path: &str) -> Option<&'s SourceFile> {
        self.0.iter().find(|file| file.path == path)
    }

    /// Files that someone who wrote `target` may have meant, as specifiers in `from`.
    pub(crate) fn near(self, from: &str, target: &str) -> Vec<String> {
        let wanted = target.to_lowercase();
        self.0
            .iter()
            .filter(|file| file.path != from && is_near(&file.path.to_lowercase(), &wanted))
            .take(NEAR_MAX)
            .map(|file| relative(from, &file.path))
            .collect()
    }

    /// The first files other than `from`, as specifiers in it.
    pub(crate) fn others(self, from: &str) -> Vec<String> {
        let others = self.0.iter().filter(|file| file.path != from);
        others
            .take(NEAR_MAX)
            .map(|file| relative(from, &file.path))
            .collect()
    }
}

/// The path that `specifier` names in file `from`; `None` when it leaves the version.
pub(crate) fn resolve(from: &str, specifier: &str) -> Option<String> {
    let mut names: Vec<&str> = from.split('/').collect();
    names.pop();
    for name in specifier.split('/') {
        match name {
            "." | "" => {}
            ".." => {
                names.pop()?;
            }
            name => names.push(name),
        }
    }
    Some(names.join("/"))
}

/// How file `from` writes the path `to`.
pub(crate) fn relative(from: &str, to: &str) -> String {
    let from: Vec<&str> = from.split('/').collect();
    let to: Vec<&str> = to.split('/').collect();
    let folders = from.len() - 1;
    let shared = from
        .iter()
        .take(folders)
        .zip(to.iter().take(to.len() - 1))
        .take_while(|(a, b)| a == b)
        .count();
    let up = match folders - shared {
        0 => "./".to_owned(),
        levels => "../".repeat(levels),
    };
    up + &to[shared..].join("/")
}

fn is_near(path: &str, wanted: &str) -> bool {
    stem(path) == stem(wanted) || path.ends_with(&format!("/{wanted}")) || is_typo(path, wanted)
}

/// The path without its extension, and without `/index`.
fn stem(path: &str) -> &str {
    let folder = path.rfind('/').map_or(0, |at| at + 1);
    let stem = match path[folder..].rfind('.') {
        Some(at) if at > 0 => &path[..folder + at],
        _ => path,
    };
    stem.strip_suffix("/index").unwrap_or(stem)
}

/// Whether at most two edits lie between them.
fn is_typo(a: &str, b: &str) -> bool {
    if a.len().abs_diff(b.len()) > 2 {
        return false;
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()] <= 2
}

#[cfg(test)]
mod tests {
    use super::{relative, resolve};

    #[test]
    fn specifiers_resolve_inside_the_version() {
        let check = |from, specifier, expected: Option<&str>| {
            assert_eq!(
                resolve(from, specifier).as_deref(),
                expected,
                "{specifier} in {from}"
            );
        };
        check("main.tsx", "./a.ts", Some("a.ts"));
        check("lib/x.ts", "../a.ts", Some("a.ts"));
        check("lib/x.ts", "./y/../z.ts", Some("lib/z.ts"));
        check("main.tsx", "../a.ts", None);
        check("lib/x.ts", "../../a.ts", None);
    }

    #[test]
    fn paths_are_written_from_the_importing_file() {
        assert_eq!(relative("main.tsx", "lib/a.ts"), "./lib/a.ts");
        assert_eq!(relative("lib/x.ts", "a.ts"), "../a.ts");
        assert_eq!(relative("lib/x.ts", "lib/y.ts"), "./y.ts");
        assert_eq!(relative("a/b/c.ts", "a/d.ts"), "../d.ts");
    }
}
