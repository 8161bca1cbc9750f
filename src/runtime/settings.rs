//! The settings of the adapter, read whole: every fault of all sections is found, each with its file and key.

mod links;
mod store;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use std::{env, fs};

use config::{Value as Tree, ValueKind};
pub use links::{Link, LinkWay};
pub use store::Store;

use tracing_subscriber::filter::LevelFilter;

use crate::api::{self, Ground};
use crate::bank;
use crate::engine::{self, Pace};
use crate::iso8583::Spec;
use crate::network::{Bank, Network};
use crate::settings::{Fault, Faults, Layers, Section, overlay, tree};
use crate::spelling::did_you_mean;
use crate::values::{Offset, ProcessingCode};

/// What every key is unless somebody says otherwise.
pub const SHIPPED: &str = include_str!("../../config/default.toml");

/// Bytes of a profile or a spec at most.
const PROFILE_MAX: u64 = 4 * 1024 * 1024;

const LEVELS: [(&str, LevelFilter); 4] = [
    ("error", LevelFilter::ERROR),
    ("warn", LevelFilter::WARN),
    ("info", LevelFilter::INFO),
    ("debug", LevelFilter::DEBUG),
];

/// Deadlines that one turn of the loop handles at most.
const DUE_A_TICK: usize = 1024;

/// The settings.
pub struct Settings {
    /// The number of this node, 0 to 35.
    pub node: u8,
    /// The switch.
    pub network: Network,
    /// The journal.
    pub store: Store,
    /// The sessions to the switch.
    pub links: Vec<Link>,
    /// The channel API.
    pub api: api::Settings,
    /// Core banking.
    pub core: bank::Settings,
    /// Where health and metrics are asked for.
    pub console: SocketAddr,
    /// Bounds.
    pub limits: Limits,
    /// How much is logged.
    pub log: LevelFilter,
    /// All keys, to see what a later reading changes.
    pub(super) tree: Tree,
}

/// Bounds of the node.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Those of the engine.
    pub engine: engine::Limits,
    /// How fast what is overdue is taken up again.
    pub pace: Pace,
    /// How long a stop may wait for answers.
    pub drain: Duration,
}

impl Settings {
    /// Reads the layers, and all files that they name.
    ///
    /// # Errors
    /// Every fault that was found.
    pub fn load(layers: &Layers) -> Result<Self, Vec<Fault>> {
        let variables = env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        let tree = layers.tree(variables)?;
        let faults = Faults::default();
        let read =
            Section::top("config/default.toml", &tree, &faults).and_then(|top| read(&top, &faults));
        match (read, faults.all()) {
            (Some(read), faults) if faults.is_empty() => Ok(read.with(tree)),
            (_, faults) => Err(faults),
        }
    }
}

/// The settings before it is known that nothing is wrong with them.
struct Read {
    node: u8,
    network: Network,
    store: Store,
    links: Vec<Link>,
    api: api::Settings,
    core: bank::Settings,
    console: SocketAddr,
    limits: Limits,
    log: LevelFilter,
}

impl Read {
    fn with(self, tree: Tree) -> Settings {
        let Self { node, network, store, links, api, core, console, limits, log } = self;
        Settings { node, network, store, links, api, core, console, limits, log, tree }
    }
}

fn read(top: &Section<'_>, faults: &Faults) -> Option<Read> {
    let bank = top.section("bank").map(|section| read_bank(&section));
    let network = top.section("network");
    let own = bank.as_ref().and_then(|bank| bank.code.clone());
    let network = network.and_then(|section| read_network(&section, own, faults));
    let store = top.section("store");
    let node = bank.as_ref().and_then(|bank| bank.node);
    let store = store.and_then(|section| Store::read(&section, node));
    let links = links::read(top);
    let core = top.section("core").and_then(|section| bank::Settings::read(&section));
    let ground = || {
        let ((network, transfer), bank, core) = (network.as_ref()?, bank.as_ref()?, core.as_ref()?);
        Some(Ground {
            transfer: *transfer,
            inquiry: network.name_inquiry(),
            currency: network.currency(),
            offset: bank.offset?,
            debit: core.debit,
        })
    };
    let api = top.section("api").and_then(|section| api::Settings::read(&section, ground()));
    let console = top.section("console").and_then(|section| section.address("listen"));
    let limits = top.section("limits").and_then(|section| read_limits(&section));
    let log = top.section("telemetry").and_then(|section| section.choice("log", &LEVELS));
    Some(Read {
        node: node?,
        network: network?.0,
        store: store?,
        links: links?,
        api: api?,
        core: core?,
        console: console?,
        limits: limits?,
        log: log?,
    })
}

/// The bank, and which of its nodes this is, as far as nothing is wrong with it.
struct OwnBank {
    code: Option<Bank>,
    node: Option<u8>,
    offset: Option<Offset>,
}

fn read_bank(section: &Section<'_>) -> OwnBank {
    let code = section.value("code");
    let forwarder = if section.has("forwarder") { section.value("forwarder") } else { code };
    let iin = section.value("iin");
    let node = section.number("node", &(0..=35)).and_then(|node| u8::try_from(node).ok());
    let offset = section.value("utc_offset");
    let codes = code.zip(forwarder).zip(iin);
    let code = codes.map(|((code, forwarder), iin)| Bank { code, forwarder, iin });
    OwnBank { code, node, offset }
}

/// The network, and how it codes a transfer.
fn read_network(
    section: &Section<'_>,
    bank: Option<Bank>,
    faults: &Faults,
) -> Option<(Network, ProcessingCode)> {
    let (name, profile, spec) = if section.has("profile") {
        // What is shipped says a name.
        let _overruled = section.has("name");
        let profile = section.text("profile", named_file);
        let spec = section.text("spec", |path| {
            let (_, text) = named_file(path)?;
            Spec::parse(path, &text).map_err(|error| error.to_string())
        });
        let (name, profile) = profile?;
        (name, profile, spec?)
    } else {
        section.text("name", shipped)?
    };
    let change = section.raw("change");
    let mut profile = tree(&name, &profile).map_err(|fault| faults.add(fault)).ok()?;
    if let Some(change) = change {
        overlay(&mut profile, change);
    }
    match Network::read_tree(&name, &profile, Arc::new(spec), bank?) {
        Ok(network) => {
            let transfer = network.kind("transfer");
            if transfer.is_none() {
                section
                    .fault("name", format!("{name} has no kind of money movement named transfer"));
            }
            Some((network, transfer?))
        }
        Err(found) => {
            for fault in found {
                faults.add(fault);
            }
            None
        }
    }
}

fn shipped(name: &str) -> Result<(String, String, Spec), String> {
    let names = Network::SHIPPED.map(|(name, _)| name);
    let profile = Network::SHIPPED.into_iter().find(|(shipped, _)| *shipped == name);
    let spec = Spec::SHIPPED.into_iter().find(|(shipped, _)| *shipped == name);
    let (Some((_, profile)), Some((_, spec))) = (profile, spec) else {
        let meant = did_you_mean(name, names);
        return Err(format!("{name:?} is none of {}{meant}", names.join(", ")));
    };
    let spec = Spec::parse(name, spec).map_err(|error| error.to_string())?;
    Ok((name.to_owned(), profile.to_owned(), spec))
}

/// A file's name and text.
fn named_file(path: &str) -> Result<(String, String), String> {
    let failed = |error| format!("{path}: {error}");
    let length = fs::metadata(path).map_err(failed)?.len();
    if length > PROFILE_MAX {
        return Err(format!("{path}: has {length} bytes, at most {PROFILE_MAX}"));
    }
    Ok((path.to_owned(), fs::read_to_string(path).map_err(failed)?))
}

fn read_limits(section: &Section<'_>) -> Option<Limits> {
    let count = |key| {
        section.number(key, &(1..=100_000_000)).and_then(|number| usize::try_from(number).ok())
    };
    let rate = |key| {
        let number = section.number(key, &(1..=1_000_000))?;
        u32::try_from(number).ok().and_then(NonZeroU32::new)
    };
    let (open, exchanges, lookups) = (count("open"), count("exchanges"), count("lookups"));
    let remembered = count("remembered");
    let (per_second, per_destination) = (rate("overdue_per_second"), rate("overdue_per_bank"));
    let burst = rate("overdue_burst");
    let drain = section.time("drain");
    let engine = engine::Limits {
        open: open?,
        exchanges: exchanges?,
        lookups: lookups?,
        remembered: remembered?,
        due_a_tick: DUE_A_TICK,
    };
    let pace = Pace { per_second: per_second?, per_destination: per_destination?, burst: burst? };
    Some(Limits { engine, pace, drain: drain? })
}

/// The keys whose values differ.
pub(super) fn changed(before: &Tree, after: &Tree) -> Vec<String> {
    let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
    flatten(String::new(), before, &mut old);
    flatten(String::new(), after, &mut new);
    let differs = |key: &&String| old.get(*key) != new.get(*key);
    let keys: BTreeSet<_> = old.keys().chain(new.keys()).filter(differs).cloned().collect();
    keys.into_iter().collect()
}

fn flatten(path: String, tree: &Tree, into: &mut BTreeMap<String, String>) {
    match &tree.kind {
        ValueKind::Table(table) => {
            for (key, value) in table {
                let dot = if path.is_empty() { "" } else { "." };
                flatten(format!("{path}{dot}{key}"), value, into);
            }
        }
        ValueKind::Array(items) => {
            for (place, value) in items.iter().enumerate() {
                flatten(format!("{path}[{place}]"), value, into);
            }
        }
        _ => drop(into.insert(path, tree.to_string())),
    }
}
