//! The simulated national switch: a model without sockets, disk or clock, and its [`transport`], which has them.
//!
//! The calls, in a loop: [`Switch::handle_message`] for every message of a bank; [`Switch::handle_deadline`] at
//! [`Switch::next_deadline`]; then [`Switch::poll_output`] until it returns `None`. The same calls with the same seed give the
//! same outputs.
//!
//! It is a switch between banks. It forwards a request to the destination bank under the trace numbers of its originator
//! (DE7, DE11, DE32 and DE37 stay as they are), and the response goes back. A bank that never connected is simulated, with
//! accounts from a file. Money moves when the switch approves: once, in double entry. If a destination does not respond in time,
//! no money moves, and the destination gets reversals until it responds.

mod accounts;
mod calendar;
mod commands;
mod compose;
mod days;
mod delayed;
mod deviations;
mod faults;
mod input;
mod keys;
mod ledger;
mod management;
mod members;
mod message;
mod model;
mod network_rules;
mod odd_bytes;
mod odd_forms;
mod open_requests;
mod own_reversals;
mod recent_requests;
mod records;
mod requests;
mod response_times;
mod responses;
mod reversals;
mod running_traffic;
mod sending;
mod settlement;
mod snapshot;
mod traffic;
pub mod transport;

pub use accounts::{Account, AccountStatus, UnlistedAccounts};
pub use commands::{CommandError, InboundCommand, PhantomTransfer, RequestDetails};
pub use faults::{FaultAction, FaultRuleView, FaultRules};
pub use input::InputError;
pub use keys::OriginalReference;
pub use ledger::Counts;
pub use members::{Member, Presence};
pub use message::TextMessage;
pub use model::{Limits, Output, Settings, Switch};
pub use network_rules::{
    Header, ManagementCodes, NetworkRules, ResponseCodes, ReversalForm, Timers,
};
pub use odd_bytes::OddBytes;
pub use odd_forms::OddForm;
pub use response_times::ResponseTimesView;
pub use running_traffic::Traffic;
pub use snapshot::{BankView, DayView, Snapshot, TransferView};

use crate::values::{AccountNumber, Date, Institution, Moment};
use faults::MessageFlow;
use requests::BankRequest;
use running_traffic::RunningTraffic;

/// Queries.
impl Switch {
    /// Returns the member of a bank code, with or without leading zeros.
    #[must_use]
    pub fn member(&self, code: &str) -> Option<Member> {
        self.members.find(code)
    }

    /// Returns the members that have ever connected: they have books of their own.
    pub fn ever_connected(&self) -> impl Iterator<Item = (Member, Institution)> {
        let own = self.members.all().filter(|(_, bank)| bank.presence != Presence::Simulated);
        own.map(|(member, bank)| (member, bank.institution))
    }

    /// Returns whether a member is connected, signed on or simulated.
    #[must_use]
    pub fn presence(&self, member: Member) -> Presence {
        self.members.presence(member)
    }

    /// Returns the business date.
    #[must_use]
    pub const fn business_date(&self) -> Date {
        self.ledger.today()
    }

    /// Returns the position of a member over all kept business dates, in minor units: above zero, what the switch owes it.
    #[must_use]
    pub fn position(&self, member: Member) -> i128 {
        self.ledger.days().map(|(_, day)| day.position(member)).sum()
    }

    /// Whether every movement is two entries that sum to zero.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        self.ledger.is_balanced()
    }
}

/// The pure machine: what happened comes in, outputs and deadlines come out.
impl Switch {
    /// Handles a message of a connected bank.
    pub fn handle_message(&mut self, from: Member, message: TextMessage, now: Moment) {
        self.cut_over_if_due(now);
        if !message.mti().is_request() {
            return self.handle_response(from, &message, now);
        }
        match self.fault_rules.draw(&message, MessageFlow::FromBank, &mut self.random) {
            Some(FaultAction::DropRequest) => {}
            Some(FaultAction::Delay(delay)) if !self.delayed.is_full() => {
                self.delayed.put(now.after(delay), from, message);
            }
            fault => self.handle_request(BankRequest { from, message, fault }, now),
        }
    }

    /// Handles all deadlines that have come.
    pub fn handle_deadline(&mut self, now: Moment) {
        self.cut_over_if_due(now);
        while let Some((from, message)) = self.delayed.take_due(now) {
            self.handle_request(BankRequest { from, message, fault: None }, now);
        }
        // At most as many as there are now, so that a request that is due again at once does not make an endless loop. Deadlines
        // of closed requests count too: if one stayed, the caller would wait for the next deadline without end.
        for _ in 0..self.open_requests.deadlines() {
            let Some((key, open)) = self.open_requests.take_due(now) else { break };
            self.handle_timeout(key, open, now);
        }
        self.make_traffic(now);
    }

    /// Returns the time of the next [`Switch::handle_deadline`]. It may find nothing due then.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        let traffic = self.traffic.as_ref().map(RunningTraffic::next);
        let times = [
            self.delayed.next_due(),
            self.open_requests.next_due(),
            traffic,
            self.calendar.next_cut_over(),
        ];
        times.into_iter().flatten().min()
    }

    /// Returns the next output, in order.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }
}

/// Further events and commands of the transport.
impl Switch {
    /// Returns the member of an institution, and adds it if it is new; `None` beyond 65,536 members.
    pub fn admit(&mut self, institution: Institution) -> Option<Member> {
        let member = self.members.admit(institution, self.ledger.today())?;
        self.ledger.admit(member);
        Some(member)
    }

    /// Records that a bank has opened its first connection, or has signed off its last signed-on one.
    pub fn handle_connected(&mut self, member: Member) {
        if let Some(bank) = self.members.get_mut(member) {
            let signs_on = self.rules.requires_sign_on;
            bank.presence = if signs_on { Presence::Connected } else { Presence::SignedOn };
        }
    }

    /// Records that a connected bank has signed on. The transport reports it for a sign-on before the bank was known, and while
    /// another connection of the bank is signed on.
    pub fn handle_signed_on(&mut self, member: Member, now: Moment) {
        if let Some(bank) = self.members.get_mut(member) {
            bank.presence = Presence::SignedOn;
        }
        self.send_missed_cut_over(member, now);
    }

    /// Records that a bank has closed its last connection. Its open requests are repeated until they are abandoned.
    pub fn handle_disconnected(&mut self, member: Member) {
        if let Some(bank) = self.members.get_mut(member)
            && bank.presence != Presence::Simulated
        {
            bank.presence = Presence::Disconnected;
        }
    }

    /// Lists an account of a simulated bank, and replaces one with the same number. Returns `false` beyond a million accounts.
    pub fn list_account(&mut self, bank: Member, number: AccountNumber, account: Account) -> bool {
        self.accounts.list(bank, number, account)
    }

    /// Replaces all fault rules.
    pub fn set_fault_rules(&mut self, rules: FaultRules) {
        self.fault_rules = rules;
    }
}
