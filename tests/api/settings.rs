//! The section `[api]`: all faults at once, and no secret in them.

use rsa::pkcs8::{EncodePublicKey, LineEnding};
use rsa::{PrivateKey, PublicKey};
use titian::api::Debit;
use titian::private_files::Access;
use titian::random::SystemRandom;

use super::fake_port::{config, read};
use super::key::{MOBILE_PUBLIC, MOBILE_SECRET, TOKEN_KEY, file};

/// The partner's secret.
pub(crate) const SECRET: &str = include_str!("mobile.secret").trim_ascii_end();

#[test]
fn the_default_settings_are_valid_and_show_no_secret() {
    let settings = read(&config(""), Debit::Titian).unwrap();
    let shown = format!("{settings:?}");
    assert!(shown.contains("HmacKey(***)") && !shown.contains("secret of the tests"));
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
}

#[test]
fn every_fault_has_its_key() {
    let over = "listen = \"here\"\nauth = \"snapp\"\nwait = \"soon\"\nconnections = 0\namount_max = \"1\"\n\
        banks = [\"A\"]\nmerchant = \"7\"\nlimit = 7";
    let text = config(over)
        .replace(&**TOKEN_KEY, "tests/api/mobile.secrets")
        .replace(&**MOBILE_PUBLIC, &MOBILE_SECRET)
        .replace("\n[api.partners.MOBILE]", "\n[api.partners.MOBILE]\nrate = 0")
        .replace("[api.channels]", "[api.channels]\n7 = \"x\"");
    let faults = read(&text, Debit::Titian).unwrap_err();
    insta::assert_snapshot!(faults.join("\n").replace(&**MOBILE_SECRET, "MOBILE.secret"));
}

#[test]
fn a_secret_comes_from_a_file_or_the_environment_and_has_a_minimum_length() {
    let from =
        |line: &str| config("").replace(&format!("secret_file = {:?}", *MOBILE_SECRET), line);
    assert!(read(&from("secret_env = \"CARGO_PKG_DESCRIPTION\""), Debit::Titian).is_ok());
    let faults = |line: &str| read(&from(line), Debit::Titian).unwrap_err().join("\n");
    let messages = [
        faults("secret_env = \"CARGO_PKG_VERSION\""),
        faults("secret_env = \"TITIAN_NO_SUCH\""),
        faults("secret = \"inline is not possible\""),
        faults("secret_file = \"a\"\nsecret_env = \"b\""),
    ];
    insta::assert_snapshot!(messages.join("\n"));
}

/// The default settings with a second partner, whose keys and secret replace those of the first.
fn two_partners(public: &str, secret: &str) -> Vec<String> {
    let text = config("");
    let (_, partner) = text.rsplit_once("[api.partners.MOBILE]").unwrap();
    let partner = partner.replace("client-1", "client-2").replace(&**MOBILE_PUBLIC, public);
    let partner = partner.replace(&**MOBILE_SECRET, secret);
    let text = format!("{text}\n[api.partners.TELLER]{partner}");
    read(&text, Debit::Titian).err().unwrap_or_default()
}

#[test]
fn two_partners_share_nothing() {
    let teller =
        PublicKey::from(PrivateKey::new(&mut SystemRandom::open().unwrap(), 2048).unwrap())
            .to_public_key_pem(LineEnding::LF)
            .unwrap();
    let public = file("teller.pub.pem", Access::Public, &teller);
    let secret = file("teller.secret", Access::Secret, "another secret of the tests\n");
    let faults = |public: &str, secret: &str| two_partners(public, secret).join("\n");
    assert_eq!(faults(&public, &secret), "");
    assert_eq!(
        faults(&MOBILE_PUBLIC, &secret),
        "titian.toml: api.partners.TELLER: has the public key of another partner"
    );
    let shared = |path: &str, key: &str| {
        format!(
            "titian.toml: api.partners.TELLER.secret_file: {path}: is the secret of {key} too: each needs its own"
        )
    };
    let mobile = "api.partners.MOBILE.secret_file";
    assert_eq!(faults(&public, &MOBILE_SECRET), shared(&MOBILE_SECRET, mobile));
    assert_eq!(faults(&public, &TOKEN_KEY), shared(&TOKEN_KEY, "api.token_key_file"));
    // The same text without the line end is the same secret.
    let copy = file("copy.secret", Access::Secret, SECRET);
    assert_eq!(faults(&public, &copy), shared(&copy, mobile));
    let twice = config("");
    let (_, partner) = twice.rsplit_once("[api.partners.MOBILE]").unwrap();
    let twice = format!("{twice}\n[api.partners.TELLER]{partner}").replace(
        &format!("secret_file = {:?}\n\n[api.partners.T", *MOBILE_SECRET),
        &format!("secret_file = {secret:?}\n\n[api.partners.T"),
    );
    assert_eq!(
        read(&twice, Debit::Titian).unwrap_err(),
        [
            "titian.toml: api.partners.TELLER: has the client_id of another partner",
            "titian.toml: api.partners.TELLER: has the public key of another partner",
        ]
    );
}

#[test]
fn a_weak_or_open_secret_is_refused() {
    let faults = |name: &str, text: &str| {
        let path = file(name, Access::Secret, text);
        let text = config("").replace(&**MOBILE_SECRET, &path);
        read(&text, Debit::Titian).err().unwrap_or_default().join("\n").replace(&path, "FILE")
    };
    let refused = |reason| format!("titian.toml: api.partners.MOBILE.secret_file: FILE: {reason}");
    let weak = |reason| refused(format!("{reason}: make a random one with `titian keys new`"));
    assert_eq!(faults("weak", "secret-secret-secret\n"), weak("repeats its first 7 bytes"));
    assert_eq!(faults("zero", &"0".repeat(64)), weak("is zero"));
    assert_eq!(faults("short", "fifteen bytes..\n"), refused("has fewer than 16 bytes".to_owned()));
    assert_eq!(faults("empty", ""), "titian.toml: api.partners.MOBILE.secret_file: FILE: is empty");
    // White space is part of the secret; only the line end is not.
    assert_eq!(faults("spaces", "thirteen byte   \n"), "");
    let open = file("open", Access::Public, SECRET);
    let text = config("").replace(&**MOBILE_SECRET, &open);
    assert_eq!(
        read(&text, Debit::Titian).unwrap_err(),
        [format!(
            "titian.toml: api.partners.MOBILE.secret_file: {open}: other users can read or change it (mode 0644): chmod 600 {open}"
        )]
    );
}
