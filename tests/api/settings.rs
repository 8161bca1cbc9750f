//! The section `[api]`: all faults at once, and no secret in them.

use titian::api::Debit;

use super::fake_port::{config, read};
use super::key::MOBILE_PUBLIC;

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
        .replace("token.key", "mobile.secrets")
        .replace(&**MOBILE_PUBLIC, "tests/api/mobile.secret")
        .replace("\n[api.partners.MOBILE]", "\n[api.partners.MOBILE]\nrate = 0")
        .replace("[api.channels]", "[api.channels]\n7 = \"x\"");
    let faults = read(&text, Debit::Titian).unwrap_err();
    insta::assert_snapshot!(faults.join("\n"));
}

#[test]
fn a_secret_comes_from_a_file_or_the_environment_and_has_a_minimum_length() {
    let from = |line: &str| config("").replace("secret_file = \"tests/api/mobile.secret\"", line);
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

#[test]
fn two_partners_have_two_client_ids() {
    let text = config("");
    let (_, partner) = text.rsplit_once("[api.partners.MOBILE]").unwrap();
    let twice = format!("{text}\n[api.partners.TELLER]{partner}");
    let faults = read(&twice, Debit::Titian).unwrap_err();
    assert_eq!(faults, ["titian.toml: api.partners.TELLER: has the client_id of another partner"]);
    assert!(read(&twice.replacen("client-1", "client-2", 1), Debit::Titian).is_ok());
}
