//! The member banks, and whether each is connected.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::Serialize;

use crate::values::{Date, Institution, Moment, digits};

/// A member bank, by its index in the list of members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Member(pub(super) u16);

/// Whether a bank is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// It never connected: the switch simulates it with listed and derived accounts.
    Simulated,
    /// It was connected and is not any more. The switch does not simulate it, since the bank has books of its own.
    Disconnected,
    /// It is connected, and has not signed on.
    Connected,
    /// It has signed on, and gets requests.
    SignedOn,
}

#[derive(Debug)]
pub(super) struct Bank {
    pub(super) institution: Institution,
    pub(super) presence: Presence,
    /// The business date of the last cut-over notice to it.
    pub(super) notified_date: Date,
    /// The latest transmission time of its forgotten transfers. A request that is not later may be one of them.
    pub(super) forgotten: Option<Moment>,
}

/// All member banks.
#[derive(Debug)]
pub(super) struct Members {
    banks: Vec<Bank>,
    by_number: BTreeMap<u64, Member>,
}

impl Members {
    /// Makes the members: at most 65,536. Further institutions are left out.
    pub(super) fn new(institutions: &[Institution], date: Date) -> Self {
        let mut members = Self { banks: Vec::new(), by_number: BTreeMap::new() };
        for institution in institutions {
            members.admit(*institution, date);
        }
        members
    }

    /// Returns the member of an institution, and adds it if it is new; `None` beyond 65,536 members.
    pub(super) fn admit(&mut self, institution: Institution, date: Date) -> Option<Member> {
        let number = digits(institution.as_str().as_bytes())?;
        let next = u16::try_from(self.banks.len()).ok().map(Member);
        match self.by_number.entry(number) {
            Entry::Occupied(known) => Some(*known.get()),
            Entry::Vacant(free) => {
                let member = *free.insert(next?);
                self.banks.push(Bank {
                    institution,
                    presence: Presence::Simulated,
                    notified_date: date,
                    forgotten: None,
                });
                Some(member)
            }
        }
    }

    /// Returns the member of a bank code, with or without leading zeros.
    pub(super) fn find(&self, code: &str) -> Option<Member> {
        self.by_number.get(&digits(code.trim_end().as_bytes())?).copied()
    }

    pub(super) fn get(&self, member: Member) -> Option<&Bank> {
        self.banks.get(usize::from(member.0))
    }

    pub(super) fn get_mut(&mut self, member: Member) -> Option<&mut Bank> {
        self.banks.get_mut(usize::from(member.0))
    }

    pub(super) fn institution(&self, member: Member) -> Option<Institution> {
        self.get(member).map(|bank| bank.institution)
    }

    pub(super) fn presence(&self, member: Member) -> Presence {
        self.get(member).map_or(Presence::Disconnected, |bank| bank.presence)
    }

    /// Returns the banks that have signed on.
    pub(super) fn signed_on(&self) -> Vec<Member> {
        let signed_on = self.all().filter(|(_, bank)| bank.presence == Presence::SignedOn);
        signed_on.map(|(member, _)| member).collect()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (Member, &Bank)> {
        (0..).map(Member).zip(&self.banks)
    }
}
