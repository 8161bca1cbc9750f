//! Traffic: requests of simulated banks that the switch generates at a rate.

use std::time::Duration;

use super::commands::{InboundCommand, RequestDetails};
use super::members::Presence;
use super::message::TextMessage;
use super::model::Switch;
use super::records::TransferNumber;
use super::response_times::ResponseTimesView;
use super::running_traffic::{RunningTraffic, Traffic};
use crate::values::{AccountNumber, Moment, Value};

impl Switch {
    /// Starts traffic, and replaces running traffic; `None` stops it.
    pub fn set_traffic(&mut self, traffic: Option<Traffic>, now: Moment) {
        self.traffic = traffic.map(|traffic| RunningTraffic::start(traffic, now));
    }

    pub(super) fn make_traffic(&mut self, now: Moment) {
        let Some(mut running) = self.traffic.take() else { return };
        for _ in 0..running.take_due(now) {
            if self.open_requests.len() >= running.traffic.max_in_flight {
                break;
            }
            self.make_request(&running.traffic, now);
        }
        self.traffic = Some(running);
    }

    /// Makes one request, unless no bank can send or receive it.
    fn make_request(&mut self, traffic: &Traffic, now: Moment) {
        let from = self.random.choose(&traffic.from).copied();
        let pair = from.zip(self.random.choose(&traffic.to).copied());
        let from_account = self.any_account();
        let to_account =
            self.random.choose(&traffic.accounts).copied().or_else(|| self.any_account());
        let (Some((from, to)), Some((from_account, to_account))) =
            (pair, from_account.zip(to_account))
        else {
            return;
        };
        let minor = self.random.between(traffic.min_amount, traffic.max_amount);
        let details = RequestDetails { from, to, from_account, to_account, minor };
        let is_inquiry = self.random.is_hit(traffic.inquiries_per_thousand.saturating_mul(1_000));
        if self.members.presence(to) == Presence::SignedOn {
            let command = if is_inquiry {
                InboundCommand::Inquiry(details)
            } else {
                InboundCommand::Credit(details)
            };
            // A request that is refused at a bound is skipped, as requests beyond `max_in_flight` are.
            let _ = self.send_inbound(command, now);
        }
    }

    /// Records the response time of a bank to a transfer of the switch.
    pub(super) fn record_response_time(&mut self, response_time: Duration) {
        if let Some(running) = &mut self.traffic {
            running.response_times.add(response_time);
        }
    }

    /// Returns the response times of banks to the transfers of the running traffic.
    pub(super) fn response_times(&self) -> Option<ResponseTimesView> {
        self.traffic.as_ref().map(|running| running.response_times.view())
    }

    /// Draws an account number of ten digits.
    pub(super) fn any_account(&mut self) -> Option<AccountNumber> {
        let number = self.random.between(1_000_000_000, 9_999_999_999);
        AccountNumber::from_ascii(number.to_string().as_bytes())
    }

    /// Reverses an approved transfer of the traffic, or a part of it, with the traffic's probabilities: its customer cancels it.
    pub(super) fn reverse_by_chance(
        &mut self,
        number: TransferNumber,
        request: &TextMessage,
        now: Moment,
    ) {
        let Some(running) = &self.traffic else { return };
        let Traffic { reversals_per_thousand, partial_reversals_per_thousand, .. } =
            running.traffic;
        if self.is_drawn(reversals_per_thousand) {
            self.send_reversal(number, request, None, now);
        } else if self.is_drawn(partial_reversals_per_thousand)
            && let Some(minor) = self.records.get(number).map(|transfer| transfer.minor)
            && minor > 1
        {
            let actual = self.random.between(1, minor - 1);
            self.send_reversal(number, request, Some(actual), now);
        }
    }

    fn is_drawn(&mut self, per_thousand: u32) -> bool {
        per_thousand > 0 && self.random.is_hit(per_thousand.saturating_mul(1_000))
    }
}
