//! Traffic that the switch makes of itself, at a rate.

use std::num::NonZeroU32;
use std::time::Duration;

use super::orders::{Deal, Order};
use super::records::Number;
use super::times::{Times, TimesView};
use super::wire::Wire;
use super::{Member, Presence, Switch};
use crate::values::{AccountNumber, Moment, Value};

/// What traffic there is.
#[derive(Clone, Debug)]
pub struct Traffic {
    /// Requests a second.
    pub per_second: NonZeroU32,
    /// The banks that it comes from, of those that the switch plays.
    pub from: Vec<Member>,
    /// The banks that it goes to, of those that have signed on.
    pub to: Vec<Member>,
    /// The accounts that are paid; any numbers of ten digits, if there are none.
    pub accounts: Vec<AccountNumber>,
    /// The least amount, in minor units.
    pub least: u64,
    /// The highest amount.
    pub most: u64,
    /// Inquiries in a thousand requests; the others are transfers.
    pub inquiries: u32,
    /// Transfers in a thousand that are reversed after they were approved.
    pub regrets: u32,
    /// Questions to banks that may be open; while there are as many, what is due is not made.
    pub in_flight: usize,
}

/// Requests of one tick at most. What a late tick leaves over beyond that is not made up for.
const A_TICK_MAX: u64 = 1_000;

/// Traffic that runs.
#[derive(Debug)]
pub(super) struct Running {
    traffic: Traffic,
    since: Moment,
    made: u64,
    times: Times,
}

impl Running {
    /// When the next request is due.
    pub(super) fn next(&self) -> Moment {
        let millis = (self.made + 1).saturating_mul(1_000);
        let rate = u64::from(self.traffic.per_second.get());
        self.since.after(Duration::from_millis(millis.div_ceil(rate)))
    }

    /// How many requests are due; they count as made.
    fn take_due(&mut self, now: Moment) -> u64 {
        let millis = now.millis().saturating_sub(self.since.millis());
        let due = millis.saturating_mul(self.traffic.per_second.get().into()) / 1_000;
        let missing = due.saturating_sub(self.made);
        self.made += missing;
        missing.min(A_TICK_MAX)
    }
}

impl Switch {
    /// Begins traffic in place of what there was, or ends it.
    pub fn set_traffic(&mut self, traffic: Option<Traffic>, now: Moment) {
        self.traffic = traffic.map(|traffic| Running {
            traffic,
            since: now,
            made: 0,
            times: Times::default(),
        });
    }

    pub(super) fn make_traffic(&mut self, now: Moment) {
        let Some(mut running) = self.traffic.take() else { return };
        for _ in 0..running.take_due(now) {
            if self.questions.len() >= running.traffic.in_flight {
                break;
            }
            self.make_request(&running.traffic, now);
        }
        self.traffic = Some(running);
    }

    /// Makes one request. None, while there is no bank that it could come from or go to.
    fn make_request(&mut self, traffic: &Traffic, now: Moment) {
        let pair = self.chance.of(&traffic.from).copied().zip(self.chance.of(&traffic.to).copied());
        let from_account = self.any_account();
        let to_account = self.chance.of(&traffic.accounts).copied().or_else(|| self.any_account());
        let (Some((from, to)), Some((from_account, to_account))) =
            (pair, from_account.zip(to_account))
        else {
            return;
        };
        let minor = self.chance.between(traffic.least, traffic.most);
        let deal = Deal { from, to, from_account, to_account, minor };
        let inquiry = self.chance.millionths(traffic.inquiries.saturating_mul(1_000));
        if self.members.presence(to) == Presence::SignedOn {
            let order = if inquiry { Order::Inquiry(deal) } else { Order::Credit(deal) };
            // What is refused for want of room is not made up for.
            let _ = self.order(order, now);
        }
    }

    /// A bank has answered a transfer that the switch asked for.
    pub(super) fn traffic_answered(&mut self, took: Duration) {
        if let Some(running) = &mut self.traffic {
            running.times.add(took);
        }
    }

    /// How long banks took to answer the transfers of the traffic that runs.
    pub(super) fn traffic_times(&self) -> Option<TimesView> {
        self.traffic.as_ref().map(|running| running.times.view())
    }

    pub(super) fn any_account(&mut self) -> Option<AccountNumber> {
        let number = self.chance.between(1_000_000_000, 9_999_999_999);
        AccountNumber::from_ascii(number.to_string().as_bytes())
    }

    /// Now and then a customer of a played bank wants the money back that has just moved.
    pub(super) fn maybe_regret(&mut self, number: Number, request: &Wire, now: Moment) {
        let regrets = self.traffic.as_ref().map_or(0, |running| running.traffic.regrets);
        if regrets > 0 && self.chance.millionths(regrets.saturating_mul(1_000)) {
            self.regret(number, request, now);
        }
    }
}
