//! Who makes a request: a session cookie or a bearer token, never both.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower_sessions::Session;

use super::access::{Admin, internal};
use super::bearer;
use super::directory::Directory;
use super::problem::Problem;
use super::session_data::{KEY, SignedIn};
use crate::codes::sign_in_refusal;
use crate::control::{Actor, Proof, SecretHash, TokenId};

/// The name of the session cookie. Browsers accept this prefix only for a secure cookie of this host.
pub(super) const COOKIE: &str = "__Host-titian";

/// The header with the CSRF token.
const CSRF: &str = "x-csrf-token";

/// Who makes a request. Handlers behind [`super::router`] get it as an argument.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The person with its role, and how the person proved it.
    pub actor: Actor,
    /// The address of the connection.
    pub from: IpAddr,
    /// What the request was made with.
    pub via: Via,
}

/// What a request was made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    /// A session, by its label. The label is not secret.
    Session(String),
    /// A token, by its id.
    Token(TokenId),
}

impl<S: Send + Sync> FromRequestParts<S> for Signed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Problem::not_signed_in)
    }
}

/// The session of a request, signed in or not.
pub(super) struct OpenSession(pub(super) Session);

impl<S: Send + Sync> FromRequestParts<S> for OpenSession {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        check_one_cookie(&parts.headers)?;
        session_of(parts).map(Self)
    }
}

/// The address of the connection. Headers that name another one are not read.
pub(super) struct From(pub(super) IpAddr);

impl<S: Send + Sync> FromRequestParts<S> for From {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let connection = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let address = connection.map(|ConnectInfo(address)| Self(address.ip().to_canonical()));
        address.ok_or_else(|| internal("the listener gives no address of the connection"))
    }
}

/// Lets a request pass if a person or a token makes it.
pub(super) async fn require_signed<D: Directory>(
    State(admin): State<Arc<Admin<D>>>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    match identify(&admin, &mut parts).await {
        Ok(signed) => {
            parts.extensions.insert(signed);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) => problem.into_response(),
    }
}

async fn identify<D: Directory>(admin: &Admin<D>, parts: &mut Parts) -> Result<Signed, Problem> {
    let From(from) = From::from_request_parts(parts, &()).await?;
    let has_cookie = check_one_cookie(&parts.headers)?;
    match (bearer_of(&parts.headers)?, has_cookie) {
        (Some(_), true) => {
            Err(Problem::invalid("send either the session cookie or Authorization, not both"))
        }
        (Some(token), false) => by_token(admin, token, from),
        (None, true) => by_session(admin, parts, from).await,
        (None, false) => Err(Problem::not_signed_in()),
    }
}

fn by_token<D: Directory>(admin: &Admin<D>, text: &str, from: IpAddr) -> Result<Signed, Problem> {
    let now = admin.now();
    let people = admin.directory.people();
    let token = bearer::parse(text);
    let actor = token.and_then(|(id, secret)| Some((people.token_actor(id, &secret, now)?, id)));
    let Some((actor, id)) = actor else {
        admin.log.refused("token refused", sign_in_refusal::INVALID_TOKEN, None, (from, now));
        return Err(Problem::not_signed_in());
    };
    Ok(Signed { actor, from, via: Via::Token(id) })
}

async fn by_session<D: Directory>(
    admin: &Admin<D>,
    parts: &Parts,
    from: IpAddr,
) -> Result<Signed, Problem> {
    let session = session_of(parts)?;
    let signed_in = session.get::<SignedIn>(KEY).await.map_err(internal)?;
    let signed_in = signed_in.ok_or_else(Problem::not_signed_in)?;
    if !signed_in.is_current(&admin.directory.people()) {
        session.flush().await.map_err(internal)?;
        admin.log.event("session ended: the operator changed", &signed_in.person, from);
        return Err(Problem::not_signed_in());
    }
    if !is_safe(&parts.method) && !has_csrf_token(&parts.headers, &signed_in.csrf_token) {
        let at = (from, admin.now());
        admin.log.refused("change refused", sign_in_refusal::CSRF, Some(&signed_in.person), at);
        return Err(Problem::csrf());
    }
    let proof = Proof::Session { code_at: signed_in.code_at };
    let actor = Actor { person: signed_in.person, role: signed_in.role, proof };
    Ok(Signed { actor, from, via: Via::Session(signed_in.label) })
}

/// Returns whether a request with the method changes nothing.
fn is_safe(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
}

fn has_csrf_token(headers: &HeaderMap, expected: &str) -> bool {
    let sent = headers.get(CSRF).map(|sent| SecretHash::of(sent.as_bytes()));
    sent.is_some_and(|sent| sent.is(&SecretHash::of(expected.as_bytes())))
}

fn session_of(parts: &Parts) -> Result<Session, Problem> {
    let session = parts.extensions.get::<Session>().cloned();
    session.ok_or_else(|| internal("the session layer is missing"))
}

/// Returns the bearer token of a request.
fn bearer_of(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut sent = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = sent.next() else { return Ok(None) };
    let token = value.to_str().ok().and_then(|value| value.split_once(' '));
    let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    match (token, sent.next()) {
        (Some((_, token)), None) => Ok(Some(token.trim())),
        (None, _) | (_, Some(_)) => {
            Err(Problem::invalid("Authorization: send one, of the form Bearer TOKEN"))
        }
    }
}

/// Returns whether a request has the session cookie. Two of them are refused: one may be planted.
fn check_one_cookie(headers: &HeaderMap) -> Result<bool, Problem> {
    match cookies(headers, COOKIE).count() {
        0 => Ok(false),
        1 => Ok(true),
        2.. => Err(Problem::invalid(format!("Cookie: {COOKIE} is there more than once"))),
    }
}

/// Returns the values of the cookies with a name.
pub(super) fn cookies<'h>(headers: &'h HeaderMap, name: &'h str) -> impl Iterator<Item = &'h str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.filter(move |(own, _)| own.trim() == name).map(|(_, value)| value.trim())
}
