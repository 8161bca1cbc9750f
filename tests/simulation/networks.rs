//! The networks that ship: what both ends of the wire are made of.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use titian::network::{Bank, Network};
use titian::switch::face::Codec;
use titian::switch::{Dialect, Timers};
use titian::transfer::{InboundCodes, Rules};
use titian::values::{Institution, Pan, Value};

/// Our bank's code.
pub(crate) const OURS: &str = "213";

/// A network, as the program has it and as the switch has it.
pub(crate) struct Shipped {
    pub(crate) network: Network,
    pub(crate) rules: Arc<Rules>,
    pub(crate) codec: Codec,
    pub(crate) dialect: Dialect,
}

static ALL: LazyLock<[Arc<Shipped>; 3]> =
    LazyLock::new(|| ["nusantara", "rendezvous", "holdfast"].map(|name| Arc::new(shipped(name))));

/// The network that a seed runs on.
pub(crate) fn of(seed: u64) -> Arc<Shipped> {
    Arc::clone(&ALL[usize::try_from(seed % 3).unwrap()])
}

pub(crate) fn institution(code: &str) -> Institution {
    Institution::from_ascii(code.as_bytes()).unwrap()
}

/// As it ships, but for a few times and counts that a run would not meet in its half minute of faults.
fn shipped(name: &str) -> Shipped {
    let bank = Bank {
        code: institution(OURS),
        forwarder: institution("360213"),
        iin: Pan::from_ascii(b"936002").unwrap(),
    };
    let network = Network::shipped(name, bank).unwrap();
    let rules = network.rules().clone();
    let inbound = InboundCodes { answer_within: Duration::from_secs(6), ..rules.inbound.clone() };
    let dialect = Dialect::named(name).unwrap();
    let timers = Timers { answer_within: Duration::from_secs(8), ..dialect.timers };
    Shipped {
        rules: Arc::new(Rules { inbound, cancel_tries: 10, ..rules }),
        codec: Codec::Native(Arc::clone(network.spec())),
        dialect: Dialect { timers, ..dialect },
        network,
    }
}
