//! The banks that are members, and whether each is there.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::Serialize;

use crate::values::{Date, Institution, Moment, digits};

/// A member bank, by its place in the list that the switch was made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Member(pub(super) u16);

/// Whether a bank is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// It never connected: the switch plays it from the fixture of accounts.
    Played,
    /// It was connected and is gone. The switch doesn't play it, since it has books of its own by now.
    Gone,
    /// It is connected.
    Connected,
    /// It is connected, and requests may be sent to it.
    SignedOn,
}

#[derive(Debug)]
pub(super) struct Bank {
    pub(super) institution: Institution,
    pub(super) presence: Presence,
    /// The business date that it was last told.
    pub(super) told: Date,
    /// The latest transmission of its transfers that were forgotten. A request that isn't later may be one of them.
    pub(super) forgotten: Option<Moment>,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Members {
    banks: Vec<Bank>,
    by_number: BTreeMap<u64, Member>,
}

impl Members {
    /// As many as a number of 16 bits tells apart; those beyond are left out.
    pub(super) fn new(institutions: &[Institution], date: Date) -> Self {
        let mut members = Self { banks: Vec::new(), by_number: BTreeMap::new() };
        for institution in institutions {
            members.admit(*institution, date);
        }
        members
    }

    /// The bank of an institution, which becomes a member if it isn't; `None` if there is no number for it.
    pub(super) fn admit(&mut self, institution: Institution, date: Date) -> Option<Member> {
        let number = digits(institution.as_str().as_bytes())?;
        let next = u16::try_from(self.banks.len()).ok().map(Member);
        match self.by_number.entry(number) {
            Entry::Occupied(known) => Some(*known.get()),
            Entry::Vacant(free) => {
                let member = *free.insert(next?);
                self.banks.push(Bank {
                    institution,
                    presence: Presence::Played,
                    told: date,
                    forgotten: None,
                });
                Some(member)
            }
        }
    }

    /// The bank of a code, with zeros before it or without.
    pub(super) fn find(&self, code: &str) -> Option<Member> {
        self.by_number.get(&digits(code.trim_end().as_bytes())?).copied()
    }

    pub(super) fn get(&self, member: Member) -> Option<&Bank> {
        self.banks.get(usize::from(member.0))
    }

    pub(super) fn get_mut(&mut self, member: Member) -> Option<&mut Bank> {
        self.banks.get_mut(usize::from(member.0))
    }

    pub(super) fn presence(&self, member: Member) -> Presence {
        self.get(member).map_or(Presence::Gone, |bank| bank.presence)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (Member, &Bank)> {
        (0..).map(Member).zip(&self.banks)
    }
}
