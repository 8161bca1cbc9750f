//! The output terminal: its width, and whether text is coloured.

use std::env;
use std::io::IsTerminal;

/// Columns where the output is not a terminal.
const DEFAULT_WIDTH: usize = 100;

/// Returns the columns of a line: `COLUMNS` if it is set, else the terminal's width.
pub(super) fn width() -> usize {
    let set = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let own = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    set.or_else(own).filter(|width| *width > 0).unwrap_or(DEFAULT_WIDTH)
}

/// The role of a piece of text.
#[derive(Clone, Copy)]
pub(super) enum Ink {
    /// A heading.
    Heading,
    /// A detail, shown dim.
    Aside,
    /// The prefix of an error.
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

    /// Returns the text, coloured by its role.
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
    fn blank_text_is_not_coloured() {
        assert_eq!(Style::Plain.paint(Ink::Heading, "DE"), "DE");
        assert_eq!(Style::Coloured.paint(Ink::Heading, "DE"), "\x1b[1mDE\x1b[0m");
        assert_eq!(Style::Coloured.paint(Ink::Aside, "  "), "  ");
    }
}
