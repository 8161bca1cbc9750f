//! The routes of a sign-in through the directory of the bank.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tower_sessions::Session;

use super::access::{Admin, NewSession, internal};
use super::directory::Directory;
use super::oidc::{Callback, Claims, Oidc, OidcError};
use super::problem::Problem;
use super::session_data::Way;
use super::signed::{From, OpenSession, cookies};
use crate::codes::sign_in_refusal as reason;
use crate::control::{PersonId, Role, StateVersion};

/// The cookie of a sign-in that has begun. The way back begins at the provider, so it is `SameSite=Lax`.
const COOKIE: &str = "__Host-titian-oidc";

const EVENT: &str = "sign-in refused";

/// The page after a sign-in. A redirect would still count as begun by the provider, and have no `SameSite=Strict` cookie.
const PAGE: &str = "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
    <meta http-equiv=\"refresh\" content=\"0;url=/\"><title>Titian</title></head>\
    <body><a href=\"/\">Signed in. Continue.</a></body></html>\n";

/// The query of a begin.
#[derive(Debug, Deserialize)]
pub(super) struct StartQuery {
    /// Whether the provider asks the person again.
    #[serde(default)]
    fresh: bool,
}

/// Sends the browser to the provider.
pub(super) async fn start<D: Directory>(
    State(admin): State<Arc<Admin<D>>>,
    query: Result<Query<StartQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let query = parsed(query)?;
    let begun = oidc(&admin)?.begin(query.fresh, admin.now()).await.map_err(|error| {
        tracing::warn!(%error, "sign-in through the directory not possible");
        Problem::oidc_refused()
    })?;
    let seconds = Oidc::attempt_time().as_secs();
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, begun.url.parse().map_err(internal)?);
    headers.insert(header::SET_COOKIE, cookie(&begun.cookie, seconds)?);
    Ok(response)
}

/// Signs the person in that the provider names.
pub(super) async fn callback<D: Directory>(
    State(admin): State<Arc<Admin<D>>>,
    OpenSession(session): OpenSession,
    From(from): From,
    headers: HeaderMap,
    query: Result<Query<Callback>, QueryRejection>,
) -> Result<Response, Problem> {
    sign_in(&admin, &session, (&headers, parsed(query)?), from).await?;
    let mut response = PAGE.into_response();
    let headers = response.headers_mut();
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, html);
    let policy = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::SET_COOKIE, cookie("", 0)?);
    Ok(response)
}

/// Returns the query of a request.
fn parsed<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, Problem> {
    let detail = "query: is not what the route expects: see /admin/v1/openapi.json";
    query.map(|Query(query)| query).map_err(|_| Problem::invalid(detail))
}

async fn sign_in<D: Directory>(
    admin: &Admin<D>,
    session: &Session,
    (headers, callback): (&HeaderMap, Callback),
    from: IpAddr,
) -> Result<(), Problem> {
    let now = admin.now();
    let refused = |reason, person: Option<&PersonId>| {
        admin.log.refused(EVENT, reason, person, (from, now));
        Problem::oidc_refused()
    };
    let attempt = admin.begin_attempt(EVENT, None, None, (from, now))?;
    let mut own = cookies(headers, COOKIE);
    let sealed = own.next().filter(|_| own.next().is_none());
    let claims = oidc(admin)?.end(sealed, callback, now).await.map_err(|error| {
        tracing::warn!(%error, "sign-in through the directory refused");
        refused(reason_of(&error), None)
    })?;
    let person = claims.person.clone();
    let new = admitted(admin, claims).map_err(|reason| refused(reason, Some(&person)))?;
    admin.attempts.succeeded(attempt);
    admin.begin_session(session, new).await?;
    admin.log.event("signed in", &person, from);
    Ok(())
}

fn reason_of(error: &OidcError) -> &'static str {
    match error {
        OidcError::State => reason::STATE,
        OidcError::Provider(_) => reason::PROVIDER,
        OidcError::Claims(_) => reason::CLAIMS,
    }
}

/// Returns the session of a person that the provider names. For an operator of the record too, it has only rights that both give.
fn admitted<D: Directory>(admin: &Admin<D>, claims: Claims) -> Result<NewSession, &'static str> {
    let people = admin.directory.people();
    let Claims { person, role, code_at } = claims;
    let (role, version): (Role, Option<StateVersion>) = match people.operator(&person) {
        None => (role, None),
        Some(operator) if !operator.is_enabled() => return Err(reason::DISABLED),
        Some(operator) => {
            let roles = [role, operator.role];
            let lesser = roles.into_iter().find(|one| roles.iter().all(|own| own.covers(*one)));
            (lesser.ok_or(reason::CLAIMS)?, Some(operator.version))
        }
    };
    Ok(NewSession { person, role, version, code_at, way: Way::Oidc })
}

fn oidc<D>(admin: &Admin<D>) -> Result<&Oidc, Problem> {
    let detail = "sign-in through the directory is not configured: see console.oidc";
    admin.oidc.as_ref().ok_or_else(|| Problem::not_found(detail))
}

fn cookie(value: &str, seconds: u64) -> Result<HeaderValue, Problem> {
    let text =
        format!("{COOKIE}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax");
    HeaderValue::from_str(&text).map_err(internal)
}
