//! The books of three parties side by side: core banking, the adapter and the switch. They agree to the last minor unit, or
//! something is wrong.

use std::fmt;

use super::admin::SwitchTotals;
use crate::core_banking;
use crate::engine::BooksByDirection;
use crate::transfer::Sums;
use crate::values::display::grouped;

/// The books of one currency at three parties, for a time when no transfer is in flight.
#[derive(Clone, Debug)]
pub struct ThreeBooks {
    /// The books of core banking.
    pub bank: core_banking::Books,
    /// The adapter's books of outbound transfers.
    pub outbound: Sums,
    /// The adapter's books of inbound transfers.
    pub inbound: Sums,
    /// The totals of the switch.
    pub switch: SwitchTotals,
}

/// A row of the table: its name, and the sums of bank, adapter and switch in minor units. `None` where a party has no such sum.
type Row = (&'static str, [Option<i128>; 3]);

impl ThreeBooks {
    /// Compares the books of core banking, the adapter and the switch. Of the adapter's books it takes the first currency.
    #[must_use]
    pub fn new(
        bank: core_banking::Books,
        adapter: &BooksByDirection,
        switch: SwitchTotals,
    ) -> Self {
        let sums = |outbound| adapter.rows().find(|row| row.0 == outbound).map(|row| row.2);
        let (outbound, inbound) = (sums(true).unwrap_or_default(), sums(false).unwrap_or_default());
        Self { bank, outbound, inbound, switch }
    }

    fn rows(&self) -> [Row; 8] {
        let Self { bank, outbound, inbound, switch } = self;
        let signed = |sum: u128| i128::try_from(sum).unwrap_or(i128::MAX);
        let minor = |total: core_banking::Total| i128::from(total.minor);
        let sent = minor(bank.debited) - minor(bank.refunded);
        let received = minor(bank.credited) - minor(bank.credits_reversed);
        [
            ("debited", [Some(minor(bank.debited)), Some(signed(outbound.debited)), None]),
            ("refunded", [Some(minor(bank.refunded)), Some(signed(outbound.refunded)), None]),
            ("in flight", [None, Some(signed(outbound.in_flight)), None]),
            ("sent", [Some(sent), Some(signed(outbound.settled)), Some(signed(switch.sent.1))]),
            ("credited", [Some(minor(bank.credited)), Some(signed(inbound.debited)), None]),
            (
                "credits reversed",
                [Some(minor(bank.credits_reversed)), Some(signed(inbound.refunded)), None],
            ),
            (
                "received",
                [Some(received), Some(signed(inbound.settled)), Some(signed(switch.received.1))],
            ),
            (
                "position",
                [
                    Some(-i128::from(bank.clearing)),
                    Some(signed(inbound.settled) - signed(outbound.settled)),
                    Some(switch.position),
                ],
            ),
        ]
    }

    /// Returns the rows as they must agree.
    ///
    /// A posting that core made and cancelled while both replies were lost is in the books of core banking only: its debit
    /// and its refund, or its credit and its reversal. It is left out here.
    fn comparable_rows(&self) -> [Row; 8] {
        let mut rows = self.rows();
        let [debited, refunded, _, _, credited, credits_reversed, ..] = &mut rows;
        for (posted, cancelled) in [(debited, refunded), (credited, credits_reversed)] {
            let [bank, adapter, _] = posted.1;
            let unknown = bank.zip(adapter).map_or(0, |(bank, adapter)| (bank - adapter).max(0));
            for [bank, ..] in [&mut posted.1, &mut cancelled.1] {
                *bank = bank.map(|sum| sum - unknown);
            }
        }
        rows
    }

    /// Returns the names of the rows in which the parties differ, and of the checks that fail.
    #[must_use]
    pub fn differences(&self) -> Vec<&'static str> {
        let Self { bank, outbound, inbound, switch } = self;
        let differs = |(_, sums): &Row| {
            let mut present = sums.iter().flatten();
            let first = present.next();
            present.any(|sum| Some(sum) != first)
        };
        let mut names: Vec<_> =
            self.comparable_rows().into_iter().filter(differs).map(|(name, _)| name).collect();
        let checks = [
            (bank.is_balanced(), "the bank's books do not balance"),
            (outbound.is_balanced() && inbound.is_balanced(), "the adapter's books do not balance"),
            (outbound.in_flight == 0 && inbound.in_flight == 0, "money is still in flight"),
            (outbound.written_off == 0, "a transfer was paid twice"),
            (switch.is_balanced, "the switch's books do not balance"),
        ];
        names.extend(checks.into_iter().filter(|(holds, _)| !holds).map(|(_, name)| name));
        names
    }
}

impl fmt::Display for ThreeBooks {
    /// Writes the table, with amounts in rupiah. It fits 80 columns.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<16}{:>21}{:>21}{:>21}", "amounts in Rp", "Bank", "Adapter", "Switch")?;
        for (name, sums) in self.rows() {
            write!(f, "{name:<16}")?;
            for sum in sums {
                write!(f, "{:>21}", sum.map_or_else(String::new, major_units))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// Formats minor units of rupiah without the currency: `-1,234,567.89`. The heading of the table has the currency.
fn major_units(minor: i128) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{}", grouped(&minor.unsigned_abs().to_string(), 2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core_banking::Total;

    fn three_books() -> ThreeBooks {
        let total = |count, minor| Total { count, minor };
        let bank = core_banking::Books {
            opened: total(1, 10_000_000),
            debited: total(3, 1_000),
            refunded: total(1, 400),
            credited: total(2, 250),
            credits_reversed: total(0, 0),
            clearing: 350,
            customers: 10_000_000 - 350,
        };
        let outbound = Sums { debited: 1_000, settled: 600, refunded: 400, ..Sums::default() };
        let inbound = Sums { debited: 250, settled: 250, ..Sums::default() };
        let switch =
            SwitchTotals { sent: (2, 600), received: (2, 250), position: -350, is_balanced: true };
        ThreeBooks { bank, outbound, inbound, switch }
    }

    #[test]
    fn equal_books_have_no_differences_and_one_minor_unit_is_a_difference() {
        assert_eq!(three_books().differences(), [""; 0]);
        let mut phantom = three_books();
        phantom.switch.sent.1 += 1;
        phantom.switch.position -= 1;
        assert_eq!(phantom.differences(), ["sent", "position"]);
        let mut open = three_books();
        open.outbound.in_flight = 5;
        open.outbound.debited += 5;
        assert_eq!(open.differences(), ["debited", "money is still in flight"]);
        let mut cancelled = three_books();
        cancelled.bank.debited.minor += 7;
        cancelled.bank.refunded.minor += 7;
        assert_eq!(cancelled.differences(), [""; 0], "posted and cancelled");
        cancelled.bank.refunded.minor -= 1;
        let differences = cancelled.differences();
        assert!(differences.contains(&"refunded"), "posted, and only a part of it cancelled");
    }

    #[test]
    fn the_table_names_the_currency_once() {
        assert_eq!(major_units(12_345_678_905), "123,456,789.05");
        assert_eq!((major_units(-100_000), major_units(99)), ("-1,000.00".into(), "0.99".into()));
        let table = three_books().to_string();
        let mut lines = table.lines();
        let words =
            |line: Option<&str>| line.unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words(lines.next()), "amounts in Rp Bank Adapter Switch");
        assert_eq!(words(lines.next()), "debited 10.00 10.00");
        assert_eq!(words(lines.last()), "position -3.50 -3.50 -3.50");
    }
}
