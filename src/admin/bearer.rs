//! Bearer tokens: `titian_ID_SECRET`. The prefix lets scanners of leaked secrets find them. Only the hash of the secret is stored.

use std::{fmt, io};

use super::secret_text::random;
use crate::control::{SecretHash, TokenId};
use crate::hex::{hex, unhex};

const PREFIX: &str = "titian_";

/// A new token: its text is shown once, and a command stores id and hash.
pub struct NewBearer {
    /// The id.
    pub id: TokenId,
    /// The hash of the secret.
    pub hash: SecretHash,
    /// The text that the script sends. Secret.
    pub text: String,
}

impl fmt::Debug for NewBearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewBearer({}, ***)", self.id)
    }
}

/// Makes a token.
///
/// # Errors
/// If the system has no random numbers.
pub fn new_bearer() -> io::Result<NewBearer> {
    let (id, secret) = (TokenId(random()?), random::<32>()?);
    let text = format!("{PREFIX}{id}_{}", hex(&secret));
    Ok(NewBearer { id, hash: SecretHash::of(&secret), text })
}

/// Parses the text of a token.
pub(super) fn parse(text: &str) -> Option<(TokenId, SecretHash)> {
    let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
    Some((TokenId::parse(id)?, SecretHash::of(&unhex::<32>(secret)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_token_has_its_id_and_the_hash_of_its_secret() {
        let new = new_bearer().unwrap();
        assert_eq!(parse(&new.text), Some((new.id, new.hash)));
        assert!(new.text.starts_with("titian_") && new.text.len() == 7 + 16 + 1 + 64);
        assert!(!format!("{new:?}").contains(&new.text[24..]));
        for wrong in ["", "titian_", &new.text[1..], &new.text[..80], &format!("{}0", new.text)] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
