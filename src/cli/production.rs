//! What stands in a production build for `titian demo`, `titian drill`, `titian bench` and `titian switch`: an error that names the other build.

use std::ffi::OsString;

use clap::{Args, Subcommand};

use super::exit::Exit;
use super::failure::Failure;

/// The commands that a production build does not have. Help does not show them.
#[derive(Subcommand)]
pub(super) enum HarnessCommand {
    #[command(hide = true, disable_help_flag = true)]
    Demo(Arguments),
    #[command(hide = true, disable_help_flag = true)]
    Drill(Arguments),
    #[command(hide = true, disable_help_flag = true)]
    Bench(Arguments),
    #[command(hide = true, disable_help_flag = true)]
    Switch(Arguments),
}

/// Any arguments. They are not read.
#[derive(Args)]
pub(super) struct Arguments {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    _arguments: Vec<OsString>,
}

impl HarnessCommand {
    /// Refuses the command.
    pub(super) fn run(&self) -> Result<Exit, Failure> {
        let name = match self {
            Self::Demo(_) => "demo",
            Self::Drill(_) => "drill",
            Self::Bench(_) => "bench",
            Self::Switch(_) => "switch",
        };
        Err(format!(
            "titian {name}: this program is a production build, without simulated switch, demo, drill and bench; \
             for these build Titian without `--no-default-features`: cargo build --release"
        )
        .into())
    }
}

#[cfg(test)]
mod tests {
    use clap::{Command, FromArgMatches};

    use super::*;

    #[test]
    fn a_production_build_names_the_build_that_has_the_command() {
        let command = || HarnessCommand::augment_subcommands(Command::new("titian"));
        for arguments in [&["demo"][..], &["switch", "--help"], &["bench", "--rate", "5"]] {
            let matches =
                command().try_get_matches_from([&["titian"], arguments].concat()).unwrap();
            let refused = HarnessCommand::from_arg_matches(&matches).unwrap().run();
            let Err(Failure::Input(lines)) = refused else {
                panic!("{arguments:?} was not refused")
            };
            let [line] = &lines[..] else { panic!("{lines:?}") };
            assert!(
                line.starts_with(&format!(
                    "titian {}: this program is a production build",
                    arguments[0]
                )),
                "{line}"
            );
        }
        let help = command().render_help().to_string();
        assert!(!help.contains("demo"), "{help}");
    }
}
