//! Reads what a data element is made of.

use super::map::{Faults, Map};
use super::yaml::{Kind, Place};
use super::{Form, shown};
use crate::iso8583::class::Class;
use crate::iso8583::subfields::{Part, Subfields, Tag, Tagged};
use crate::masking::Sensitive;

const PART_KEYS: [&str; 8] =
    ["name", "len", "class", "title", "sensitive", "format", "meanings", "optional"];
const TAGGED_KEYS: [&str; 3] = ["tag", "length", "tags"];
const TAG_KEYS: [&str; 7] = ["name", "class", "max", "title", "sensitive", "format", "meanings"];

/// Reads subfields. `form` is that of the element's value, if that is known; of a sensitive element each of them
/// is, as what it doesn't call its kind is private.
pub(super) fn read(
    place: &Place,
    path: &str,
    form: Option<Form>,
    sensitive: Option<Sensitive>,
    faults: &mut Faults,
) -> Option<Subfields> {
    let mut subfields = match &place.node.kind {
        Kind::List(items) => Subfields::Fixed(read_parts(items, place, path, form, faults)?),
        Kind::Scalar(_) | Kind::Map(_) => {
            Subfields::Tagged(read_tagged(place, path, form, faults)?)
        }
    };
    if sensitive.is_some() {
        for shown in subfields.shown_mut() {
            shown.sensitive.get_or_insert(Sensitive::Private);
        }
    }
    Some(subfields)
}

fn read_parts(
    items: &[Place],
    place: &Place,
    path: &str,
    form: Option<Form>,
    faults: &mut Faults,
) -> Option<Vec<Part>> {
    if items.is_empty() {
        faults.add(place, path, "takes at least one subfield");
        return None;
    }
    let mut parts = Vec::new();
    let mut before = Before { form, ..Before::default() };
    for (nth, item) in items.iter().enumerate() {
        parts.push(read_part(item, &format!("{path}[{nth}]"), &mut before, faults));
    }
    let parts: Vec<_> = parts.into_iter().collect::<Option<_>>()?;
    check_length(&parts, place, path, form?, faults);
    Some(parts)
}

/// What is known of a subfield's element, and of the subfields before it.
#[derive(Default)]
struct Before {
    form: Option<Form>,
    names: Vec<String>,
    length: usize,
    optional: bool,
}

fn read_part(item: &Place, path: &str, before: &mut Before, faults: &mut Faults) -> Option<Part> {
    let map = Map::open_named(item, path, &PART_KEYS, faults)?;
    let name = map.require_word("name", faults).map(str::to_owned);
    let length = map.require_number("len", faults);
    let class = read_class(&map, before.form, before.length, faults);
    let title = map.text("title", faults).map(str::to_owned);
    let form = class.zip(length).map(|(class, length)| Form { class, min: length, max: length });
    let shown = shown::read(&map, form, faults);
    let optional = map.flag("optional", faults).unwrap_or(false);
    if length == Some(0) {
        map.fault("len", "takes 1 or more", faults);
    }
    if let Some(name) = &name
        && before.names.contains(name)
    {
        map.fault("name", "another subfield has it too", faults);
    }
    if optional && before.form.is_some_and(|form| form.min == form.max) {
        map.fault("optional", "an element of one length has all its subfields", faults);
    } else if before.optional && !optional {
        map.fault("optional", "what follows an optional one is optional too", faults);
    }
    before.names.extend(name.clone());
    before.length += length.unwrap_or(0);
    before.optional |= optional;
    Some(Part { name: name?, title, length: length?, class: class?, optional, shown })
}

/// A class whose values can stand in a value of the element, from a place on.
fn read_class(
    map: &Map<'_>,
    element: Option<Form>,
    at: usize,
    faults: &mut Faults,
) -> Option<Class> {
    let class = map.require_choice("class", &Class::NAMES, faults)?;
    if matches!(class, Class::B | Class::Z) {
        map.fault("class", format!("{class} can't be a subfield's"), faults);
        return None;
    }
    if let Some(Form { class: whole, .. }) = element
        && !whole.includes(class, at)
    {
        map.fault("class", format!("{class} can't stand here in the element's {whole}"), faults);
    }
    Some(class)
}

/// A value of all subfields must fit, and one of none but those that may not be missing.
fn check_length(parts: &[Part], place: &Place, path: &str, form: Form, faults: &mut Faults) {
    let length =
        |parts: &mut dyn Iterator<Item = &Part>| parts.map(|part| part.length).sum::<usize>();
    let all = length(&mut parts.iter());
    if !(form.min..=form.max).contains(&all) {
        let Form { min, max, .. } = form;
        let takes = if min == max { max.to_string() } else { format!("{min} to {max}") };
        faults.add(place, path, format!("have {all} characters, the element {takes}"));
    }
}

fn read_tagged(
    place: &Place,
    path: &str,
    form: Option<Form>,
    faults: &mut Faults,
) -> Option<Tagged> {
    let map = Map::open(place, path, &TAGGED_KEYS, faults)?;
    let [tag_width, length_width] = ["tag", "length"].map(|key| read_width(&map, key, faults));
    if let Some(Form { class, .. }) = form
        && !class.includes(Class::N, 1)
    {
        faults.add(place, path, format!("lengths are digits, which class {class} doesn't admit"));
    }
    let known = map.require("tags", faults);
    let known = known.and_then(|place| Map::open_any(place, &map.at("tags"), faults))?;
    let widths = tag_width.zip(length_width);
    let tag = |entry: &_| read_tag(entry, &known, form, widths, faults);
    let tags: Vec<_> = known.entries().iter().map(tag).collect();
    let tags = tags.into_iter().collect::<Option<_>>();
    Some(Tagged { tag_width: tag_width?, length_width: length_width?, tags: tags? })
}

fn read_width(map: &Map<'_>, key: &str, faults: &mut Faults) -> Option<usize> {
    let width = map.require_number(key, faults)?;
    let good = (1..=4).contains(&width);
    if !good {
        map.fault(key, "takes 1 to 4 characters", faults);
    }
    good.then_some(width)
}

fn read_tag(
    entry: &super::yaml::Entry,
    known: &Map<'_>,
    form: Option<Form>,
    widths: Option<(usize, usize)>,
    faults: &mut Faults,
) -> Option<Tag> {
    let key = entry.key.as_str();
    let map = Map::open(&entry.value, &known.at(key), &TAG_KEYS, faults)?;
    let name = map.require_word("name", faults).map(str::to_owned);
    let title = map.text("title", faults).map(str::to_owned);
    let class = read_class(&map, form, 1, faults);
    let max = map.require_number("max", faults);
    let own = class.zip(max).map(|(class, max)| Form { class, min: 0, max });
    let shown = shown::read(&map, own, faults);
    if let Some((tag_width, length_width)) = widths {
        if key.chars().count() != tag_width {
            known.fault(key, format!("a tag has {tag_width} characters, as `tag` says"), faults);
        }
        let stated = 10_usize.pow(u32::try_from(length_width).unwrap_or(0)) - 1;
        let left = form.map_or(stated, |form| form.max.saturating_sub(tag_width + length_width));
        let most = stated.min(left);
        if max.is_some_and(|max| max > most) {
            map.fault(
                "max",
                format!("a tag of this element has at most {most} characters"),
                faults,
            );
        }
    }
    let class_of_all = form.map_or(Class::Ans, |form| form.class);
    if !key.bytes().all(|byte| class_of_all.admits(1, byte)) {
        known.fault(key, format!("a tag here takes {}", class_of_all.expected()), faults);
    }
    Some(Tag { key: key.to_owned(), name: name?, title, max: max?, class: class?, shown })
}
