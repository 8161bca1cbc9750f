//! The header of a frame as text, both ways.

use super::hex;
use crate::iso8583::{Framing, Header, HeaderByte};

/// A header as JSON has it: as it reads, or in hex; `None` where the network has none.
pub(super) fn text(framing: &Framing, header: &[u8]) -> Option<String> {
    if header.is_empty() {
        return None;
    }
    let reads = header.iter().all(|byte| matches!(byte, b' '..=b'~'));
    match (&framing.header(), reads) {
        (Header::Pattern(_), true) => Some(header.iter().map(|byte| char::from(*byte)).collect()),
        (Header::None | Header::Tpdu | Header::Pattern(_), _) => Some(hex::upper(header)),
    }
}

/// The header of a message to be framed, from its text if there is one. Which of the two forms a text has is
/// plain from its length.
pub(super) fn bytes(framing: &Framing, text: Option<&str>) -> Result<Vec<u8>, String> {
    let Some(text) = text else { return own(framing.header()) };
    let length = length(framing.header());
    let bytes = if text.len() == length {
        Some(text.as_bytes().to_vec())
    } else {
        hex::read(text).ok().filter(|bytes| bytes.len() == length)
    };
    bytes.ok_or_else(|| match length {
        0 => "header: this network's frames have none; leave it out".to_owned(),
        _ => format!("header: takes {}, or that in hex", described(framing.header())),
    })
}

fn length(header: &Header) -> usize {
    match header {
        Header::None => 0,
        Header::Tpdu => 5,
        Header::Pattern(pattern) => pattern.len(),
    }
}

/// The header that is the same in every frame.
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
        let takes = described(header);
        format!(
            "header is missing: frames of this network have {takes}; `decode --framed` shows it"
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
    fn a_header_goes_to_text_and_back() {
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
    fn a_header_that_is_missing_or_does_not_fit_is_told_with_what_would() {
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
        header: this network's frames have none; leave it out
        header is missing: frames of this network have a TPDU, 5 bytes that begin with 60; `decode --framed` shows it
        header: takes a TPDU, 5 bytes that begin with 60, or that in hex
        header is missing: frames of this network have 12 bytes like ISO##50000## (# a digit, ? any byte); `decode --framed` shows it
        "
        );
    }

    #[test]
    fn a_header_that_is_always_the_same_need_not_be_given() {
        let pattern = vec![HeaderByte::Literal(b'A'), HeaderByte::Literal(b'B')];
        assert_eq!(own(&Header::Pattern(pattern)).unwrap(), b"AB");
    }
}
