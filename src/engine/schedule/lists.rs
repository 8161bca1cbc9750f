//! Numbered entries in numbered lists.
//!
//! The lists are linked through one table of entries, so nothing is allocated to put an entry into a list, and it
//! is taken out of the middle without a search.

use crate::values::Moment;

/// No entry, or no list.
const NONE: u32 = u32::MAX;

/// An entry: what it waits for, and where it lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// Its moment.
    pub(super) at: Moment,
    /// The queue that it goes to then.
    pub(super) queue: u32,
    list: u32,
    before: u32,
    after: u32,
}

impl Entry {
    const FREE: Self =
        Self { at: Moment::from_millis(0), queue: NONE, list: NONE, before: NONE, after: NONE };

    /// The list that it is in.
    pub(super) const fn list(&self) -> u32 {
        self.list
    }
}

/// The ends of a list, and how many entries it has.
#[derive(Clone, Copy, Debug)]
struct Ends {
    first: u32,
    last: u32,
    len: u32,
}

impl Ends {
    const EMPTY: Self = Self { first: NONE, last: NONE, len: 0 };
}

/// Entries, each in one list at most.
#[derive(Debug)]
pub(super) struct Lists {
    entries: Vec<Entry>,
    ends: Vec<Ends>,
    /// What any number beyond the tables stands for. None leads here that anything is read from; that it does no harm
    /// to write here is what makes a panic impossible.
    nowhere: (Entry, Ends),
}

impl Lists {
    /// So many empty lists; more come as they are pushed to.
    pub(super) fn new(lists: u32) -> Self {
        Self {
            entries: Vec::new(),
            ends: vec![Ends::EMPTY; lists as usize],
            nowhere: (Entry::FREE, Ends::EMPTY),
        }
    }

    /// The number of lists.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.ends.len()).unwrap_or(NONE)
    }

    /// The number of entries in a list.
    pub(super) fn len(&self, list: u32) -> u32 {
        self.ends.get(list as usize).map_or(0, |ends| ends.len)
    }

    /// An entry that is in a list.
    pub(super) fn find(&self, id: u32) -> Option<Entry> {
        self.entries.get(id as usize).copied().filter(|entry| entry.list != NONE)
    }

    /// Says what an entry, which is in no list, waits for.
    pub(super) fn describe(&mut self, id: u32, at: Moment, queue: u32) {
        if id as usize >= self.entries.len() {
            self.entries.resize(id as usize + 1, Entry::FREE);
        }
        *self.entry(id) = Entry { at, queue, ..Entry::FREE };
    }

    /// Puts an entry, which is in no list, at the end of one.
    pub(super) fn push(&mut self, number: u32, id: u32) {
        if number as usize >= self.ends.len() {
            self.ends.resize(number as usize + 1, Ends::EMPTY);
        }
        let list = self.list(number);
        let before = std::mem::replace(&mut list.last, id);
        list.len += 1;
        if before == NONE {
            list.first = id;
        } else {
            self.entry(before).after = id;
        }
        let entry = self.entry(id);
        (entry.list, entry.before, entry.after) = (number, before, NONE);
    }

    /// Takes an entry out of the list that it is in.
    pub(super) fn remove(&mut self, id: u32) {
        let entry = self.entry(id);
        let Entry { list: number, before, after, .. } = *entry;
        if number == NONE {
            return;
        }
        entry.list = NONE;
        self.entry(before).after = after;
        self.entry(after).before = before;
        let list = self.list(number);
        list.len -= 1;
        if before == NONE {
            list.first = after;
        }
        if after == NONE {
            list.last = before;
        }
    }

    /// Takes the first entry out of a list.
    pub(super) fn pop(&mut self, list: u32) -> Option<(u32, Entry)> {
        let first = self.ends.get(list as usize)?.first;
        let entry = *self.entries.get(first as usize)?;
        self.remove(first);
        Some((first, entry))
    }

    /// An entry that is there.
    fn entry(&mut self, id: u32) -> &mut Entry {
        self.entries.get_mut(id as usize).unwrap_or(&mut self.nowhere.0)
    }

    fn list(&mut self, number: u32) -> &mut Ends {
        self.ends.get_mut(number as usize).unwrap_or(&mut self.nowhere.1)
    }
}
