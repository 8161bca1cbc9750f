//! The names of things: which is whose, and which one was meant by somebody who mistyped it.

/// The name of a thing in a table of all; empty if it has none.
pub(crate) fn name_of<T: PartialEq>(names: &[(&'static str, T)], thing: &T) -> &'static str {
    names.iter().find(|(_, other)| other == thing).map_or("", |(name, _)| name)
}

/// The name that a mistyped one is most like, as the end of an error; empty if it is like none.
pub(crate) fn did_you_mean<'n>(typed: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    // How far a long text is from a name costs much to find out, and is too far.
    let names = names.into_iter().filter(|name| typed.len() <= 2 * name.len());
    let typed = typed.to_lowercase();
    names
        .map(|name| (strsim::damerau_levenshtein(&typed, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= name.len() / 3)
        .min()
        .map_or_else(String::new, |(_, name)| format!("; did you mean {name}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_near_name_is_suggested() {
        let names = ["nusantara", "rendezvous", "holdfast"];
        assert_eq!(did_you_mean("nusantra", names), "; did you mean nusantara?");
        assert_eq!(did_you_mean("Holdfast", names), "; did you mean holdfast?");
        assert_eq!(did_you_mean("visa", names), "");
        assert_eq!(did_you_mean("7", ["6", "8"]), "");
    }
}
