//! What the parts of the admin API share.

use std::fmt;
use std::io;
use std::sync::Arc;

use tower_sessions::Session;

use super::attempts::Attempts;
use super::credentials::Vault;
use super::directory::Directory;
use super::oidc::Oidc;
use super::one_time_code::UsedCodes;
use super::password::Passwords;
use super::problem::Problem;
use super::secret_text::{random, random_text};
use super::security_log::SecurityLog;
use super::session_data::{KEY, SignedIn, Way};
use super::session_store::{Now, Sessions};
use super::settings::Settings;
use crate::control::{PersonId, Role, StateVersion};
use crate::hex::hex;
use crate::personal::RecordKey;
use crate::values::Moment;

/// The admin API of a node: how people sign in, and who is signed in.
pub struct Admin<D> {
    pub(super) directory: D,
    pub(super) attempts: Attempts,
    pub(super) log: SecurityLog,
    pub(super) oidc: Option<Oidc>,
    pub(super) passwords: Passwords,
    pub(super) sessions: Sessions,
    pub(super) used_codes: UsedCodes,
    pub(super) vault: Vault,
    now: Now,
}

impl<D> fmt::Debug for Admin<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Admin({:?})", self.sessions)
    }
}

/// Who signs in.
pub(super) struct NewSession {
    pub(super) person: PersonId,
    pub(super) role: Role,
    pub(super) version: Option<StateVersion>,
    pub(super) code_at: Option<Moment>,
    pub(super) way: Way,
}

impl<D: Directory> Admin<D> {
    /// Creates it. `record` is the record key, which protects credentials; `now` is the clock.
    #[must_use]
    pub fn new(
        directory: D,
        settings: Settings,
        record: &RecordKey,
        now: impl Fn() -> Moment + Send + Sync + 'static,
    ) -> Self {
        let now: Now = Arc::new(now);
        let start = now();
        Self {
            directory,
            attempts: Attempts::new(),
            log: SecurityLog::new(start),
            oidc: settings.oidc.map(|oidc| Oidc::new(*oidc, record)),
            passwords: Passwords::new(settings.password_cost),
            sessions: Sessions::new(Arc::clone(&now)),
            used_codes: UsedCodes::new(start),
            vault: Vault::new(record),
            now,
        }
    }

    /// Returns how many passwords were hashed since the start.
    #[must_use]
    pub fn passwords_hashed(&self) -> u64 {
        self.passwords.runs()
    }

    pub(super) fn now(&self) -> Moment {
        (self.now)()
    }

    /// Begins a session with a new id. The session that the client had ends.
    pub(super) async fn begin_session(
        &self,
        session: &Session,
        new: NewSession,
    ) -> Result<SignedIn, Problem> {
        let NewSession { person, role, version, code_at, way } = new;
        let signed_in = signed_in(person, role, version).map_err(internal)?;
        let signed_in = SignedIn { code_at, way, ..signed_in };
        session.clear().await;
        session.cycle_id().await.map_err(internal)?;
        session.insert(KEY, &signed_in).await.map_err(internal)?;
        Ok(signed_in)
    }
}

fn signed_in(person: PersonId, role: Role, version: Option<StateVersion>) -> io::Result<SignedIn> {
    let (csrf_token, label) = (random_text()?, hex(&random::<4>()?));
    Ok(SignedIn { person, role, version, code_at: None, csrf_token, label, way: Way::Local })
}

/// Logs a failure of the node.
pub(super) fn internal(error: impl fmt::Display) -> Problem {
    tracing::error!(%error, "admin request failed");
    Problem::internal()
}
