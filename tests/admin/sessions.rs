//! Sessions: how they end, and what cannot be done with them.

use std::time::Duration;

use serde_json::json;
use titian::control::{PeopleCommand, Role};

use super::client::{COOKIE, Client};
use super::world::{World, id};

const SESSION: &str = "/admin/v1/session";
const CODE: &str = "/admin/v1/session/code";
const TEST: &str = "/admin/v1/test";

async fn is_signed_in(client: &Client) -> bool {
    client.clone().get(TEST).await.status == 200
}

#[tokio::test]
async fn a_session_ends_after_15_idle_minutes_and_after_12_hours() {
    let world = World::new().await;
    let client = world.signed_in("siti", 1).await;
    world.pass(Duration::from_mins(14));
    assert!(is_signed_in(&client).await);
    world.pass(Duration::from_mins(15));
    assert!(!is_signed_in(&client).await);
    let client = world.signed_in("siti", 1).await;
    for _ in 0..71 {
        world.pass(Duration::from_mins(10));
        assert!(is_signed_in(&client).await);
    }
    world.pass(Duration::from_mins(10));
    assert!(!is_signed_in(&client).await);
}

#[tokio::test]
async fn a_change_needs_the_csrf_token_of_the_session() {
    let world = World::new().await;
    let mut client = world.signed_in("siti", 1).await;
    let other = world.signed_in("siti", 2).await;
    assert_eq!(client.post(TEST, &json!({})).await.status, 200);
    let right = client.csrf.clone();
    for wrong in [None, Some(String::new()), other.csrf.clone(), Some("0".repeat(64))] {
        client.csrf.clone_from(&wrong);
        let reply = client.post(TEST, &json!({})).await;
        assert_eq!((reply.status, reply.problem()), (403, "csrf".to_owned()), "{wrong:?}");
        assert_eq!(client.delete(SESSION).await.status, 403);
        assert_eq!(client.post(CODE, &json!({"code": "1"})).await.status, 403);
        assert_eq!(client.get(TEST).await.status, 200, "a look needs none");
    }
    client.csrf = right;
    assert_eq!(client.post(TEST, &json!({})).await.status, 200);
}

#[tokio::test]
async fn the_id_of_a_session_is_new_at_each_sign_in() {
    let world = World::new().await;
    let mut planted = world.client(1);
    let chosen = "AAAAAAAAAAAAAAAAAAAAAA";
    planted.cookies = vec![(COOKIE.to_owned(), chosen.to_owned())];
    let reply = planted.post(SESSION, &world.sign_in_body("siti")).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_ne!(planted.cookie(COOKIE), Some(chosen));
    let mut attacker = world.client(2);
    attacker.cookies = vec![(COOKIE.to_owned(), chosen.to_owned())];
    assert!(!is_signed_in(&attacker).await);
    // A second sign-in in the same browser ends the first session.
    world.pass(Duration::from_secs(30));
    let first = planted.clone();
    assert_eq!(planted.post(SESSION, &world.sign_in_body("siti")).await.status, 200);
    assert_ne!(planted.cookie(COOKIE), first.cookie(COOKIE));
    assert!(is_signed_in(&planted).await && !is_signed_in(&first).await);
}

#[tokio::test]
async fn two_session_cookies_are_refused() {
    let mut world = World::new().await;
    world.add("budi", Role::Supervisor).await;
    let mut siti = world.signed_in("siti", 1).await;
    let budi = world.signed_in("budi", 2).await;
    siti.cookies.extend(budi.cookies.clone());
    for path in [TEST, SESSION] {
        let reply = siti.get(path).await;
        assert_eq!((reply.status, reply.problem()), (400, "invalid_request".to_owned()));
    }
    assert_eq!(siti.post(SESSION, &world.sign_in_body("siti")).await.status, 400);
}

#[tokio::test]
async fn a_session_ends_when_the_operator_changes() {
    let mut world = World::new().await;
    world.add("budi", Role::Operator).await;
    let (siti, budi) = (world.signed_in("siti", 1).await, world.signed_in("budi", 2).await);
    let role = Role::Viewer;
    world.memory.run(&PeopleCommand::ChangeRole { person: id("siti"), role });
    assert!(!is_signed_in(&siti).await && is_signed_in(&budi).await);
    let mut siti = world.signed_in("siti", 1).await;
    assert_eq!(siti.get(TEST).await.text, "siti viewer 127.0.0.1");
    world.memory.run(&PeopleCommand::DisableOperator { person: id("budi") });
    assert!(!is_signed_in(&budi).await);
    let reply = world.client(3).post(SESSION, &world.sign_in_body("budi")).await;
    assert_eq!(reply.status, 401);
}

#[tokio::test]
async fn sign_out_everywhere_ends_the_sessions_of_one_person() {
    let mut world = World::new().await;
    world.add("budi", Role::Operator).await;
    let mut one = world.signed_in("siti", 1).await;
    let other = world.signed_in("siti", 2).await;
    let budi = world.signed_in("budi", 3).await;
    let copy = one.clone();
    assert_eq!(one.delete("/admin/v1/sessions").await.status, 204);
    assert!(!is_signed_in(&copy).await && !is_signed_in(&other).await);
    assert!(is_signed_in(&budi).await);
    assert!(is_signed_in(&world.signed_in("siti", 1).await).await);
}

#[tokio::test]
async fn a_new_code_makes_an_approval_possible_again() {
    let world = World::new().await;
    let mut client = world.signed_in("siti", 1).await;
    let before = client.get(SESSION).await.json()["code_at"].as_u64().unwrap();
    world.pass(Duration::from_mins(6));
    let code = world.code("siti");
    let reply = client.post(CODE, &json!({"code": code})).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.json()["code_at"], json!(before + 390_000));
    assert_eq!(client.get(SESSION).await.json()["code_at"], json!(before + 390_000));
    let reply = client.post(CODE, &json!({"code": code})).await;
    assert_eq!((reply.status, reply.problem()), (403, "code_refused".to_owned()), "used");
    for _ in 0..4 {
        assert_eq!(client.post(CODE, &json!({"code": "123456"})).await.status, 403);
    }
    assert_eq!(client.post(CODE, &json!({"code": "123456"})).await.status, 429);
    assert!(is_signed_in(&client).await);
}
