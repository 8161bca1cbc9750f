//! Titian, an interbank transfer switch adapter: the service between one bank and the national
//! interbank switch.
//!
//! Two foundations carry the rest and don't know each other: what money does, and what bytes say
//! ([`iso8583`]). Value types that both need lie under both ([`values`]). `docs/architecture.md` is the map.
//!
//! The feature `harness` adds what only trials and tests need: the simulated switch, the harness, and the commands `titian demo`,
//! `titian bench` and `titian switch`. The production build is without it.

pub mod admin;
pub mod api;
pub mod cli;
pub mod clock;
pub mod codes;
pub mod control;
pub mod core_banking;
pub mod engine;
#[cfg(feature = "harness")]
pub mod harness;
mod hex;
pub mod hmac_key;
pub mod http_client;
pub mod iso8583;
pub mod journal;
pub mod link;
pub mod masking;
pub mod network;
pub mod personal;
pub mod private_files;
pub mod random;
pub mod records;
pub mod runtime;
pub mod secrets;
pub mod settings;
pub mod signing;
#[cfg(feature = "harness")]
pub mod simulator;
mod spelling;
mod sqlite;
pub mod tls;
pub mod transfer;
pub mod values;
pub mod webhooks;
