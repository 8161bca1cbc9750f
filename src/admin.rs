//! The admin API: who signs in, sessions, tokens, and the problems that it answers with.
//!
//! ```text
//! request ─► session cookie or bearer token ─► [`Signed`]: person, role, proof ─► handler
//! ```
//!
//! Passwords are hashed with Argon2id, one-time codes are those of RFC 6238, and both are sealed under a key that is derived from the
//! record key. Sessions are in memory: a restart ends them. What is decided about operators is in the journal; this room reads it
//! through [`Directory`].

mod access;
mod alerts;
mod attempts;
mod bearer;
mod credentials;
mod directory;
mod enrolment;
mod events;
mod json_body;
mod oidc;
mod oidc_routes;
mod one_time_code;
mod operation_routes;
mod operations;
mod password;
mod port;
mod problem;
mod proposals;
mod readers;
mod restrictions;
mod routes;
mod secret_text;
mod security_log;
mod session_data;
mod session_store;
mod settings;
mod sign_in;
mod signed;
mod views;

pub use access::Admin;
pub use bearer::{NewBearer, new_bearer};
pub use directory::{ActRefused, Directory};
pub use enrolment::{NewInvitation, new_invitation};
pub use json_body::JsonBody;
pub use oidc::OidcSettings;
pub use operation_routes::operations;
pub use password::Cost;
pub use port::{AdminPort, LinkOrdered, Unavailable};
pub use problem::Problem;
pub use routes::router;
pub use settings::Settings;
pub use signed::{Signed, Via};
pub use views::{
    DeliveryView, EchoView, ErrorView, ExceptionView, LinkView, OverviewView, ResolutionView,
    SettingView, TimesView, TransferView,
};
