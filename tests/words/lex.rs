//! The texts of a Rust file: string literals, doc comments and comments, each with its line.
//!
//! `proc-macro2` splits a file into tokens. Comments are not tokens, so they are what stands between tokens.

use std::ops::Range;
use std::str::FromStr;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// A text of a file.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub(crate) line: usize,
    pub(crate) kind: TextKind,
    pub(crate) content: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextKind {
    /// A string literal, within an attribute or not.
    Literal,
    /// A doc comment, one line of it.
    Doc,
    /// A comment that is not a doc comment, one line of it.
    Comment,
    /// The name of a function in a test file, with spaces for underscores.
    FunctionName,
}

/// Whether items under `#[cfg(test)]` are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Items {
    All,
    WithoutTests,
}

/// Reads all texts of a Rust file, in the order of the file.
pub(crate) fn texts(source: &str, items: Items) -> Vec<Text> {
    let tokens = TokenStream::from_str(source).unwrap();
    let mut lexer = Lexer { source, items, texts: Vec::new(), covered: Vec::new() };
    lexer.walk(tokens);
    if items == Items::All {
        lexer.comments();
    }
    lexer.texts.sort_by_key(|text| text.line);
    // Places of all files add up, and each look-up searches them.
    proc_macro2::extra::invalidate_current_thread_spans();
    lexer.texts
}

struct Lexer<'s> {
    source: &'s str,
    items: Items,
    texts: Vec<Text>,
    /// The bytes that are tokens.
    covered: Vec<Range<usize>>,
}

impl Lexer<'_> {
    fn walk(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter().peekable();
        let mut previous = String::new();
        while let Some(token) = tokens.next() {
            if let TokenTree::Punct(punct) = &token
                && punct.as_char() == '#'
            {
                let range = punct.span().byte_range();
                // `#![…]` has an exclamation mark between.
                let inner = tokens.next_if(|next| matches!(next, TokenTree::Punct(_)));
                if let Some(TokenTree::Group(group)) =
                    tokens.next_if(|next| matches!(next, TokenTree::Group(_)))
                {
                    self.covered.push(range);
                    let skipped = inner.is_none() && is_cfg_test(&group);
                    if skipped && self.items == Items::WithoutTests {
                        skip_item(&mut tokens);
                        continue;
                    }
                    self.attribute(&group);
                }
                continue;
            }
            match token {
                TokenTree::Group(group) => self.group(&group),
                TokenTree::Literal(literal) => {
                    let span = literal.span();
                    self.covered.push(span.byte_range());
                    if let Some(text) = string_of(&literal.to_string()) {
                        let line = span.start().line;
                        self.texts.push(Text { line, kind: TextKind::Literal, content: text });
                    }
                }
                TokenTree::Ident(ident) => {
                    self.covered.push(ident.span().byte_range());
                    let name = ident.to_string();
                    if previous == "fn" {
                        let (line, text) = (ident.span().start().line, name.replace('_', " "));
                        self.texts.push(Text { line, kind: TextKind::FunctionName, content: text });
                    }
                    previous = name;
                    continue;
                }
                TokenTree::Punct(punct) => self.covered.push(punct.span().byte_range()),
            }
            previous.clear();
        }
    }

    fn group(&mut self, group: &Group) {
        if group.delimiter() != Delimiter::None {
            self.covered.push(group.span_open().byte_range());
            self.covered.push(group.span_close().byte_range());
        }
        self.walk(group.stream());
    }

    /// An attribute. `#[doc = "…"]` is a doc comment or is written so; both are read as doc.
    fn attribute(&mut self, group: &Group) {
        let mut tokens = group.stream().into_iter();
        let is_doc = matches!(tokens.next(), Some(TokenTree::Ident(name)) if name == "doc");
        let equals =
            matches!(tokens.next(), Some(TokenTree::Punct(punct)) if punct.as_char() == '=');
        match tokens.next() {
            Some(TokenTree::Literal(literal)) if is_doc && equals => {
                let span = group.span();
                self.covered.push(span.byte_range());
                let text = string_of(&literal.to_string()).unwrap_or_default();
                for (text, line) in text.lines().zip(span.start().line..) {
                    let text = text.to_owned();
                    self.texts.push(Text { line, kind: TextKind::Doc, content: text });
                }
            }
            _ => self.group(group),
        }
    }

    /// Reads what stands between tokens.
    fn comments(&mut self) {
        self.covered.sort_by_key(|range| range.start);
        let mut end = 0;
        let mut gaps = Vec::new();
        for range in &self.covered {
            if range.start > end {
                gaps.push(end..range.start);
            }
            end = end.max(range.end);
        }
        gaps.push(end..self.source.len());
        let (mut line, mut at) = (1, 0);
        for gap in gaps {
            line += newlines(self.source, at..gap.start);
            at = gap.start;
            for (text, line) in self.source.get(gap).unwrap_or_default().lines().zip(line..) {
                let text = text.trim().trim_start_matches(['/', '*']).trim();
                if !text.is_empty() {
                    let text = text.to_owned();
                    self.texts.push(Text { line, kind: TextKind::Comment, content: text });
                }
            }
        }
    }
}

fn newlines(source: &str, range: Range<usize>) -> usize {
    source.get(range).unwrap_or_default().bytes().filter(|byte| *byte == b'\n').count()
}

fn is_cfg_test(group: &Group) -> bool {
    group.stream().to_string().replace(' ', "") == "cfg(test)"
}

/// Skips the item that follows an attribute: up to its block or its semicolon.
fn skip_item(tokens: &mut impl Iterator<Item = TokenTree>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return,
            TokenTree::Punct(punct) if punct.as_char() == ';' => return,
            _ => {}
        }
    }
}

/// The text of a literal of a string; `None` for other literals.
fn string_of(literal: &str) -> Option<String> {
    let literal = literal.trim_start_matches(['b', 'c']);
    if let Some(raw) = literal.strip_prefix('r') {
        let raw = raw.trim_matches('#');
        return Some(raw.strip_prefix('"')?.strip_suffix('"')?.to_owned());
    }
    let text = literal.strip_prefix('"')?.strip_suffix('"')?;
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match (char, (char == '\\').then(|| chars.next()).flatten()) {
            ('\\', Some('n')) => plain.push('\n'),
            ('\\', Some('t')) => plain.push('\t'),
            // A line that goes on in the next one.
            ('\\', Some('\n')) => while chars.next_if(|char| char.is_whitespace()).is_some() {},
            ('\\', Some(quoted @ ('"' | '\\' | '\''))) => plain.push(quoted),
            ('\\', Some(other)) => plain.extend(['\\', other]),
            (char, _) => plain.push(char),
        }
    }
    Some(plain)
}

#[test]
fn texts_are_found_with_their_lines() {
    let source = r#"//! Top.
#[error("not {0}")] // why
/// Doc.
fn a_name() { let x = "one \
    two"; f(r"raw \\x", 'c', 3); }
#[cfg(test)]
mod tests { fn hidden() { "in a test"; } }
// end
"#;
    let read = |items| {
        texts(source, items)
            .iter()
            .map(|text| (text.line, text.content.clone()))
            .collect::<Vec<_>>()
    };
    let without: Vec<_> = [
        (1, " Top."),
        (2, "not {0}"),
        (3, " Doc."),
        (4, "a name"),
        (4, "one two"),
        (5, "raw \\\\x"),
    ]
    .map(|(line, text)| (line, text.to_owned()))
    .into();
    assert_eq!(read(Items::WithoutTests), without);
    let all = read(Items::All);
    for found in [(2, "why"), (7, "in a test"), (7, "hidden"), (8, "end")] {
        assert!(all.contains(&(found.0, found.1.to_owned())), "{found:?} in {all:?}");
    }
}
