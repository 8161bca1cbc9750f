//! The key of the partner `MOBILE`. Each process makes a new one, so that no private key is in the repository.

use std::fs::{self, File};
use std::io::{self, Read};
use std::sync::LazyLock;

use rsa::pkcs8::{EncodePublicKey, LineEnding};
use rsa::rand_core::{TryCryptoRng, TryRng};
use rsa::{PrivateKey, PublicKey};

/// The random source of the system.
struct System(File);

impl TryRng for System {
    type Error = io::Error;

    fn try_next_u32(&mut self) -> io::Result<u32> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> io::Result<u64> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        self.0.read_exact(bytes)
    }
}

impl TryCryptoRng for System {}

/// The private key.
pub(crate) static MOBILE: LazyLock<PrivateKey> = LazyLock::new(|| {
    PrivateKey::new(&mut System(File::open("/dev/urandom").unwrap()), 2048).unwrap()
});

/// The file of the public key.
pub(crate) static MOBILE_PUBLIC: LazyLock<String> = LazyLock::new(|| {
    let folder = env!("CARGO_TARGET_TMPDIR");
    let file = format!("{folder}/mobile-{}.pub.pem", std::process::id());
    let public = PublicKey::from(&*MOBILE).to_public_key_pem(LineEnding::LF).unwrap();
    fs::write(&file, public).unwrap();
    file
});
