//! Frames, as a guest writes them on its socket.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| thorp_runtime::fuzz::frames(input));
