//! A YAML document as a tree that knows the line of everything in it.

use std::collections::HashMap;
use std::rc::Rc;

use saphyr_parser::{Event, Parser};

use super::faults::Fault;

/// A node and the line where it begins. An alias is the node of its anchor, shared.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Scalar(String),
    List(Vec<Rc<Node>>),
    Map(Vec<Entry>),
}

/// A key of a map, its line, and its value.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) line: usize,
    pub(super) key: String,
    pub(super) value: Rc<Node>,
}

impl Kind {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Scalar(_) => "a single value",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

/// Containers nested deeper than this are refused.
const DEPTH_MAX: usize = 64;

/// A container that is not yet closed.
struct Open {
    anchor: usize,
    node: Node,
    key: Option<(usize, String)>,
}

/// Reads the one document of a text.
pub(super) fn parse(text: &str) -> Result<Rc<Node>, Fault> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let line = error.marker().line();
            fault(line, "", format!("not valid YAML: {}", error.info()))
        })?;
        builder.take(event, span.start.line())?;
    }
    builder.root.ok_or_else(|| fault(1, "", "the file is empty".to_owned()))
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Rc<Node>>,
    root: Option<Rc<Node>>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, line: usize) -> Result<(), Fault> {
        match event {
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
            Event::Alias(anchor) => {
                let known = self.anchors.get(&anchor).cloned();
                let node = known.ok_or_else(|| {
                    fault(line, "", "an alias to an anchor that isn't complete".to_owned())
                })?;
                self.place(node)
            }
            Event::Scalar(text, _style, anchor, _tag) => {
                self.close(anchor, Node { line, kind: Kind::Scalar(text.into_owned()) })
            }
            Event::SequenceStart(anchor, _tag) => self.enter(anchor, line, Kind::List(Vec::new())),
            Event::MappingStart(anchor, _tag) => self.enter(anchor, line, Kind::Map(Vec::new())),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(open) => self.close(open.anchor, open.node),
                None => Ok(()),
            },
        }
    }

    fn enter(&mut self, anchor: usize, line: usize, kind: Kind) -> Result<(), Fault> {
        if self.open.len() >= DEPTH_MAX {
            return Err(fault(line, "", format!("nested deeper than {DEPTH_MAX}")));
        }
        self.open.push(Open { anchor, node: Node { line, kind }, key: None });
        Ok(())
    }

    fn close(&mut self, anchor: usize, node: Node) -> Result<(), Fault> {
        let node = Rc::new(node);
        if anchor != 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        self.place(node)
    }

    /// Puts a complete node where it belongs: into the innermost open container, as a key or a value.
    fn place(&mut self, node: Rc<Node>) -> Result<(), Fault> {
        let Some(open) = self.open.last_mut() else {
            if self.root.is_some() {
                return Err(fault(node.line, "", "a second document in the file".to_owned()));
            }
            self.root = Some(node);
            return Ok(());
        };
        match (&mut open.node.kind, open.key.take()) {
            (Kind::List(items), _) => items.push(node),
            (Kind::Map(entries), Some((line, key))) => {
                if entries.iter().any(|entry| entry.key == key) {
                    return Err(fault(line, &key, "the key stands twice".to_owned()));
                }
                entries.push(Entry { line, key, value: node });
            }
            (Kind::Map(_), None) => open.key = Some((node.line, key_of(&node)?)),
            (Kind::Scalar(_), _) => {}
        }
        Ok(())
    }
}

fn key_of(node: &Node) -> Result<String, Fault> {
    match &node.kind {
        Kind::Scalar(text) => Ok(text.clone()),
        Kind::List(_) | Kind::Map(_) => {
            Err(fault(node.line, "", format!("a key is {}", node.kind.name())))
        }
    }
}

fn fault(line: usize, key: &str, reason: String) -> Fault {
    Fault { line, key: if key.is_empty() { "(file)".to_owned() } else { key.to_owned() }, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_know_their_lines_and_aliases_share_their_anchor() {
        let root = parse("a: &x\n  - one\n  - 'two'\nb: *x\n").unwrap();
        let Kind::Map(entries) = &root.kind else { panic!("{root:?}") };
        assert_eq!((entries[0].line, entries[1].line), (1, 4));
        assert!(Rc::ptr_eq(&entries[0].value, &entries[1].value));
        let Kind::List(items) = &entries[0].value.kind else { panic!("{root:?}") };
        assert!(matches!(&items[1].kind, Kind::Scalar(text) if text == "two"));
        assert_eq!(items[1].line, 3);
    }

    #[test]
    fn what_cannot_be_a_spec_is_refused_with_its_line() {
        let deep = "[".repeat(100) + &"]".repeat(100);
        for (text, line) in
            [("", 1), ("a: 1\na: 2\n", 2), ("a: [1, 2\n", 2), ("[a]: 1\n", 1), (deep.as_str(), 1)]
        {
            assert_eq!(parse(text).unwrap_err().line, line, "{text:?}");
        }
        assert!(parse("a: 1\n---\nb: 2\n").is_err(), "two documents");
    }
}
