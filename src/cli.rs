//! The command line: a file a subcommand, and a file for each helper that several subcommands share.

mod act;
mod admin;
mod archive;
#[cfg(feature = "harness")]
mod bench;
mod check;
mod decode;
#[cfg(feature = "harness")]
mod demo;
#[cfg(feature = "harness")]
mod drill;
mod encode;
mod exit;
mod export;
mod failure;
#[cfg(feature = "harness")]
mod harness;
mod header;
mod hex;
mod hexdump;
#[cfg(feature = "harness")]
mod interruption;
mod keys;
mod layers;
mod log;
#[cfg(any(test, not(feature = "harness")))]
mod production;
mod serve;
mod source;
mod spec;
mod stop;
mod store;
#[cfg(feature = "harness")]
mod switch;
mod terminal;
mod usage;
mod verify;
mod verify_ledger;

use clap::{CommandFactory, Parser, Subcommand};

pub use exit::Exit;
use failure::Failure;
#[cfg(feature = "harness")]
use harness::HarnessCommand;
#[cfg(not(feature = "harness"))]
use production::HarnessCommand;

/// Interbank transfer switch adapter: ISO 8583 between a bank and the national switch
#[derive(Parser)]
#[command(name = "titian", version, max_term_width = 100)]
#[command(arg_required_else_help = true, subcommand_required = true)]
#[command(
    after_help = "Every command has help with examples, for example `titian decode --help`.\n\n\
    Exit codes: 0 success, 1 negative result, 2 usage or input error, 70 internal error, 130 interrupted."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    #[command(flatten)]
    Harness(HarnessCommand),
    Serve(serve::Serve),
    Check(check::Check),
    Decode(decode::Decode),
    Encode(encode::Encode),
    Verify(verify::Verify),
    Export(export::Export),
    Archive(archive::Archive),
    Admin(Box<admin::Admin>),
    Exceptions(admin::Exceptions),
    Operator(admin::Operator),
    Act(act::Act),
    Keys(keys::Keys),
}

impl Command {
    fn run(&self) -> Result<Exit, Failure> {
        match self {
            Self::Harness(harness) => return harness.run(),
            Self::Serve(serve) => serve.run(),
            Self::Check(check) => check.run(),
            Self::Decode(decode) => decode.run(),
            Self::Encode(encode) => encode.run(),
            Self::Verify(verify) => verify.run(),
            Self::Export(export) => export.run(),
            Self::Archive(archive) => archive.run(),
            Self::Admin(admin) => admin.run(),
            Self::Exceptions(exceptions) => exceptions.run(),
            Self::Operator(operator) => operator.run(),
            Self::Act(act) => act.run(),
            Self::Keys(keys) => keys.run(),
        }?;
        Ok(Exit::Success)
    }
}

/// Returns the command line: its commands, options and help.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs the command of the process's arguments, and returns the exit code.
#[must_use]
pub fn main() -> Exit {
    exit::guarded(|| match Cli::try_parse() {
        Ok(cli) => cli.command.run().unwrap_or_else(Failure::report),
        Err(error) => {
            let usage = usage::guarded(error);
            // Help written to a closed pipe is not a failure.
            let _ = usage.print();
            if usage.use_stderr() { Exit::Usage } else { Exit::Success }
        }
    })
}

/// Returns the first characters of a text for an error message.
///
/// The text may be a message that was typed in the wrong place. Of text that looks like hex or digits, only 8 characters
/// are shown: an MTI in hex.
fn beginning(text: &str) -> String {
    let count = text.chars().count();
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let numeric = digits * 2 > count || text.chars().all(|character| character.is_ascii_hexdigit());
    let shown = if numeric { 8 } else { 32 };
    match text.char_indices().nth(shown) {
        Some((end, _)) => format!("{}… ({count} characters)", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(beginning("0200"), "0200");
        assert_eq!(beginning(&"é".repeat(33)), format!("{}… (33 characters)", "é".repeat(32)));
        assert_eq!(beginning("9360021300417780"), "93600213… (16 characters)");
        assert_eq!(beginning("--30323030f23a"), "--303230… (14 characters)");
    }

    #[test]
    fn a_message_in_the_wrong_place_is_not_shown_whole() {
        let message = "30323030F23A440188E1800031369360021300417780".to_owned();
        let typed = |args: &[&str]| match Cli::try_parse_from([&["titian"], args].concat()) {
            Ok(_) => panic!("the arguments were accepted"),
            Err(usage) => usage::guarded(usage).to_string(),
        };
        let option = format!("--{message}");
        let value = format!("--framed={message}");
        for args in [
            &["decode", "0133", &message][..],
            &[&message],
            &["decode", "--format", &message],
            &["decode", &option],
            &["decode", &value],
            &["encode", "-", "\u{1b}[2J"],
        ] {
            let error = typed(args);
            assert!(!error.contains("F23A44") && !error.contains('\u{1b}'), "{error}");
        }
    }

    #[test]
    fn the_arguments_are_declared_consistently() {
        Cli::command().debug_assert();
    }
}
