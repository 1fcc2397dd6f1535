//! A short form of the attack suite, tried in a sandbox's jail: what it holds is found by doing.
//!
//! Owns the list of attacks, what is put up for them to reach, and the verdict on each. They do no harm: what they could
//! change was put there for them.

use super::Check;
use serde::{Deserialize, Serialize};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::Duration;
use thorp_runtime::{Runtime, Trial};
use thorp_town::Tier;

const NAME: &str = "attacks";
const SCRIPT: &str = include_str!("attacks.mjs");
/// How long all attacks together may take; usually it is a fifth of a second.
const WALL: Duration = Duration::from_secs(10);
/// What a sandbox is given, and Deno makes up.
const GIVEN: [&str; 10] = [
    "ALL_PROXY",
    "DENO_DIR",
    "DENO_NO_UPDATE_CHECK",
    "HOME",
    "LANG",
    "NODE_EXTRA_CA_CERTS",
    "NO_COLOR",
    "JSR_URL",
    "PATH",
    "THORP_CONTROL",
];
const OPEN_TO_ALL: u32 = 0o777;
const READ_BY_ALL: u32 = 0o644;

/// One attack.
struct Attack {
    name: &'static str,
    tries: &'static str,
    /// Why a jail without namespaces does not hold it.
    in_tier_b: Option<&'static str>,
}

const ATTACKS: [Attack; 25] = [
    held(
        "host-file",
        "read a file that everybody of the host may read",
    ),
    held("etc-passwd", "read /etc/passwd"),
    held("other-sandbox", "read a file of another sandbox"),
    held("write-file", "write where everybody of the host may write"),
    held("write-own", "change its own program"),
    weak(
        "file-size",
        "learn the size of a file",
        "no layer but a root of its own hides sizes",
    ),
    held("program", "start a program"),
    held("native-program", "start Deno again, by native code"),
    held("signal", "signal the town"),
    held("signal-all", "signal every process"),
    held("debug", "take hold of the town's process"),
    weak(
        "processes",
        "learn which processes there are",
        "only a namespace has numbers of its own",
    ),
    held("environment", "read the town's environment"),
    weak(
        "host-name",
        "learn the host's name",
        "only a namespace has a name of its own",
    ),
    held("root", "be root"),
    held("namespace", "make a namespace"),
    held("kernel-program", "load a program into the kernel"),
    held("kernel-ring", "use io_uring"),
    held("own-limits", "change its own limits"),
    held("tcp", "connect to a port of the host"),
    held("listen", "listen at a port"),
    held("raw-packets", "send raw packets"),
    weak(
        "open-socket",
        "connect to a socket that is open to everybody",
        "Landlock before its ninth version knows no rule on sockets",
    ),
    held("descriptors", "find a folder or a device that is open"),
    held("memory", "take 1 GiB of memory"),
];

const fn held(name: &'static str, tries: &'static str) -> Attack {
    Attack {
        name,
        tries,
        in_tier_b: None,
    }
}

const fn weak(name: &'static str, tries: &'static str, reason: &'static str) -> Attack {
    Attack {
        name,
        tries,
        in_tier_b: Some(reason),
    }
}

/// What came of an attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Outcome {
    /// It reached nothing.
    Contained,
    /// It reached something that the tier holds.
    Escaped,
    /// It reached something that the tier does not hold.
    NotHeld,
}

/// One line of the table.
#[derive(Debug, Serialize)]
pub(super) struct Tried {
    name: &'static str,
    pub(super) tries: &'static str,
    pub(super) outcome: Outcome,
    pub(super) reason: String,
}

/// What the script says of an attack.
#[derive(Deserialize)]
struct Answer {
    name: String,
    escaped: bool,
    reason: String,
}

/// Tries all attacks in the jail of these sandboxes. `folder` is the doctor's own, `scratch` that of the sandboxes.
pub(super) async fn attack(
    sandboxes: &Runtime,
    tier: Tier,
    folder: &Path,
    scratch: &Path,
) -> Result<Vec<Tried>, String> {
    let ground = Ground::new(folder, scratch).map_err(|error| error.to_string())?;
    let trial = sandboxes.try_jail(SCRIPT, &ground.told(), WALL).await;
    let trial = trial.map_err(|error| error.to_string())?;
    judge(tier, &trial)
}

/// What is there to be reached.
struct Ground {
    outside: PathBuf,
    neighbour: PathBuf,
    tcp: TcpListener,
    _socket: UnixListener,
}

impl Ground {
    fn new(folder: &Path, scratch: &Path) -> std::io::Result<Self> {
        let (outside, neighbour) = (folder.join("outside"), scratch.join("neighbour"));
        let allow = |path: &Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
        };
        for place in [&outside, &neighbour] {
            std::fs::create_dir(place)?;
            std::fs::write(place.join("secret"), "secret")?;
            allow(&place.join("secret"), READ_BY_ALL)?;
        }
        std::fs::create_dir(outside.join("open"))?;
        allow(&outside.join("open"), OPEN_TO_ALL)?;
        let socket = UnixListener::bind(outside.join("socket"))?;
        allow(&outside.join("socket"), OPEN_TO_ALL)?;
        Ok(Self {
            outside,
            neighbour,
            tcp: TcpListener::bind("127.0.0.1:0")?,
            _socket: socket,
        })
    }

    fn told(&self) -> String {
        let host_name = rustix::system::uname();
        let variables = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
        let variables: Vec<String> = variables
            .filter(|name| !GIVEN.contains(&name.as_str()))
            .collect();
        serde_json::json!({
            "outside": self.outside,
            "neighbour": self.neighbour,
            "host": std::process::id(),
            "hostName": host_name.nodename().to_string_lossy(),
            "port": self.tcp.local_addr().map_or(0, |address| address.port()),
            "variables": variables,
        })
        .to_string()
    }
}

/// An attack without an answer was not contained by anything we know, but for the last: it may end its process.
fn judge(tier: Tier, trial: &Trial) -> Result<Vec<Tried>, String> {
    let answers: Vec<Answer> = trial
        .stdout
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    if answers.is_empty() {
        let said = trial.stderr.lines().last().unwrap_or_default();
        return Err(format!("they did not start: {:?} {said}", trial.exit));
    }
    let last = ATTACKS.len() - 1;
    let tried = ATTACKS.iter().enumerate().map(|(at, attack)| {
        let answer = answers.iter().find(|answer| answer.name == attack.name);
        match answer {
            Some(answer) => attack.verdict(tier, answer.escaped, &answer.reason),
            None => {
                let ended = at == last && trial.exit.is_some();
                attack.verdict(tier, !ended, "its process ended")
            }
        }
    });
    Ok(tried.collect())
}

impl Attack {
    fn verdict(&self, tier: Tier, escaped: bool, reason: &str) -> Tried {
        let (outcome, reason) = match (escaped, tier, self.in_tier_b) {
            (false, ..) => (Outcome::Contained, reason),
            (true, Tier::B, Some(why)) => (Outcome::NotHeld, why),
            (true, Tier::C, _) => (Outcome::NotHeld, "there is no jail"),
            (true, ..) => (Outcome::Escaped, reason),
        };
        Tried {
            name: self.name,
            tries: self.tries,
            outcome,
            reason: reason.to_owned(),
        }
    }
}

/// All attacks in one line.
pub(super) fn check(tier: Tier, tried: &Result<Vec<Tried>, String>) -> Check {
    let tried = match tried {
        Ok(tried) => tried,
        Err(error) => {
            let finding = format!("cannot be tried: {error}");
            return Check::failed(NAME, finding, "`THORP_LOG=debug thorp serve` tells more");
        }
    };
    let count = |outcome| tried.iter().filter(|one| one.outcome == outcome).count();
    let (all, contained) = (tried.len(), count(Outcome::Contained));
    let mut finding = format!("{contained} of {all} contained");
    match (count(Outcome::Escaped), count(Outcome::NotHeld)) {
        (0, 0) => Check::ok(NAME, finding),
        (0, weak) => {
            finding.push_str(&format!(", {weak} not held in tier {tier:?}"));
            Check::warning(NAME, finding, "see \"What is still weak\" in SECURITY.md")
        }
        (escaped, _) => {
            finding.push_str(&format!(", {escaped} ESCAPED"));
            Check::failed(
                NAME,
                finding,
                "let nobody else use this town, and report it: see \"How to report\" in SECURITY.md",
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use thorp_runtime::confined::Exit;

    #[test]
    fn the_numbers_of_system_calls_are_those_of_both_architectures() {
        use syscalls::{aarch64, x86_64};
        let (_, table) = SCRIPT.split_once("\nconst calls = {\n").unwrap();
        let (table, _) = table.split_once("};").unwrap();
        for line in table.lines() {
            let (name, numbers) = line.trim().split_once(": ").unwrap();
            let on_x86: x86_64::Sysno = name.parse().unwrap();
            let on_arm: aarch64::Sysno = name.parse().unwrap();
            let expected = format!("[{}, {}],", on_x86.id(), on_arm.id());
            assert_eq!(numbers, expected, "{name}");
        }
        assert_eq!(table.lines().count(), 9);
    }

    #[test]
    fn the_script_has_the_attacks_of_the_list_in_its_order() {
        let mut rest = SCRIPT;
        for attack in &ATTACKS {
            let quoted = format!("\n  \"{}\": ", attack.name);
            let plain = format!("\n  {}: ", attack.name);
            let found = rest.find(&quoted).or_else(|| rest.find(&plain));
            rest = &rest[found.unwrap_or_else(|| panic!("{}", attack.name)) + 1..];
        }
    }

    fn outcomes(tier: Tier, stdout: &str, exit: Option<Exit>) -> Vec<(Outcome, String)> {
        let trial = Trial {
            stdout: stdout.to_owned(),
            stderr: String::new(),
            exit,
        };
        let tried = judge(tier, &trial).unwrap().into_iter();
        tried.map(|one| (one.outcome, one.reason)).collect()
    }

    #[test]
    fn what_no_layer_answers_for_has_escaped() {
        let line = r#"{"name":"signal","escaped":false,"reason":"EPERM"}"#;
        let found = outcomes(Tier::A, line, Some(Exit::Code(1)));
        let contained = found.iter().filter(|one| one.0 == Outcome::Contained);
        // The last one may have ended the process, unless that did not end at all.
        assert_eq!(contained.count(), 2);
        let found = outcomes(Tier::A, line, None);
        assert_eq!(found.last().unwrap().0, Outcome::Escaped);
    }

    #[test]
    fn only_what_a_tier_promises_escapes() {
        let line = |name: &str| format!(r#"{{"name":"{name}","escaped":true,"reason":"seen"}}"#);
        let lines = format!("{}\n{}", line("host-name"), line("etc-passwd"));
        let of = |tier| {
            let found = outcomes(tier, &lines, None);
            let at = |name| ATTACKS.iter().position(|one| one.name == name).unwrap();
            [found[at("host-name")].0, found[at("etc-passwd")].0]
        };
        assert_eq!(of(Tier::A), [Outcome::Escaped, Outcome::Escaped]);
        assert_eq!(of(Tier::B), [Outcome::NotHeld, Outcome::Escaped]);
        assert_eq!(of(Tier::C), [Outcome::NotHeld, Outcome::NotHeld]);
    }
}
