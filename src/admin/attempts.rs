//! Attempts to sign in: pauses that grow with each one that fails, for a person and for an address.
//!
//! An attempt counts as failed from its begin until it succeeds, so attempts at the same time do not go round the pauses. What was typed
//! as a person counts whether there is such a person or not. Pauses of a person are short: a stranger must not keep an operator from
//! closing a service, and a password with a one-time code needs no longer ones.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::values::Moment;

/// The pauses of one kind of key.
#[derive(Clone, Copy, Debug)]
struct Pauses {
    /// Attempts before the first pause.
    free: u32,
    /// The longest pause. The first one is a second, and each further one is twice as long.
    longest: Duration,
}

const OF_PERSON: Pauses = Pauses { free: 5, longest: Duration::from_mins(1) };
const OF_ADDRESS: Pauses = Pauses { free: 20, longest: Duration::from_mins(15) };

/// How long a failed attempt counts.
const MEMORY: Duration = Duration::from_hours(1);

/// The most keys of a kind that are remembered. At the limit the one that was used the longest ago is forgotten.
const KEYS_MAX: usize = 10_000;

#[derive(Clone, Copy, Debug, Default)]
struct Failed {
    count: u32,
    last: Moment,
    /// The end of the pause.
    until: Moment,
}

#[derive(Debug)]
struct Table<K> {
    pauses: Pauses,
    failed: HashMap<K, Failed>,
}

impl<K: Eq + Hash + Copy> Table<K> {
    fn new(pauses: Pauses) -> Self {
        Self { pauses, failed: HashMap::new() }
    }

    /// Returns the rest of the pause; `None` if an attempt may begin.
    fn pause(&self, key: K, now: Moment) -> Option<Duration> {
        let failed = self.failed.get(&key).filter(|failed| now < failed.until)?;
        Some(failed.until.since(now))
    }

    fn begin(&mut self, key: K, now: Moment) {
        if self.failed.len() >= KEYS_MAX && !self.failed.contains_key(&key) {
            self.forget(now);
        }
        let failed = self.failed.entry(key).or_default();
        if now.since(failed.last) > MEMORY {
            *failed = Failed::default();
        }
        (failed.count, failed.last) = (failed.count.saturating_add(1), now);
        if let Some(doublings) = failed.count.checked_sub(self.pauses.free) {
            let pause = Duration::from_secs(1).saturating_mul(1 << doublings.min(20));
            failed.until = now.after(pause.min(self.pauses.longest));
        }
    }

    /// Forgets what no longer counts; if that is not enough, the key that was used the longest ago.
    fn forget(&mut self, now: Moment) {
        self.failed.retain(|_, failed| now.since(failed.last) <= MEMORY);
        if self.failed.len() >= KEYS_MAX {
            let oldest = self.failed.iter().min_by_key(|(_, failed)| failed.last);
            if let Some(key) = oldest.map(|(key, _)| *key) {
                self.failed.remove(&key);
            }
        }
    }
}

/// What was typed as a person, as a hash: it may be a password in the wrong field.
type PersonKey = [u8; 32];

/// An attempt that has begun.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    person: Option<PersonKey>,
    address: IpAddr,
}

/// The failed attempts.
#[derive(Debug)]
pub(super) struct Attempts {
    persons: Mutex<Table<PersonKey>>,
    addresses: Mutex<Table<IpAddr>>,
}

impl Attempts {
    pub(super) fn new() -> Self {
        Self {
            persons: Mutex::new(Table::new(OF_PERSON)),
            addresses: Mutex::new(Table::new(OF_ADDRESS)),
        }
    }

    /// Begins an attempt, which counts as failed until [`Self::succeeded`].
    ///
    /// # Errors
    /// The pause before the next attempt.
    pub(super) fn begin(
        &self,
        person: Option<&str>,
        from: IpAddr,
        now: Moment,
    ) -> Result<Attempt, Duration> {
        let person = person.map(|text| Sha256::digest(text.to_ascii_lowercase()).into());
        let address = network_of(from);
        let mut persons = self.persons.lock().unwrap_or_else(PoisonError::into_inner);
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let of_person = person.and_then(|person| persons.pause(person, now));
        if let Some(pause) = of_person.max(addresses.pause(address, now)) {
            return Err(pause);
        }
        if let Some(person) = person {
            persons.begin(person, now);
        }
        addresses.begin(address, now);
        Ok(Attempt { person, address })
    }

    /// Ends an attempt that succeeded. Earlier attempts of the address still count: several people may share it, and one of them may try
    /// the accounts of others.
    pub(super) fn succeeded(&self, attempt: Attempt) {
        if let Some(person) = attempt.person {
            self.persons.lock().unwrap_or_else(PoisonError::into_inner).failed.remove(&person);
        }
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(failed) = addresses.failed.get_mut(&attempt.address) {
            failed.count = failed.count.saturating_sub(1);
            failed.until = Moment::default();
        }
    }
}

/// Returns what pauses are for: an IPv4 address, or the network of an IPv6 address, of which a client has 2^64.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::from_millis(1_795_545_000_000 + seconds * 1000)
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    #[test]
    fn pauses_of_a_person_grow_and_other_people_have_none() {
        let attempts = Attempts::new();
        let mut now = 0;
        let mut pauses = Vec::new();
        for number in 0..12 {
            // Each attempt is from another address.
            let begun = attempts.begin(Some("siti"), address(number), at(now));
            assert!(begun.is_ok(), "{number}");
            if number >= 4 {
                let pause = attempts.begin(Some("SITI"), address(100), at(now)).err().unwrap();
                pauses.push(pause.as_secs());
                now += pause.as_secs();
            }
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert!(attempts.begin(Some("budi"), address(1), at(now - 1)).is_ok());
        assert!(attempts.begin(Some("siti"), address(1), at(now - 1)).is_err());
        let attempt = attempts.begin(Some("siti"), address(1), at(now)).unwrap();
        attempts.succeeded(attempt);
        assert!(attempts.begin(Some("siti"), address(1), at(now)).is_ok());
    }

    #[test]
    fn pauses_of_an_address_hold_for_all_people_there() {
        let attempts = Attempts::new();
        for number in 0..20 {
            assert!(attempts.begin(Some(&format!("p{number}")), address(1), at(0)).is_ok());
        }
        assert_eq!(
            attempts.begin(Some("q"), address(1), at(0)).err(),
            Some(Duration::from_secs(1))
        );
        assert!(attempts.begin(Some("q"), address(2), at(0)).is_ok());
        let attempt = attempts.begin(None, address(1), at(1)).unwrap();
        attempts.succeeded(attempt);
        assert!(attempts.begin(None, address(1), at(1)).is_ok(), "a success has no pause");
        assert_eq!(attempts.begin(None, address(1), at(1)).err(), Some(Duration::from_secs(2)));
        assert!(attempts.begin(None, address(1), at(2 + 3_700)).is_ok());
        assert!(attempts.begin(None, address(1), at(2 + 3_700)).is_ok(), "an hour is forgotten");
    }

    #[test]
    fn the_tables_are_bounded() {
        let mut table = Table::new(OF_PERSON);
        for number in 0..KEYS_MAX + 10 {
            table.begin(number, at(u64::try_from(number).unwrap() / 10));
        }
        assert_eq!(table.failed.len(), KEYS_MAX);
        assert!(!table.failed.contains_key(&0) && table.failed.contains_key(&(KEYS_MAX + 9)));
    }

    #[test]
    fn an_ipv6_network_is_one_client() {
        let parse = |text: &str| text.parse::<IpAddr>().unwrap();
        assert_eq!(network_of(parse("2001:db8::1")), network_of(parse("2001:db8::ffff:2")));
        assert_ne!(network_of(parse("2001:db8::1")), network_of(parse("2001:db8:0:1::1")));
        assert_eq!(network_of(parse("::ffff:10.0.0.1")), address(1));
    }
}
