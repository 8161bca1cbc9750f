//! Restrictions: what closes or limits new work of a scope. They change by facts, so a restart has the same ones.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::person::PersonId;
use super::scope::Scope;
use crate::codes::restriction_mode;
use crate::values::{Amount, Moment};

/// The number of a restriction: that of the control row that set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RestrictionId(pub u64);

/// A restriction. No new work that it covers is admitted against it. Reversals, their answers, repeats, status inquiries, refunds and
/// cancels are never new work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restriction {
    /// What it covers.
    #[serde(rename = "scope")]
    pub scope: Scope,
    /// What it does.
    #[serde(rename = "mode")]
    pub mode: Mode,
    /// Why it was set, for operators.
    #[serde(rename = "reason")]
    pub reason: Box<str>,
    /// The text for channels.
    #[serde(rename = "public_text", default, skip_serializing_if = "Option::is_none")]
    pub public_text: Option<Box<str>>,
    /// Who set it.
    #[serde(rename = "set_by")]
    pub set_by: PersonId,
    /// When it was set.
    #[serde(rename = "set_at")]
    pub set_at: Moment,
    /// When it ends. Only a proposal that was approved can set an end: what one person closed never opens by itself.
    #[serde(rename = "until", default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
}

/// What a restriction does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// No new work.
    #[serde(rename = "closed")]
    Closed,
    /// New work within limits: a service that is opened in stages.
    #[serde(rename = "limited")]
    Limited(Limits),
}

/// Limits of new work. Each one that is set must admit the work.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The highest amount of a transfer. An amount in another currency is above it. An inquiry has no amount.
    #[serde(rename = "amount_max", default, skip_serializing_if = "Option::is_none")]
    pub amount_max: Option<Amount>,
    /// The most transfers in any minute.
    #[serde(rename = "per_minute", default, skip_serializing_if = "Option::is_none")]
    pub per_minute: Option<u32>,
    /// The accounts of the pilot: no other account is admitted.
    #[serde(rename = "pilot", default, skip_serializing_if = "Option::is_none")]
    pub pilot: Option<BTreeSet<AccountKey>>,
    /// The share of customers, in percent. The same customers are admitted each time, and those of a smaller share are among those of
    /// a larger one.
    #[serde(rename = "percent", default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<u8>,
}

impl Limits {
    /// The most accounts of a pilot.
    pub const PILOT_MAX: usize = 10_000;
}

/// A keyed hash of an account number. It is stable, and does not show the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountKey(pub u64);

impl AccountKey {
    /// Returns the percentile of the account, from 0 to 99.
    pub(super) const fn percentile(self) -> u64 {
        // The key is a hash, so its remainders are even.
        self.0 % 100
    }
}

impl Restriction {
    /// Returns the most transfers in any minute, if that is limited.
    pub(super) fn per_minute(&self) -> Option<u32> {
        match &self.mode {
            Mode::Closed => None,
            Mode::Limited(limits) => limits.per_minute,
        }
    }

    /// Returns whether the restriction is in force.
    #[must_use]
    pub fn is_in_force(&self, now: Moment) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    /// Returns whether this restriction leaves open everything that another one leaves open: replacing the other one by it tightens
    /// nothing. Such a change needs a second person, unless both are equal.
    #[must_use]
    pub fn is_looser_or_equal(&self, other: &Self) -> bool {
        self.scope == other.scope
            && ends_no_later(self.until, other.until)
            && self.mode.is_looser_or_equal(&other.mode)
    }
}

/// Whether the first end does not come after the second; a missing end is the latest.
fn ends_no_later(first: Option<Moment>, second: Option<Moment>) -> bool {
    match (first, second) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(first), Some(second)) => first <= second,
    }
}

impl Mode {
    /// Returns the code that is exported.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Closed => restriction_mode::CLOSED,
            Self::Limited(_) => restriction_mode::LIMITED,
        }
    }

    /// Returns what is wrong with the mode, if something is.
    #[must_use]
    pub fn fault(&self) -> Option<&'static str> {
        let Self::Limited(limits) = self else { return None };
        if *limits == Limits::default() {
            Some(
                "a limited mode needs at least one limit: amount_max, per_minute, pilot or percent",
            )
        } else if limits.percent.is_some_and(|percent| percent > 100) {
            Some("percent: must be from 0 to 100")
        } else if limits.pilot.as_ref().is_some_and(|pilot| pilot.len() > Limits::PILOT_MAX) {
            Some("pilot: has too many accounts")
        } else {
            None
        }
    }

    fn is_looser_or_equal(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Closed) => true,
            (Self::Closed, Self::Limited(_)) => false,
            (Self::Limited(new), Self::Limited(old)) => new.is_looser_or_equal(old),
        }
    }
}

impl Limits {
    /// Whether each limit is missing or admits all that the old one admits.
    fn is_looser_or_equal(&self, old: &Self) -> bool {
        let is_looser = |new: Option<u64>, old: Option<u64>| match (new, old) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(new), Some(old)) => new >= old,
        };
        let amount = match (self.amount_max, old.amount_max) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(new), Some(old)) => {
                new.currency() == old.currency() && new.minor() >= old.minor()
            }
        };
        let pilot = match (&self.pilot, &old.pilot) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(new), Some(old)) => new.is_superset(old),
        };
        amount
            && pilot
            && is_looser(self.per_minute.map(u64::from), old.per_minute.map(u64::from))
            && is_looser(self.percent.map(u64::from), old.percent.map(u64::from))
    }
}
