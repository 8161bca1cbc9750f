//! Data that authenticates a card (DE35, 36, 45, 52, and inside 48 and 55) is in no file that the adapter wrote, whatever a
//! message carries and whatever becomes of the message (PCI DSS 3.3.1). Personal data is in the journal, encrypted.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use titian::iso8583::{De, Spec};
use titian::network::Network;

use super::bank::{HIGH_BALANCE, Options, TestBank, wait_until};
use super::odd_messages::{Switch, replaced};
use super::scenario::transfer;

const PAN: &str = "5221841234567890";
const TRACK_1: &str = "%B5221841234567890^RAHAYU/SITI^25121010000044556677?";
const TRACK_2: &str = ";5221841234567890=25121010000012300000?";
const TRACK_3: &str = "015221841234567890=724724000000000000030300";
const PIN_BLOCK: &str = "A1B2C3D4E5F60718";
const CARD_VERIFICATION: &str = "CVV2-917-X";
/// Tag 57 of EMV: track 2 in packed digits; tag 5A: the card number.
const EMV: &str = "57115221841234567890D251210100001230005A085221841234567890";

/// What no file may have: texts, and bytes in hexadecimal that no file may have either.
const NEVER_STORED: [&str; 8] = [
    PAN,
    "52218412",
    "RAHAYU/SITI",
    "25121010000012300",
    "25121010000044556677",
    "724724000000000000030300",
    CARD_VERIFICATION,
    PIN_BLOCK,
];
const NEVER_STORED_BYTES: [&[u8]; 3] = [
    b"\xA1\xB2\xC3\xD4\xE5\xF6\x07\x18",
    b"\x52\x21\x84\x12\x34\x56\x78\x90",
    b"\xD2\x51\x21\x01\x00\x00\x12",
];

/// What the journal has encrypted only: the accounts of both banks, the names and the reference of the good credit, and those
/// of the channel's transfer.
const PERSONAL: [&str; 8] = [
    HIGH_BALANCE,
    "1000000001",
    "2000000001",
    "WAHYU HIDAYAT",
    "DEWI LESTARI",
    "SEWA-RUMAH-77",
    "Made Wijaya",
    "uang sekolah 88",
];

/// For the lead: set to true with the journal that encrypts personal texts and summaries. The test then requires that no value
/// of [`PERSONAL`] is in a file of the journal; until then that each one is, so that this is not forgotten.
const JOURNAL_ENCRYPTS: bool = true;

/// A spec that defines all of these elements, so that messages with them are read whole: nusantara with more elements.
fn spec_text() -> String {
    let (_, text) = Spec::SHIPPED[0];
    let insert = |text: &str, before: &str, line: &str| {
        assert_eq!(text.matches(before).count(), 1, "{before}");
        text.replace(before, &format!("{line}\n          {before}"))
    };
    let variable =
        "type: Variable, len_encoding: ASCII, data_encoding: ASCII, class: ans, sensitive: track";
    let text = insert(
        text,
        "- { position: 37, name: rrn,",
        &format!(
            "- {{ position: 35, name: track_2, id: 35, {variable}, len: 2, max: 39, title: Track 2 data }}\n          \
             - {{ position: 36, name: track_3, id: 36, {variable}, len: 3, max: 104, title: Track 3 data }}"
        ),
    );
    let text = insert(
        &text,
        "- { position: 48, name: additional_data, id: 48, type: Variable, len: 3, len_encoding: ASCII, data_encoding: ASCII,\n              class: ans",
        &format!(
            "- {{ position: 45, name: track_1, id: 45, {variable}, len: 2, max: 76, title: Track 1 data }}"
        ),
    );
    let text = insert(
        &text,
        "- { position: 60, name: private_60",
        "- { position: 55, name: chip_data, id: 55, type: Variable, len: 3, len_encoding: ASCII, data_encoding: BINARY, class: b, max: 255, sensitive: private, title: Chip data }",
    );
    // DE48 of this network has a card verification value and a copy of track 2 too.
    let sender = "{ name: sender_name, len: 30, class: ans, optional: true, sensitive: name, title: Sender's name }";
    assert_eq!(text.matches(sender).count(), 1);
    text.replace(
        sender,
        &format!(
            "{sender},\n                {{ name: cvv2, len: 10, class: ans, optional: true, sensitive: private, title: Card verification value }},\n                \
             {{ name: track_2, len: 39, class: ans, optional: true, sensitive: track, title: Track 2 data }}"
        ),
    )
}

/// Starts a bank with that spec, whose profile ignores the elements.
async fn start() -> (Switch, TestBank) {
    let text = spec_text();
    let spec = Spec::parse("nusantara", &text).unwrap();
    let (switch, bank, other) = Switch::start_with(Options::default(), spec, |bank| {
        let (_, profile) = Network::SHIPPED[0];
        let ignored = "ignored = [22, 33, 42, 43, 64, 128]";
        assert!(profile.contains(ignored));
        let with = "ignored = [22, 33, 35, 36, 42, 43, 45, 52, 55, 64, 128]";
        fs::write(bank.file("cards.toml"), profile.replace(ignored, with)).unwrap();
        fs::write(bank.file("cards.yaml"), &text).unwrap();
        for (key, file) in [("network.profile", "cards.toml"), ("network.spec", "cards.yaml")] {
            let set = format!("{key}={}", bank.path(file));
            bank.options.set.push(set.leak());
        }
    })
    .await;
    // The second link stays open, unsigned.
    std::mem::forget(other);
    (switch, bank)
}

/// Returns DE48: two names, the reference, and what else.
fn additional(beneficiary: &str, reference: &str, sender: &str, more: &str) -> String {
    format!("{beneficiary:<30.30}{reference:<16.16}{sender:<30.30}{more}")
}

/// All elements with data that authenticates a card, and a DE48.
fn with_cards(additional: &str) -> Vec<(u8, &str)> {
    vec![
        (2, PAN),
        (35, &TRACK_2[1..TRACK_2.len() - 1]),
        (36, TRACK_3),
        (43, "                                        "),
        (45, &TRACK_1[1..TRACK_1.len() - 1]),
        (48, additional),
        (52, PIN_BLOCK),
        (55, EMV),
    ]
}

/// Sends credits, reversals and inquiries that carry such data in every element and in every part of DE48.
async fn send_cards(switch: &mut Switch) {
    let good = additional("WAHYU HIDAYAT", "SEWA-RUMAH-77", "DEWI LESTARI", "");
    let request = switch.request(200, &with_cards(&good));
    assert_eq!(switch.code_of(&request).await, "00");
    let place = format!("{TRACK_2:<40.40}");
    let cvv = format!("{CARD_VERIFICATION}{TRACK_2}");
    for text in [
        additional("WAHYU HIDAYAT", "SEWA-RUMAH-77", "DEWI LESTARI", &cvv),
        additional(TRACK_2, "", "", ""),
        additional("", TRACK_2, "", ""),
        additional("", "", TRACK_1, ""),
        // Track data across the parts: no part has a whole card number.
        format!("{:<76}", format!("{:<28}{TRACK_2}", "X")),
        format!("{:<125}", format!("{:<36}{TRACK_1}", "X")),
    ] {
        let mut values = with_cards(&text);
        values.retain(|(de, _)| *de != 43);
        values.push((43, &place));
        for mti in [200, 201, 420] {
            let request = switch.request(mti, &values);
            let code = switch.code_of(&request).await;
            assert!(["00", "25", "94"].contains(&code.as_str()), "{mti}: {code}: {text}");
        }
        values.push((3, "321000"));
        let inquiry = switch.request(200, &values);
        let _any = switch.code_of(&inquiry).await;
    }
}

/// Sends messages that are refused, or cannot be read.
async fn send_refused(switch: &mut Switch) {
    let text = additional(TRACK_1, TRACK_2, TRACK_2, "");
    for (label, de, value) in [
        ("an account that is track data", 103, &TRACK_2[..28]),
        ("another account that is track data", 102, &TRACK_1[..28]),
        ("a bank that is not ours", 100, "002"),
        ("an element that is not understood", 62, TRACK_2),
    ] {
        let mut values = with_cards(&text);
        values.push((de, value));
        let request = switch.request(200, &values);
        assert_ne!(switch.code_of(&request).await, "00", "{label}");
    }
    // A reversal whose original is a card number: the error in the log does not show it.
    let mut values = with_cards(&text);
    values.push((90, "522184123456789000000000000000000000000000"));
    let reversal = switch.request(420, &values);
    assert_ne!(switch.code_of(&reversal).await, "00");
    let request = switch.request(200, &with_cards(&text));
    let broken = replaced(&switch.spec, &request, De::AMOUNT, b"00000001250A");
    assert_eq!(switch.code_of(&broken).await, "30");
    let mut cut = switch.request(420, &with_cards(&text));
    cut.truncate(cut.len() - 4);
    assert_eq!(switch.code_of(&cut).await, "30");
    let unknown = replaced(&switch.spec, &request, De::STAN, b"00004A");
    switch.send(&unknown).await;
    // A response that matches no request of ours, and one that cannot be read.
    let mut values = with_cards(&text);
    values.push((39, "00"));
    let response = switch.request(210, &values);
    switch.send(&response).await;
    let broken = replaced(&switch.spec, &response, De::AMOUNT, b"00000001250A");
    switch.send(&broken).await;
}

/// Sends transfers of a channel: one good one, whose response carries such data, and some that are refused.
async fn send_orders(switch: &mut Switch, bank: &TestBank) {
    const PATH: &str = "/v1.0/transfer-interbank";
    let good: Value = serde_json::from_str(&bank.channel.request_body(&transfer(1))).unwrap();
    for (number, field, value) in [
        (2, "customerReference", json!(TRACK_2)),
        (3, "beneficiaryAccountName", json!(TRACK_1)),
        (4, "partnerReferenceNo", json!(TRACK_2)),
        (5, "beneficiaryAccountNo", json!(&TRACK_2[..28])),
        (6, "sourceAccountNo", json!(&TRACK_2[..28])),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let (status, answer) = bank.channel.post(PATH, number, &body.to_string()).await.unwrap();
        assert_eq!(status, 400, "{field}: {answer}");
        assert!(!answer.to_string().contains(PAN), "{answer}");
    }
    let mut body = good;
    body["beneficiaryAccountName"] = json!("Made Wijaya");
    body["customerReference"] = json!("uang sekolah 88");
    let channel = std::sync::Arc::clone(&bank.channel);
    let asked =
        tokio::spawn(async move { channel.post(PATH, 7, &body.to_string()).await.unwrap() });
    let request = switch.receive().await;
    let message = switch.spec.decode(request.clone()).unwrap();
    let echo: Vec<_> = message.fields().map(|field| field.de()).collect();
    drop(message);
    let response = switch.response(request, &echo);
    let text = additional(TRACK_2, TRACK_2, TRACK_1, "");
    let odd = format!("{:03}{text}", text.len());
    let response = replaced(&switch.spec, &response, De::ADDITIONAL_DATA, odd.as_bytes());
    switch.send(&response).await;
    let (status, answer) = asked.await.unwrap();
    assert_eq!(status, 200, "{answer}");
}

/// Returns every file that the adapter wrote, with its content: all files but those that the test made.
fn written_files(bank: &TestBank) -> Vec<(PathBuf, Vec<u8>)> {
    let made = [
        "accounts.csv",
        "titian.toml",
        "cards.toml",
        "cards.yaml",
        "checkpoint.key",
        "checkpoint.pub",
        "node0.key",
        "node0.pub",
        "record.key",
    ];
    let mut folders = vec![bank.folder.clone()];
    let mut files = vec![bank.log_file()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let is_made = made.iter().any(|name| path == bank.file(name));
            if path.is_dir() {
                folders.push(path);
            } else if !is_made {
                files.push(path);
            }
        }
    }
    let read = |path: PathBuf| {
        let content = fs::read(&path).unwrap();
        (path, content)
    };
    files.into_iter().map(read).collect()
}

fn has(content: &[u8], value: &[u8]) -> bool {
    content.windows(value.len()).any(|bytes| bytes.eq_ignore_ascii_case(value))
}

/// Looks into every file that the adapter wrote.
fn check_files(bank: &TestBank) {
    let files = written_files(bank);
    let is_of_journal = |path: &Path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with("titian.db") || path.starts_with(bank.file("titian.db-claims"))
    };
    for (path, content) in &files {
        for value in NEVER_STORED.iter().map(|value| value.as_bytes()).chain(NEVER_STORED_BYTES) {
            assert!(!has(content, value), "{}: {}", path.display(), value.escape_ascii());
        }
    }
    for value in PERSONAL {
        let found: Vec<_> =
            files.iter().filter(|(_, content)| has(content, value.as_bytes())).collect();
        let in_journal = found.iter().any(|(path, _)| is_of_journal(path));
        assert_eq!(
            in_journal,
            !JOURNAL_ENCRYPTS,
            "{value}: {:?}",
            found.iter().map(|(path, _)| path).collect::<Vec<_>>()
        );
        // The embedded ledger is core banking: it has accounts and their names. Nothing else has.
        let is_elsewhere = |path: &Path| {
            !is_of_journal(path)
                && !path.starts_with(bank.file("ledger.db"))
                && !path.to_string_lossy().contains("ledger.db")
        };
        assert!(!found.iter().any(|(path, _)| is_elsewhere(path)), "{value}");
    }
    let names: Vec<_> = files.iter().map(|(path, _)| path.display().to_string()).collect();
    for expected in ["titian.db", "ledger.db", "checkpoints", ".log"] {
        assert!(names.iter().any(|name| name.ends_with(expected)), "{expected}: {names:?}");
    }
}

#[tokio::test]
async fn no_file_has_data_that_authenticates_a_card() {
    let (mut switch, mut bank) = start().await;
    send_cards(&mut switch).await;
    send_refused(&mut switch).await;
    send_orders(&mut switch, &bank).await;
    wait_until("nothing is open", || bank.is_idle()).await;
    bank.wait_for_log("malformed message").await;
    wait_until("a checkpoint", || async { bank.file("checkpoints").exists() }).await;
    // With its write-ahead logs, as after a power loss.
    bank.kill().await;
    check_files(&bank);
    bank.try_start().await.unwrap();
    bank.stop().await;
    check_files(&bank);
    bank.verify().await;
    bank.clear();
}
