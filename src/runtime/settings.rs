//! Reads the settings of the adapter, and reports every fault of all sections with its file and key.

mod keys;
mod links;
mod source;
mod store;
mod tree;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use std::{env, fs};

use config::Value as Tree;
pub use keys::Keys;
pub use links::{Link, LinkEndpoint};
pub(super) use source::{Entries, Entry, Source};
pub use store::Store;

use tracing_subscriber::filter::LevelFilter;

use crate::admin;
use crate::api::{self, SharedSettings};
use crate::control::{GuardedSettings, SettingChange, SettingValues};
use crate::core_banking;
use crate::engine::{self, RateLimits};
use crate::iso8583::Spec;
use crate::network::{Bank, Network};
use crate::settings::{Fault, Faults, Layers, Section, overlay, tree};
use crate::spelling::did_you_mean;
use crate::values::{MinorUnits, Money, Offset, ProcessingCode, WorkingDays};
use crate::webhooks::Webhook;

/// The default settings.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");

/// The largest file of a profile, a spec or a calendar, in bytes.
const PROFILE_MAX: u64 = 4 * 1024 * 1024;

const LOG_LEVELS: [(&str, LevelFilter); 4] = [
    ("error", LevelFilter::ERROR),
    ("warn", LevelFilter::WARN),
    ("info", LevelFilter::INFO),
    ("debug", LevelFilter::DEBUG),
];

/// Deadlines that one turn of the main loop handles at most.
const DEADLINES_PER_TURN: usize = 1024;

/// The settings.
pub struct Settings {
    /// The number of this node, 0 to 35.
    pub node: u8,
    /// The network: the rules of its switch.
    pub network: Network,
    /// The days on which the network settles.
    pub working_days: WorkingDays,
    /// The keys of the record.
    pub keys: Keys,
    /// The store of the journal.
    pub store: Store,
    /// The links to the switch.
    pub links: Vec<Link>,
    /// The channel API.
    pub api: api::Settings,
    /// Core banking.
    pub core: core_banking::Settings,
    /// The address of health, metrics and the admin API.
    pub console: SocketAddr,
    /// How people sign in.
    pub admin: admin::Settings,
    /// The receivers of alerts.
    pub webhooks: Vec<Webhook>,
    /// The limits.
    pub limits: Limits,
    /// The log level.
    pub log: LevelFilter,
    /// Where they come from, to find what a reload changes.
    pub(super) source: Source,
}

/// The limits of the node.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The limits of the engine.
    pub engine: engine::Limits,
    /// The rate of repeated messages: reversals, status inquiries, core commands.
    pub repeats: RateLimits,
    /// How long a stop waits for open work.
    pub drain: Duration,
}

impl Settings {
    /// Reads the layers, and all files that they name.
    ///
    /// # Errors
    /// Every fault of the settings and of those files.
    pub fn load(layers: &Layers) -> Result<Self, Vec<Fault>> {
        let variables = env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        let tree = layers.tree(variables)?;
        // A key that is missing is missing in the last file, which overrides the others.
        let file = layers.files.last().map(|file| file.display().to_string());
        Self::read(file.unwrap_or_else(|| "config/default.toml".to_owned()), tree)
    }

    fn read(file: String, tree: Tree) -> Result<Self, Vec<Fault>> {
        let faults = Faults::default();
        let read = Section::top(&file, &tree, &faults).and_then(|top| read(&top, &faults));
        let contents = faults.take_contents();
        match (read, faults.all()) {
            (Some(read), faults) if faults.is_empty() => {
                let source = Source::new(file, tree, contents, &read.keys.record);
                Ok(read.with_source(source))
            }
            (_, faults) => Err(faults),
        }
    }

    /// Reads the settings again with the approved values in the place of looser ones.
    ///
    /// # Errors
    /// Every fault of the settings with those values.
    pub(super) fn restricted(self, record: &GuardedSettings) -> Result<Restricted, Vec<Fault>> {
        let wanted = self.source.guarded();
        let held = record.compare(&wanted).held;
        if held.is_empty() {
            return Ok(Restricted { settings: self, wanted, held });
        }
        let file = self.source.file.clone();
        let settings = Self::read(file.clone(), self.source.with_approved(&held))?;
        if !record.compare(&settings.source.guarded()).held.is_empty() {
            let reason = "a file changes while it is read: reload again".to_owned();
            return Err(vec![Fault { file, key: String::new(), reason }]);
        }
        Ok(Restricted { settings, wanted, held })
    }
}

/// Settings as they may run.
pub(super) struct Restricted {
    /// The settings, without what waits for a checker.
    pub(super) settings: Settings,
    /// The guarded values of the configuration.
    pub(super) wanted: SettingValues,
    /// Those that wait for a checker.
    pub(super) held: Vec<SettingChange>,
}

/// The settings without their source.
struct Sections {
    node: u8,
    network: Network,
    working_days: WorkingDays,
    keys: Keys,
    store: Store,
    links: Vec<Link>,
    api: api::Settings,
    core: core_banking::Settings,
    console: SocketAddr,
    admin: admin::Settings,
    webhooks: Vec<Webhook>,
    limits: Limits,
    log: LevelFilter,
}

impl Sections {
    fn with_source(self, source: Source) -> Settings {
        let Self {
            node,
            network,
            working_days,
            keys,
            store,
            links,
            api,
            core,
            console,
            admin,
            webhooks,
            limits,
            log,
        } = self;
        Settings {
            node,
            network,
            working_days,
            keys,
            store,
            links,
            api,
            core,
            console,
            admin,
            webhooks,
            limits,
            log,
            source,
        }
    }
}

fn read(top: &Section<'_>, faults: &Faults) -> Option<Sections> {
    let bank = top.section("bank").map(|section| read_bank(&section));
    let network = top.section("network");
    let working_days = network.as_ref().and_then(read_working_days);
    let own_bank = bank.as_ref().and_then(|bank| bank.bank.clone());
    let network = network.and_then(|section| read_network(&section, own_bank, faults));
    let keys = top.section("keys").and_then(|section| Keys::read(&section));
    let store = top.section("store");
    let node = bank.as_ref().and_then(|bank| bank.node);
    let store = store.and_then(|section| Store::read(&section));
    let links = links::read(top);
    let core = top.section("core").and_then(|section| core_banking::Settings::read(&section));
    if let (Some((network, _)), Some(core)) = (&network, &core)
        && !core.verifies_card
        && let Some(service) = network.inbound_debits().next()
    {
        let reason = format!(
            "service {service} debits our customers on request of the switch: set it to true if core verifies the card, or \
             inbound_enabled of the service to false"
        );
        top.fault("core.verifies_card", reason);
    }
    let shared = || {
        let ((network, transfer), bank, core) = (network.as_ref()?, bank.as_ref()?, core.as_ref()?);
        Some(SharedSettings {
            transfer_code: *transfer,
            inquiry_code: network.account_inquiry_code(),
            currency: network.currency(),
            offset: bank.offset?,
            debit: core.debit,
        })
    };
    let api = top.section("api").and_then(|section| api::Settings::read(&section, shared()));
    let console = top.section("console");
    let admin = console.as_ref().and_then(admin::Settings::read);
    let console = console.and_then(|section| section.address("listen"));
    let webhooks = Webhook::read_all(top);
    let limits = top.section("limits").and_then(|section| read_limits(&section));
    let log = top.section("telemetry").and_then(|section| section.choice("log", &LOG_LEVELS));
    Some(Sections {
        node: node?,
        network: network?.0,
        working_days: working_days?,
        keys: keys?,
        store: store?,
        links: links?,
        api: api?,
        core: core?,
        console: console?,
        admin: admin?,
        webhooks: webhooks?,
        limits: limits?,
        log: log?,
    })
}

/// The section `[bank]`: the values that are valid.
struct BankSection {
    bank: Option<Bank>,
    node: Option<u8>,
    offset: Option<Offset>,
}

fn read_bank(section: &Section<'_>) -> BankSection {
    let code = section.value("code");
    let forwarder = if section.has("forwarder") { section.value("forwarder") } else { code };
    let iin = section.value("iin");
    let node = section.number("node", &(0..=35)).and_then(|node| u8::try_from(node).ok());
    let offset = section.value("utc_offset");
    let codes = code.zip(forwarder).zip(iin);
    let bank = codes.map(|((code, forwarder), iin)| Bank { code, forwarder, iin });
    BankSection { bank, node, offset }
}

/// Reads the network. Returns the processing code of a transfer too.
fn read_network(
    section: &Section<'_>,
    bank: Option<Bank>,
    faults: &Faults,
) -> Option<(Network, ProcessingCode)> {
    let overrides = section.raw("override");
    let (name, profile, spec) = if section.has("profile") {
        // The default settings have a name, which the profile replaces.
        let _replaced = section.has("name");
        let profile = section.text("profile", |path| {
            let (name, text) = read_profile_file(path)?;
            section.note_content("profile", text.as_bytes());
            Ok((name, text))
        });
        let spec = section.text("spec", |path| {
            let (_, text) = read_profile_file(path)?;
            section.note_content("spec", text.as_bytes());
            Spec::parse(path, &text).map_err(|error| error.to_string())
        });
        let (name, profile) = profile?;
        (name, profile, spec?)
    } else {
        section.text("name", shipped_network)?
    };
    let mut profile = tree(&name, &profile).map_err(|fault| faults.add(fault)).ok()?;
    if let Some(overrides) = overrides {
        overlay(&mut profile, overrides);
    }
    match Network::read_tree(&name, &profile, Arc::new(spec), bank?) {
        Ok(network) => {
            let transfer = network.processing_code("transfer");
            if transfer.is_none() {
                section.fault("name", format!("{name} has no service named transfer"));
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

/// Reads the calendar of the network's holidays. Without one only weekends are known.
fn read_working_days(section: &Section<'_>) -> Option<WorkingDays> {
    if !section.has("calendar_file") {
        return Some(WorkingDays::default());
    }
    section.text("calendar_file", |path| {
        let (_, text) = read_profile_file(path)?;
        section.note_content("calendar_file", text.as_bytes());
        WorkingDays::parse(&text).map_err(|reason| format!("{path}: {reason}"))
    })
}

fn shipped_network(name: &str) -> Result<(String, String, Spec), String> {
    let names = Network::SHIPPED.map(|(name, _)| name);
    let profile = Network::SHIPPED.into_iter().find(|(shipped, _)| *shipped == name);
    let spec = Spec::SHIPPED.into_iter().find(|(shipped, _)| *shipped == name);
    let (Some((_, profile)), Some((_, spec))) = (profile, spec) else {
        let meant = did_you_mean(name, names);
        return Err(format!("{name:?} is not one of {}{meant}", names.join(", ")));
    };
    let spec = Spec::parse(name, spec).map_err(|error| error.to_string())?;
    Ok((name.to_owned(), profile.to_owned(), spec))
}

/// Returns the name and the text of a file.
fn read_profile_file(path: &str) -> Result<(String, String), String> {
    let failed = |error| format!("{path}: {error}");
    let length = fs::metadata(path).map_err(failed)?.len();
    if length > PROFILE_MAX {
        return Err(format!("{path}: has {length} bytes, at most {PROFILE_MAX} are allowed"));
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
    let open_transfers = count("open_transfers");
    let inbound_amount_max = section.text("inbound_amount_max", |text| {
        Money::minor(text).map_err(|_| format!("{text:?} is not an amount: write 100000000.00"))
    });
    let open_inquiries = count("open_inquiries");
    let journal_lookups = count("journal_lookups");
    let closed_transfers = count("closed_transfers");
    let per_second = rate("repeats_per_second");
    let per_destination = rate("repeats_per_bank");
    let burst = rate("repeats_burst");
    let drain = section.time("drain");
    let engine = engine::Limits {
        open_transfers: open_transfers?,
        inbound_amount_max: MinorUnits(inbound_amount_max?),
        open_inquiries: open_inquiries?,
        journal_lookups: journal_lookups?,
        closed_transfers: closed_transfers?,
        deadlines_at_once: DEADLINES_PER_TURN,
    };
    let repeats =
        RateLimits { per_second: per_second?, per_destination: per_destination?, burst: burst? };
    Some(Limits { engine, repeats, drain: drain? })
}
