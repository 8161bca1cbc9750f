//! What the text goes to: how wide it is, and whether it shows colour.

use std::env;
use std::io::IsTerminal;

/// Columns where there is no terminal to ask.
const USUAL_WIDTH: usize = 100;

/// Columns that a line may take: `COLUMNS` if it is set, else the terminal's.
pub(super) fn width() -> usize {
    let set = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let own = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    set.or_else(own).filter(|width| *width > 0).unwrap_or(USUAL_WIDTH)
}

/// What a piece of text is.
#[derive(Clone, Copy)]
pub(super) enum Ink {
    /// A heading.
    Heading,
    /// What is there for those who look for it.
    Aside,
    /// The mark of an error.
    Error,
}

/// Whether text is coloured.
#[derive(Clone, Copy)]
pub(super) enum Style {
    Plain,
    Coloured,
}

impl Style {
    /// Colour is for terminals, unless `NO_COLOR` is set (no-color.org).
    pub(super) fn of(stream: &impl IsTerminal) -> Self {
        let refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        if stream.is_terminal() && !refused && !dumb { Self::Coloured } else { Self::Plain }
    }

    /// The text, coloured as what it is.
    pub(super) fn paint(self, ink: Ink, text: &str) -> String {
        let code = match (self, ink) {
            (Self::Plain, _) => return text.to_owned(),
            (Self::Coloured, Ink::Heading) => "1",
            (Self::Coloured, Ink::Aside) => "2",
            (Self::Coloured, Ink::Error) => "1;31",
        };
        if text.trim().is_empty() { text.to_owned() } else { format!("\x1b[{code}m{text}\x1b[0m") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_text_that_shows_is_coloured() {
        assert_eq!(Style::Plain.paint(Ink::Heading, "DE"), "DE");
        assert_eq!(Style::Coloured.paint(Ink::Heading, "DE"), "\x1b[1mDE\x1b[0m");
        assert_eq!(Style::Coloured.paint(Ink::Aside, "  "), "  ");
    }
}
