//! Text broken over lines.

/// A space at which text is not wrapped.
pub(super) const UNBROKEN: char = '\u{a0}';

/// Returns the longest word of a text, which limits how narrow a line can be.
pub(super) fn longest_word(text: &str) -> &str {
    text.split(' ').max_by_key(|word| word.chars().count()).unwrap_or_default()
}

/// Wraps text at spaces. Further lines have the indent of the first one. A word that is wider than the line
/// stays whole.
pub(super) fn words(text: &str, width: usize) -> Vec<String> {
    let indent = text.chars().take_while(|character| *character == ' ').count();
    let start = " ".repeat(indent);
    let mut lines = Vec::new();
    let mut line = start.clone();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if line.trim().is_empty() {
            line += word;
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.extend([" ", word]);
        } else {
            lines.push(std::mem::replace(&mut line, format!("{start}{word}")));
        }
    }
    lines.push(line);
    lines.iter().map(|line| line.replace(UNBROKEN, " ")).collect()
}

/// Wraps a value at any character, because it is data. Spaces at the ends of a line are shown as `·`, and an
/// empty value as `(empty)`; otherwise both would be invisible.
pub(super) fn characters(value: &str, width: usize) -> Vec<String> {
    if value.is_empty() {
        return vec!["(empty)".to_owned()];
    }
    let characters: Vec<char> = value.chars().collect();
    characters.chunks(width.max(1)).map(ends_shown).collect()
}

fn ends_shown(line: &[char]) -> String {
    let text: String = line.iter().collect();
    let inner = text.trim_matches(' ');
    let leading = text.len() - text.trim_start_matches(' ').len();
    let trailing = text.len() - leading - inner.len();
    [&"·".repeat(leading), inner, &"·".repeat(trailing)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_wrapped_at_spaces_and_keep_their_indent() {
        assert_eq!(words("  Sender's full name", 12), ["  Sender's", "  full name"]);
        assert_eq!(words("", 12), [""]);
        assert_eq!(words("identification", 5), ["identification"]);
        assert_eq!(words("at Rp\u{a0}12.50", 7), ["at", "Rp 12.50"]);
        assert_eq!(longest_word("at Rp\u{a0}12.50"), "Rp\u{a0}12.50");
    }

    #[test]
    fn spaces_at_the_ends_of_a_line_are_visible() {
        assert_eq!(characters("  SITI RAHAYU ", 20), ["··SITI RAHAYU·"]);
        assert_eq!(characters("AB CD", 3), ["AB·", "CD"]);
        assert_eq!(characters("  ", 3), ["··"]);
        assert_eq!(characters("", 3), ["(empty)"]);
    }
}
