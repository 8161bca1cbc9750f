//! Sealing: encryption that is bound to a place, with AES-256-GCM-SIV (RFC 8452).
//!
//! ```text
//! sealed = salt (16 random bytes) ‖ ciphertext ‖ tag (16 bytes)      nonce: the first 12 bytes of the salt
//! ```
//!
//! A nonce that occurs twice under one key reveals only whether two texts at the same place are equal, so random nonces are
//! safe. The rest of the salt makes the digest unpredictable.

use aes_gcm_siv::aead::{Aead, Payload};
use aes_gcm_siv::{Aes256GcmSiv, KeyInit, Nonce};
use sha2::{Digest, Sha256};

use super::key::SecretBytes;
use crate::signing::Chain;

/// The length of a salt, in bytes.
pub(super) const SALT: usize = 16;

/// The place of a sealed value: it opens nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The chain.
    pub chain: Chain,
    /// The number of the row.
    pub row: u64,
    /// The name of the field. It has no slash.
    pub field: &'static str,
}

/// Returns the digest of a sealed value, which the chain covers.
#[must_use]
pub fn digest(sealed: &[u8]) -> [u8; 32] {
    Sha256::digest(sealed).into()
}

/// Seals a text; `None` if it is too long.
pub(super) fn seal(
    key: &SecretBytes,
    salt: [u8; SALT],
    associated: &[u8],
    text: &[u8],
) -> Option<Vec<u8>> {
    let payload = Payload { msg: text, aad: associated };
    let ciphertext = cipher(key).encrypt(&nonce(&salt), payload).ok()?;
    Some([&salt, ciphertext.as_slice()].concat())
}

/// Opens a sealed text; `None` if it was altered, or was sealed under another key or with other associated data.
pub(super) fn open(key: &SecretBytes, associated: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (salt, ciphertext) = sealed.split_first_chunk::<SALT>()?;
    cipher(key).decrypt(&nonce(salt), Payload { msg: ciphertext, aad: associated }).ok()
}

fn cipher(key: &SecretBytes) -> Aes256GcmSiv {
    Aes256GcmSiv::new((&**key).into())
}

fn nonce(salt: &[u8; SALT]) -> Nonce {
    let [nonce @ .., _, _, _, _] = *salt;
    nonce.into()
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::hex::{hex, unhex};

    /// Key, nonce, associated data, text and result of RFC 8452, appendices C.2 and C.3 (the last one: the counter wraps).
    const KNOWN_ANSWERS: [[&str; 5]; 4] = [
        [
            "0100000000000000000000000000000000000000000000000000000000000000",
            "030000000000000000000000",
            "",
            "",
            "07f5f4169bbf55a8400cd47ea6fd400f",
        ],
        [
            "0100000000000000000000000000000000000000000000000000000000000000",
            "030000000000000000000000",
            "",
            "0100000000000000",
            "c2ef328e5c71c83b843122130f7364b761e0b97427e3df28",
        ],
        [
            "0100000000000000000000000000000000000000000000000000000000000000",
            "030000000000000000000000",
            "01",
            "0200000000000000",
            "1de22967237a813291213f267e3b452f02d01ae33e4ec854",
        ],
        [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "000000000000000000000000",
            "",
            "000000000000000000000000000000004db923dc793ee6497c76dcc03a98e108",
            "f3f80f2cf0cb2dd9c5984fcda908456cc537703b5ba70324a6793a7bf218d3eaffffffff000000000000000000000000",
        ],
    ];

    fn bytes(text: &str) -> Vec<u8> {
        (0..text.len() / 2).map(|at| unhex::<1>(&text[2 * at..2 * at + 2]).unwrap()[0]).collect()
    }

    #[test]
    fn the_cipher_gives_the_known_answers_of_rfc_8452() {
        for [key, nonce, associated, text, result] in KNOWN_ANSWERS {
            let key = Zeroizing::new(unhex(key).unwrap());
            let salt = [&unhex::<12>(nonce).unwrap()[..], b"rest"].concat().try_into().unwrap();
            let (associated, text) = (bytes(associated), bytes(text));
            let sealed = seal(&key, salt, &associated, &text).unwrap();
            assert_eq!(hex(&sealed), hex(&salt) + result);
            assert_eq!(open(&key, &associated, &sealed), Some(text));
        }
    }

    #[test]
    fn an_altered_text_does_not_open() {
        let key = Zeroizing::new([7; 32]);
        let sealed = seal(&key, [1; SALT], b"place", b"1234567890").unwrap();
        assert_eq!(open(&key, b"place", &sealed).as_deref(), Some(b"1234567890".as_slice()));
        assert_eq!(open(&key, b"other", &sealed), None);
        assert_eq!(open(&Zeroizing::new([8; 32]), b"place", &sealed), None);
        assert!((0..sealed.len()).all(|length| open(&key, b"place", &sealed[..length]).is_none()));
        // The last four bytes of the salt are not part of the nonce: the digest covers them.
        for at in (0..12).chain(SALT..sealed.len()) {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert_eq!(open(&key, b"place", &altered), None, "byte {at}");
        }
        assert_ne!(
            digest(&sealed),
            digest(&seal(&key, [2; SALT], b"place", b"1234567890").unwrap())
        );
    }
}
