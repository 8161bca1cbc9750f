//! The stored form of a row: one line of JSON, which the hash chain covers byte for byte.
//!
//! ```json
//! {"id":"019a…","at":1795521600000,"state":"sent","open":true,"previous":6,"facts":{"v":1,"facts":[…]}}
//! ```

use std::borrow::Cow;
use std::fmt::Write;

use serde::Deserialize;
use serde::de::{Error as _, IgnoredAny};
use serde_json::value::RawValue;

use super::row::{MessageTrace, Row, StoredFacts, TransferStart};
use crate::hex::{hex, unhex};
use crate::values::{
    IdempotencyKey, Institution, Moment, RequestFingerprint, RequestIdentity, Rrn, Stan, TransferId,
};

/// A row as its line has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LineRow {
    /// The number of the transfer's previous row.
    pub(super) previous: Option<u64>,
    /// The digest of its sealed personal data.
    pub(super) personal: Option<[u8; 32]>,
    /// The row, without its personal data.
    pub(super) row: Row,
}

/// Writes the line of a row. `previous` is the number of the transfer's previous row, `personal` the digest of its sealed personal
/// data.
pub(super) fn write(
    row: &Row,
    previous: Option<u64>,
    personal: Option<[u8; 32]>,
    out: &mut String,
) {
    let Row { id, recorded_at, state, is_open, trace, start, facts, personal: _ } = row;
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "{{\"id\":\"{id}\",\"at\":{},\"state\":\"{state}\",\"open\":{is_open}",
        recorded_at.millis()
    );
    if let Some(previous) = previous {
        let _ = write!(out, ",\"previous\":{previous}");
    }
    if let Some(MessageTrace { stan, rrn, transmission_second }) = trace {
        let _ = write!(out, ",\"trace\":{{\"stan\":\"{stan}\",\"rrn\":\"{rrn}\"");
        if let Some(second) = transmission_second {
            let _ = write!(out, ",\"transmission_second\":{second}");
        }
        out.push('}');
    }
    if let Some(start) = start {
        let RequestIdentity { request_key, reference_key, fingerprint } = start.identity;
        let _ = write!(out, ",\"start\":{{\"request_key\":\"{request_key}\"");
        if let Some(reference) = reference_key {
            let _ = write!(out, ",\"reference_key\":\"{reference}\"");
        }
        let _ = write!(out, ",\"fingerprint\":\"{:032x}\"", fingerprint.0);
        if let Some(bank) = start.requested_by {
            let _ = write!(out, ",\"requested_by\":\"{bank}\"");
        }
        if start.admitted_under > 0 {
            let _ = write!(out, ",\"admitted_under\":{}", start.admitted_under);
        }
        out.push('}');
    }
    if let Some(digest) = personal {
        let _ = write!(out, ",\"personal\":\"{}\"", hex(&digest));
    }
    let _ = write!(out, ",\"facts\":{}}}", facts.0);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'l> {
    id: TransferId,
    at: Moment,
    state: Cow<'l, str>,
    open: bool,
    previous: Option<u64>,
    trace: Option<Trace>,
    start: Option<Start>,
    personal: Option<Cow<'l, str>>,
    #[serde(borrow)]
    facts: &'l RawValue,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Trace {
    stan: Stan,
    rrn: Rrn,
    transmission_second: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Start {
    request_key: IdempotencyKey,
    reference_key: Option<IdempotencyKey>,
    /// It has the form of a key.
    fingerprint: IdempotencyKey,
    requested_by: Option<Institution>,
    #[serde(default)]
    admitted_under: u64,
}

/// Reads a line.
pub(super) fn read(line: &str) -> Result<LineRow, serde_json::Error> {
    let Line { id, at, state, open, previous, trace, start, personal, facts } =
        serde_json::from_str(line)?;
    let digest = |text: Cow<'_, str>| {
        unhex(&text).ok_or_else(|| serde_json::Error::custom("personal is not a digest"))
    };
    let personal = personal.map(digest).transpose()?;
    let trace = trace.map(|Trace { stan, rrn, transmission_second }| MessageTrace {
        stan,
        rrn,
        transmission_second,
    });
    let start = start.map(|start| {
        let Start { request_key, reference_key, fingerprint, requested_by, admitted_under } = start;
        let fingerprint = RequestFingerprint(fingerprint.0);
        let identity = RequestIdentity { request_key, reference_key, fingerprint };
        Box::new(TransferStart { identity, requested_by, admitted_under })
    });
    let row = Row {
        id,
        recorded_at: at,
        state: Cow::Owned(state.into_owned()),
        is_open: open,
        trace,
        start,
        facts: StoredFacts(facts.get().to_owned()),
        personal: None,
    };
    Ok(LineRow { previous, personal, row })
}

/// The parts of a line that say which transfer it belongs to.
#[derive(Deserialize)]
pub(super) struct Outline {
    pub(super) id: TransferId,
    pub(super) open: bool,
    pub(super) start: Option<IgnoredAny>,
}

/// Reads the outline of a line.
pub(super) fn outline(line: &str) -> Result<Outline, serde_json::Error> {
    serde_json::from_str(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Value;

    #[test]
    fn a_row_is_read_as_it_was_written() {
        let stan = Stan::from_ascii(b"000042").unwrap();
        let rrn = Rrn::from_ascii(b"633100700001").unwrap();
        let identity = RequestIdentity {
            request_key: IdempotencyKey(7),
            reference_key: Some(IdempotencyKey(u128::MAX)),
            fingerprint: RequestFingerprint(9),
        };
        let bank = Institution::from_ascii(b"014").unwrap();
        let start = |identity, requested_by: Option<Institution>| {
            let admitted_under = u64::from(requested_by.is_some());
            Some(Box::new(TransferStart { identity, requested_by, admitted_under }))
        };
        let alone = RequestIdentity { reference_key: None, ..identity };
        let trace = |transmission_second| Some(MessageTrace { stan, rrn, transmission_second });
        let rows = [
            (None, None, None),
            (Some(6), trace(None), None),
            (None, trace(Some(5)), start(identity, Some(bank))),
            (None, None, start(alone, None)),
        ];
        for (previous, trace, start) in rows {
            let row = Row {
                id: TransferId(3),
                recorded_at: Moment::from_millis(8),
                state: "sent".into(),
                is_open: true,
                trace,
                start,
                facts: StoredFacts("{\"v\":1, \"facts\":[\"a\\n\"]}".into()),
                personal: None,
            };
            let personal = previous.map(|_| [7; 32]);
            let mut line = String::new();
            write(&row, previous, personal, &mut line);
            assert_eq!(read(&line).unwrap(), LineRow { previous, personal, row }, "{line}");
            assert_eq!(outline(&line).unwrap().id, TransferId(3));
            assert!(read(&line.replacen("\"at\"", "\"to\"", 1)).is_err());
        }
    }
}
