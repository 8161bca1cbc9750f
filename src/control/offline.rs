//! Offline acts: commands that two operators sign with their own keys, because they cannot sign in.
//!
//! The act is a file of JSON that both sign, one after the other, on machines of their own. It holds for one state of one store, until
//! it expires. The public keys of operators are configuration of the bank, never content of a store.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::person::PersonId;
use crate::hex::{hex, unhex};
use crate::signing::{ChainId, Head, PublicKey, SigningKey};
use crate::values::Moment;

/// The longest time that an offline act is valid.
pub const OFFLINE_TIME_MAX: Duration = Duration::from_hours(7 * 24);

/// The signatures that an act needs.
const SIGNATURES: usize = 2;

/// The public keys of operators.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperatorKeys(Vec<(PersonId, PublicKey)>);

impl OperatorKeys {
    /// Parses a file: a line for each operator, with person id and public key.
    ///
    /// # Errors
    /// The line that is wrong, and why.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut keys = Self::default();
        for (line, number) in text.lines().zip(1..) {
            let mut words = line.split_whitespace();
            let parsed = words.next().and_then(PersonId::new).zip(words.next());
            let parsed = parsed.filter(|_| words.next().is_none());
            let parsed = parsed.and_then(|(person, key)| Some((person, PublicKey::parse(key)?)));
            let expected = "is not a person id and an Ed25519 public key of 64 hexadecimal digits";
            let (person, key) = parsed.ok_or_else(|| format!("line {number}: {expected}"))?;
            keys.add(person, key).map_err(|reason| format!("line {number}: {reason}"))?;
        }
        if keys.0.is_empty() { Err("has no key".to_owned()) } else { Ok(keys) }
    }

    /// Adds the key of an operator.
    ///
    /// # Errors
    /// If the operator has a key, or another one has this key: one person must not sign as two.
    pub fn add(&mut self, person: PersonId, key: PublicKey) -> Result<(), String> {
        for (known, other) in &self.0 {
            if *known == person {
                return Err(format!("{} has two keys: keep one", person.as_str()));
            }
            if *other == key {
                let (one, two) = (known.as_str(), person.as_str());
                return Err(format!("{one} and {two} have the same key: each needs an own one"));
            }
        }
        self.0.push((person, key));
        Ok(())
    }

    /// Returns the operators with their keys.
    pub fn iter(&self) -> impl Iterator<Item = &(PersonId, PublicKey)> {
        self.0.iter()
    }

    fn key(&self, person: &PersonId) -> Option<&PublicKey> {
        self.0.iter().find(|(own, _)| own == person).map(|(_, key)| key)
    }
}

/// The signature of an operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfflineSignature {
    /// The operator.
    #[serde(rename = "person")]
    pub person: PersonId,
    /// The signature, in 128 hexadecimal digits.
    #[serde(rename = "signature")]
    pub signature: Box<str>,
}

/// An offline act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfflineAct {
    /// The exact command, as text.
    #[serde(rename = "command")]
    pub command: Box<str>,
    /// Why.
    #[serde(rename = "reason")]
    pub reason: Box<str>,
    /// The state of the store, see [`Self::against`].
    #[serde(rename = "against")]
    pub against: Box<str>,
    /// When it expires.
    #[serde(rename = "expires_at")]
    pub expires_at: Moment,
    /// The signatures so far.
    #[serde(rename = "signatures", default)]
    pub signatures: Vec<OfflineSignature>,
}

/// Why an offline act is refused. Each text says what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OfflineRefusal {
    /// It has expired, or would be valid for too long.
    #[error("the offline act has expired, or is valid for more than 7 days: prepare a new one")]
    Expiry,
    /// It was prepared for another store or another state.
    #[error("the offline act is for another state of the store: prepare a new one")]
    OtherState,
    /// A reason is needed.
    #[error("the offline act has no reason: prepare a new one")]
    NoReason,
    /// There are not two signatures.
    #[error("the offline act has {0} signatures: two operators must sign it")]
    Signatures(usize),
    /// The same operator signed twice.
    #[error("{} signed twice: another operator must sign", .0.as_str())]
    SamePerson(PersonId),
    /// The operator has no key in the configuration.
    #[error("{} has no key in keys.operator_files: add its public key", .0.as_str())]
    UnknownSigner(PersonId),
    /// The signature is wrong.
    #[error("the signature of {} is wrong: the act was changed, or another key signed", .0.as_str())]
    Signature(PersonId),
}

impl OfflineAct {
    /// Returns what an act is made against: the id of the store's chain, and its head.
    #[must_use]
    pub fn against(chain_id: ChainId, head: Head) -> Box<str> {
        format!("{chain_id}/{head}").into()
    }

    /// Signs the act for an operator. An earlier signature of the operator is replaced.
    pub fn sign(&mut self, person: &PersonId, key: &SigningKey) {
        let signature = hex(&key.sign(&self.message())).into();
        self.signatures.retain(|own| own.person != *person);
        self.signatures.push(OfflineSignature { person: person.clone(), signature });
    }

    /// Checks that two operators signed the act for this state of this store. Returns them.
    ///
    /// # Errors
    /// Why the act is refused.
    pub fn check(
        &self,
        keys: &OperatorKeys,
        against: &str,
        now: Moment,
    ) -> Result<[PersonId; SIGNATURES], OfflineRefusal> {
        if *self.against != *against {
            return Err(OfflineRefusal::OtherState);
        }
        if now >= self.expires_at || self.expires_at > now.after(OFFLINE_TIME_MAX) {
            return Err(OfflineRefusal::Expiry);
        }
        if self.reason.trim().is_empty() {
            return Err(OfflineRefusal::NoReason);
        }
        let [one, other] = self.signatures.as_slice() else {
            return Err(OfflineRefusal::Signatures(self.signatures.len()));
        };
        if one.person == other.person {
            return Err(OfflineRefusal::SamePerson(one.person.clone()));
        }
        let message = self.message();
        for OfflineSignature { person, signature } in &self.signatures {
            let unknown = || OfflineRefusal::UnknownSigner(person.clone());
            let key = keys.key(person).ok_or_else(unknown)?;
            if !unhex(signature).is_some_and(|signature| key.verifies(&message, &signature)) {
                return Err(OfflineRefusal::Signature(person.clone()));
            }
        }
        Ok([one.person.clone(), other.person.clone()])
    }

    /// Returns what operators sign.
    fn message(&self) -> Vec<u8> {
        let mut hasher = Sha256::new();
        for part in [&self.command, &self.reason, &self.against] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.update(self.expires_at.millis().to_be_bytes());
        [b"titian offline act 1".as_slice(), hasher.finalize().as_slice()].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::from_millis(1_795_545_000_000);

    fn id(text: &str) -> PersonId {
        PersonId::new(text).unwrap()
    }

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(&[seed; 32])
    }

    fn keys() -> OperatorKeys {
        let line = |person, seed| format!("{person} {}\n", key(seed).public().to_hex());
        OperatorKeys::parse(&(line("SITI", 1) + &line("budi", 2))).unwrap()
    }

    fn against() -> Box<str> {
        OfflineAct::against(ChainId([3; 16]), Head::default().after(b"row"))
    }

    fn signed() -> OfflineAct {
        let mut act = OfflineAct {
            command: r#"{"first_administrators":{}}"#.into(),
            reason: "first start".into(),
            against: against(),
            expires_at: NOW.after(Duration::from_hours(24)),
            signatures: Vec::new(),
        };
        act.sign(&id("siti"), &key(1));
        act.sign(&id("budi"), &key(2));
        act
    }

    fn refused(act: &OfflineAct) -> OfflineRefusal {
        act.check(&keys(), &against(), NOW).unwrap_err()
    }

    #[test]
    fn two_operators_sign_one_state_of_one_store() {
        let mut act = signed();
        let text = serde_json::to_string(&act).unwrap();
        act = serde_json::from_str(&text).unwrap();
        let signers = act.check(&keys(), &against(), NOW).unwrap();
        assert_eq!(signers, [id("siti"), id("budi")]);
        for other in [
            OfflineAct::against(ChainId([4; 16]), Head::default().after(b"row")),
            OfflineAct::against(ChainId([3; 16]), Head::default()),
        ] {
            assert_eq!(act.check(&keys(), &other, NOW), Err(OfflineRefusal::OtherState));
        }
        let late = act.check(&keys(), &against(), act.expires_at);
        assert_eq!(late, Err(OfflineRefusal::Expiry));
        act.expires_at = NOW.after(OFFLINE_TIME_MAX + Duration::from_millis(1));
        assert_eq!(refused(&act), OfflineRefusal::Expiry);
    }

    #[test]
    fn each_signature_is_of_another_known_operator_and_covers_all() {
        let mut act = signed();
        act.signatures.pop();
        assert_eq!(refused(&act), OfflineRefusal::Signatures(1));
        act.signatures.push(act.signatures[0].clone());
        assert_eq!(refused(&act), OfflineRefusal::SamePerson(id("siti")));
        act.signatures.pop();
        act.sign(&id("budi"), &key(1));
        assert_eq!(refused(&act), OfflineRefusal::Signature(id("budi")), "one key, two names");
        act.sign(&id("budi"), &key(2));
        act.sign(&id("gone"), &key(3));
        assert_eq!(refused(&act), OfflineRefusal::Signatures(3));
        act.signatures.remove(0);
        assert_eq!(refused(&act), OfflineRefusal::UnknownSigner(id("gone")));
        for change in [
            |act: &mut OfflineAct| act.command = "{}".into(),
            |act: &mut OfflineAct| act.reason = "other".into(),
            |act: &mut OfflineAct| act.expires_at = NOW.after(Duration::from_hours(25)),
            |act: &mut OfflineAct| act.signatures[0].signature = "00".into(),
        ] {
            let mut act = signed();
            change(&mut act);
            assert_eq!(refused(&act), OfflineRefusal::Signature(id("siti")));
        }
        let mut act = signed();
        act.reason = " ".into();
        assert_eq!(refused(&act), OfflineRefusal::NoReason);
    }

    #[test]
    fn no_person_has_two_keys_and_no_key_two_people() {
        let line = |person: &str, seed| format!("{person} {}", key(seed).public().to_hex());
        let parse = |lines: &[String]| OperatorKeys::parse(&lines.join("\n"));
        assert_eq!(parse(&[line("siti", 1), line("budi", 2)]).unwrap(), keys());
        for (lines, reason) in [
            (vec![line("siti", 1), line("Siti", 2)], "line 2: siti has two keys: keep one"),
            (
                vec![line("siti", 1), line("budi", 1)],
                "line 2: siti and budi have the same key: each needs an own one",
            ),
            (vec![], "has no key"),
        ] {
            assert_eq!(parse(&lines).unwrap_err(), reason);
        }
        for wrong in ["", "siti", "siti 00", "a b c", &(line("siti", 1) + " x")] {
            assert!(OperatorKeys::parse(&format!("{wrong}\n")).is_err(), "{wrong}");
        }
    }
}
