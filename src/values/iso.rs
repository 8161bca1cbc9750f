//! Moments as people and other programs read them: ISO 8601.

use jiff::Timestamp;

use super::moment::Moment;

/// Formats a moment as ISO 8601 in UTC: `2026-11-28T16:00:00.250Z`.
#[must_use]
pub fn iso_moment(moment: Moment) -> String {
    let millis = i64::try_from(moment.millis()).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(millis).map_or_else(|_| moment.to_string(), |time| time.to_string())
}

/// Reads a moment of ISO 8601 with an offset; `None` for any other text, and for a moment before 1970.
#[must_use]
pub fn moment_from_iso(text: &str) -> Option<Moment> {
    let time: Timestamp = text.parse().ok()?;
    u64::try_from(time.as_millisecond()).ok().map(Moment::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_as_it_was_written_and_with_any_offset() {
        let moment = Moment::from_millis(1_795_521_600_250);
        assert_eq!(iso_moment(moment), "2026-11-24T12:00:00.25Z");
        assert_eq!(moment_from_iso(&iso_moment(moment)), Some(moment));
        assert_eq!(moment_from_iso("2026-11-24T19:00:00.250+07:00"), Some(moment));
        for wrong in ["", "2026-11-24", "2026-11-24T12:00:00", "1969-12-31T23:59:59Z", "now"] {
            assert_eq!(moment_from_iso(wrong), None, "{wrong}");
        }
    }
}
