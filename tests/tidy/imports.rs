//! The table of allowed imports, `tests/tidy/imports.txt`: a line for each room with the rooms that it may use, and
//! below it the files of the room from top to bottom. A file may use the files below it in its room, and the files of the
//! modules that it is a part of: `a/b.rs` may extend what `a.rs` defines.
//!
//! `TITIAN_TIDY=write cargo test --test rooms tidy::` writes the table and the picture anew; a change is reviewed like code.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::modules::{Modules, Uses};
use super::{picture, sources};

pub(super) const TABLE: &str = "tests/tidy/imports.txt";

/// Which names use which others.
pub(super) type Graph = BTreeMap<String, BTreeSet<String>>;

/// The room of a file; `None` for the two roots of the crate.
fn room_of(file: &Path) -> Option<String> {
    let inside = file.strip_prefix("src").unwrap();
    let first = inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned();
    (!["main", "lib"].contains(&first.as_str())).then_some(first)
}

/// Which room uses which, and why: a file and what it takes, for each pair.
pub(super) fn rooms(uses: &Uses) -> (Graph, BTreeMap<(String, String), String>) {
    let mut graph: Graph = sources(Path::new("src"))
        .iter()
        .filter_map(|file| room_of(file))
        .map(|room| (room, BTreeSet::new()))
        .collect();
    let mut reasons = BTreeMap::new();
    for (file, providers) in uses {
        let Some(room) = room_of(file) else { continue };
        for (provider, names) in providers {
            let Some(other) = room_of(provider).filter(|other| *other != room) else { continue };
            let reason = format!("{} takes {names:?} from {}", file.display(), provider.display());
            reasons.insert((room.clone(), other.clone()), reason);
            graph.entry(room.clone()).or_default().insert(other);
        }
    }
    (graph, reasons)
}

/// Which file of a room uses which, by their paths in the room.
fn files_of(room: &str, uses: &Uses) -> Graph {
    let files = sources(Path::new("src"));
    let of_room = files.iter().filter(|file| room_of(file).as_deref() == Some(room));
    let name = |file: &Path| file.strip_prefix("src").unwrap().to_str().unwrap().to_owned();
    of_room
        .map(|file: &PathBuf| {
            let providers = uses.get(file).into_iter().flat_map(BTreeMap::keys);
            let inside = providers.filter(|provider| {
                room_of(provider).as_deref() == Some(room)
                    && !file.starts_with(provider.with_extension(""))
            });
            (name(file), inside.map(|provider| name(provider)).collect())
        })
        .collect()
}

/// Sorts names into floors: what uses nothing of the others stands on floor 0, all else above what it uses.
///
/// # Errors
/// The names that use each other in a circle, or stand above one.
pub(super) fn floors(graph: &Graph) -> Result<Vec<Vec<String>>, Vec<String>> {
    let mut placed: BTreeSet<&String> = BTreeSet::new();
    let mut floors = Vec::new();
    while placed.len() < graph.len() {
        let is_next = |(name, uses): &(&String, &BTreeSet<String>)| {
            !placed.contains(name)
                && uses.iter().all(|used| placed.contains(used) || !graph.contains_key(used))
        };
        let floor: Vec<&String> = graph.iter().filter(is_next).map(|(name, _)| name).collect();
        if floor.is_empty() {
            let is_free = |name: &&String| !placed.contains(*name);
            return Err(in_circles(graph, graph.keys().filter(is_free).cloned().collect()));
        }
        placed.extend(&floor);
        floors.push(floor.into_iter().cloned().collect());
    }
    Ok(floors)
}

/// Keeps the names that reach themselves.
fn in_circles(graph: &Graph, names: Vec<String>) -> Vec<String> {
    names.into_iter().filter(|name| reached(graph, name).contains(name)).collect()
}

/// Returns all names that a name uses, directly or through others.
fn reached(graph: &Graph, name: &str) -> BTreeSet<String> {
    let (mut reached, mut waiting) = (BTreeSet::new(), vec![name.to_owned()]);
    while let Some(next) = waiting.pop() {
        for used in graph.get(&next).into_iter().flatten() {
            if reached.insert(used.clone()) {
                waiting.push(used.clone());
            }
        }
    }
    reached
}

/// Writes the table that the source needs.
fn written(uses: &Uses) -> String {
    let (graph, reasons) = rooms(uses);
    let order = floors(&graph).unwrap_or_else(|names| {
        let is_inside = |room: &String| names.contains(room);
        let ties = reasons.iter().filter(|((from, to), _)| is_inside(from) && is_inside(to));
        let ties: Vec<_> = ties.map(|(_, reason)| reason.as_str()).collect();
        panic!("these rooms use each other in a circle: {names:?}\n{}", ties.join("\n"))
    });
    let (mut text, mut circles) = (String::new(), String::new());
    for room in order.iter().rev().flatten() {
        let others: Vec<_> = graph[room].iter().map(String::as_str).collect();
        writeln!(text, "{room}: {}", others.join(" ")).unwrap();
        let files = files_of(room, uses);
        let order = floors(&files).unwrap_or_else(|names| {
            circles += &ties(&names, &files, uses);
            Vec::new()
        });
        for file in order.iter().rev().flatten() {
            writeln!(text, "    {file}").unwrap();
        }
    }
    assert!(circles.is_empty(), "files use each other in circles:\n{circles}");
    text
}

/// Names what ties the files of circles together.
fn ties(names: &[String], files: &Graph, uses: &Uses) -> String {
    let path = |name: &String| Path::new("src").join(name);
    let mut text = String::new();
    for name in names {
        for used in files[name].iter().filter(|used| reached(files, used).contains(name)) {
            writeln!(text, "  {name} takes {:?} from {used}", uses[&path(name)][&path(used)])
                .unwrap();
        }
    }
    text
}

#[test]
fn rooms_and_files_use_only_what_the_table_allows() {
    let uses = Modules::read(&sources(Path::new("src"))).uses();
    assert!(uses.len() > 200, "the search finds the imports");
    if std::env::var("TITIAN_TIDY").is_ok_and(|value| value == "write") {
        let table = written(&uses);
        fs::write(TABLE, &table).unwrap();
        picture::draw(&table);
    }
    let table = fs::read_to_string(TABLE).unwrap();
    let (graph, reasons) = rooms(&uses);
    let (allowed, files) = read_table(&table);
    for (room, used) in &graph {
        let allowed = allowed.get(room).unwrap_or_else(|| panic!("{TABLE}: {room} is missing"));
        let forbidden = used.difference(allowed).map(|other| {
            format!("{room} must not use {other}: {}", reasons[&(room.clone(), other.clone())])
        });
        let forbidden: Vec<_> = forbidden.collect();
        assert!(forbidden.is_empty(), "{TABLE} does not allow this:\n{}", forbidden.join("\n"));
        let unused: Vec<_> = allowed.difference(used).collect();
        assert!(unused.is_empty(), "{TABLE}: {room} does not use {unused:?}: remove it there");
        files_stand_in_order(room, &files[room], &uses);
    }
    assert_eq!(allowed.len(), graph.len(), "{TABLE} names a room that does not exist");
    assert!(floors(&allowed).is_ok(), "{TABLE}: rooms stand in a circle");
}

/// Checks that each file uses only the files after it.
fn files_stand_in_order(room: &str, order: &[String], uses: &Uses) {
    let graph = files_of(room, uses);
    let listed: BTreeSet<_> = order.iter().collect();
    let present: BTreeSet<_> = graph.keys().collect();
    assert_eq!(listed, present, "{TABLE}: the files of {room}");
    let place = |name: &String| order.iter().position(|file| file == name).unwrap();
    for (file, used) in &graph {
        for other in used {
            assert!(
                place(other) > place(file),
                "{file} must not use {other}, which is above it ({TABLE})"
            );
        }
    }
}

/// Reads the table: the rooms that each room may use, and its files in their order.
pub(super) fn read_table(table: &str) -> (Graph, BTreeMap<String, Vec<String>>) {
    let (mut rooms, mut files) = (Graph::new(), BTreeMap::<String, Vec<String>>::new());
    let mut room = String::new();
    for line in table.lines() {
        if let Some(file) = line.strip_prefix("    ") {
            files.entry(room.clone()).or_default().push(file.to_owned());
        } else {
            let (name, used) = line.split_once(':').unwrap();
            name.clone_into(&mut room);
            rooms.insert(room.clone(), used.split_whitespace().map(str::to_owned).collect());
        }
    }
    (rooms, files)
}
