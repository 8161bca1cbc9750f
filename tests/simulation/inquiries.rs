//! Inquiries of both directions. The one who asks gets one outcome.

use std::collections::HashMap;
use std::sync::Arc;

use titian::engine::Event;
use titian::simulator;
use titian::transfer::{
    AccountDetails, AccountReply, Inquiry, InquiryInput, InquiryOutcome, Refusal, SendStatus,
    TraceNumbers,
};
use titian::values::{AccountNumber, Direction, Name, TransferId};

use super::networks::institution;
use super::restrictions::NewWork;
use super::rules::{code, details};
use super::world::{SimEvent, World, amount};

/// The inquiries without an outcome, by id.
#[derive(Default)]
pub(crate) struct PendingInquiries {
    pending: HashMap<u128, PendingInquiry>,
    accounts: HashMap<u128, AccountNumber>,
}

/// An inquiry: its direction, the run of the adapter that it started in, and whether faults had stopped.
struct PendingInquiry {
    direction: Direction,
    adapter_run: u64,
    is_quiet: bool,
    /// Whether it asks for a balance, which a bank may not support.
    is_balance: bool,
}

/// Returns the holder of an account. Every seventh account does not exist.
fn holder(account: AccountNumber) -> Option<String> {
    let number: u64 = account.reveal().parse().unwrap();
    (!number.is_multiple_of(7)).then(|| format!("Holder {number}"))
}

fn holder_name(account: AccountNumber) -> Option<Name> {
    holder(account).map(|holder| Name::new(&holder).unwrap())
}

impl World {
    pub(crate) fn start_inquiry(&mut self) {
        self.counts.inquiries += 1;
        if self.random.permille(400) {
            let details = self.draw_request();
            let command = if self.random.permille(self.odd.of("balance_inquiry")) {
                simulator::InboundCommand::BalanceInquiry(details)
            } else {
                simulator::InboundCommand::Inquiry(details)
            };
            let sent = self.switch.model.send_inbound(command, self.true_moment());
            // The switch sends no inquiry while our bank is disconnected.
            return sent.map_or((), |_| self.run_switch());
        }
        self.start_channel_inquiry();
    }

    /// Starts an inquiry of a channel.
    pub(crate) fn start_channel_inquiry(&mut self) {
        let (id, bank, account) = (self.id(), self.bank(), self.account_number());
        self.switch.list_account(&bank, account, holder(account));
        let inquiry = Inquiry {
            id,
            kind: self.network.adapter.account_inquiry_code(),
            from: self.account_number(),
            account,
            counterparty: institution(&bank),
            amount: amount(self.random.between(1, 1_000_000)),
            details: Arc::new(details()),
        };
        if self.engine.is_some() {
            self.expect_outcome(&inquiry, Direction::Outbound);
        }
        self.handle(Event::Inquiry(inquiry, Direction::Outbound));
    }

    /// Records an inquiry of the switch.
    pub(crate) fn expect_inbound_outcome(&mut self, inquiry: &Inquiry) {
        self.expect_outcome(inquiry, Direction::Inbound);
    }

    fn expect_outcome(&mut self, inquiry: &Inquiry, direction: Direction) {
        self.ask(inquiry.id, NewWork::of_inquiry(inquiry, direction));
        self.inquiries.accounts.insert(inquiry.id.0, inquiry.account);
        let pending = PendingInquiry {
            direction,
            adapter_run: self.adapter_run,
            is_quiet: self.is_quiet,
            is_balance: inquiry.kind == self.network.switch_rules.balance_inquiry,
        };
        self.inquiries.pending.insert(inquiry.id.0, pending);
    }

    /// Sends an inquiry to the switch.
    pub(crate) fn send_inquiry_to_switch(&mut self, inquiry: &Inquiry, trace: TraceNumbers) {
        self.counts.checks += 1;
        self.auditor.check_inquiry(&self.journal, trace);
        self.restrictions.check_inquiry(inquiry.id);
        let status = if self.is_link_up { SendStatus::Sent } else { SendStatus::NotSent };
        let bytes = self.encode(|network, into| network.encode_inquiry(inquiry, trace, into));
        self.transmit_to_switch(bytes);
        let event = Event::InquiryInput(inquiry.id, InquiryInput::Send(status));
        self.schedule(1, SimEvent::InquirySent(event));
    }

    /// Asks core for an account.
    pub(crate) fn request_account(&mut self, id: TransferId) {
        self.restrictions.check_inquiry(id);
        self.send_to_core(SimEvent::ReadAccount(id));
    }

    pub(crate) fn read_account(&mut self, id: TransferId) {
        let reply = match holder_name(self.inquiries.accounts[&id.0]) {
            _ if self.random.permille(self.fault_rates.core_replies_lost) => AccountReply::Unknown,
            Some(holder) => {
                AccountReply::Active(AccountDetails { holder: Some(holder), balance: None })
            }
            None => AccountReply::Refused(Refusal::NoSuchAccount),
        };
        let delay = self.random.between(1, 20);
        let event = Event::InquiryInput(id, InquiryInput::Core(reply));
        self.schedule(delay, SimEvent::FromCore(event));
    }

    /// Checks an outcome: it is the only one, and it is true.
    pub(crate) fn inquiry_ended(
        &mut self,
        id: TransferId,
        direction: Direction,
        outcome: &InquiryOutcome,
    ) {
        self.counts.checks += 1;
        let pending = self.inquiries.pending.remove(&id.0);
        let pending = pending.unwrap_or_else(|| panic!("{id}: a second outcome, or no inquiry"));
        assert_eq!(pending.direction, direction, "{id}: the outcome goes in the wrong direction");
        let truth = holder_name(self.inquiries.accounts[&id.0]);
        match outcome {
            InquiryOutcome::Approved(_, account) => {
                // A balance is checked where the switch reads it.
                let truth = if pending.is_balance { account.holder.clone() } else { truth };
                assert_eq!(account.holder, truth, "{id}: wrong holder name");
            }
            InquiryOutcome::Declined(declined) if pending.is_balance && *declined == code("40") => {
            }
            InquiryOutcome::Declined(declined)
                if direction == Direction::Inbound
                    && self.restrictions.may_decline(id, *declined) =>
            {
                self.counts.act("declined inquiry");
            }
            InquiryOutcome::Declined(declined) if *declined == code("68") => {
                assert_eq!(direction, Direction::Inbound);
            }
            InquiryOutcome::Declined(declined) if *declined == code("91") => {
                assert_eq!(direction, Direction::Outbound);
            }
            InquiryOutcome::Declined(_) => {
                assert_eq!(truth, None, "{id}: declined although the account exists");
            }
            InquiryOutcome::NoResponse => {
                assert!(direction == Direction::Outbound && !pending.is_quiet, "{id}: no response");
            }
        }
        self.counts.inquiries_ended += 1;
        match (direction, outcome) {
            (Direction::Inbound, InquiryOutcome::Approved(code, account)) => {
                self.send_response(id, *code, account);
            }
            (Direction::Inbound, InquiryOutcome::Declined(code)) => {
                self.send_response(id, *code, &AccountDetails::default());
            }
            (Direction::Outbound, _) | (Direction::Inbound, InquiryOutcome::NoResponse) => {}
        }
    }

    /// An inquiry of a channel is refused.
    pub(crate) fn inquiry_refused(&mut self, id: TransferId) -> bool {
        self.inquiries.pending.remove(&id.0).is_some()
    }

    /// Checks that every inquiry of this run has its outcome.
    pub(crate) fn check_all_inquiries_ended(&self) {
        for (id, PendingInquiry { adapter_run, .. }) in &self.inquiries.pending {
            assert!(*adapter_run < self.adapter_run, "{}: no outcome", TransferId(*id));
        }
    }
}
