//! The settlement file of a bank for a business date.

use std::fmt::Write;

use super::Switch;
use super::members::Member;
use super::records::{Number, State, Transfer};
use crate::values::{Date, Moment, Offset, ResponseCode, TimeOfDay};

/// The first line.
const HEADER: &str = "business_date,direction,rrn,stan,acquirer,issuer,processing_code,amount_minor,currency,response_code,transmitted_at,settled\n";

/// What the last line sums up.
#[derive(Default)]
struct Total {
    rows: u64,
    settled: u64,
    out: i128,
    within: i128,
}

impl Switch {
    /// The settlement file of a bank, CSV in UTF-8 with a header; `None` if the date's transfers are forgotten or the date has
    /// not begun.
    ///
    /// A row for each transfer that has an outcome, in the order in which they came. `direction` is `out` where the bank
    /// pays, `in` where it is paid; `settled` says whether money moved and stood at the end of the date. Money that went
    /// back on a later date than it moved is a row of that date, with its amount below zero. `transmitted_at` is DE7 in UTC.
    ///
    /// The last line: `TOTAL`, rows, rows settled, minor units out, minor units in, and the net, in less out.
    #[must_use]
    pub fn settlement(&self, date: Date, bank: Member) -> Option<String> {
        if date > self.ledger.today() || date < self.oldest() {
            return None;
        }
        let mut file = HEADER.to_owned();
        let mut total = Total::default();
        for (_, transfer) in self.records.from(Number(0)) {
            if transfer.acquirer != bank && transfer.issuer != bank {
                continue;
            }
            if transfer.date == date && has_outcome(transfer.state) {
                let settled = transfer.settled();
                self.row(&mut file, &mut total, transfer, bank, (date, 1, settled));
            }
            if transfer.date != date && transfer.returned == Some(date) {
                self.row(&mut file, &mut total, transfer, bank, (date, -1, true));
            }
        }
        let Total { rows, settled, out, within } = total;
        // Writing to a string can't fail, here and below.
        let _ = writeln!(file, "TOTAL,{rows},{settled},{out},{within},{}", within - out);
        Some(file)
    }

    /// The earliest date whose transfers are all remembered: yesterday, as business dates go, or the first that there was.
    fn oldest(&self) -> Date {
        let dates = self.ledger.days().rev().map(|(date, _)| date);
        dates.take(2).last().unwrap_or(self.ledger.today())
    }

    fn row(
        &self,
        file: &mut String,
        total: &mut Total,
        transfer: &Transfer,
        bank: Member,
        (date, sign, settled): (Date, i128, bool),
    ) {
        let code = |member| {
            self.members.institution(member).map(|bank| bank.to_string()).unwrap_or_default()
        };
        let minor = sign * i128::from(transfer.minor);
        let pays = transfer.from() == bank;
        let direction = if pays { "out" } else { "in" };
        total.rows += 1;
        total.settled += u64::from(settled);
        let sum = if pays { &mut total.out } else { &mut total.within };
        *sum += if settled { minor } else { 0 };
        let answered = if transfer.returned.is_some() { State::Approved } else { transfer.state };
        let answered = self.code_of(answered);
        let _ = writeln!(
            file,
            "{date},{direction},{},{},{},{},{},{minor},{},{},{},{settled}",
            transfer.rrn,
            transfer.stan,
            code(transfer.acquirer),
            code(transfer.issuer),
            transfer.processing,
            self.dialect.currency,
            answered.as_ref().map(ResponseCode::as_str).unwrap_or_default(),
            timestamp(transfer.transmitted),
        );
    }
}

const fn has_outcome(state: State) -> bool {
    match state {
        State::Approved | State::Declined(_) | State::Unanswered | State::Reversed => true,
        State::Open(_) | State::Barred => false,
    }
}

/// A moment as `YYYY-MM-DDThh:mm:ssZ`.
pub(super) fn timestamp(moment: Moment) -> String {
    let (date, time) = (Date::of(moment, Offset::UTC), TimeOfDay::of(moment, Offset::UTC));
    format!("{date}T{:02}:{:02}:{:02}Z", time.hour(), time.minute(), time.second())
}
