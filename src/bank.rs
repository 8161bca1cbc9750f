//! The port to core banking: postings asked for, cancelled, accounts asked about.
//!
//! [`start`] gives two ends. What is asked goes into the [`Handle`], which never blocks; what core says comes out of
//! [`Events`], in batches. Behind them is a bank's core over HTTP (`client.rs`, `specs/core-banking.openapi.yaml`) or the
//! embedded ledger (`ledger.rs`), a little core of our own. The same ledger can be served over HTTP ([`serve`]), to try the
//! client against.
//!
//! **Never a guess.** What core did not say in so many words is told as unknown, and asked again by whoever asked. A question is
//! put to core once: the engine counts how often it asked, and takes the refusal of a first question for final.
//!
//! **Order.** Questions about one transfer may overtake each other. A cancel that overtakes its posting bars it; postings that
//! overtake each other are the same posting.

mod answers;
mod client;
mod error;
mod ledger;
mod meter;
mod port;
mod server;
mod settings;
mod signature;
mod wire;

pub use error::BankError;
pub use ledger::{Books, Ledger, Total, books};
pub use meter::{Counts, Meter};
pub use port::{Ask, Clock, Events, Handle, Told, start};
pub use server::serve;
pub use settings::{Core, Debit, Embedded, Http, Settings};
pub use signature::{Claim, SigningKey};
