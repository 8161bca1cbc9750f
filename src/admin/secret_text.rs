//! Random texts, and secrets that requests carry.

use std::{fmt, io};

use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use crate::hex::hex;
use crate::random::SystemRandom;

/// Draws random bytes for a secret.
pub(super) fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::open()?.fill(&mut bytes)?;
    Ok(bytes)
}

/// Draws a random secret of 32 bytes in hexadecimal.
pub(super) fn random_text() -> io::Result<String> {
    random::<32>().map(|bytes| hex(&bytes))
}

/// A secret of a request. It is overwritten when it is dropped, and `Debug` does not show it.
#[derive(Clone)]
pub(super) struct SecretText(Zeroizing<String>);

impl SecretText {
    pub(super) fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(***)")
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}
