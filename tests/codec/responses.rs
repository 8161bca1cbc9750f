//! Responses and repeats, derived from the original message.

use std::collections::BTreeMap;

use bytes::BytesMut;
use titian::iso8583::{De, EncodeReason, Mti, Spec};

use super::arbitrary::{check, check_pairs};
use super::same::{draft_of, encoded};
use super::specs;

const CASES: u32 = 300;

#[test]
fn a_response_echoes_bytes_unchanged_and_adds_the_rest() {
    for spec in specs::all() {
        check_pairs(spec, CASES, |(draft, other)| {
            let message = spec.decode(encoded(spec, &draft).freeze()).unwrap();
            let echo: Vec<_> =
                (2..=192).filter_map(De::new).filter(|de| de.number() % 3 != 0).collect();
            let added: Vec<_> =
                other.values.iter().filter(|(de, _)| de.number() % 2 == 0).collect();
            let texts: Vec<_> = added.iter().map(|(de, value)| (*de, value.as_str())).collect();
            let mut buffer = BytesMut::from(&b"before"[..]);
            let written = spec.respond(&message, &echo, &texts, &mut buffer);
            let Some(mti) = response_in(spec, draft.mti) else {
                written.unwrap_err();
                return assert_eq!(buffer, b"before"[..]);
            };
            written.unwrap();
            let response = spec.decode(buffer.split_off(6).freeze()).unwrap();
            assert_eq!((response.mti(), &buffer[..]), (mti, &b"before"[..]));
            let own: Vec<_> = echo.iter().filter_map(|de| message.field(*de)).collect();
            let mut expected: BTreeMap<_, _> =
                own.iter().map(|field| (field.de(), field.reveal().into_owned())).collect();
            expected.extend(added.iter().map(|(de, value)| (*de, value.clone())));
            let found: BTreeMap<_, _> = draft_of(&response).values.into_iter().collect();
            assert_eq!(found, expected);
            for field in own.iter().filter(|field| !texts.iter().any(|(de, _)| *de == field.de())) {
                assert_eq!(response.field(field.de()).unwrap().wire(), field.wire());
            }
        });
    }
}

fn response_in(spec: &Spec, mti: Mti) -> Option<Mti> {
    mti.response().filter(|response| spec.layout_of(*response).is_some())
}

#[test]
fn a_repeat_differs_only_in_the_mti() {
    for spec in specs::all() {
        check(spec, CASES, |draft| {
            let original = encoded(spec, &draft);
            let mut buffer = BytesMut::from(&b"before"[..]);
            let written = spec.repeat(&original, &mut buffer);
            let repeat = draft.mti.repeat().filter(|repeat| spec.layout_of(*repeat).is_some());
            let Some(mti) = repeat else {
                written.unwrap_err();
                return assert_eq!(buffer, b"before"[..]);
            };
            written.unwrap();
            let repeat = super::arbitrary::Draft { mti, values: draft.values };
            assert_eq!(buffer[6..], encoded(spec, &repeat)[..]);
        });
    }
}

#[test]
fn responses_and_invalid_bytes_have_no_repeat() {
    for spec in specs::all() {
        let mut buffer = BytesMut::new();
        let rejected = |original: &[u8], buffer: &mut BytesMut| {
            let reason = spec.repeat(original, buffer).unwrap_err().reason;
            assert!(buffer.is_empty());
            reason
        };
        let response = Mti::new(210).unwrap();
        let mut bytes = BytesMut::new();
        spec.encoder(response, &mut bytes).unwrap().finish();
        assert_eq!(rejected(&bytes, &mut buffer), EncodeReason::NotARequest(response));
        for original in [&b""[..], b"\xFF", b"\xFF\xFF\xFF\xFF"] {
            assert_eq!(rejected(original, &mut buffer), EncodeReason::MtiInvalid);
        }
    }
}
