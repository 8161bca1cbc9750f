//! The open connections, and the bank of each.

use std::collections::BTreeMap;
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;
use tokio::sync::mpsc;

use crate::simulator::{Member, TextMessage};

/// What a connection sends.
pub(super) enum Outgoing {
    /// A message.
    Message(TextMessage),
    /// Bytes that are not a message, as the content of a frame.
    Garbage(Vec<u8>),
}

/// Counts of errors outside the model.
#[derive(Debug, Default)]
pub(super) struct ErrorCounters {
    /// Messages that cannot be read.
    pub(super) unreadable: ErrorCounter,
    /// Messages that cannot be written.
    pub(super) unwritable: ErrorCounter,
    /// Messages to a bank without a connection.
    pub(super) unsent: ErrorCounter,
}

/// A count of one error.
#[derive(Debug, Default)]
pub(super) struct ErrorCounter(AtomicU64);

impl ErrorCounter {
    /// Counts one error. Returns whether to log it: only the first, second, fourth, eighth and so on, so that a repeated error
    /// does not fill the log.
    pub(super) fn count(&self) -> bool {
        (self.0.fetch_add(1, Ordering::Relaxed) + 1).is_power_of_two()
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The connections in the state of the switch.
#[derive(Debug, Serialize)]
pub(super) struct ConnectionsView {
    open: usize,
    signed_on: usize,
    unreadable: u64,
    unwritable: u64,
    unsent: u64,
}

struct OpenConnection {
    queue: mpsc::Sender<Vec<Outgoing>>,
    /// What this wake-up sends on it.
    pending: Vec<Outgoing>,
    bank: Option<Member>,
    is_signed_on: bool,
}

/// The connections of a bank, and the one whose turn it is.
#[derive(Default)]
struct BankConnections {
    ids: Vec<u64>,
    turn: usize,
}

/// All open connections.
#[derive(Default)]
pub(super) struct Connections {
    open: BTreeMap<u64, OpenConnection>,
    banks: BTreeMap<Member, BankConnections>,
    /// The connections with pending messages.
    woken: Vec<u64>,
}

/// The number of connections of a bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ConnectionCounts {
    pub(super) open: usize,
    pub(super) signed_on: usize,
}

impl Connections {
    pub(super) fn open(&mut self, id: u64, queue: mpsc::Sender<Vec<Outgoing>>) {
        let connection =
            OpenConnection { queue, pending: Vec::new(), bank: None, is_signed_on: false };
        self.open.insert(id, connection);
    }

    /// Removes a connection, which writes what is pending and then closes. Returns its bank.
    pub(super) fn close(&mut self, id: u64) -> Option<Member> {
        let OpenConnection { queue, pending, bank, .. } = self.open.remove(&id)?;
        if !pending.is_empty() {
            // If the queue is full, the bank does not read: it loses these messages.
            let _ = queue.try_send(pending);
        }
        let bank = bank?;
        if let Some(of_bank) = self.banks.get_mut(&bank) {
            of_bank.ids.retain(|other| *other != id);
        }
        Some(bank)
    }

    /// Returns the bank of a connection, if it is known.
    pub(super) fn bank_of(&self, id: u64) -> Option<Member> {
        self.open.get(&id).and_then(|connection| connection.bank)
    }

    /// Assigns a connection to a bank.
    pub(super) fn assign(&mut self, id: u64, bank: Member) {
        if let Some(connection) = self.open.get_mut(&id) {
            connection.bank = Some(bank);
            self.banks.entry(bank).or_default().ids.push(id);
        }
    }

    pub(super) fn set_signed_on(&mut self, id: u64, is_signed_on: bool) {
        if let Some(connection) = self.open.get_mut(&id) {
            connection.is_signed_on = is_signed_on;
        }
    }

    pub(super) fn counts(&self, bank: Member) -> ConnectionCounts {
        let ids = self.banks.get(&bank).map(|bank| bank.ids.as_slice()).unwrap_or_default();
        let signed_on = ids.iter().filter(|id| self.is_signed_on(**id)).count();
        ConnectionCounts { open: ids.len(), signed_on }
    }

    pub(super) fn is_signed_on(&self, id: u64) -> bool {
        self.open.get(&id).is_some_and(|connection| connection.is_signed_on)
    }

    /// Chooses a connection to a bank: the preferred one if it is the bank's, else the next signed-on one in turn, else the next
    /// of all.
    pub(super) fn choose(&mut self, bank: Member, preferred: u64) -> Option<u64> {
        if self.bank_of(preferred) == Some(bank) {
            return Some(preferred);
        }
        let (of_bank, open) = (self.banks.get_mut(&bank)?, &self.open);
        let count = of_bank.ids.len();
        of_bank.turn = (of_bank.turn + 1) % count.max(1);
        let in_turn = || of_bank.ids.iter().cycle().skip(of_bank.turn).take(count);
        let signed_on = |id: &&u64| open.get(id).is_some_and(|connection| connection.is_signed_on);
        in_turn().find(signed_on).or_else(|| in_turn().next()).copied()
    }

    /// Adds to what is pending for a connection.
    pub(super) fn queue(&mut self, id: u64, outgoing: Outgoing) {
        let Some(connection) = self.open.get_mut(&id) else { return };
        if connection.pending.is_empty() {
            self.woken.push(id);
        }
        connection.pending.push(outgoing);
    }

    /// Hands what is pending to the connections. Returns those with full queues: their banks do not read.
    pub(super) fn flush(&mut self) -> Vec<u64> {
        let mut stuck = Vec::new();
        for id in mem::take(&mut self.woken) {
            let Some(connection) = self.open.get_mut(&id) else { continue };
            let batch = mem::take(&mut connection.pending);
            if connection.queue.try_send(batch).is_err() {
                stuck.push(id);
            }
        }
        stuck
    }

    pub(super) fn view(&self, counters: &ErrorCounters) -> ConnectionsView {
        ConnectionsView {
            open: self.open.len(),
            signed_on: self.open.values().filter(|connection| connection.is_signed_on).count(),
            unreadable: counters.unreadable.get(),
            unwritable: counters.unwritable.get(),
            unsent: counters.unsent.get(),
        }
    }
}
