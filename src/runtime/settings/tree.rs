//! Places in the tree of settings. An element of a list of tables is found by its `name`.

use config::{Value as Tree, ValueKind};

/// Returns the value at a path.
pub(super) fn at<'t>(tree: &'t Tree, path: &[&str]) -> Option<&'t Tree> {
    path.iter().try_fold(tree, |tree, name| match &tree.kind {
        ValueKind::Table(table) => table.get(*name),
        ValueKind::Array(items) => items.iter().find(|item| has_name(item, name)),
        _ => None,
    })
}

fn at_mut<'t>(tree: &'t mut Tree, path: &[&str]) -> Option<&'t mut Tree> {
    path.iter().try_fold(tree, |tree, name| match &mut tree.kind {
        ValueKind::Table(table) => table.get_mut(*name),
        ValueKind::Array(items) => items.iter_mut().find(|item| has_name(item, name)),
        _ => None,
    })
}

fn has_name(item: &Tree, name: &str) -> bool {
    own_name(item) == Some(name)
}

fn own_name(item: &Tree) -> Option<&str> {
    match &at(item, &["name"])?.kind {
        ValueKind::String(name) => Some(name),
        _ => None,
    }
}

/// Returns the names in a table, or of the tables in a list.
pub(super) fn names_at<'t>(tree: &'t Tree, path: &[&str]) -> Vec<&'t str> {
    match at(tree, path).map(|found| &found.kind) {
        Some(ValueKind::Table(table)) => table.keys().map(String::as_str).collect(),
        Some(ValueKind::Array(items)) => items.iter().filter_map(own_name).collect(),
        Some(_) | None => Vec::new(),
    }
}

/// Sets the value at a path, if there is a table for it.
pub(super) fn set(tree: &mut Tree, path: &[&str], value: Tree) {
    let Some((name, parent)) = path.split_last() else { return };
    if let Some(ValueKind::Table(table)) = at_mut(tree, parent).map(|found| &mut found.kind) {
        table.insert((*name).to_owned(), value);
    }
}

/// Removes the value at a path.
pub(super) fn remove(tree: &mut Tree, path: &[&str]) {
    let Some((name, parent)) = path.split_last() else { return };
    if let Some(ValueKind::Table(table)) = at_mut(tree, parent).map(|found| &mut found.kind) {
        table.remove(*name);
    }
}
