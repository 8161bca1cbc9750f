//! Errors of the admin API: `application/problem+json` (RFC 9457).

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;

use crate::codes::problem;

/// A problem. Its type is `urn:titian:problem:NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    name: &'static str,
    title: &'static str,
    status: StatusCode,
    detail: String,
    instance: Option<String>,
    retry_after: Option<Duration>,
}

/// The body of a problem.
#[derive(Serialize)]
struct ProblemBody<'p> {
    #[serde(rename = "type")]
    name: String,
    title: &'static str,
    status: u16,
    detail: &'p str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<&'p str>,
}

impl Problem {
    /// Creates a problem: its name (a code of `codes::problem`), what kind of problem it is, and what to do about this one.
    #[must_use]
    pub fn new(
        name: &'static str,
        status: StatusCode,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self { name, title, status, detail: detail.into(), instance: None, retry_after: None }
    }

    /// Names what the problem occurred on, such as the path of a proposal.
    #[must_use]
    pub fn at(self, instance: impl Into<String>) -> Self {
        Self { instance: Some(instance.into()), ..self }
    }

    /// Says when the request may be repeated, in `Retry-After`.
    #[must_use]
    pub fn after(self, pause: Duration) -> Self {
        Self { retry_after: Some(pause), ..self }
    }

    /// Returns the status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns a defect or a failure of the node. Its reason is in the log, not here.
    #[must_use]
    pub fn internal() -> Self {
        let title = "Internal error";
        let detail = "the request failed: look at the log of the node";
        Self::new(problem::INTERNAL, StatusCode::INTERNAL_SERVER_ERROR, title, detail)
    }

    /// Returns that a request cannot be read.
    #[must_use]
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(problem::INVALID_REQUEST, StatusCode::BAD_REQUEST, "Invalid request", detail)
    }

    /// Returns that a path or a thing does not exist.
    #[must_use]
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(problem::NOT_FOUND, StatusCode::NOT_FOUND, "Not found", detail)
    }

    pub(super) fn not_signed_in() -> Self {
        let title = "Not signed in";
        let detail = "sign in, or send a token that is valid: Authorization: Bearer";
        Self::new(problem::NOT_SIGNED_IN, StatusCode::UNAUTHORIZED, title, detail)
    }

    pub(super) fn csrf() -> Self {
        let title = "CSRF token missing or wrong";
        let detail = "send the csrf_token of the session in X-CSRF-Token";
        Self::new(problem::CSRF, StatusCode::FORBIDDEN, title, detail)
    }

    /// Returns the one answer to every sign-in that fails, whatever the reason is.
    pub(super) fn sign_in_refused() -> Self {
        let title = "Sign-in refused";
        let detail = "person, password or code is wrong, or the person cannot sign in: try again, \
            or ask an administrator";
        Self::new(problem::SIGN_IN_REFUSED, StatusCode::UNAUTHORIZED, title, detail)
    }

    pub(super) fn oidc_refused() -> Self {
        let title = "Sign-in refused";
        let detail = "the directory of the bank did not confirm a person with a role: start again, \
            or ask an administrator";
        Self::new(problem::OIDC_REFUSED, StatusCode::UNAUTHORIZED, title, detail)
    }

    pub(super) fn code_refused() -> Self {
        let title = "Code refused";
        let detail = "the one-time code is wrong, used or too old: wait for the next one";
        Self::new(problem::CODE_REFUSED, StatusCode::FORBIDDEN, title, detail)
    }

    pub(super) fn enrolment_refused() -> Self {
        let title = "Enrolment refused";
        let detail = "person, secret or code is wrong, or the secret was used or has expired: ask \
            an administrator for a new one";
        Self::new(problem::ENROLMENT_REFUSED, StatusCode::FORBIDDEN, title, detail)
    }

    pub(super) fn too_many_attempts(pause: Duration) -> Self {
        let title = "Too many attempts";
        let detail = "too many attempts have failed: wait, then try again";
        let status = StatusCode::TOO_MANY_REQUESTS;
        Self::new(problem::TOO_MANY_ATTEMPTS, status, title, detail).after(pause)
    }

    pub(super) fn busy() -> Self {
        let detail = "too many people sign in at the same time: try again";
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self::new(problem::BUSY, status, "Busy", detail).after(Duration::from_secs(1))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        let body = ProblemBody {
            name: format!("urn:titian:problem:{}", self.name),
            title: self.title,
            status: self.status.as_u16(),
            detail: &self.detail,
            instance: self.instance.as_deref(),
        };
        // The body has only text and a number, so serialising can't fail.
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        let media = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, media);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(pause) = self.retry_after {
            // A pause of a part of a second ends after the next full one.
            let seconds = u64::try_from(pause.as_millis().div_ceil(1000)).unwrap_or(u64::MAX);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes;

    #[test]
    fn a_problem_says_when_to_come_back() {
        let response = Problem::too_many_attempts(Duration::from_millis(1_001)).into_response();
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["retry-after"], "2");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let response = Problem::not_signed_in().at("/admin/v1/links").into_response();
        assert_eq!(response.headers()["www-authenticate"], "Bearer");
    }

    #[test]
    fn each_name_is_a_code() {
        for problem in [
            Problem::internal(),
            Problem::invalid(""),
            Problem::not_found(""),
            Problem::not_signed_in(),
            Problem::csrf(),
            Problem::sign_in_refused(),
            Problem::oidc_refused(),
            Problem::code_refused(),
            Problem::enrolment_refused(),
            Problem::too_many_attempts(Duration::ZERO),
            Problem::busy(),
        ] {
            assert!(codes::problem::ALL.contains(&problem.name), "{}", problem.name);
        }
    }
}
