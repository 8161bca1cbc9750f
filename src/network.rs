//! The rules of a switch as data: the room between transfers and ISO 8583 messages.
//!
//! A [`Network`] is compiled from a profile (`config/networks/*.toml`) and a spec. It provides the rules for the state
//! machines, encodes their effects as messages, and reads the messages of the switch. It does not use sockets and does
//! not know the state of a transfer.

mod declines;
mod duplicate_key;
mod encoding;
mod inbound;
mod incoming_message;
mod leniency;
mod matching_key;
mod messages;
mod pattern;
mod profile;
mod reading;
mod rehearsal;
mod rules;
mod sections;
mod session;
mod understood;
mod values;

pub use duplicate_key::DuplicateKey;
pub use encoding::BuildError;
pub use incoming_message::{IncomingMessage, ReadError};
pub use leniency::Leniency;
pub use matching_key::MatchingKey;
pub use pattern::TooLong;
pub use profile::Network;
pub use session::{
    Headers, LinkSelection, Management, ManagementResponses, SessionLimits, SessionRules,
    SessionTimers, SignOnBy,
};
pub use values::Bank;
