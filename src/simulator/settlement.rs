//! The settlement file of a bank for a business date.

use std::fmt::Write;

use super::members::Member;
use super::model::Switch;
use super::records::{State, TransferNumber, TransferRecord};
use crate::values::{Date, Moment, Offset, ResponseCode, TimeOfDay};

/// The header line.
const HEADER: &str = "business_date,direction,rrn,stan,acquirer,issuer,processing_code,amount_minor,currency,response_code,transmitted_at,settled\n";

/// The sums of the last line.
#[derive(Default)]
struct Total {
    rows: u64,
    settled: u64,
    outbound: i128,
    inbound: i128,
}

impl Switch {
    /// Returns the settlement file of a bank, CSV in UTF-8 with a header; `None` if the date's transfers are forgotten or the date
    /// has not begun.
    ///
    /// It has a row for each transfer with an outcome, in the order in which the transfers came. `direction` is `out` if the bank
    /// pays and `in` if it is paid. `settled` says whether money moved and was not returned on the same date. Money that a
    /// reversal returned on a later date is a row of that date with a negative amount, and so is what a partial reversal returned. `transmitted_at` is DE7 in UTC.
    ///
    /// The last line: `TOTAL`, rows, settled rows, outbound minor units, inbound minor units, and the net: inbound less outbound.
    #[must_use]
    pub fn settlement_file(&self, date: Date, bank: Member) -> Option<String> {
        if date > self.ledger.today() || date < self.oldest() {
            return None;
        }
        let mut file = HEADER.to_owned();
        let mut total = Total::default();
        for (_, transfer) in self.records.from(TransferNumber(0)) {
            if transfer.acquirer != bank && transfer.issuer != bank {
                continue;
            }
            if transfer.date == date && has_outcome(transfer.state) {
                let settled = transfer.was_settled_on_its_date();
                self.row(&mut file, &mut total, transfer, bank, (date, 1, settled));
            }
            let has_row = transfer.date != date || transfer.returned > 0;
            if has_row && transfer.reversed_on == Some(date) {
                self.row(&mut file, &mut total, transfer, bank, (date, -1, true));
            }
        }
        let Total { rows, settled, outbound, inbound } = total;
        // Writing to a string cannot fail, here and below.
        let _ =
            writeln!(file, "TOTAL,{rows},{settled},{outbound},{inbound},{}", inbound - outbound);
        Some(file)
    }

    /// Returns the earliest date whose transfers are all kept: the business date before today, or the first one.
    fn oldest(&self) -> Date {
        let dates = self.ledger.days().rev().map(|(date, _)| date);
        dates.take(2).last().unwrap_or(self.ledger.today())
    }

    fn row(
        &self,
        file: &mut String,
        total: &mut Total,
        transfer: &TransferRecord,
        bank: Member,
        (date, sign, settled): (Date, i128, bool),
    ) {
        let code = |member| {
            self.members.institution(member).map(|bank| bank.to_string()).unwrap_or_default()
        };
        let is_part = sign < 0 && transfer.returned > 0;
        let minor = if is_part { transfer.returned } else { transfer.minor };
        let minor = sign * i128::from(minor);
        let pays = transfer.from() == bank;
        let direction = if pays { "out" } else { "in" };
        total.rows += 1;
        total.settled += u64::from(settled);
        let sum = if pays { &mut total.outbound } else { &mut total.inbound };
        *sum += if settled { minor } else { 0 };
        let state = if transfer.reversed_on.is_some() { State::Approved } else { transfer.state };
        let code_sent = self.response_code(state);
        let _ = writeln!(
            file,
            "{date},{direction},{},{},{},{},{},{minor},{},{},{},{settled}",
            transfer.rrn,
            transfer.stan,
            code(transfer.acquirer),
            code(transfer.issuer),
            transfer.processing,
            self.rules.currency,
            code_sent.as_ref().map(ResponseCode::as_str).unwrap_or_default(),
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

/// Formats a moment as `YYYY-MM-DDThh:mm:ssZ`.
pub(super) fn timestamp(moment: Moment) -> String {
    let (date, time) = (Date::of(moment, Offset::UTC), TimeOfDay::of(moment, Offset::UTC));
    format!("{date}T{:02}:{:02}:{:02}Z", time.hour(), time.minute(), time.second())
}
