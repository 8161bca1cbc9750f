//! The header of a frame as text, both ways.

use super::hex;
use crate::hex::upper;
use crate::iso8583::{Framing, Header, HeaderByte};

/// Formats a header for JSON: as text if it is printable, else in hex; `None` if the network has no header.
pub(super) fn text(framing: &Framing, header: &[u8]) -> Option<String> {
    if header.is_empty() {
        return None;
    }
    let reads = header.iter().all(|byte| matches!(byte, b' '..=b'~'));
    match (&framing.header(), reads) {
        (Header::Pattern(_), true) => Some(header.iter().map(|byte| char::from(*byte)).collect()),
        (Header::None | Header::Tpdu | Header::Pattern(_), _) => Some(upper(header)),
    }
}

/// Returns the header of a message to be framed, from its text if there is one. The length of the text shows
/// whether it is hex.
pub(super) fn bytes(framing: &Framing, text: Option<&str>) -> Result<Vec<u8>, String> {
    let Some(text) = text else { return own(framing.header()) };
    let length = length(framing.header());
    let bytes = if text.len() == length {
        Some(text.as_bytes().to_vec())
    } else {
        hex::read(text).ok().filter(|bytes| bytes.len() == length)
    };
    bytes.ok_or_else(|| match length {
        0 => "header: frames of this network have no header: remove it".to_owned(),
        _ => format!("header: must be {}, or the same in hex", described(framing.header())),
    })
}

fn length(header: &Header) -> usize {
    match header {
        Header::None => 0,
        Header::Tpdu => 5,
        Header::Pattern(pattern) => pattern.len(),
    }
}

/// Returns the header that is the same in every frame.
fn own(header: &Header) -> Result<Vec<u8>, String> {
    let literal = |byte: &HeaderByte| match byte {
        HeaderByte::Literal(byte) => Some(*byte),
        HeaderByte::Digit | HeaderByte::Any => None,
    };
    let bytes = match header {
        Header::None => Some(Vec::new()),
        Header::Tpdu => None,
        Header::Pattern(pattern) => pattern.iter().map(literal).collect(),
    };
    bytes.ok_or_else(|| {
        let expected = described(header);
        format!(
            "header is missing: frames of this network have {expected}; `decode --framed` shows it"
        )
    })
}

fn described(header: &Header) -> String {
    match header {
        Header::None => "none".to_owned(),
        Header::Tpdu => "a TPDU, 5 bytes that begin with 60".to_owned(),
        Header::Pattern(pattern) => {
            let shown: String = pattern.iter().map(|byte| shown(*byte)).collect();
            format!("{} bytes like {shown} (# a digit, ? any byte)", pattern.len())
        }
    }
}

fn shown(byte: HeaderByte) -> String {
    match byte {
        HeaderByte::Digit => "#".to_owned(),
        HeaderByte::Any => "?".to_owned(),
        HeaderByte::Literal(byte) => byte.escape_ascii().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iso8583::Spec;

    fn framing(name: &str) -> Framing {
        let (name, text) = Spec::SHIPPED.into_iter().find(|(shipped, _)| *shipped == name).unwrap();
        Spec::parse(name, text).unwrap().framing().clone()
    }

    #[test]
    fn a_header_is_converted_to_text_and_back() {
        for (network, header, expected) in [
            ("nusantara", &b""[..], None),
            ("rendezvous", &[0x60, 0, 1, 0x80, 0], Some("6000018000")),
            ("rendezvous", b"`0000", Some("6030303030")),
            ("holdfast", b"ISO015000010", Some("ISO015000010")),
        ] {
            let framing = framing(network);
            let text = text(&framing, header);
            assert_eq!(text.as_deref(), expected);
            assert_eq!(bytes(&framing, text.as_deref()).unwrap(), header);
        }
    }

    #[test]
    fn a_missing_or_invalid_header_is_reported_with_the_valid_form() {
        let refused = |network, text| bytes(&framing(network), text).unwrap_err();
        insta::assert_snapshot!(
            [
                refused("nusantara", Some("60")),
                refused("rendezvous", None),
                refused("rendezvous", Some("60")),
                refused("holdfast", None),
            ]
            .join("\n"),
            @r"
        header: frames of this network have no header: remove it
        header is missing: frames of this network have a TPDU, 5 bytes that begin with 60; `decode --framed` shows it
        header: must be a TPDU, 5 bytes that begin with 60, or the same in hex
        header is missing: frames of this network have 12 bytes like ISO##50000## (# a digit, ? any byte); `decode --framed` shows it
        "
        );
    }

    #[test]
    fn a_constant_header_is_optional() {
        let pattern = vec![HeaderByte::Literal(b'A'), HeaderByte::Literal(b'B')];
        assert_eq!(own(&Header::Pattern(pattern)).unwrap(), b"AB");
    }
}
