//! Signing in through the directory of the bank.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use titian::control::{PeopleCommand, Role};

use super::client::{COOKIE, Client, Reply};
use super::provider::{Provider, settings};
use super::world::{NOW, World, id};
use titian::clock::Clock;

const START: &str = "/admin/v1/oidc/start";
const TEST: &str = "/admin/v1/test";

/// The seconds after the start at which the tests sign in.
fn seconds() -> u64 {
    NOW / 1000 + 120
}

/// Begins a sign-in. Returns the parameters that the browser brings to the provider.
async fn begin(client: &mut Client, path: &str) -> BTreeMap<String, String> {
    let reply = client.get(path).await;
    assert_eq!(reply.status, 303, "{}", reply.text);
    let set = reply.header("set-cookie").unwrap();
    assert!(set.starts_with("__Host-titian-oidc="), "{set}");
    assert!(set.ends_with("Path=/; Max-Age=600; Secure; HttpOnly; SameSite=Lax"), "{set}");
    let (_, query) = reply.header("location").unwrap().split_once("/authorize?").unwrap();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.replace("%20", " "))).collect()
}

async fn come_back(client: &mut Client, begun: &BTreeMap<String, String>) -> Reply {
    let path = format!("/admin/v1/oidc/callback?code=the%20code&state={}", begun["state"]);
    client.get(&path).await
}

async fn sign_in(world: &World, provider: &Provider, claims: &Value) -> (Client, Reply) {
    let mut client = world.client(1);
    let begun = begin(&mut client, START).await;
    provider.answer(&begun, seconds(), claims);
    let reply = come_back(&mut client, &begun).await;
    (client, reply)
}

async fn world() -> (World, Provider) {
    let provider = Provider::start().await;
    (World::start(Some(provider.settings()), NOW).await, provider)
}

#[tokio::test]
async fn a_person_of_the_directory_signs_in() {
    let (world, provider) = world().await;
    let mut client = world.client(1);
    let begun = begin(&mut client, START).await;
    assert_eq!(begun["response_type"], "code");
    assert_eq!(begun["client_id"], "titian");
    assert_eq!(begun["scope"], "openid");
    assert_eq!(begun["code_challenge_method"], "S256");
    assert_eq!(begun["max_age"], "43200");
    let claims = json!({"employee": "E-17", "groups": ["other", "make"]});
    provider.answer(&begun, seconds(), &claims);
    let reply = come_back(&mut client, &begun).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    // A page and not a redirect: after a redirect the browser would not send a strict cookie.
    assert!(reply.text.contains("http-equiv=\"refresh\""));
    assert!(client.cookie("__Host-titian-oidc").is_none(), "the state is gone");
    assert_eq!(client.get(TEST).await.text, "e-17 operator 127.0.0.1");
    let session = client.get("/admin/v1/session").await.json();
    assert_eq!(session["signed_in_by"], "oidc");
    assert!(session.get("code_at").is_none(), "no second factor");
    let (form, requests) = provider.last_form();
    assert_eq!((form["grant_type"].as_str(), requests), ("authorization_code", 1));
    assert_eq!(client.post(TEST, &json!({})).await.status, 200);
}

#[tokio::test]
async fn a_second_factor_counts_as_a_code_if_it_is_fresh() {
    let (world, provider) = world().await;
    let person = |more: Value| {
        let mut claims = json!({"employee": "e-17", "groups": "check"});
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        claims
    };
    for (claims, expected) in [
        (json!({"amr": ["pwd", "otp"], "auth_time": seconds() - 60}), Some(seconds() - 60)),
        (json!({"amr": ["pwd", "otp"], "auth_time": seconds() - 301}), None),
        (json!({"acr": "urn:bank:mfa"}), Some(seconds())),
        (json!({"amr": ["pwd"], "acr": "urn:bank:pwd"}), None),
    ] {
        let (mut client, reply) = sign_in(&world, &provider, &person(claims.clone())).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        let session = client.get("/admin/v1/session").await.json();
        let code_at = session.get("code_at").and_then(Value::as_u64);
        assert_eq!(code_at, expected.map(|seconds| seconds * 1000), "{claims}");
    }
    let begun = begin(&mut world.client(1), &format!("{START}?fresh=true")).await;
    assert_eq!((begun["max_age"].as_str(), begun["prompt"].as_str()), ("0", "login"));
    assert_eq!(begun["acr_values"], "urn%3Abank%3Amfa");
}

#[tokio::test]
async fn claims_without_a_person_or_a_role_sign_in_nothing() {
    let (world, provider) = world().await;
    for claims in [
        json!({"groups": ["admin"]}),
        json!({"employee": "e 17", "groups": ["admin"]}),
        json!({"employee": "token.0101010101010101", "groups": ["make"]}),
        json!({"employee": "e-17", "groups": ["administrator"]}),
        json!({"employee": "e-17", "role": "administrator"}),
        json!({"employee": "e-17", "groups": ["admin", "check"]}),
        json!({"employee": "e-17", "groups": ["make"], "nonce": "other"}),
        json!({"employee": "e-17", "groups": ["make"], "aud": "other"}),
        json!({"employee": "e-17", "groups": ["make"], "iss": "http://localhost"}),
        json!({"employee": "e-17", "groups": ["make"], "exp": seconds() - 61}),
    ] {
        world.pass(Duration::from_secs(0));
        let (mut client, reply) = sign_in(&world, &provider, &claims).await;
        assert_eq!((reply.status, reply.problem()), (401, "oidc_refused".to_owned()), "{claims}");
        assert!(client.cookie(COOKIE).is_none(), "{claims}");
        assert_eq!(client.get(TEST).await.status, 401, "{claims}");
    }
}

#[tokio::test]
async fn a_claim_gives_no_more_than_the_record_to_an_operator_of_the_record() {
    let (mut world, provider) = world().await;
    world.add("siti", Role::Operator).await;
    let siti = |groups: &str| json!({"employee": "SITI", "groups": groups});
    let (mut client, _) = sign_in(&world, &provider, &siti("check")).await;
    assert_eq!(client.get(TEST).await.text, "siti operator 127.0.0.1");
    let (_, reply) = sign_in(&world, &provider, &siti("admin")).await;
    assert_eq!(reply.status, 401, "roles that exclude each other");
    let role = Role::Supervisor;
    world.memory.run(&PeopleCommand::ChangeRole { person: id("siti"), role });
    assert_eq!(client.get(TEST).await.status, 401, "the session ends with the change");
    let (mut client, _) = sign_in(&world, &provider, &siti("make")).await;
    assert_eq!(client.get(TEST).await.text, "siti operator 127.0.0.1", "the lesser role");
    world.memory.run(&PeopleCommand::DisableOperator { person: id("siti") });
    assert_eq!(client.get(TEST).await.status, 401);
    let (_, reply) = sign_in(&world, &provider, &siti("make")).await;
    assert_eq!(reply.problem(), "oidc_refused", "disabled here means disabled");
}

#[tokio::test]
async fn a_way_back_that_did_not_begin_here_is_refused() {
    let (world, provider) = world().await;
    let claims = json!({"employee": "e-17", "groups": "make"});
    let mut client = world.client(1);
    let begun = begin(&mut client, START).await;
    provider.answer(&begun, seconds(), &claims);
    let mut attacker = world.client(2);
    let other = begin(&mut attacker, START).await;
    let refused = |reply: Reply| assert_eq!(reply.problem(), "oidc_refused", "{}", reply.text);
    refused(come_back(&mut world.client(3), &begun).await);
    refused(come_back(&mut client, &other).await);
    refused(client.get("/admin/v1/oidc/callback?code=the%20code").await);
    let error = format!("/admin/v1/oidc/callback?error=access_denied&state={}", begun["state"]);
    refused(client.get(&error).await);
    let issuer = format!(
        "/admin/v1/oidc/callback?code=the%20code&state={}&iss=http://localhost",
        begun["state"]
    );
    refused(client.get(&issuer).await);
    let mut altered = client.clone();
    for (_, value) in &mut altered.cookies {
        let first = if value.starts_with('A') { 'B' } else { 'A' };
        *value = format!("{first}{}", &value[1..]);
    }
    refused(come_back(&mut altered, &begun).await);
    assert_eq!(provider.last_form().1, 0, "no code was exchanged");
    let mut late = client.clone();
    assert_eq!(come_back(&mut client, &begun).await.status, 200);
    world.pass(Duration::from_mins(10));
    refused(come_back(&mut late, &begun).await);
}

#[tokio::test]
async fn without_a_directory_the_routes_say_so() {
    let world = World::new().await;
    let reply = world.client(1).get(START).await;
    assert_eq!((reply.status, reply.problem()), (404, "not_found".to_owned()));
    let reply = world.client(1).get(&format!("{START}?fresh=maybe")).await;
    assert_eq!((reply.status, reply.problem()), (400, "invalid_request".to_owned()));
}

/// Signs in at a provider that others wrote: npm `oidc-provider`, which `tests/long oidc` starts.
#[tokio::test]
#[ignore = "needs the provider that tests/long starts"]
async fn a_person_signs_in_at_another_provider() {
    let issuer = std::env::var("TITIAN_OIDC_ISSUER").expect("the address of the provider");
    let now = Clock::new().now().millis();
    let world = World::start(Some(settings(&issuer)), now - 120_000).await;
    let mut client = world.client(1);
    let reply = client.get(START).await;
    let mut location = reply.header("location").unwrap().to_owned();
    let provider = issuer.strip_prefix("http://").unwrap().parse().unwrap();
    let mut browser = Client::new(provider, 1);
    // The person signs in, then consents.
    for _ in 0..12 {
        let path = location.strip_prefix(&issuer).unwrap_or(&location).to_owned();
        if path.starts_with("https://") {
            break;
        }
        let mut reply = browser.get(&path).await;
        if reply.status == 200 {
            let prompt = if reply.text.contains("name=\"login\"") { "login" } else { "consent" };
            let form = format!("prompt={prompt}&login=E-17&password=x");
            let media = [("content-type", "application/x-www-form-urlencoded")];
            let action = reply.text.split("action=\"").nth(1).unwrap().split('"').next().unwrap();
            let action = action.strip_prefix(&issuer).unwrap_or(action).to_owned();
            reply = browser.send_text("POST", &action, &media, &form).await;
        }
        location = reply.header("location").unwrap_or_else(|| panic!("{}", reply.text)).to_owned();
    }
    let back = location.strip_prefix("https://titian.bank.example").expect(&location);
    let reply = client.get(back).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(client.get(TEST).await.text, "e-17 operator 127.0.0.1");
}
