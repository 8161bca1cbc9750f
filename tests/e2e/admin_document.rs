//! The admin API against its document, by a program that others wrote: schemathesis sends what the document allows and what it forbids.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::Method;
use serde_json::{Value, json};
use titian::harness::HttpClient;
use titian::values::{Moment, iso_moment};
use tokio::process::Command;

use super::bank::{Options, TIMEOUT};
use super::desk::{Desk, first_administrators};
use super::scenario::Scenario;

/// What every answer must be: no error of the server, and nothing that the document does not have.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance";

/// Runs schemathesis with the headers of a person. It writes into the folder.
async fn run(program: &str, folder: &str, server: &str, headers: &[(String, String)]) {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("specs/admin.openapi.json");
    let examples = std::env::var("TITIAN_SCHEMATHESIS_EXAMPLES").unwrap_or_else(|_| "50".into());
    let mut command = Command::new(program);
    command.current_dir(folder);
    command.args(["run", "--url", server, "--checks", CHECKS, "--continue-on-failure"]);
    command.args(["--phases", "examples,coverage,fuzzing", "--max-examples", &examples]);
    // The stream of events has no end, and a sign-out ends the session of this run.
    for name in ["GET /admin/v1/events", "DELETE /admin/v1/session", "DELETE /admin/v1/sessions"] {
        command.args(["--exclude-name", name]);
    }
    command.args(["--seed", "17", "--warnings", "off"]);
    for (name, value) in headers {
        command.args(["--header", &format!("{name}:{value}")]);
    }
    let status = command.arg(document).status().await.unwrap();
    assert!(status.success(), "{server}: schemathesis found something: {status}");
}

/// Returns the number of the last act.
async fn last_act(desk: &Desk<'_>) -> u64 {
    desk.done("e44", &["overview"]).await["acts"].as_u64().unwrap()
}

/// Returns the headers of a session.
fn headers(file: &str) -> Vec<(String, String)> {
    let session: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let names = [("Cookie", "cookie"), ("X-CSRF-Token", "csrf_token")];
    let header =
        |(name, key): (&str, &str)| (name.to_owned(), session[key].as_str().unwrap().to_owned());
    names.map(header).to_vec()
}

/// Has two administrators make a token of a viewer.
async fn make_token(desk: &Desk<'_>, address: SocketAddr, headers: &[(String, String)]) -> String {
    let today = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 86_400;
    let expires_at = iso_moment(Moment::from_millis((today + 2) * 86_400_000));
    let token = json!({"label": "night report", "role": "viewer", "expires_at": expires_at});
    let body = json!({"command": {"make_token": token}, "reason": "reports"});
    let headers: Vec<_> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let client = HttpClient::new(address, TIMEOUT);
    let made = client.send(Method::POST, "/admin/v1/proposals", &headers, body.to_string()).await;
    let (status, made) = made.unwrap();
    let made: Value = serde_json::from_slice(&made).unwrap();
    assert_eq!(status, 201, "{made}");
    desk.done("e23", &["approve", &made["act"].to_string(), "--yes"]).await;
    made["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
#[ignore = "needs schemathesis; tests/long admin-api runs it"]
async fn no_request_gets_a_server_error_or_an_answer_that_the_document_lacks() {
    let program = std::env::var("TITIAN_SCHEMATHESIS").expect("the program");
    let mut scenario = Scenario::start(Options::default()).await;
    scenario.bank.stop().await;
    let secrets = first_administrators(&mut scenario.bank).await;
    scenario.bank.start().await;
    let bank = &scenario.bank;
    let desk = Desk::of(bank);
    let mut siti = desk.enrol("e17", &secrets[0]).await;
    let mut budi = desk.enrol("e23", &secrets[1]).await;
    desk.sign_in(&mut siti).await;
    desk.sign_in(&mut budi).await;
    let mut agus = desk.add(("e17", "e23"), "e44", "supervisor").await;
    desk.sign_in(&mut agus).await;
    let address = (bank.host, 8081).into();
    let headers = |person: &str| headers(&bank.path(&format!("{person}.session")));
    let token = make_token(&desk, address, &headers("e17")).await;
    let before = last_act(&desk).await;
    run(&program, &bank.path(""), &desk.server, &headers("e44")).await;
    // The session is valid to the end, and what the document allows was done.
    assert!(last_act(&desk).await > before + 10, "the requests did nothing");
    run(
        &program,
        &bank.path(""),
        &desk.server,
        &[("Authorization".to_owned(), format!("Bearer {token}"))],
    )
    .await;
    scenario.finish().await;
}
