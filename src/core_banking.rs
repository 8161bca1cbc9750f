//! The port to core banking: postings, cancels and account inquiries.
//!
//! [`start`] returns two ends. Commands go into the [`Handle`], which never blocks. Replies come out of [`Replies`], in
//! batches. Behind them is a bank's core over HTTP (`client.rs`, `specs/core-banking.openapi.yaml`) or the embedded ledger
//! (`ledger.rs`). The same ledger can be served over HTTP ([`serve`]), to test the client against it.
//!
//! **Never a guess.** A reply that the specification does not define is reported as unknown, and the caller repeats the
//! command. The port sends each command once: the engine counts its attempts, and a refusal is final only as the reply to a
//! first attempt.
//!
//! **Order.** Commands of one transfer may overtake each other. A cancel that overtakes its posting bars it. Repeated
//! postings are the same posting.

mod accounts_file;
mod client;
mod command;
mod error;
mod ledger;
mod meter;
mod port;
mod replies;
mod server;
mod settings;
mod signature;
mod wire;

pub use command::{CoreCommand, CoreReply};
pub use error::CoreBankingError;
pub use ledger::{
    Books, BooksByCurrency, Ledger, LedgerKeys, LockedLedger, Total, VerifiedLedger, books,
    lock_ledger, verify_ledger,
};
pub use meter::{Counts, Meter};
pub use port::{Handle, Replies, start};
pub use server::serve;
pub use settings::{Core, Debit, Embedded, Http, Settings};
pub use signature::{SignatureInput, SigningKey};
