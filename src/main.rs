//! The `titian` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    titian::cli::main().into()
}
