//! Decides commands about operators and tokens.

use super::command::{NewOperator, NewToken, PeopleCommand};
use super::fact::{PeopleFact, PersonalAct, PersonalChange};
use super::operator::{Access, ENROLMENT_TIME, Enrolment, Operator, SecretHash};
use super::refusal::PeopleRefusal;
use super::token::{TOKEN_TIME_MAX, TokenId};
use super::{OPERATORS_MAX, People, TOKENS_MAX};
use crate::control::person::{PersonId, Role};
use crate::values::Moment;

/// The administrators that must remain: one to propose and one to approve.
const ADMINISTRATORS_MIN: usize = 2;

impl People {
    /// Checks a command against the operators and tokens of now. [`Self::decide`] checks times too.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn check(&self, command: &PeopleCommand) -> Result<(), PeopleRefusal> {
        match command {
            PeopleCommand::FirstAdministrators { administrators: [one, other] } => {
                if !self.operators.is_empty() {
                    return Err(PeopleRefusal::NotFirst);
                }
                if one.person == other.person {
                    return Err(PeopleRefusal::Twice(one.person.clone()));
                }
                self.check_new(&one.person)?;
                self.check_new(&other.person)
            }
            PeopleCommand::AddOperator { operator, .. } => self.check_new(&operator.person),
            PeopleCommand::ChangeRole { person, role } => {
                let operator = self.enabled(person)?;
                if operator.role == *role {
                    return Err(PeopleRefusal::SameRole(person.clone(), *role));
                }
                self.check_administrators(person, operator)
            }
            PeopleCommand::DisableOperator { person } => {
                self.check_administrators(person, self.enabled(person)?)
            }
            PeopleCommand::EnableOperator { person, .. } => {
                if self.known(person)?.is_enabled() {
                    return Err(PeopleRefusal::OperatorEnabled(person.clone()));
                }
                Ok(())
            }
            PeopleCommand::ResetCredentials { person, .. } => self.enabled(person).map(|_| ()),
            PeopleCommand::MakeToken { id, token } => self.check_token(*id, token),
            PeopleCommand::RevokeToken { id } if self.tokens.contains_key(id) => Ok(()),
            PeopleCommand::RevokeToken { id } => Err(PeopleRefusal::TokenUnknown(*id)),
        }
    }

    /// Decides a command that two administrators agreed on.
    ///
    /// # Errors
    /// Why it is refused. Nothing changes then.
    pub fn decide(
        &self,
        command: &PeopleCommand,
        now: Moment,
    ) -> Result<Vec<PeopleFact>, PeopleRefusal> {
        self.check(command)?;
        Ok(match command {
            PeopleCommand::FirstAdministrators { administrators } => {
                administrators.iter().map(|new| added(new, Role::Administrator, now)).collect()
            }
            PeopleCommand::AddOperator { operator, role } => vec![added(operator, *role, now)],
            PeopleCommand::ChangeRole { person, role } => {
                let changed = PeopleFact::RoleChanged { person: person.clone(), role: *role };
                self.with_revoked(changed, person, |token| !role.covers(token))
            }
            PeopleCommand::DisableOperator { person } => {
                let disabled = PeopleFact::OperatorDisabled { person: person.clone() };
                self.with_revoked(disabled, person, |_| true)
            }
            PeopleCommand::EnableOperator { person, enrolment } => {
                let enrolment = invitation(*enrolment, now);
                vec![PeopleFact::OperatorEnabled { person: person.clone(), enrolment }]
            }
            PeopleCommand::ResetCredentials { person, enrolment } => {
                let enrolment = invitation(*enrolment, now);
                vec![PeopleFact::CredentialsReset { person: person.clone(), enrolment }]
            }
            PeopleCommand::MakeToken { id, token } => {
                if token.expires_at <= now || token.expires_at > now.after(TOKEN_TIME_MAX) {
                    return Err(PeopleRefusal::TokenExpiry);
                }
                vec![PeopleFact::TokenMade { id: *id, token: token.clone() }]
            }
            PeopleCommand::RevokeToken { id } => vec![PeopleFact::TokenRevoked { id: *id }],
        })
    }

    /// Decides what a person does about itself.
    ///
    /// # Errors
    /// Why it is refused. Nothing changes then.
    pub fn decide_personal(
        &self,
        act: &PersonalAct,
        now: Moment,
    ) -> Result<Vec<PeopleFact>, PeopleRefusal> {
        let person = act.person.clone();
        Ok(vec![match &act.change {
            PersonalChange::Enrol { secret, credentials } => {
                if !self.may_enrol(&person, secret, now) {
                    return Err(PeopleRefusal::Enrolment);
                }
                PeopleFact::Enrolled { person, credentials: credentials.clone() }
            }
            PersonalChange::SignOutEverywhere => PeopleFact::SignedOut { person },
        }])
    }

    /// Returns whether a person can enrol with a one-time secret now.
    #[must_use]
    pub fn may_enrol(&self, person: &PersonId, secret: &SecretHash, now: Moment) -> bool {
        match self.operators.get(person).map(|operator| &operator.access) {
            Some(Access::Invited(Enrolment { hash, expires_at })) => {
                hash.is(secret) && now < *expires_at
            }
            Some(Access::Enrolled(_) | Access::Disabled) | None => false,
        }
    }

    fn known(&self, person: &PersonId) -> Result<&Operator, PeopleRefusal> {
        self.operators.get(person).ok_or_else(|| PeopleRefusal::OperatorUnknown(person.clone()))
    }

    fn enabled(&self, person: &PersonId) -> Result<&Operator, PeopleRefusal> {
        let operator = self.known(person)?;
        let disabled = || PeopleRefusal::OperatorDisabled(person.clone());
        operator.is_enabled().then_some(operator).ok_or_else(disabled)
    }

    fn check_new(&self, person: &PersonId) -> Result<(), PeopleRefusal> {
        if person.is_reserved() {
            return Err(PeopleRefusal::ReservedId(person.clone()));
        }
        if self.operators.contains_key(person) {
            return Err(PeopleRefusal::OperatorKnown(person.clone()));
        }
        if self.operators.len() >= OPERATORS_MAX {
            return Err(PeopleRefusal::OperatorsFull(OPERATORS_MAX));
        }
        Ok(())
    }

    /// Checks that enough administrators remain without a person.
    fn check_administrators(
        &self,
        person: &PersonId,
        operator: &Operator,
    ) -> Result<(), PeopleRefusal> {
        let is_counted = operator.role == Role::Administrator && operator.is_enrolled();
        if is_counted && self.administrators_without(person) < ADMINISTRATORS_MIN {
            return Err(PeopleRefusal::LastAdministrators);
        }
        Ok(())
    }

    fn check_token(&self, id: TokenId, token: &NewToken) -> Result<(), PeopleRefusal> {
        if self.tokens.contains_key(&id) {
            return Err(PeopleRefusal::TokenKnown(id));
        }
        if self.tokens.len() >= TOKENS_MAX {
            return Err(PeopleRefusal::TokensFull(TOKENS_MAX));
        }
        let Some(person) = &token.person else {
            let is_viewer = Role::Viewer.covers(token.role);
            return is_viewer.then_some(()).ok_or(PeopleRefusal::TokenRole(token.role));
        };
        let has = self.enabled(person)?.role;
        if !has.covers(token.role) {
            let (person, wanted) = (person.clone(), token.role);
            return Err(PeopleRefusal::TokenAbovePerson { person, has, wanted });
        }
        Ok(())
    }

    /// Returns a fact about a person, and that tokens of the person end.
    fn with_revoked(
        &self,
        fact: PeopleFact,
        person: &PersonId,
        ends: impl Fn(Role) -> bool,
    ) -> Vec<PeopleFact> {
        let own = self.tokens.iter().filter(|(_, token)| token.person.as_ref() == Some(person));
        let ended = own.filter(|(_, token)| ends(token.role));
        let revoked = ended.map(|(id, _)| PeopleFact::TokenRevoked { id: *id });
        std::iter::once(fact).chain(revoked).collect()
    }
}

fn added(new: &NewOperator, role: Role, now: Moment) -> PeopleFact {
    PeopleFact::OperatorAdded {
        person: new.person.clone(),
        name: new.name.clone(),
        role,
        enrolment: invitation(new.enrolment, now),
    }
}

fn invitation(hash: SecretHash, now: Moment) -> Enrolment {
    Enrolment { hash, expires_at: now.after(ENROLMENT_TIME) }
}
