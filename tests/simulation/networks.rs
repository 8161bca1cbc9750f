//! The networks that ship, for both ends of the wire.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use titian::iso8583::Spec;
use titian::network::{Bank, Network};
use titian::simulator::transport::Codec;
use titian::simulator::{NetworkRules, Timers};
use titian::transfer::{InboundCodes, Rules};
use titian::values::{Institution, Pan, Value};

/// Our bank's code.
pub(crate) const OURS: &str = "213";

/// A network, as the adapter and as the switch see it.
pub(crate) struct TestNetwork {
    pub(crate) adapter: Network,
    pub(crate) rules: Arc<Rules>,
    pub(crate) codec: Codec,
    pub(crate) switch_rules: NetworkRules,
}

static ALL: LazyLock<[Arc<TestNetwork>; 3]> =
    LazyLock::new(|| ["nusantara", "rendezvous", "holdfast"].map(|name| Arc::new(load(name))));

/// Returns the network of a seed.
pub(crate) fn of(seed: u64) -> Arc<TestNetwork> {
    Arc::clone(&ALL[usize::try_from(seed % 3).unwrap()])
}

pub(crate) fn institution(code: &str) -> Institution {
    Institution::from_ascii(code.as_bytes()).unwrap()
}

/// Returns a shipped network with shorter times and lower counts, so that they occur within the half minute of faults of a run.
fn load(name: &str) -> TestNetwork {
    let bank = Bank {
        code: institution(OURS),
        forwarder: institution("360213"),
        iin: Pan::from_ascii(b"936002").unwrap(),
    };
    let (_, profile) = Network::SHIPPED.into_iter().find(|(shipped, _)| *shipped == name).unwrap();
    let (_, spec) = Spec::SHIPPED.into_iter().find(|(shipped, _)| *shipped == name).unwrap();
    // Withdrawals are off in the shipped profiles, because the bank must verify the card.
    let profile = profile.replace("inbound_enabled = false", "inbound_enabled = true");
    let spec = Arc::new(Spec::parse(name, spec).unwrap());
    let network = Network::parse(name, &profile, spec, bank).unwrap();
    let rules = network.rules().clone();
    let inbound = InboundCodes { respond_within: Duration::from_secs(6), ..rules.inbound.clone() };
    let switch_rules = NetworkRules::named(name).unwrap();
    let timers = Timers { response_timeout: Duration::from_secs(8), ..switch_rules.timers };
    TestNetwork {
        rules: Arc::new(Rules { inbound, ..rules }),
        codec: Codec::Native(Arc::clone(network.spec())),
        switch_rules: NetworkRules { timers, ..switch_rules },
        adapter: network,
    }
}
