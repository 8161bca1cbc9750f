//! Operators and tokens: who may sign in, as the fold of facts. Passwords and one-time code keys are sealed outside of this room.

mod command;
mod decide;
mod fact;
mod operator;
mod refusal;
mod token;

use std::collections::BTreeMap;

pub use command::{NewOperator, NewToken, PeopleCommand};
pub use fact::{PeopleFact, PersonalAct, PersonalChange};
pub use operator::{Access, ENROLMENT_TIME, Enrolment, Operator, SealedCredentials, SecretHash};
pub use refusal::PeopleRefusal;
pub use token::{TOKEN_TIME_MAX, Token, TokenId};

use super::ids::StateVersion;
use super::person::{Actor, PersonId, Proof, Role};
use crate::values::Moment;

/// The most operators, with those that are disabled.
pub const OPERATORS_MAX: usize = 10_000;

/// The most tokens that are not revoked.
pub const TOKENS_MAX: usize = 1_000;

/// The operators and the tokens. A token that is revoked is gone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct People {
    operators: BTreeMap<PersonId, Operator>,
    tokens: BTreeMap<TokenId, Token>,
}

impl People {
    /// Returns an operator.
    #[must_use]
    pub fn operator(&self, person: &PersonId) -> Option<&Operator> {
        self.operators.get(person)
    }

    /// Returns all operators in the order of their ids.
    pub fn operators(&self) -> impl Iterator<Item = (&PersonId, &Operator)> {
        self.operators.iter()
    }

    /// Returns all tokens in the order of their ids, with those that have expired.
    pub fn tokens(&self) -> impl Iterator<Item = (&TokenId, &Token)> {
        self.tokens.iter()
    }

    /// Returns the version of the target of a command: the number of the last row about it; 0 if there is none.
    #[must_use]
    pub fn version(&self, target: &str) -> StateVersion {
        let person = target.strip_prefix(command::OPERATOR).and_then(PersonId::new);
        let token = target.strip_prefix(command::TOKEN).and_then(TokenId::parse);
        let of_person = person.and_then(|id| self.operators.get(&id)).map(|own| own.version);
        let of_token = || token.and_then(|id| self.tokens.get(&id)).map(|own| own.version);
        of_person.or_else(of_token).unwrap_or(StateVersion(0))
    }

    /// Returns who acts with a token: its person, or an id of its own. `None` if there is no such token, the secret is another one,
    /// it has expired, or its person may not do that much.
    #[must_use]
    pub fn token_actor(&self, id: TokenId, secret: &SecretHash, now: Moment) -> Option<Actor> {
        let token = self.tokens.get(&id)?;
        // Both are hashes, and are compared in constant time.
        if !token.hash.is(secret) || now >= token.expires_at {
            return None;
        }
        let person = match &token.person {
            None => PersonId::of_token(&id),
            Some(person) => {
                let operator = self.operators.get(person)?;
                let may = operator.is_enabled() && operator.role.covers(token.role);
                may.then(|| person.clone())?
            }
        };
        Some(Actor { person, role: token.role, proof: Proof::Token })
    }

    /// Applies a fact of a control row.
    pub fn apply(&mut self, fact: &PeopleFact, row: u64) {
        let version = StateVersion(row);
        match fact {
            PeopleFact::OperatorAdded { person, name, role, enrolment } => {
                let access = Access::Invited(*enrolment);
                let operator = Operator { name: name.clone(), role: *role, access, version };
                self.operators.insert(person.clone(), operator);
            }
            PeopleFact::RoleChanged { person, role } => {
                self.change(person, version, |operator| operator.role = *role);
            }
            PeopleFact::OperatorDisabled { person } => {
                self.change(person, version, |operator| operator.access = Access::Disabled);
            }
            PeopleFact::OperatorEnabled { person, enrolment }
            | PeopleFact::CredentialsReset { person, enrolment } => {
                self.change(person, version, |own| own.access = Access::Invited(*enrolment));
            }
            PeopleFact::Enrolled { person, credentials } => {
                let access = Access::Enrolled(credentials.clone());
                self.change(person, version, |operator| operator.access = access);
            }
            // The new version ends all sessions of the operator.
            PeopleFact::SignedOut { person } => self.change(person, version, |_| ()),
            PeopleFact::TokenMade {
                id,
                token: NewToken { hash, label, role, person, expires_at },
            } => {
                let token = Token {
                    hash: *hash,
                    label: label.clone(),
                    role: *role,
                    person: person.clone(),
                    expires_at: *expires_at,
                    version,
                };
                self.tokens.insert(*id, token);
            }
            PeopleFact::TokenRevoked { id } => drop(self.tokens.remove(id)),
        }
    }

    fn change(
        &mut self,
        person: &PersonId,
        version: StateVersion,
        change: impl FnOnce(&mut Operator),
    ) {
        if let Some(operator) = self.operators.get_mut(person) {
            change(operator);
            operator.version = version;
        }
    }

    /// Returns the number of administrators that can sign in, without one person.
    fn administrators_without(&self, person: &PersonId) -> usize {
        let others = self.operators.iter().filter(|(id, _)| *id != person);
        others.filter(|(_, own)| own.role == Role::Administrator && own.is_enrolled()).count()
    }
}

#[cfg(test)]
mod tests;
