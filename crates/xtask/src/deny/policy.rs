//! What is allowed and what is not: the tables that the rules read. `deny.toml` says the same to cargo-deny.

/// Licences that the dependencies may have.
pub(super) const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Zlib",
];

const SYSTEM_TLS: &str = "TLS is rustls: the binary needs no library of the system";
const ONE_RUNTIME: &str = "tokio is the one runtime";

/// Packages that no crate may bring in, and why.
pub(super) const BANS: &[(&str, &str)] = &[
    ("async-std", ONE_RUNTIME),
    ("native-tls", SYSTEM_TLS),
    ("openssl", SYSTEM_TLS),
    ("openssl-sys", SYSTEM_TLS),
    ("smol", ONE_RUNTIME),
    ("sqlx", "rusqlite is several times as fast with one writer"),
];

/// Packages whose types cross crates: two incompatible versions of one of them cost hours.
pub(super) const ONE_VERSION: &[&str] = &[
    "axum",
    "http",
    "hyper",
    "oxc",
    "rusqlite",
    "rustls",
    "serde",
    "serde_json",
    "tokio",
    "tracing",
    "uuid",
];

/// Which crates of this repository a crate may need; what only tests need is free.
pub(super) const ARROWS: &[(&str, &[&str])] = &[
    (
        "thorp",
        &[
            "thorp-gateway",
            "thorp-jail",
            "thorp-lang",
            "thorp-runtime",
            "thorp-server",
            "thorp-store",
            "thorp-town",
        ],
    ),
    ("thorp-gateway", &[]),
    ("thorp-jail", &[]),
    ("thorp-lang", &[]),
    ("thorp-runtime", &["thorp-gateway", "thorp-jail"]),
    ("thorp-server", &["thorp-town"]),
    ("thorp-store", &[]),
    (
        "thorp-testkit",
        &[
            "thorp-lang",
            "thorp-runtime",
            "thorp-server",
            "thorp-store",
            "thorp-town",
        ],
    ),
    (
        "thorp-town",
        &["thorp-lang", "thorp-runtime", "thorp-store"],
    ),
    ("xtask", &[]),
];

/// What keeps a crate to its one idea: packages that it must not reach, itself or through other packages.
pub(super) const APART: &[Apart] = &[
    Apart {
        name: "thorp-lang",
        from: &[
            "axum", "hyper", "mio", "rusqlite", "rustix", "socket2", "tempfile", "tokio", "ureq",
        ],
        why: "the language does no I/O",
    },
    Apart {
        name: "thorp-jail",
        from: &["axum", "hyper", "oxc", "rusqlite"],
        why: "the jail knows no JavaScript",
    },
    Apart {
        name: "thorp-gateway",
        from: &["axum", "oxc", "rusqlite"],
        why: "the gateway only carries bytes",
    },
    Apart {
        name: "thorp-runtime",
        from: &["axum", "oxc", "rusqlite"],
        why: "the runtime knows no users and no store",
    },
    Apart {
        name: "thorp-store",
        from: &["axum", "hyper", "oxc"],
        why: "the store keeps what it is given",
    },
    Apart {
        name: "thorp-town",
        from: &["axum", "hyper", "oxc", "rusqlite"],
        why: "the town is rules, not I/O",
    },
    Apart {
        name: "thorp-server",
        from: &["oxc", "rusqlite"],
        why: "the server never touches the store",
    },
];

/// One row of [`APART`].
pub(super) struct Apart {
    pub(super) name: &'static str,
    pub(super) from: &'static [&'static str],
    pub(super) why: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The quoted texts between `opening` and the next line that is only a bracket.
    fn quoted(opening: &str) -> Vec<String> {
        let file = include_str!("../../../../deny.toml");
        let section = file
            .split_once(opening)
            .unwrap()
            .1
            .split_once("\n]")
            .unwrap()
            .0;
        let first_of_line = |line: &str| line.split('"').nth(1).map(String::from);
        section.lines().filter_map(first_of_line).collect()
    }

    #[test]
    fn deny_toml_says_the_same() {
        assert_eq!(quoted("\nallow = ["), LICENCES);
        let bans: Vec<&str> = BANS.iter().map(|(name, _)| *name).collect();
        assert_eq!(quoted("\ndeny = ["), bans);
    }
}
