//! What people read, in one snapshot: a change of a sentence is seen in review.
//!
//! String literals of `src` without test code, by file and in their order; then the help of every command. A literal
//! is a sentence if it has a blank and a word in lower case besides the values that a format puts in. Not sentences:
//! SQL, PEM and HTTP heads. Single words are names, and in the snapshot of `tests/names`, or parts of a sentence.

use std::fmt::Write as _;
use std::fs;

use clap::Command;

use super::files;
use super::lex::{Items, TextKind, texts};

/// What the literals of code begin with that is not for people.
const CODE: [&str; 14] = [
    "SELECT ",
    "INSERT ",
    "UPDATE ",
    "DELETE ",
    "CREATE ",
    "PRAGMA ",
    "BEGIN",
    "VACUUM",
    "ATTACH ",
    "DETACH ",
    " AS ",
    "-----BEGIN",
    "HTTP/1.1",
    "(?",
];

fn is_sentence(text: &str) -> bool {
    let trimmed = text.trim_start();
    let is_code = CODE.iter().any(|start| text.starts_with(start) || trimmed.starts_with(start));
    let is_word = |word: &&str| {
        let letters = word.trim_matches(|char: char| !char.is_alphabetic());
        letters.len() > 1 && letters.chars().any(char::is_lowercase)
    };
    let words = without_values(text).split_whitespace().filter(is_word).count();
    !is_code && words > 0 && text.contains(' ')
}

/// A literal without what a format puts in, as `{name:?}`.
fn without_values(text: &str) -> String {
    let mut plain = String::new();
    for (part, nth) in text.split('{').zip(0..) {
        plain.push_str(if nth == 0 {
            part
        } else {
            part.split_once('}').map_or(part, |(_, rest)| rest)
        });
    }
    plain
}

fn sentences() -> String {
    let mut all = String::new();
    for path in files::sources() {
        let path_text = path.display().to_string();
        if path_text.ends_with("/tests.rs") || path_text.contains("/tests/") {
            continue;
        }
        let texts = texts(&fs::read_to_string(&path).unwrap(), Items::WithoutTests);
        let literals = texts.iter().filter(|text| text.kind == TextKind::Literal);
        let sentences: Vec<_> = literals.filter(|text| is_sentence(&text.content)).collect();
        if !sentences.is_empty() {
            let _ = writeln!(all, "\n# {path_text}");
            for sentence in sentences {
                let _ = writeln!(all, "{}", sentence.content.trim().replace('\n', "\n    "));
            }
        }
    }
    all
}

/// The long help of a command and of the commands under it.
fn help(command: &mut Command, name: &str) -> String {
    let mut help = format!("\n## {name}\n{}", command.clone().term_width(100).render_long_help());
    for inner in command.get_subcommands_mut() {
        let name = format!("{name} {}", inner.get_name());
        help.push_str(&self::help(inner, &name));
    }
    help
}

#[test]
fn what_people_read_is_as_it_was_reviewed() {
    let mut command = titian::cli::command();
    command.build();
    let help = help(&mut command, "titian");
    let text = format!("{}\n# Help\n{help}", sentences().trim_start());
    let trimmed: Vec<_> = text.lines().map(str::trim_end).collect();
    insta::assert_snapshot!("sentences", trimmed.join("\n"));
}
