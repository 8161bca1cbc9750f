use std::collections::BTreeSet;

use super::*;
use crate::iso8583::class::Class;
use crate::iso8583::fast_path::candidates::each_element;

#[test]
fn the_fast_path_writes_exactly_what_the_slow_path_writes() {
    let mut fast_paths = BTreeSet::new();
    each_element(|network, message, number, layout, texts| {
        let de = De::new(number).unwrap();
        for text in texts {
            let mut short = BytesMut::zeroed(6 + 4 + text.len());
            let mut long = short.clone();
            let written = message.fast_path(number).write(&text, &mut short, 6, &message.ends);
            match (written, slow_path::write(message, de, &text, &mut long, 6)) {
                (Some(end), Ok(other)) => {
                    assert_eq!(end, other, "{network} {de}: {text:?}");
                    assert_eq!(short[..end], long[..end], "{network} {de}: {text:?}");
                    fast_paths.insert((network.to_owned(), number));
                }
                (None, Ok(_)) => {
                    let padded =
                        layout.indicator == Indicator::Fixed && text.len() < layout.max.into();
                    let other = !matches!(layout.class, Class::N | Class::An | Class::Ans);
                    let tagged = matches!(message.subfields(de), Some(Subfields::Tagged(_)));
                    assert!(
                        padded || other || tagged,
                        "{network} {de}: {text:?} needs the slow path"
                    );
                }
                (None, Err(_)) => {}
                (Some(_), Err(error)) => panic!("{network}: {error}: {text:?}"),
            }
        }
    });
    assert!(fast_paths.len() > 160, "{} elements", fast_paths.len());
}
