//! Reads the subfields of a data element.

use super::map::{Faults, Map};
use super::yaml::{NodeKind, NodeRef};
use super::{Attributes, presentation};
use crate::iso8583::class::Class;
use crate::iso8583::subfields::{FixedSubfield, Subfields, Tag, Tagged};
use crate::masking::Sensitive;

const PART_KEYS: [&str; 8] =
    ["name", "len", "class", "title", "sensitive", "format", "meanings", "optional"];
const TAGGED_KEYS: [&str; 3] = ["tag", "length", "tags"];
const TAG_KEYS: [&str; 7] = ["name", "class", "max", "title", "sensitive", "format", "meanings"];

/// Reads subfields. `attributes` are those of the element, if they have no faults. All subfields of a
/// sensitive element are sensitive: `private` unless they define their own kind.
pub(super) fn read(
    source: &NodeRef,
    path: &str,
    attributes: Option<Attributes>,
    sensitive: Option<Sensitive>,
    faults: &mut Faults,
) -> Option<Subfields> {
    let mut subfields = match &source.node.kind {
        NodeKind::List(items) => {
            Subfields::Fixed(read_parts(items, source, path, attributes, faults)?)
        }
        NodeKind::Scalar(_) | NodeKind::Map(_) => {
            Subfields::Tagged(read_tagged(source, path, attributes, faults)?)
        }
    };
    if sensitive.is_some() {
        for presentation in subfields.presentations_mut() {
            presentation.sensitive.get_or_insert(Sensitive::Private);
        }
    }
    Some(subfields)
}

fn read_parts(
    items: &[NodeRef],
    source: &NodeRef,
    path: &str,
    attributes: Option<Attributes>,
    faults: &mut Faults,
) -> Option<Vec<FixedSubfield>> {
    if items.is_empty() {
        faults.add(source, path, "must have at least one subfield");
        return None;
    }
    let mut parts = Vec::new();
    let mut before = Before { attributes, ..Before::default() };
    for (nth, item) in items.iter().enumerate() {
        parts.push(read_part(item, &format!("{path}[{nth}]"), &mut before, faults));
    }
    let parts: Vec<_> = parts.into_iter().collect::<Option<_>>()?;
    check_length(&parts, source, path, attributes?, faults);
    Some(parts)
}

/// The element of a subfield, and the subfields in front of it.
#[derive(Default)]
struct Before {
    attributes: Option<Attributes>,
    names: Vec<String>,
    length: usize,
    optional: bool,
}

fn read_part(
    item: &NodeRef,
    path: &str,
    before: &mut Before,
    faults: &mut Faults,
) -> Option<FixedSubfield> {
    let map = Map::open_named(item, path, &PART_KEYS, faults)?;
    let name = map.require_word("name", faults).map(str::to_owned);
    let length = map.require_number("len", faults);
    let class = read_class(&map, before.attributes, before.length, faults);
    let title = map.text("title", faults).map(str::to_owned);
    let attributes =
        class.zip(length).map(|(class, length)| Attributes { class, min: length, max: length });
    let presentation = presentation::read(&map, attributes, faults);
    let optional = map.flag("optional", faults).unwrap_or(false);
    if length == Some(0) {
        map.fault("len", "must be at least 1 (got 0)", faults);
    }
    if let Some(name) = &name
        && before.names.contains(name)
    {
        map.fault("name", "duplicate name", faults);
    }
    if optional && before.attributes.is_some_and(|attributes| attributes.min == attributes.max) {
        map.fault("optional", "does not apply to an element with a fixed length", faults);
    } else if before.optional && !optional {
        map.fault("optional", "must be true behind an optional subfield", faults);
    }
    before.names.extend(name.clone());
    before.length += length.unwrap_or(0);
    before.optional |= optional;
    Some(FixedSubfield {
        name: name?,
        title,
        length: length?,
        class: class?,
        optional,
        presentation,
    })
}

/// Reads a class whose values are valid in the element from a position on.
fn read_class(
    map: &Map<'_>,
    element: Option<Attributes>,
    at: usize,
    faults: &mut Faults,
) -> Option<Class> {
    let class = map.require_choice("class", &Class::NAMES, faults)?;
    if matches!(class, Class::B | Class::Z) {
        map.fault("class", format!("a subfield can't have class {class}"), faults);
        return None;
    }
    if let Some(Attributes { class: whole, .. }) = element
        && !whole.includes(class, at)
    {
        map.fault(
            "class",
            format!("class {class} does not fit here into class {whole} of the element"),
            faults,
        );
    }
    Some(class)
}

/// Checks that a value with all subfields fits into the element.
fn check_length(
    parts: &[FixedSubfield],
    source: &NodeRef,
    path: &str,
    attributes: Attributes,
    faults: &mut Faults,
) {
    let length = |parts: &mut dyn Iterator<Item = &FixedSubfield>| {
        parts.map(|part| part.length).sum::<usize>()
    };
    let all = length(&mut parts.iter());
    if !(attributes.min..=attributes.max).contains(&all) {
        let Attributes { min, max, .. } = attributes;
        let allowed = if min == max { max.to_string() } else { format!("{min} to {max}") };
        faults.add(source, path, format!("must have {allowed} characters together (got {all})"));
    }
}

fn read_tagged(
    source: &NodeRef,
    path: &str,
    attributes: Option<Attributes>,
    faults: &mut Faults,
) -> Option<Tagged> {
    let map = Map::open(source, path, &TAGGED_KEYS, faults)?;
    let [tag_width, length_width] = ["tag", "length"].map(|key| read_width(&map, key, faults));
    if let Some(Attributes { class, .. }) = attributes
        && !class.includes(Class::N, 1)
    {
        faults.add(
            source,
            path,
            format!("class {class} of the element does not allow the digits of lengths"),
        );
    }
    let known = map.require("tags", faults);
    let known = known.and_then(|source| Map::open_any(source, &map.at("tags"), faults))?;
    let widths = tag_width.zip(length_width);
    let tag = |entry: &_| read_tag(entry, &known, attributes, widths, faults);
    let tags: Vec<_> = known.entries().iter().map(tag).collect();
    let tags = tags.into_iter().collect::<Option<_>>();
    Some(Tagged { tag_width: tag_width?, length_width: length_width?, tags: tags? })
}

fn read_width(map: &Map<'_>, key: &str, faults: &mut Faults) -> Option<usize> {
    let width = map.require_number(key, faults)?;
    let good = (1..=4).contains(&width);
    if !good {
        map.fault(key, "must be 1 to 4 characters", faults);
    }
    good.then_some(width)
}

fn read_tag(
    entry: &super::yaml::MapEntry,
    known: &Map<'_>,
    attributes: Option<Attributes>,
    widths: Option<(usize, usize)>,
    faults: &mut Faults,
) -> Option<Tag> {
    let key = entry.key.as_str();
    let map = Map::open(&entry.value, &known.at(key), &TAG_KEYS, faults)?;
    let name = map.require_word("name", faults).map(str::to_owned);
    let title = map.text("title", faults).map(str::to_owned);
    let class = read_class(&map, attributes, 1, faults);
    let max = map.require_number("max", faults);
    let own = class.zip(max).map(|(class, max)| Attributes { class, min: 0, max });
    let presentation = presentation::read(&map, own, faults);
    if let Some((tag_width, length_width)) = widths {
        if key.chars().count() != tag_width {
            known.fault(key, format!("must have {tag_width} characters, as `tag` defines"), faults);
        }
        let longest = 10_usize.pow(u32::try_from(length_width).unwrap_or(0)) - 1;
        let left = attributes
            .map_or(longest, |attributes| attributes.max.saturating_sub(tag_width + length_width));
        let most = longest.min(left);
        if max.is_some_and(|max| max > most) {
            map.fault("max", format!("must be at most {most} characters in this element"), faults);
        }
    }
    let class_of_all = attributes.map_or(Class::Ans, |attributes| attributes.class);
    if !key.bytes().all(|byte| class_of_all.accepts(1, byte)) {
        known.fault(key, format!("must be {}", class_of_all.expected()), faults);
    }
    Some(Tag { key: key.to_owned(), name: name?, title, max: max?, class: class?, presentation })
}
