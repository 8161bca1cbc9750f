//! The specs of the tests: the shipped ones, and two that cover all codings.

use std::sync::LazyLock;

use titian::iso8583::Spec;

const CODED: [(&str, &str); 2] =
    [("coded", include_str!("specs/coded.yaml")), ("ebcdic", include_str!("specs/ebcdic.yaml"))];

static ALL: LazyLock<Vec<Spec>> =
    LazyLock::new(|| Spec::SHIPPED.into_iter().chain(CODED).map(parse).collect());

/// Returns all specs, the shipped ones first.
pub(crate) fn all() -> &'static [Spec] {
    &ALL
}

pub(crate) fn shipped() -> &'static [Spec] {
    &ALL[..Spec::SHIPPED.len()]
}

fn parse((name, text): (&str, &str)) -> Spec {
    Spec::parse(name, text).unwrap_or_else(|faults| panic!("{faults}"))
}

/// Builds a spec of layouts, each with its MTIs and its elements in the syntax of specs.
pub(crate) fn of_layouts(layouts: &[(&str, &str)]) -> Spec {
    parse(("test", &text_of_layouts(layouts)))
}

/// Returns the text of such a spec.
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

/// Builds a spec whose MTI 0200 has only DE2, with this layout.
pub(crate) fn of_element(layout: &str) -> Spec {
    of_layouts(&[("\"0200\"", &format!("{{ position: 2, name: only, id: 2, {layout} }}"))])
}
