//! JSON bodies of the admin API.

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// The most bytes of a body.
pub(super) const BODY_MAX: usize = 64 * 1024;

/// A body of JSON. A body of another media type is refused: a form of a foreign page cannot send JSON.
#[derive(Debug)]
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let media = request.headers().get(header::CONTENT_TYPE);
        let media = media.and_then(|media| media.to_str().ok()).unwrap_or_default();
        let is_json = media.split(';').next().is_some_and(|own| own.trim() == "application/json");
        if !is_json {
            return Err(Problem::invalid("Content-Type: must be application/json"));
        }
        let body = to_bytes(request.into_body(), BODY_MAX).await;
        let body = body.map_err(|_| {
            Problem::invalid(format!("body: incomplete, or more than {BODY_MAX} bytes"))
        })?;
        // The reason of the parser may quote a secret of the body, so only its place is shown.
        serde_json::from_slice(&body).map(Self).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let detail = "is not what the route expects: see /admin/v1/openapi.json";
            Problem::invalid(format!("body: line {line}, column {column} {detail}"))
        })
    }
}
