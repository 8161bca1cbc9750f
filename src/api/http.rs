//! HTTP: what comes in is read with bounds, let in, answered.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use tokio::time::timeout;

use super::admission::{Admission, Head};
use super::answer::Answer;
use super::desk::{Denial, Desk, InquiryAnswer, TransferAnswer};
use super::outcome::{Case, Outcome};
use super::rate::Load;
use super::read::{self, Terms};
use super::service::Service;
use super::settings::{Limits, Settings};
use crate::engine::Begun;
use crate::transfer::Order;
use crate::values::TransferId;

/// What the API is, for whoever programs against it.
pub const OPENAPI: &str = include_str!("../../specs/channel.openapi.json");

/// Bytes of a body.
const BODY_MAX: usize = 16 * 1024;

/// How long a body may take to come in.
const BODY_WAIT: Duration = Duration::from_secs(10);

/// How long the state of a transfer, or a look-up of one, is waited for.
const LOOK_UP_WAIT: Duration = Duration::from_secs(2);

/// For what happens between the waits.
const MARGIN: Duration = Duration::from_secs(1);

/// The channel API before a desk.
pub struct Api<D> {
    desk: D,
    admission: Admission,
    terms: Terms,
    pub(super) limits: Limits,
    load: Load,
    /// Rates go by a clock that is never set back.
    started: Instant,
}

impl<D: Desk> Api<D> {
    /// The API with its settings.
    #[must_use]
    pub fn new(settings: Settings, desk: D) -> Arc<Self> {
        let Settings { admission, terms, limits, .. } = settings;
        let load = Load::new(limits.in_flight);
        Arc::new(Self { desk, admission, terms, limits, load, started: Instant::now() })
    }

    /// Its routes.
    pub fn router(self: &Arc<Self>) -> Router {
        let mut router = Router::new()
            .route("/openapi.json", get(openapi).fallback(method_not_allowed))
            .fallback(no_such_path);
        for service in Service::all() {
            let handler = move |State(api): State<Arc<Self>>, request: Request| async move {
                api.answer(service, request).await
            };
            router = router.route(service.path(), post(handler).fallback(method_not_allowed));
        }
        router.with_state(Arc::clone(self))
    }

    /// How long a request can take from when it was read until it is answered.
    pub(super) fn longest(&self) -> Duration {
        self.limits.wait.max(self.limits.inquiry_wait) + LOOK_UP_WAIT + MARGIN
    }

    async fn answer(&self, service: Service, request: Request) -> Response {
        let id = self.desk.id();
        let answer = match self.ask(service, id, request).await {
            Ok(answer) => answer,
            Err(outcome) => {
                let code = outcome.case.code(Some(service));
                tracing::info!(request = %id, %code, about = %outcome.about, "refused");
                Answer::refused(Some(service), &outcome)
            }
        };
        respond(answer, HeaderValue::from_str(&id.to_string()).ok())
    }

    async fn ask(
        &self,
        service: Service,
        id: TransferId,
        request: Request,
    ) -> Result<Answer, Outcome> {
        let full = Outcome::about(Case::Unavailable, "As many requests as may be are under way");
        let _place = self.load.hold().ok_or(full)?;
        let (parts, body) = request.into_parts();
        let body = read_body(&parts.headers, body).await?;
        let head = head(&parts);
        match service {
            Service::Token => self.token(&head, &body),
            Service::Inquiry => self.inquiry(id, &head, &body).await,
            Service::Transfer => self.transfer(id, &head, &body).await,
            Service::Status => self.status(&head, &body).await,
        }
    }

    fn token(&self, head: &Head<'_>, body: &[u8]) -> Result<Answer, Outcome> {
        read::token(body)?;
        let token = self.admission.token(head, self.desk.now(), self.started.elapsed())?;
        Ok(Answer::token(&token))
    }

    async fn inquiry(
        &self,
        id: TransferId,
        head: &Head<'_>,
        body: &[u8],
    ) -> Result<Answer, Outcome> {
        let admitted = self.admission.admit(head, body, self.desk.now(), self.started.elapsed())?;
        let inquiry = read::inquiry(body, id, &admitted, &self.terms)?;
        tracing::debug!(inquiry = %id, partner = %admitted.partner, "a name is asked for");
        let answer = timeout(self.limits.inquiry_wait, self.desk.inquire(inquiry.clone())).await;
        match answer.unwrap_or(InquiryAnswer::Unanswered) {
            InquiryAnswer::Found(name) => Ok(Answer::inquiry(&inquiry, name.as_ref())),
            InquiryAnswer::Declined(reason) => Err(Case::of_reason(reason).into()),
            InquiryAnswer::Unanswered => Err(Case::Timeout.into()),
            InquiryAnswer::Denied(denial) => Err(denied(denial)),
        }
    }

    async fn transfer(
        &self,
        id: TransferId,
        head: &Head<'_>,
        body: &[u8],
    ) -> Result<Answer, Outcome> {
        let admitted = self.admission.admit(head, body, self.desk.now(), self.started.elapsed())?;
        let (order, begun) = read::transfer(body, id, &admitted, &self.terms)?;
        tracing::debug!(transfer = %id, partner = %admitted.partner, "a transfer is asked for");
        match timeout(self.limits.wait, self.desk.transfer(order.clone(), begun)).await {
            Ok(TransferAnswer::Stands(progress)) => Ok(Answer::transfer(&order, Some(progress))),
            Ok(TransferAnswer::Conflict(key)) if key == begun.request => Err(Outcome::literal(
                Case::RequestConflict,
                "X-EXTERNAL-ID was used today with another body",
            )),
            Ok(TransferAnswer::Conflict(_)) => Err(Case::ReferenceConflict.into()),
            Ok(TransferAnswer::Denied(denial)) => Err(denied(denial)),
            Err(_) => Ok(self.so_far(&order, begun).await),
        }
    }

    /// What is known of a transfer that has not come to its end in time. Of one that was there before nothing is told here: it
    /// may be another one.
    async fn so_far(&self, order: &Order, begun: Begun) -> Answer {
        let standing = timeout(LOOK_UP_WAIT, self.desk.standing(begun.request)).await;
        let own = match standing {
            Ok(Ok(Some((_, progress)))) if progress.id == order.id => Some(progress),
            Ok(Ok(_) | Err(_)) | Err(_) => None,
        };
        Answer::transfer(order, own)
    }

    async fn status(&self, head: &Head<'_>, body: &[u8]) -> Result<Answer, Outcome> {
        let admitted = self.admission.admit(head, body, self.desk.now(), self.started.elapsed())?;
        let key = read::status(body, &admitted, &self.terms)?;
        match timeout(LOOK_UP_WAIT, self.desk.standing(key)).await {
            Ok(Ok(Some((order, progress)))) => Ok(Answer::status(&order, &progress)),
            Ok(Ok(None)) => Ok(Answer::no_transfer()),
            Ok(Err(denial)) => Err(denied(denial)),
            Err(_) => Err(Case::Timeout.into()),
        }
    }
}

fn denied(denial: Denial) -> Outcome {
    Case::of_denial(denial).into()
}

const TOO_LARGE: Outcome = Outcome::literal(Case::TooLarge, "A body has at most 16384 bytes");

/// The whole body, if it is JSON, not too long, and comes in time.
async fn read_body(headers: &HeaderMap, body: Body) -> Result<Bytes, Outcome> {
    let kind = text(headers, header::CONTENT_TYPE.as_str());
    let kind = kind.split(';').next().unwrap_or_default().trim_ascii();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(Outcome::literal(Case::NotJson, "Content-Type is not application/json"));
    }
    let said = text(headers, header::CONTENT_LENGTH.as_str()).parse::<usize>();
    if said.is_ok_and(|said| said > BODY_MAX) {
        return Err(TOO_LARGE);
    }
    let mut request = Request::new(body);
    DefaultBodyLimit::max(BODY_MAX).apply(&mut request);
    match timeout(BODY_WAIT, Bytes::from_request(request, &())).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(refused)) if refused.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(TOO_LARGE),
        Ok(Err(_)) => Err(Outcome::literal(Case::BadRequest, "The body broke off")),
        Err(_) => Err(Case::TooSlow.into()),
    }
}

fn head(parts: &Parts) -> Head<'_> {
    let text = |name| text(&parts.headers, name);
    Head {
        authorization: text("authorization"),
        timestamp: text("x-timestamp"),
        signature: text("x-signature"),
        client: text("x-client-key"),
        partner: text("x-partner-id"),
        external: text("x-external-id"),
        channel: text("channel-id"),
        path: parts.uri.path_and_query().map_or("", |path| path.as_str()),
    }
}

/// A header's text; nothing, if it isn't there or isn't text.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

async fn openapi() -> Response {
    let json = OPENAPI.as_bytes().to_vec();
    respond(Answer { case: Case::Done, json, again: false }, None)
}

async fn no_such_path() -> Response {
    respond(Answer::refused(None, &Case::NoSuchPath.into()), None)
}

async fn method_not_allowed(request: Request) -> Response {
    let service = Service::at(request.uri().path());
    let allowed = if service.is_some() { "POST" } else { "GET" };
    let mut response = respond(Answer::refused(service, &Case::MethodNotAllowed.into()), None);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    response
}

fn respond(answer: Answer, request: Option<HeaderValue>) -> Response {
    let mut response = Response::new(Body::from(answer.json));
    let status = StatusCode::from_u16(answer.case.status());
    *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(request) = request {
        headers.insert("x-request-id", request);
    }
    if answer.again {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}
