//! The running adapter: its parts, its main loop, and its shutdown.
//!
//! ```text
//! channels ─► port ───┐                                         ┌─► links ─► switch
//! links ─► incoming ──┼─► Node: engine ─► journal ─► release ───┼─► core
//! core ─► incoming ───┘            ▲         │                  └─► waiting channels
//!                     lookups ─────┘ ◄───────┘
//! ```
//! The node (`node.rs`) is one task and owns the engine, so it needs no lock. An effect leaves only when the facts behind
//! it are durable.

mod acts;
mod alerts;
mod conditions;
mod control_names;
mod cut_over;
mod health;
mod ids;
mod incoming;
mod inputs;
mod ledger_record;
mod link_views;
mod listeners;
mod lookups;
mod metrics;
mod node;
mod odd_messages;
mod operated_links;
mod operator_requests;
mod operators;
mod pending_responses;
mod port;
mod release;
mod reload;
mod reload_changes;
mod settings;
mod start;
mod views;
mod waiting;

pub use node::NodeError;
pub use operated_links::OperatedLinks;
pub use reload::Reload;
pub use settings::{DEFAULTS, Keys, Limits, Link, LinkEndpoint, Settings, Store};
pub use start::{StartError, run};
