//! Titian, an interbank transfer switch adapter: the service between one bank and the national
//! interbank switch.
//!
//! Two foundations carry the rest and don't know each other: what money does, and what bytes say
//! ([`iso8583`]). Value types that both need lie under both ([`values`]). `docs/architecture.md` is the map.

pub mod api;
pub mod bank;
pub mod cli;
pub mod engine;
mod hex;
pub mod iso8583;
pub mod journal;
pub mod link;
pub mod masking;
pub mod mutation;
pub mod network;
pub mod records;
pub mod rig;
pub mod runtime;
pub mod settings;
mod spelling;
mod sqlite;
pub mod switch;
pub mod tls;
pub mod transfer;
pub mod values;
