//! Enrolment with a one-time secret.

use std::time::Duration;

use titian::control::{PeopleCommand, Role};

use super::world::{PASSWORD, World, new_operator};

#[tokio::test]
async fn a_one_time_secret_enrols_once() {
    let mut world = World::new().await;
    let (operator, secret) = new_operator("budi");
    let role = Role::Supervisor;
    world.memory.run(&PeopleCommand::AddOperator { operator, role });
    let begun = world.begin_enrolment("budi", &secret).await.json();
    assert_eq!(world.begin_enrolment("Budi", &secret).await.json(), begun, "it can begin again");
    assert!(begun["otpauth"].as_str().unwrap().starts_with("otpauth://totp/Titian:budi?secret="));
    world.keep_key("budi", &begun);
    for weak in ["short", "aaaaaaaaaaaaaaaa", "budi budi budi"] {
        let reply = world.confirm_enrolment("budi", &secret, weak).await;
        assert_eq!((reply.status, reply.problem()), (422, "password".to_owned()), "{weak}");
        assert!(!reply.text.contains(weak));
    }
    assert_eq!(world.confirm_enrolment("budi", &secret, PASSWORD).await.status, 204);
    world.pass(Duration::from_secs(30));
    let reply = world.confirm_enrolment("budi", &secret, PASSWORD).await;
    assert_eq!((reply.status, reply.problem()), (403, "enrolment_refused".to_owned()));
    let mut budi = world.signed_in("budi", 1).await;
    assert_eq!(budi.get("/admin/v1/test").await.text, "budi supervisor 127.0.0.1");
}

#[tokio::test]
async fn a_failed_enrolment_does_not_show_who_is_invited() {
    let world = World::new().await;
    let (operator, secret) = new_operator("budi");
    world.memory.run(&PeopleCommand::AddOperator { operator, role: Role::Viewer });
    let wrong = "0".repeat(64);
    let mut texts = Vec::new();
    for (person, secret) in
        [("budi", &wrong), ("siti", &wrong), ("unknown", &wrong), ("a", &secret), ("x y", &secret)]
    {
        let reply = world.begin_enrolment(person, secret).await;
        assert_eq!(reply.status, 403, "{person}");
        texts.push(reply.text);
    }
    assert!(texts.windows(2).all(|two| two[0] == two[1]), "{texts:?}");
    // The code proves that the authenticator has the key.
    let reply = world.confirm_enrolment("budi", &secret, PASSWORD).await;
    assert_eq!((reply.status, reply.problem()), (403, "code_refused".to_owned()));
    world.pass(Duration::from_hours(72));
    assert_eq!(world.begin_enrolment("budi", &secret).await.status, 403);
}
