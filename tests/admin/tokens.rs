//! Bearer tokens of scripts.

use std::time::Duration;

use serde_json::json;
use titian::admin::{NewBearer, new_bearer};
use titian::control::{NewToken, PeopleCommand, Role};
use titian::values::{Moment, Reference, Value};

use super::world::{NOW, World, id};

const TEST: &str = "/admin/v1/test";

fn make(world: &World, role: Role, person: Option<&str>) -> NewBearer {
    let bearer = new_bearer().unwrap();
    let token = NewToken {
        hash: bearer.hash,
        label: Reference::from_ascii(b"night report").unwrap(),
        role,
        person: person.map(id),
        expires_at: Moment::from_millis(NOW).after(Duration::from_hours(24)),
    };
    world.memory.run(&PeopleCommand::MakeToken { id: bearer.id, token });
    bearer
}

#[tokio::test]
async fn a_token_works_in_its_header_until_it_ends() {
    let world = World::new().await;
    let bearer = make(&world, Role::Viewer, None);
    let mut client = world.client(1);
    let header = format!("Bearer {}", bearer.text);
    let with = [("authorization", header.as_str())];
    let text = client.send("GET", TEST, &with, None).await.text;
    assert_eq!(text, format!("token.{} viewer 127.0.0.1", bearer.id));
    let reply = client.send("POST", TEST, &with, Some(&json!({}))).await;
    assert_eq!(reply.status, 200, "a token needs no CSRF token");
    let who = client.send("GET", "/admin/v1/session", &with, None).await.json();
    assert_eq!(who["signed_in_by"], "token");
    assert!(who.get("csrf_token").is_none() && client.cookies.is_empty());
    let code = json!({"code": "123456"});
    let json = [with[0], ("content-type", "application/json")];
    let reply = client.send("POST", "/admin/v1/session/code", &json, Some(&code)).await;
    assert_eq!(reply.status, 401, "a token has no session");
    assert_eq!(client.send("DELETE", "/admin/v1/sessions", &with, None).await.status, 401);
    world.memory.run(&PeopleCommand::RevokeToken { id: bearer.id });
    assert_eq!(client.send("GET", TEST, &with, None).await.problem(), "not_signed_in");
    let bearer = make(&world, Role::Viewer, None);
    let header = format!("bearer {}", bearer.text);
    let with = [("authorization", header.as_str())];
    assert_eq!(client.send("GET", TEST, &with, None).await.status, 200);
    world.pass(Duration::from_hours(24));
    assert_eq!(client.send("GET", TEST, &with, None).await.status, 401);
}

#[tokio::test]
async fn a_token_in_another_place_or_form_is_refused() {
    let world = World::new().await;
    let NewBearer { text, .. } = make(&world, Role::Operator, Some("siti"));
    let mut client = world.client(1);
    for path in [
        format!("{TEST}?access_token={text}"),
        format!("{TEST}?token={text}"),
        format!("{TEST}?authorization=Bearer%20{text}"),
    ] {
        assert_eq!(client.get(&path).await.status, 401, "{path}");
    }
    let right = format!("Bearer {text}");
    let other = if text.ends_with('0') { '1' } else { '0' };
    for (headers, status) in [
        (vec![("authorization", format!("Basic {text}"))], 400),
        (vec![("authorization", text.clone())], 400),
        (vec![("authorization", right.clone()), ("authorization", right.clone())], 400),
        (vec![("authorization", format!("Bearer {}", &text[..text.len() - 1]))], 401),
        (vec![("authorization", format!("Bearer {}{other}", &text[..text.len() - 1]))], 401),
        (vec![("x-authorization", right.clone())], 401),
    ] {
        let sent: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let reply = client.send("GET", TEST, &sent, None).await;
        assert_eq!(reply.status, status, "{headers:?} {}", reply.text);
    }
    let mut siti = world.signed_in("siti", 2).await;
    let reply = siti.send("GET", TEST, &[("authorization", &right)], None).await;
    assert_eq!((reply.status, reply.problem()), (400, "invalid_request".to_owned()), "both");
}

#[tokio::test]
async fn a_token_of_a_person_ends_with_the_person() {
    let world = World::new().await;
    let NewBearer { text, .. } = make(&world, Role::Operator, Some("siti"));
    let header = format!("Bearer {text}");
    let with = [("authorization", header.as_str())];
    let mut client = world.client(1);
    assert_eq!(client.send("GET", TEST, &with, None).await.text, "siti operator 127.0.0.1");
    world.memory.run(&PeopleCommand::DisableOperator { person: id("siti") });
    assert_eq!(client.send("GET", TEST, &with, None).await.status, 401);
}
