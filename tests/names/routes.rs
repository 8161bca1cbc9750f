//! HTTP routes, as the routers of the source name them.

use std::collections::BTreeSet;
use std::fs;

use titian::api::Service;

use super::Groups;

/// The files with routers, and what they serve.
const ROUTERS: [(&str, &str); 6] = [
    ("Admin API", "src/admin/routes.rs"),
    ("Admin API: operations", "src/admin/operation_routes.rs"),
    ("Channel API", "src/api/http.rs"),
    ("Console", "src/runtime/health.rs"),
    ("Core banking API", "src/core_banking/server.rs"),
    ("Simulator", "src/simulator/transport/admin.rs"),
];

const METHODS: [&str; 5] = ["delete", "get", "patch", "post", "put"];

pub(crate) fn names() -> Groups {
    let mut groups: Groups = ROUTERS
        .iter()
        .map(|(name, file)| ((*name).to_owned(), routes(&fs::read_to_string(file).unwrap())))
        .collect();
    let services = Service::all().map(|service| format!("POST {}", service.path()));
    groups.get_mut("Channel API").unwrap().extend(services);
    groups
}

/// The routes that a source names: each method and path.
fn routes(source: &str) -> BTreeSet<String> {
    let mut routes = BTreeSet::new();
    for route in source.split(".route(").skip(1) {
        let Some((path, rest)) =
            route.trim_start().strip_prefix('"').and_then(|route| route.split_once('"'))
        else {
            continue;
        };
        let end = rest.find('\n').unwrap_or(rest.len());
        let handlers = &rest[..end];
        let called = |method: &&&str| {
            let call = format!("{method}(");
            handlers.contains(&format!(" {call}")) || handlers.contains(&format!(".{call}"))
        };
        for method in METHODS.iter().filter(called) {
            routes.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    assert!(!routes.is_empty(), "the routers are where they were");
    routes
}

#[test]
fn every_router_is_listed() {
    let mut routers = BTreeSet::new();
    let mut folders = vec![std::path::PathBuf::from("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if fs::read_to_string(&path).is_ok_and(|text| text.contains(".route(\"")) {
                routers.insert(path.display().to_string());
            }
        }
    }
    assert_eq!(routers, ROUTERS.iter().map(|(_, file)| (*file).to_owned()).collect());
}
