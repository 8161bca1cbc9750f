use std::collections::BTreeSet;

use super::*;
use crate::iso8583::step::candidates::each_element;

const BEFORE: &[u8] = b"before";

/// An element as it lies on the wire behind other bytes: its text with its length in front, as the layout
/// has it, and more behind.
fn on_the_wire(layout: &Layout, text: &[u8], behind: &[u8]) -> Vec<u8> {
    let mut indicator = vec![0; layout.indicator.width()];
    layout.indicator.write(text.len(), &mut indicator);
    [BEFORE, &indicator[..], text, behind].concat()
}

/// Elements of a class or with subfields that a step doesn't know.
const ALWAYS_LONG: [(&str, u8); 8] = [
    ("nusantara", 97),
    ("rendezvous", 63),
    ("rendezvous", 97),
    ("holdfast", 52),
    ("holdfast", 64),
    ("holdfast", 96),
    ("holdfast", 97),
    ("holdfast", 128),
];

/// The element whole, with more behind it, cut short, and with each byte of its indicator changed.
fn inputs(layout: &Layout, text: &[u8]) -> Vec<Vec<u8>> {
    let whole = on_the_wire(layout, text, b"");
    let mut inputs = vec![on_the_wire(layout, text, b"0"), on_the_wire(layout, text, b"00000000")];
    inputs.push(whole[..whole.len() - 1].to_vec());
    for place in BEFORE.len()..BEFORE.len() + layout.indicator.width() {
        for byte in [b'/', b':', b' ', b'0', b'1', 0xFF] {
            let mut changed = whole.clone();
            changed[place] = byte;
            inputs.push(changed);
        }
    }
    inputs.push(whole);
    inputs
}

#[test]
fn the_short_way_passes_just_what_the_long_way_does() {
    let mut both = BTreeSet::new();
    let mut long_alone = BTreeSet::new();
    let mut refused = 0;
    each_element(|network, message, number, layout, texts| {
        for input in texts.flat_map(|text| inputs(layout, &text)) {
            let at = BEFORE.len();
            let short = message.step(number).pass(&input, at, &message.ends);
            match (short, long_way(&input, at, message, number)) {
                (Some(end), Ok(long)) => {
                    assert_eq!(end, long, "DE{number} of {network}: {input:?}");
                    both.insert((network.to_owned(), number));
                }
                (None, Ok(_)) => {
                    long_alone.insert((network.to_owned(), number));
                }
                (None, Err(_)) => refused += 1,
                (Some(_), Err(error)) => panic!("{network}: {error}: {input:?}"),
            }
        }
    });
    let expected = ALWAYS_LONG.map(|(network, number)| (network.to_owned(), number));
    assert_eq!(long_alone, BTreeSet::from(expected));
    assert!(both.is_disjoint(&long_alone) && both.len() > 170, "{} elements", both.len());
    assert!(refused > 100_000, "{refused} refused");
}
