//! Signing in with password and one-time code.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use titian::control::{PeopleCommand, Role};

use super::client::COOKIE;
use super::world::{NOW, PASSWORD, World, id, new_operator};

const SESSION: &str = "/admin/v1/session";

#[tokio::test]
async fn a_person_signs_in_and_out() {
    let world = World::new().await;
    let mut client = world.client(1);
    assert_eq!(client.get("/admin/v1/test").await.problem(), "not_signed_in");
    let reply = client.post(SESSION, &world.sign_in_body("SITI")).await;
    assert_eq!(reply.status, 401, "the code is that of siti: {}", reply.text);
    let mut body = world.sign_in_body("siti");
    body["person"] = json!("SITI");
    let reply = client.post(SESSION, &body).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let set = reply.header("set-cookie").unwrap();
    assert!(set.starts_with(&format!("{COOKIE}=")), "{set}");
    for attribute in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/"] {
        assert!(set.contains(attribute), "{attribute}: {set}");
    }
    assert!(!set.contains("Domain") && !set.contains("Max-Age") && !set.contains("Expires"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let signed_in = reply.json();
    assert_eq!(signed_in["person"], "siti");
    assert_eq!(signed_in["role"], "operator");
    assert_eq!(signed_in["signed_in_by"], "local");
    assert_eq!(signed_in["code_at"], json!(NOW + 150_000));
    assert_eq!(client.get(SESSION).await.json(), signed_in);
    assert_eq!(client.get("/admin/v1/test").await.text, "siti operator 127.0.0.1");
    let mut copy = client.clone();
    assert_eq!(client.delete(SESSION).await.status, 204);
    assert!(client.cookie(COOKIE).is_none(), "the browser forgets the cookie");
    assert_eq!(copy.get(SESSION).await.problem(), "not_signed_in");
}

#[tokio::test]
async fn every_failed_sign_in_has_the_same_answer_and_costs_the_same() {
    let mut world = World::new().await;
    world.add("gone", Role::Viewer).await;
    world.memory.run(&PeopleCommand::DisableOperator { person: id("gone") });
    let (operator, _) = new_operator("invited");
    world.memory.run(&PeopleCommand::AddOperator { operator, role: Role::Viewer });
    world.signed_in("siti", 1).await;
    let right = world.sign_in_body("siti");
    let with = |key: &str, value: &str| {
        let mut body = right.clone();
        body[key] = json!(value);
        body
    };
    let bodies = [
        with("password", "correct horse batterz"),
        with("password", ""),
        with("code", "000000"),
        with("code", "x"),
        with("person", "unknown"),
        with("person", "a b\u{e9}"),
        with("person", ""),
        with("person", "invited"),
        world.sign_in_body("gone"),
        json!({"person": "unknown", "password": "x", "code": "1"}),
    ];
    let mut answers = BTreeSet::new();
    for (body, host) in bodies.iter().zip(10..) {
        let before = world.admin.passwords_hashed();
        let mut client = world.client(host);
        let reply = client.post(SESSION, body).await;
        assert_eq!(world.admin.passwords_hashed(), before + 1, "{body}");
        assert!(client.cookies.is_empty(), "{body}");
        let head: Vec<_> = reply.head.lines().filter(|line| !line.starts_with("date")).collect();
        answers.insert((reply.status, head.join("\n"), reply.text));
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(world.client(30).post(SESSION, &right).await.status, 200);
    assert_eq!(world.client(31).post(SESSION, &right).await.status, 401, "a code works once");
}

#[tokio::test]
async fn brute_force_is_slowed_and_others_are_not_locked_out() {
    let mut world = World::new().await;
    world.add("budi", Role::Supervisor).await;
    let wrong = |person: &str| json!({"person": person, "password": "guess", "code": "123456"});
    // Many addresses, one person: known or not, the pauses are the same.
    for person in ["siti", "unknown"] {
        for host in 1..=5 {
            let reply = world.client(host).post(SESSION, &wrong(person)).await;
            assert_eq!(reply.status, 401, "{person} {host}");
        }
        let before = world.admin.passwords_hashed();
        let reply = world.client(6).post(SESSION, &wrong(person)).await;
        assert_eq!((reply.status, reply.problem()), (429, "too_many_attempts".to_owned()));
        assert_eq!(reply.header("retry-after"), Some("1"));
        assert_eq!(world.admin.passwords_hashed(), before, "a refused attempt costs nothing");
    }
    assert_eq!(world.client(7).post(SESSION, &world.sign_in_body("siti")).await.status, 429);
    assert_eq!(world.client(1).post(SESSION, &world.sign_in_body("budi")).await.status, 200);
    world.pass(Duration::from_secs(1));
    assert_eq!(world.client(8).post(SESSION, &world.sign_in_body("siti")).await.status, 200);
    // One address, many people.
    world.pass(Duration::from_mins(1));
    for number in 0..20 {
        let reply = world.client(50).post(SESSION, &wrong(&format!("p{number}"))).await;
        assert_eq!(reply.status, 401, "{number}");
    }
    assert_eq!(world.client(50).post(SESSION, &world.sign_in_body("budi")).await.status, 429);
    assert_eq!(world.client(51).post(SESSION, &world.sign_in_body("budi")).await.status, 200);
}

#[tokio::test]
async fn a_sign_in_needs_json_and_shows_no_secret_in_its_refusal() {
    let world = World::new().await;
    let body = world.sign_in_body("siti");
    let mut client = world.client(1);
    for media in ["application/x-www-form-urlencoded", "text/plain", ""] {
        let reply = client.send("POST", SESSION, &[("content-type", media)], Some(&body)).await;
        assert_eq!((reply.status, reply.problem()), (400, "invalid_request".to_owned()), "{media}");
    }
    for wrong in [
        json!({"person": "siti", "password": [PASSWORD], "code": "1"}),
        json!({"person": "siti", "password": PASSWORD, "code": "1", "more": 1}),
        json!({"person": "siti", "password": PASSWORD}),
        Value::String(PASSWORD.to_owned()),
    ] {
        let reply = client.post(SESSION, &wrong).await;
        assert_eq!(reply.status, 400, "{wrong}");
        assert!(!reply.text.contains("horse"), "{}", reply.text);
    }
    let long = json!({"person": "x".repeat(70_000), "password": "x", "code": "1"});
    assert_eq!(client.post(SESSION, &long).await.status, 400);
}
