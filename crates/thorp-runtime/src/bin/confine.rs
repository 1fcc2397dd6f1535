//! The tests' stand-in for the product's binary: it does nothing but confine itself and become another program.

use std::process::ExitCode;

fn main() -> ExitCode {
    thorp_jail::confine_main(std::env::args_os()).unwrap_or(ExitCode::FAILURE)
}
