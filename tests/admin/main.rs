//! The admin API over real connections: signing in, sessions, tokens, enrolment, and the directory of the bank.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

mod client;
mod enrolment;
mod oidc;
mod provider;
mod sessions;
mod sign_in;
mod tokens;
mod world;
