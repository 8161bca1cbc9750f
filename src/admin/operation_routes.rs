//! The routes of operations.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use super::operations::{self, Operations};
use super::port::AdminPort;
use super::{alerts, events, proposals, restrictions};

/// Returns the routes. Only operators and tokens may use them.
pub fn operations<P: AdminPort>(port: P) -> Router {
    let shared = Arc::new(Operations::new(port));
    Router::new()
        .route("/admin/v1/overview", get(operations::overview::<P>))
        .route("/admin/v1/services", get(restrictions::services::<P>))
        .route("/admin/v1/restrictions", get(restrictions::list::<P>).post(restrictions::set::<P>))
        .route("/admin/v1/proposals", get(proposals::list::<P>).post(proposals::make::<P>))
        .route("/admin/v1/proposals/{id}", get(proposals::show::<P>))
        .route("/admin/v1/proposals/{id}/approve", post(proposals::approve::<P>))
        .route("/admin/v1/proposals/{id}/reject", post(proposals::reject::<P>))
        .route("/admin/v1/proposals/{id}/withdraw", post(proposals::withdraw::<P>))
        .route("/admin/v1/exceptions", get(operations::exceptions::<P>))
        .route("/admin/v1/transfers/{id}", get(operations::transfer::<P>))
        .route("/admin/v1/transfers/{id}/retry", post(operations::retry::<P>))
        .route("/admin/v1/links", get(operations::links::<P>))
        .route("/admin/v1/links/{name}/{order}", post(operations::order_link::<P>))
        .route("/admin/v1/settings", get(operations::settings::<P>))
        .route("/admin/v1/alerts", get(alerts::list::<P>))
        .route("/admin/v1/alerts/{id}/acknowledge", post(alerts::acknowledge::<P>))
        .route("/admin/v1/operators", get(operations::operators::<P>))
        .route("/admin/v1/acts", get(operations::acts::<P>))
        .route("/admin/v1/events", get(events::stream::<P>))
        .route("/admin/v1/openapi.json", get(operations::openapi))
        .with_state(shared)
}
