//! `titian switch`: the simulated national switch.

mod reference;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tracing_subscriber::filter::LevelFilter;

use super::exit::Exit;
use super::failure::Failure;
use super::log::LogOption;
use super::{source, spec, stop};
use crate::iso8583::Spec;
use crate::simulator::transport::{self, Codec, Fixture, Setup};
use crate::simulator::{FaultRules, NetworkRules};
use crate::spelling::did_you_mean;

const EXAMPLES: &str = "\
Examples:
  titian switch                                     nusantara on 127.0.0.1:8583
  titian switch --network holdfast --listen :0      any free port; the log says which
  titian switch --faults fixtures/faults/nasty.json fault rules from the start
  titian switch --codec reference                   iso8583_rs reads and writes

A connection belongs to the bank that its sign-on names (DE32, else DE33), or
else its first request. Banks that never connected are simulated: every account
exists there, except 1000000002 (closed) and 1000000003 (absent) at 002, 008 and
014.

Admin interface, JSON on http://127.0.0.1:8584 (more in docs/simulator.md):
  GET  /state?first=N&page=N  positions, counts, connections, transfers
  PUT  /faults                replaces the fault rules, for example by
    [{\"match\": {\"mti\": \"0200\"}, \"chance\": 0.1, \"action\": \"drop_response\"}]
  POST /cutover               ends the business date, or announces a wrong one:
    {\"announce\": \"2026-12-24\"}
  POST /inbound               {\"kind\": \"credit\", \"from\": \"002\", \"to\": \"213\", …}
    {\"kind\": \"reversal\", \"rrn\": \"S…\", \"actual_amount_minor\": 40000}
  POST /phantom               settles a transfer that no bank sent
  PUT  /traffic               {\"bank\": \"213\", \"per_second\": 20}; DELETE stops it
  GET  /settlement/DATE.csv   add ?bank=213 if several banks have connected

SIGTERM or Ctrl-C stops the switch with exit code 0.";

/// Run a simulated national switch that banks connect to
///
/// Routes requests between connected banks, simulates the other banks, keeps positions in double entry, and
/// applies fault rules.
#[derive(Args)]
#[command(after_help = "Examples: titian switch --help", after_long_help = EXAMPLES)]
pub(super) struct Switch {
    /// The address for banks
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8583")]
    listen: String,

    /// The address of the admin interface
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8584")]
    admin: String,

    /// The network: nusantara, rendezvous, holdfast
    #[arg(long, value_name = "NAME", default_value = "nusantara")]
    network: String,

    /// The codec that reads and writes messages
    #[arg(long, value_enum, default_value_t = CodecChoice::Native)]
    codec: CodecChoice,

    /// A file of fault rules (JSON)
    #[arg(long, value_name = "FILE")]
    faults: Option<String>,

    /// The folder for settlement files, written when a business date ends
    #[arg(long, value_name = "DIR")]
    settlement_dir: Option<PathBuf>,

    /// The seed of faults and traffic
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    #[command(flatten)]
    log: LogOption,

    /// Run as the child process of the reference codec
    #[arg(long, hide = true)]
    is_reference: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CodecChoice {
    /// The adapter's codec
    Native,
    /// `iso8583_rs`, in a child process
    Reference,
}

impl Switch {
    pub(super) fn run(&self) -> Result<Exit, Failure> {
        let (spec, rules) = self.network()?;
        if self.codec == CodecChoice::Reference && !self.is_reference {
            return reference::run(&self.network, spec);
        }
        let setup = self.setup(spec, rules)?;
        let _level = self.log.start(LevelFilter::INFO);
        let runtime = runtime()?;
        let result = runtime.block_on(self.serve(setup));
        Runtime::shutdown_background(runtime);
        result.map(|()| Exit::Success)
    }

    /// Returns the text of the network's spec, and its rules.
    fn network(&self) -> Result<(&'static str, NetworkRules), Failure> {
        let shipped = Spec::SHIPPED.into_iter().find(|(name, _)| *name == self.network);
        let spec = shipped.map(|(_, text)| text);
        spec.zip(NetworkRules::named(&self.network)).ok_or_else(|| {
            let known = Spec::SHIPPED.map(|(name, _)| name);
            let meant = did_you_mean(&self.network, known);
            let given = super::beginning(&self.network);
            format!("--network: unknown network {given}, known: {}{meant}", known.join(", ")).into()
        })
    }

    fn setup(&self, spec: &str, rules: NetworkRules) -> Result<Setup, Failure> {
        let spec = Spec::parse(&self.network, spec).map_err(|error| spec::failure(&error))?;
        let fault_rules = match &self.faults {
            Some(file) => FaultRules::from_json(&source::file(file)?)
                .map_err(|error| format!("{}: {error}", source::shown(file)))?,
            None => FaultRules::default(),
        };
        let fixture = Fixture::shipped();
        let fixture = fixture
            .map_err(|errors| Failure::Input(errors.iter().map(ToString::to_string).collect()))?;
        let framing = spec.framing().clone();
        let codec = match self.codec {
            CodecChoice::Native => Codec::Native(Arc::new(spec)),
            CodecChoice::Reference => reference::codec(&spec)?,
        };
        let (settlement_dir, seed) = (self.settlement_dir.clone(), self.seed);
        Ok(Setup { rules, framing, codec, fixture, fault_rules, settlement_dir, seed })
    }

    async fn serve(&self, setup: Setup) -> Result<(), Failure> {
        let (banks, listen) = bind("--listen", &self.listen).await?;
        let (admin_listener, admin) = bind("--admin", &self.admin).await?;
        let signal = stop::signal()?;
        let stop = async {
            if self.is_reference {
                tokio::select! {
                    () = signal => {}
                    () = reference::parent_ended() => {}
                }
            } else {
                signal.await;
            }
        };
        if !admin.ip().is_loopback() {
            tracing::warn!(%admin, "admin interface without authentication reachable from other machines");
        }
        tracing::info!(network = self.network, %listen, %admin, "listening");
        transport::run(setup, banks, admin_listener, stop).await;
        tracing::info!("stopped");
        Ok(())
    }
}

fn runtime() -> Result<Runtime, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| format!("cannot start the asynchronous runtime: {error}").into())
}

/// Listens on an address. Without a host, it is the loopback address.
async fn bind(option: &str, address: &str) -> Result<(TcpListener, SocketAddr), Failure> {
    let whole = match address.strip_prefix(':') {
        Some(port) => format!("127.0.0.1:{port}"),
        None => address.to_owned(),
    };
    let failed = |error: std::io::Error| {
        let is_address = whole.contains(':') && whole.len() <= 64;
        let shown = if is_address { whole.clone() } else { super::beginning(&whole) };
        let line = match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                format!(
                    "{option} {shown}: address in use; stop the process that listens there, or choose another port"
                )
            }
            _ => format!("{option} {shown}: cannot listen: {error}; write HOST:PORT"),
        };
        Failure::from(line)
    };
    let listener = TcpListener::bind(&whole).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}
