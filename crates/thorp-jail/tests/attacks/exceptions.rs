//! What a setting does not hold, and why. A case that is contained all the same is no failure: a newer kernel may hold it.

use crate::setting::Setting;

struct Exception {
    case: &'static str,
    /// The settings that don't hold it.
    settings: &'static [Setting],
    reason: &'static str,
}

const EXCEPTIONS: &[Exception] = &[
    tier_b(
        "channels.abstract-taken",
        "an abstract name belongs to the network namespace; the host connects to none",
    ),
    tier_b(
        "channels.open-socket",
        "the kernel knows no rule on socket files before ABI 9 of Landlock; a service's socket has a mode and asks who calls",
    ),
    tier_b("facts.affinity", "the kernel tells it of every process"),
    tier_b("facts.host-name", "only a namespace has another name"),
    tier_b(
        "facts.own-number",
        "only a namespace has numbers of its own",
    ),
    tier_b(
        "facts.processes",
        "the kernel tells which numbers are in use",
    ),
    tier_b(
        "files.link-target",
        "Landlock has no rule on links, only on what is read and written; modes of folders hide them",
    ),
    tier_b(
        "files.metadata",
        "Landlock has no rule on sizes and times; modes of folders hide them",
    ),
    tier_b("js-files.realPath", "as `files.metadata`"),
    tier_b("js-files.stat", "as `files.metadata`"),
    tier_b("js-files.require-resolve", "as `files.metadata`"),
    tier_b(
        "js-network.connect-open-socket",
        "as `channels.open-socket`",
    ),
    tier_b("js-processes.host-name", "as `facts.host-name`"),
    tier_b("js-native.library-own", "as `programs.map-own`"),
    tier_b("js-native.library-shared", "as `programs.map-shared`"),
    tier_b("js-native.add-on-own", "as `programs.map-own`"),
    tier_b(
        "programs.linker-own",
        "native code runs with no more rights than the program has",
    ),
    tier_b(
        "programs.linker-shared",
        "native code runs with no more rights than the program has",
    ),
    tier_b(
        "programs.map-own",
        "only a mount forbids code of a file that may be read",
    ),
    tier_b(
        "programs.map-shared",
        "only a mount forbids code of a file that may be read",
    ),
    Exception {
        case: "resources.threads",
        settings: &[Setting::Ordinary],
        reason: "the kernel counts the threads of a user, and all sandboxes of an ordinary user have one",
    },
];

const fn tier_b(case: &'static str, reason: &'static str) -> Exception {
    Exception {
        case,
        settings: &[Setting::NoNamespaces],
        reason,
    }
}

/// Why this setting need not contain this case.
pub fn reason(case: &str, setting: Setting) -> Option<&'static str> {
    EXCEPTIONS
        .iter()
        .find(|exception| exception.case == case && exception.settings.contains(&setting))
        .map(|exception| exception.reason)
}
