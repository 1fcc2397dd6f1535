//! Questions for names, as a guest sends them.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| thorp_gateway::fuzz::question(input));
