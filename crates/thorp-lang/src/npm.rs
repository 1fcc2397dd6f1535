//! `npm:` specifiers: their parts, and the name under which the dependency folder holds them.

/// The parts of `npm:name@range/subpath`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NpmSpecifier {
    pub(crate) name: String,
    pub(crate) range: String,
    pub(crate) subpath: String,
}

impl NpmSpecifier {
    /// Reads what follows `npm:`. `None` when there is no valid package name.
    pub(crate) fn parse(rest: &str) -> Option<Self> {
        let rest = rest.trim_start_matches('/');
        let scope_end = match rest.starts_with('@') {
            true => rest.find('/')? + 1,
            false => 0,
        };
        let end = rest[scope_end..]
            .find(['@', '/'])
            .map_or(rest.len(), |at| scope_end + at);
        let (name, after) = rest.split_at(end);
        let (range, subpath) = match after.strip_prefix('@') {
            Some(after) => after.split_once('/').unwrap_or((after, "")),
            None => ("", after.trim_start_matches('/')),
        };
        valid_name(name).then(|| Self {
            name: name.to_owned(),
            range: range.trim().to_owned(),
            subpath: subpath.to_owned(),
        })
    }

    /// The dependency name for this package and range: one name, one meaning, so that two
    /// majors of one package stand side by side in a folder.
    pub(crate) fn alias(&self) -> String {
        let name = &self.name;
        // `a__4` may be a package of its own; hashing keeps it apart from `a` at `4`.
        if name.contains("__") {
            return format!("{name}__h{:08x}", hash(&self.range));
        }
        match range_tag(&self.range) {
            Some(tag) => format!("{name}__{tag}"),
            // A bare `buffer` would be the builtin and not the package.
            None if is_builtin(name) => format!("{name}__any"),
            None => name.clone(),
        }
    }

    /// The bare specifier that the dependency folder resolves.
    pub(crate) fn rewritten(&self) -> String {
        match self.subpath.as_str() {
            "" => self.alias(),
            subpath => format!("{}/{subpath}", self.alias()),
        }
    }
}

/// A range as part of a package name: `4`, `c0.4` for `^0.4`, `t1.2` for `~1.2`, and a hash
/// for whatever is not so plain.
fn range_tag(range: &str) -> Option<String> {
    if range.is_empty() {
        return None;
    }
    let (mark, version) = match range.split_at_checked(1) {
        Some(("^", rest)) => ("c", rest),
        Some(("~", rest)) => ("t", rest),
        _ => ("", range),
    };
    let plain = version
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'-');
    let numeric = version.starts_with(|c: char| c.is_ascii_digit());
    let tag = mark.is_empty() && is_dist_tag(version);
    Some(match plain && version.len() <= 40 && (numeric || tag) {
        true => format!("{mark}{version}"),
        false => format!("h{:08x}", hash(range)),
    })
}

/// `latest`, `next`, `beta` …, but nothing that reads like one of our own tags.
fn is_dist_tag(version: &str) -> bool {
    let mut chars = version.chars();
    let (first, second) = (chars.next(), chars.next());
    let ours =
        matches!(first, Some('c' | 't' | 'h')) && version.bytes().any(|b| b.is_ascii_digit());
    first.is_some_and(|c| c.is_ascii_lowercase()) && second.is_some() && !ours && version != "any"
}

fn valid_name(name: &str) -> bool {
    let (scope, base) = match name.strip_prefix('@') {
        Some(rest) => match rest.split_once('/') {
            Some(parts) => parts,
            None => return false,
        },
        None => ("x", name),
    };
    name.len() <= 160 && valid_part(scope) && valid_part(base) && base != "node_modules"
}

fn valid_part(part: &str) -> bool {
    !part.is_empty()
        && !part.starts_with(['.', '_'])
        && part
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~'))
}

/// FNV-1a folded to 32 bits: stable for ever, which is what counts here. Whoever makes two
/// ranges collide only confuses their own program.
fn hash(text: &str) -> u32 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (hash >> 32) as u32 ^ hash as u32
}

/// Whether this is a module of Node itself, with or without a subpath.
pub(crate) fn is_builtin(specifier: &str) -> bool {
    BUILTINS.binary_search(&specifier).is_ok()
}

/// Builtins that Node lets one import without `node:`, sorted.
const BUILTINS: &[&str] = &[
    "assert",
    "assert/strict",
    "async_hooks",
    "buffer",
    "child_process",
    "cluster",
    "console",
    "constants",
    "crypto",
    "dgram",
    "diagnostics_channel",
    "dns",
    "dns/promises",
    "domain",
    "events",
    "fs",
    "fs/promises",
    "http",
    "http2",
    "https",
    "inspector",
    "inspector/promises",
    "module",
    "net",
    "os",
    "path",
    "path/posix",
    "path/win32",
    "perf_hooks",
    "process",
    "punycode",
    "querystring",
    "readline",
    "readline/promises",
    "repl",
    "stream",
    "stream/consumers",
    "stream/promises",
    "stream/web",
    "string_decoder",
    "sys",
    "timers",
    "timers/promises",
    "tls",
    "trace_events",
    "tty",
    "url",
    "util",
    "util/types",
    "v8",
    "vm",
    "wasi",
    "worker_threads",
    "zlib",
];

#[cfg(test)]
mod tests {
    use super::{BUILTINS, NpmSpecifier};

    fn check(rest: &str, rewritten: &str) {
        let found = NpmSpecifier::parse(rest).map_or("-".to_owned(), |npm| npm.rewritten());
        assert_eq!(found, rewritten, "npm:{rest}");
    }

    #[test]
    fn builtins_are_sorted() {
        assert!(BUILTINS.is_sorted());
    }

    #[test]
    fn aliases() {
        check("zod", "zod");
        check("/zod", "zod");
        check("zod@4", "zod__4");
        check("zod@4/mini", "zod__4/mini");
        check("zod/mini", "zod/mini");
        check("zod@3.22.4-rc.1", "zod__3.22.4-rc.1");
        check("zod@next", "zod__next");
        check("@hono/zod-validator@^0.4", "@hono/zod-validator__c0.4");
        check(
            "@hono/zod-validator@~0.4.1/a/b.js",
            "@hono/zod-validator__t0.4.1/a/b.js",
        );
        check("JSONStream@1", "JSONStream__1");
        check("buffer", "buffer__any");
        check("buffer@6", "buffer__6");
    }

    #[test]
    fn unusual_ranges_are_hashed_and_stay_apart() {
        check("zod@>=3 <5", "zod__h81d481a3");
        check("zod@*", "zod__h29623531");
        check("zod@c4", "zod__hbde8ef75");
        check("zod__4", "zod__4__h4fd0bfc1");
        check("zod@1.0.0+Build", "zod__h7574136f");
    }

    #[test]
    fn what_is_no_package_name() {
        for rest in [
            "",
            "@",
            "@hono",
            "@/x",
            ".hidden",
            "_x",
            "a b",
            "node_modules",
            "../x",
            "é",
        ] {
            check(rest, "-");
        }
    }
}
