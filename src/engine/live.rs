//! The transfers in memory: all open ones, and the most recently closed ones.

mod index;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

pub(super) use index::IdHasher;
use index::{KeyIndex, KeyLocation};

use super::event::Transfer;
use super::schedule::Slot;
use crate::transfer::TraceNumbers;
use crate::values::{Direction, IdempotencyKey, Moment, RequestIdentity, TransferId};

/// A transfer in memory.
#[derive(Debug)]
pub(super) struct LiveTransfer {
    pub(super) id: TransferId,
    pub(super) transfer: Transfer,
    /// The identity of the request that started it, if it is known.
    pub(super) identity: Option<RequestIdentity>,
    /// The trace numbers of its request and of its reversal. Responses come with them.
    pub(super) traces: [Option<TraceNumbers>; 2],
    /// Whether it is closed and stays only so that repeats and late responses find it.
    pub(super) is_closed: bool,
    /// The batch of its first facts. Until that batch is durable, the transfer may be withdrawn.
    pub(super) first_batch: u64,
}

impl LiveTransfer {
    pub(super) const fn new(
        id: TransferId,
        transfer: Transfer,
        identity: Option<RequestIdentity>,
    ) -> Self {
        Self { id, transfer, identity, traces: [None, None], is_closed: false, first_batch: 0 }
    }
}

/// The transfers in memory by slot, with their indexes.
#[derive(Debug, Default)]
pub(super) struct LiveTransfers {
    entries: Vec<Option<LiveTransfer>>,
    free: Vec<u32>,
    by_id: KeyIndex,
    by_key: KeyIndex,
    by_trace: KeyIndex,
    /// Closed transfers, the oldest first.
    closed: VecDeque<ClosedTransfer>,
    lookups: Lookups,
    /// The number of open transfers: outbound, inbound.
    open: [usize; 2],
    /// The slots of the transfers that need a manual resolution, and since when.
    exceptions: BTreeMap<u32, Moment>,
}

/// A closed transfer, with the conditions for removing it from memory.
#[derive(Clone, Copy, Debug)]
struct ClosedTransfer {
    slot: u32,
    /// The batch of its last fact. Until that batch is durable, the transfer may be withdrawn.
    batch: u64,
    /// The number of lookups that had started when it was closed. One of them may have read the transfer without its last
    /// fact. While the transfer stays in memory, the engine knows that such a result is stale.
    lookups: u64,
}

/// Lookups in the journal, numbered in the order in which they start.
#[derive(Debug, Default)]
struct Lookups {
    next_number: u64,
    open: BTreeSet<u64>,
}

impl Lookups {
    fn begin(&mut self) -> u64 {
        let number = self.next_number;
        self.open.insert(number);
        self.next_number += 1;
        number
    }

    /// Returns the number of the oldest open lookup, or of the next one if none is open.
    fn oldest(&self) -> u64 {
        self.open.first().copied().unwrap_or(self.next_number)
    }
}

/// Returns a function that reads the id at a location of the index.
fn id_at(entries: &[Option<LiveTransfer>]) -> impl Fn(KeyLocation) -> Option<u128> {
    |location| Some(entry_at(entries, location)?.id.0)
}

fn key_at(entries: &[Option<LiveTransfer>]) -> impl Fn(KeyLocation) -> Option<u128> {
    |location| {
        let identity = entry_at(entries, location)?.identity.as_ref()?;
        identity.keys().nth(location.nth()).map(|key| key.0)
    }
}

fn trace_at(entries: &[Option<LiveTransfer>]) -> impl Fn(KeyLocation) -> Option<u128> {
    |location| entry_at(entries, location)?.traces.get(location.nth())?.map(trace_key)
}

fn entry_at(entries: &[Option<LiveTransfer>], location: KeyLocation) -> Option<&LiveTransfer> {
    entries.get(location.slot() as usize)?.as_ref()
}

/// Returns the key of a message of ours: STAN and transmission second. The STAN alone is not enough, because it wraps.
pub(super) fn trace_key(trace: TraceNumbers) -> u128 {
    u128::from(trace.transmitted_at.seconds()) << 32 | u128::from(trace.stan.number())
}

impl LiveTransfers {
    /// Returns the number of open transfers.
    pub(super) const fn open(&self) -> usize {
        let [outbound, inbound] = self.open;
        outbound + inbound
    }

    /// Returns the number of open transfers of a direction.
    pub(super) const fn open_in(&self, direction: Direction) -> usize {
        let [outbound, inbound] = self.open;
        match direction {
            Direction::Outbound => outbound,
            Direction::Inbound => inbound,
        }
    }

    const fn open_mut(&mut self, direction: Direction) -> &mut usize {
        let [outbound, inbound] = &mut self.open;
        match direction {
            Direction::Outbound => outbound,
            Direction::Inbound => inbound,
        }
    }

    pub(super) fn insert(&mut self, live: LiveTransfer) -> Slot {
        let (id, identity) = (live.id, live.identity);
        let direction = live.transfer.direction();
        let slot = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX)
        });
        if let Some(entry) = self.entries.get_mut(slot as usize) {
            *entry = Some(live);
        }
        self.by_id.insert(id.0, KeyLocation::new(slot, 0), id_at(&self.entries));
        for (nth, key) in identity.iter().flat_map(RequestIdentity::keys).enumerate() {
            self.by_key.insert(key.0, KeyLocation::new(slot, nth), key_at(&self.entries));
        }
        *self.open_mut(direction) += 1;
        Slot(slot)
    }

    pub(super) fn get(&self, slot: Slot) -> Option<&LiveTransfer> {
        self.entries.get(slot.0 as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, slot: Slot) -> Option<&mut LiveTransfer> {
        self.entries.get_mut(slot.0 as usize)?.as_mut()
    }

    pub(super) fn by_id(&self, id: TransferId) -> Option<Slot> {
        self.by_id.find(id.0, id_at(&self.entries)).map(Slot)
    }

    pub(super) fn by_key(&self, key: IdempotencyKey) -> Option<Slot> {
        self.by_key.find(key.0, key_at(&self.entries)).map(Slot)
    }

    pub(super) fn by_trace(&self, trace: TraceNumbers) -> Option<Slot> {
        self.by_trace.find(trace_key(trace), trace_at(&self.entries)).map(Slot)
    }

    /// Adds trace numbers to the index, so that responses with them find the transfer.
    pub(super) fn index_trace(&mut self, trace: TraceNumbers, slot: Slot) {
        let Some(live) = self.get_mut(slot) else { return };
        let mut traces = live.traces.iter_mut().enumerate();
        let Some((nth, free)) = traces.find(|(_, kept)| kept.is_none()) else { return };
        *free = Some(trace);
        let location = KeyLocation::new(slot.0, nth);
        self.by_trace.insert(trace_key(trace), location, trace_at(&self.entries));
    }

    /// Returns all slots that hold a transfer, in order.
    pub(super) fn slots(&self) -> impl Iterator<Item = Slot> {
        let used = self.entries.iter().zip(0..).filter(|(entry, _)| entry.is_some());
        used.map(|(_, slot)| Slot(slot))
    }

    /// Marks a transfer as closed. `batch` holds its last fact.
    pub(super) fn close(&mut self, slot: Slot, batch: u64) {
        let lookups = self.lookups.next_number;
        let Some(live) = self.get_mut(slot) else { return };
        let direction = live.transfer.direction();
        if !std::mem::replace(&mut live.is_closed, true) {
            *self.open_mut(direction) -= 1;
            self.closed.push_back(ClosedTransfer { slot: slot.0, batch, lookups });
        }
    }

    /// Removes the oldest closed transfers beyond `limit` whose conditions are met. Batches up to `durable` are durable.
    pub(super) fn trim(&mut self, limit: usize, durable: u64) {
        let oldest = self.lookups.oldest();
        let can_remove =
            |closed: &mut ClosedTransfer| closed.batch <= durable && closed.lookups <= oldest;
        while self.closed.len() > limit
            && let Some(closed) = self.closed.pop_front_if(can_remove)
        {
            self.remove(Slot(closed.slot));
        }
    }

    /// Returns the transfers that need a manual resolution, and since when.
    pub(super) fn exceptions(&self) -> impl ExactSizeIterator<Item = (Slot, Moment)> {
        self.exceptions.iter().map(|(slot, since)| (Slot(*slot), *since))
    }

    /// Updates the exceptions after a step of a transfer. `at` is the time of the step; an exception from before keeps its time.
    pub(super) fn set_exception(&mut self, slot: Slot, is_exception: bool, at: Moment) {
        if is_exception {
            self.exceptions.entry(slot.0).or_insert(at);
        } else if !self.exceptions.is_empty() {
            self.exceptions.remove(&slot.0);
        }
    }

    /// Returns the number of open lookups.
    pub(super) fn open_lookups(&self) -> usize {
        self.lookups.open.len()
    }

    /// Starts a lookup in the journal and returns its number.
    pub(super) fn begin_lookup(&mut self) -> u64 {
        self.lookups.begin()
    }

    /// Ends a lookup. Its result is being handled.
    pub(super) fn end_lookup(&mut self, number: u64) {
        self.lookups.open.remove(&number);
    }

    /// Opens a closed transfer again, because a new input gives it more to do.
    pub(super) fn reopen(&mut self, slot: Slot) {
        let Some(live) = self.get_mut(slot) else { return };
        let direction = live.transfer.direction();
        if std::mem::replace(&mut live.is_closed, false) {
            *self.open_mut(direction) += 1;
            self.closed.retain(|closed| closed.slot != slot.0);
        }
    }

    /// Removes a transfer from memory.
    pub(super) fn remove(&mut self, slot: Slot) -> Option<LiveTransfer> {
        let live = self.entries.get_mut(slot.0 as usize)?.take()?;
        self.free.push(slot.0);
        self.exceptions.remove(&slot.0);
        *self.open_mut(live.transfer.direction()) -= usize::from(!live.is_closed);
        self.by_id.remove(live.id.0, KeyLocation::new(slot.0, 0));
        for (nth, key) in live.identity.iter().flat_map(RequestIdentity::keys).enumerate() {
            self.by_key.remove(key.0, KeyLocation::new(slot.0, nth));
        }
        for (nth, trace) in live.traces.into_iter().flatten().enumerate() {
            self.by_trace.remove(trace_key(trace), KeyLocation::new(slot.0, nth));
        }
        Some(live)
    }
}
