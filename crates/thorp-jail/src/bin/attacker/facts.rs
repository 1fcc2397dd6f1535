//! What a process can learn about its host.

use crate::attack::{Attack, Outcome, any, refused};
use crate::raw::{call, n, room};

pub(crate) const ATTACKS: &[Attack] = &[
    Attack::says("facts.host-name", "learn the host's name", |ground| {
        let name = rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned();
        if name == ground.word("host-name") {
            Outcome::Escaped(name)
        } else {
            Outcome::Contained(format!("its name is `{name}`"))
        }
    }),
    Attack::says(
        "facts.environment",
        "find more in its environment than it was given",
        |_| {
            let names: Vec<String> = std::env::vars().map(|(name, _)| name).collect();
            if names == ["THORP_GIVEN"] {
                Outcome::Contained("it is what was given".to_owned())
            } else {
                Outcome::Escaped(names.join(" "))
            }
        },
    ),
    Attack::says(
        "facts.processes",
        "learn which processes there are",
        |ground| {
            let host = ground.number("host");
            any([libc::SYS_getpgid, libc::SYS_getsid]
                .map(|number| refused(call(number, [n(host)]))))
        },
    ),
    Attack::says(
        "facts.affinity",
        "learn which processors the host uses",
        |ground| {
            let mut found = [0; 128];
            let host = n(ground.number("host"));
            refused(call(
                libc::SYS_sched_getaffinity,
                [host, n(128), room(&mut found)],
            ))
        },
    ),
    Attack::says(
        "facts.own-number",
        "learn its number outside",
        |_| match std::process::id() {
            1 => Outcome::Contained("its number is 1".to_owned()),
            number => Outcome::Escaped(format!("its number is {number}")),
        },
    ),
    Attack::says("facts.groups", "belong to groups of the host", |_| groups()),
    Attack::says(
        "facts.limits",
        "have wider limits than it was given",
        |_| {
            let mut found = [0; 16];
            let resource = n(i64::from(libc::RLIMIT_CORE));
            match call(
                libc::SYS_prlimit64,
                [n(0), resource, n(0), room(&mut found)],
            ) {
                Ok(_) if found == [0; 16] => Outcome::Contained("it dumps no core".to_owned()),
                result => refused(result),
            }
        },
    ),
];

/// Its supplementary groups. One that is not mapped into a user namespace has the overflow's number.
fn groups() -> Outcome {
    let mut found = [0; 4 * 64];
    match call(libc::SYS_getgroups, [n(64), room(&mut found)]) {
        Ok(0) => Outcome::Contained("it has none".to_owned()),
        Ok(count) => Outcome::Escaped(format!("it has {count}")),
        Err(error) => Outcome::Contained(crate::attack::text(error)),
    }
}
