//! HTTP: reads requests within limits, admits them, and responds.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use tokio::time::timeout;

use super::admission::{Admission, Headers};
use super::error::{ErrorResponse, ResponseCase};
use super::limits::InFlightLimit;
use super::orders;
use super::port::{AccountInquiryResponse, ChannelPort, NotProcessed, TransferResponse};
use super::response::ApiResponse;
use super::rules::RequestRules;
use super::service::Service;
use super::settings::{Limits, Settings};
use crate::personal::RecordKey;
use crate::transfer::Order;
use crate::values::{RequestIdentity, TransferId};

/// The OpenAPI document of the API.
pub const OPENAPI: &str = include_str!("../../specs/channel.openapi.json");

/// The largest body, in bytes.
const BODY_MAX: usize = 16 * 1024;

/// The longest time to receive a body.
const BODY_WAIT: Duration = Duration::from_secs(10);

/// The longest wait for the status of a transfer.
const STATUS_WAIT: Duration = Duration::from_secs(2);

/// The time for everything between the waits.
const MARGIN: Duration = Duration::from_secs(1);

/// The channel API in front of a port.
pub struct Api<P> {
    port: P,
    /// What a reload replaces. A request keeps what it began with.
    live: RwLock<Arc<Live>>,
    /// The key of request fingerprints.
    record_key: RecordKey,
    /// The start of the monotonic clock of the rate limits.
    started: Instant,
}

/// The settings in use.
pub(super) struct Live {
    admission: Admission,
    rules: RequestRules,
    pub(super) limits: Limits,
    in_flight: InFlightLimit,
}

impl<P: ChannelPort> Api<P> {
    /// Creates the API. The record key makes the fingerprints of requests.
    #[must_use]
    pub fn new(settings: Settings, record_key: RecordKey, port: P) -> Arc<Self> {
        let Settings { admission, rules, limits, .. } = settings;
        let in_flight = InFlightLimit::new(limits.in_flight);
        let live = RwLock::new(Arc::new(Live { admission, rules, limits, in_flight }));
        Arc::new(Self { port, live, record_key, started: Instant::now() })
    }

    /// Replaces the settings. Requests that are under way end under those that they began with. The address, the network, the bank and
    /// core stay. Partners of `kept` stay as they are, if the settings have lost them.
    pub fn reconfigure(&self, settings: Settings, kept: &[&str]) {
        let Settings { mut admission, mut rules, limits, .. } = settings;
        let before = self.live();
        admission.take_over(&before.admission, kept);
        rules.keep_shared(&before.rules);
        let mut in_flight = InFlightLimit::new(limits.in_flight);
        in_flight.take_over(&before.in_flight);
        let live = Arc::new(Live { admission, rules, limits, in_flight });
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = live;
    }

    /// Returns the settings in use.
    pub(super) fn live(&self) -> Arc<Live> {
        Arc::clone(&self.live.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the routes.
    pub fn router(self: &Arc<Self>) -> Router {
        let mut router = Router::new()
            .route("/openapi.json", get(openapi).fallback(method_not_allowed))
            .fallback(path_not_found);
        for service in Service::all() {
            let handler = move |State(api): State<Arc<Self>>, request: Request| async move {
                api.respond(service, request).await
            };
            router = router.route(service.path(), post(handler).fallback(method_not_allowed));
        }
        router.with_state(Arc::clone(self))
    }

    /// Returns the longest time from a complete request to its response.
    pub(super) fn request_time_max(&self) -> Duration {
        let limits = self.live().limits;
        limits.wait.max(limits.inquiry_wait) + STATUS_WAIT + MARGIN
    }

    async fn respond(&self, service: Service, request: Request) -> Response {
        let id = self.port.next_id();
        let response = match self.process(service, id, request).await {
            Ok(response) => response,
            Err(error) => {
                let code = error.case.code(Some(service));
                tracing::info!(request = %id, %code, details = %error.details, "request refused");
                ApiResponse::error(Some(service), &error)
            }
        };
        into_http(response, HeaderValue::from_str(&id.to_string()).ok())
    }

    async fn process(
        &self,
        service: Service,
        id: TransferId,
        request: Request,
    ) -> Result<ApiResponse, ErrorResponse> {
        let at_limit = ErrorResponse::with_details(
            ResponseCase::ServiceUnavailable,
            "Too many concurrent requests",
        );
        let live = self.live();
        let _permit = live.in_flight.try_acquire().ok_or(at_limit)?;
        let (parts, body) = request.into_parts();
        let body = read_body(&parts.headers, body).await?;
        let headers = request_headers(&parts);
        match service {
            Service::Token => self.token(&live, &headers, &body),
            Service::Inquiry => self.inquiry(&live, id, (&headers, &body)).await,
            Service::Transfer => self.transfer(&live, id, (&headers, &body)).await,
            Service::Status => self.status(&live, &headers, &body).await,
        }
    }

    fn token(
        &self,
        live: &Live,
        headers: &Headers<'_>,
        body: &[u8],
    ) -> Result<ApiResponse, ErrorResponse> {
        orders::check_token_request(body)?;
        let token = live.admission.issue_token(headers, self.port.now(), self.started.elapsed())?;
        Ok(ApiResponse::token(&token))
    }

    async fn inquiry(
        &self,
        live: &Live,
        id: TransferId,
        (headers, body): (&Headers<'_>, &[u8]),
    ) -> Result<ApiResponse, ErrorResponse> {
        let admitted =
            live.admission.admit(headers, body, self.port.now(), self.started.elapsed())?;
        let inquiry = orders::inquiry(body, id, &admitted, &live.rules)?;
        tracing::debug!(inquiry = %id, partner = %admitted.partner, "account inquiry received");
        let response =
            timeout(live.limits.inquiry_wait, self.port.account_inquiry(inquiry.clone())).await;
        match response.unwrap_or(AccountInquiryResponse::NoResponse) {
            AccountInquiryResponse::Found(name) => {
                Ok(ApiResponse::inquiry(&inquiry, name.as_ref()))
            }
            AccountInquiryResponse::Declined(reason) => Err(ResponseCase::of_reason(reason).into()),
            AccountInquiryResponse::NoResponse => Err(ResponseCase::Timeout.into()),
            AccountInquiryResponse::NotProcessed(reason) => Err(not_processed(reason)),
        }
    }

    async fn transfer(
        &self,
        live: &Live,
        id: TransferId,
        (headers, body): (&Headers<'_>, &[u8]),
    ) -> Result<ApiResponse, ErrorResponse> {
        let admitted =
            live.admission.admit(headers, body, self.port.now(), self.started.elapsed())?;
        let (order, identity) =
            orders::transfer(body, id, &admitted, &live.rules, &self.record_key)?;
        tracing::debug!(transfer = %id, partner = %admitted.partner, "transfer request received");
        match timeout(live.limits.wait, self.port.transfer(Arc::clone(&order), identity)).await {
            Ok(TransferResponse::Report(report)) => {
                Ok(ApiResponse::transfer(&order, Some(&report)))
            }
            Ok(TransferResponse::KeyConflict(key)) if key == identity.request_key => {
                Err(ErrorResponse::constant(
                    ResponseCase::Conflict,
                    "X-EXTERNAL-ID was used today by a different request",
                ))
            }
            Ok(TransferResponse::KeyConflict(_)) => Err(ResponseCase::DuplicateReference.into()),
            Ok(TransferResponse::NotProcessed(reason)) => Err(not_processed(reason)),
            Err(_) => Ok(self.present_status(&order, identity).await),
        }
    }

    /// Returns the present status of a transfer that did not end in time. If the request is a repeat, the response has no
    /// status: the transfer under its key may be a different one.
    async fn present_status(&self, order: &Order, identity: RequestIdentity) -> ApiResponse {
        let status = timeout(STATUS_WAIT, self.port.transfer_status(identity.request_key)).await;
        let own = match status {
            Ok(Ok(Some(report))) if report.order.id == order.id => Some(report),
            Ok(Ok(_) | Err(_)) | Err(_) => None,
        };
        ApiResponse::transfer(order, own.as_ref())
    }

    async fn status(
        &self,
        live: &Live,
        headers: &Headers<'_>,
        body: &[u8],
    ) -> Result<ApiResponse, ErrorResponse> {
        let admitted =
            live.admission.admit(headers, body, self.port.now(), self.started.elapsed())?;
        let key = orders::status(body, &admitted, &live.rules)?;
        match timeout(STATUS_WAIT, self.port.transfer_status(key)).await {
            Ok(Ok(Some(report))) => Ok(ApiResponse::status(&report)),
            Ok(Ok(None)) => Ok(ApiResponse::no_transfer()),
            Ok(Err(reason)) => Err(not_processed(reason)),
            Err(_) => Err(ResponseCase::Timeout.into()),
        }
    }
}

fn not_processed(reason: NotProcessed) -> ErrorResponse {
    let case = ResponseCase::of_not_processed(&reason);
    match reason {
        NotProcessed::ServiceClosed(Some(text)) => {
            ErrorResponse::with_details(case, text.into_string())
        }
        NotProcessed::ServiceClosed(None) => {
            ErrorResponse::constant(case, "The service is closed or limited")
        }
        NotProcessed::NotAdmitted(_)
        | NotProcessed::SuspectedFraud
        | NotProcessed::InternalError => case.into(),
    }
}

const TOO_LARGE: ErrorResponse = ErrorResponse::constant(
    ResponseCase::RequestEntityTooLarge,
    "The body is larger than 16384 bytes",
);

/// Returns the body, if it is JSON, not too large, and complete in time.
async fn read_body(headers: &HeaderMap, body: Body) -> Result<Bytes, ErrorResponse> {
    let media_type = header_text(headers, header::CONTENT_TYPE.as_str());
    let media_type = media_type.split(';').next().unwrap_or_default().trim_ascii();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Err(ErrorResponse::constant(
            ResponseCase::UnsupportedMediaType,
            "Content-Type is not application/json",
        ));
    }
    let length = header_text(headers, header::CONTENT_LENGTH.as_str()).parse::<usize>();
    if length.is_ok_and(|length| length > BODY_MAX) {
        return Err(TOO_LARGE);
    }
    let mut request = Request::new(body);
    DefaultBodyLimit::max(BODY_MAX).apply(&mut request);
    match timeout(BODY_WAIT, Bytes::from_request(request, &())).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(refused)) if refused.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(TOO_LARGE),
        Ok(Err(_)) => {
            Err(ErrorResponse::constant(ResponseCase::BadRequest, "The body is incomplete"))
        }
        Err(_) => Err(ResponseCase::RequestTimeout.into()),
    }
}

fn request_headers(parts: &Parts) -> Headers<'_> {
    let text = |name| header_text(&parts.headers, name);
    Headers {
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

/// Returns the text of a header; empty if the header is missing or not text.
fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

async fn openapi() -> Response {
    let json = OPENAPI.as_bytes().to_vec();
    into_http(ApiResponse { case: ResponseCase::Successful, json, can_retry: false }, None)
}

async fn path_not_found() -> Response {
    into_http(ApiResponse::error(None, &ResponseCase::NotFound.into()), None)
}

async fn method_not_allowed(request: Request) -> Response {
    let service = Service::from_path(request.uri().path());
    let allowed = if service.is_some() { "POST" } else { "GET" };
    let mut response =
        into_http(ApiResponse::error(service, &ResponseCase::MethodNotAllowed.into()), None);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    response
}

fn into_http(api: ApiResponse, request: Option<HeaderValue>) -> Response {
    let mut response = Response::new(Body::from(api.json));
    let status = StatusCode::from_u16(api.case.status());
    *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(request) = request {
        headers.insert("x-request-id", request);
    }
    if api.can_retry {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}
