//! Why something about operators and tokens is refused.

use thiserror::Error;

use super::token::TokenId;
use crate::control::person::{PersonId, Role};

/// A refusal. Its text says what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PeopleRefusal {
    /// The store has operators.
    #[error("the store has operators: its first administrators are in office; propose the change")]
    NotFirst,
    /// The same person is named twice.
    #[error("{} is named twice: name two different employees", .0.as_str())]
    Twice(PersonId),
    /// The id is one of tokens.
    #[error("{}: an id with the prefix token. is reserved for tokens: use the employee number", .0.as_str())]
    ReservedId(PersonId),
    /// The operator exists.
    #[error("operator {} exists: change its role, enable it or reset its credentials", .0.as_str())]
    OperatorKnown(PersonId),
    /// The operator does not exist.
    #[error("there is no operator {}: add it first", .0.as_str())]
    OperatorUnknown(PersonId),
    /// The operator is disabled.
    #[error("operator {} is disabled: enable it first", .0.as_str())]
    OperatorDisabled(PersonId),
    /// The operator is not disabled.
    #[error("operator {} is not disabled: reset its credentials if it cannot sign in", .0.as_str())]
    OperatorEnabled(PersonId),
    /// There are too many operators.
    #[error("the store has {0} operators, which is the maximum: enable or change an existing one")]
    OperatorsFull(usize),
    /// The operator has the role.
    #[error("{} has the role {}: name another role", .0.as_str(), .1.code())]
    SameRole(PersonId, Role),
    /// The person would change the own role.
    #[error("a person does not decide about the own role or token: another administrator must")]
    OwnRole,
    /// Too few administrators would be left.
    #[error("two administrators that can sign in must remain: enrol another one first")]
    LastAdministrators,
    /// The token exists.
    #[error("token {0} exists: use a new id")]
    TokenKnown(TokenId),
    /// The token does not exist.
    #[error("there is no token {0}: it was revoked, or the id is wrong")]
    TokenUnknown(TokenId),
    /// There are too many tokens.
    #[error("there are {0} tokens, which is the maximum: revoke those that have expired")]
    TokensFull(usize),
    /// A token without a person would be more than a viewer.
    #[error("a token without a person is a viewer at most (got {}): name a person", .0.code())]
    TokenRole(Role),
    /// A token would be more than its person.
    #[error("{} is {}, which does not cover {}: choose a role of the person", .person.as_str(), .has.code(), .wanted.code())]
    TokenAbovePerson {
        /// The person.
        person: PersonId,
        /// The role of the person.
        has: Role,
        /// The role of the token.
        wanted: Role,
    },
    /// The expiry is in the past or too far away.
    #[error("the token must expire within 366 days")]
    TokenExpiry,
    /// The enrolment is not possible. It does not say why: the reason would show who is invited.
    #[error("the enrolment secret is wrong, used or expired: ask an administrator for a new one")]
    Enrolment,
}
