//! Proposals: what one person makes and another one decides.

use std::time::Duration;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use serde_json::{Value as JsonValue, json};

use super::access::internal;
use super::bearer::{NewBearer, new_bearer};
use super::enrolment::{NewInvitation, new_invitation};
use super::json_body::JsonBody;
use super::operations::{DoneBody, Shared, created, number, page_limit};
use super::port::AdminPort;
use super::problem::Problem;
use super::restrictions::RestrictionBody;
use super::signed::Signed;
use crate::codes::proposal_state;
use crate::control::{
    Command, CommandHash, NewOperator, NewToken, PeopleCommand, PersonId, Proposal, ProposalFact,
    ProposalId, Proposed, RestrictionId, Role, SecretHash, StoredProposal, TokenId, hide_secrets,
};
use crate::hex::{hex, unhex};
use crate::values::{Name, Reference, TransferId, Value, iso_moment, moment_from_iso};

/// A proposal as a person sends it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProposalBody {
    command: CommandBody,
    reason: Box<str>,
    expires_in_minutes: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
enum CommandBody {
    #[serde(rename = "lift")]
    Lift { restriction: u64 },
    #[serde(rename = "replace")]
    Replace { restriction: u64, by: RestrictionBody },
    #[serde(rename = "restrict")]
    Restrict(RestrictionBody),
    #[serde(rename = "resolve")]
    Resolve { transfers: Vec<String>, outcome: Box<str> },
    #[serde(rename = "add_operator")]
    AddOperator { person: String, name: String, role: Role },
    #[serde(rename = "change_role")]
    ChangeRole { person: String, role: Role },
    #[serde(rename = "disable_operator")]
    DisableOperator { person: String },
    #[serde(rename = "enable_operator")]
    EnableOperator { person: String },
    #[serde(rename = "reset_credentials")]
    ResetCredentials { person: String },
    #[serde(rename = "make_token")]
    MakeToken { label: String, role: Role, person: Option<String>, expires_at: String },
    #[serde(rename = "revoke_token")]
    RevokeToken { token: String },
}

/// What is shown once, to the maker of a proposal.
enum OnceShown {
    Nothing,
    Enrolment(String),
    Token(String),
}

impl CommandBody {
    fn read<P: AdminPort>(self, port: &P) -> Result<(Proposed, OnceShown), Problem> {
        let proposed = match self {
            Self::Lift { restriction } => {
                Proposed::Lift { restriction: RestrictionId(restriction) }
            }
            Self::Replace { restriction, by } => {
                let by = by.draft(port)?.1;
                Proposed::Replace { restriction: RestrictionId(restriction), by }
            }
            Self::Restrict(body) => Proposed::Restrict(body.draft(port)?.1),
            Self::Resolve { transfers, outcome } => {
                let id = |(place, text): (usize, String)| {
                    TransferId::from_ascii(text.as_bytes()).ok_or_else(|| {
                        Problem::invalid(format!("transfers[{place}]: is not the id of a transfer"))
                    })
                };
                let transfers = transfers.into_iter().enumerate().map(id);
                Proposed::Resolve { transfers: transfers.collect::<Result<_, _>>()?, outcome }
            }
            Self::AddOperator { person, name, role } => {
                let (person, name) = (person_id(&person)?, operator_name(&name)?);
                return invited(|enrolment| PeopleCommand::AddOperator {
                    operator: NewOperator { person, name, enrolment },
                    role,
                });
            }
            Self::EnableOperator { person } => {
                let person = person_id(&person)?;
                return invited(|enrolment| PeopleCommand::EnableOperator { person, enrolment });
            }
            Self::ResetCredentials { person } => {
                let person = person_id(&person)?;
                return invited(|enrolment| PeopleCommand::ResetCredentials { person, enrolment });
            }
            Self::ChangeRole { person, role } => {
                Proposed::People(PeopleCommand::ChangeRole { person: person_id(&person)?, role })
            }
            Self::DisableOperator { person } => {
                Proposed::People(PeopleCommand::DisableOperator { person: person_id(&person)? })
            }
            Self::MakeToken { label, role, person, expires_at } => {
                return token(&label, role, person.as_deref(), &expires_at);
            }
            Self::RevokeToken { token } => {
                let id = TokenId::parse(&token);
                let id = id.ok_or_else(|| Problem::invalid("token: is not the id of a token"))?;
                Proposed::People(PeopleCommand::RevokeToken { id })
            }
        };
        Ok((proposed, OnceShown::Nothing))
    }
}

fn person_id(text: &str) -> Result<PersonId, Problem> {
    PersonId::new(text).ok_or_else(|| {
        Problem::invalid("person: must be an id of letters, digits, '-', '_', '.' and '@'")
    })
}

fn operator_name(text: &str) -> Result<Name, Problem> {
    Name::new(text).ok_or_else(|| Problem::invalid("name: is not a name"))
}

/// Makes an enrolment secret for a command.
fn invited(
    command: impl FnOnce(SecretHash) -> PeopleCommand,
) -> Result<(Proposed, OnceShown), Problem> {
    let NewInvitation { hash, text } = new_invitation().map_err(internal)?;
    Ok((Proposed::People(command(hash)), OnceShown::Enrolment(text)))
}

fn token(
    label: &str,
    role: Role,
    person: Option<&str>,
    expires_at: &str,
) -> Result<(Proposed, OnceShown), Problem> {
    let label = Reference::from_ascii(label.as_bytes());
    let label =
        label.ok_or_else(|| Problem::invalid("label: must be 1 to 64 printable characters"))?;
    let expires_at = moment_from_iso(expires_at);
    let expires_at = expires_at
        .ok_or_else(|| Problem::invalid("expires_at: must be a time of ISO 8601 with an offset"))?;
    let person = person.map(person_id).transpose()?;
    let NewBearer { id, hash, text } = new_bearer().map_err(internal)?;
    let token = NewToken { hash, label, role, person, expires_at };
    Ok((Proposed::People(PeopleCommand::MakeToken { id, token }), OnceShown::Token(text)))
}

/// A proposal as a person sees it.
#[derive(Serialize)]
struct ProposalView {
    id: u64,
    state: &'static str,
    command: JsonValue,
    against: JsonValue,
    maker: Box<str>,
    reason: Box<str>,
    made_at: String,
    expires_at: String,
    /// What a checker sends back, so that exactly this is approved.
    hash: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    checker: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejected_because: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<JsonValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<String>,
}

impl ProposalView {
    fn of(id: ProposalId, stored: &StoredProposal) -> Self {
        let StoredProposal { proposal, state, last } = stored;
        let Proposal { command, against, maker, reason, made_at, expires_at } = proposal;
        let (checker, rejected_because, skipped) = match &last.0 {
            ProposalFact::Approved { checker, skipped } => {
                let skipped = (!skipped.is_empty()).then(|| json!(skipped));
                (Some(checker.as_str().into()), None, skipped)
            }
            ProposalFact::Rejected { checker, reason } => {
                (Some(checker.as_str().into()), Some(reason.clone()), None)
            }
            ProposalFact::Made(_) | ProposalFact::Withdrawn | ProposalFact::Expired => {
                (None, None, None)
            }
        };
        let is_open = matches!(last.0, ProposalFact::Made(_));
        let mut shown = json!(command);
        hide_secrets(&mut shown);
        Self {
            id: id.0,
            state: state.code(),
            command: shown,
            against: json!(against),
            maker: maker.as_str().into(),
            reason: reason.clone(),
            made_at: iso_moment(*made_at),
            expires_at: iso_moment(*expires_at),
            hash: hex(&proposal.hash().0),
            checker,
            rejected_because,
            skipped,
            decided_at: (!is_open).then(|| iso_moment(last.1)),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    /// Proposals with lower ids only.
    before: Option<u64>,
    limit: Option<u64>,
    state: Option<Box<str>>,
}

pub(super) async fn list<P: AdminPort>(
    State(shared): Shared<P>,
    query: Result<Query<ListQuery>, QueryRejection>,
    _: Signed,
) -> Result<impl IntoResponse, Problem> {
    let Query(ListQuery { before, limit, state }) =
        query.map_err(|error| Problem::invalid(error.body_text()))?;
    let limit = usize::try_from(page_limit(limit)?).unwrap_or(usize::MAX);
    if let Some(state) = state.as_deref().filter(|state| !proposal_state::ALL.contains(state)) {
        let known = proposal_state::ALL.join(", ");
        return Err(Problem::invalid(format!("state: {state:?} is unknown (known: {known})")));
    }
    let control = shared.port.control();
    let is_wanted =
        |stored: &StoredProposal| state.as_deref().is_none_or(|state| state == stored.state.code());
    // The newest first: what waits for a checker is what a person looks for.
    let all = control.proposals_before(ProposalId(before.unwrap_or(u64::MAX)));
    let page = all.filter(|(_, stored)| is_wanted(stored)).take(limit);
    let views: Vec<_> = page.map(|(id, stored)| ProposalView::of(id, stored)).collect();
    let next = views.last().filter(|_| views.len() == limit).map(|last| last.id);
    Ok(Json(json!({ "proposals": views, "next": next })))
}

pub(super) async fn show<P: AdminPort>(
    State(shared): Shared<P>,
    Path(text): Path<String>,
    _: Signed,
) -> Result<impl IntoResponse, Problem> {
    let id = ProposalId(number(&text, "proposal")?);
    let control = shared.port.control();
    let stored = control.proposal(id);
    let view = stored.map(|stored| Json(ProposalView::of(id, stored)));
    view.ok_or_else(|| {
        Problem::not_found(format!("proposal {} is unknown, or was decided long ago", id.0))
    })
}

pub(super) async fn make<P: AdminPort>(
    State(shared): Shared<P>,
    signed: Signed,
    headers: HeaderMap,
    JsonBody(body): JsonBody<ProposalBody>,
) -> Result<impl IntoResponse, Problem> {
    let ProposalBody { command, reason, expires_in_minutes } = body;
    let (command, once_shown) = command.read(&shared.port)?;
    let minutes = |minutes: u32| Duration::from_secs(u64::from(minutes) * 60);
    let expires_in = expires_in_minutes.map(minutes);
    let command = Command::Propose { command, reason, expires_in };
    let done = shared.act(signed, &headers, command).await?;
    // The secret of a request that was repeated is not that of the proposal.
    let once_shown = if done.was_done_before { OnceShown::Nothing } else { once_shown };
    let (enrolment_secret, token) = match once_shown {
        OnceShown::Nothing => (None, None),
        OnceShown::Enrolment(text) => (Some(text), None),
        OnceShown::Token(text) => (None, Some(text)),
    };
    Ok(created(MadeBody { done, enrolment_secret, token }))
}

/// A proposal that was made.
#[derive(Serialize)]
struct MadeBody {
    #[serde(flatten)]
    done: DoneBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    enrolment_secret: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ApprovalBody {
    hash: String,
}

pub(super) async fn approve<P: AdminPort>(
    State(shared): Shared<P>,
    Path(text): Path<String>,
    signed: Signed,
    headers: HeaderMap,
    JsonBody(body): JsonBody<ApprovalBody>,
) -> Result<impl IntoResponse, Problem> {
    let proposal = ProposalId(number(&text, "proposal")?);
    let hash = unhex(&body.hash).map(CommandHash);
    let hash = hash.ok_or_else(|| {
        Problem::invalid("hash: must be the hash of the proposal that was shown, of 64 digits")
    })?;
    shared.act(signed, &headers, Command::Approve { proposal, hash }).await.map(Json)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RejectionBody {
    reason: Box<str>,
}

pub(super) async fn reject<P: AdminPort>(
    State(shared): Shared<P>,
    Path(text): Path<String>,
    signed: Signed,
    headers: HeaderMap,
    JsonBody(RejectionBody { reason }): JsonBody<RejectionBody>,
) -> Result<impl IntoResponse, Problem> {
    let proposal = ProposalId(number(&text, "proposal")?);
    shared.act(signed, &headers, Command::Reject { proposal, reason }).await.map(Json)
}

pub(super) async fn withdraw<P: AdminPort>(
    State(shared): Shared<P>,
    Path(text): Path<String>,
    signed: Signed,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let proposal = ProposalId(number(&text, "proposal")?);
    shared.act(signed, &headers, Command::Withdraw { proposal }).await.map(Json)
}
