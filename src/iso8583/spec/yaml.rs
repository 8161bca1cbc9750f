//! A YAML document as a tree in which every node has its line.

use std::collections::HashMap;
use std::rc::Rc;

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::faults::{FILE, SpecFault};

/// A node, and the line on which it begins.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) kind: NodeKind,
    /// The number of nested containers from here down, including this one.
    height: usize,
}

#[derive(Debug)]
pub(super) enum NodeKind {
    Scalar(Scalar),
    List(Vec<NodeRef>),
    Map(Vec<MapEntry>),
}

#[derive(Debug)]
pub(super) struct Scalar {
    pub(super) text: String,
    /// Whether it is in quotes. Other readers take a plain value for a number where possible.
    pub(super) quoted: bool,
}

/// A reference to a node from a list or from a key. An alias has its own line and shares the node of its
/// anchor.
#[derive(Debug)]
pub(super) struct NodeRef {
    /// The line of the item or of the key.
    pub(super) line: usize,
    pub(super) node: Rc<Node>,
}

/// A key of a map and its value. A key may occur twice.
#[derive(Debug)]
pub(super) struct MapEntry {
    pub(super) key: String,
    pub(super) value: NodeRef,
}

impl NodeKind {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Scalar(_) => "a single value",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

/// The maximum nesting of containers, including through aliases.
const DEPTH_MAX: usize = 64;

/// A container that is not yet closed.
struct OpenContainer {
    anchor: usize,
    node: Node,
    key: Option<(usize, String)>,
}

/// Reads the only document of a text. Control characters are removed, and each line that has some is a fault.
pub(super) fn parse(text: &str) -> Result<(NodeRef, Vec<SpecFault>), SpecFault> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let line = error.marker().line();
            fault(line, format!("not valid YAML: {}", error.info().escape_debug()))
        })?;
        builder.handle(event, span.start.line())?;
    }
    let root = builder.root.ok_or_else(|| fault(1, "the file is empty".to_owned()))?;
    Ok((root, builder.faults))
}

#[derive(Default)]
struct Builder {
    open: Vec<OpenContainer>,
    anchors: HashMap<usize, Rc<Node>>,
    root: Option<NodeRef>,
    faults: Vec<SpecFault>,
}

impl Builder {
    fn handle(&mut self, event: Event<'_>, line: usize) -> Result<(), SpecFault> {
        match event {
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
            Event::Alias(anchor) => {
                let known = self.anchors.get(&anchor).cloned();
                let node = known.ok_or_else(|| {
                    fault(line, "an alias refers to an anchor that is not complete".to_owned())
                })?;
                self.attach(NodeRef { line, node })
            }
            Event::Scalar(text, style, anchor, _tag) => {
                let text = self.strip_controls(line, &text);
                let scalar = Scalar { text, quoted: style != ScalarStyle::Plain };
                self.close(anchor, Node { line, kind: NodeKind::Scalar(scalar), height: 0 })
            }
            Event::SequenceStart(anchor, _tag) => {
                self.enter(anchor, line, NodeKind::List(Vec::new()))
            }
            Event::MappingStart(anchor, _tag) => {
                self.enter(anchor, line, NodeKind::Map(Vec::new()))
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(open) => self.close(open.anchor, open.node),
                None => Ok(()),
            },
        }
    }

    /// Texts of a spec are shown on terminals, so they must not contain control characters.
    fn strip_controls(&mut self, line: usize, text: &str) -> String {
        let kept: String = text.chars().filter(|character| !character.is_control()).collect();
        if kept.len() != text.len() {
            self.faults
                .push(fault(line, "the text has a control character or a line end".to_owned()));
        }
        kept
    }

    fn enter(&mut self, anchor: usize, line: usize, kind: NodeKind) -> Result<(), SpecFault> {
        self.check_depth(line, 1)?;
        self.open.push(OpenContainer { anchor, node: Node { line, kind, height: 1 }, key: None });
        Ok(())
    }

    /// Checks that a node of this height may be nested in the open containers.
    fn check_depth(&self, line: usize, height: usize) -> Result<(), SpecFault> {
        let deep = self.open.len() + height > DEPTH_MAX;
        if deep {
            Err(fault(line, format!("nested deeper than {DEPTH_MAX} levels")))
        } else {
            Ok(())
        }
    }

    fn close(&mut self, anchor: usize, node: Node) -> Result<(), SpecFault> {
        let (line, node) = (node.line, Rc::new(node));
        if anchor != 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        self.attach(NodeRef { line, node })
    }

    /// Adds a complete node to the innermost open container, as a key or a value.
    fn attach(&mut self, source: NodeRef) -> Result<(), SpecFault> {
        let NodeRef { line, node } = source;
        self.check_depth(line, node.height)?;
        let Some(open) = self.open.last_mut() else {
            if self.root.is_some() {
                return Err(fault(line, "the file has a second document".to_owned()));
            }
            self.root = Some(NodeRef { line, node });
            return Ok(());
        };
        open.node.height = open.node.height.max(node.height + 1);
        match (&mut open.node.kind, open.key.take()) {
            (NodeKind::List(items), _) => items.push(NodeRef { line, node }),
            (NodeKind::Map(entries), Some((line, key))) => {
                entries.push(MapEntry { key, value: NodeRef { line, node } });
            }
            (NodeKind::Map(_), None) => open.key = Some((line, key_of(line, &node)?)),
            (NodeKind::Scalar(_), _) => {}
        }
        Ok(())
    }
}

fn key_of(line: usize, node: &Node) -> Result<String, SpecFault> {
    match &node.kind {
        NodeKind::Scalar(scalar) => Ok(scalar.text.clone()),
        NodeKind::List(_) | NodeKind::Map(_) => {
            Err(fault(line, format!("a key must be a single value (got {})", node.kind.name())))
        }
    }
}

fn fault(line: usize, reason: String) -> SpecFault {
    SpecFault { line, key: FILE.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(text: &str) -> NodeRef {
        parse(text).unwrap().0
    }

    fn entries(source: &NodeRef) -> &[MapEntry] {
        let NodeKind::Map(entries) = &source.node.kind else { panic!("{source:?}") };
        entries
    }

    fn items(source: &NodeRef) -> &[NodeRef] {
        let NodeKind::List(items) = &source.node.kind else { panic!("{source:?}") };
        items
    }

    #[test]
    fn nodes_have_their_lines_and_aliases_share_their_anchor() {
        let root = root("a: &x\n  - one\n  - 'two'\nb:\n  - *x\n");
        let [a, b] = entries(&root) else { panic!("{root:?}") };
        assert_eq!((a.value.line, b.value.line), (1, 4));
        let alias = &items(&b.value)[0];
        assert_eq!((alias.line, alias.node.line), (5, 1));
        assert!(Rc::ptr_eq(&a.value.node, &alias.node));
        let NodeKind::Scalar(two) = &items(&a.value)[1].node.kind else { panic!("{root:?}") };
        assert_eq!((two.text.as_str(), two.quoted), ("two", true));
    }

    #[test]
    fn an_unreadable_document_is_rejected_with_its_line() {
        let deep = "[".repeat(100) + &"]".repeat(100);
        for (text, line) in [("", 1), ("a: [1, 2\n", 2), ("[a]: 1\n", 1), (deep.as_str(), 1)] {
            assert_eq!(parse(text).unwrap_err().line, line, "{text:?}");
        }
        assert!(parse("a: 1\n---\nb: 2\n").is_err(), "two documents");
    }

    #[test]
    fn control_characters_are_reported_and_removed() {
        let (root, faults) = parse("a: b\n\"c\\e[2J\": \"d\\u0085\"\n").unwrap();
        assert_eq!(entries(&root)[1].key, "c[2J");
        assert_eq!(faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [2, 2]);
    }
}
