//! What a drill tells: lines with the time since its beginning, and what became of the orders in a scope.

use std::time::{Duration, Instant};

use super::channel::{Answered, Channel, Kind};
use crate::cli::failure::{Failure, write};
use crate::harness::Tap;
use crate::values::{Institution, ProcessingCode};

/// The clock of the story.
pub(super) struct Story {
    started: Instant,
}

impl Story {
    pub(super) fn begin() -> Self {
        Self { started: Instant::now() }
    }

    /// Tells what happens now.
    pub(super) fn tell(&self, line: &str) -> Result<(), Failure> {
        let millis = self.started.elapsed().as_millis();
        let (minutes, seconds, tenths) = (millis / 60_000, millis / 1_000 % 60, millis / 100 % 10);
        write(&format!("{minutes:02}:{seconds:02}.{tenths}  {line}\n"))
    }

    /// Tells a detail of the line before.
    pub(super) fn detail(name: &str, value: &str) -> Result<(), Failure> {
        write(&format!("           {name:<24} {value}\n"))
    }
}

/// The work that a restriction of the drill covers, outbound.
#[derive(Clone, Copy)]
pub(super) struct Covered {
    pub(super) bank: Option<Institution>,
    pub(super) kind: Option<Kind>,
}

impl Covered {
    fn covers(self, kind: Kind, bank: Institution) -> bool {
        self.kind.is_none_or(|own| own == kind) && self.bank.is_none_or(|own| own == bank)
    }
}

/// The processing codes of transfers and of account inquiries.
#[derive(Clone, Copy)]
pub(super) struct Codes {
    pub(super) transfer: ProcessingCode,
    pub(super) inquiry: ProcessingCode,
}

impl Codes {
    fn kind(self, code: ProcessingCode) -> Option<Kind> {
        match code {
            code if code == self.transfer => Some(Kind::Transfer),
            code if code == self.inquiry => Some(Kind::Inquiry),
            _ => None,
        }
    }
}

/// What became of the orders that were sent since a moment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// Orders in the scope: admitted, refused.
    pub(super) inside: (usize, usize),
    /// Other orders: admitted, refused.
    pub(super) outside: (usize, usize),
}

impl Seen {
    pub(super) fn of(orders: &[Answered], covered: Covered) -> Self {
        let mut seen = Self::default();
        for order in orders {
            let is_inside = covered.covers(order.kind, order.bank);
            let (admitted, refused) = if is_inside { &mut seen.inside } else { &mut seen.outside };
            *(if order.is_admitted { admitted } else { refused }) += 1;
        }
        seen
    }
}

/// A closing: when it was asked for, and when it was answered.
#[derive(Clone, Copy)]
pub(super) struct Closing {
    pub(super) called: Instant,
    pub(super) answered: Instant,
    pub(super) covered: Covered,
}

/// How fast a closing took effect.
pub(super) struct Effect {
    pub(super) answer: Duration,
    /// From the call to the last order that was sent and admitted; `None`: no order was admitted after the call.
    pub(super) last_order: Option<Duration>,
    /// From the call to the last byte of the last request on the wire; `None`: no request after the call.
    pub(super) last_byte: Option<Duration>,
    /// Orders that were sent after the answer, and admitted. There must be none.
    pub(super) too_late: usize,
    pub(super) seen: Seen,
}

impl Closing {
    /// Returns how fast it took effect, from what the channel and the wire saw since.
    pub(super) fn effect(&self, channel: &Channel, (tap, codes): (&Tap, Codes)) -> Effect {
        let Self { called, answered, covered } = *self;
        let orders = channel.since(called);
        let admitted = orders
            .iter()
            .filter(|order| order.is_admitted && covered.covers(order.kind, order.bank))
            .map(|order| order.sent_at);
        let too_late = admitted.clone().filter(|at| *at > answered).count();
        let passed = tap.since(called).into_iter().filter(|passed| {
            let kind = codes.kind(passed.processing_code);
            kind.is_some_and(|kind| covered.covers(kind, passed.bank))
        });
        let after = |at: Option<Instant>| at.map(|at| at.duration_since(called));
        Effect {
            answer: answered.duration_since(called),
            last_order: after(admitted.max()),
            last_byte: after(passed.map(|passed| passed.at).max()),
            too_late,
            seen: Seen::of(&orders, covered),
        }
    }
}

/// Writes a duration in milliseconds.
pub(super) fn millis(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Value as _;

    fn bank(code: &str) -> Institution {
        Institution::from_ascii(code.as_bytes()).unwrap()
    }

    #[test]
    fn orders_are_counted_inside_and_outside_of_a_scope() {
        let order = |kind, code, is_admitted| Answered {
            sent_at: Instant::now(),
            kind,
            bank: bank(code),
            is_admitted,
        };
        let orders = [
            order(Kind::Transfer, "014", false),
            order(Kind::Transfer, "014", true),
            order(Kind::Inquiry, "014", false),
            order(Kind::Transfer, "008", true),
        ];
        let all_of_bank = Covered { bank: Some(bank("014")), kind: None };
        assert_eq!(Seen::of(&orders, all_of_bank).inside, (1, 2));
        assert_eq!(Seen::of(&orders, all_of_bank).outside, (1, 0));
        let transfers = Covered { bank: None, kind: Some(Kind::Transfer) };
        assert_eq!(Seen::of(&orders, transfers).inside, (2, 1));
        assert_eq!(Seen::of(&orders, transfers).outside, (0, 1));
    }
}
