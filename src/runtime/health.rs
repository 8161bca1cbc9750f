//! Health, metrics and the admin API over HTTP.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;

use super::metrics::{CONTENT_TYPE, Metrics};

/// Serves until `stop` completes.
pub(super) async fn serve(
    listener: TcpListener,
    metrics: Arc<Metrics>,
    admin: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let router = Router::new()
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(readiness))
        .route("/metrics", get(metrics_text))
        .with_state(metrics)
        .merge(admin);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stop).await
}

/// Returns 200 while the adapter accepts new work, a link is up and checkpoints can be written.
async fn readiness(State(metrics): State<Arc<Metrics>>) -> impl IntoResponse {
    if metrics.draining.get() > 0 {
        (StatusCode::SERVICE_UNAVAILABLE, "stopping\n")
    } else if !metrics.links.has_one_up() {
        (StatusCode::SERVICE_UNAVAILABLE, "no link to the switch is up\n")
    } else if metrics.checkpoints.is_failing() {
        (StatusCode::SERVICE_UNAVAILABLE, "checkpoints cannot be written\n")
    } else {
        (StatusCode::OK, "ready\n")
    }
}

async fn metrics_text(State(metrics): State<Arc<Metrics>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], metrics.text())
}
