//! X-TIMESTAMP: date, time and UTC offset by ISO 8601.

use std::time::Duration;

use crate::values::{Date, Moment, Offset, TimeOfDay, Value, digits};

/// The largest difference of a timestamp from our clock, in either direction.
const DIFFERENCE_MAX: Duration = Duration::from_mins(5);

/// A moment in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timestamp(pub(super) Moment);

impl Timestamp {
    /// Returns whether the timestamp is within five minutes of now.
    #[must_use]
    pub(super) fn is_current(self, now: Moment) -> bool {
        self.0.since(now).max(now.since(self.0)) <= DIFFERENCE_MAX
    }
}

impl Value for Timestamp {
    const EXPECTED: &'static str =
        "a date and time with an offset, such as 2026-11-24T18:30:00+07:00";

    fn from_ascii(text: &[u8]) -> Option<Self> {
        let (date, rest) = text.split_at_checked(10)?;
        let [b'T', h0, h1, b':', m0, m1, b':', s0, s1, ref rest @ ..] = *rest else { return None };
        let (millis, zone) = fraction(rest)?;
        let offset = if zone == b"Z" { Offset::UTC } else { Offset::from_ascii(zone)? };
        let time = TimeOfDay::from_ascii(&[h0, h1, m0, m1, s0, s1])?;
        let moment = Date::from_ascii(date)?.at(time, offset);
        Some(Self(moment.after(Duration::from_millis(millis))))
    }
}

/// Reads an optional fraction of a second. Returns its milliseconds, and the rest of the text.
fn fraction(text: &[u8]) -> Option<(u64, &[u8])> {
    let Some(text) = text.strip_prefix(b".") else { return Some((0, text)) };
    let end = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (fraction, rest) = text.split_at_checked(end)?;
    let mut millis = *b"000";
    millis.iter_mut().zip(fraction).for_each(|(to, from)| *to = *from);
    let is_short = (1..=9).contains(&fraction.len());
    is_short.then(|| Some((digits(&millis)?, rest)))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> Option<u64> {
        Timestamp::from_ascii(text.as_bytes()).map(|timestamp| timestamp.0.millis())
    }

    #[test]
    fn a_timestamp_is_the_same_moment_in_every_offset() {
        let moment = Some(1_795_545_000_000);
        assert_eq!(millis("2026-11-24T18:30:00Z"), moment);
        assert_eq!(millis("2026-11-25T01:30:00+07:00"), moment);
        assert_eq!(millis("2026-11-24T18:30:00.25Z"), moment.map(|moment| moment + 250));
        for wrong in [
            "",
            "2026-11-24",
            "2026-11-24T18:30:00",
            "2026-11-24 18:30:00Z",
            "2026-11-24T18:30Z",
            "2026-02-30T18:30:00Z",
            "2026-11-24T24:00:00Z",
            "2026-11-24T18:30:00.Z",
            "2026-11-24T18:30:00.0123456789Z",
            "2026-11-24T18:30:00+0700",
            "2026-11-24T18:30:00z",
        ] {
            assert_eq!(millis(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn five_minutes_off_is_current_and_more_is_not() {
        let now = Moment::from_millis(1_795_545_000_000);
        let off = |millis: i64| {
            Timestamp(Moment::from_millis(now.millis().saturating_add_signed(millis)))
        };
        for (millis, current) in
            [(0, true), (300_000, true), (-300_000, true), (300_001, false), (-300_001, false)]
        {
            assert_eq!(off(millis).is_current(now), current, "{millis}");
        }
    }
}
