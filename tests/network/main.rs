//! The shipped network profiles with their specs: messages that we encode, and messages that we read.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on fails"
)]

mod faults;
mod messages;
mod odd_messages;
mod requests;

use super::transfer::rules;

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use titian::iso8583::{Message, Spec};
use titian::network::{Bank, Network};
use titian::values::{Institution, Pan, Value};

pub(crate) const NETWORKS: [&str; 3] = ["nusantara", "rendezvous", "holdfast"];

pub(crate) fn bank() -> Bank {
    Bank {
        code: Institution::from_ascii(b"213").unwrap(),
        forwarder: Institution::from_ascii(b"360213").unwrap(),
        iin: Pan::from_ascii(b"936002").unwrap(),
    }
}

pub(crate) fn spec(name: &str) -> Arc<Spec> {
    let (name, text) = Spec::SHIPPED.into_iter().find(|(shipped, _)| *shipped == name).unwrap();
    Arc::new(Spec::parse(name, text).unwrap())
}

pub(crate) fn network(name: &str) -> Network {
    let (_, text) = Network::SHIPPED.into_iter().find(|(shipped, _)| *shipped == name).unwrap();
    Network::parse(name, text, spec(name), bank()).unwrap()
}

/// Returns the network of bank 014, which receives our requests. It takes withdrawals, and responds to balance inquiries.
pub(crate) fn receiver(name: &str) -> Network {
    let (_, text) = Network::SHIPPED.into_iter().find(|(shipped, _)| *shipped == name).unwrap();
    let text = text.replace("inbound_enabled = false", "inbound_enabled = true");
    let balance = "account_balance = { 54 = \"{account_type}02{currency}C{balance:0>12}\" }";
    let text = text.replace("\n[responses]\n", &format!("\n[responses]\n{balance}\n"));
    let code = Institution::from_ascii(b"014").unwrap();
    Network::parse(name, &text, spec(name), Bank { code, ..bank() }).unwrap()
}

pub(crate) fn decoded<'s>(spec: &'s Spec, bytes: &BytesMut) -> Message<'s> {
    spec.decode(Bytes::copy_from_slice(bytes)).unwrap()
}
