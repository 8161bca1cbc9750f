//! Any text either compiles as a spec or has faults.

use titian::iso8583::{Spec, SpecError};

use super::specs;

fn faults(text: &str) -> usize {
    match Spec::parse("odd", text) {
        Ok(_) => 0,
        Err(SpecError::Faulty { faults, .. }) => faults.len(),
        Err(SpecError::Unreadable { .. }) => panic!("nothing was read"),
    }
}

#[test]
fn huge_numbers_are_faults() {
    let most = usize::MAX.to_string();
    let element = |rest: &str| {
        let element =
            format!("{{ position: 2, name: only, id: 2, {} }}", rest.replace("MOST", &most));
        specs::text_of_layouts(&[("\"0200\"", &element)])
    };
    for rest in [
        "type: Fixed, len: MOST, data_encoding: ASCII, class: n",
        "type: Fixed, len: MOST, data_encoding: ASCII, class: b",
        "type: Fixed, len: MOST, data_encoding: BCD, class: n",
        "type: Fixed, len: MOST, data_encoding: BCD, class: n, digits: MOST",
        "type: Variable, len: MOST, len_encoding: ASCII, data_encoding: ASCII, class: n, max: 9",
        "type: Variable, len: 2, len_encoding: ASCII, data_encoding: ASCII, class: n, max: MOST",
        "type: Variable, len: 2, len_encoding: ASCII, data_encoding: ASCII, class: n, max: 9,
            subfields: [ { name: one, len: MOST, class: n }, { name: two, len: MOST, class: n } ]",
        "type: Variable, len: 2, len_encoding: ASCII, data_encoding: ASCII, class: n, max: 9,
            subfields: { tag: MOST, length: MOST, tags: { \"1\": { name: one, class: n, max: MOST } } }",
    ] {
        assert!(faults(&element(rest)) > 0, "{rest}");
    }
    assert_eq!(faults(&element("type: Fixed, len: 1, data_encoding: BCD, class: n")), 0);
    let framing = specs::text_of_layouts(&[]).replace("big2", &format!("big4, max: {most}"));
    assert!(faults(&framing) > 0);
}

#[test]
fn the_nesting_limit_includes_aliases() {
    let rungs = (1..50_000).map(|rung| format!("- &a{rung} [*a{}]\n", rung - 1));
    let ladder: String = std::iter::once("- &a0 []\n".to_owned()).chain(rungs).collect();
    let Err(SpecError::Faulty { faults, .. }) = Spec::parse("ladder", &ladder) else {
        panic!("it has a fault");
    };
    assert_eq!(faults[0].reason, "nested deeper than 64 levels");
}
