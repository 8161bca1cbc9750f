//! The simulated national switch: the brain of it, without a socket, a disk or a clock, and its [`face`], which has them.
//!
//! Calls come in this order, round and round: [`Switch::handle`] for every message that a bank sent, and
//! [`Switch::tick`] when [`Switch::next_deadline`] has come; then [`Switch::next_output`] until there is none. The same
//! calls with the same seed give the same outputs.
//!
//! It is a switch between banks: a request goes to the bank that it is for, under its originator's own numbers
//! (7, 11, 32 and 37 are handed on as they are), and the answer comes back the same way. A bank that never
//! connected is played, from a fixture of accounts. Money moves when the switch approves, once, in double entry; a destination that
//! does not answer in time moves none, and is sent reversals until it answers.

mod accounts;
mod answers;
mod chance;
mod compose;
mod days;
mod dialect;
pub mod face;
mod faults;
mod held;
mod input;
mod keys;
mod ledger;
mod management;
mod members;
mod orders;
mod questions;
mod records;
mod requests;
mod reversals;
mod sending;
mod settlement;
mod snapshot;
mod times;
mod traffic;
mod wire;

use std::collections::VecDeque;
use std::time::Duration;

pub use accounts::{Account, AccountStatus, Others};
pub use dialect::{Codes, Dialect, Header, NetworkCodes, ReversalForm, Timers};
pub use faults::{Action, Faults, Tally};
pub use input::InputError;
pub use keys::Original;
pub use ledger::Counts;
pub use members::{Member, Presence};
pub use orders::{Deal, Order, Phantom, Refused};
pub use snapshot::{BankView, DayView, Snapshot, TransferView};
pub use times::TimesView;
pub use traffic::Traffic;
pub use wire::Wire;

use crate::values::{AccountNumber, Date, Institution, Moment};
use accounts::Accounts;
use chance::Chance;
use faults::Way;
use held::Held;
use ledger::Ledger;
use members::Members;
use orders::Recent;
use questions::Questions;
use records::Records;
use requests::Incoming;
use traffic::Running;

/// What a switch is made with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The rules of its network.
    pub dialect: Dialect,
    /// Its own identification, DE33 of what it makes.
    pub institution: Institution,
    /// The banks. One that stands twice is taken once; no more than 65,536.
    pub members: Vec<Institution>,
    /// Which accounts there are at banks that it plays, besides those listed.
    pub others: Others,
    /// Bounds.
    pub limits: Limits,
    /// Decides the luck of faults and the traffic.
    pub seed: u64,
}

/// Bounds of the switch.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Questions to banks that may be open. Beyond, requests are refused as 'unavailable'; reversals are not.
    pub open: usize,
    /// Transfers that are remembered. Beyond, new ones are refused as 'unavailable', until a cut-over makes room.
    pub remembered: usize,
}

impl Default for Limits {
    /// Room for two days of eight million transfers: 2.7 GB, if they come.
    fn default() -> Self {
        Self { open: 200_000, remembered: 16_000_000 }
    }
}

/// Something that the switch does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send a message.
    Send {
        /// To this bank, on any of its links.
        to: Member,
        /// The message.
        wire: Wire,
        /// After this time.
        after: Duration,
    },
    /// Send bytes that are no message, as a frame.
    Garbage {
        /// To this bank.
        to: Member,
        /// On this line, as [`Wire::line`] says of the message in whose place they come, or another one of the bank's.
        line: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Cut a line to this bank, in place of a message.
    Disconnect {
        /// The bank.
        bank: Member,
        /// This one, as [`Wire::line`] says of the message, or another one of the bank's.
        line: u64,
    },
    /// A business date has ended: its settlement files can be made now, and until the next one ends.
    Closed(Date),
}

/// The switch.
pub struct Switch {
    dialect: Dialect,
    institution: Institution,
    limits: Limits,
    members: Members,
    accounts: Accounts,
    records: Records,
    ledger: Ledger,
    questions: Questions,
    faults: Faults,
    chance: Chance,
    /// Messages that a fault delays. Where there is no room, they are looked at at once.
    held: Held,
    traffic: Option<Running>,
    recent: Recent,
    /// Numbers that the switch gave out, to messages that it made.
    issued: u64,
    calendar: days::Calendar,
    outputs: VecDeque<Output>,
}

impl Switch {
    /// A switch at a moment, without a bank connected.
    #[must_use]
    pub fn new(settings: Settings, now: Moment) -> Self {
        let Settings { dialect, institution, members, others, limits, seed } = settings;
        let (calendar, today) = days::Calendar::new(&dialect, now);
        let members = Members::new(&members, today);
        Self {
            ledger: Ledger::new(members.all().count(), today),
            dialect,
            institution,
            limits,
            members,
            accounts: Accounts::new(others),
            records: Records::default(),
            questions: Questions::default(),
            faults: Faults::default(),
            chance: Chance::new(seed),
            held: Held::default(),
            traffic: None,
            recent: Recent::default(),
            issued: 0,
            calendar,
            outputs: VecDeque::new(),
        }
    }

    /// The member of an institution's code, with zeros before it or without.
    #[must_use]
    pub fn member(&self, code: &str) -> Option<Member> {
        self.members.find(code)
    }

    /// The members with books of their own, which are those that ever connected.
    pub fn ever_connected(&self) -> impl Iterator<Item = (Member, Institution)> {
        let own = self.members.all().filter(|(_, bank)| bank.presence != Presence::Played);
        own.map(|(member, bank)| (member, bank.institution))
    }

    /// Whether a member is there.
    #[must_use]
    pub fn presence(&self, member: Member) -> Presence {
        self.members.presence(member)
    }

    /// The business date.
    #[must_use]
    pub const fn business_date(&self) -> Date {
        self.ledger.today()
    }

    /// What a member is owed over all business dates that are kept, in minor units; below zero, what it owes.
    #[must_use]
    pub fn position(&self, member: Member) -> i128 {
        self.ledger.days().map(|(_, day)| day.position(member)).sum()
    }

    /// Whether every movement is two entries that sum to zero.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        self.ledger.is_balanced()
    }

    /// Takes in a message of a connected bank.
    pub fn handle(&mut self, from: Member, wire: Wire, now: Moment) {
        self.cut_over_if_due(now);
        if !wire.mti().is_request() {
            return self.answered(from, &wire, now);
        }
        match self.faults.draw(&wire, Way::Received, &mut self.chance) {
            Some(Action::DropRequest) => {}
            Some(Action::Delay(time)) if !self.held.is_full() => {
                self.held.put(now.after(time), from, wire);
            }
            fault => self.request(Incoming { from, wire, fault }, now),
        }
    }

    /// Does what is due.
    pub fn tick(&mut self, now: Moment) {
        self.cut_over_if_due(now);
        while let Some((from, wire)) = self.held.take_due(now) {
            self.request(Incoming { from, wire, fault: None }, now);
        }
        // No more than there are now, so that questions that are due again at once end no tick. Deadlines of answered ones are
        // among them: as long as one is left, whoever waits for the next deadline waits for it.
        for _ in 0..self.questions.deadlines() {
            let Some((key, question)) = self.questions.take_due(now) else { break };
            self.expire(key, question, now);
        }
        self.make_traffic(now);
    }

    /// When [`Switch::tick`] is to be called next, if ever; it may find nothing due then.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        let traffic = self.traffic.as_ref().map(Running::next);
        let times = [
            self.held.next_due(),
            self.questions.next_due(),
            traffic,
            self.calendar.next_cut_over(),
        ];
        times.into_iter().flatten().min()
    }

    /// The next thing to be done.
    pub fn next_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }
}

/// What the face and its operator say.
impl Switch {
    /// The member of an institution, which becomes one if it isn't; `None` beyond 65,536 of them.
    pub fn admit(&mut self, institution: Institution) -> Option<Member> {
        let member = self.members.admit(institution, self.ledger.today())?;
        self.ledger.admit(member);
        Some(member)
    }

    /// A bank has connected, with its first link.
    pub fn connected(&mut self, member: Member) {
        if let Some(bank) = self.members.get_mut(member) {
            let signs_on = self.dialect.sign_on_needed;
            bank.presence = if signs_on { Presence::Connected } else { Presence::SignedOn };
        }
    }

    /// A bank that is connected has signed on, as the face knows: before it said which bank it is, or on another link than
    /// one that it signed off.
    pub fn signed_on(&mut self, member: Member, now: Moment) {
        if let Some(bank) = self.members.get_mut(member) {
            bank.presence = Presence::SignedOn;
        }
        self.tell_if_behind(member, now);
    }

    /// The last link of a bank is gone. What it was asked is asked again until its time is over.
    pub fn disconnected(&mut self, member: Member) {
        if let Some(bank) = self.members.get_mut(member)
            && bank.presence != Presence::Played
        {
            bank.presence = Presence::Gone;
        }
    }

    /// Lists an account at a bank that the switch plays, in place of what was listed; `false` beyond a million of them.
    pub fn list_account(&mut self, bank: Member, number: AccountNumber, account: Account) -> bool {
        self.accounts.list(bank, number, account)
    }

    /// Replaces all rules of faults.
    pub fn set_faults(&mut self, faults: Faults) {
        self.faults = faults;
    }
}
