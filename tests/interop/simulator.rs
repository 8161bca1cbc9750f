//! `titian switch` as a process, and its admin interface.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

/// How long a test waits before it fails.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The process of the switch, and its log.
pub(crate) struct Simulator {
    child: Child,
    log: BufReader<ChildStderr>,
    pub(crate) listen: SocketAddr,
    pub(crate) admin: SocketAddr,
}

pub(crate) fn titian(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_titian"));
    command.arg("switch").args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Simulator {
    pub(crate) fn start(network: &str, more: &[&str]) -> Self {
        Self::start_at(":0", network, more)
    }

    pub(crate) fn start_at(listen: &str, network: &str, more: &[&str]) -> Self {
        let usual = ["--listen", listen, "--admin", ":0", "--network", network, "--log", "json"];
        let mut child = titian(&[&usual, more].concat()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        log.read_line(&mut line).unwrap();
        let started: Value = serde_json::from_str(&line).expect(&line);
        let address = |name: &str| started["fields"][name].as_str().expect(&line).parse().unwrap();
        let (listen, admin) = (address("listen"), address("admin"));
        Self { child, log, listen, admin }
    }

    pub(crate) fn state(&self) -> Value {
        self.command("GET", "/state", "")
    }

    /// Returns the position of a bank over all business dates.
    pub(crate) fn position(&self, bank: &str) -> i64 {
        let state = self.state();
        assert_eq!(state["balanced"], true);
        bank_of(&state, bank)["position"].as_i64().unwrap()
    }

    pub(crate) fn bank(&self, code: &str) -> Value {
        bank_of(&self.state(), code).clone()
    }

    /// Waits until the switch has no open requests.
    pub(crate) async fn all_completed(&self) {
        while self.state()["open_requests"] != 0 {
            tokio::task::yield_now().await;
        }
    }

    pub(crate) fn set_fault_rules(&self, rules: &str) {
        self.command("PUT", "/faults", rules);
    }

    /// Sends an admin request that succeeds. Returns the body.
    pub(crate) fn command(&self, method: &str, path: &str, body: &str) -> Value {
        let (status, body) = self.request(method, path, body);
        assert_eq!(status, 200, "{method} {path}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// Sends an admin request. Returns status and body of the response.
    pub(crate) fn request(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.admin).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: switch\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// Kills the process.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Stops the process with SIGTERM. Returns its exit code and the rest of its log.
    pub(crate) fn stop(mut self) -> (Option<i32>, String) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let mut log = String::new();
        self.log.read_to_string(&mut log).unwrap();
        let status = self.child.wait().unwrap();
        (status.code(), log)
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // A stopped process has exited already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn bank_of<'s>(state: &'s Value, code: &str) -> &'s Value {
    let banks = state["banks"].as_array().unwrap();
    banks.iter().find(|bank| bank["bank"] == code).expect("a member")
}
