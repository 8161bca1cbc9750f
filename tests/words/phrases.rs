//! Phrases that no text of the project has. They are words of a dialect that payments engineers do not speak.
//!
//! A phrase is found whole words at a time, in any case, also across a line break. Texts: string literals, doc
//! comments, comments and test names of all Rust files, and all of the pages, settings and specs.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::fs;

use super::files;
use super::lex::{Items, Text, TextKind, texts};

/// A phrase and what to write instead.
const FORBIDDEN: [(&str, &str); 48] = [
    ("told", "say what happens: returns, reports, responds, receives"),
    ("somebody", "name the role: the operator, the maker, core banking"),
    ("nobody", "name the role, with not"),
    ("whoever", "the caller, the client"),
    ("is none of", "is not one of"),
    ("is nothing", "is empty, is not …"),
    ("is no", "is not a"),
    ("are no", "are not"),
    ("so many", "the number"),
    ("as may be", "the maximum"),
    ("two persons", "dual control, maker and checker"),
    ("persons", "maker and checker, operators"),
    ("given back", "refunded"),
    ("giving back", "refunding"),
    ("gives back", "refunds, returns"),
    ("taken back", "reversed"),
    ("takes in", "accepts, receives, reads"),
    ("goes by", "uses, depends on"),
    ("is to be", "must be, will be"),
    ("are to be", "must be, will be"),
    ("says other than", "differs from"),
    ("put in order", "resolved, repaired"),
    ("a fault of ours", "an internal error, a defect"),
    ("doubtful", "outcome unknown"),
    ("in doubt", "outcome unknown"),
    ("alarm", "alert"),
    ("alarms", "alerts"),
    ("brain", "model"),
    ("rig", "harness"),
    ("contradicts", "conflicts with"),
    ("contradicted", "conflicting outcome"),
    ("contradiction", "conflicting outcome"),
    ("contradictory", "conflicting"),
    ("standing", "transfer status"),
    ("life", "transfer, states, history"),
    ("is said", "is set, is reported"),
    ("is had", "exists, is available"),
    ("taken on", "accepted"),
    ("takes on", "accepts"),
    ("taken in", "accepted, received"),
    ("take in", "accept, receive, read"),
    ("took in", "accepted, received"),
    ("go by", "use, depend on"),
    ("went by", "used, depended on"),
    ("goes under", "has"),
    ("went under", "had"),
    ("knows no", "does not know"),
    ("yet approved", "refunding, but settled"),
];

/// Where a phrase is plain English after all: phrase, and the words around it.
const PLAIN: [(&str, &str); 7] = [
    // The usual way to say that something ended.
    ("is no", "is no longer"),
    ("are no", "are no longer"),
    // The usual comparisons.
    ("is no", "is no larger"),
    ("is no", "is no more"),
    // The usual way to say that something does not exist.
    ("is no", "there is no"),
    ("are no", "there are no"),
    ("is nothing", "there is nothing"),
];

/// Hits that are right: file, a part of the line, and the reason.
const ALLOWED: [(&str, &str, &str); 1] =
    [("tests/words/phrases.rs", "", "this file lists the phrases")];

/// A word of a text and where it stands.
struct Word {
    line: usize,
    text: String,
    /// Whether only blanks are between this word and the one before.
    follows: bool,
}

/// Splits texts into words. A text that follows on the line before, of the same kind, continues it.
fn words(texts: &[Text]) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut before: Option<(usize, TextKind)> = None;
    for Text { line, kind, content } in texts {
        let text =
            if *kind == TextKind::Literal { without_values(content) } else { content.clone() };
        let continues = *kind != TextKind::Literal
            && *kind != TextKind::FunctionName
            && before.is_some_and(|(last, of)| of == *kind && last + 1 == *line);
        let mut follows = continues;
        for (part, line) in text.split('\n').zip(*line..) {
            for token in part.split_whitespace() {
                for piece in token.split_inclusive(|char: char| !is_letter(char)) {
                    let word = piece.trim_end_matches(|char: char| !is_letter(char));
                    if !word.is_empty() {
                        words.push(Word { line, text: word.to_lowercase(), follows });
                        follows = true;
                    }
                    // Something between two words parts them, but for marks of emphasis.
                    if piece.len() > word.len() && !piece.ends_with(['*', '`']) {
                        follows = false;
                    }
                }
            }
        }
        before = Some((*line, *kind));
    }
    words
}

/// A literal without what a format puts in, as `{name:?}`.
fn without_values(literal: &str) -> String {
    let mut plain = String::with_capacity(literal.len());
    for (part, nth) in literal.split('{').zip(0..) {
        match part.split_once('}') {
            Some((value, rest)) if nth > 0 && !value.contains([' ', '\n', '"']) => {
                plain.push('|');
                plain.push_str(rest);
            }
            _ => plain.push_str(part),
        }
    }
    plain
}

fn is_letter(char: char) -> bool {
    char.is_alphanumeric() || char == '\'' || char == '-'
}

/// The lines of a file that have a phrase, and the phrase.
fn hits(texts: &[Text]) -> Vec<(usize, &'static str)> {
    let words = words(texts);
    let starts_with = |words: &[Word], phrase: &str| {
        let mut words = words.iter();
        phrase.split(' ').enumerate().all(|(nth, part)| {
            words.next().is_some_and(|word| word.text == part && (nth == 0 || word.follows))
        })
    };
    // Most words begin no phrase.
    let first: HashSet<_> = FORBIDDEN.iter().filter_map(|(all, _)| all.split(' ').next()).collect();
    let mut hits = Vec::new();
    for (at, word) in words.iter().enumerate().filter(|(_, word)| first.contains(&*word.text)) {
        let rest = &words[at..];
        for (phrase, _) in FORBIDDEN {
            let plain = |(of, plain): &(&str, &str)| {
                let before =
                    plain.find(phrase).map(|end| plain[..end].split_terminator(' ').count());
                let from = before.and_then(|before| at.checked_sub(before));
                *of == phrase && from.is_some_and(|from| starts_with(&words[from..], plain))
            };
            if starts_with(rest, phrase) && !PLAIN.iter().any(plain) {
                hits.push((word.line, phrase));
            }
        }
    }
    hits
}

/// The texts of a file that is not Rust: its lines.
fn lines(text: &str) -> Vec<Text> {
    let line = |(text, line): (&str, usize)| {
        let text = text.trim().trim_start_matches(['#', '/', '>', '-']).trim_start();
        Text { line, kind: TextKind::Comment, content: text.to_owned() }
    };
    text.lines().zip(1..).map(line).collect()
}

#[test]
fn no_text_has_a_forbidden_phrase() {
    let mut found = String::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for path in files::all() {
        let source = fs::read_to_string(&path).unwrap();
        let is_rust = path.extension().is_some_and(|ending| ending == "rs");
        let mut texts = if is_rust { texts(&source, Items::All) } else { lines(&source) };
        let path = path.display().to_string();
        if path.starts_with("src/") {
            texts.retain(|text| text.kind != TextKind::FunctionName || text.content.contains(' '));
        }
        let source: Vec<_> = source.lines().collect();
        for (line, phrase) in hits(&texts) {
            let text = source[line - 1].trim();
            let allowed =
                |(file, part, _): &(&str, &str, &str)| *file == path && text.contains(part);
            if !ALLOWED.iter().any(allowed) {
                let _ = writeln!(found, "{path}:{line}: {phrase:?}: {text}");
                *counts.entry(path.clone()).or_default() += 1;
            }
        }
    }
    let total: usize = counts.values().sum();
    for (path, count) in &counts {
        println!("{count:5} {path}");
    }
    for (phrase, instead) in FORBIDDEN {
        if found.contains(&format!("{phrase:?}")) {
            let _ = writeln!(found, "  {phrase:?}: write {instead}");
        }
    }
    assert!(total == 0, "{total} forbidden phrases:\n{found}");
}

#[test]
fn phrases_are_whole_words_in_any_case_and_across_lines() {
    let found = |source: &str| {
        hits(&texts(source, Items::All))
            .iter()
            .map(|(line, phrase)| (*line, *phrase))
            .collect::<Vec<_>>()
    };
    assert_eq!(found("/// It is\n/// To be done.\nfn f() {}"), [(1, "is to be")]);
    assert_eq!(found("// Somebody\nfn is_no_match() {}"), [(1, "somebody"), (2, "is no")]);
    assert_eq!(found("fn f() { \"A told B\" }"), [(1, "told")]);
    assert_eq!(found("// If there is no response, it is no answer.\n"), [(1, "is no")]);
    assert_eq!(found("fn f() { \"{told} {persons:?} told\" }"), [(1, "told")]);
    assert_eq!(
        found("// It is no longer open. It is. No one, untold.\nfn f() { told(is_no) }"),
        []
    );
}
