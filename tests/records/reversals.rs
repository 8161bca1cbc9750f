//! Reversals of the switch, from their bytes to the response: the journal finds the original, and nothing is confirmed
//! that was not done.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use titian::engine::Event;
use titian::iso8583::{De, Mti, Spec};
use titian::network::{Bank, IncomingMessage, Network};
use titian::transfer::{Effect, Posting, Side};
use titian::values::{Currency, IdempotencyKey, Institution, Moment, Pan, Value};

use super::node::{Node, folder, id};

/// 2026-11-27T20:52:30Z.
const NOW: Moment = Moment::from_millis(1_795_812_750_000);

const ORIGINAL: &str = "02007000011127205226";
const NO_INSTITUTIONS: &str = "0000000000000000000000";

/// The elements of a credit of 1,250.00 for our customer.
const CREDIT: [(u8, &str); 14] = [
    (2, "9360014000000001"),
    (3, "401000"),
    (4, "000000125000"),
    (7, "1127205226"),
    (11, "700001"),
    (12, "035226"),
    (13, "1128"),
    (32, "014"),
    (37, "633100700001"),
    (41, "ATM00001"),
    (49, "360"),
    (100, "213"),
    (102, "0140000001"),
    (103, "1234567890"),
];

/// The elements of a withdrawal of 1,000.00 by our customer.
const WITHDRAWAL: [(u8, &str); 4] =
    [(3, "011000"), (4, "000000100000"), (102, "1234567890"), (103, "0140000001")];

/// What a message leads to.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    /// The response codes.
    codes: Vec<String>,
    alerts: Vec<&'static str>,
    postings: Vec<Posting>,
}

/// A node that reads the messages of a switch. Core does what it is asked for.
struct Case {
    node: Node,
    folder: PathBuf,
    network: Network,
    messages: u64,
}

impl Case {
    fn new(name: &str) -> Self {
        let (_, spec) = Spec::SHIPPED[0];
        Self::with_spec(name, spec)
    }

    fn with_spec(name: &str, spec: &str) -> Self {
        Self::with(name, spec, &[])
    }

    /// Starts a case with changes of the profile.
    fn with(name: &str, spec: &str, changes: &[(&str, &str)]) -> Self {
        let bank = Bank {
            code: Institution::from_ascii(b"213").unwrap(),
            forwarder: Institution::from_ascii(b"360213").unwrap(),
            iin: Pan::from_ascii(b"936002").unwrap(),
        };
        let spec = Arc::new(Spec::parse("nusantara", spec).unwrap());
        let (_, profile) = Network::SHIPPED[0];
        // Withdrawals are off in the shipped profile, because the bank must verify the card.
        let profile = profile.replace("inbound_enabled = false", "inbound_enabled = true");
        let profile = changes.iter().fold(profile, |profile, (from, to)| {
            assert!(profile.contains(from), "{from}");
            profile.replace(from, to)
        });
        let network = Network::parse("nusantara", &profile, spec, bank).unwrap();
        let folder = folder(&format!("reversals-{name}"));
        Self { node: Node::start(&folder, NOW), folder, network, messages: 0 }
    }

    /// Starts the node again, so that nothing is in memory.
    fn restart(self) -> Self {
        let Self { node, folder, network, messages } = self;
        let now = node.now;
        drop(node);
        Self { node: Node::start(&folder, now), folder, network, messages }
    }

    /// Receives a message: the elements of a credit, with changes. An empty text removes an element.
    fn receive(&mut self, mti: u16, changes: &[(u8, &str)]) -> Seen {
        let mut elements = std::collections::BTreeMap::from(CREDIT);
        elements.extend(changes.iter().copied());
        let mut bytes = BytesMut::new();
        let spec = Arc::clone(self.network.spec());
        let mut encoder = spec.encoder(Mti::new(mti).unwrap(), &mut bytes).unwrap();
        for (de, text) in elements.into_iter().filter(|(_, text)| !text.is_empty()) {
            encoder.text(De::new(de).unwrap(), text).unwrap();
        }
        encoder.finish();
        let message = spec.decode(bytes.freeze()).unwrap();
        self.messages += 1;
        let event = match self.network.read(&message, id(self.messages, false), self.node.now) {
            Ok(IncomingMessage::InboundRequest(request, key)) => {
                Event::InboundRequest { request: Arc::new(request), key: IdempotencyKey(key.0) }
            }
            Ok(IncomingMessage::Reversal(reversal)) => {
                Event::InboundReversal { reversal: Arc::new(reversal), step: 0 }
            }
            Ok(other) => panic!("{other:?}"),
            Err(error) => {
                let code = self.network.refusal_code(&error).to_string();
                return Seen { codes: vec![code], ..Seen::default() };
            }
        };
        self.node.handle(event);
        self.run()
    }

    /// Lets core reply until nothing is left to do.
    fn run(&mut self) -> Seen {
        let mut seen = Seen::default();
        self.node.commit();
        while let Some(effect) = self.node.pending.first() {
            match effect {
                Effect::Respond(response) => seen.codes.push(response.code.to_string()),
                Effect::Alert(_, alert) => seen.alerts.push(alert.code()),
                Effect::RequestPosting(posting) => seen.postings.push(posting.clone()),
                _ => {}
            }
            self.node.reply(0);
            self.node.commit();
        }
        seen
    }

    /// Receives a message, and asserts the response and the alerts.
    #[track_caller]
    fn expect(&mut self, mti: u16, changes: &[(u8, &str)], code: &str, alerts: &[&str]) -> Seen {
        let seen = self.receive(mti, changes);
        assert_eq!((&seen.codes[..], &seen.alerts[..]), (&[code.to_owned()][..], alerts));
        seen
    }

    fn sums(&self) -> (u128, u128, u128) {
        let sums = self.node.engine.books().inbound.sums(Currency::IDR);
        (sums.settled, sums.refunded, sums.in_flight)
    }
}

/// A case with a credit that is approved.
fn credited(name: &str) -> Case {
    let mut case = Case::new(name);
    case.expect(200, &[], "00", &[]);
    assert_eq!(case.sums(), (125_000, 0, 0));
    case
}

/// The changes that make a reversal of a credit: a STAN of its own, and DE90.
fn reversal(original: &str) -> Vec<(u8, &str)> {
    vec![(7, "1127205229"), (11, "800001"), (39, "68"), (90, original)]
}

fn with<'t>(mut changes: Vec<(u8, &'t str)>, more: &[(u8, &'t str)]) -> Vec<(u8, &'t str)> {
    changes.extend(more);
    changes
}

#[test]
fn a_confirmed_reversal_took_the_money_back() {
    let named = format!("{ORIGINAL}{NO_INSTITUTIONS}");
    let with_bank = format!("{ORIGINAL}0000000001400000000000");
    let without_date = format!("02007000010000000000{NO_INSTITUTIONS}");
    let nothing = "0".repeat(42);
    for (name, original) in [
        ("named", &*named),
        ("named with its bank", &with_bank),
        ("without a date", &without_date),
        ("all zeros", &nothing),
        ("without DE90", ""),
    ] {
        for is_restarted in [false, true] {
            let mut case = credited(name);
            if is_restarted {
                case = case.restart();
            }
            case.expect(420, &reversal(original), "00", &[]);
            assert_eq!(case.sums(), (0, 125_000, 0), "{name}, restarted: {is_restarted}");
        }
    }
}

#[test]
fn a_reversal_without_a_certain_original_is_not_confirmed() {
    let named = format!("{ORIGINAL}{NO_INSTITUTIONS}");
    let other_bank = format!("{ORIGINAL}0000000009900000000000");
    let no_request = format!("08007000011127205226{NO_INSTITUTIONS}");
    let not_found = ["original_not_found"];
    let mut case = credited("uncertain");
    case.expect(420, &reversal(&other_bank), "25", &not_found);
    case.expect(420, &reversal(&no_request), "25", &not_found);
    case.expect(420, &with(reversal(""), &[(37, "633100799999")]), "25", &not_found);
    case.expect(420, &with(reversal(""), &[(32, "015")]), "25", &not_found);
    case.expect(420, &with(reversal(""), &[(4, "000000125001")]), "25", &not_found);
    case.expect(420, &with(reversal(""), &[(103, "1234567891")]), "25", &not_found);
    case.expect(420, &with(reversal(&named), &[(4, "000000125001")]), "13", &["mismatch"]);
    // A second credit with the same RRN, amount and account.
    case.expect(200, &[(11, "700002")], "00", &[]);
    case.expect(420, &reversal(""), "25", &not_found);
    assert_eq!(case.sums(), (250_000, 0, 0));
    case.expect(420, &reversal(&named), "00", &[]);
    assert_eq!(case.sums(), (125_000, 125_000, 0));
}

#[test]
fn an_old_original_is_not_found_by_its_rrn() {
    let mut case = credited("old");
    // The credit has the time of the ids of the test: 2026-11-24, noon.
    case.node.now = case.node.now.after(Duration::from_hours(4 * 24));
    case.expect(420, &reversal(""), "25", &["original_not_found"]);
    assert_eq!(case.sums(), (125_000, 0, 0));
}

#[test]
fn original_is_read_by_position_where_the_spec_does_not_divide_it() {
    let (_, spec) = Spec::SHIPPED[0];
    let begin = spec.find("title: Original data elements,").unwrap();
    let end = begin + spec[begin..].find("] }").unwrap() + 3;
    let undivided = format!("{}title: Original data elements }}{}", &spec[..begin], &spec[end..]);
    let mut case = Case::with_spec("undivided", &undivided);
    case.expect(200, &[], "00", &[]);
    let other_rrn = with(vec![(37, "633100799999")], &[]);
    let named = format!("{ORIGINAL}{NO_INSTITUTIONS}");
    case.expect(420, &with(reversal(&named), &other_rrn), "00", &[]);
    assert_eq!(case.sums(), (0, 125_000, 0));
}

#[test]
fn an_original_is_barred_only_while_it_may_arrive() {
    let mut case = Case::new("bar");
    let named = format!("{ORIGINAL}{NO_INSTITUTIONS}");
    case.expect(420, &reversal(&named), "00", &[]);
    case.expect(421, &reversal(&named), "00", &[]);
    case.expect(200, &[], "12", &[]);
    case.expect(420, &with(reversal(&named), &[(11, "800002")]), "94", &[]);
    // More than an hour ago; half a year ago, which without a year looks like half a year ahead.
    for (time, stan) in [("1127195200", "800003"), ("0517120000", "800004")] {
        let original = format!("0200700009{time}{NO_INSTITUTIONS}");
        case.expect(
            420,
            &with(reversal(&original), &[(11, stan), (37, "633100700009")]),
            "25",
            &["original_not_found"],
        );
    }
    assert_eq!(case.sums(), (0, 0, 0));
}

#[test]
fn the_repeat_of_a_reversal_gets_the_same_response() {
    let named = format!("{ORIGINAL}{NO_INSTITUTIONS}");
    let mut case = credited("repeat");
    case.expect(420, &reversal(&named), "00", &[]);
    case.expect(420, &reversal(&named), "00", &[]);
    case.expect(421, &reversal(&named), "00", &[]);
    case = case.restart();
    case.expect(421, &reversal(&named), "00", &[]);
    case.expect(420, &with(reversal(&named), &[(11, "800002")]), "94", &[]);
    case.expect(421, &with(reversal(&named), &[(11, "800002")]), "94", &[]);
    // The request is not approved again.
    case.expect(201, &[], "12", &[]);
    case.expect(200, &[], "12", &[]);
    assert_eq!(case.sums(), (0, 125_000, 0));
}

#[test]
fn a_partial_reversal_returns_the_rest_of_the_amount() {
    let named = format!("{ORIGINAL}{NO_INSTITUTIONS}");
    let amounts = |actual: &str| format!("{actual}{}", "0".repeat(30));
    let (actual, other, all) =
        (amounts("000000040000"), amounts("000000040001"), amounts("000000100000"));
    let withdrawal = |more: &[(u8, &'static str)]| with(WITHDRAWAL.to_vec(), more);
    let unreadable = "X".repeat(42);
    let mut case = Case::new("partial");
    case.expect(200, &withdrawal(&[]), "00", &[]);
    let partial = |de95| {
        let named: &str = &named;
        with(with(WITHDRAWAL.to_vec(), &reversal(named)), &[(95, de95)])
    };
    // Unreadable, or more than what was withdrawn.
    case.expect(420, &partial(&all), "30", &[]);
    case.expect(420, &partial(&unreadable), "30", &[]);
    assert_eq!(case.sums(), (100_000, 0, 0));
    let seen = case.expect(420, &partial(&actual), "00", &[]);
    let [posting] = &seen.postings[..] else { panic!("{seen:?}") };
    assert_eq!((posting.side, posting.amount.minor()), (Side::Credit, 60_000));
    assert_eq!((posting.account.reveal(), posting.reverses), ("1234567890", Some(id(1, false))));
    assert_eq!(case.sums(), (40_000, 60_000, 0));
    case = case.restart();
    for mti in [420, 421] {
        let seen = case.expect(mti, &partial(&actual), "00", &[]);
        assert_eq!(seen.postings, [], "nothing moves twice");
    }
    case.expect(420, &partial(&other), "13", &["mismatch"]);
    case.expect(420, &with(WITHDRAWAL.to_vec(), &reversal(&named)), "13", &["mismatch"]);
    case.expect(201, &withdrawal(&[]), "00", &[]);
    assert_eq!(case.sums(), (40_000, 60_000, 0));
}

#[test]
fn an_actual_amount_of_zeros_reverses_all() {
    let named = format!("{ORIGINAL}{NO_INSTITUTIONS}");
    let mut case = credited("zeros");
    case.expect(420, &with(reversal(&named), &[(95, &"0".repeat(42))]), "00", &[]);
    assert_eq!(case.sums(), (0, 125_000, 0));
    let part = format!("000000040000{}", "0".repeat(30));
    case.expect(420, &with(reversal(&named), &[(95, &part)]), "13", &["mismatch"]);
}

#[test]
fn a_partial_reversal_without_its_original_is_not_confirmed() {
    let named = format!("{ORIGINAL}{NO_INSTITUTIONS}");
    let part = format!("000000040000{}", "0".repeat(30));
    let mut case = Case::new("partial-first");
    case.expect(420, &with(reversal(&named), &[(95, &part)]), "25", &["original_not_found"]);
    case.expect(200, &[], "00", &[]);
    case.expect(421, &with(reversal(&named), &[(95, &part)]), "00", &[]);
    assert_eq!(case.sums(), (40_000, 85_000, 0));
}

/// The other bank tries again under the same RRN, and takes the second try back before it arrives.
#[test]
fn a_request_of_which_nothing_stands_is_not_taken_for_the_one_that_is_named() {
    let named = format!("{ORIGINAL}{NO_INSTITUTIONS}");
    let second = format!("02007000021127205226{NO_INSTITUTIONS}");
    let mut case = credited("retried");
    case.expect(420, &reversal(&named), "00", &[]);
    case.expect(420, &with(reversal(&second), &[(11, "800002")]), "00", &[]);
    case.expect(200, &[(11, "700002")], "12", &[]);
    assert_eq!(case.sums(), (0, 125_000, 0));
}

/// DE90 does not give DE37, so a bar under the reversal's own DE37 could miss the request.
#[test]
fn a_key_that_the_reversal_does_not_give_is_not_barred() {
    let named = format!("{ORIGINAL}{NO_INSTITUTIONS}");
    let key = [("duplicate_key = [7, 11, 32]", "duplicate_key = [7, 11, 32, 37]")];
    let mut case = Case::with("partly-named", Spec::SHIPPED[0].1, &key);
    let other_rrn = with(reversal(&named), &[(37, "633100799999")]);
    case.expect(420, &other_rrn, "25", &["original_not_found"]);
    case.expect(200, &[], "00", &[]);
}

#[test]
fn zeros_with_signs_are_zeros() {
    let named = format!("{ORIGINAL}{NO_INSTITUTIONS}");
    let zeros = format!("{}C00000000C00000000", "0".repeat(24));
    let strict = [("zero_actual = \"full\"", "zero_actual = \"malformed\"")];
    let mut case = Case::with("signed-zeros", Spec::SHIPPED[0].1, &strict);
    case.expect(200, &[], "00", &[]);
    case.expect(420, &with(reversal(&named), &[(95, &zeros)]), "30", &[]);
    assert_eq!(case.sums(), (125_000, 0, 0));
}
