//! URLs of a guest's requests.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| thorp_gateway::fuzz::url(input));
