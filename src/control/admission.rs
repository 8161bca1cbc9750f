//! Admission: whether new work may begin. One function of the work, the restrictions and the time.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher, RandomState};
use std::sync::Arc;

use super::fact::ControlFact;
use super::minute_window::MinuteWindow;
use super::restriction::{AccountKey, Limits, Mode, Restriction, RestrictionId};
use super::restrictions::Restrictions;
use super::scope::{Parts, PartsHashes, Work};
use crate::values::Moment;

/// The restrictions that are set, found by their scopes, and what was admitted under each in the last minute.
///
/// Each scope is a set of parts with values. For each set of parts that a restriction has (at most 32), the work has one hash, so the
/// time of an admission does not grow with the number of restrictions. A restart begins with an empty minute.
#[derive(Debug, Default)]
pub struct Admission {
    index: Index,
    /// The scope of each restriction.
    scopes: HashMap<RestrictionId, (Parts, u64)>,
    minutes: HashMap<RestrictionId, MinuteWindow>,
}

/// The restrictions by the hashes of their scopes.
#[derive(Debug, Default)]
struct Index {
    by_scope: HashMap<u64, Vec<Entry>, BuildHasherDefault<Hashed>>,
    /// The sets of parts that restrictions have, with the number of those.
    parts: Vec<(Parts, usize)>,
    hasher: RandomState,
}

#[derive(Debug)]
struct Entry {
    id: RestrictionId,
    restriction: Arc<Restriction>,
}

/// Takes over a number that is a hash already.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Not called: the keys are numbers.
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

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

impl Admission {
    /// Returns the admission by these restrictions.
    #[must_use]
    pub fn of(restrictions: &Restrictions) -> Self {
        let mut admission = Self::default();
        for (id, restriction) in restrictions.iter() {
            admission.set(id, (**restriction).clone());
        }
        admission
    }

    /// Takes over what a fact changes. Facts come in the order of their acts.
    pub fn apply(&mut self, fact: &ControlFact) {
        match fact {
            ControlFact::Restricted { id, restriction } => self.set(*id, (**restriction).clone()),
            ControlFact::Lifted { id } => {
                self.unset(*id);
                self.minutes.remove(id);
            }
            ControlFact::Started(_)
            | ControlFact::Alert(_)
            | ControlFact::Proposal { .. }
            | ControlFact::Resolved { .. }
            | ControlFact::Retried { .. }
            | ControlFact::People(_)
            | ControlFact::SignedOffline(_)
            | ControlFact::LinkOrdered { .. }
            | ControlFact::Reloaded(_)
            | ControlFact::SettingsTaken { .. }
            | ControlFact::SettingsApproved { .. }
            | ControlFact::Refused { .. } => {}
        }
    }

    fn set(&mut self, id: RestrictionId, restriction: Restriction) {
        self.unset(id);
        let Index { by_scope, parts: known, hasher } = &mut self.index;
        let (parts, hash) = (restriction.scope.parts(), restriction.scope.hash(hasher));
        let restriction = Arc::new(restriction);
        by_scope.entry(hash).or_default().push(Entry { id, restriction });
        self.scopes.insert(id, (parts, hash));
        match known.iter_mut().find(|(known, _)| *known == parts) {
            Some((_, count)) => *count += 1,
            None => known.push((parts, 1)),
        }
    }

    fn unset(&mut self, id: RestrictionId) {
        let Some((parts, hash)) = self.scopes.remove(&id) else { return };
        let Index { by_scope, parts: known, hasher: _ } = &mut self.index;
        if let Some(entries) = by_scope.get_mut(&hash) {
            entries.retain(|entry| entry.id != id);
            if entries.is_empty() {
                by_scope.remove(&hash);
            }
        }
        if let Some((_, count)) = known.iter_mut().find(|(known, _)| *known == parts) {
            *count -= 1;
        }
        known.retain(|(_, count)| *count > 0);
    }

    /// Decides whether new work may begin. `account` returns the keyed hash of its account. Admitted work counts at once in the
    /// minute of each restriction that limits it.
    ///
    /// # Errors
    /// The oldest restriction that refuses it.
    pub fn admit(
        &mut self,
        work: &Work<'_>,
        account: impl Fn() -> AccountKey,
        now: Moment,
    ) -> Result<(), Restricted> {
        let Self { index, minutes, scopes: _ } = self;
        let mut oldest: Option<(&Entry, Cause)> = None;
        let mut limited = Vec::new();
        index.each_in_force((work, now), |entry| {
            let Entry { id, restriction } = entry;
            let limit = restriction.per_minute();
            let cause = restriction.refusal(work, &account).or_else(|| {
                let mut count = || minutes.get_mut(id).map_or(0, |minute| minute.count(now));
                limit.is_some_and(|limit| count() >= limit).then_some(Cause::Rate)
            });
            match cause {
                Some(cause) => oldest = Some(older(oldest, (entry, cause))),
                None => limited.extend(limit.map(|_| *id)),
            }
        });
        if let Some((entry, cause)) = oldest {
            return Err(entry.refusal(cause));
        }
        for id in limited {
            minutes.entry(id).or_insert_with(MinuteWindow::new).add(now);
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
        let mut oldest: Option<(&Entry, Cause)> = None;
        self.index.each_in_force((work, now), |entry| {
            if let Some(cause) = entry.restriction.refusal(work, &account) {
                oldest = Some(older(oldest, (entry, cause)));
            }
        });
        oldest.map_or(Ok(()), |(entry, cause)| Err(entry.refusal(cause)))
    }
}

impl Entry {
    fn refusal(&self, cause: Cause) -> Restricted {
        Restricted { id: self.id, cause, by: Arc::clone(&self.restriction) }
    }
}

/// Returns the refusal of the older restriction.
fn older<'e>(oldest: Option<(&'e Entry, Cause)>, other: (&'e Entry, Cause)) -> (&'e Entry, Cause) {
    oldest.filter(|(entry, _)| entry.id < other.0.id).unwrap_or(other)
}

impl Index {
    /// Calls `each` with the restrictions in force that cover some work.
    fn each_in_force<'e>(
        &'e self,
        (work, now): (&Work<'_>, Moment),
        mut each: impl FnMut(&'e Entry),
    ) {
        if self.parts.is_empty() {
            return;
        }
        let of_work = PartsHashes::of(work, &self.hasher);
        for (parts, _) in &self.parts {
            let entries = of_work.of_parts(*parts).and_then(|hash| self.by_scope.get(&hash));
            for entry in entries.into_iter().flatten() {
                // Two scopes can have one hash.
                let restriction = &entry.restriction;
                if restriction.scope.covers(work) && restriction.is_in_force(now) {
                    each(entry);
                }
            }
        }
    }
}

impl Restriction {
    /// Returns whether the restriction refuses some work, apart from its rate.
    pub fn refuses(&self, work: &Work<'_>, account: impl Fn() -> AccountKey, now: Moment) -> bool {
        self.is_in_force(now) && self.scope.covers(work) && self.refusal(work, &account).is_some()
    }

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
