//! Names of the simulated switch's admin interface: keys and words of requests, keys of its state, columns of its
//! settlement file. Its readers list what they know when they find an unknown name.

use std::str::from_utf8;

use axum::http::Method;
use serde_json::Value;
use titian::harness::HttpClient;

use super::Groups;
use super::program::collect;

/// Requests with an unknown name, and what the name would be.
const REQUESTS: [(&str, &str, &str, &str); 11] = [
    ("rule", "PUT", "/faults", r#"[{"zzzzzzzz": 1}]"#),
    ("rule.match", "PUT", "/faults", r#"[{"match": {"zzzzzzzz": 1}, "action": "garbage"}]"#),
    ("rule.action", "PUT", "/faults", r#"[{"action": "zzzzzzzz"}]"#),
    ("rule.action.late", "PUT", "/faults", r#"[{"action": {"late": {"zzzzzzzz": 1}}}]"#),
    ("rule.action.decline", "PUT", "/faults", r#"[{"action": {"decline": {"zzzzzzzz": 1}}}]"#),
    ("inbound.kind", "POST", "/inbound", r#"{"kind": "zzzzzzzz"}"#),
    ("inbound of kind credit", "POST", "/inbound", r#"{"kind": "credit", "zzzzzzzz": 1}"#),
    ("inbound of kind reversal", "POST", "/inbound", r#"{"kind": "reversal", "zzzzzzzz": 1}"#),
    ("phantom", "POST", "/phantom", r#"{"zzzzzzzz": 1}"#),
    ("traffic", "PUT", "/traffic", r#"{"zzzzzzzz": 1}"#),
    ("traffic of a bank", "PUT", "/traffic", r#"{"bank": "213", "per_second": 1, "zzzzzzzz": 1}"#),
];

pub(crate) async fn names(admin: &HttpClient) -> Groups {
    let mut groups = Groups::new();
    for (group, method, path, body) in REQUESTS {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let (status, text) = admin.send(method, path, &[], body).await.unwrap();
        let text = from_utf8(&text).unwrap();
        let known =
            text.split_once("known: ").unwrap_or_else(|| panic!("{body}: {status} {text}")).1;
        let known = known.split(['"', ';', '\n']).next().unwrap();
        groups
            .entry(group.to_owned())
            .or_default()
            .extend(known.split(", ").map(ToOwned::to_owned));
    }
    let (_, state) = admin.send(Method::GET, "/state", &[], "").await.unwrap();
    let state: Value = serde_json::from_slice(&state).unwrap();
    collect(&state, "state", &mut groups);
    let path = format!("/settlement/{}.csv", state["business_date"].as_str().unwrap());
    let (status, file) = admin.send(Method::GET, &path, &[], "").await.unwrap();
    assert_eq!(status, 200, "{path}");
    let header = from_utf8(&file).unwrap().lines().next().unwrap();
    groups.insert("settlement file".to_owned(), header.split(',').map(ToOwned::to_owned).collect());
    groups
}
