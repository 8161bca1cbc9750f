//! Numbered nodes in numbered, doubly linked lists.
//!
//! The lists are linked through one table of nodes. So no allocation is needed to put a node into a list, and no search to remove
//! it from the middle.

use crate::values::Moment;

/// No node, or no list.
const NONE: u32 = u32::MAX;

/// A node: what it waits for, and its place in a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    /// The moment that it waits for.
    pub(super) at: Moment,
    /// The queue that it goes to at that moment.
    pub(super) queue: u32,
    list: u32,
    previous: u32,
    next: u32,
}

impl Node {
    const FREE: Self =
        Self { at: Moment::from_millis(0), queue: NONE, list: NONE, previous: NONE, next: NONE };

    /// Returns the list that it is in.
    pub(super) const fn list(&self) -> u32 {
        self.list
    }
}

/// The ends of a list, and its length.
#[derive(Clone, Copy, Debug)]
struct Ends {
    first: u32,
    last: u32,
    len: u32,
}

impl Ends {
    const EMPTY: Self = Self { first: NONE, last: NONE, len: 0 };
}

/// Nodes, each in at most one list.
#[derive(Debug)]
pub(super) struct Lists {
    nodes: Vec<Node>,
    ends: Vec<Ends>,
    /// Takes the writes to any number beyond the tables. Its content is never used. It exists so that no index can panic.
    out_of_range: (Node, Ends),
}

impl Lists {
    /// Creates this many empty lists. A push to a higher number adds more.
    pub(super) fn new(lists: u32) -> Self {
        Self {
            nodes: Vec::new(),
            ends: vec![Ends::EMPTY; lists as usize],
            out_of_range: (Node::FREE, Ends::EMPTY),
        }
    }

    /// Returns the number of lists.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.ends.len()).unwrap_or(NONE)
    }

    /// Returns the number of nodes in a list.
    pub(super) fn len(&self, list: u32) -> u32 {
        self.ends.get(list as usize).map_or(0, |ends| ends.len)
    }

    /// Returns a node, if it is in a list.
    pub(super) fn find(&self, id: u32) -> Option<Node> {
        self.nodes.get(id as usize).copied().filter(|node| node.list != NONE)
    }

    /// Sets what a node waits for. The node must not be in a list.
    pub(super) fn prepare(&mut self, id: u32, at: Moment, queue: u32) {
        if id as usize >= self.nodes.len() {
            self.nodes.resize(id as usize + 1, Node::FREE);
        }
        *self.node(id) = Node { at, queue, ..Node::FREE };
    }

    /// Appends a node to a list. The node must not be in a list.
    pub(super) fn push(&mut self, number: u32, id: u32) {
        if number as usize >= self.ends.len() {
            self.ends.resize(number as usize + 1, Ends::EMPTY);
        }
        let list = self.list(number);
        let previous = std::mem::replace(&mut list.last, id);
        list.len += 1;
        if previous == NONE {
            list.first = id;
        } else {
            self.node(previous).next = id;
        }
        let node = self.node(id);
        (node.list, node.previous, node.next) = (number, previous, NONE);
    }

    /// Removes a node from its list.
    pub(super) fn remove(&mut self, id: u32) {
        let node = self.node(id);
        let Node { list: number, previous, next, .. } = *node;
        if number == NONE {
            return;
        }
        node.list = NONE;
        self.node(previous).next = next;
        self.node(next).previous = previous;
        let list = self.list(number);
        list.len -= 1;
        if previous == NONE {
            list.first = next;
        }
        if next == NONE {
            list.last = previous;
        }
    }

    /// Removes the first node of a list.
    pub(super) fn pop(&mut self, list: u32) -> Option<(u32, Node)> {
        let first = self.ends.get(list as usize)?.first;
        let node = *self.nodes.get(first as usize)?;
        self.remove(first);
        Some((first, node))
    }

    /// Returns a node, or the one that takes writes out of range.
    fn node(&mut self, id: u32) -> &mut Node {
        self.nodes.get_mut(id as usize).unwrap_or(&mut self.out_of_range.0)
    }

    fn list(&mut self, number: u32) -> &mut Ends {
        self.ends.get_mut(number as usize).unwrap_or(&mut self.out_of_range.1)
    }
}
