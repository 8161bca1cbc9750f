//! The live table: the transfers that are open, and the last that were closed.

mod index;

use std::collections::{BTreeSet, VecDeque};

pub(super) use index::Mixer;
use index::{Index, Place};

use super::event::{Begun, Key, Life, Stand};
use super::schedule::Slot;
use crate::mutation::{Mutant, broken};
use crate::transfer::Trace;
use crate::values::TransferId;

/// A transfer in the table.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: TransferId,
    pub(super) life: Life,
    /// What it began under, where that is known.
    pub(super) begun: Option<Begun>,
    /// The numbers of its request and of its reversal, under which answers may come.
    pub(super) traces: [Option<Trace>; 2],
    /// Whether it is closed and only remembered.
    pub(super) closed: bool,
    /// The batch that it began in: until that is durable it may have to be taken back.
    pub(super) batch: u64,
}

impl Entry {
    pub(super) const fn new(id: TransferId, life: Life, begun: Option<Begun>) -> Self {
        Self { id, life, begun, traces: [None, None], closed: false, batch: 0 }
    }

    pub(super) fn stand(&self) -> Stand {
        let [trace, _] = self.traces;
        Stand { life: self.life.clone(), trace }
    }
}

/// The transfers by slot, and the ways to find them.
#[derive(Debug, Default)]
pub(super) struct Live {
    entries: Vec<Option<Entry>>,
    free: Vec<u32>,
    by_id: Index,
    by_key: Index,
    by_trace: Index,
    /// Closed transfers, the oldest first.
    remembered: VecDeque<Closed>,
    lookups: Lookups,
    open: usize,
    /// Those that wait for two persons.
    exceptions: BTreeSet<u32>,
}

/// A closed transfer, and what must be over before it may be forgotten.
#[derive(Clone, Copy, Debug)]
struct Closed {
    slot: u32,
    /// The batch that holds its last fact: until that is durable the transfer may have to be taken back.
    batch: u64,
    /// How many look-ups had begun: one of them may have read what the transfer was before its last fact. As long as
    /// it is here, what such a look-up says of it is known to be old.
    lookups: u64,
}

/// Look-ups in the journal, numbered as they begin.
#[derive(Debug, Default)]
struct Lookups {
    begun: u64,
    under_way: BTreeSet<u64>,
}

impl Lookups {
    fn begin(&mut self) -> u64 {
        self.under_way.insert(self.begun);
        self.begun += 1;
        self.begun - 1
    }

    /// The oldest that is under way; if none is, the next.
    fn oldest(&self) -> u64 {
        self.under_way.first().copied().unwrap_or(self.begun)
    }
}

/// Which id, key or trace lies at a place of an index.
fn id_at(entries: &[Option<Entry>]) -> impl Fn(Place) -> Option<u128> {
    |place| Some(entry_at(entries, place)?.id.0)
}

fn key_at(entries: &[Option<Entry>]) -> impl Fn(Place) -> Option<u128> {
    |place| entry_at(entries, place)?.begun.as_ref()?.keys().nth(place.nth()).map(|key| key.0)
}

fn trace_at(entries: &[Option<Entry>]) -> impl Fn(Place) -> Option<u128> {
    |place| entry_at(entries, place)?.traces.get(place.nth())?.map(trace_key)
}

fn entry_at(entries: &[Option<Entry>], place: Place) -> Option<&Entry> {
    entries.get(place.slot() as usize)?.as_ref()
}

/// STAN and transmission second tell messages of ours apart; the STAN alone wraps.
pub(super) fn trace_key(trace: Trace) -> u128 {
    if broken(Mutant::MatchByStanAlone) {
        return u128::from(trace.stan.number());
    }
    u128::from(trace.at.seconds()) << 32 | u128::from(trace.stan.number())
}

impl Live {
    /// How many transfers are open.
    pub(super) const fn open(&self) -> usize {
        self.open
    }

    pub(super) fn insert(&mut self, entry: Entry) -> Slot {
        let (id, begun) = (entry.id, entry.begun);
        let slot = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX)
        });
        if let Some(place) = self.entries.get_mut(slot as usize) {
            *place = Some(entry);
        }
        self.by_id.insert(id.0, Place::new(slot, 0), id_at(&self.entries));
        for (nth, key) in begun.iter().flat_map(Begun::keys).enumerate() {
            self.by_key.insert(key.0, Place::new(slot, nth), key_at(&self.entries));
        }
        self.open += 1;
        Slot(slot)
    }

    pub(super) fn get(&self, slot: Slot) -> Option<&Entry> {
        self.entries.get(slot.0 as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, slot: Slot) -> Option<&mut Entry> {
        self.entries.get_mut(slot.0 as usize)?.as_mut()
    }

    pub(super) fn by_id(&self, id: TransferId) -> Option<Slot> {
        self.by_id.find(id.0, id_at(&self.entries)).map(Slot)
    }

    pub(super) fn by_key(&self, key: Key) -> Option<Slot> {
        self.by_key.find(key.0, key_at(&self.entries)).map(Slot)
    }

    pub(super) fn by_trace(&self, trace: Trace) -> Option<Slot> {
        self.by_trace.find(trace_key(trace), trace_at(&self.entries)).map(Slot)
    }

    /// Lets answers to messages under these numbers be found.
    pub(super) fn index_trace(&mut self, trace: Trace, slot: Slot) {
        let Some(entry) = self.get_mut(slot) else { return };
        let mut traces = entry.traces.iter_mut().enumerate();
        let Some((nth, free)) = traces.find(|(_, kept)| kept.is_none()) else { return };
        *free = Some(trace);
        self.by_trace.insert(trace_key(trace), Place::new(slot.0, nth), trace_at(&self.entries));
    }

    /// Every slot that is taken, in order.
    pub(super) fn slots(&self) -> impl Iterator<Item = Slot> {
        let taken = self.entries.iter().zip(0..).filter(|(entry, _)| entry.is_some());
        taken.map(|(_, slot)| Slot(slot))
    }

    /// Marks a transfer as closed whose last fact is in a batch.
    pub(super) fn close(&mut self, slot: Slot, batch: u64) {
        let lookups = self.lookups.begun;
        let Some(entry) = self.get_mut(slot) else { return };
        if !std::mem::replace(&mut entry.closed, true) {
            self.open -= 1;
            self.remembered.push_back(Closed { slot: slot.0, batch, lookups });
        }
    }

    /// Forgets the oldest closed transfers beyond `remember`, of those that may be forgotten when batches up to one are
    /// durable.
    pub(super) fn trim(&mut self, remember: usize, durable: u64) {
        let oldest = self.lookups.oldest();
        let may_go = |closed: &mut Closed| {
            closed.batch <= durable && closed.lookups <= oldest || broken(Mutant::ForgetEarly)
        };
        while self.remembered.len() > remember
            && let Some(closed) = self.remembered.pop_front_if(may_go)
        {
            self.forget(Slot(closed.slot));
        }
    }

    /// Transfers that wait for two persons.
    pub(super) fn exceptions(&self) -> impl ExactSizeIterator<Item = TransferId> {
        let id = |slot: &u32| self.get(Slot(*slot)).map_or(TransferId(0), |entry| entry.id);
        self.exceptions.iter().map(id)
    }

    /// Notes whether a transfer waits for two persons, after a step of it.
    pub(super) fn note_exception(&mut self, slot: Slot) {
        if self.get(slot).is_some_and(|entry| entry.life.is_exception()) {
            self.exceptions.insert(slot.0);
        } else if !self.exceptions.is_empty() {
            self.exceptions.remove(&slot.0);
        }
    }

    /// How many look-ups are under way.
    pub(super) fn lookups(&self) -> usize {
        self.lookups.under_way.len()
    }

    /// Begins a look-up in the journal; gives its number.
    pub(super) fn begin_lookup(&mut self) -> u64 {
        self.lookups.begin()
    }

    /// Ends a look-up: what was found has been taken in.
    pub(super) fn end_lookup(&mut self, number: u64) {
        self.lookups.under_way.remove(&number);
    }

    /// Opens a closed transfer again, because something of it is to be done after all.
    pub(super) fn reopen(&mut self, slot: Slot) {
        let Some(entry) = self.get_mut(slot) else { return };
        if std::mem::replace(&mut entry.closed, false) {
            self.open += 1;
            self.remembered.retain(|closed| closed.slot != slot.0);
        }
    }

    /// Takes a transfer out of the table.
    pub(super) fn forget(&mut self, slot: Slot) -> Option<Entry> {
        let entry = self.entries.get_mut(slot.0 as usize)?.take()?;
        self.free.push(slot.0);
        self.exceptions.remove(&slot.0);
        self.open -= usize::from(!entry.closed);
        self.by_id.remove(entry.id.0, Place::new(slot.0, 0));
        for (nth, key) in entry.begun.iter().flat_map(Begun::keys).enumerate() {
            self.by_key.remove(key.0, Place::new(slot.0, nth));
        }
        for (nth, trace) in entry.traces.into_iter().flatten().enumerate() {
            self.by_trace.remove(trace_key(trace), Place::new(slot.0, nth));
        }
        Some(entry)
    }
}
