//! The section `[core]`: every error names its key, and none shows a secret.

use std::fs;

use titian::core_banking::{Core, Debit};
use titian::private_files::Access;

use super::support::{Folder, read};

const HTTP: &str = "mode = \"http\"\ndebit = \"caller\"\ntimeout = \"10s\"\nconnections = 8\n";

#[test]
fn the_shipped_settings_select_the_embedded_ledger() {
    let shipped = fs::read_to_string("config/default.toml").unwrap();
    let (_, section) = shipped.split_once("\n[core]\n").unwrap();
    let (section, _) = section.split_once("\n# Health").unwrap();
    let settings = read(section).unwrap();
    assert_eq!(settings.debit, Debit::Titian);
    let Core::Embedded(embedded) = settings.core else { panic!("not embedded") };
    assert_eq!(embedded.ledger.to_str(), Some("ledger.db"));
    // Keys of the other mode are allowed.
    assert!(
        read(&(section.replace("\"embedded\"", "\"http\"") + "url = \"http://[::1]:9\"")).is_ok()
    );
}

fn faults(section: &str) -> String {
    read(section).err().unwrap_or_default().join("\n")
}

#[test]
fn every_error_names_its_key() {
    let wrong = "mode = \"htp\"\ndebit = \"bank\"\n";
    let http = "mode = \"http\"\ndebit = \"titian\"\nurl = \"core:9\"\ntimeout = \"10\"\nconnections = 0\nhmac_key_env = \"TITIAN_NO_SUCH\"\nkey = 1";
    let url = |url: &str| format!("{HTTP}url = \"{url}\"\n");
    let folder = Folder::new();
    let authority = format!("{:?}", folder.key_file("ca.pem", Access::Public, "no certificate"));
    let errors = [
        faults(wrong),
        faults("mode = \"embedded\"\ndebit = \"titian\"\nledger = \"ledger.db\""),
        faults("mode = \"embedded\"\ndebit = \"titian\""),
        faults(http),
        faults(HTTP),
        faults(&url("http://core.bank.example")),
        faults(&url("https://core.bank.example")),
        faults(&url("http://localhost/?a=1")),
        faults(&url("http://user:secret@localhost/")),
        faults(&url("http://localhost").replace("10s", "0s")),
        faults(&(url("http://localhost") + "first_delay = \"2m\"\nposting_tries = 0")),
        faults(
            &(url("http://localhost") + "cancel_tries = 10001\nexception_repeat_interval = \"0s\""),
        ),
        faults(&(url("http://127.0.0.1:1") + "[core.tls]\nauthority_file = " + &authority)),
        faults(&(url("https://core") + "[core.tls]\nkey_file = \"none.pem\"")),
        faults(&(url("https://core") + "hmac_key_file = \"a\"\nhmac_key_env = \"b\"")),
    ];
    insta::assert_snapshot!(errors.join("\n\n"));
}

#[test]
fn core_on_another_machine_requires_authentication() {
    let folder = Folder::new();
    let key = |text| folder.key_file("key", Access::Secret, text);
    let file = key("9e0b7d52f1c648a3\n");
    let url = format!("{HTTP}url = \"http://core.bank.example/v1/\"\nhmac_key_file = {file:?}");
    assert!(read(&url).is_ok());
    for (text, reason) in [
        ("9e0b7d52f1c648a\n", "must have at least 16 bytes"),
        ("0123456789abcdef\n", "make a random one with `titian keys new`"),
    ] {
        key(text);
        let error = faults(&url);
        assert!(error.contains("core.hmac_key_file: "), "{error}");
        assert!(error.ends_with(reason) && !error.contains(text.trim_end()), "{error}");
    }
}

#[test]
fn a_faulty_file_of_accounts_is_found_before_the_start() {
    let folder = Folder::new();
    let file = folder.0.join("other.csv");
    let section = format!(
        "mode = \"embedded\"\ndebit = \"titian\"\nledger = \"sqlite://ledger.db\"\naccounts_file = \"{}\"",
        file.display()
    );
    let error = faults(&section);
    assert!(error.contains("core.accounts_file: ") && error.contains("other.csv"), "{error}");
    let header = "number,name,status,currency,opening_balance\n";
    fs::write(&file, format!("{header}1234567890,Siti,active,IDR,0\n")).unwrap();
    assert!(read(&section).is_ok());
    fs::write(&file, format!("{header}1234567890,Siti,active,IDR,0\n1234567891,Siti,open,IDR,0\n"))
        .unwrap();
    let error = faults(&section);
    assert!(error.contains("line 3: status: must be active"), "{error}");
    assert!(!error.contains("1234567891") && !error.contains("Siti"), "{error}");
}
