//! The channel API: what mobile app, ATM host and teller ask over HTTP, by the conventions of SNAP BI.
//!
//! A request is let in (`admission.rs`: token, signature, time, rate), read (`body.rs`, `read.rs`), made an order or a
//! question, and given to the [`Desk`], behind which is the rest of the program. What comes back is said by one table
//! (`outcome.rs`). All of that is pure but for `http.rs`, which reads and writes. Nothing here knows a switch.

mod admission;
mod answer;
mod body;
mod desk;
mod faults;
mod http;
mod keys;
mod minify;
mod outcome;
mod partner;
mod rate;
mod read;
mod server;
mod service;
mod settings;
mod signature;
mod stamp;
mod token;

pub use desk::{Denial, Desk, InquiryAnswer, Progress, Reason, TransferAnswer};
pub use http::{Api, OPENAPI};
pub use server::serve;
pub use service::Service;
pub use settings::{Ground, Limits, Settings};
pub use signature::{Claim, SignatureKey};

pub use crate::bank::Debit;
