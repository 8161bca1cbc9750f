//! Lays out rows in columns that fit the terminal.

use std::iter;

use super::rows::{Naming, Row};
use super::wrap;
use crate::cli::terminal::{Ink, Style};

/// Spaces between two columns.
const GAP: usize = 2;

/// The minimum width of raw bytes, and the width that they take before values get room.
const RAW: (usize, usize) = (9, 16);

/// The minimum width of a separate column of meanings: a date and time.
const MEANING: usize = 20;

/// The minimum width of values, however narrow the terminal.
const TEXT: usize = 24;

/// The widths of the columns.
struct Columns {
    number: usize,
    label: usize,
    /// 0 if there is no room for formats.
    format: usize,
    byte: usize,
    /// 0 if there is no room for raw bytes.
    raw: usize,
    text: Text,
}

/// The layout of values and meanings.
enum Text {
    /// Each in its own column.
    Apart { value: usize, meaning: usize },
    /// Both in one column, because there is no room for two.
    Together(usize),
}

/// A table.
pub(super) struct Table {
    pub(super) text: String,
    pub(super) omitted: Omitted,
}

/// What is omitted for lack of room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Omitted {
    #[default]
    Nothing,
    /// The end of some raw bytes.
    RawEnds,
    Raw,
    RawAndFormat,
}

impl Table {
    /// Lays out rows as lines of at most `width` columns, under a heading. To make room for values and
    /// meanings, raw bytes are shortened, then omitted, then formats are omitted. If that is not enough,
    /// values and meanings are wrapped.
    pub(super) fn of(rows: &[Row], width: usize, style: Style) -> Self {
        let columns = Columns::fit(rows, width);
        let heading = style.paint(Ink::Heading, &columns.lines(&heading(rows), Style::Plain));
        let lines = rows.iter().map(|row| columns.lines(row, style));
        let text = iter::once(heading).chain(lines).map(|line| line + "\n").collect();
        let omitted = match columns {
            Columns { format: 0, .. } => Omitted::RawAndFormat,
            Columns { raw: 0, .. } => Omitted::Raw,
            Columns { raw, .. } if rows.iter().any(|row| count(&row.raw) > raw) => Omitted::RawEnds,
            Columns { .. } => Omitted::Nothing,
        };
        Self { text, omitted }
    }
}

fn heading(rows: &[Row]) -> Row {
    let [number, label, format, byte, raw, value] =
        ["DE", "name", "format", "byte", "raw", "value"].map(str::to_owned);
    let meant = rows.iter().any(|row| !row.meaning.is_empty());
    let meaning = if meant { "meaning" } else { "" }.to_owned();
    Row { number, label, format, byte, raw, value, meaning }
}

impl Columns {
    fn fit(rows: &[Row], width: usize) -> Self {
        let heading = heading(rows);
        let widest = |cell: fn(&Row) -> &str| {
            rows.iter().chain([&heading]).map(|row| count(cell(row))).max().unwrap_or_default()
        };
        let number = widest(|it| &it.number);
        let label = widest(|it| &it.label).min(Naming::at(width).widest());
        let (format, byte) = (widest(|it| &it.format), widest(|it| &it.byte));
        let mut room = width.saturating_sub(number + label + format + byte + 4 * GAP);
        let value = widest(|it| if it.meaning.is_empty() { "" } else { &it.value });
        let meaning = widest(|it| &it.meaning);
        let unbroken = widest(|it| wrap::longest_word(&it.meaning));
        let least = value + GAP + meaning.min(MEANING.max(unbroken));
        let longest = (value + GAP + meaning).max(widest(|it| &it.value));
        let raw = raw_width(room, least, longest, widest(|it| &it.raw));
        let wider = room + 1..=room + format + GAP;
        let broken = least > room || rows.iter().any(|row| wider.contains(&count(&row.value)));
        let format = if raw == 0 && broken { 0 } else { format };
        if format == 0 {
            room = width.saturating_sub(number + label + byte + 3 * GAP);
        }
        let text = room.saturating_sub(if raw > 0 { raw + GAP } else { 0 }).max(TEXT);
        let text = if least <= text {
            Text::Apart { value, meaning: text - value - GAP }
        } else {
            Text::Together(text)
        };
        Self { number, label, format, byte, raw, text }
    }

    /// Returns a row as one line or more, without the last line end.
    fn lines(&self, row: &Row, style: Style) -> String {
        let labels = wrap::words(&row.label, self.label);
        let texts = self.text.lines(row);
        let lines = (0..labels.len().max(texts.len())).map(|at| {
            let nth = |lines: &[String]| lines.get(at).cloned().unwrap_or_default();
            let front = match at {
                0 => self.front(row, &nth(&labels), style),
                _ => self.front(&Row::default(), &nth(&labels), style),
            };
            format!("{front}{}", nth(&texts)).trim_end().to_owned()
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Returns the columns in front of the value.
    fn front(&self, row: &Row, label: &str, style: Style) -> String {
        let gap = spaces(GAP);
        let Self { number, label: label_width, format, byte, raw, .. } = *self;
        let format =
            if format == 0 { String::new() } else { format!("{:format$}{gap}", row.format) };
        let front = format!(
            "{:>number$}{gap}{label:label_width$}{gap}{format}{:>byte$}{gap}",
            row.number, row.byte
        );
        if raw == 0 {
            return front;
        }
        let bytes = format!("{:raw$}", shortened(&row.raw, raw));
        format!("{front}{}{gap}", style.paint(Ink::Aside, &bytes))
    }
}

impl Text {
    /// Returns the lines of value and meaning. A value without a meaning takes the room of both.
    fn lines(&self, row: &Row) -> Vec<String> {
        let whole = match self {
            Self::Apart { value, meaning } => value + GAP + meaning,
            Self::Together(width) => *width,
        };
        if row.meaning.is_empty() {
            return wrap::characters(&row.value, whole);
        }
        match self {
            Self::Apart { value, meaning } => {
                let meanings = wrap::words(&row.meaning, *meaning).into_iter();
                let values = iter::once(row.value.as_str()).chain(iter::repeat(""));
                let lines = values.zip(meanings);
                lines.map(|(text, words)| format!("{text:value$}{}{words}", spaces(GAP))).collect()
            }
            Self::Together(_) if count(&row.value) + GAP + count(&row.meaning) <= whole => {
                let line = format!("{}{}{}", row.value, spaces(GAP), row.meaning);
                vec![line.replace(wrap::UNBROKEN, " ")]
            }
            Self::Together(_) => {
                let meaning = wrap::words(&format!("{}{}", spaces(GAP), row.meaning), whole);
                wrap::characters(&row.value, whole).into_iter().chain(meaning).collect()
            }
        }
    }
}

/// Returns the width of raw bytes. They yield to values and meanings, and take the rest.
fn raw_width(room: usize, least: usize, longest: usize, widest: usize) -> usize {
    let left_by = |text: usize| room.saturating_sub(text + GAP);
    if left_by(least) < RAW.0 {
        return 0;
    }
    left_by(least).min(RAW.1).max(left_by(longest)).min(widest)
}

fn spaces(count: usize) -> String {
    " ".repeat(count)
}

fn count(text: &str) -> usize {
    text.chars().count()
}

/// Shortens hex that is too long: whole bytes and `…`.
fn shortened(hex: &str, width: usize) -> String {
    if hex.len() <= width {
        return hex.to_owned();
    }
    let indicator = hex.find(' ').map_or(0, |space| space + 1);
    let room = width.saturating_sub(indicator + 1);
    let end = indicator + room / 2 * 2;
    format!("{}…", hex.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(value: &str, meaning: &str) -> Row {
        Row {
            number: "4".to_owned(),
            label: "amount".to_owned(),
            format: "n 12".to_owned(),
            byte: "44".to_owned(),
            raw: "303030313235303030303030".to_owned(),
            value: value.to_owned(),
            meaning: meaning.to_owned(),
        }
    }

    #[test]
    fn raw_bytes_are_shortened_to_whole_bytes() {
        assert_eq!(shortened("30313233", 8), "30313233");
        assert_eq!(shortened("30313233", 7), "303132…");
        assert_eq!(shortened("30313233", 6), "3031…");
        assert_eq!(shortened("3136 39333630", 10), "3136 3933…");
    }

    #[test]
    fn lines_fit_and_values_stay_complete() {
        let value = "0123456789".repeat(9);
        let rows = [row(&value, ""), row("000125000000", "Rp 1,250,000.00")];
        for width in [60, 70, 80, 100, 160] {
            let text = Table::of(&rows, width, Style::Plain).text;
            assert!(text.lines().all(|line| count(line) <= width), "{width}\n{text}");
            let digits: String = text
                .lines()
                .skip(1)
                .take_while(|line| !line.contains("000125000000"))
                .filter_map(|line| line.split_whitespace().next_back())
                .collect();
            assert_eq!(digits, value, "{text}");
        }
    }

    #[test]
    fn colour_does_not_change_the_layout() {
        let rows = [row("000125000000", "Rp 1,250,000.00")];
        let plain = Table::of(&rows, 100, Style::Plain).text;
        let mut coloured = Table::of(&rows, 100, Style::Coloured).text;
        for code in ["\x1b[1m", "\x1b[2m", "\x1b[0m"] {
            coloured = coloured.replace(code, "");
        }
        assert_eq!(coloured, plain);
    }
}
