//! The live table: the transfers that are open, and the last that were closed.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

use super::event::{Body, Key, Life};
use super::schedule::Slot;
use crate::mutation::{Mutant, broken};
use crate::transfer::Trace;
use crate::values::TransferId;

/// A transfer in the table.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: TransferId,
    pub(super) life: Life,
    /// The key of the request that it began with, where that is known.
    pub(super) claim: Option<(Key, Body)>,
    /// The numbers of its request and of its reversal, under which answers may come.
    pub(super) traces: [Option<Trace>; 2],
    /// Whether it is closed and only remembered.
    pub(super) closed: bool,
}

impl Entry {
    pub(super) const fn new(id: TransferId, life: Life, claim: Option<(Key, Body)>) -> Self {
        Self { id, life, claim, traces: [None, None], closed: false }
    }
}

/// The transfers by slot, and the ways to find them.
#[derive(Debug, Default)]
pub(super) struct Live {
    entries: Vec<Option<Entry>>,
    free: Vec<u32>,
    by_id: HashMap<u128, u32, Mixing>,
    by_key: HashMap<u128, u32, Mixing>,
    by_trace: HashMap<u128, u32, Mixing>,
    /// Closed transfers, the oldest first.
    remembered: VecDeque<u32>,
    open: usize,
}

type Mixing = BuildHasherDefault<Mixer>;

/// A hasher without a secret: ids and keys are ours or cryptographic hashes, so nobody can aim at it, and the
/// same run gives the same table.
#[derive(Default)]
pub(super) struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
    }

    fn write_u128(&mut self, number: u128) {
        let folded = u64::try_from(number >> 64).unwrap_or_default()
            ^ u64::try_from(number & u128::from(u64::MAX)).unwrap_or_default();
        let mixed = (folded ^ (folded >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = mixed ^ (mixed >> 29);
    }
}

/// STAN and transmission second tell messages of ours apart; the STAN alone wraps.
fn trace_key(trace: Trace) -> u128 {
    if broken(Mutant::MatchByStanAlone) {
        return u128::from(trace.stan.number());
    }
    u128::from(trace.at.millis() / 1000) << 32 | u128::from(trace.stan.number())
}

impl Live {
    /// How many transfers are open.
    pub(super) const fn open(&self) -> usize {
        self.open
    }

    pub(super) fn insert(&mut self, entry: Entry) -> Slot {
        let (id, claim) = (entry.id, entry.claim);
        let slot = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX)
        });
        self.put_back(Slot(slot), entry);
        self.by_id.insert(id.0, slot);
        if let Some((key, _)) = claim {
            self.by_key.insert(key.0, slot);
        }
        self.open += 1;
        Slot(slot)
    }

    pub(super) fn get(&self, slot: Slot) -> Option<&Entry> {
        self.entries.get(slot.0 as usize)?.as_ref()
    }

    /// Takes an entry out to be worked on; its slot and its indexes stay.
    pub(super) fn take(&mut self, slot: Slot) -> Option<Entry> {
        self.entries.get_mut(slot.0 as usize)?.take()
    }

    /// Puts an entry back that was taken.
    pub(super) fn put_back(&mut self, slot: Slot, entry: Entry) {
        if let Some(place) = self.entries.get_mut(slot.0 as usize) {
            *place = Some(entry);
        }
    }

    pub(super) fn get_mut(&mut self, slot: Slot) -> Option<&mut Entry> {
        self.entries.get_mut(slot.0 as usize)?.as_mut()
    }

    pub(super) fn by_id(&self, id: TransferId) -> Option<Slot> {
        self.by_id.get(&id.0).copied().map(Slot)
    }

    pub(super) fn by_key(&self, key: Key) -> Option<Slot> {
        self.by_key.get(&key.0).copied().map(Slot)
    }

    pub(super) fn by_trace(&self, trace: Trace) -> Option<Slot> {
        self.by_trace.get(&trace_key(trace)).copied().map(Slot)
    }

    /// Lets answers to messages under these numbers be found.
    pub(super) fn index_trace(&mut self, trace: Trace, slot: Slot) {
        self.by_trace.insert(trace_key(trace), slot.0);
        if let Some(entry) = self.get_mut(slot)
            && let Some(free) = entry.traces.iter_mut().find(|kept| kept.is_none())
        {
            *free = Some(trace);
        }
    }

    /// Every slot that is taken, in order.
    pub(super) fn slots(&self) -> impl Iterator<Item = Slot> {
        let taken = self.entries.iter().zip(0..).filter(|(entry, _)| entry.is_some());
        taken.map(|(_, slot)| Slot(slot))
    }

    /// Marks a transfer as closed, and forgets the oldest closed beyond `remember`.
    pub(super) fn close(&mut self, slot: Slot, remember: usize) {
        let Some(entry) = self.get_mut(slot) else { return };
        if std::mem::replace(&mut entry.closed, true) {
            return;
        }
        self.open -= 1;
        self.remembered.push_back(slot.0);
        while self.remembered.len() > remember {
            if let Some(oldest) = self.remembered.pop_front() {
                self.forget(Slot(oldest));
            }
        }
    }

    /// Opens a closed transfer again, because something of it is to be done after all.
    pub(super) fn reopen(&mut self, slot: Slot) {
        let Some(entry) = self.get_mut(slot) else { return };
        if std::mem::replace(&mut entry.closed, false) {
            self.open += 1;
            self.remembered.retain(|closed| *closed != slot.0);
        }
    }

    /// Takes a transfer out of the table.
    pub(super) fn forget(&mut self, slot: Slot) -> Option<Entry> {
        let entry = self.entries.get_mut(slot.0 as usize)?.take()?;
        self.free.push(slot.0);
        self.open -= usize::from(!entry.closed);
        self.by_id.remove(&entry.id.0);
        if let Some((key, _)) = entry.claim {
            self.by_key.remove(&key.0);
        }
        for trace in entry.traces.into_iter().flatten() {
            self.by_trace.remove(&trace_key(trace));
        }
        Some(entry)
    }
}
