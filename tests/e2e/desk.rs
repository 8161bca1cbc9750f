//! The operators of a bank: how they enrol and sign in, and what they do with `titian admin`.

use std::fs;
use std::process::Stdio;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use titian::harness::HttpClient;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use totp_rs::{Builder, Secret};

use super::bank::{TIMEOUT, TITIAN, TestBank};

/// A person with what it knows.
pub(crate) struct Person {
    pub(crate) id: &'static str,
    key: Vec<u8>,
    /// The last time step whose code was used.
    step: u64,
}

impl Person {
    pub(crate) fn password() -> String {
        "correct horse battery staple".to_owned()
    }

    /// Returns the next code that was not used: codes of one step before and after now are accepted.
    pub(crate) async fn code(&mut self) -> String {
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

    pub(crate) async fn admin_with(
        &self,
        person: &str,
        arguments: &[&str],
        lines: &[String],
    ) -> Said {
        let all: Vec<_> = ["admin"].into_iter().chain(arguments.iter().copied()).collect();
        self.command(person, &all, lines).await
    }

    /// Runs a command of the top level that signs in with a session.
    pub(crate) async fn command(&self, person: &str, arguments: &[&str], lines: &[String]) -> Said {
        let session = self.bank.path(&format!("{person}.session"));
        let fixed = ["--server", &self.server, "--session", &session];
        let all: Vec<_> = arguments.iter().copied().chain(fixed).collect();
        let said = titian(&all, lines).await;
        // The transcript of the night, for `--show-output`.
        println!("{person}$ titian {}\n{}{}", arguments.join(" "), said.out, said.err);
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
        let words = [
            "operator",
            "--json",
            "add",
            id,
            "--name",
            "Dewi",
            "--role",
            role,
            "--reason",
            "night shift",
        ];
        let made = self.command(maker, &words, &[]).await;
        assert_eq!(made.code, Some(0), "{}", made.err);
        let made: Value = serde_json::from_str(&made.out).unwrap();
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
