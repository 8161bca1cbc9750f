//! The commands that run the product in the harness or stand beside it: `titian demo`, `titian drill`, `titian bench` and `titian switch`.
//! A production build has none of them (`production.rs`).

use clap::Subcommand;

use super::exit::Exit;
use super::failure::Failure;
use super::{bench, demo, drill, switch};

#[derive(Subcommand)]
pub(super) enum HarnessCommand {
    Demo(demo::Demo),
    Drill(drill::Drill),
    Bench(bench::Bench),
    Switch(switch::Switch),
}

impl HarnessCommand {
    pub(super) fn run(&self) -> Result<Exit, Failure> {
        match self {
            Self::Demo(demo) => demo.run(),
            Self::Drill(drill) => drill.run(),
            Self::Bench(bench) => bench.run(),
            Self::Switch(switch) => switch.run(),
        }
    }
}
