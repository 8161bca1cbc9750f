//! Passwords: Argon2id (RFC 9106) on blocking threads, with a bound on how many are hashed at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::secret_text::SecretText;
use crate::secrets::weakness;

/// Passwords that are hashed at once: each takes the memory and a core.
const AT_ONCE: usize = 2;

/// Passwords that wait or are hashed at once. One more is refused, so that a flood of sign-ins has a bound.
const WAITING_MAX: usize = 32;

/// The shortest password, in characters.
const LENGTH_MIN: usize = 12;

/// The longest password, in bytes.
const LENGTH_MAX: usize = 128;

/// The cost of a hash. It is stored with the hash, so a later one leaves older hashes valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Memory, in KiB.
    #[serde(rename = "memory_kib")]
    pub memory_kib: u32,
    /// Passes over the memory.
    #[serde(rename = "passes")]
    pub passes: u32,
}

impl Cost {
    /// 19 MiB and two passes: the first recommendation of the OWASP Password Storage Cheat Sheet. About 30 ms on one core: an
    /// operator does not notice it, and a stolen hash costs as much for each guess. The hash is sealed besides.
    pub const STANDARD: Self = Self { memory_kib: 19 * 1024, passes: 2 };

    fn hash(self, password: &str, salt: &[u8]) -> Option<[u8; 32]> {
        let params = Params::new(self.memory_kib, self.passes, 1, Some(32)).ok()?;
        let mut hash = [0; 32];
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon2.hash_password_into(password.as_bytes(), salt, &mut hash).ok()?;
        Some(hash)
    }
}

/// The hash of a password, with its salt and cost.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PasswordHash {
    #[serde(rename = "cost")]
    cost: Cost,
    #[serde(rename = "salt")]
    salt: [u8; 16],
    #[serde(rename = "hash")]
    hash: [u8; 32],
}

impl PasswordHash {
    /// Returns a hash that no password has, as far as anyone can find: what an unknown person is compared with.
    pub(super) const fn impossible(cost: Cost) -> Self {
        Self { cost, salt: [0; 16], hash: [0; 32] }
    }
}

/// Why a password is not hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotHashed {
    /// Too many others wait.
    Busy,
    /// The cost is invalid, or the thread ended: a defect.
    Failed,
}

/// Hashes passwords.
#[derive(Debug)]
pub(super) struct Passwords {
    cost: Cost,
    at_once: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    runs: AtomicU64,
}

impl Passwords {
    pub(super) fn new(cost: Cost) -> Self {
        let at_once = Arc::new(Semaphore::new(AT_ONCE));
        let waiting = Arc::new(Semaphore::new(WAITING_MAX));
        Self { cost, at_once, waiting, runs: AtomicU64::new(0) }
    }

    /// Returns the cost of new hashes.
    pub(super) const fn cost(&self) -> Cost {
        self.cost
    }

    /// Returns how many passwords were hashed.
    pub(super) fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    /// Hashes a new password.
    pub(super) async fn hash(
        &self,
        password: &SecretText,
        salt: [u8; 16],
    ) -> Result<PasswordHash, NotHashed> {
        let hash = self.run(self.cost, password, salt).await?;
        Ok(PasswordHash { cost: self.cost, salt, hash })
    }

    /// Returns whether a password has a hash.
    pub(super) async fn is(
        &self,
        password: &SecretText,
        known: &PasswordHash,
    ) -> Result<bool, NotHashed> {
        let hash = self.run(known.cost, password, known.salt).await?;
        let differs =
            hash.iter().zip(known.hash).fold(0, |differs, (one, own)| differs | (one ^ own));
        Ok(differs == 0)
    }

    async fn run(
        &self,
        cost: Cost,
        password: &SecretText,
        salt: [u8; 16],
    ) -> Result<[u8; 32], NotHashed> {
        let place = Arc::clone(&self.waiting).try_acquire_owned().map_err(|_| NotHashed::Busy)?;
        let turn =
            Arc::clone(&self.at_once).acquire_owned().await.map_err(|_| NotHashed::Failed)?;
        self.runs.fetch_add(1, Ordering::Relaxed);
        let password = password.clone();
        let hashed = tokio::task::spawn_blocking(move || {
            let hash = cost.hash(password.as_str(), &salt);
            // A client that disconnects ends the wait, and not the hash: its place is taken until then.
            drop((place, turn));
            hash
        });
        hashed.await.ok().flatten().ok_or(NotHashed::Failed)
    }
}

/// Returns why a new password is refused.
pub(super) fn fault(password: &str, person: &str) -> Option<String> {
    if password.chars().count() < LENGTH_MIN {
        return Some(format!("password: needs at least {LENGTH_MIN} characters"));
    }
    if password.len() > LENGTH_MAX {
        return Some(format!("password: has more than {LENGTH_MAX} bytes: choose a shorter one"));
    }
    if password.to_lowercase().contains(person) {
        return Some("password: contains the person id: choose another one".to_owned());
    }
    let weak = weakness(password);
    weak.map(|weakness| format!("password: {weakness}: choose one that is hard to guess"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Cost = Cost { memory_kib: 8, passes: 1 };

    #[tokio::test]
    async fn a_password_has_its_own_hash_only() {
        let passwords = Passwords::new(CHEAP);
        let text = |text: &str| SecretText::new(text.to_owned());
        let hash = passwords.hash(&text("correct horse"), [1; 16]).await.unwrap();
        assert_eq!(passwords.is(&text("correct horse"), &hash).await, Ok(true));
        assert_eq!(passwords.is(&text("correct horsf"), &hash).await, Ok(false));
        let impossible = PasswordHash::impossible(CHEAP);
        assert_eq!(passwords.is(&text("correct horse"), &impossible).await, Ok(false));
        assert_eq!(passwords.runs(), 4);
    }

    #[tokio::test]
    async fn a_flood_of_sign_ins_is_refused() {
        let passwords = Passwords::new(CHEAP);
        let take = || passwords.waiting.try_acquire().ok();
        let places: Vec<_> = std::iter::from_fn(take).collect();
        assert_eq!(places.len(), WAITING_MAX);
        let password = SecretText::new("correct horse".to_owned());
        assert_eq!(passwords.hash(&password, [1; 16]).await.err(), Some(NotHashed::Busy));
        drop(places);
        assert!(passwords.hash(&password, [1; 16]).await.is_ok());
    }

    #[test]
    fn a_hash_depends_on_password_salt_and_cost() {
        let hash = CHEAP.hash("password", b"somesaltsomesalt").unwrap();
        assert_eq!(hash, CHEAP.hash("password", b"somesaltsomesalt").unwrap());
        assert_ne!(hash, CHEAP.hash("password", b"somesaltsomesalu").unwrap());
        assert_ne!(Some(hash), Cost { passes: 2, ..CHEAP }.hash("password", b"somesaltsomesalt"),);
        assert_eq!(Cost { memory_kib: 1, passes: 1 }.hash("password", b"somesaltsomesalt"), None);
    }

    #[test]
    fn a_weak_password_is_refused_with_the_reason() {
        let refused = |password: &str| fault(password, "e-17").unwrap_or_default();
        assert!(refused("too short").contains("at least 12"));
        assert!(refused(&"long".repeat(33)).contains("more than 128 bytes"));
        assert!(refused("my-id-is-E-17!").contains("contains the person id"));
        assert!(refused("abcabcabcabc").contains("hard to guess"));
        assert_eq!(fault("correct horse battery", "e-17"), None);
    }
}
