//! A command on its way: who gives it, and what became of it.

use super::command::Command;
use super::person::Actor;
use crate::values::TransferId;

/// A command of a person, with how it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActRequest {
    /// The id of the question. No transfer exists under it.
    pub id: TransferId,
    /// The command.
    pub command: Command,
    /// Who asks, with the role and the proof of this moment.
    pub actor: Actor,
    /// The address of the peer.
    pub from: Box<str>,
    /// The label of the session or token.
    pub via: Box<str>,
    /// The key of the request, if it has one.
    pub request: Option<Box<str>>,
}

/// What an act did. It is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActDone {
    /// The number of its row. What the act made has this number too.
    pub row: u64,
    /// Whether an earlier request with the same key did it.
    pub was_done: bool,
}
