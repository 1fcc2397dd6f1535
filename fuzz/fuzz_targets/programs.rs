//! Programs that users write.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| thorp_lang::fuzz::program(input));
