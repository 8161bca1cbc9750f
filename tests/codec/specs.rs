//! The specs that promises are held against: those that ship, and two that no network is like.

use std::sync::LazyLock;

use titian::iso8583::Spec;

const CODED: [(&str, &str); 2] =
    [("coded", include_str!("specs/coded.yaml")), ("ebcdic", include_str!("specs/ebcdic.yaml"))];

static ALL: LazyLock<Vec<Spec>> =
    LazyLock::new(|| Spec::SHIPPED.into_iter().chain(CODED).map(parse).collect());

/// All of them, the shipped ones first.
pub(crate) fn all() -> &'static [Spec] {
    &ALL
}

pub(crate) fn shipped() -> &'static [Spec] {
    &ALL[..Spec::SHIPPED.len()]
}

fn parse((name, text): (&str, &str)) -> Spec {
    Spec::parse(name, text).unwrap_or_else(|faults| panic!("{faults}"))
}

/// A spec of one or more layouts, each of MTIs and of elements as a spec writes them.
pub(crate) fn of_layouts(layouts: &[(&str, &str)]) -> Spec {
    parse(("test", &text_of_layouts(layouts)))
}

/// The text of such a spec.
pub(crate) fn text_of_layouts(layouts: &[(&str, &str)]) -> String {
    let mti = "type: Fixed, len: 4, data_encoding: ASCII";
    let layout = |(mtis, elements): &(&str, &str)| {
        format!(
            "  - {{ name: layout, id: 0, selector: [{mtis}], fields: [\n    \
             {{ name: message_type, id: 0, {mti} }},\n    \
             {{ name: bitmap, id: 0, type: Bitmapped, len: 0, data_encoding: BINARY, children: [\n    \
             {elements} ] }} ] }}\n"
        )
    };
    let layouts: String = layouts.iter().map(layout).collect();
    format!(
        "name: test\nid: 0\nframing: {{ length: big2 }}\n\
         header_fields: [ {{ name: mti, id: 0, {mti} }} ]\nmessages:\n{layouts}"
    )
}

/// A spec whose MTI 0200 has just DE2, laid out so.
pub(crate) fn of_element(layout: &str) -> Spec {
    of_layouts(&[("\"0200\"", &format!("{{ position: 2, name: only, id: 2, {layout} }}"))])
}
