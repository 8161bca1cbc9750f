//! A night by `titian admin`: two administrators by an offline act, a bank that breaks, is closed and opened in stages, an exception under
//! dual control, and a link that is signed off and on.

use std::fs;
use std::process::Stdio;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use titian::harness::HttpClient;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use totp_rs::{Builder, Secret};

use super::bank::{Options, TIMEOUT, TITIAN, TestBank, wait_until};
use super::scenario::{Scenario, transfer};

/// A person with what it knows.
pub(crate) struct Person {
    id: &'static str,
    key: Vec<u8>,
    /// The last time step whose code was used.
    step: u64,
}

impl Person {
    fn password() -> String {
        "correct horse battery staple".to_owned()
    }

    /// Returns the next code that was not used: codes of one step before and after now are accepted.
    async fn code(&mut self) -> String {
        loop {
            let now = time_step();
            let next = (self.step + 1).max(now - 1);
            if next <= now + 1 {
                self.step = next;
                let key: [u8; 20] = self.key.clone().try_into().unwrap();
                let totp = Builder::new().with_secret(Secret::from(key)).build().unwrap();
                return totp.generate(next * 30).to_string();
            }
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
    }
}

/// Returns the present step of one-time codes.
fn time_step() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 30
}

/// What a command of a person printed, and its exit code.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs `titian` with lines on its standard input.
pub(crate) async fn titian(arguments: &[&str], lines: &[String]) -> Said {
    let mut child = Command::new(TITIAN)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for line in lines {
        stdin.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// The desk of the operators: the server, and a session file for each person.
pub(crate) struct Desk<'b> {
    bank: &'b TestBank,
    pub(crate) server: String,
    /// The time step in which the adapter had started: codes of it and before are refused.
    start: u64,
}

impl<'b> Desk<'b> {
    pub(crate) fn of(bank: &'b TestBank) -> Self {
        Self { bank, server: format!("http://{}:8081", bank.host), start: time_step() }
    }

    /// Runs `titian admin` in the name of a person.
    pub(crate) async fn admin(&self, person: &str, arguments: &[&str]) -> Said {
        self.admin_with(person, arguments, &[]).await
    }

    async fn admin_with(&self, person: &str, arguments: &[&str], lines: &[String]) -> Said {
        let session = self.bank.path(&format!("{person}.session"));
        let fixed = ["admin", "--server", &self.server, "--session", &session];
        let all: Vec<_> = fixed.into_iter().chain(arguments.iter().copied()).collect();
        let said = titian(&all, lines).await;
        // The transcript of the night, for `--show-output`.
        println!("{person}$ titian admin {}\n{}{}", arguments.join(" "), said.out, said.err);
        said
    }

    /// Runs a command that must succeed, and returns the server's answer.
    pub(crate) async fn done(&self, person: &str, arguments: &[&str]) -> Value {
        let mut all = vec!["--json"];
        all.extend(arguments);
        let said = self.admin(person, &all).await;
        assert_eq!(said.code, Some(0), "{arguments:?}: {}", said.err);
        serde_json::from_str(&said.out).unwrap()
    }

    pub(crate) async fn enrol(&self, id: &'static str, secret: &str) -> Person {
        let client = HttpClient::new((self.bank.host, 8081).into_address(), TIMEOUT);
        let post = async |path: &str, body: Value| {
            let sent = client.send(axum_method(), path, &[], body.to_string()).await;
            let (status, body) = sent.unwrap();
            (status, String::from_utf8(body.to_vec()).unwrap())
        };
        let (status, body) =
            post("/admin/v1/enrolment", json!({ "person": id, "secret": secret })).await;
        assert_eq!(status, 200, "{body}");
        let body: Value = serde_json::from_str(&body).unwrap();
        let key = base32(body["code_key"].as_str().unwrap());
        let mut person = Person { id, key, step: self.start };
        let (password, code) = (Person::password(), person.code().await);
        let body = json!({ "person": id, "secret": secret, "password": password, "code": code });
        let (status, body) = post("/admin/v1/enrolment/confirm", body).await;
        assert_eq!(status, 204, "{body}");
        person
    }

    pub(crate) async fn sign_in(&self, person: &mut Person) {
        let lines = [Person::password(), person.code().await];
        let said = self.admin_with(person.id, &["sign-in", person.id], &lines).await;
        assert_eq!(said.code, Some(0), "{}", said.err);
    }

    /// Has an administrator propose an operator, and another one approve. Enrols the operator.
    pub(crate) async fn add(
        &self,
        (maker, checker): (&str, &str),
        id: &'static str,
        role: &str,
    ) -> Person {
        let words =
            ["operator", "add", id, "--name", "Dewi", "--role", role, "--reason", "night shift"];
        let made = self.done(maker, &words).await;
        let proposal = made["act"].to_string();
        self.done(checker, &["approve", &proposal, "--yes"]).await;
        self.enrol(id, made["enrolment_secret"].as_str().unwrap()).await
    }
}

trait IntoAddress {
    fn into_address(self) -> std::net::SocketAddr;
}

impl IntoAddress for (std::net::Ipv4Addr, u16) {
    fn into_address(self) -> std::net::SocketAddr {
        self.into()
    }
}

fn axum_method() -> axum::http::Method {
    axum::http::Method::POST
}

/// Decodes base32 without padding.
fn base32(text: &str) -> Vec<u8> {
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for char in text.bytes() {
        let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|one| *one == char);
        bits = bits << 5 | u32::try_from(value.unwrap()).unwrap();
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xFF).unwrap());
        }
    }
    bytes
}

/// Makes the first two administrators by an offline act of two operators' keys. The adapter is stopped.
pub(crate) async fn first_administrators(bank: &mut TestBank) -> Vec<String> {
    let keys = bank.path("");
    let store = format!("sqlite://{}", bank.path("titian.db"));
    let act = bank.path("act.json");
    for id in ["e17", "e23"] {
        let said = titian(&["keys", "new", "operator", "--name", id, "--dir", &keys], &[]).await;
        assert_eq!(said.code, Some(0), "{}", said.err);
    }
    let prepare = [
        "act",
        "--offline",
        "prepare",
        "--store",
        &store,
        "--out",
        &act,
        "--reason",
        "first start",
        "--administrator",
        "e17=Siti Rahma",
        "--administrator",
        "e23=Budi Santoso",
    ];
    let prepared = titian(&prepare, &[]).await;
    assert_eq!(prepared.code, Some(0), "{}", prepared.err);
    for id in ["e17", "e23"] {
        let key = bank.path(&format!("{id}.operator.key"));
        let said =
            titian(&["act", "--offline", "sign", "--person", id, "--key", &key, &act], &[]).await;
        assert_eq!(said.code, Some(0), "{}", said.err);
    }
    let file = bank.file("titian.toml");
    let text = fs::read_to_string(&file).unwrap();
    let public = |id: &str| bank.path(&format!("{id}.operator.pub"));
    let lines = format!(
        "[keys]\noperator_files = [{:?}, {:?}]\noffline_act_file = {act:?}\n",
        public("e17"),
        public("e23")
    );
    fs::write(&file, text.replacen("[keys]\n", &lines, 1)).unwrap();
    let config = bank.path("titian.toml");
    let checked = titian(&["act", "--offline", "check", "--config", &config, &act], &[]).await;
    assert_eq!(checked.code, Some(0), "{}", checked.err);
    let secrets = prepared.out.lines().filter_map(|line| line.split("shown once: ").nth(1));
    secrets.map(str::to_owned).collect()
}

/// A transfer has no response, and its reversal none: it becomes an exception. One person proposes what became of it, another approves.
async fn an_exception_is_resolved_by_two_persons(scenario: &Scenario, desk: &Desk<'_>) {
    let file = scenario.bank.file("titian.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("response = \"60s\"", "response = \"800ms\"")).unwrap();
    scenario.bank.adapter.as_ref().unwrap().signal("HUP").await.unwrap();
    scenario.bank.wait_for_log("configuration reloaded").await;
    let lost = json!("drop_response");
    let rules = ["0200", "0420", "0421"].map(|mti| (mti, 1.0, lost.clone()));
    scenario.switch.set_faults(&rules).await;
    let order = transfer(6);
    let resolved = async {
        scenario.bank.wait_for_metric("titian_exceptions_open", |count| count == 1).await;
        let exceptions = desk.done("e31", &["exceptions"]).await;
        let exception = &exceptions["exceptions"][0];
        assert_eq!(exception["cause"], "reversal_unconfirmed", "{exceptions}");
        let id = exception["transfer"].as_str().unwrap();
        // The switch has reversed it: its own record says so.
        let words = ["resolve", id, "--outcome", "refunded", "--reason", "the switch reversed it"];
        let proposed = desk.done("e31", &words).await["act"].to_string();
        let again = desk.admin("e44", &words).await;
        assert!(again.err.contains(&format!("proposal {proposed}")), "{}", again.err);
        let refused = desk.admin("e31", &["approve", &proposed, "--yes"]).await;
        assert_eq!(refused.code, Some(1), "{}", refused.out);
        desk.done("e44", &["approve", &proposed, "--yes"]).await;
        scenario.wait_for_status(6, "04").await;
    };
    let (answered, ()) = tokio::join!(scenario.request_transfer(&order), resolved);
    assert_ne!(answered.0, 200, "it was refunded");
    scenario.switch.set_faults(&[]).await;
    assert_eq!(scenario.bank.probe.metric("titian_exceptions_open").await.unwrap(), 0);
}

#[tokio::test]
async fn a_bank_breaks_is_closed_and_opens_in_stages_and_a_link_is_signed_off_and_on() {
    let mut scenario = Scenario::start(Options {
        set: vec!["network.override.reversal.exception_after=1s"],
        ..Options::default()
    })
    .await;
    scenario.bank.stop().await;
    let secrets = first_administrators(&mut scenario.bank).await;
    scenario.bank.start().await;
    let bank = &scenario.bank;
    let desk = Desk::of(bank);
    let mut siti = desk.enrol("e17", &secrets[0]).await;
    let mut budi = desk.enrol("e23", &secrets[1]).await;
    desk.sign_in(&mut siti).await;
    desk.sign_in(&mut budi).await;
    let mut dewi = desk.add(("e17", "e23"), "e31", "operator").await;
    let mut agus = desk.add(("e17", "e23"), "e44", "supervisor").await;
    desk.sign_in(&mut dewi).await;
    desk.sign_in(&mut agus).await;

    // The bank of the next transfers answers nothing: it is closed at once, by one person.
    let order = transfer(1);
    let code = order.to.0.clone();
    assert_eq!(scenario.request_transfer(&order).await.0, 200);
    let text = "Transfers to this bank are suspended";
    let words = ["close", "--bank", &code, "--reason", "it answers nothing", "--public-text", text];
    let closed = desk.done("e31", &words).await["act"].to_string();
    let (status, body) = bank.channel.submit(&transfer(2)).await.unwrap();
    assert_eq!(status, 503, "{body}");
    assert!(body["responseMessage"].as_str().unwrap().contains(text), "{body}");
    assert_eq!(scenario.request_transfer(&order).await.0, 200, "a repeat gets its outcome");

    // It opens in stages, and the maker cannot approve, from no session.
    let words = ["stage", &closed, "--percent", "100", "--reason", "it answers again"];
    let proposed = desk.done("e31", &words).await["act"].to_string();
    let refused = desk.admin("e31", &["approve", &proposed, "--yes"]).await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("the role operator may not do this"), "{}", refused.err);
    assert_eq!(bank.channel.submit(&transfer(3)).await.unwrap().0, 503);
    desk.done("e44", &["approve", &proposed, "--yes"]).await;
    assert_eq!(scenario.request_transfer(&transfer(4)).await.0, 200);
    let proposed = desk.done("e44", &["open", &closed, "--reason", "all is well"]).await;
    let proposed = proposed["act"].to_string();
    let refused = desk.admin("e44", &["approve", &proposed, "--yes"]).await;
    assert!(refused.err.contains("e44 made this proposal"), "{}", refused.err);
    let restrictions = desk.done("e31", &["restrictions"]).await;
    assert_eq!(restrictions["restrictions"].as_array().unwrap().len(), 1);

    // A link is signed off and on.
    desk.done("e31", &["link", "a", "sign-off"]).await;
    let phase = async |name: &str| {
        let links = desk.done("e31", &["links"]).await;
        let links = links["links"].as_array().unwrap().clone();
        let link = links.into_iter().find(|link| link["name"] == name).unwrap();
        link["phase"].as_str().unwrap().to_owned()
    };
    wait_until("the link is signed off", async || phase("a").await == "signed_off").await;
    assert_eq!(scenario.request_transfer(&transfer(5)).await.0, 200, "the other link carries it");
    let echo = desk.done("e31", &["link", "b", "echo"]).await;
    assert!(echo["round_trip_ms"].is_u64(), "{echo}");
    desk.done("e31", &["link", "a", "sign-on"]).await;
    wait_until("the link is signed on", async || phase("a").await == "signed_on").await;
    let unknown = desk.admin("e31", &["link", "c", "sign-on"]).await;
    assert!(unknown.err.contains("link \"c\" is unknown (known: a, b)"), "{}", unknown.err);

    an_exception_is_resolved_by_two_persons(&scenario, &desk).await;

    // All of it is on record, and a restart has the same restrictions.
    let acts = desk.done("e17", &["acts", "--limit", "1000"]).await;
    assert!(acts["acts"].as_array().unwrap().len() > 10, "{acts}");
    for look in ["overview", "services", "proposals", "exceptions", "operators", "acts"] {
        let said = desk.admin("e17", &[look]).await;
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{look}");
        assert!(!said.out.is_empty());
    }
    scenario.bank.kill().await;
    scenario.bank.start().await;
    let refused = Desk::of(&scenario.bank).admin("e31", &["restrictions"]).await;
    assert!(refused.err.contains("Not signed in"), "a restart ends sessions: {}", refused.err);
    scenario.finish().await;
}
