//! The `titian` program.

use std::process::ExitCode;

/// A transfer makes small allocations on several threads. This allocator takes less processor time for them than that of the
/// system (`docs/performance.md`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    titian::cli::main().into()
}
