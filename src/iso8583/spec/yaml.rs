//! A YAML document as a tree that knows the line of everything in it.

use std::collections::HashMap;
use std::rc::Rc;

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::faults::{FILE, Fault};

/// A node, and the line where it begins.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) kind: Kind,
    /// Containers on the longest way down from here, this one counted.
    height: usize,
}

#[derive(Debug)]
pub(super) enum Kind {
    Scalar(Scalar),
    List(Vec<Place>),
    Map(Vec<Entry>),
}

#[derive(Debug)]
pub(super) struct Scalar {
    pub(super) text: String,
    /// Whether it is text to every reader; what stands without quotes, many take for a number where it can be.
    pub(super) quoted: bool,
}

/// Where a node stands: in a list, or behind a key. An alias stands on its own line, and the node is that of its
/// anchor, shared.
#[derive(Debug)]
pub(super) struct Place {
    /// The line of the item, or of the key.
    pub(super) line: usize,
    pub(super) node: Rc<Node>,
}

/// A key of a map and what stands behind it. A key may stand twice.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) value: Place,
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

/// Containers nested deeper than this are refused, through aliases too.
const DEPTH_MAX: usize = 64;

/// A container that is not yet closed.
struct Open {
    anchor: usize,
    node: Node,
    key: Option<(usize, String)>,
}

/// Reads the one document of a text. Control characters are left out of it; each line that has some is told.
pub(super) fn parse(text: &str) -> Result<(Place, Vec<Fault>), Fault> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let line = error.marker().line();
            fault(line, format!("not valid YAML: {}", error.info().escape_debug()))
        })?;
        builder.take(event, span.start.line())?;
    }
    let root = builder.root.ok_or_else(|| fault(1, "the file is empty".to_owned()))?;
    Ok((root, builder.faults))
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Rc<Node>>,
    root: Option<Place>,
    faults: Vec<Fault>,
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
                    fault(line, "an alias to an anchor that isn't complete".to_owned())
                })?;
                self.place(Place { line, node })
            }
            Event::Scalar(text, style, anchor, _tag) => {
                let text = self.without_controls(line, &text);
                let scalar = Scalar { text, quoted: style != ScalarStyle::Plain };
                self.close(anchor, Node { line, kind: Kind::Scalar(scalar), height: 0 })
            }
            Event::SequenceStart(anchor, _tag) => self.enter(anchor, line, Kind::List(Vec::new())),
            Event::MappingStart(anchor, _tag) => self.enter(anchor, line, Kind::Map(Vec::new())),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(open) => self.close(open.anchor, open.node),
                None => Ok(()),
            },
        }
    }

    /// What a spec says is shown on terminals, which must not be controlled by it.
    fn without_controls(&mut self, line: usize, text: &str) -> String {
        let kept: String = text.chars().filter(|character| !character.is_control()).collect();
        if kept.len() != text.len() {
            self.faults.push(fault(line, "a control character or line end in a text".to_owned()));
        }
        kept
    }

    fn enter(&mut self, anchor: usize, line: usize, kind: Kind) -> Result<(), Fault> {
        self.check_depth(line, 1)?;
        self.open.push(Open { anchor, node: Node { line, kind, height: 1 }, key: None });
        Ok(())
    }

    /// Whether a node of this height may stand in the open containers.
    fn check_depth(&self, line: usize, height: usize) -> Result<(), Fault> {
        let deep = self.open.len() + height > DEPTH_MAX;
        if deep { Err(fault(line, format!("nested deeper than {DEPTH_MAX}"))) } else { Ok(()) }
    }

    fn close(&mut self, anchor: usize, node: Node) -> Result<(), Fault> {
        let (line, node) = (node.line, Rc::new(node));
        if anchor != 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        self.place(Place { line, node })
    }

    /// Puts a complete node where it belongs: into the innermost open container, as a key or a value.
    fn place(&mut self, place: Place) -> Result<(), Fault> {
        let Place { line, node } = place;
        self.check_depth(line, node.height)?;
        let Some(open) = self.open.last_mut() else {
            if self.root.is_some() {
                return Err(fault(line, "a second document in the file".to_owned()));
            }
            self.root = Some(Place { line, node });
            return Ok(());
        };
        open.node.height = open.node.height.max(node.height + 1);
        match (&mut open.node.kind, open.key.take()) {
            (Kind::List(items), _) => items.push(Place { line, node }),
            (Kind::Map(entries), Some((line, key))) => {
                entries.push(Entry { key, value: Place { line, node } });
            }
            (Kind::Map(_), None) => open.key = Some((line, key_of(line, &node)?)),
            (Kind::Scalar(_), _) => {}
        }
        Ok(())
    }
}

fn key_of(line: usize, node: &Node) -> Result<String, Fault> {
    match &node.kind {
        Kind::Scalar(scalar) => Ok(scalar.text.clone()),
        Kind::List(_) | Kind::Map(_) => Err(fault(line, format!("a key is {}", node.kind.name()))),
    }
}

fn fault(line: usize, reason: String) -> Fault {
    Fault { line, key: FILE.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(text: &str) -> Place {
        parse(text).unwrap().0
    }

    fn entries(place: &Place) -> &[Entry] {
        let Kind::Map(entries) = &place.node.kind else { panic!("{place:?}") };
        entries
    }

    fn items(place: &Place) -> &[Place] {
        let Kind::List(items) = &place.node.kind else { panic!("{place:?}") };
        items
    }

    #[test]
    fn nodes_know_their_lines_and_aliases_share_their_anchor() {
        let root = root("a: &x\n  - one\n  - 'two'\nb:\n  - *x\n");
        let [a, b] = entries(&root) else { panic!("{root:?}") };
        assert_eq!((a.value.line, b.value.line), (1, 4));
        let alias = &items(&b.value)[0];
        assert_eq!((alias.line, alias.node.line), (5, 1));
        assert!(Rc::ptr_eq(&a.value.node, &alias.node));
        let Kind::Scalar(two) = &items(&a.value)[1].node.kind else { panic!("{root:?}") };
        assert_eq!((two.text.as_str(), two.quoted), ("two", true));
    }

    #[test]
    fn what_cannot_be_a_spec_is_refused_with_its_line() {
        let deep = "[".repeat(100) + &"]".repeat(100);
        for (text, line) in [("", 1), ("a: [1, 2\n", 2), ("[a]: 1\n", 1), (deep.as_str(), 1)] {
            assert_eq!(parse(text).unwrap_err().line, line, "{text:?}");
        }
        assert!(parse("a: 1\n---\nb: 2\n").is_err(), "two documents");
    }

    #[test]
    fn control_characters_are_told_and_left_out() {
        let (root, faults) = parse("a: b\n\"c\\e[2J\": \"d\\u0085\"\n").unwrap();
        assert_eq!(entries(&root)[1].key, "c[2J");
        assert_eq!(faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [2, 2]);
    }
}
