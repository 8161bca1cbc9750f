use std::collections::BTreeSet;

use super::*;
use crate::iso8583::fast_path::candidates::each_element;

const BEFORE: &[u8] = b"before";

/// An element as it is on the wire, behind other bytes: length indicator, text, and the bytes `behind` it.
fn on_the_wire(layout: &Layout, text: &[u8], behind: &[u8]) -> Vec<u8> {
    let mut indicator = vec![0; layout.indicator.width()];
    layout.indicator.write(text.len(), &mut indicator);
    [BEFORE, &indicator[..], text, behind].concat()
}

/// Elements whose class, coding or subfields the fast path does not support.
const SLOW_PATH_ONLY: [(&str, u8); 8] = [
    ("nusantara", 97),
    ("rendezvous", 63),
    ("rendezvous", 97),
    ("holdfast", 52),
    ("holdfast", 64),
    ("holdfast", 96),
    ("holdfast", 97),
    ("holdfast", 128),
];

/// The complete element, with more bytes behind it, truncated, and with each byte of its indicator changed.
fn inputs(layout: &Layout, text: &[u8]) -> Vec<Vec<u8>> {
    let whole = on_the_wire(layout, text, b"");
    let mut inputs = vec![on_the_wire(layout, text, b"0"), on_the_wire(layout, text, b"00000000")];
    inputs.push(whole[..whole.len() - 1].to_vec());
    for position in BEFORE.len()..BEFORE.len() + layout.indicator.width() {
        for byte in [b'/', b':', b' ', b'0', b'1', 0xFF] {
            let mut changed = whole.clone();
            changed[position] = byte;
            inputs.push(changed);
        }
    }
    inputs.push(whole);
    inputs
}

#[test]
fn the_fast_path_accepts_only_what_the_slow_path_accepts() {
    let mut both = BTreeSet::new();
    let mut slow_only = BTreeSet::new();
    let mut refused = 0;
    each_element(|network, message, number, layout, texts| {
        for input in texts.flat_map(|text| inputs(layout, &text)) {
            let at = BEFORE.len();
            let short = message.fast_path(number).end_if_valid(&input, at, &message.ends);
            match (short, slow_path(&input, at, message, number)) {
                (Some(end), Ok(long)) => {
                    assert_eq!(end, long, "DE{number} of {network}: {input:?}");
                    both.insert((network.to_owned(), number));
                }
                (None, Ok(_)) => {
                    slow_only.insert((network.to_owned(), number));
                }
                (None, Err(_)) => refused += 1,
                (Some(_), Err(error)) => panic!("{network}: {error}: {input:?}"),
            }
        }
    });
    let expected = SLOW_PATH_ONLY.map(|(network, number)| (network.to_owned(), number));
    assert_eq!(slow_only, BTreeSet::from(expected));
    assert!(both.is_disjoint(&slow_only) && both.len() > 170, "{} elements", both.len());
    assert!(refused > 100_000, "{refused} refused");
}
