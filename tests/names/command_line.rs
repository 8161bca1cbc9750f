//! Commands, options and arguments of the program.

use clap::{Arg, Command};

use super::Groups;

pub(crate) fn names() -> Groups {
    let mut command = titian::cli::command();
    command.build();
    let mut groups = Groups::new();
    collect(&command, "titian", &mut groups);
    groups
}

fn collect(command: &Command, name: &str, groups: &mut Groups) {
    groups.insert(name.to_owned(), command.get_arguments().map(describe).collect());
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        collect(inner, &format!("{name} {}", inner.get_name()), groups);
    }
}

/// An argument with the name of its value and the values that it can have.
fn describe(arg: &Arg) -> String {
    let values: Vec<_> =
        arg.get_value_names().unwrap_or_default().iter().map(ToString::to_string).collect();
    let value = if arg.get_action().takes_values() {
        format!(" <{}>", values.join(" "))
    } else {
        String::new()
    };
    let possible = arg.get_possible_values();
    let possible: Vec<_> = possible.iter().map(clap::builder::PossibleValue::get_name).collect();
    let possible = if possible.is_empty() || !arg.get_action().takes_values() {
        String::new()
    } else {
        format!(": {}", possible.join(", "))
    };
    match (arg.get_long(), arg.get_short()) {
        (Some(long), Some(short)) => format!("--{long}, -{short}{value}{possible}"),
        (Some(long), None) => format!("--{long}{value}{possible}"),
        (None, Some(short)) => format!("-{short}{value}{possible}"),
        (None, None) => format!("{}{possible}", value.trim()),
    }
}
