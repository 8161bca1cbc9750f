//! JSON without the blanks between its tokens, as SNAP signs it: in one pass over the bytes, without a tree.

/// The pieces of a JSON text that stand between insignificant blanks. Put together they are the minified text. Blanks
/// within strings stay; what is no JSON comes out in some way or other, and never panics.
pub(super) fn runs(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    let mut inside = false;
    std::iter::from_fn(move || {
        if !inside {
            rest = rest.trim_ascii_start();
        }
        let run = rest.get(..run_length(rest, &mut inside)).filter(|run| !run.is_empty())?;
        rest = rest.get(run.len()..).unwrap_or_default();
        Some(run)
    })
}

/// How long the text goes on before a blank outside of strings. `inside` is whether it stands in a string.
fn run_length(text: &[u8], inside: &mut bool) -> usize {
    let mut escaped = false;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if *inside => escaped = true,
            b'"' => *inside = !*inside,
            _ if !*inside && byte.is_ascii_whitespace() => return at,
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
    fn blanks_between_tokens_go_and_those_in_strings_stay() {
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
        fn what_is_written_wide_is_what_is_written_close(value in json()) {
            let wide = serde_json::to_vec_pretty(&value).unwrap();
            let close = serde_json::to_vec(&value).unwrap();
            prop_assert_eq!(minified(&wide), close.clone());
            prop_assert_eq!(minified(&close), close);
        }

        #[test]
        fn any_bytes_are_taken_and_minified_once_for_all(bytes: Vec<u8>) {
            let once = minified(&bytes);
            prop_assert_eq!(minified(&once), once);
        }
    }
}
