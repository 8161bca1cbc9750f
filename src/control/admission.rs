//! Admission: whether new work may begin. One function of the work, the restrictions and the time.

use std::collections::{BTreeMap, HashMap};
use std::hash::RandomState;
use std::sync::Arc;

use super::ids::StateVersion;
use super::minute_window::MinuteWindow;
use super::restriction::{AccountKey, Limits, Mode, Restriction, RestrictionId};
use super::scope::{Parts, Work};
use crate::values::Moment;

/// The restrictions that are set, found by their scopes.
///
/// Each scope is a set of parts with values. For each set of parts that a restriction has (at most 32), the work has one hash, so the
/// time of an admission does not grow with the number of restrictions.
#[derive(Clone, Debug, Default)]
pub struct Restrictions {
    set: BTreeMap<RestrictionId, Entry>,
    by_scope: HashMap<(Parts, u64), Vec<RestrictionId>>,
    parts: Vec<Parts>,
    hasher: RandomState,
}

#[derive(Clone, Debug)]
struct Entry {
    restriction: Arc<Restriction>,
    /// The number of the row that set it last.
    version: StateVersion,
}

/// What was admitted in the last minute under each restriction that limits it. A restart begins with an empty minute.
#[derive(Debug, Default)]
pub struct Admitted(HashMap<RestrictionId, MinuteWindow>);

/// Why new work is not admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restricted {
    /// The restriction; the oldest one, if several refuse.
    pub id: RestrictionId,
    /// What it refuses.
    pub cause: Cause,
    /// The restriction itself.
    pub by: Arc<Restriction>,
}

/// What a restriction refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The scope is closed.
    Closed,
    /// The amount is too high.
    Amount,
    /// There were too many in the last minute.
    Rate,
    /// The account is not one of the pilot.
    Pilot,
    /// The customer is not in the share.
    Share,
}

impl Restrictions {
    /// Returns the restrictions in the order of their numbers.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (RestrictionId, &Arc<Restriction>)> {
        self.set.iter().map(|(id, entry)| (*id, &entry.restriction))
    }

    /// Returns the version of a restriction.
    #[must_use]
    pub fn version(&self, id: RestrictionId) -> Option<StateVersion> {
        self.set.get(&id).map(|entry| entry.version)
    }

    /// Returns a restriction.
    #[must_use]
    pub fn get(&self, id: RestrictionId) -> Option<&Arc<Restriction>> {
        self.set.get(&id).map(|entry| &entry.restriction)
    }

    /// Sets a restriction.
    pub fn insert(&mut self, id: RestrictionId, restriction: Restriction, version: StateVersion) {
        self.remove(id);
        let key = (restriction.scope.parts(), restriction.scope.hash(&self.hasher));
        self.by_scope.entry(key).or_default().push(id);
        if !self.parts.contains(&key.0) {
            self.parts.push(key.0);
        }
        self.set.insert(id, Entry { restriction: Arc::new(restriction), version });
    }

    /// Lifts a restriction. Returns it, if it was set.
    pub fn remove(&mut self, id: RestrictionId) -> Option<Arc<Restriction>> {
        let Entry { restriction, .. } = self.set.remove(&id)?;
        let key = (restriction.scope.parts(), restriction.scope.hash(&self.hasher));
        if let Some(ids) = self.by_scope.get_mut(&key) {
            ids.retain(|known| *known != id);
            if ids.is_empty() {
                self.by_scope.remove(&key);
            }
        }
        let by_scope = &self.by_scope;
        self.parts.retain(|parts| by_scope.keys().any(|(used, _)| used == parts));
        Some(restriction)
    }

    /// Decides whether new work may begin. `account` returns the keyed hash of its account. Admitted work counts at once in the
    /// minute of each restriction that limits it.
    ///
    /// # Errors
    /// The oldest restriction that refuses it.
    pub fn admit(
        &self,
        work: &Work<'_>,
        account: impl Fn() -> AccountKey,
        (now, admitted): (Moment, &mut Admitted),
    ) -> Result<(), Restricted> {
        let mut refused: Option<(RestrictionId, Cause)> = None;
        let mut limited = Vec::new();
        self.each_in_force(work, now, |id, restriction| {
            let cause = restriction.refusal(work, &account);
            let limit = restriction.per_minute();
            let cause = cause.or_else(|| {
                let is_full = limit.is_some_and(|limit| admitted.count(id, now) >= limit);
                is_full.then_some(Cause::Rate)
            });
            match cause {
                Some(cause) if refused.is_none_or(|(oldest, _)| id < oldest) => {
                    refused = Some((id, cause));
                }
                Some(_) => {}
                None => limited.extend(limit.map(|_| id)),
            }
        });
        if let Some((id, cause)) = refused {
            return self.refused(id, cause);
        }
        for id in limited {
            admitted.add(id, now);
        }
        Ok(())
    }

    /// Decides whether work that was admitted may still be sent. The rate does not count again.
    ///
    /// # Errors
    /// The oldest restriction that refuses it.
    pub fn still_admit(
        &self,
        work: &Work<'_>,
        account: impl Fn() -> AccountKey,
        now: Moment,
    ) -> Result<(), Restricted> {
        let mut refused: Option<(RestrictionId, Cause)> = None;
        self.each_in_force(work, now, |id, restriction| {
            if let Some(cause) = restriction.refusal(work, &account)
                && refused.is_none_or(|(oldest, _)| id < oldest)
            {
                refused = Some((id, cause));
            }
        });
        refused.map_or(Ok(()), |(id, cause)| self.refused(id, cause))
    }

    fn refused(&self, id: RestrictionId, cause: Cause) -> Result<(), Restricted> {
        let by = self.get(id).map(Arc::clone);
        by.map_or(Ok(()), |by| Err(Restricted { id, cause, by }))
    }

    /// Calls `each` with the restrictions in force that cover some work.
    fn each_in_force(
        &self,
        work: &Work<'_>,
        now: Moment,
        mut each: impl FnMut(RestrictionId, &Restriction),
    ) {
        for parts in &self.parts {
            let Some(hash) = work.hash(*parts, &self.hasher) else { continue };
            for id in self.by_scope.get(&(*parts, hash)).into_iter().flatten() {
                // Two scopes can have one hash.
                let Some(Entry { restriction, .. }) = self.set.get(id) else { continue };
                if restriction.scope.covers(work) && restriction.is_in_force(now) {
                    each(*id, restriction);
                }
            }
        }
    }
}

impl Admitted {
    fn count(&mut self, id: RestrictionId, now: Moment) -> u32 {
        self.0.get_mut(&id).map_or(0, |window| window.count(now))
    }

    fn add(&mut self, id: RestrictionId, now: Moment) {
        self.0.entry(id).or_insert_with(MinuteWindow::new).add(now);
    }

    /// Forgets the minutes of restrictions that are not set any more.
    pub fn retain(&mut self, restrictions: &Restrictions) {
        self.0.retain(|id, _| restrictions.get(*id).is_some());
    }
}

impl Restriction {
    /// Returns what the restriction refuses of work that it covers, apart from the rate.
    fn refusal(&self, work: &Work<'_>, account: &impl Fn() -> AccountKey) -> Option<Cause> {
        let Limits { amount_max, per_minute: _, pilot, percent } = match &self.mode {
            Mode::Closed => return Some(Cause::Closed),
            Mode::Limited(limits) => limits,
        };
        if let (Some(max), Some(amount)) = (amount_max, work.amount)
            && (amount.currency() != max.currency() || amount.minor() > max.minor())
        {
            return Some(Cause::Amount);
        }
        if pilot.as_ref().is_some_and(|pilot| !pilot.contains(&account())) {
            return Some(Cause::Pilot);
        }
        if percent.is_some_and(|percent| account().percentile() >= u64::from(percent)) {
            return Some(Cause::Share);
        }
        None
    }
}

#[cfg(test)]
mod tests;
