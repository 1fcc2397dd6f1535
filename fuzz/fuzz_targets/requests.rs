//! HTTP, as a guest writes it to its door.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| thorp_gateway::fuzz::requests(input));
