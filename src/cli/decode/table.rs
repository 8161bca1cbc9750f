//! Rows laid out in columns that fit the terminal.

use std::iter;

use super::rows::{Naming, Row};
use super::wrap;
use crate::cli::terminal::{Ink, Style};

/// Blanks between two columns.
const GAP: usize = 2;

/// The least columns of raw bytes, and as many as they take before values are given room.
const RAW: (usize, usize) = (9, 16);

/// The least columns of a meaning that has a column of its own: a date and time.
const MEANING: usize = 20;

/// The least columns of values, however narrow the terminal.
const TEXT: usize = 24;

/// How wide the columns are.
struct Columns {
    number: usize,
    label: usize,
    /// 0 where there is no room for forms.
    form: usize,
    byte: usize,
    /// 0 where there is no room for raw bytes.
    raw: usize,
    text: Text,
}

/// Where values and meanings stand.
enum Text {
    /// Each in a column of its own.
    Apart { value: usize, meaning: usize },
    /// Both in one, as there is no room for two.
    Together(usize),
}

/// Rows laid out.
pub(super) struct Table {
    pub(super) text: String,
    pub(super) left_out: LeftOut,
}

/// What there was no room for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LeftOut {
    #[default]
    Nothing,
    /// The end of some raw bytes.
    RawEnds,
    Raw,
    RawAndForm,
}

impl Table {
    /// Lays rows out as lines of at most `width` columns, under a heading. Raw bytes are shortened or left out
    /// for values and meanings, then forms are left out; values and meanings are broken over lines where they
    /// must be even so.
    pub(super) fn of(rows: &[Row], width: usize, style: Style) -> Self {
        let columns = Columns::fit(rows, width);
        let heading = style.paint(Ink::Heading, &columns.lines(&heading(rows), Style::Plain));
        let lines = rows.iter().map(|row| columns.lines(row, style));
        let text = iter::once(heading).chain(lines).map(|line| line + "\n").collect();
        let left_out = match columns {
            Columns { form: 0, .. } => LeftOut::RawAndForm,
            Columns { raw: 0, .. } => LeftOut::Raw,
            Columns { raw, .. } if rows.iter().any(|row| count(&row.raw) > raw) => LeftOut::RawEnds,
            Columns { .. } => LeftOut::Nothing,
        };
        Self { text, left_out }
    }
}

fn heading(rows: &[Row]) -> Row {
    let [number, label, form, byte, raw, value] =
        ["DE", "name", "form", "byte", "raw", "value"].map(str::to_owned);
    let meant = rows.iter().any(|row| !row.meaning.is_empty());
    let meaning = if meant { "meaning" } else { "" }.to_owned();
    Row { number, label, form, byte, raw, value, meaning }
}

impl Columns {
    fn fit(rows: &[Row], width: usize) -> Self {
        let heading = heading(rows);
        let widest = |cell: fn(&Row) -> &str| {
            rows.iter().chain([&heading]).map(|row| count(cell(row))).max().unwrap_or_default()
        };
        let number = widest(|it| &it.number);
        let label = widest(|it| &it.label).min(Naming::at(width).widest());
        let (form, byte) = (widest(|it| &it.form), widest(|it| &it.byte));
        let mut room = width.saturating_sub(number + label + form + byte + 4 * GAP);
        let value = widest(|it| if it.meaning.is_empty() { "" } else { &it.value });
        let meaning = widest(|it| &it.meaning);
        let unbroken = widest(|it| wrap::longest_word(&it.meaning));
        let least = value + GAP + meaning.min(MEANING.max(unbroken));
        let longest = (value + GAP + meaning).max(widest(|it| &it.value));
        let raw = raw_width(room, least, longest, widest(|it| &it.raw));
        let wider = room + 1..=room + form + GAP;
        let broken = least > room || rows.iter().any(|row| wider.contains(&count(&row.value)));
        let form = if raw == 0 && broken { 0 } else { form };
        if form == 0 {
            room = width.saturating_sub(number + label + byte + 3 * GAP);
        }
        let text = room.saturating_sub(if raw > 0 { raw + GAP } else { 0 }).max(TEXT);
        let text = if least <= text {
            Text::Apart { value, meaning: text - value - GAP }
        } else {
            Text::Together(text)
        };
        Self { number, label, form, byte, raw, text }
    }

    /// A row as one line or more, without the last line end.
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

    /// The columns in front of the value.
    fn front(&self, row: &Row, label: &str, style: Style) -> String {
        let gap = blanks(GAP);
        let Self { number, label: label_width, form, byte, raw, .. } = *self;
        let form = if form == 0 { String::new() } else { format!("{:form$}{gap}", row.form) };
        let front = format!(
            "{:>number$}{gap}{label:label_width$}{gap}{form}{:>byte$}{gap}",
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
    /// Value and meaning. A value that has no meaning takes the room of both.
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
                lines.map(|(text, words)| format!("{text:value$}{}{words}", blanks(GAP))).collect()
            }
            Self::Together(_) if count(&row.value) + GAP + count(&row.meaning) <= whole => {
                let line = format!("{}{}{}", row.value, blanks(GAP), row.meaning);
                vec![line.replace(wrap::UNBROKEN, " ")]
            }
            Self::Together(_) => {
                let meaning = wrap::words(&format!("{}{}", blanks(GAP), row.meaning), whole);
                wrap::characters(&row.value, whole).into_iter().chain(meaning).collect()
            }
        }
    }
}

/// How wide raw bytes are shown: they give way to values and meanings, and take what those leave.
fn raw_width(room: usize, least: usize, longest: usize, widest: usize) -> usize {
    let left_by = |text: usize| room.saturating_sub(text + GAP);
    if left_by(least) < RAW.0 {
        return 0;
    }
    left_by(least).min(RAW.1).max(left_by(longest)).min(widest)
}

fn blanks(count: usize) -> String {
    " ".repeat(count)
}

fn count(text: &str) -> usize {
    text.chars().count()
}

/// Hex that is too long by its beginning: whole bytes and `…`.
fn shortened(hex: &str, width: usize) -> String {
    if hex.len() <= width {
        return hex.to_owned();
    }
    let indicator = hex.find(' ').map_or(0, |blank| blank + 1);
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
            form: "n 12".to_owned(),
            byte: "44".to_owned(),
            raw: "303030313235303030303030".to_owned(),
            value: value.to_owned(),
            meaning: meaning.to_owned(),
        }
    }

    #[test]
    fn raw_bytes_are_shortened_to_whole_ones() {
        assert_eq!(shortened("30313233", 8), "30313233");
        assert_eq!(shortened("30313233", 7), "303132…");
        assert_eq!(shortened("30313233", 6), "3031…");
        assert_eq!(shortened("3136 39333630", 10), "3136 3933…");
    }

    #[test]
    fn lines_fit_and_nothing_of_a_value_is_lost() {
        let value = "0123456789".repeat(9);
        let rows = [row(&value, ""), row("000125000000", "IDR 1,250,000.00")];
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
    fn colour_takes_no_column() {
        let rows = [row("000125000000", "IDR 1,250,000.00")];
        let plain = Table::of(&rows, 100, Style::Plain).text;
        let mut coloured = Table::of(&rows, 100, Style::Coloured).text;
        for code in ["\x1b[1m", "\x1b[2m", "\x1b[0m"] {
            coloured = coloured.replace(code, "");
        }
        assert_eq!(coloured, plain);
    }
}
