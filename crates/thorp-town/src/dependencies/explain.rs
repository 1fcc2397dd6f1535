//! Makes what Deno said into what a person needs to know: what is wrong, and which import is to blame.

use super::{Failure, Manifest};
use thorp_runtime::gateway::{Code, EgressRecord};

/// Lines of a message that are kept.
const LINES_MAX: usize = 2;

/// The file whose imports Deno followed; line by line those of the manifest.
pub(super) const ENTRY: &str = "entry.mjs";

/// What went wrong, by what Deno printed, and by what became of its requests.
pub(super) fn explain(said: &str, manifest: &Manifest, requests: &[EgressRecord]) -> Failure {
    let lines = complaint(said);
    let culprit = entry_line(&lines)
        .and_then(|line| manifest.remote.iter().nth(line - 1))
        .or_else(|| named(&lines.join("\n"), manifest));
    Failure {
        culprit: culprit.cloned(),
        ..refusal(&lines, requests).unwrap_or_else(|| Failure::unavailable(message(&lines)))
    }
}

/// What the gateway had against the request that the lines speak of. Deno shows no more than the status.
fn refusal(lines: &[&str], requests: &[EgressRecord]) -> Option<Failure> {
    let text = lines.join("\n");
    let is_meant = |request: &&EgressRecord| {
        let address = format!("{}://{}", request.scheme, request.host);
        text.contains(&address)
    };
    let refused = || requests.iter().filter(|one| one.message.is_some());
    let request = refused().find(is_meant).or_else(|| refused().next())?;
    let (code, message) = (request.denial?.as_str(), request.message.as_ref()?);
    let told = format!("{code}: {message}");
    Some(match request.denial {
        Some(Code::Denied) => Failure::refused(told),
        _ => Failure::unavailable(told),
    })
}

/// The error without what follows it, or the last word if there is none.
fn complaint(said: &str) -> Vec<&str> {
    let lines: Vec<&str> = said.lines().map(str::trim).collect();
    match lines.iter().position(|line| line.starts_with("error:")) {
        Some(at) => lines[at..]
            .iter()
            .take_while(|line| !line.is_empty())
            .map(|line| line.trim_start_matches("error:").trim_start())
            .collect(),
        None => lines
            .into_iter()
            .rfind(|line| !line.is_empty())
            .into_iter()
            .collect(),
    }
}

/// The first lines that do not speak of our own files.
fn message(lines: &[&str]) -> String {
    let told: Vec<&str> = lines
        .iter()
        .copied()
        .filter(|line| !line.contains("file://"))
        .take(LINES_MAX)
        .collect();
    if told.is_empty() {
        return "Deno ended without a word".to_owned();
    }
    told.join(" ").trim_end_matches('.').to_owned()
}

/// The line of [`ENTRY`] that Deno points at.
fn entry_line(lines: &[&str]) -> Option<usize> {
    lines.iter().find_map(|line| {
        let (_, position) = line.strip_prefix("at file://")?.rsplit_once(ENTRY)?;
        position
            .strip_prefix(':')?
            .split(':')
            .next()?
            .parse()
            .ok()
            .filter(|line| *line > 0)
    })
}

/// The package or address that a text names: with its range, or else by its name alone.
fn named<'a>(text: &str, manifest: &'a Manifest) -> Option<&'a String> {
    let packages = || manifest.packages.values();
    let speaks_of = |wanted: &&String| package_name(wanted).is_some_and(|name| names(text, name));
    packages()
        .filter(speaks_of)
        .find(|wanted| range(wanted).is_some_and(|range| text.contains(&format!("'{range}'"))))
        .or_else(|| packages().find(speaks_of))
        .or_else(|| {
            manifest
                .remote
                .iter()
                .find(|address| names(text, package_name(address).unwrap_or(address.as_str())))
        })
}

/// Whether the text speaks of exactly this package or address.
fn names(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let ends =
            |c: Option<char>| c.is_none_or(|c| !(c.is_alphanumeric() || matches!(c, '-' | '_')));
        ends(text[..at].chars().next_back()) && ends(text[at + name.len()..].chars().next())
    })
}

/// `npm:@scope/name@range` and `jsr:@scope/name@range/path` to `@scope/name`.
pub(super) fn package_name(wanted: &str) -> Option<&str> {
    let wanted = wanted
        .strip_prefix("npm:")
        .or_else(|| wanted.strip_prefix("jsr:"))?
        .trim_start_matches('/');
    let slashes = usize::from(wanted.starts_with('@'));
    let path = wanted
        .match_indices('/')
        .nth(slashes)
        .map_or(wanted.len(), |(at, _)| at);
    let version = wanted
        .char_indices()
        .skip(1)
        .find(|(_, c)| *c == '@')
        .map_or(wanted.len(), |(at, _)| at);
    Some(&wanted[..path.min(version)])
}

/// The range of `npm:name@range`.
fn range(wanted: &str) -> Option<&str> {
    wanted
        .rsplit_once('@')
        .map(|(_, range)| range)
        .filter(|range| !range.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_packages() {
        for (wanted, name) in [
            ("npm:zod@4", "zod"),
            ("npm:zod@*", "zod"),
            ("npm:@hono/zod-validator@^0.4", "@hono/zod-validator"),
            ("jsr:@std/csv", "@std/csv"),
            ("jsr:@std/csv@1/parse", "@std/csv"),
            ("jsr:/@std/csv/parse", "@std/csv"),
        ] {
            assert_eq!(package_name(wanted), Some(name), "{wanted}");
        }
        assert_eq!(package_name("https://esm.sh/zod@4"), None);
    }

    fn check(said: &str, message: &str, culprit: Option<&str>) {
        let packages = [
            ("nanoid__5", "npm:nanoid@5"),
            ("nanoid__99", "npm:nanoid@99"),
            ("nano__1", "npm:nano@1"),
        ];
        let remote = ["https://x.example/a.ts", "jsr:@town/greet@9"];
        let manifest = Manifest {
            packages: packages
                .into_iter()
                .map(|(a, b)| (a.to_owned(), b.to_owned()))
                .collect(),
            remote: remote.into_iter().map(str::to_owned).collect(),
            ..Manifest::default()
        };
        let failure = explain(said, &manifest, &[]);
        assert_eq!(failure.message, message);
        assert_eq!(failure.culprit.as_deref(), culprit, "{said}");
    }

    #[test]
    fn the_one_to_blame_is_found_in_what_deno_says() {
        check(
            "Download x\nerror: Could not find npm package 'nanoid' matching '99'.\n\nStack backtrace:\n   0: <unknown>",
            "Could not find npm package 'nanoid' matching '99'",
            Some("npm:nanoid@99"),
        );
        check(
            "error: npm package 'nano' does not exist.\n",
            "npm package 'nano' does not exist",
            Some("npm:nano@1"),
        );
        check(
            "error: Could not find version of '@town/greet' that matches specified version constraint '9'\n    at file:///work/entry.mjs:2:8\n",
            "Could not find version of '@town/greet' that matches specified version constraint '9'",
            Some("jsr:@town/greet@9"),
        );
        check(
            "error: Module not found \"https://x.example/gone.ts\".\n    at https://x.example/a.ts:1:8\n",
            "Module not found \"https://x.example/gone.ts\". at https://x.example/a.ts:1:8",
            Some("https://x.example/a.ts"),
        );
    }

    #[test]
    fn whoever_says_nothing_useful_blames_nobody() {
        check("", "Deno ended without a word", None);
        check("Download x\nKilled\n", "Killed", None);
        check(
            "error: at file:///work/entry.mjs\n",
            "Deno ended without a word",
            None,
        );
    }
}
