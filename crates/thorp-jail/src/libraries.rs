//! Which shared libraries a program needs, as its own dynamic linker says.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const MAGIC: &[u8] = b"\x7fELF\x02\x01";
const HEADER_BYTES: usize = 64;
const SEGMENT_BYTES: usize = 56;
/// The type of the segment that names the dynamic linker.
const INTERPRETER: u32 = 3;
const PATH_BYTES_MAX: u64 = 4096;

/// The dynamic linker of a 64-bit little-endian program, and all libraries that it would load; empty for a program that
/// needs none. The program itself is not executed.
///
/// # Errors
/// If it cannot be read, is not a program, or needs a library that is not there.
pub fn libraries(program: &Path) -> io::Result<Vec<PathBuf>> {
    let Some(linker) = interpreter(program)? else {
        return Ok(Vec::new());
    };
    let output = Command::new(&linker)
        .arg("--list")
        .arg(program)
        .env_clear()
        .stdin(Stdio::null())
        .output()?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(io::Error::other(text));
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut found = listed(&text)?;
    found.push(linker);
    found.sort();
    found.dedup();
    Ok(found)
}

/// Lines are `name => /path (0xaddress)`, `/path (0xaddress)`, or `linux-vdso.so.1 (0xaddress)`, which is no file.
fn listed(text: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for line in text.lines() {
        let target = line.rsplit_once("=> ").map_or(line, |(_, target)| target);
        if target.contains("not found") {
            return Err(io::Error::new(io::ErrorKind::NotFound, line.trim()));
        }
        let path = target.split(" (0x").next().unwrap_or_default().trim();
        if path.starts_with('/') {
            found.push(PathBuf::from(path));
        }
    }
    Ok(found)
}

fn interpreter(program: &Path) -> io::Result<Option<PathBuf>> {
    let mut file = File::open(program)?;
    let mut header = [0; HEADER_BYTES];
    file.read_exact(&mut header)?;
    if !header.starts_with(MAGIC) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "it is not a 64-bit program",
        ));
    }
    file.seek(SeekFrom::Start(number(&header[32..40])))?;
    let mut segments = vec![0; number(&header[56..58]) as usize * SEGMENT_BYTES];
    file.read_exact(&mut segments)?;
    let Some(segment) = segments
        .chunks_exact(SEGMENT_BYTES)
        .find(|segment| number(&segment[..4]) == u64::from(INTERPRETER))
    else {
        return Ok(None);
    };
    file.seek(SeekFrom::Start(number(&segment[8..16])))?;
    let mut path = String::new();
    file.take(number(&segment[32..40]).min(PATH_BYTES_MAX))
        .read_to_string(&mut path)?;
    Ok(Some(PathBuf::from(path.trim_end_matches('\0'))))
}

fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{libraries, listed};

    #[test]
    fn a_shell_needs_the_c_library() {
        let found = libraries(Path::new("/bin/sh")).unwrap();
        let names = |part: &str| {
            found
                .iter()
                .any(|path| path.to_string_lossy().contains(part))
        };
        assert!(names("libc.so") && names("ld-linux"), "{found:?}");
    }

    #[test]
    fn what_the_linker_lists_is_read() {
        let text = "\tlinux-vdso.so.1 (0x7f)\n\tlibm.so.6 => /lib/libm.so.6 (0x7f)\n\t/lib64/ld.so (0x7f)\n";
        let expected: Vec<PathBuf> = vec!["/lib/libm.so.6".into(), "/lib64/ld.so".into()];
        assert_eq!(listed(text).unwrap(), expected);
        assert!(listed("\tlibx.so => not found\n").is_err());
    }

    #[test]
    fn what_is_not_a_program_is_refused() {
        assert!(libraries(Path::new("/etc/passwd")).is_err());
    }
}
