//! The stage of a scenario: a switch, a bank's house, and what is between them; and the end that every scenario comes to.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use titian::rig::{Client, Operator, Process, ThreeBooks, Wanted};

use crate::house::{House, PATIENCE, Plan, RICH, TITIAN, until};
use crate::proxy::LinkProxy;

/// The switch, and its operator.
pub(crate) struct Switch {
    pub(crate) process: Process,
    pub(crate) operator: Operator,
    pub(crate) listen: SocketAddr,
    log: PathBuf,
}

impl Switch {
    pub(crate) async fn start(network: &str, more: &[&str]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let log =
            std::env::temp_dir().join(format!("titian-e2e-{}-{next}.switch", std::process::id()));
        let fixed = ["switch", "--listen", ":0", "--admin", ":0", "--network", network];
        let arguments: Vec<_> = fixed.into_iter().chain(more.iter().copied()).collect();
        let program = Path::new(TITIAN);
        let process =
            Process::start(program, "titian switch", &arguments, "listening", &log).await.unwrap();
        let (listen, admin) =
            (process.address("listen").unwrap(), process.address("admin").unwrap());
        Self { operator: Operator::new(Client::new(admin, PATIENCE)), listen, log, process }
    }

    /// What goes wrong with messages of a type from now on.
    pub(crate) async fn fault(&self, rules: &[(&str, f64, Value)]) {
        let rules = rules.iter().map(|(mti, chance, action)| {
            json!({ "match": { "mti": mti }, "chance": chance, "action": action })
        });
        self.operator.faults(&rules.collect()).await.unwrap();
    }
}

/// A scenario's stage.
pub(crate) struct Stage {
    pub(crate) switch: Switch,
    pub(crate) link: LinkProxy,
    pub(crate) house: House,
}

impl Stage {
    /// Everybody comes on, and a link is up.
    pub(crate) async fn set(plan: Plan) -> Self {
        Self::with(plan, &[]).await
    }

    /// The same, with arguments for the switch.
    pub(crate) async fn with(plan: Plan, arguments: &[&str]) -> Self {
        let mut stage = Self::build(plan, arguments).await;
        stage.house.start().await;
        stage
    }

    /// All but the adapter.
    pub(crate) async fn build(plan: Plan, arguments: &[&str]) -> Self {
        let switch = Switch::start(plan.network, arguments).await;
        let link = LinkProxy::start(switch.listen).await;
        // Only frames of one network can be kept back.
        let links = if plan.network == "nusantara" { link.at } else { switch.listen };
        Self { house: House::build(plan, links).await, switch, link }
    }

    /// What a channel is told that asks for a transfer once: status and code.
    pub(crate) async fn pay(&self, wanted: &Wanted) -> (u16, String) {
        let (status, body) = self.house.channel.ask(wanted).await.unwrap();
        (status, body["responseCode"].as_str().unwrap().to_owned())
    }

    /// Another bank pays a customer; the RRN.
    pub(crate) async fn be_paid(&self) -> String {
        let order = json!({
            "kind": "credit", "from": "002", "to": self.house.plan.bank,
            "from_account": "1000000001", "to_account": RICH, "amount_minor": 7_500_000,
        });
        self.switch.operator.inbound(&order).await.unwrap()
    }

    /// How the channel is told that a transfer stands: `latestTransactionStatus`.
    pub(crate) async fn stands(&self, number: u64) -> String {
        let (_, body) = self.house.channel.standing(number).await.unwrap();
        body["latestTransactionStatus"].as_str().unwrap_or("none").to_owned()
    }

    /// Waits until a transfer stands so.
    pub(crate) async fn until_stands(&self, number: u64, status: &str) {
        until(status, async || self.stands(number).await == status).await;
    }

    /// Waits until nothing is under way anywhere: first at the switch, since what it asks begins something at the house.
    pub(crate) async fn until_quiet(&self) {
        until("nothing is under way", async || {
            self.switch.operator.open_questions().await.unwrap() == 0 && self.house.is_quiet().await
        })
        .await;
    }

    /// The end: nothing is under way, the adapter stops as it should, the three books agree, and the journal is whole.
    pub(crate) async fn end(mut self) -> ThreeBooks {
        self.until_quiet().await;
        let exceptions = self.house.watcher.metric("titian_exceptions").await.unwrap();
        let status = self.house.stop().await;
        assert_eq!(status.code(), Some(0), "{}", self.house.log());
        self.compare(exceptions).await
    }

    /// The same of an adapter that is gone.
    pub(crate) async fn compare(self, exceptions: u64) -> ThreeBooks {
        self.compare_but(exceptions, &[]).await
    }

    /// The same, where the books are to differ in something.
    pub(crate) async fn compare_but(self, exceptions: u64, differences: &[&str]) -> ThreeBooks {
        let audited = self.house.audit();
        assert_eq!(audited.open, exceptions);
        let switch = self.switch.operator.books(self.house.plan.bank).await.unwrap();
        let books = ThreeBooks::new(self.house.ledger(), &audited.books, switch);
        assert_eq!(books.differences(), differences, "{}\n{books}", self.house.folder.display());
        self.house.verify().await;
        self.switch.process.stop(PATIENCE).await.unwrap();
        self.house.clear();
        fs::remove_file(self.switch.log).unwrap();
        books
    }
}

/// A transfer that a customer who can pay asks for.
pub(crate) fn wanted(number: u64) -> Wanted {
    Wanted {
        number,
        from: RICH.to_owned(),
        to: ("014".to_owned(), "2000000001".to_owned()),
        minor: 12_500_000,
    }
}
