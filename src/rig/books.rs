//! The books of three parties side by side: the bank's ledger, the adapter's journal, the switch. They agree to the last
//! minor unit, or something is wrong.

use std::fmt::{self, Write as _};

use super::admin::AtSwitch;
use crate::bank;
use crate::engine::BothBooks;
use crate::transfer::Sums;

/// The books of one currency of all three, when nothing is under way any more.
#[derive(Clone, Debug)]
pub struct ThreeBooks {
    /// The bank's.
    pub bank: bank::Books,
    /// The adapter's, of transfers out.
    pub out: Sums,
    /// The adapter's, of transfers in.
    pub within: Sums,
    /// The switch's.
    pub switch: AtSwitch,
}

/// One line of the table: what it is of, and what each party has, if it has it.
type Line = (&'static str, [Option<i128>; 3]);

impl ThreeBooks {
    /// The three, of the first currency.
    #[must_use]
    pub fn new(bank: bank::Books, adapter: &BothBooks, switch: AtSwitch) -> Self {
        let sums = |out| adapter.rows().find(|row| row.0 == out).map(|row| row.2);
        let (out, within) = (sums(true).unwrap_or_default(), sums(false).unwrap_or_default());
        Self { bank, out, within, switch }
    }

    fn lines(&self) -> [Line; 8] {
        let Self { bank, out, within, switch } = self;
        let unsigned = |sum: u128| i128::try_from(sum).unwrap_or(i128::MAX);
        let minor = |total: bank::Total| i128::from(total.minor);
        let settled = minor(bank.debited) - minor(bank.given_back);
        let received = minor(bank.credited) - minor(bank.taken_back);
        [
            ("debited", [Some(minor(bank.debited)), Some(unsigned(out.taken)), None]),
            ("given back", [Some(minor(bank.given_back)), Some(unsigned(out.given_back)), None]),
            ("in flight", [None, Some(unsigned(out.in_flight)), None]),
            ("sent", [Some(settled), Some(unsigned(out.moved)), Some(unsigned(switch.sent.1))]),
            ("credited", [Some(minor(bank.credited)), Some(unsigned(within.taken)), None]),
            ("taken back", [Some(minor(bank.taken_back)), Some(unsigned(within.given_back)), None]),
            (
                "received",
                [Some(received), Some(unsigned(within.moved)), Some(unsigned(switch.received.1))],
            ),
            (
                "position",
                [
                    Some(-i128::from(bank.clearing)),
                    Some(unsigned(within.moved) - unsigned(out.moved)),
                    Some(switch.position),
                ],
            ),
        ]
    }

    /// The same lines, as far as they must be equal. A posting that was made and cancelled, and neither answer came through, is
    /// in the bank's books alone: it was taken and given back. It is left out.
    fn compared(&self) -> [Line; 8] {
        let mut lines = self.lines();
        let [debited, given_back, _, _, credited, taken_back, ..] = &mut lines;
        for (made, undone) in [(debited, given_back), (credited, taken_back)] {
            let [bank, adapter, _] = made.1;
            let unheard = bank.zip(adapter).map_or(0, |(bank, adapter)| (bank - adapter).max(0));
            for [bank, ..] in [&mut made.1, &mut undone.1] {
                *bank = bank.map(|sum| sum - unheard);
            }
        }
        lines
    }

    /// The lines in which the parties differ, and what else does not balance.
    #[must_use]
    pub fn differences(&self) -> Vec<&'static str> {
        let Self { bank, out, within, switch } = self;
        let differs = |(_, sums): &Line| {
            let mut said = sums.iter().flatten();
            let first = said.next();
            said.any(|sum| Some(sum) != first)
        };
        let mut found: Vec<_> =
            self.compared().into_iter().filter(differs).map(|(name, _)| name).collect();
        let own = [
            (bank.balance(), "the bank's own accounts"),
            (out.balance() && within.balance(), "the adapter's own books"),
            (out.in_flight == 0 && within.in_flight == 0, "what is in flight"),
            (out.lost == 0, "what was paid twice"),
            (switch.balanced, "the switch's own books"),
        ];
        found.extend(own.into_iter().filter(|(holds, _)| !holds).map(|(_, name)| name));
        found
    }
}

impl fmt::Display for ThreeBooks {
    /// A table in rupiah.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<12}{:>24}{:>24}{:>24}", "", "bank", "adapter", "switch")?;
        for (name, sums) in self.lines() {
            write!(f, "{name:<12}")?;
            for sum in sums {
                write!(f, "{:>24}", sum.map_or_else(String::new, rupiah))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// An amount with dots every three digits, as it is written in Indonesia.
fn rupiah(minor: i128) -> String {
    let (whole, rest) = (minor.unsigned_abs() / 100, minor.unsigned_abs() % 100);
    let digits = whole.to_string();
    let mut text = String::from(if minor < 0 { "-" } else { "" });
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('.');
        }
        text.push(digit);
    }
    // Writing to a text doesn't fail.
    let _ = write!(text, ",{rest:02}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bank::Total;

    fn three() -> ThreeBooks {
        let total = |count, minor| Total { count, minor };
        let bank = bank::Books {
            opened: total(1, 10_000_000),
            debited: total(3, 1_000),
            given_back: total(1, 400),
            credited: total(2, 250),
            taken_back: total(0, 0),
            clearing: 350,
            customers: 10_000_000 - 350,
        };
        let out = Sums { taken: 1_000, moved: 600, given_back: 400, ..Sums::default() };
        let within = Sums { taken: 250, moved: 250, ..Sums::default() };
        let switch =
            AtSwitch { sent: (2, 600), received: (2, 250), position: -350, balanced: true };
        ThreeBooks { bank, out, within, switch }
    }

    #[test]
    fn books_that_agree_have_no_differences_and_one_unit_is_one() {
        assert_eq!(three().differences(), [""; 0]);
        let mut phantom = three();
        phantom.switch.sent.1 += 1;
        phantom.switch.position -= 1;
        assert_eq!(phantom.differences(), ["sent", "position"]);
        let mut open = three();
        open.out.in_flight = 5;
        open.out.taken += 5;
        assert_eq!(open.differences(), ["debited", "what is in flight"]);
        let mut unheard = three();
        unheard.bank.debited.minor += 7;
        unheard.bank.given_back.minor += 7;
        assert_eq!(unheard.differences(), [""; 0], "made and cancelled");
        unheard.bank.given_back.minor -= 1;
        assert!(unheard.differences().contains(&"given back"), "made, and not all of it cancelled");
    }

    #[test]
    fn amounts_are_written_as_in_indonesia() {
        assert_eq!(rupiah(12_345_678_905), "123.456.789,05");
        assert_eq!((rupiah(-100_000), rupiah(99)), ("-1.000,00".into(), "0,99".into()));
    }
}
