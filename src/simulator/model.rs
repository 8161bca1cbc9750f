//! The model of the switch: its settings, its state and its outputs. The rules are in the files beside it.

use std::collections::VecDeque;
use std::time::Duration;

use super::accounts::{Accounts, UnlistedAccounts};
use super::calendar::Calendar;
use super::delayed::DelayedMessages;
use super::faults::FaultRules;
use super::ledger::Ledger;
use super::members::{Member, Members};
use super::message::TextMessage;
use super::network_rules::NetworkRules;
use super::open_requests::OpenRequests;
use super::recent_requests::RecentRequests;
use super::records::TransferRecords;
use super::running_traffic::RunningTraffic;
use crate::random::Random;
use crate::values::{Date, Institution, Moment};

/// The settings of a switch.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The rules of its network.
    pub rules: NetworkRules,
    /// Its own institution code: DE33 of its messages.
    pub institution: Institution,
    /// The member banks, at most 65,536. Duplicates count once.
    pub members: Vec<Institution>,
    /// Whether unlisted accounts exist at simulated banks.
    pub unlisted_accounts: UnlistedAccounts,
    /// The bounds of the switch.
    pub limits: Limits,
    /// The seed of faults and traffic.
    pub seed: u64,
}

/// The bounds of the switch.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most open requests to banks. At the bound, requests are refused as 'unavailable'; reversals are not.
    pub open_requests: usize,
    /// The most transfers that are kept. At the bound, new ones are refused as 'unavailable' until a cut-over makes room.
    pub transfers: usize,
}

impl Default for Limits {
    /// Two business dates of eight million transfers each: 2.7 GB of memory when full.
    fn default() -> Self {
        Self { open_requests: 200_000, transfers: 16_000_000 }
    }
}

/// What the transport does for the switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send a message.
    Send {
        /// The receiving bank.
        to: Member,
        /// The message.
        message: TextMessage,
        /// The delay before it is sent.
        delay: Duration,
    },
    /// Send bytes that are not a message, as a frame.
    Garbage {
        /// The receiving bank.
        to: Member,
        /// The connection of the replaced message ([`TextMessage::connection`]), or another one of the bank.
        connection: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Close a connection to a bank, instead of sending a message.
    Disconnect {
        /// The bank.
        bank: Member,
        /// The connection of the replaced message, or another one of the bank.
        connection: u64,
    },
    /// A business date has ended. Its settlement files can be made until the next one ends.
    DateClosed(Date),
}

/// The model of the switch.
pub struct Switch {
    pub(super) rules: NetworkRules,
    pub(super) institution: Institution,
    pub(super) limits: Limits,
    pub(super) members: Members,
    pub(super) accounts: Accounts,
    pub(super) records: TransferRecords,
    pub(super) ledger: Ledger,
    pub(super) open_requests: OpenRequests,
    pub(super) fault_rules: FaultRules,
    pub(super) random: Random,
    /// Requests that a fault delays. At its bound, requests are handled at once.
    pub(super) delayed: DelayedMessages,
    pub(super) traffic: Option<RunningTraffic>,
    pub(super) recent: RecentRequests,
    /// The last number that the switch issued for its own messages.
    pub(super) issued: u64,
    pub(super) calendar: Calendar,
    pub(super) outputs: VecDeque<Output>,
}

impl Switch {
    /// Makes a switch at a time, with all banks simulated.
    #[must_use]
    pub fn new(settings: Settings, now: Moment) -> Self {
        let Settings { rules, institution, members, unlisted_accounts, limits, seed } = settings;
        let (calendar, today) = Calendar::new(&rules, now);
        let members = Members::new(&members, today);
        Self {
            ledger: Ledger::new(members.all().count(), today),
            rules,
            institution,
            limits,
            members,
            accounts: Accounts::new(unlisted_accounts),
            records: TransferRecords::default(),
            open_requests: OpenRequests::default(),
            fault_rules: FaultRules::default(),
            random: Random::new(seed),
            delayed: DelayedMessages::default(),
            traffic: None,
            recent: RecentRequests::default(),
            issued: 0,
            calendar,
            outputs: VecDeque::new(),
        }
    }
}
