//! Mutual TLS.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use titian::link::{DisconnectReason, Endpoint, Event, Identity, TlsClient, TlsError, TlsServer};
use titian::network::{SessionRules, SignOnBy};

use super::adapter::{Adapter, listener, outcome, quick};
use super::messages::{financial, rules, spec};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn identity(name: &str, authority: &Authority) -> Identity {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    Identity::from_pem(certificate.pem().as_bytes(), key.serialize_pem().as_bytes()).unwrap()
}

/// Returns both sides. The listening side acts as the switch and waits for a sign-on.
async fn both_sides(server: TlsServer, client: TlsClient) -> (Adapter, Adapter) {
    let spec = spec("nusantara");
    let rules = quick(rules("nusantara"));
    let switch_rules = SessionRules { sign_on: SignOnBy::Switch, ..rules.clone() };
    let (listener, address) = listener().await;
    let listen = Endpoint::Listen { listener, allowed: vec![address.ip()], tls: Some(server) };
    let dial = Endpoint::Dial { address: address.to_string(), tls: Some(client) };
    let switch = Adapter::new(&spec, &switch_rules, vec![listen]);
    (switch, Adapter::new(&spec, &rules, vec![dial]))
}

#[tokio::test]
async fn requests_and_responses_pass_over_mutual_tls() {
    let authority = authority();
    let pem = authority.pem();
    let server = TlsServer::new(identity("switch.test", &authority), Some(pem.as_bytes())).unwrap();
    let ours = Some(identity("bank.test", &authority));
    let client = TlsClient::new(pem.as_bytes(), ours, "switch.test").unwrap();
    let (mut switch, mut bank) = both_sides(server, client).await;
    bank.wait_until_up().await;
    switch.wait_until_up().await;
    for number in 0..100 {
        bank.send_all([number].into_iter()).await;
        switch.wait(|event| matches!(event, Event::Request { .. }).then_some(())).await;
        switch.send(number, financial(&switch.spec, 210, number)).await;
        assert_eq!(bank.wait(outcome).await, (number, "answered"));
    }
    let events = bank.remaining_events().await;
    assert!(events.iter().all(|event| outcome(event).is_none()), "{events:?}");
}

fn failed(event: &Event) -> Option<DisconnectReason> {
    match event {
        Event::ConnectionClosed(_, reason) => Some(*reason),
        Event::Up(_) => panic!("unexpected session"),
        _ => None,
    }
}

#[tokio::test]
async fn a_bank_without_a_certificate_of_the_authority_is_refused() {
    let (ours, foreign) = (authority(), authority());
    let pem = ours.pem();
    for shown in [None, Some(identity("bank.test", &foreign))] {
        let server = TlsServer::new(identity("switch.test", &ours), Some(pem.as_bytes())).unwrap();
        let client = TlsClient::new(pem.as_bytes(), shown, "switch.test").unwrap();
        let (mut switch, mut bank) = both_sides(server, client).await;
        assert!(matches!(switch.wait(failed).await, DisconnectReason::ConnectFailed(_)));
        bank.wait(failed).await;
    }
}

#[tokio::test]
async fn a_switch_with_another_name_or_authority_is_refused() {
    let (ours, foreign) = (authority(), authority());
    for (shown, name) in [(&ours, "other.test"), (&foreign, "switch.test")] {
        let server = TlsServer::new(identity("switch.test", shown), None).unwrap();
        let client = TlsClient::new(ours.pem().as_bytes(), None, name).unwrap();
        let (_switch, mut bank) = both_sides(server, client).await;
        assert!(matches!(bank.wait(failed).await, DisconnectReason::ConnectFailed(_)), "{name}");
    }
}

#[test]
fn errors_name_the_faulty_item() {
    let authority = authority();
    let no_key = Identity::from_pem(authority.pem().as_bytes(), b"").unwrap_err();
    assert!(no_key.to_string().starts_with("private key: cannot read the PEM file"), "{no_key}");
    let empty = TlsClient::new(b"", None, "switch.test").err().unwrap();
    assert_eq!(empty.to_string(), "certificate authority: the file does not contain a certificate");
    let name = TlsClient::new(authority.pem().as_bytes(), None, "not a name").err().unwrap();
    assert!(matches!(name, TlsError::Name(_)));
}
