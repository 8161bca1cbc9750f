//! What the switch shows of itself.

use std::fmt;

use serde::{Serialize, Serializer};

use super::ledger::Counts;
use super::members::Presence;
use super::records::{Number, Origin, Transfer};
use super::settlement::timestamp;
use super::{Switch, Tally};
use crate::values::{Date, Institution, Moment, ProcessingCode, ResponseCode, Rrn, Stan};

/// The state of the switch, with a page of its transfers. Positions are minor units, above zero what a bank is owed.
#[derive(Clone, Debug, Serialize)]
pub struct Snapshot {
    /// The business date.
    #[serde(serialize_with = "shown")]
    pub business_date: Date,
    /// Whether every movement is two entries that sum to zero.
    pub balanced: bool,
    /// Entries that were booked.
    pub entries: u64,
    /// Questions to banks that wait for their answers.
    pub open_questions: usize,
    /// Transfers that are remembered.
    pub remembered: usize,
    /// The member banks.
    pub banks: Vec<BankView>,
    /// The last business dates, the latest first.
    pub days: Vec<DayView>,
    /// The rules of faults, and how each fared.
    pub faults: Vec<Tally>,
    /// Transfers, in the order in which they came.
    pub transfers: Vec<TransferView>,
    /// Where the next page begins, if there is one.
    pub next: Option<u64>,
}

/// A member bank.
#[derive(Clone, Debug, Serialize)]
pub struct BankView {
    /// Its code.
    #[serde(serialize_with = "shown")]
    pub bank: Institution,
    /// Whether it is there.
    pub presence: Presence,
    /// Its position over all business dates that are kept.
    pub position: i64,
}

/// A business date.
#[derive(Clone, Debug, Serialize)]
pub struct DayView {
    /// Which.
    #[serde(serialize_with = "shown")]
    pub date: Date,
    /// The position of each bank that has one, in the order of the banks.
    pub positions: Vec<PositionView>,
    /// What happened.
    pub counts: Counts,
}

/// A bank's position on a business date.
#[derive(Clone, Debug, Serialize)]
pub struct PositionView {
    /// The bank's code.
    #[serde(serialize_with = "shown")]
    pub bank: Institution,
    /// Minor units.
    pub position: i64,
}

/// A transfer as the switch saw it. It knows no accounts and no names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TransferView {
    /// How many came before it.
    pub number: u64,
    /// The business date on which it came or, if later, had its outcome.
    #[serde(serialize_with = "shown")]
    pub business_date: Date,
    /// The bank that asked.
    #[serde(serialize_with = "shown")]
    pub acquirer: Institution,
    /// The bank that was asked.
    #[serde(serialize_with = "shown")]
    pub issuer: Institution,
    /// DE37.
    #[serde(serialize_with = "shown")]
    pub rrn: Rrn,
    /// DE11.
    #[serde(serialize_with = "shown")]
    pub stan: Stan,
    /// DE3.
    #[serde(serialize_with = "shown")]
    pub processing_code: ProcessingCode,
    /// DE4.
    pub amount_minor: u64,
    /// DE7, with its year.
    #[serde(serialize_with = "at")]
    pub transmitted_at: Moment,
    /// `open`, `approved`, `declined`, `unanswered`, `reversed` or `barred`.
    pub state: &'static str,
    /// What its originator is told of it.
    #[serde(serialize_with = "shown_or_none")]
    pub response_code: Option<ResponseCode>,
    /// Whether money moved that was not given back.
    pub stands: bool,
    /// The business date on which money that had moved was given back.
    #[serde(serialize_with = "shown_or_none")]
    pub returned_on: Option<Date>,
    /// `bank`, `switch` for a bank that it plays, or `phantom`.
    pub origin: &'static str,
}

/// Business dates that are shown at most.
const DAYS_MAX: usize = 31;

impl Switch {
    /// Transfers of one page at most.
    pub const PAGE_MAX: usize = 1_000;

    /// The state, with a page of transfers from a number on.
    #[must_use]
    pub fn snapshot(&self, first: u64, page: usize) -> Snapshot {
        let page = page.min(Self::PAGE_MAX);
        let mut rest = self.transfers(first);
        let transfers = rest.by_ref().take(page).collect();
        Snapshot {
            business_date: self.ledger.today(),
            balanced: self.is_balanced(),
            entries: self.ledger.entries(),
            open_questions: self.questions.len(),
            remembered: self.records.len(),
            banks: self.banks(),
            days: self.days(),
            faults: self.faults.tallies().cloned().collect(),
            transfers,
            next: rest.next().map(|transfer| transfer.number),
        }
    }

    /// The transfers that are remembered, from a number on, in the order in which they came.
    pub fn transfers(&self, first: u64) -> impl Iterator<Item = TransferView> {
        self.records
            .from(Number(first))
            .filter_map(|(number, transfer)| self.view(number, transfer))
    }

    /// What happened on the business date.
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

    fn view(&self, number: Number, transfer: &Transfer) -> Option<TransferView> {
        Some(TransferView {
            number: number.0,
            business_date: transfer.date,
            acquirer: self.members.institution(transfer.acquirer)?,
            issuer: self.members.institution(transfer.issuer)?,
            rrn: transfer.rrn,
            stan: transfer.stan,
            processing_code: transfer.processing,
            amount_minor: transfer.minor,
            transmitted_at: transfer.transmitted,
            state: transfer.state.name(),
            response_code: self.code_of(transfer.state),
            stands: transfer.stands(),
            returned_on: transfer.returned,
            origin: match transfer.origin {
                Origin::Bank => "bank",
                Origin::Played => "switch",
                Origin::Phantom => "phantom",
            },
        })
    }
}

/// A position in the numbers of JSON. A million transfers of the highest amount fit.
fn narrow(position: i128) -> i64 {
    i64::try_from(position).unwrap_or(if position < 0 { i64::MIN } else { i64::MAX })
}

fn shown<S: Serializer>(value: &impl fmt::Display, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}

#[expect(clippy::ref_option, reason = "serde gives a reference to the field")]
fn shown_or_none<S: Serializer>(
    value: &Option<impl fmt::Display>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => to.collect_str(value),
        None => to.serialize_none(),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference to the field")]
fn at<S: Serializer>(moment: &Moment, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&timestamp(*moment))
}
