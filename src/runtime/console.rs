//! Health and metrics, over HTTP.

use std::future::Future;
use std::io;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;

use super::metrics::Metrics;

/// Answers until it is told to stop.
pub(super) async fn serve(
    listener: TcpListener,
    metrics: Arc<Metrics>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let router = Router::new()
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(text))
        .with_state(metrics);
    axum::serve(listener, router).with_graceful_shutdown(stop).await
}

/// Whether new work is taken, and can be sent.
async fn ready(State(metrics): State<Arc<Metrics>>) -> impl IntoResponse {
    if metrics.draining.get() > 0 {
        (StatusCode::SERVICE_UNAVAILABLE, "stopping\n")
    } else if metrics.links_up.get() == 0 {
        (StatusCode::SERVICE_UNAVAILABLE, "no link to the switch is up\n")
    } else {
        (StatusCode::OK, "ready\n")
    }
}

async fn text(State(metrics): State<Arc<Metrics>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics.text())
}
