//! The routes of signing in, and the layer that every other route is behind.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::Response;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::Serialize;
use tower_sessions::SessionManagerLayer;
use tower_sessions::cookie::SameSite;

use super::access::{Admin, internal};
use super::directory::Directory;
use super::enrolment::{AuthenticatorBody, BeginBody, ConfirmBody, not_done};
use super::json_body::{BODY_MAX, JsonBody};
use super::oidc_routes;
use super::problem::Problem;
use super::session_data::{KEY, SignedIn, Way};
use super::sign_in::{CodeBody, SignInBody};
use super::signed::{COOKIE, From, OpenSession, Signed, Via, require_signed};
use crate::codes::sign_in;
use crate::control::{PersonalAct, PersonalChange, Proof, Role};
use crate::values::Moment;

type Shared<D> = State<Arc<Admin<D>>>;

/// Returns the routes of signing in, and `protected` behind them: no request gets there without a person or a token, and no change with
/// a cookie without its CSRF token. The listener gives the address of each connection (`ConnectInfo`).
pub fn router<D: Directory>(admin: Arc<Admin<D>>, protected: Router) -> Router {
    let sessions = SessionManagerLayer::new(admin.sessions.clone())
        .with_name(COOKIE)
        .with_path("/")
        .with_http_only(true)
        .with_secure(true)
        .with_same_site(SameSite::Strict);
    let signed = Router::new()
        .route("/admin/v1/session", get(show::<D>).delete(sign_out::<D>))
        .route("/admin/v1/session/code", post(confirm_code::<D>))
        .route("/admin/v1/sessions", delete(sign_out_everywhere::<D>))
        .with_state(Arc::clone(&admin))
        .merge(protected)
        .route_layer(from_fn_with_state(Arc::clone(&admin), require_signed::<D>));
    Router::new()
        .route("/admin/v1/session", post(sign_in_route::<D>))
        .route("/admin/v1/enrolment", post(begin_enrolment::<D>))
        .route("/admin/v1/enrolment/confirm", post(confirm_enrolment::<D>))
        .route("/admin/v1/oidc/start", get(oidc_routes::start::<D>))
        .route("/admin/v1/oidc/callback", get(oidc_routes::callback::<D>))
        .with_state(admin)
        .merge(signed)
        .layer(sessions)
        .layer(map_response(not_stored))
        .layer(DefaultBodyLimit::max(BODY_MAX))
}

/// No answer of the admin API is kept by a browser or a proxy.
async fn not_stored(mut response: Response) -> Response {
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(no_store);
    response
}

/// Who is signed in.
#[derive(Serialize)]
struct SessionBody {
    #[serde(rename = "person")]
    person: String,
    #[serde(rename = "role")]
    role: Role,
    #[serde(rename = "signed_in_by")]
    signed_in_by: &'static str,
    /// In milliseconds since 1970.
    #[serde(rename = "code_at", skip_serializing_if = "Option::is_none")]
    code_at: Option<Moment>,
    #[serde(rename = "csrf_token", skip_serializing_if = "Option::is_none")]
    csrf_token: Option<String>,
}

impl SessionBody {
    fn of(signed_in: SignedIn) -> Self {
        Self {
            person: signed_in.person.as_str().to_owned(),
            role: signed_in.role,
            signed_in_by: match signed_in.way {
                Way::Local => sign_in::LOCAL,
                Way::Oidc => sign_in::OIDC,
            },
            code_at: signed_in.code_at,
            csrf_token: Some(signed_in.csrf_token),
        }
    }
}

async fn sign_in_route<D: Directory>(
    State(admin): Shared<D>,
    OpenSession(session): OpenSession,
    From(from): From,
    JsonBody(body): JsonBody<SignInBody>,
) -> Result<Json<SessionBody>, Problem> {
    let signed_in = admin.sign_in(&session, &body, from).await?;
    Ok(Json(SessionBody::of(signed_in)))
}

async fn show<D: Directory>(
    State(_): Shared<D>,
    OpenSession(session): OpenSession,
    signed: Signed,
) -> Result<Json<SessionBody>, Problem> {
    if let (Via::Token(_), Proof::Token) = (&signed.via, signed.actor.proof) {
        return Ok(Json(SessionBody {
            person: signed.actor.person.as_str().to_owned(),
            role: signed.actor.role,
            signed_in_by: sign_in::TOKEN,
            code_at: None,
            csrf_token: None,
        }));
    }
    let signed_in = session.get::<SignedIn>(KEY).await.map_err(internal)?;
    signed_in.map(SessionBody::of).map(Json).ok_or_else(Problem::not_signed_in)
}

async fn confirm_code<D: Directory>(
    State(admin): Shared<D>,
    OpenSession(session): OpenSession,
    signed: Signed,
    JsonBody(body): JsonBody<CodeBody>,
) -> Result<Json<SessionBody>, Problem> {
    let signed_in = admin.confirm_code(&session, &body, signed.from).await?;
    Ok(Json(SessionBody::of(signed_in)))
}

async fn sign_out<D: Directory>(
    State(admin): Shared<D>,
    OpenSession(session): OpenSession,
    signed: Signed,
) -> Result<StatusCode, Problem> {
    session.flush().await.map_err(internal)?;
    admin.log.event("signed out", &signed.actor.person, signed.from);
    Ok(StatusCode::NO_CONTENT)
}

async fn sign_out_everywhere<D: Directory>(
    State(admin): Shared<D>,
    OpenSession(session): OpenSession,
    signed: Signed,
) -> Result<StatusCode, Problem> {
    if let Via::Token(_) = signed.via {
        return Err(Problem::not_signed_in());
    }
    let person = signed.actor.person;
    // The sessions of this node end at once, those of other nodes with the act.
    session.flush().await.map_err(internal)?;
    admin.end_sessions(&person);
    let act = PersonalAct { person: person.clone(), change: PersonalChange::SignOutEverywhere };
    admin.directory.act(act, signed.from).await.map_err(not_done)?;
    admin.log.event("signed out everywhere", &person, signed.from);
    Ok(StatusCode::NO_CONTENT)
}

async fn begin_enrolment<D: Directory>(
    State(admin): Shared<D>,
    From(from): From,
    JsonBody(body): JsonBody<BeginBody>,
) -> Result<Json<AuthenticatorBody>, Problem> {
    admin.begin_enrolment(&body, from).map(Json)
}

async fn confirm_enrolment<D: Directory>(
    State(admin): Shared<D>,
    From(from): From,
    JsonBody(body): JsonBody<ConfirmBody>,
) -> Result<StatusCode, Problem> {
    admin.confirm_enrolment(&body, from).await?;
    Ok(StatusCode::NO_CONTENT)
}
