//! The connections, and whose each is.

use std::collections::BTreeMap;
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;
use tokio::sync::mpsc;

use crate::switch::{Member, Wire};

/// Something to be written on a line.
pub(super) enum Outgoing {
    /// A message.
    Message(Wire),
    /// The content of a frame that is none.
    Garbage(Vec<u8>),
}

/// How often things happened that the brain has no part in.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) unreadable: Count,
    pub(super) unwritable: Count,
    /// Messages to a bank without a connection.
    pub(super) unsent: Count,
}

/// How often something happened.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    /// Counts one; whether it is to be told. Of what happens again and again the first, the second, the fourth, the eighth is.
    pub(super) fn add(&self) -> bool {
        (self.0.fetch_add(1, Ordering::Relaxed) + 1).is_power_of_two()
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The connections, as they are shown.
#[derive(Debug, Serialize)]
pub(super) struct LinesView {
    connections: usize,
    signed_on: usize,
    unreadable: u64,
    unwritable: u64,
    unsent: u64,
}

struct Entry {
    outlet: mpsc::Sender<Vec<Outgoing>>,
    /// What this wake-up has for it.
    pending: Vec<Outgoing>,
    bank: Option<Member>,
    signed_on: bool,
}

/// The connections of a bank, and whose turn it is.
#[derive(Default)]
struct Bank {
    lines: Vec<u64>,
    turn: usize,
}

/// All connections.
#[derive(Default)]
pub(super) struct Lines {
    all: BTreeMap<u64, Entry>,
    banks: BTreeMap<Member, Bank>,
    /// Those that something is pending for.
    woken: Vec<u64>,
}

/// How a bank is there, counted in connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct There {
    pub(super) connected: usize,
    pub(super) signed_on: usize,
}

impl Lines {
    pub(super) fn open(&mut self, id: u64, outlet: mpsc::Sender<Vec<Outgoing>>) {
        let entry = Entry { outlet, pending: Vec::new(), bank: None, signed_on: false };
        self.all.insert(id, entry);
    }

    /// Forgets a line, which ends when it has written what there is for it; the bank that it was of.
    pub(super) fn close(&mut self, id: u64) -> Option<Member> {
        let Entry { outlet, pending, bank, .. } = self.all.remove(&id)?;
        if !pending.is_empty() {
            // A bank that doesn't read misses it.
            let _ = outlet.try_send(pending);
        }
        let bank = bank?;
        if let Some(of_bank) = self.banks.get_mut(&bank) {
            of_bank.lines.retain(|line| *line != id);
        }
        Some(bank)
    }

    /// Whose a line is, if that is known.
    pub(super) fn bank_of(&self, id: u64) -> Option<Member> {
        self.all.get(&id).and_then(|entry| entry.bank)
    }

    /// Makes a line a bank's.
    pub(super) fn bind(&mut self, id: u64, bank: Member) {
        if let Some(entry) = self.all.get_mut(&id) {
            entry.bank = Some(bank);
            self.banks.entry(bank).or_default().lines.push(id);
        }
    }

    pub(super) fn sign(&mut self, id: u64, on: bool) {
        if let Some(entry) = self.all.get_mut(&id) {
            entry.signed_on = on;
        }
    }

    pub(super) fn there(&self, bank: Member) -> There {
        let lines = self.banks.get(&bank).map(|bank| bank.lines.as_slice()).unwrap_or_default();
        let signed_on = lines.iter().filter(|id| self.is_signed_on(**id)).count();
        There { connected: lines.len(), signed_on }
    }

    pub(super) fn is_signed_on(&self, id: u64) -> bool {
        self.all.get(&id).is_some_and(|entry| entry.signed_on)
    }

    /// The line of a bank that something goes on: the preferred one if that is its, else the next in turn of those that
    /// signed on, or of all if none has.
    pub(super) fn pick(&mut self, bank: Member, preferred: u64) -> Option<u64> {
        if self.bank_of(preferred) == Some(bank) {
            return Some(preferred);
        }
        let (of_bank, all) = (self.banks.get_mut(&bank)?, &self.all);
        let count = of_bank.lines.len();
        of_bank.turn = (of_bank.turn + 1) % count.max(1);
        let in_turn = || of_bank.lines.iter().cycle().skip(of_bank.turn).take(count);
        let signed_on = |id: &&u64| all.get(id).is_some_and(|entry| entry.signed_on);
        in_turn().find(signed_on).or_else(|| in_turn().next()).copied()
    }

    /// Puts something to what is pending for a line.
    pub(super) fn post(&mut self, id: u64, outgoing: Outgoing) {
        let Some(entry) = self.all.get_mut(&id) else { return };
        if entry.pending.is_empty() {
            self.woken.push(id);
        }
        entry.pending.push(outgoing);
    }

    /// Hands what is pending to the lines; gives those whose banks don't read.
    pub(super) fn flush(&mut self) -> Vec<u64> {
        let mut stuck = Vec::new();
        for id in mem::take(&mut self.woken) {
            let Some(entry) = self.all.get_mut(&id) else { continue };
            let batch = mem::take(&mut entry.pending);
            if entry.outlet.try_send(batch).is_err() {
                stuck.push(id);
            }
        }
        stuck
    }

    pub(super) fn view(&self, tally: &Tally) -> LinesView {
        LinesView {
            connections: self.all.len(),
            signed_on: self.all.values().filter(|entry| entry.signed_on).count(),
            unreadable: tally.unreadable.get(),
            unwritable: tally.unwritable.get(),
            unsent: tally.unsent.get(),
        }
    }
}
