//! One-time codes (TOTP, RFC 6238): six digits, 30 seconds, one step of skew, and each code works once.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use totp_rs::{Builder, Secret};

use crate::control::PersonId;
use crate::values::Moment;

/// The length of a key, in bytes: RFC 4226 recommends 160 bits.
pub(super) const KEY_BYTES: usize = 20;

/// The seconds of a step.
const STEP_SECONDS: u64 = 30;

/// The steps by which the clock of an authenticator may differ, in both directions.
const SKEW: u16 = 1;

/// The key of a person's authenticator. Secret.
pub(super) type CodeKey = [u8; KEY_BYTES];

/// The number of 30 seconds since 1970 at which a code is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Step(u64);

/// Returns the step of a code; `None` if the code is not one of the steps around now.
pub(super) fn step_of(key: &CodeKey, code: &str, now: Moment) -> Option<Step> {
    let is_code = code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit());
    let builder = Builder::new().with_step_duration(STEP_SECONDS).with_skew(SKEW);
    let totp = builder.with_secret(Secret::from(*key)).build().ok()?;
    let step = totp.check(code, now.seconds())?;
    is_code.then_some(Step(step))
}

/// The last step of each person whose code was used. Codes of the start of the program and before count as used, because the program
/// does not know which ones were.
#[derive(Debug)]
pub(super) struct UsedCodes {
    start: Step,
    last: Mutex<HashMap<PersonId, Step>>,
}

impl UsedCodes {
    pub(super) fn new(start: Moment) -> Self {
        Self { start: Step(start.seconds() / STEP_SECONDS), last: Mutex::default() }
    }

    /// Uses the code of a step. Returns `false` if it, or a later one, was used. Only enrolled operators get here, so their number is the
    /// bound of the table.
    pub(super) fn use_step(&self, person: &PersonId, step: Step) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let before = last.get(person).copied().unwrap_or(self.start);
        let is_new = step > before;
        if is_new {
            last.insert(person.clone(), step);
        }
        is_new
    }
}

/// Returns a key as authenticators read it: base32 (RFC 4648) without padding.
pub(super) fn base32(key: &CodeKey) -> String {
    const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut text, mut bits, mut count) = (String::new(), 0_u32, 0);
    for byte in key {
        bits = bits << 8 | u32::from(*byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            let digit = usize::try_from(bits >> count & 31).ok().and_then(|at| DIGITS.get(at));
            text.extend(digit.map(|digit| char::from(*digit)));
        }
        bits &= (1 << count) - 1;
    }
    text
}

/// Returns the address that an authenticator reads from a QR code.
pub(super) fn otpauth(person: &PersonId, key: &CodeKey) -> String {
    let mut label = String::new();
    for byte in person.as_str().bytes() {
        // Writing to a string can't fail.
        let _ = if byte.is_ascii_alphanumeric() {
            write!(label, "{}", char::from(byte))
        } else {
            write!(label, "%{byte:02X}")
        };
    }
    let secret = base32(key);
    format!("otpauth://totp/Titian:{label}?secret={secret}&issuer=Titian&digits=6&period=30")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of RFC 6238, appendix B.
    const KEY: &CodeKey = b"12345678901234567890";

    fn at(seconds: u64) -> Moment {
        Moment::from_millis(seconds * 1000)
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(step_of(KEY, code, at(seconds)), Some(Step(seconds / 30)), "{seconds}");
        }
        for wrong in ["", "28708", "2870822", "28708a", "287 082", "287083"] {
            assert_eq!(step_of(KEY, wrong, at(59)), None, "{wrong}");
        }
    }

    #[test]
    fn a_code_is_valid_one_step_before_and_after_its_own() {
        // 081804 is the code of step 37037036, whose first second is 1111111080.
        let valid = |seconds| step_of(KEY, "081804", at(seconds)).is_some();
        assert!(!valid(1_111_111_049) && valid(1_111_111_050));
        assert!(valid(1_111_111_139) && !valid(1_111_111_140));
    }

    #[test]
    fn a_code_works_once_and_after_the_start() {
        let used = UsedCodes::new(at(300));
        let [one, other] = ["one", "other"].map(|id| PersonId::new(id).unwrap());
        assert!(!used.use_step(&one, Step(10)), "it may have been used before the start");
        assert!(used.use_step(&one, Step(12)));
        assert!(!used.use_step(&one, Step(12)) && !used.use_step(&one, Step(11)));
        assert!(used.use_step(&other, Step(12)) && used.use_step(&one, Step(13)));
    }

    #[test]
    fn an_authenticator_reads_the_key() {
        assert_eq!(base32(KEY), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let address = otpauth(&PersonId::new("a@b").unwrap(), KEY);
        assert!(address.starts_with("otpauth://totp/Titian:a%40b?secret=GEZDGNBV"), "{address}");
    }
}
