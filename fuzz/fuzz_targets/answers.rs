//! HTTP, as an origin answers.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| thorp_gateway::fuzz::answer(input));
