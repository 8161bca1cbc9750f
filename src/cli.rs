//! The command line: a file a subcommand, and one for each thing that several need.

mod archive;
mod bench;
mod check;
mod decode;
mod demo;
mod encode;
mod exit;
mod export;
mod failure;
mod header;
mod hex;
mod hexdump;
mod layers;
mod log;
mod money;
mod serve;
mod source;
mod spec;
mod stop;
mod store;
mod switch;
mod terminal;
mod usage;
mod verify;

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
    Demo(demo::Demo),
    Bench(bench::Bench),
    Serve(serve::Serve),
    Check(check::Check),
    Decode(decode::Decode),
    Encode(encode::Encode),
    Switch(switch::Switch),
    Verify(verify::Verify),
    Export(export::Export),
    Archive(archive::Archive),
}

impl Command {
    fn run(&self) -> Result<(), Failure> {
        match self {
            Self::Demo(demo) => demo.run(),
            Self::Bench(bench) => bench.run(),
            Self::Serve(serve) => serve.run(),
            Self::Check(check) => check.run(),
            Self::Decode(decode) => decode.run(),
            Self::Encode(encode) => encode.run(),
            Self::Switch(switch) => switch.run(),
            Self::Verify(verify) => verify.run(),
            Self::Export(export) => export.run(),
            Self::Archive(archive) => archive.run(),
        }
    }
}

/// Does what the process's arguments say, and tells how it went.
#[must_use]
pub fn main() -> Exit {
    exit::guarded(|| match Cli::try_parse() {
        Ok(cli) => cli.command.run().map_or_else(Failure::report, |()| Exit::Done),
        Err(error) => {
            let usage = usage::guarded(error);
            // Help that nobody reads (a closed pipe) is no failure.
            let _ = usage.print();
            if usage.use_stderr() { Exit::Misuse } else { Exit::Done }
        }
    })
}

/// Text that may be long, or may be a message given in the wrong place: only its beginning. Of what looks like
/// hex or digits that is no more than an MTI in hex.
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
    fn a_long_text_is_told_by_its_beginning() {
        assert_eq!(beginning("0200"), "0200");
        assert_eq!(beginning(&"é".repeat(33)), format!("{}… (33 characters)", "é".repeat(32)));
        assert_eq!(beginning("9360021300417780"), "93600213… (16 characters)");
        assert_eq!(beginning("--30323030f23a"), "--303230… (14 characters)");
    }

    #[test]
    fn what_stands_where_no_message_belongs_is_not_told_whole() {
        let message = "30323030F23A440188E1800031369360021300417780".to_owned();
        let typed = |args: &[&str]| match Cli::try_parse_from([&["titian"], args].concat()) {
            Ok(_) => panic!("it parses"),
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
            let told = typed(args);
            assert!(!told.contains("F23A44") && !told.contains('\u{1b}'), "{told}");
        }
    }

    #[test]
    fn the_arguments_are_declared_without_contradiction() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
