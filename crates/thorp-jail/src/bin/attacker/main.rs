//! The tests' attacker: a native program, as strong as code that has taken over a process of the jail. It tries one named
//! attack and prints `contained: <reason>` or `ESCAPED: <what was reached>`; only its last line counts.
//!
//! Attacks are made so that they do no harm where nothing stops them: signals are signal 0, what needs the rights of root
//! has arguments that the kernel refuses after it has looked at the rights.
#![allow(clippy::print_stdout, reason = "its lines are all that it is for")]

use std::process::ExitCode;

mod attack;
mod calls;
mod channels;
mod descriptors;
mod facts;
mod files;
mod machine;
mod mounts;
mod network;
mod options;
mod processes;
mod programs;
mod raw;
mod resources;
mod rights;
mod writes;

use attack::{Attack, Ground, Outcome};

const GROUPS: &[&[Attack]] = &[
    files::ATTACKS,
    writes::ATTACKS,
    mounts::ATTACKS,
    processes::ATTACKS,
    programs::ATTACKS,
    rights::ATTACKS,
    machine::ATTACKS,
    calls::ATTACKS,
    channels::ATTACKS,
    network::ATTACKS,
    options::ATTACKS,
    descriptors::ATTACKS,
    facts::ATTACKS,
    resources::ATTACKS,
];

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    match args.next().as_deref() {
        Some("list") => list(),
        Some("wait") => wait(),
        Some("ran") => println!("{}", Outcome::Escaped("another program ran".to_owned())),
        Some(name) => return attack(name, &Ground::new(args)),
        None => return ExitCode::FAILURE,
    }
    ExitCode::SUCCESS
}

fn all() -> impl Iterator<Item = &'static Attack> {
    GROUPS.iter().copied().flatten()
}

fn list() {
    for attack in all() {
        println!("{}\t{}", attack.name, attack.tries);
    }
}

/// Is somebody's neighbour until it is killed.
fn wait() {
    println!("ready");
    loop {
        std::thread::park();
    }
}

fn attack(name: &str, ground: &Ground) -> ExitCode {
    let Some(attack) = all().find(|attack| attack.name == name) else {
        return ExitCode::FAILURE;
    };
    println!("{}", attack.run(ground));
    ExitCode::SUCCESS
}
