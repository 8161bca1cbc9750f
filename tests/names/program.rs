//! What a running adapter makes: its stores, its metrics, and the export of a transfer.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use axum::http::Method;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use titian::clock::Clock;
use titian::harness::{
    AMPLE_BALANCE, ChannelClient, Folder, Harness, HttpClient, TransferRequest, account, any_port,
};

use super::{Groups, simulator};

const TITIAN: &str = env!("CARGO_BIN_EXE_titian");

/// Names of a run.
pub(crate) struct Run {
    pub(crate) journal: Groups,
    pub(crate) ledger: Groups,
    pub(crate) row: Groups,
    pub(crate) export: Groups,
    pub(crate) metrics: Groups,
    pub(crate) simulator: Groups,
    /// Columns of the accounts file.
    pub(crate) accounts: BTreeSet<String>,
}

/// Runs an adapter with a simulated switch, and makes one transfer.
pub(crate) fn run() -> Run {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = Folder::make(None, "names").unwrap();
        let path = folder.path.clone();
        let mut harness =
            Harness::start(PathBuf::from(TITIAN), folder, 1, [any_port(); 2]).await.unwrap();
        let settings = settings(&harness);
        harness.start_adapter(&settings).await.unwrap();
        let api = HttpClient::new(harness.address("api").unwrap(), Duration::from_secs(30));
        let to = ("002".to_owned(), "1000000001".to_owned());
        let wanted = TransferRequest { number: 1, from: account(1), to, minor: 1_000_000 };
        let (status, body) = ChannelClient::new(api, Clock::new()).submit(&wanted).await.unwrap();
        assert_eq!(status, 200, "{body}");
        let console = HttpClient::new(harness.address("console").unwrap(), Duration::from_secs(30));
        let metrics = metrics(&metrics_text(&console).await);
        let admin = harness.switch.address("admin").unwrap();
        let simulator = simulator::names(&HttpClient::new(admin, Duration::from_secs(30))).await;
        drop(harness.stop().await.unwrap());
        let file = |name: &str| path.join(name);
        let run = Run {
            journal: schema(&file("titian.db")),
            ledger: schema(&file("ledger.db")),
            row: row(&file("titian.db")),
            export: export(&file("titian.db")),
            metrics,
            simulator,
            accounts: columns(&file("accounts.csv")),
        };
        std::fs::remove_dir_all(path).unwrap();
        run
    })
}

fn settings(harness: &Harness) -> PathBuf {
    let folder = &harness.folder;
    let accounts = folder.accounts(10, |_| ("active", AMPLE_BALANCE)).unwrap();
    let switch = harness.switch.address("listen").unwrap();
    let text = format!(
        "{common}[network]\nname = \"nusantara\"\n\n[api]\nlisten = \"{api}\"\nauth = \"none\"\n\n\
         [core]\nledger = {ledger:?}\naccounts_file = {accounts:?}\n",
        common = folder.settings([switch; 2], any_port()),
        api = any_port(),
        ledger = folder.url("ledger.db"),
    );
    folder.write("titian.toml", &text).unwrap()
}

/// The text of `/metrics`, once there is a checkpoint: only then it has an age.
async fn metrics_text(console: &HttpClient) -> String {
    loop {
        let (_, text) = console.send(Method::GET, "/metrics", &[], "").await.unwrap();
        let text = String::from_utf8(text.to_vec()).unwrap();
        if text.contains("checkpoint_age") {
            return text;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn columns(csv: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(csv).unwrap();
    text.lines().next().unwrap().split(',').map(ToOwned::to_owned).collect()
}

/// Tables with their columns, and indexes.
fn schema(path: &Path) -> Groups {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut select = db.prepare("SELECT type, name, tbl_name FROM sqlite_schema").unwrap();
    let row = |row: &rusqlite::Row<'_>| Ok([row.get(0)?, row.get(1)?, row.get::<_, String>(2)?]);
    let mut groups = Groups::new();
    for entry in select.query_map([], row).unwrap() {
        let [kind, name, table] = entry.unwrap();
        let columns = match kind.as_str() {
            "table" => format!("SELECT name || ' ' || type FROM pragma_table_info('{name}')"),
            // SQLite's own indexes of primary keys are not ours to name.
            "index" if name.starts_with("sqlite_") => continue,
            _ => format!("SELECT 'column ' || name FROM pragma_index_info('{name}')"),
        };
        let mut select = db.prepare(&columns).unwrap();
        let columns: BTreeSet<String> =
            select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        let group = if kind == "table" {
            format!("table {name}")
        } else {
            format!("{kind} {name} of {table}")
        };
        groups.insert(group, columns);
    }
    groups
}

/// The metrics of `OpenMetrics` text: name with the labels, and the values of each label that the program names.
fn metrics(text: &str) -> Groups {
    /// Labels whose values settings or the build decide.
    const FREE: [&str; 5] = ["le", "link", "profile", "service", "version"];
    let mut groups = Groups::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (series, _) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let labels: Vec<_> = labels
            .trim_end_matches('}')
            .split(',')
            .filter_map(|label| label.split_once('='))
            .collect();
        let names: Vec<_> = labels.iter().map(|(label, _)| *label).collect();
        let group = if names.is_empty() {
            name.to_owned()
        } else {
            format!("{name}{{{}}}", names.join(","))
        };
        let values = groups.entry(group).or_default();
        for (label, value) in labels.iter().filter(|(label, _)| !FREE.contains(label)) {
            values.insert(format!("{label}={value}"));
        }
    }
    groups
}

/// The keys of the stored rows, but for those of facts.
fn row(store: &Path) -> Groups {
    let db = Connection::open_with_flags(store, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut find = db.prepare("SELECT content FROM transfers_rows").unwrap();
    let mut groups = Groups::new();
    for line in find.query_map([], |row| row.get::<_, String>(0)).unwrap() {
        let document: Value = serde_json::from_str(&line.unwrap()).unwrap();
        collect(&document, "", &mut groups);
    }
    groups
}

/// The keys of `titian export`, but for those of facts.
fn export(store: &Path) -> Groups {
    let db = Connection::open_with_flags(store, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let select = "SELECT json_extract(content, '$.id') FROM transfers_rows
        WHERE content NOT LIKE '{\"id\":\"00000000%' LIMIT 1";
    let id: String = db.query_row(select, [], |row| row.get(0)).unwrap();
    let store = format!("sqlite://{}", store.display());
    let exported = Command::new(TITIAN)
        .args(["export", "--store", &store, "--transfer", &id])
        .output()
        .unwrap();
    let document: Value =
        serde_json::from_slice(&exported.stdout).unwrap_or_else(|_| panic!("{exported:?}"));
    let mut groups = Groups::new();
    collect(&document, "", &mut groups);
    groups
}

pub(crate) fn collect(value: &Value, path: &str, groups: &mut Groups) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                let owner = if path.is_empty() { "(top)".to_owned() } else { path.to_owned() };
                groups.entry(owner).or_default().insert(key.clone());
                if key != "facts" {
                    collect(value, format!("{path}.{key}").trim_start_matches('.'), groups);
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                collect(item, &format!("{path}[]"), groups);
            }
        }
        _ => {}
    }
}
