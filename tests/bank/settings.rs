//! The section `[core]`: every fault with its key, and no secret in any of them.

use std::fs;

use titian::bank::{Core, Debit};

use crate::house::{Folder, read};

const HTTP: &str = "mode = \"http\"\ndebit = \"caller\"\ntimeout = \"10s\"\nconnections = 8\n";

#[test]
fn what_ships_is_the_embedded_ledger() {
    let shipped = fs::read_to_string("config/default.toml").unwrap();
    let (_, section) = shipped.split_once("\n[core]\n").unwrap();
    let (section, _) = section.split_once("\n# Health").unwrap();
    let settings = read(section).unwrap();
    assert_eq!(settings.debit, Debit::Titian);
    let Core::Embedded(embedded) = settings.core else { panic!("it is over HTTP") };
    assert_eq!(embedded.ledger.to_str(), Some("ledger.db"));
    // The keys of the other mode may be there.
    assert!(
        read(&(section.replace("\"embedded\"", "\"http\"") + "url = \"http://[::1]:9\"")).is_ok()
    );
}

fn faults(section: &str) -> String {
    read(section).err().unwrap_or_default().join("\n")
}

#[test]
fn every_fault_is_told_with_its_key() {
    let wrong = "mode = \"htp\"\ndebit = \"bank\"\n";
    let http = "mode = \"http\"\ndebit = \"titian\"\nurl = \"core:9\"\ntimeout = \"10\"\nconnections = 0\nhmac_key_env = \"TITIAN_NO_SUCH\"\nkey = 1";
    let url = |url: &str| format!("{HTTP}url = \"{url}\"\n");
    let told = [
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
        faults(
            &(url("http://127.0.0.1:1")
                + "[core.tls]\nauthority_file = \"tests/api/mobile.secret\""),
        ),
        faults(&(url("https://core") + "[core.tls]\nkey_file = \"none.pem\"")),
        faults(&(url("https://core") + "hmac_key_file = \"a\"\nhmac_key_env = \"b\"")),
    ];
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn another_machine_is_told_who_asks() {
    let folder = Folder::new();
    let key = folder.0.join("key");
    let url = format!(
        "{HTTP}url = \"http://core.bank.example/v1/\"\nhmac_key_file = \"{}\"",
        key.display()
    );
    fs::write(&key, "0123456789abcdef\n").unwrap();
    assert!(read(&url).is_ok());
    fs::write(&key, "0123456789abcde\n").unwrap();
    let told = faults(&url);
    assert!(told.contains("core.hmac_key_file: "), "{told}");
    assert!(told.ends_with("key: has fewer than 16 bytes") && !told.contains("0123"), "{told}");
}
