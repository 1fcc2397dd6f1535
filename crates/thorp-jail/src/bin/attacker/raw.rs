//! System calls without any wrapper that could say no by itself. All `unsafe` code of the attacker is in this file.
#![allow(
    unsafe_code,
    reason = "an attacker asks the kernel, and no safe wrapper offers what it wants"
)]

use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use libc::c_long;

/// An argument of a call.
pub(crate) enum Arg<'a> {
    Number(i64),
    Text(&'a CStr),
    Bytes(&'a [u8]),
    Room(&'a mut [u8]),
}

impl Arg<'_> {
    fn word(self) -> c_long {
        match self {
            Self::Number(number) => number,
            Self::Text(text) => text.as_ptr() as c_long,
            Self::Bytes(bytes) => bytes.as_ptr() as c_long,
            Self::Room(bytes) => bytes.as_mut_ptr() as c_long,
        }
    }
}

/// A number.
pub(crate) fn n(number: impl Into<i64>) -> Arg<'static> {
    Arg::Number(number.into())
}

/// A text.
pub(crate) fn t(text: &CStr) -> Arg<'_> {
    Arg::Text(text)
}

/// Bytes that the kernel reads.
pub(crate) fn b(bytes: &[u8]) -> Arg<'_> {
    Arg::Bytes(bytes)
}

/// Bytes that the kernel writes.
pub(crate) fn room(bytes: &mut [u8]) -> Arg<'_> {
    Arg::Room(bytes)
}

/// A path as the kernel takes it.
pub(crate) fn c(path: impl AsRef<Path>) -> CString {
    CString::new(path.as_ref().as_os_str().as_bytes()).unwrap_or_default()
}

/// Numbers as the kernel lays them out in memory.
pub(crate) fn words(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

/// Asks the kernel.
pub(crate) fn call<const N: usize>(number: c_long, args: [Arg<'_>; N]) -> Result<usize, i32> {
    let mut words: [c_long; 6] = [0; 6];
    for (word, arg) in words.iter_mut().zip(args) {
        *word = arg.word();
    }
    // SAFETY: pointers among the arguments are to live memory, which is at least as long as the call reads or writes; no
    // caller asks for a call that changes this program's memory map or stack (those are functions of their own below).
    let result = unsafe {
        libc::syscall(
            number, words[0], words[1], words[2], words[3], words[4], words[5],
        )
    };
    checked(result)
}

fn checked(result: c_long) -> Result<usize, i32> {
    usize::try_from(result).map_err(|_| std::io::Error::last_os_error().raw_os_error().unwrap_or(0))
}

/// Makes a process by `clone` with these flags. The new process ends at once.
pub(crate) fn fork(flags: i32) -> Result<usize, i32> {
    let flags = c_long::from(flags | libc::SIGCHLD);
    // SAFETY: no memory is shared and no stack given, so that the child has a copy of all; it only ends.
    let result = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
    in_parent(result)
}

/// Makes a process by `clone3` with these flags.
pub(crate) fn fork3(flags: u64) -> Result<usize, i32> {
    let args = words(&[flags, 0, 0, 0, libc::SIGCHLD as u64, 0, 0, 0]);
    // SAFETY: `args` is a live `clone_args` of the size given; no memory is shared and no stack given, so that the child
    // has a copy of all; it only ends.
    let result = unsafe { libc::syscall(libc::SYS_clone3, args.as_ptr(), args.len()) };
    in_parent(result)
}

fn in_parent(result: c_long) -> Result<usize, i32> {
    if result == 0 {
        // SAFETY: takes no pointers, and does not return.
        unsafe { libc::_exit(0) }
    }
    checked(result)
}

/// Makes a process by `fork`.
#[cfg(target_arch = "x86_64")]
pub(crate) fn old_fork() -> Result<usize, i32> {
    // SAFETY: the child has a copy of all memory; it only ends.
    in_parent(unsafe { libc::syscall(libc::SYS_fork) })
}

/// Makes a process by `vfork`. The child ends before it uses the stack, which it shares.
#[cfg(target_arch = "x86_64")]
pub(crate) fn vfork() -> Result<usize, i32> {
    let result: c_long;
    // SAFETY: the child jumps to `exit` without touching memory; the parent goes on once it has ended. The kernel
    // changes `rcx` and `r11`, and the child's `rdi` is its own.
    unsafe {
        std::arch::asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor edi, edi",
            "mov eax, 60",
            "syscall",
            "2:",
            inlateout("rax") libc::SYS_vfork => result,
            out("rdi") _,
            out("rcx") _,
            out("r11") _,
        );
    }
    usize::try_from(result).map_err(|_| i32::try_from(-result).unwrap_or(0))
}

/// `getpid` by the calling convention of 32-bit programs.
#[cfg(target_arch = "x86_64")]
pub(crate) fn int80_getpid() -> Result<usize, i32> {
    let result: i32;
    // SAFETY: `getpid` (20 there) takes no arguments and touches no memory; the kernel may change `r8` to `r11`.
    unsafe {
        std::arch::asm!(
            "int 0x80",
            inlateout("eax") 20_i32 => result,
            out("r8") _, out("r9") _, out("r10") _, out("r11") _,
        );
    }
    usize::try_from(result).map_err(|_| -result)
}

/// Becomes another program. Returns only if that fails.
pub(crate) fn execute(path: &CStr, args: &[CString]) -> i32 {
    let mut pointers: Vec<*const libc::c_char> = args.iter().map(|arg| arg.as_ptr()).collect();
    pointers.push(std::ptr::null());
    let empty = [std::ptr::null::<libc::c_char>()];
    // SAFETY: all are live texts that end with a zero, in lists that end with a null pointer.
    unsafe { libc::execve(path.as_ptr(), pointers.as_ptr(), empty.as_ptr()) };
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// Becomes the program behind a descriptor. Returns only if that fails.
pub(crate) fn execute_descriptor(descriptor: i64, args: &[CString]) -> i32 {
    let mut pointers: Vec<*const libc::c_char> = args.iter().map(|arg| arg.as_ptr()).collect();
    pointers.push(std::ptr::null());
    let empty = [std::ptr::null::<libc::c_char>()];
    // SAFETY: all are live texts that end with a zero, in lists that end with a null pointer.
    unsafe {
        libc::syscall(
            libc::SYS_execveat,
            descriptor,
            c"".as_ptr(),
            pointers.as_ptr(),
            empty.as_ptr(),
            libc::AT_EMPTY_PATH,
        )
    };
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

const PAGE: usize = 4096;

/// Maps new memory and writes to each page of it.
pub(crate) fn fill_memory(bytes: usize, flags: i32) -> Result<usize, i32> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let start = map(bytes, protection, flags | libc::MAP_ANONYMOUS, -1)?;
    for offset in (0..bytes).step_by(PAGE) {
        // SAFETY: the mapping is ours alone, writable, and `bytes` long.
        unsafe { start.cast::<u8>().add(offset).write_volatile(1) };
    }
    Ok(bytes)
}

/// Maps a page of a file for executing, at once or after the fact.
pub(crate) fn map_code(descriptor: i32, later: bool) -> Result<usize, i32> {
    let code = libc::PROT_READ | libc::PROT_EXEC;
    let first = if later { libc::PROT_READ } else { code };
    let start = map(PAGE, first, libc::MAP_PRIVATE, descriptor)?;
    if later {
        // SAFETY: the page is ours alone, and nothing of the program lies in it.
        checked(unsafe { libc::mprotect(start, PAGE, code) }.into())?;
    }
    Ok(PAGE)
}

fn map(
    bytes: usize,
    protection: i32,
    flags: i32,
    descriptor: i32,
) -> Result<*mut libc::c_void, i32> {
    // SAFETY: without a wanted address, a new mapping touches no other.
    let start = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            bytes,
            protection,
            flags,
            descriptor,
            0,
        )
    };
    if start == libc::MAP_FAILED {
        checked(-1)?;
    }
    Ok(start)
}

/// Lets a signal be lost instead of ending the program.
pub(crate) fn ignore(signal: i32) {
    // SAFETY: no handler is set that could run.
    unsafe { libc::signal(signal, libc::SIG_IGN) };
}
