//! Look-up of names, and suggestions for mistyped names.

use std::collections::BTreeSet;

/// Returns the name of an item in a table of names; empty if the table does not have it.
pub(crate) fn name_of<T: PartialEq>(names: &[(&'static str, T)], item: &T) -> &'static str {
    names.iter().find(|(_, other)| other == item).map_or("", |(name, _)| name)
}

/// Returns `; did you mean NAME?` with the most similar name, as the end of an error; empty without a similar name.
pub(crate) fn did_you_mean<'n>(typed: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    // The distance of a long text is expensive to compute, and too large anyway.
    let names = names.into_iter().filter(|name| typed.len() <= 2 * name.len());
    let typed = typed.to_lowercase();
    names
        .map(|name| (strsim::damerau_levenshtein(&typed, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= name.len() / 3)
        .min()
        .map_or_else(String::new, |(_, name)| format!("; did you mean {name}?"))
}

/// Returns the most similar name as [`did_you_mean`] does, or else all names in order: `; known: A, B`.
pub(crate) fn suggest_or_list<'n>(typed: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    let names: BTreeSet<_> = names.into_iter().collect();
    let similar = did_you_mean(typed, names.iter().copied());
    if similar.is_empty() && !names.is_empty() {
        let names = names.into_iter().collect::<Vec<_>>().join(", ");
        return format!("; known: {names}");
    }
    similar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_similar_name_is_suggested() {
        let names = ["nusantara", "rendezvous", "holdfast"];
        assert_eq!(did_you_mean("nusantra", names), "; did you mean nusantara?");
        assert_eq!(did_you_mean("Holdfast", names), "; did you mean holdfast?");
        assert_eq!(did_you_mean("visa", names), "");
        assert_eq!(did_you_mean("7", ["6", "8"]), "");
        assert_eq!(suggest_or_list("Holdfast", names), "; did you mean holdfast?");
        assert_eq!(suggest_or_list("visa", ["b", "a", "b"]), "; known: a, b");
        assert_eq!(suggest_or_list("visa", []), "");
    }
}
