//! Minified JSON, as SNAP signs it: without the blanks between tokens. One pass over the bytes, without a tree.

/// Returns the pieces of a JSON text between insignificant blanks; concatenated they are the minified text. Blanks in
/// strings stay. The result of a text that is not JSON is unspecified, but never a panic.
pub(super) fn runs(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    let mut in_string = false;
    std::iter::from_fn(move || {
        if !in_string {
            rest = rest.trim_ascii_start();
        }
        let run = rest.get(..run_length(rest, &mut in_string)).filter(|run| !run.is_empty())?;
        rest = rest.get(run.len()..).unwrap_or_default();
        Some(run)
    })
}

/// Returns the length of the text up to the next blank outside of strings. `in_string` says whether it begins in a string.
fn run_length(text: &[u8], in_string: &mut bool) -> usize {
    let mut escaped = false;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if *in_string => escaped = true,
            b'"' => *in_string = !*in_string,
            _ if !*in_string && byte.is_ascii_whitespace() => return at,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn minified(text: &[u8]) -> Vec<u8> {
        runs(text).collect::<Vec<_>>().concat()
    }

    #[test]
    fn blanks_between_tokens_are_removed_and_those_in_strings_stay() {
        let text = b" { \"a b\" :\t[ 1 ,\r\n \"c \\\" d\" ] }\n";
        assert_eq!(minified(text), b"{\"a b\":[1,\"c \\\" d\"]}");
        assert!(minified(b" \n").is_empty() && minified(b"").is_empty());
        assert_eq!(minified(b"\"\\\\\" , 1"), b"\"\\\\\",1", "an escaped backslash ends no escape");
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[ \\\\\"a{}\\[\\]:,\n\té]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec(("[ \\\\\"a:]{0,6}", inner), 0..6)
                    .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn pretty_json_minifies_to_compact_json(value in json()) {
            let pretty = serde_json::to_vec_pretty(&value).unwrap();
            let compact = serde_json::to_vec(&value).unwrap();
            prop_assert_eq!(minified(&pretty), compact.clone());
            prop_assert_eq!(minified(&compact), compact);
        }

        #[test]
        fn any_bytes_are_minified_and_a_second_time_changes_nothing(bytes: Vec<u8>) {
            let once = minified(&bytes);
            prop_assert_eq!(minified(&once), once);
        }
    }
}
