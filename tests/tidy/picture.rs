//! The picture of the rooms in `docs/architecture.md`, drawn from the table of allowed imports.

use std::fmt::Write as _;
use std::fs;

use super::imports::{TABLE, floors, read_table};

const PAGE: &str = "docs/architecture.md";
const BEGIN: &str = "<!-- drawn from tests/tidy/imports.txt: begin -->\n";
const END: &str = "<!-- drawn from tests/tidy/imports.txt: end -->\n";

/// Draws the rooms on their floors, each with the rooms that it uses.
fn drawn(table: &str) -> String {
    let (rooms, _) = read_table(table);
    let mut text = String::from("```\n");
    for (number, floor) in floors(&rooms).unwrap().iter().enumerate().rev() {
        for (index, room) in floor.iter().enumerate() {
            let label = if index == 0 { format!("floor {number}") } else { String::new() };
            let used: Vec<_> = rooms[room].iter().map(String::as_str).collect();
            let used = if used.is_empty() { "─".to_owned() } else { wrapped(&used) };
            writeln!(text, "{label:<9} {room:<14} ► {used}").unwrap();
        }
    }
    text + "```\n"
}

/// Joins names, with a line break before a line gets too long.
fn wrapped(names: &[&str]) -> String {
    const WIDTH: usize = 100;
    let indent = " ".repeat(27);
    let (mut text, mut column) = (String::new(), 27);
    for name in names {
        if column + name.len() > WIDTH {
            write!(text, "\n{indent}").unwrap();
            column = 27;
        }
        write!(text, "{name} ").unwrap();
        column += name.len() + 1;
    }
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// Puts the picture of a table into the page.
pub(super) fn draw(table: &str) {
    let page = fs::read_to_string(PAGE).unwrap();
    let (before, _, after) = parts(&page);
    fs::write(PAGE, format!("{before}{BEGIN}{}{END}{after}", drawn(table))).unwrap();
}

/// Returns what stands before the picture, the picture, and what stands after it.
fn parts(page: &str) -> (&str, &str, &str) {
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (picture, after) = rest.split_once(END).unwrap();
    (before, picture, after)
}

#[test]
fn the_picture_in_the_architecture_is_the_table() {
    let page = fs::read_to_string(PAGE).unwrap();
    let (_, picture, _) = parts(&page);
    let drawn = drawn(&fs::read_to_string(TABLE).unwrap());
    assert_eq!(picture, drawn, "TITIAN_TIDY=write cargo test --test rooms tidy:: draws it anew");
}
