//! A night by `titian admin`: two administrators by an offline act, a bank that breaks, is closed and opened in stages, an exception under
//! dual control, and a link that is signed off and on.

use std::fs;

use serde_json::json;

use super::bank::{Options, wait_until};
use super::desk::{Desk, first_administrators};
use super::scenario::{Scenario, transfer};

/// A transfer has no response, and its reversal none: it becomes an exception. One person proposes what became of it, another approves.
async fn an_exception_is_resolved_under_dual_control(scenario: &Scenario, desk: &Desk<'_>) {
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
        let said = desk.command("e31", &["exceptions", "--json"], &[]).await;
        let exceptions: serde_json::Value = serde_json::from_str(&said.out).unwrap();
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

    an_exception_is_resolved_under_dual_control(&scenario, &desk).await;

    // A link that breaks is an alert. An operator knows of it; it ends by itself.
    scenario.link.cut();
    let alerts = async |state: &str| {
        let alerts = desk.done("e17", &["alerts", "--kind", "link_down"]).await;
        let alerts = alerts["alerts"].as_array().unwrap().clone();
        alerts.into_iter().filter(|alert| alert["state"] == state).collect::<Vec<_>>()
    };
    wait_until("both links are down", async || alerts("open").await.len() == 2).await;
    let id = alerts("open").await[0]["id"].to_string();
    let note = "the switch was called";
    let refused = desk.admin("e17", &["acknowledge", &id, "--note", note]).await;
    assert!(refused.err.contains("the role administrator may not do this"), "{}", refused.err);
    desk.done("e31", &["acknowledge", &id, "--note", note]).await;
    let acknowledged = alerts("acknowledged").await;
    assert_eq!(
        (&acknowledged[0]["acknowledged_by"], &acknowledged[0]["note"]),
        (&json!("e31"), &json!(note))
    );
    let again = desk.admin("e44", &["acknowledge", &id, "--note", note]).await;
    assert!(again.err.contains(&format!("alert {id} is acknowledged already")), "{}", again.err);
    scenario.link.reconnect();
    wait_until("the alerts end", async || alerts("ended").await.len() == 2).await;

    // All of it is on record, and a restart has the same restrictions.
    let acts = desk.done("e17", &["acts", "--limit", "1000"]).await;
    assert!(acts["acts"].as_array().unwrap().len() > 10, "{acts}");
    for look in ["overview", "services", "proposals", "alerts", "acts"] {
        let said = desk.admin("e17", &[look]).await;
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{look}");
        assert!(!said.out.is_empty());
    }
    let said = desk.command("e17", &["exceptions"], &[]).await;
    assert_eq!(said.out, "No transfer needs a manual resolution.\n", "{}", said.err);
    let said = desk.command("e17", &["operator", "list"], &[]).await;
    assert!(said.out.contains("e31") && said.out.contains("supervisor"), "{}", said.err);
    scenario.bank.kill().await;
    scenario.bank.start().await;
    let refused = Desk::of(&scenario.bank).admin("e31", &["restrictions"]).await;
    assert!(refused.err.contains("Not signed in"), "a restart ends sessions: {}", refused.err);
    scenario.finish().await;
}
