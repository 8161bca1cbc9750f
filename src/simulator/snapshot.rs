//! The state of the switch, as its admin interface returns it.

use std::fmt;

use serde::{Serialize, Serializer};

use super::faults::FaultRuleView;
use super::ledger::Counts;
use super::members::Presence;
use super::model::Switch;
use super::records::{Origin, TransferNumber, TransferRecord};
use super::response_times::ResponseTimesView;
use super::settlement::timestamp;
use crate::values::{Date, Institution, Moment, ProcessingCode, ResponseCode, Rrn, Stan};

/// The state of the switch, with a page of its transfers.
///
/// Positions are in minor units: above zero, what the switch owes the bank.
#[derive(Clone, Debug, Serialize)]
pub struct Snapshot {
    /// The business date.
    #[serde(serialize_with = "display")]
    pub business_date: Date,
    /// Whether every movement is two entries that sum to zero.
    #[serde(rename = "balanced")]
    pub is_balanced: bool,
    /// The number of ledger entries.
    pub ledger_entries: u64,
    /// Requests to banks that wait for a response.
    pub open_requests: usize,
    /// Transfers that are kept.
    pub kept_transfers: usize,
    /// Response times of banks to the transfers of the running traffic, if traffic runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_times: Option<ResponseTimesView>,
    /// The member banks.
    pub banks: Vec<BankView>,
    /// The last 31 business dates, the latest first.
    pub days: Vec<DayView>,
    /// The fault rules, each with its counts.
    pub faults: Vec<FaultRuleView>,
    /// Transfers, in the order in which they came.
    pub transfers: Vec<TransferView>,
    /// The first number of the next page, if there is one.
    pub next: Option<u64>,
}

/// A member bank.
#[derive(Clone, Debug, Serialize)]
pub struct BankView {
    /// The code of the bank.
    #[serde(serialize_with = "display")]
    pub bank: Institution,
    /// Whether it is connected, or simulated.
    pub presence: Presence,
    /// The position over all business dates that are kept.
    pub position: i64,
}

/// A business date.
#[derive(Clone, Debug, Serialize)]
pub struct DayView {
    /// The date.
    #[serde(serialize_with = "display")]
    pub date: Date,
    /// The positions that are not zero, in the order of the banks.
    pub positions: Vec<PositionView>,
    /// Counts of messages and outcomes.
    pub counts: Counts,
}

/// A bank's position on a business date.
#[derive(Clone, Debug, Serialize)]
pub struct PositionView {
    /// The bank's code.
    #[serde(serialize_with = "display")]
    pub bank: Institution,
    /// The position in minor units.
    pub position: i64,
}

/// A transfer at the switch. It has no account numbers and no names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TransferView {
    /// The number of transfers before it.
    pub number: u64,
    /// The business date of its outcome, or of its request while it has none.
    #[serde(serialize_with = "display")]
    pub business_date: Date,
    /// The bank that sent the request.
    #[serde(serialize_with = "display")]
    pub acquirer: Institution,
    /// The bank that the request is for.
    #[serde(serialize_with = "display")]
    pub issuer: Institution,
    /// The retrieval reference number (DE37).
    #[serde(serialize_with = "display")]
    pub rrn: Rrn,
    /// The system trace audit number (DE11).
    #[serde(serialize_with = "display")]
    pub stan: Stan,
    /// The processing code (DE3).
    #[serde(serialize_with = "display")]
    pub processing_code: ProcessingCode,
    /// The amount in minor units (DE4).
    pub amount_minor: u64,
    /// What a partial reversal returned, in minor units.
    pub returned_minor: u64,
    /// The transmission time (DE7), in UTC.
    #[serde(serialize_with = "display_time")]
    pub transmitted_at: Moment,
    /// `open`, `approved`, `declined`, `unanswered`, `reversed` or `barred`.
    pub state: &'static str,
    /// The response code (DE39) of its outcome.
    #[serde(serialize_with = "display_or_null")]
    pub response_code: Option<ResponseCode>,
    /// Whether money moved and no reversal returned all of it.
    #[serde(rename = "settled")]
    pub is_settled: bool,
    /// The business date on which a reversal returned money that had moved, or a part of it.
    #[serde(serialize_with = "display_or_null")]
    pub reversed_on: Option<Date>,
    /// `bank`; `switch` for a request of a simulated bank; or `phantom`.
    pub origin: &'static str,
}

/// The most business dates in the state.
const DAYS_MAX: usize = 31;

impl Switch {
    /// The most transfers of a page.
    pub const PAGE_MAX: usize = 1_000;

    /// Returns the state, with a page of transfers from a number on.
    #[must_use]
    pub fn snapshot(&self, first: u64, page: usize) -> Snapshot {
        let page = page.min(Self::PAGE_MAX);
        let mut rest = self.transfers(first);
        let transfers = rest.by_ref().take(page).collect();
        Snapshot {
            business_date: self.ledger.today(),
            is_balanced: self.is_balanced(),
            ledger_entries: self.ledger.entries(),
            open_requests: self.open_requests.len(),
            kept_transfers: self.records.len(),
            response_times: self.response_times(),
            banks: self.banks(),
            days: self.days(),
            faults: self.fault_rules.views().cloned().collect(),
            transfers,
            next: rest.next().map(|transfer| transfer.number),
        }
    }

    /// Returns the kept transfers from a number on, in the order in which they came.
    pub fn transfers(&self, first: u64) -> impl Iterator<Item = TransferView> {
        self.records
            .from(TransferNumber(first))
            .filter_map(|(number, transfer)| self.view(number, transfer))
    }

    /// Returns the counts of the current business date.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.ledger.days().next_back().map(|(_, day)| day.counts).unwrap_or_default()
    }

    fn banks(&self) -> Vec<BankView> {
        let banks = self.members.all().map(|(member, bank)| BankView {
            bank: bank.institution,
            presence: bank.presence,
            position: narrow(self.position(member)),
        });
        banks.collect()
    }

    fn days(&self) -> Vec<DayView> {
        let days = self.ledger.days().rev().take(DAYS_MAX).map(|(date, day)| DayView {
            date,
            positions: self
                .members
                .all()
                .map(|(member, bank)| (bank.institution, day.position(member)))
                .filter(|(_, position)| *position != 0)
                .map(|(bank, position)| PositionView { bank, position: narrow(position) })
                .collect(),
            counts: day.counts,
        });
        days.collect()
    }

    fn view(&self, number: TransferNumber, transfer: &TransferRecord) -> Option<TransferView> {
        Some(TransferView {
            number: number.0,
            business_date: transfer.date,
            acquirer: self.members.institution(transfer.acquirer)?,
            issuer: self.members.institution(transfer.issuer)?,
            rrn: transfer.rrn,
            stan: transfer.stan,
            processing_code: transfer.processing,
            amount_minor: transfer.minor,
            returned_minor: transfer.returned,
            transmitted_at: transfer.transmitted,
            state: transfer.state.name(),
            response_code: self.response_code(transfer.state),
            is_settled: transfer.is_settled(),
            reversed_on: transfer.reversed_on,
            origin: match transfer.origin {
                Origin::Bank => "bank",
                Origin::Switch => "switch",
                Origin::Phantom => "phantom",
            },
        })
    }
}

/// Narrows a position to 64 bits. A million transfers of the highest amount fit.
fn narrow(position: i128) -> i64 {
    i64::try_from(position).unwrap_or(if position < 0 { i64::MIN } else { i64::MAX })
}

fn display<S: Serializer>(value: &impl fmt::Display, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}

#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
fn display_or_null<S: Serializer>(
    value: &Option<impl fmt::Display>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => to.collect_str(value),
        None => to.serialize_none(),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference to the field")]
fn display_time<S: Serializer>(moment: &Moment, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&timestamp(*moment))
}
