//! Key files of the tests. Each process makes a new key of the partner `MOBILE`, so that no private key is in the repository.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use rsa::pkcs8::{EncodePublicKey, LineEnding};
use rsa::{PrivateKey, PublicKey};
use titian::private_files::{Access, create};
use titian::random::SystemRandom;

/// The private key.
pub(crate) static MOBILE: LazyLock<PrivateKey> =
    LazyLock::new(|| PrivateKey::new(&mut SystemRandom::open().unwrap(), 2048).unwrap());

/// The file of the public key.
pub(crate) static MOBILE_PUBLIC: LazyLock<String> = LazyLock::new(|| {
    let public = PublicKey::from(&*MOBILE).to_public_key_pem(LineEnding::LF).unwrap();
    file("mobile.pub.pem", Access::Public, &public)
});

/// The file of the partner's secret.
pub(crate) static MOBILE_SECRET: LazyLock<String> =
    LazyLock::new(|| file("mobile.secret", Access::Secret, include_str!("mobile.secret")));

/// The file of the key of the tokens.
pub(crate) static TOKEN_KEY: LazyLock<String> =
    LazyLock::new(|| file("token.key", Access::Secret, include_str!("token.key")));

/// Writes a key file of this process. Returns its path.
pub(crate) fn file(name: &str, access: Access, text: &str) -> String {
    let file = format!("{}/{}-{name}", env!("CARGO_TARGET_TMPDIR"), std::process::id());
    let _ = fs::remove_file(&file);
    create(Path::new(&file), access, text).unwrap();
    file
}
