//! The channel API over HTTP, by the conventions of SNAP BI: for mobile apps, ATM hosts and tellers.
//!
//! A request is admitted (`admission.rs`: token, signature, time, rate), parsed (`body.rs`), turned into an order or an
//! inquiry (`orders.rs`), and given to the [`ChannelPort`], which leads to the rest of the program. One table (`error.rs`) maps
//! every result to HTTP status, response code and message. All of that is pure except `http.rs` and `server.rs`. Nothing here
//! depends on the switch.

mod admission;
mod body;
mod error;
mod field_errors;
mod http;
mod keys;
mod limits;
mod minify;
mod orders;
mod partner;
mod port;
mod response;
mod rules;
mod server;
mod service;
mod settings;
mod signature;
mod timestamp;
mod token;

pub use http::{Api, OPENAPI};
pub use port::{AccountInquiryResponse, ChannelPort, NotProcessed, TransferResponse};
pub use server::serve;
pub use service::Service;
pub use settings::{Limits, Settings, SharedSettings};
pub use signature::{SignatureKey, SignedRequest};

pub use crate::core_banking::Debit;
