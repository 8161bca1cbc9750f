//! The sessions, in memory. A restart ends them.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use tower_sessions::session::{Id, Record};
use tower_sessions::{SessionStore, session_store};

use super::session_data::KEY;
use crate::control::PersonId;
use crate::values::Moment;

/// How long a session lasts without a request.
const IDLE_MAX: Duration = Duration::from_mins(15);

/// How long a session lasts.
const AGE_MAX: Duration = Duration::from_hours(12);

/// The most sessions of a person. One more ends the one that was used the longest ago.
const OF_PERSON_MAX: usize = 5;

/// The most sessions. One more ends the one that was used the longest ago.
const SESSIONS_MAX: usize = 2_000;

/// The clock. Tests have a virtual one.
pub(super) type Now = Arc<dyn Fn() -> Moment + Send + Sync>;

struct Stored {
    record: Record,
    created: Moment,
    used: Moment,
}

impl Stored {
    fn is_open(&self, now: Moment) -> bool {
        now.since(self.used) < IDLE_MAX && now.since(self.created) < AGE_MAX
    }

    /// Returns the id of the person.
    fn person(&self) -> Option<&str> {
        self.record.data.get(KEY)?.get("person").and_then(Value::as_str)
    }
}

/// The sessions. Copies share them.
#[derive(Clone)]
pub(super) struct Sessions {
    now: Now,
    open: Arc<Mutex<HashMap<Id, Stored>>>,
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sessions({})", self.open().len())
    }
}

impl Sessions {
    pub(super) fn new(now: Now) -> Self {
        Self { now, open: Arc::default() }
    }

    /// Ends all sessions of a person.
    pub(super) fn end_all(&self, person: &PersonId) {
        self.open().retain(|_, stored| stored.person() != Some(person.as_str()));
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Id, Stored>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn insert(&self, record: &mut Record) {
        let now = (self.now)();
        let mut open = self.open();
        while open.contains_key(&record.id) {
            record.id = Id::default();
        }
        let new = Stored { record: record.clone(), created: now, used: now };
        open.retain(|_, stored| stored.is_open(now));
        while of_person(&open, &new).count() >= OF_PERSON_MAX {
            let oldest = of_person(&open, &new).min_by_key(|(_, stored)| stored.used);
            let Some(oldest) = oldest.map(|(id, _)| *id) else { break };
            open.remove(&oldest);
        }
        if open.len() >= SESSIONS_MAX
            && let Some(oldest) = open.iter().min_by_key(|(_, own)| own.used).map(|(id, _)| *id)
        {
            open.remove(&oldest);
        }
        open.insert(record.id, new);
    }

    /// Returns an open session, and notes that it is used.
    fn used(&self, id: &Id) -> Option<Record> {
        let now = (self.now)();
        let mut open = self.open();
        let Some(stored) = open.get_mut(id).filter(|stored| stored.is_open(now)) else {
            open.remove(id);
            return None;
        };
        stored.used = now;
        Some(stored.record.clone())
    }
}

/// Returns the sessions of the same person.
fn of_person<'o>(
    open: &'o HashMap<Id, Stored>,
    new: &'o Stored,
) -> impl Iterator<Item = (&'o Id, &'o Stored)> {
    open.iter().filter(|(_, stored)| stored.person().is_some() && stored.person() == new.person())
}

#[async_trait]
impl SessionStore for Sessions {
    /// Gives a new session its id: never one that a client chose.
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        self.insert(record);
        Ok(())
    }

    /// Changes an open session. One that has ended does not come back.
    async fn save(&self, record: &Record) -> session_store::Result<()> {
        if let Some(stored) = self.open().get_mut(&record.id) {
            stored.record = record.clone();
        }
        Ok(())
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        Ok(self.used(id))
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        self.open().remove(id);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use serde_json::json;
    use tower_sessions::Session;

    use super::*;

    fn sessions() -> (Sessions, Arc<AtomicU64>) {
        let millis = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&millis);
        let now = move || Moment::from_millis(clock.load(Ordering::Relaxed));
        (Sessions::new(Arc::new(now)), millis)
    }

    async fn new(sessions: &Sessions, person: &str) -> Id {
        let session = Session::new(None, Arc::new(sessions.clone()), None);
        session.insert(KEY, json!({ "person": person })).await.unwrap();
        session.save().await.unwrap();
        session.id().unwrap()
    }

    #[tokio::test]
    async fn a_session_ends_when_it_is_idle_or_old() {
        let (sessions, millis) = sessions();
        let minutes = |minutes: u64| millis.store(minutes * 60_000, Ordering::Relaxed);
        let id = new(&sessions, "siti").await;
        for used in (0..720).step_by(14) {
            minutes(used);
            assert!(sessions.used(&id).is_some(), "{used}");
        }
        minutes(719);
        assert!(sessions.used(&id).is_some());
        minutes(720);
        assert!(sessions.used(&id).is_none(), "12 hours");
        let id = new(&sessions, "siti").await;
        minutes(735);
        assert!(sessions.used(&id).is_none(), "15 minutes");
        assert_eq!(format!("{sessions:?}"), "Sessions(0)");
    }

    #[tokio::test]
    async fn the_number_of_sessions_is_bounded() {
        let (sessions, millis) = sessions();
        let first = new(&sessions, "siti").await;
        for number in 1..=OF_PERSON_MAX {
            millis.store(u64::try_from(number).unwrap(), Ordering::Relaxed);
            new(&sessions, "siti").await;
        }
        assert!(sessions.used(&first).is_none(), "the oldest one ended");
        for number in 0..SESSIONS_MAX {
            new(&sessions, &format!("p{number}")).await;
        }
        assert_eq!(sessions.open().len(), SESSIONS_MAX);
        sessions.end_all(&PersonId::new("p1999").unwrap());
        assert_eq!(sessions.open().len(), SESSIONS_MAX - 1);
    }

    #[tokio::test]
    async fn an_id_is_never_that_of_the_client_and_an_ended_session_stays_ended() {
        let (sessions, _) = sessions();
        let store = Arc::new(sessions.clone());
        let chosen = Id::default();
        let session = Session::new(Some(chosen), Arc::clone(&store), None);
        session.insert(KEY, json!({ "person": "siti" })).await.unwrap();
        session.save().await.unwrap();
        let id = session.id().unwrap();
        assert_ne!(id, chosen);
        let session = Session::new(Some(id), Arc::clone(&store), None);
        session.insert("more", 1).await.unwrap();
        sessions.end_all(&PersonId::new("siti").unwrap());
        session.save().await.unwrap();
        assert!(sessions.used(&id).is_none());
    }
}
