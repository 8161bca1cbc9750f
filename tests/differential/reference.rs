//! The reference codec: `iso8583_rs`.

use iso8583_rs::iso8583::iso_spec::{self, Spec};
use titian::iso8583::{Class, MessageLayout};

use super::arbitrary::Draft;

/// `iso8583_rs` with the spec of the environment.
pub(crate) struct Reference {
    spec: &'static Spec,
    /// Whether bitmaps and bits are hex on the wire.
    hex_bitmaps: bool,
}

/// The bytes of an MTI in characters.
const MTI: usize = 4;

impl Reference {
    pub(crate) fn new(hex_bitmaps: bool) -> Self {
        Self { spec: iso_spec::spec(""), hex_bitmaps }
    }

    /// Asserts that it decodes a message to exactly these values.
    pub(crate) fn assert_reads(&self, message: &[u8], layout: &MessageLayout, draft: &Draft) {
        let mut bytes =
            if self.hex_bitmaps { with_binary_bitmaps(message) } else { message.to_vec() };
        let read = self.spec.parse(&mut bytes).unwrap_or_else(|error| panic!("{}", error.msg));
        assert_eq!(
            read.get_field_value(&"message_type".to_owned()).unwrap(),
            draft.mti.to_string()
        );
        assert_eq!(
            read.fd_map.len(),
            draft.values.len() + 2,
            "only MTI and bitmap besides the elements"
        );
        for (de, value) in &draft.values {
            let found = read.bmp_child_value(de.number().into()).unwrap();
            let bits = layout.attributes(*de).unwrap().class == Class::B;
            // It shows binary bits in lower-case hex.
            let expected =
                if bits && !self.hex_bitmaps { value.to_ascii_lowercase() } else { value.clone() };
            assert_eq!(found, expected, "{de}");
        }
    }

    /// Returns its encoding of a message with these values.
    pub(crate) fn encode(&self, draft: &Draft) -> Vec<u8> {
        let mti = draft.mti.to_string();
        let segment = self.spec.get_message_from_header(&mti).unwrap();
        let mut message = iso_spec::new_msg(self.spec, segment);
        message.set("message_type", &mti).unwrap();
        for (de, value) in &draft.values {
            message.set_on(de.number().into(), value).unwrap();
        }
        let bytes = message.assemble().unwrap();
        if self.hex_bitmaps { with_hex_bitmaps(&bytes) } else { bytes }
    }
}

/// Returns the message with binary bitmaps instead of hex.
fn with_binary_bitmaps(message: &[u8]) -> Vec<u8> {
    let (mti, mut rest) = message.split_at(MTI);
    let mut bytes = mti.to_vec();
    loop {
        let (hex, others) = rest.split_at(16);
        let bits = u64::from_str_radix(std::str::from_utf8(hex).unwrap(), 16).unwrap();
        bytes.extend(bits.to_be_bytes());
        rest = others;
        if bits >> 63 == 0 || bytes.len() == MTI + 24 {
            bytes.extend(rest);
            return bytes;
        }
    }
}

/// Returns the message with hex bitmaps instead of binary.
fn with_hex_bitmaps(message: &[u8]) -> Vec<u8> {
    let (mti, mut rest) = message.split_at(MTI);
    let mut bytes = mti.to_vec();
    loop {
        let (bits, others) = rest.split_first_chunk::<8>().unwrap();
        let bits = u64::from_be_bytes(*bits);
        bytes.extend(format!("{bits:016X}").into_bytes());
        rest = others;
        if bits >> 63 == 0 || bytes.len() == MTI + 48 {
            bytes.extend(rest);
            return bytes;
        }
    }
}
