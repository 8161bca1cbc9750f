//! TLS with certificates on both sides.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use titian::link::{End, Endpoint, Event, Identity, TlsClient, TlsError, TlsServer};
use titian::network::{SessionRules, Starter};

use crate::adapter::{Adapter, ending, listener, quick};
use crate::messages::{financial, rules, spec};

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

/// Both ends: the one that listens plays the switch and waits for a sign-on.
async fn both_ends(server: TlsServer, client: TlsClient) -> (Adapter, Adapter) {
    let spec = spec("nusantara");
    let rules = quick(rules("nusantara"));
    let switch_rules = SessionRules { sign_on: Starter::They, ..rules.clone() };
    let (listener, address) = listener().await;
    let listen = Endpoint::Listen { listener, allowed: vec![address.ip()], tls: Some(server) };
    let dial = Endpoint::Dial { address: address.to_string(), tls: Some(client) };
    let switch = Adapter::new(&spec, &switch_rules, vec![listen]);
    (switch, Adapter::new(&spec, &rules, vec![dial]))
}

#[tokio::test]
async fn with_certificates_on_both_sides_a_request_is_asked_and_answered() {
    let authority = authority();
    let pem = authority.pem();
    let server = TlsServer::new(identity("switch.test", &authority), Some(pem.as_bytes())).unwrap();
    let ours = Some(identity("bank.test", &authority));
    let client = TlsClient::new(pem.as_bytes(), ours, "switch.test").unwrap();
    let (mut switch, mut bank) = both_ends(server, client).await;
    bank.up().await;
    switch.up().await;
    for number in 0..100 {
        bank.send_all([number].into_iter()).await;
        switch.wait(|event| matches!(event, Event::Request { .. }).then_some(())).await;
        switch.send(number, financial(&switch.spec, 210, number)).await;
        assert_eq!(bank.wait(ending).await, (number, "answered"));
    }
    let events = bank.rest().await;
    assert!(events.iter().all(|event| ending(event).is_none()), "{events:?}");
}

fn failed(event: &Event) -> Option<End> {
    match event {
        Event::Failed(_, end) => Some(*end),
        Event::Up(_) => panic!("it came up"),
        _ => None,
    }
}

#[tokio::test]
async fn a_bank_without_a_certificate_or_with_another_authoritys_is_refused() {
    let (ours, foreign) = (authority(), authority());
    let pem = ours.pem();
    for shown in [None, Some(identity("bank.test", &foreign))] {
        let server = TlsServer::new(identity("switch.test", &ours), Some(pem.as_bytes())).unwrap();
        let client = TlsClient::new(pem.as_bytes(), shown, "switch.test").unwrap();
        let (mut switch, mut bank) = both_ends(server, client).await;
        assert!(matches!(switch.wait(failed).await, End::NotConnected(_)));
        bank.wait(failed).await;
    }
}

#[tokio::test]
async fn a_switch_of_another_name_or_authority_is_not_talked_to() {
    let (ours, foreign) = (authority(), authority());
    for (shown, name) in [(&ours, "other.test"), (&foreign, "switch.test")] {
        let server = TlsServer::new(identity("switch.test", shown), None).unwrap();
        let client = TlsClient::new(ours.pem().as_bytes(), None, name).unwrap();
        let (_switch, mut bank) = both_ends(server, client).await;
        assert!(matches!(bank.wait(failed).await, End::NotConnected(_)), "{name}");
    }
}

#[test]
fn what_can_not_be_used_is_named() {
    let authority = authority();
    let no_key = Identity::from_pem(authority.pem().as_bytes(), b"").unwrap_err();
    assert!(no_key.to_string().starts_with("our key can't be read"), "{no_key}");
    let empty = TlsClient::new(b"", None, "switch.test").err().unwrap();
    assert_eq!(empty.to_string(), "the authority has no certificate");
    let name = TlsClient::new(authority.pem().as_bytes(), None, "not a name").err().unwrap();
    assert!(matches!(name, TlsError::Name(_)));
}
