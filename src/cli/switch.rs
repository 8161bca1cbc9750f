//! `titian switch`: the simulated national switch.

mod reference;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tracing_subscriber::filter::LevelFilter;

use super::failure::Failure;
use super::log::LogOption;
use super::{source, spec, stop};
use crate::iso8583::Spec;
use crate::spelling::did_you_mean;
use crate::switch::face::{self, Codec, Fixture, Setup};
use crate::switch::{Dialect, Faults};

const EXAMPLES: &str = "\
Examples:
  titian switch                                     nusantara on 127.0.0.1:8583
  titian switch --network holdfast --listen :0      any free port; the log says which
  titian switch --faults storm.json --log json      with faults from the start
  titian switch --codec reference                   speaks through iso8583_rs

A bank is who its sign-on says (DE32 or DE33), or else its first request. Banks
that never connected are played: every account number exists there, but closed
1000000002 and absent 1000000003 at 002, 008 and 014.

Admin, JSON on http://127.0.0.1:8584 (docs/switch.md tells more):
  GET  /state?first=N&page=N     positions, counts, connections, transfers
  PUT  /faults                   [{\"match\": {\"mti\": \"0200\"}, \"chance\": 0.1, \"action\": \"drop_response\"}]
  POST /cutover                  ends the business date
  POST /inbound                  {\"kind\": \"credit\", \"from\": \"002\", \"to\": \"213\", …}
  POST /phantom                  settles what no bank sent
  PUT  /traffic                  {\"bank\": \"213\", \"per_second\": 20}; DELETE ends it
  GET  /settlement/DATE.csv      ?bank=213 where several were connected

SIGTERM and Ctrl-C stop it, with exit code 0.";

/// Play the national switch, for banks to connect to
///
/// Routes requests between the banks that are connected, plays those that are not, keeps positions in double
/// entry, and goes wrong on purpose.
#[derive(Args)]
#[command(after_help = "Examples: titian switch --help", after_long_help = EXAMPLES)]
pub(super) struct Switch {
    /// Where banks connect
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8583")]
    listen: String,

    /// Where the admin interface is
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8584")]
    admin: String,

    /// The network: nusantara, rendezvous, holdfast
    #[arg(long, value_name = "NAME", default_value = "nusantara")]
    network: String,

    /// What reads and writes messages
    #[arg(long, value_enum, default_value_t = Speaks::Native)]
    codec: Speaks,

    /// A file with rules of faults, JSON
    #[arg(long, value_name = "FILE")]
    faults: Option<String>,

    /// Where settlement files are written when a business date ends
    #[arg(long, value_name = "DIR")]
    settlement_dir: Option<PathBuf>,

    /// Decides the luck of faults and the traffic
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    #[command(flatten)]
    log: LogOption,

    /// This is the process of the reference codec
    #[arg(long, hide = true)]
    is_reference: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Speaks {
    /// The adapter's codec
    Native,
    /// `iso8583_rs`, in a process of its own
    Reference,
}

impl Switch {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let (spec, dialect) = self.network()?;
        if self.codec == Speaks::Reference && !self.is_reference {
            return reference::run(&self.network, spec);
        }
        let setup = self.setup(spec, dialect)?;
        let _level = self.log.start(LevelFilter::INFO);
        let runtime = runtime()?;
        let done = runtime.block_on(self.serve(setup));
        Runtime::shutdown_background(runtime);
        done
    }

    /// The text of its spec, and its rules.
    fn network(&self) -> Result<(&'static str, Dialect), Failure> {
        let shipped = Spec::SHIPPED.into_iter().find(|(name, _)| *name == self.network);
        let spec = shipped.map(|(_, text)| text);
        spec.zip(Dialect::named(&self.network)).ok_or_else(|| {
            let known = Spec::SHIPPED.map(|(name, _)| name);
            let meant = did_you_mean(&self.network, known);
            let given = super::beginning(&self.network);
            format!("--network {given}: none of {}{meant}", known.join(", ")).into()
        })
    }

    fn setup(&self, spec: &str, dialect: Dialect) -> Result<Setup, Failure> {
        let spec = Spec::parse(&self.network, spec).map_err(|error| spec::failure(&error))?;
        let faults = match &self.faults {
            Some(file) => Faults::from_json(&source::file(file)?)
                .map_err(|error| format!("{}: {error}", source::told(file)))?,
            None => Faults::default(),
        };
        let fixture = Fixture::shipped();
        let fixture = fixture
            .map_err(|faults| Failure::Input(faults.iter().map(ToString::to_string).collect()))?;
        let framing = spec.framing().clone();
        let codec = match self.codec {
            Speaks::Native => Codec::Native(Arc::new(spec)),
            Speaks::Reference => reference::codec(&spec)?,
        };
        let (settlement, seed) = (self.settlement_dir.clone(), self.seed);
        Ok(Setup { dialect, framing, codec, fixture, faults, settlement, seed })
    }

    async fn serve(&self, setup: Setup) -> Result<(), Failure> {
        let (banks, listen) = bind("--listen", &self.listen).await?;
        let (operator, admin) = bind("--admin", &self.admin).await?;
        let stop = stop::signal(self.is_reference)?;
        if !admin.ip().is_loopback() {
            tracing::warn!(%admin, "the admin interface asks nobody who he is, and can be reached from elsewhere");
        }
        tracing::info!(network = self.network, %listen, %admin, "listening");
        face::run(setup, banks, operator, stop).await;
        tracing::info!("stopped");
        Ok(())
    }
}

fn runtime() -> Result<Runtime, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| format!("no runtime: {error}").into())
}

/// Listens. An address without a host is of this machine alone.
async fn bind(option: &str, address: &str) -> Result<(TcpListener, SocketAddr), Failure> {
    let whole = match address.strip_prefix(':') {
        Some(port) => format!("127.0.0.1:{port}"),
        None => address.to_owned(),
    };
    let told = |error: std::io::Error| {
        let is_address = whole.contains(':') && whole.len() <= 64;
        let shown = if is_address { whole.clone() } else { super::beginning(&whole) };
        let line = match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                format!("{option} {shown}: in use; stop what listens there, or choose another port")
            }
            _ => format!("{option} {shown}: can't listen: {error}; write HOST:PORT"),
        };
        Failure::from(line)
    };
    let listener = TcpListener::bind(&whole).await.map_err(told)?;
    let bound = listener.local_addr().map_err(told)?;
    Ok((listener, bound))
}
