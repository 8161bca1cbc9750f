//! Control: what operators decide. Restrictions close or limit new work; a proposal opens again, or decides about money, when a second
//! person approves it.
//!
//! This room is pure, as `transfer/` is: time and state come in, facts and refusals come out. [`Control`] is the fold of all
//! [`Act`]s. Each act is a row of the chain `control`, an act of the program too.

mod admission;
mod alerts;
mod audit;
mod command;
mod configuration;
mod decide;
mod decide_settings;
mod fact;
mod guarded;
mod hidden;
mod ids;
mod minute_window;
mod names;
mod offline;
mod people;
mod person;
mod proposal;
mod refusal;
mod request;
mod restriction;
mod restrictions;
mod scope;
mod state;
mod subject;
mod world;

pub use admission::{Admission, Cause, Restricted};
pub use alerts::{
    ALERTS_MAX, Acknowledgement, AlertFact, AlertInbox, AlertSubject, AlertView, Alerts,
    StoredAlert,
};
pub use audit::AdmissionAudit;
pub use command::{Command, Draft, Proposed, Target};
pub use configuration::{GuardedSettings, Reloaded};
pub use fact::{Act, Author, ControlFact, Started};
pub use guarded::{
    Compared, Looser, SettingChange, SettingValue, SettingValues, guarded_patterns, key_path,
    looser,
};
pub use hidden::hide_secrets;
pub use ids::{AlertId, CommandHash, ProposalId, StateVersion};
pub use names::{Names, ServiceCodes};
pub use offline::{OFFLINE_TIME_MAX, OfflineAct, OfflineRefusal, OfflineSignature, OperatorKeys};
pub use people::{
    Access, ENROLMENT_TIME, Enrolment, NewOperator, NewToken, OPERATORS_MAX, Operator, People,
    PeopleCommand, PeopleFact, PeopleRefusal, PersonalAct, PersonalChange, SealedCredentials,
    SecretHash, TOKEN_TIME_MAX, TOKENS_MAX, Token, TokenId,
};
pub use person::{Actor, PersonId, Proof, Right, Role};
pub use proposal::{
    Against, Check, EXPIRY_DEFAULT, EXPIRY_MAX, Proposal, ProposalFact, ProposalRefusal,
    ProposalState,
};
pub use refusal::ActRefusal;
pub use request::{ActDone, ActRequest};
pub use restriction::{AccountKey, Limits, Mode, Restriction, RestrictionId};
pub use restrictions::Restrictions;
pub use scope::{Scope, Work};
pub use state::{Control, StoredProposal};
pub use subject::Subject;
pub use world::World;
