//! The command line: a file a subcommand, and one for each thing that several need.

mod decode;
mod encode;
mod exit;
mod failure;
mod header;
mod hex;
mod hexdump;
mod source;
mod spec;
mod terminal;

use clap::{Parser, Subcommand};

pub use exit::Exit;
use failure::Failure;

/// Interbank transfer switch adapter: ISO 8583 between a bank and the national switch
#[derive(Parser)]
#[command(name = "titian", version, max_term_width = 100)]
#[command(arg_required_else_help = true, subcommand_required = true)]
#[command(
    after_help = "Try `titian decode --help`: every command explains itself, with examples.\n\n\
    Exit codes: 0 done, 1 the answer is no, 2 bad use or bad input, 70 a fault of titian's own."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Decode(decode::Decode),
    Encode(encode::Encode),
}

impl Command {
    fn run(&self) -> Result<(), Failure> {
        match self {
            Self::Decode(decode) => decode.run(),
            Self::Encode(encode) => encode.run(),
        }
    }
}

/// Does what the process's arguments say, and tells how it went.
#[must_use]
pub fn main() -> Exit {
    exit::guarded(|| match Cli::try_parse() {
        Ok(cli) => cli.command.run().map_or_else(Failure::report, |()| Exit::Done),
        Err(usage) => {
            // Help that nobody reads (a closed pipe) is no failure.
            let _ = usage.print();
            if usage.use_stderr() { Exit::Misuse } else { Exit::Done }
        }
    })
}

/// The name that a mistyped one is most like, as the end of an error; empty if it is like none.
fn did_you_mean<'n>(typed: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(typed, name), name))
        .filter(|(distance, name)| *distance <= name.len().max(3) / 3)
        .min()
        .map_or_else(String::new, |(_, name)| format!("; did you mean {name}?"))
}

/// Text that may be long, or may be a message given in the wrong place: only its beginning.
fn beginning(text: &str) -> String {
    const SHOWN: usize = 32;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_near_name_is_suggested() {
        let names = ["nusantara", "rendezvous", "holdfast"];
        assert_eq!(did_you_mean("nusantra", names), "; did you mean nusantara?");
        assert_eq!(did_you_mean("visa", names), "");
    }

    #[test]
    fn a_long_text_is_told_by_its_beginning() {
        assert_eq!(beginning("0200"), "0200");
        assert_eq!(beginning(&"é".repeat(33)), format!("{}…", "é".repeat(32)));
    }

    #[test]
    fn the_arguments_are_declared_without_contradiction() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
