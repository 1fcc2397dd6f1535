//! The towns somebody logged in to, in a file that only they can read.

use crate::failure::Failure;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use ureq::http::Uri;

/// What `config.json` holds.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Config {
    #[serde(default)]
    default: Option<String>,
    #[serde(default)]
    towns: BTreeMap<String, Login>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Login {
    user: String,
    token: String,
}

impl Config {
    /// Reads the file; what is not there is empty.
    pub(crate) fn load() -> Result<Self, Failure> {
        let path = path()?;
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Failure::file("read", &path, &error)),
        };
        serde_json::from_str(&text).map_err(|error| {
            Failure::usage(format!(
                "`{}` is not a list of logins: {error}",
                path.display()
            ))
            .hint(format!(
                "remove it with `rm {}` and log in again",
                path.display()
            ))
        })
    }

    /// Writes the file as a whole.
    pub(crate) fn save(&self) -> Result<(), Failure> {
        let path = path()?;
        write_private(&path, self).map_err(|error| Failure::file("write", &path, &error))
    }

    /// The town that commands talk to unless they are told otherwise.
    pub(crate) fn default_town(&self) -> Option<String> {
        self.default.clone()
    }

    /// The token for a town.
    pub(crate) fn token(&self, town: &str) -> Option<String> {
        self.towns.get(town).map(|login| login.token.clone())
    }

    /// Remembers a login and makes its town the default one.
    pub(crate) fn log_in(&mut self, town: &str, user: &str, token: &str) {
        let login = Login {
            user: user.to_owned(),
            token: token.to_owned(),
        };
        self.towns.insert(town.to_owned(), login);
        self.default = Some(town.to_owned());
    }

    /// Forgets a login; answers whose it was.
    pub(crate) fn log_out(&mut self, town: &str) -> Option<String> {
        let login = self.towns.remove(town)?;
        if self.default.as_deref() == Some(town) {
            self.default = self.towns.keys().next().cloned();
        }
        Some(login.user)
    }
}

/// The URL of a town in the one form that the file knows: scheme, host and port.
pub(crate) fn town_url(text: &str) -> Result<String, Failure> {
    let wrong = || {
        Failure::usage(format!("`{text}` is not the URL of a town"))
            .hint("write it like `http://127.0.0.1:8700`")
    };
    let uri: Uri = text.trim().parse().map_err(|_| wrong())?;
    let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.authority()) else {
        return Err(wrong());
    };
    let plain = matches!(scheme, "http" | "https") && !host.as_str().contains('@');
    if !plain || uri.query().is_some() || !uri.path().trim_matches('/').is_empty() {
        return Err(wrong());
    }
    Ok(format!("{scheme}://{}", host.as_str().to_lowercase()))
}

fn path() -> Result<PathBuf, Failure> {
    let set = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let base = set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME")?.join(".config")));
    let base = base.ok_or_else(|| {
        Failure::usage("there is no place for the list of logins")
            .hint("set `HOME` or `XDG_CONFIG_HOME`")
    })?;
    Ok(base.join("thorp").join("config.json"))
}

fn write_private(path: &Path, config: &Config) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    // Written beside and renamed, so that nobody ever reads half a file.
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)?;
    let written = file.write_all(format!("{}\n", serde_json::to_string_pretty(config)?).as_bytes());
    written
        .and_then(|()| std::fs::rename(&beside, path))
        .inspect_err(|_| {
            let _ = std::fs::remove_file(&beside);
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_have_one_form() {
        let check = |text| town_url(text).map_err(|failure| failure.message);
        assert_eq!(
            check("http://LocalHost:8700/").unwrap(),
            "http://localhost:8700"
        );
        for wrong in [
            "localhost:8700",
            "ftp://a",
            "http://a/b",
            "http://u:p@a",
            "http://a?x=1",
            "",
        ] {
            assert_eq!(
                check(wrong).unwrap_err(),
                format!("`{wrong}` is not the URL of a town")
            );
        }
    }

    #[test]
    fn the_newest_login_is_the_default_until_it_ends() {
        let mut config = Config::default();
        config.log_in("http://a", "@x", "1");
        config.log_in("http://b", "@y", "2");
        assert_eq!(config.default_town().as_deref(), Some("http://b"));
        assert_eq!(config.log_out("http://b").as_deref(), Some("@y"));
        assert_eq!(config.default_town().as_deref(), Some("http://a"));
        assert_eq!(config.token("http://b"), None);
    }
}
