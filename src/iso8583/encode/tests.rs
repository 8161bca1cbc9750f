use std::collections::BTreeSet;

use super::*;
use crate::iso8583::class::Class;
use crate::iso8583::step::candidates::each_element;

#[test]
fn the_short_way_writes_just_what_the_long_way_does() {
    let mut short_ways = BTreeSet::new();
    each_element(|network, message, number, layout, texts| {
        let de = De::new(number).unwrap();
        for text in texts {
            let mut short = BytesMut::zeroed(6 + 4 + text.len());
            let mut long = short.clone();
            let written = message.step(number).put(&text, &mut short, 6, &message.ends);
            match (written, long::write(message, de, &text, &mut long, 6)) {
                (Some(end), Ok(other)) => {
                    assert_eq!(end, other, "{network} {de}: {text:?}");
                    assert_eq!(short[..end], long[..end], "{network} {de}: {text:?}");
                    short_ways.insert((network.to_owned(), number));
                }
                (None, Ok(_)) => {
                    let filled =
                        layout.indicator == Indicator::Fixed && text.len() < layout.max.into();
                    let other = !matches!(layout.class, Class::N | Class::An | Class::Ans);
                    let tagged = matches!(message.subfields(de), Some(Subfields::Tagged(_)));
                    assert!(
                        filled || other || tagged,
                        "{network} {de}: {text:?} goes the long way"
                    );
                }
                (None, Err(_)) => {}
                (Some(_), Err(error)) => panic!("{network}: {error}: {text:?}"),
            }
        }
    });
    assert!(short_ways.len() > 160, "{} elements", short_ways.len());
}
