//! The restrictions that are set. A copy shares all of them with the original.

use std::sync::Arc;

use rpds::RedBlackTreeMapSync;

use super::ids::StateVersion;
use super::restriction::{Restriction, RestrictionId};

/// The restrictions that are set, in the order of their numbers. A clone costs the same for one as for thousands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restrictions(RedBlackTreeMapSync<RestrictionId, Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    restriction: Arc<Restriction>,
    /// The number of the row that set it last.
    version: StateVersion,
}

impl Restrictions {
    /// Returns the number of restrictions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.size()
    }

    /// Returns whether none is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the restrictions in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (RestrictionId, &Arc<Restriction>)> {
        self.0.iter().map(|(id, entry)| (*id, &entry.restriction))
    }

    /// Returns the version of a restriction.
    #[must_use]
    pub fn version(&self, id: RestrictionId) -> Option<StateVersion> {
        self.0.get(&id).map(|entry| entry.version)
    }

    /// Returns a restriction.
    #[must_use]
    pub fn get(&self, id: RestrictionId) -> Option<&Arc<Restriction>> {
        self.0.get(&id).map(|entry| &entry.restriction)
    }

    /// Sets a restriction.
    pub(super) fn insert(
        &mut self,
        id: RestrictionId,
        restriction: Restriction,
        version: StateVersion,
    ) {
        self.0.insert_mut(id, Entry { restriction: Arc::new(restriction), version });
    }

    /// Lifts a restriction. Returns whether it was set.
    pub(super) fn remove(&mut self, id: RestrictionId) -> bool {
        self.0.remove_mut(&id)
    }
}
