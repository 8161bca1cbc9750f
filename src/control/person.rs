//! Operators: who a person is, what a role may do, and how a session proves it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::codes::role;
use crate::values::Moment;

/// The longest time between a one-time code and an approval.
const CODE_AGE_MAX: Duration = Duration::from_mins(5);

/// The id under which the program proposes what the configuration changes. Its editor is the maker.
const CONFIGURATION: &str = "configuration";

/// The prefix of the id under which a token without a person acts.
const TOKEN: &str = "token.";

/// The number of an employee. A person has one over every way to sign in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PersonId(Box<str>);

impl PersonId {
    /// The longest id, in characters.
    pub const LENGTH_MAX: usize = 64;

    /// Creates an id from letters, digits, `-`, `_`, `.` and `@`; `None` if it is empty, too long or has another character. Small and
    /// capital letters are the same, so that one person cannot be two.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let is_allowed =
            |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.' | '@');
        let is_valid =
            !text.is_empty() && text.len() <= Self::LENGTH_MAX && text.chars().all(is_allowed);
        is_valid.then(|| Self(text.to_ascii_lowercase().into()))
    }

    /// Returns the id under which a token without a person acts.
    pub(super) fn of_token(id: &impl fmt::Display) -> Self {
        Self(format!("{TOKEN}{id}").into())
    }

    /// Returns the id under which the program proposes what the configuration changes.
    pub(super) fn configuration() -> Self {
        Self(CONFIGURATION.into())
    }

    /// Returns whether the id is one of tokens or of the configuration, which no person may have.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        self.0.starts_with(TOKEN) || &*self.0 == CONFIGURATION
    }

    /// Returns the id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PersonId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text).ok_or("a person id has 1 to 64 letters, digits, -, _, . or @")
    }
}

impl From<PersonId> for String {
    fn from(id: PersonId) -> Self {
        id.0.into()
    }
}

/// What an operator may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Role {
    /// Sees everything, masked.
    #[serde(rename = "viewer")]
    Viewer,
    /// Closes and tightens alone, and proposes (maker).
    #[serde(rename = "operator")]
    Operator,
    /// Approves what another person proposed (checker), and does what an operator does.
    #[serde(rename = "supervisor")]
    Supervisor,
    /// Sees acts, verifies, exports evidence, and unmasks with a reason.
    #[serde(rename = "auditor")]
    Auditor,
    /// Proposes and approves operators, roles and tokens. Opens no service and moves no money.
    #[serde(rename = "administrator")]
    Administrator,
}

/// What a role is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Right {
    /// See everything, masked.
    See,
    /// Close or tighten, alone; sign a link on or off, drain it, send an echo.
    Close,
    /// Propose a command about services and money, or approve one.
    Propose,
    /// Approve a command about services and money.
    Approve,
    /// Propose or approve a command about operators and tokens.
    Administer,
    /// See acts, verify, export evidence, unmask.
    Audit,
}

impl Right {
    /// All rights.
    const ALL: [Self; 6] =
        [Self::See, Self::Close, Self::Propose, Self::Approve, Self::Administer, Self::Audit];
}

impl Role {
    /// All roles with their codes.
    pub const CODES: [(&str, Self); 5] = [
        (role::VIEWER, Self::Viewer),
        (role::OPERATOR, Self::Operator),
        (role::SUPERVISOR, Self::Supervisor),
        (role::AUDITOR, Self::Auditor),
        (role::ADMINISTRATOR, Self::Administrator),
    ];

    /// Returns the code that is stored and typed.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Viewer => role::VIEWER,
            Self::Operator => role::OPERATOR,
            Self::Supervisor => role::SUPERVISOR,
            Self::Auditor => role::AUDITOR,
            Self::Administrator => role::ADMINISTRATOR,
        }
    }

    /// Returns whether the role has a right.
    #[must_use]
    pub const fn has(self, right: Right) -> bool {
        match right {
            Right::See => true,
            Right::Close | Right::Propose => matches!(self, Self::Operator | Self::Supervisor),
            Right::Approve => matches!(self, Self::Supervisor),
            Right::Administer => matches!(self, Self::Administrator),
            Right::Audit => matches!(self, Self::Auditor),
        }
    }

    /// Returns whether the role has every right of another role.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        Right::ALL.iter().all(|right| self.has(*right) || !other.has(*right))
    }
}

/// Who acts, and how the person proved it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The person.
    pub person: PersonId,
    /// The role at this moment.
    pub role: Role,
    /// How the person signed in.
    pub proof: Proof,
}

/// How a person signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A session, with the moment of its last one-time code.
    Session {
        /// When the person last gave a one-time code; `None` if never.
        code_at: Option<Moment>,
    },
    /// A bearer token of a script. It never approves.
    Token,
}

impl Actor {
    /// Returns whether the person may approve now: a session with a one-time code that is not too old.
    pub(super) fn has_fresh_code(&self, now: Moment) -> bool {
        match self.proof {
            Proof::Session { code_at: Some(at) } => at <= now && now.since(at) <= CODE_AGE_MAX,
            Proof::Session { code_at: None } | Proof::Token => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_names_one_person_in_every_spelling() {
        let id = PersonId::new("E-0017.Siti@Bank").unwrap();
        assert_eq!(id.as_str(), "e-0017.siti@bank");
        assert_eq!(Some(id), PersonId::new("e-0017.siti@bank"));
        let long = "a".repeat(PersonId::LENGTH_MAX + 1);
        for wrong in ["", "a b", "a\n", "é", "a\u{200b}", long.as_str()] {
            assert_eq!(PersonId::new(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_stored_id_is_one_person_in_every_spelling() {
        let read = |text| serde_json::from_str::<PersonId>(text).ok();
        assert_eq!(read("\"E-17\""), PersonId::new("e-17"));
        assert_eq!(read("\"e 17\""), None);
        let token = PersonId::of_token(&"0017");
        assert_eq!(serde_json::to_string(&token).unwrap(), "\"token.0017\"");
        assert!(token.is_reserved() && !PersonId::new("e-17").unwrap().is_reserved());
        assert!(PersonId::new("Configuration").unwrap().is_reserved());
    }

    #[test]
    fn a_role_covers_the_roles_whose_rights_it_has() {
        let covered = |role: Role| Role::CODES.map(|(_, other)| role.covers(other));
        assert_eq!(covered(Role::Viewer), [true, false, false, false, false]);
        assert_eq!(covered(Role::Operator), [true, true, false, false, false]);
        assert_eq!(covered(Role::Supervisor), [true, true, true, false, false]);
        assert_eq!(covered(Role::Auditor), [true, false, false, true, false]);
        assert_eq!(covered(Role::Administrator), [true, false, false, false, true]);
    }

    #[test]
    fn no_role_both_administers_and_approves_money() {
        for (_, role) in Role::CODES {
            assert!(role.has(Right::See));
            assert!(!(role.has(Right::Administer) && role.has(Right::Propose)), "{role:?}");
            assert!(!role.has(Right::Approve) || role.has(Right::Close), "{role:?}");
        }
    }

    #[test]
    fn a_one_time_code_is_fresh_for_five_minutes_and_a_token_never_is() {
        let at = Moment::from_millis(1_000_000);
        let actor =
            |proof| Actor { person: PersonId::new("one").unwrap(), role: Role::Supervisor, proof };
        let session = actor(Proof::Session { code_at: Some(at) });
        let last = at.after(CODE_AGE_MAX);
        assert!(session.has_fresh_code(at) && session.has_fresh_code(last));
        assert!(!session.has_fresh_code(last.after(Duration::from_millis(1))));
        assert!(!session.has_fresh_code(Moment::from_millis(999_999)), "a code of the future");
        assert!(!actor(Proof::Session { code_at: None }).has_fresh_code(at));
        assert!(!actor(Proof::Token).has_fresh_code(at));
    }
}
