//! Executing what is not the process's program.

use std::ffi::CString;
use std::fs::{self, File, Permissions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::attack::{Attack, Ground, Outcome, any, refused, text};
use crate::raw::{c, call, execute_descriptor, map_code, n, t};

pub(crate) const ATTACKS: &[Attack] = &[
    Attack::says("programs.shell", "execute a shell of the host", |_| {
        any(["/bin/sh", "/usr/bin/sh", "/bin/busybox"].map(|path| {
            execute(
                Path::new(path),
                &["sh", "-c", "echo 'ESCAPED: a shell runs'"],
            )
        }))
    }),
    Attack::says(
        "programs.shared",
        "execute a file of a folder that all read",
        |ground| execute(&ground.join("deps", "tool"), &["tool", "ran"]),
    ),
    Attack::says(
        "programs.own",
        "execute a file of its own folder",
        |ground| execute(&ground.join("own", "tool"), &["tool", "ran"]),
    ),
    Attack::says(
        "programs.scratch",
        "execute a copy of its program that it has written",
        |ground| written(ground, |path| execute(path, &["tool", "ran"])),
    ),
    Attack::says(
        "programs.script",
        "execute a script that it has written",
        |ground| {
            let path = ground.join("scratch", "script");
            let text = format!("#!{} ran\n", ground.word("program"));
            match fs::write(&path, text)
                .and_then(|()| fs::set_permissions(&path, Permissions::from_mode(0o755)))
            {
                Ok(()) => execute(&path, &["script"]),
                Err(error) => Outcome::Contained(error.to_string()),
            }
        },
    ),
    Attack::says(
        "programs.linker-own",
        "have the dynamic linker load a file of its own folder",
        |ground| {
            let tool = ground.join("own", "tool");
            execute(
                ground.path("linker"),
                &["ld.so", &tool.to_string_lossy(), "ran"],
            )
        },
    ),
    Attack::says(
        "programs.linker-shared",
        "have the dynamic linker load a file that all read",
        |ground| {
            let tool = ground.join("deps", "tool");
            execute(
                ground.path("linker"),
                &["ld.so", &tool.to_string_lossy(), "ran"],
            )
        },
    ),
    Attack::says(
        "programs.linker-scratch",
        "have the dynamic linker load what it has written",
        |ground| {
            written(ground, |path| {
                execute(
                    ground.path("linker"),
                    &["ld.so", &path.to_string_lossy(), "ran"],
                )
            })
        },
    ),
    Attack::says(
        "programs.linker-host",
        "have the dynamic linker load a program of the host",
        |ground| {
            execute(
                ground.path("linker"),
                &["ld.so", "/bin/sh", "-c", "echo 'ESCAPED: a shell runs'"],
            )
        },
    ),
    Attack::says(
        "programs.memory",
        "execute a program that lies in memory (memfd)",
        memory,
    ),
    Attack::says(
        "programs.descriptor",
        "execute by a descriptor (execveat)",
        |ground| match File::open(ground.join("own", "tool")) {
            Ok(file) => by_descriptor(i64::from(file.as_raw_fd())),
            Err(error) => Outcome::Contained(error.to_string()),
        },
    ),
    Attack::says(
        "programs.map-written",
        "map what it has written as code",
        |ground| written(ground, |path| mapped(path, false)),
    ),
    Attack::says(
        "programs.map-written-later",
        "map what it has written, and make it code later",
        |ground| written(ground, |path| mapped(path, true)),
    ),
    Attack::says(
        "programs.map-own",
        "map a file of its own folder as code",
        |ground| any([false, true].map(|later| mapped(&ground.join("own", "tool"), later))),
    ),
    Attack::says(
        "programs.map-shared",
        "map a file that all read as code",
        |ground| any([false, true].map(|later| mapped(&ground.join("deps", "tool"), later))),
    ),
    Attack::says(
        "programs.map-host",
        "map a program of the host as code",
        |_| mapped(Path::new("/bin/sh"), false),
    ),
    Attack::says(
        "programs.again-read",
        "execute itself again, and read the host's files then",
        |ground| again(ground, "files.host-folder"),
    ),
    Attack::says(
        "programs.again-fork",
        "execute itself again, and make a process then",
        |ground| again(ground, "processes.clone"),
    ),
    Attack::says(
        "programs.again-connect",
        "execute itself again, and reach the host's network then",
        |ground| again(ground, "network.loopback"),
    ),
];

/// Its answer counts only if nothing is executed: what is executed prints a later line.
fn execute(path: &Path, args: &[&str]) -> Outcome {
    println!("contained: it ended without a word");
    let args = texts(args.iter().map(|arg| (*arg).to_owned()));
    Outcome::Contained(text(crate::raw::execute(&c(path), &args)))
}

fn again(ground: &Ground, name: &str) -> Outcome {
    let args: Vec<String> = ["attacker".to_owned(), name.to_owned()]
        .into_iter()
        .chain(ground.args())
        .collect();
    let error = crate::raw::execute(&c(ground.path("program")), &texts(args));
    Outcome::Contained(text(error))
}

fn by_descriptor(descriptor: i64) -> Outcome {
    println!("contained: it ended without a word");
    let args = texts(["tool".to_owned(), "ran".to_owned()]);
    Outcome::Contained(text(execute_descriptor(descriptor, &args)))
}

fn texts(args: impl IntoIterator<Item = String>) -> Vec<CString> {
    args.into_iter()
        .map(|arg| CString::new(arg).unwrap_or_default())
        .collect()
}

/// Copies its own program to where it may write.
fn written(ground: &Ground, then: impl FnOnce(&Path) -> Outcome) -> Outcome {
    let path = ground.join("scratch", "tool");
    let copied = fs::copy(ground.path("program"), &path)
        .and_then(|_| fs::set_permissions(&path, Permissions::from_mode(0o755)));
    match copied {
        Ok(()) => then(&path),
        Err(error) => Outcome::Contained(error.to_string()),
    }
}

fn memory(ground: &Ground) -> Outcome {
    let descriptor = match call(libc::SYS_memfd_create, [t(c"tool"), n(0)]) {
        Ok(descriptor) => descriptor as i64,
        Err(error) => return refused(Err(error)),
    };
    let Ok(program) = fs::read(ground.path("program")) else {
        return Outcome::Contained("its program cannot be read".to_owned());
    };
    let length = n(program.len() as i64);
    match call(
        libc::SYS_write,
        [n(descriptor), crate::raw::b(&program), length],
    ) {
        Ok(_) => by_descriptor(descriptor),
        Err(error) => Outcome::Contained(text(error)),
    }
}

fn mapped(path: &Path, later: bool) -> Outcome {
    match File::open(path) {
        Ok(file) => refused(map_code(file.as_raw_fd(), later)),
        Err(error) => Outcome::Contained(error.to_string()),
    }
}
