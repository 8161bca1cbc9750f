//! The adapter as one running program: its parts, the loop that they meet in, and its end.
//!
//! ```text
//! channels ─► desk ──┐                                         ┌─► links ─► switch
//! links ─► arrivals ─┼─► Node: engine ─► journal ─► release ───┼─► core
//! core ─► arrivals ──┘            ▲         │                  └─► channels that wait
//!                   look-ups ─────┘ ◄───────┘
//! ```
//! The node (`node.rs`) is one task and has the engine to itself, so there is no lock. What it says leaves only when the facts behind
//! it are durable.

mod arrivals;
mod asked;
mod console;
mod desk;
mod ids;
mod inlets;
mod lookups;
mod metrics;
mod node;
mod progress;
mod release;
mod settings;
mod start;
mod waiting;

pub use node::NodeError;
pub use settings::{Limits, Link, LinkWay, SHIPPED, Settings, Store};
pub use start::{Reload, StartError, run};
