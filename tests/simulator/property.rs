//! Any sequence of requests, repeats, reversals, responses, time-outs and faults. The books sum to zero; a key moves money at
//! most once; a reversed transfer has moved no money in the end; a repeated response is the same response.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;
use titian::iso8583::De;
use titian::simulator::{InboundCommand, NetworkRules, Output, TextMessage, TransferView};
use titian::values::Rrn;

use super::world::{World, code, mti, repeat, response};

#[derive(Clone, Copy, Debug)]
enum Step {
    Request {
        stan: u32,
        connected: bool,
        repeat: bool,
        other_amount: bool,
    },
    Reversal {
        stan: u32,
        by: u32,
        repeat: bool,
        other_amount: bool,
    },
    /// Banks respond to all requests so far, the last or the first one first, once or twice.
    Responses {
        approved: bool,
        backwards: bool,
        twice: bool,
    },
    /// All requests to banks so far are lost.
    LoseRequests,
    Credit,
    /// The customer of the last credit takes it back, or all but an actual amount.
    TakeBack {
        actual: Option<u64>,
    },
    Pass {
        seconds: u64,
    },
    Faults(usize),
    CutOver,
    Reconnect,
}

const FAULTS: [&str; 11] = [
    r"[]",
    r#"[{"chance": 0.5, "action": "drop_request"}]"#,
    r#"[{"chance": 0.5, "action": "drop_response"}]"#,
    r#"[{"chance": 0.5, "action": "duplicate"}]"#,
    r#"[{"chance": 0.5, "action": {"delay": {"ms": 7000}}}]"#,
    r#"[{"chance": 0.5, "action": {"late": {"ms": 40000}}}]"#,
    r#"[{"match": {"mti": "0200"}, "chance": 0.5, "action": {"decline": {"rc": "05"}}}]"#,
    r#"[{"chance": 0.3, "action": "garbage"}, {"chance": 0.3, "action": "disconnect"}]"#,
    r#"[{"chance": 0.5, "action": "unknown_original"}, {"chance": 0.5, "action": "misrouted"}]"#,
    r#"[{"chance": 0.5, "action": "original_zeros"}, {"chance": 0.5, "action": "acquirer_is_receiver"}]"#,
    r#"[{"chance": 0.5, "action": "not_ascii"}, {"chance": 0.5, "action": "zero_replacement"}]"#,
];

fn step() -> impl Strategy<Value = Step> {
    let stan = 1..6_u32;
    let rarely = || proptest::bool::weighted(0.1);
    prop_oneof![
        8 => (stan.clone(), any::<bool>(), any::<bool>(), rarely()).prop_map(
            |(stan, connected, repeat, other_amount)| {
                Step::Request { stan, connected, repeat, other_amount }
            }
        ),
        5 => (stan, 100..104_u32, any::<bool>(), rarely()).prop_map(
            |(stan, by, repeat, other_amount)| Step::Reversal { stan, by, repeat, other_amount }
        ),
        6 => (proptest::bool::weighted(0.8), any::<bool>(), rarely()).prop_map(
            |(approved, backwards, twice)| Step::Responses { approved, backwards, twice }
        ),
        1 => Just(Step::LoseRequests),
        3 => Just(Step::Credit),
        3 => prop_oneof![Just(None), (0..1_001_u64).prop_map(Some)].prop_map(|actual| Step::TakeBack { actual }),
        3 => prop_oneof![Just(1), Just(8), Just(21)].prop_map(|seconds| Step::Pass { seconds }),
        2 => (0..FAULTS.len()).prop_map(Step::Faults),
        1 => Just(Step::CutOver),
        1 => Just(Step::Reconnect),
    ]
}

/// What an observer knows about the switch, apart from its own books.
struct Auditor {
    world: World,
    /// Requests by STAN and destination, so that a repeat has the same transmission time.
    requests: HashMap<(u32, bool), TextMessage>,
    /// Requests to banks without a response.
    waiting: Vec<(titian::simulator::Member, TextMessage)>,
    /// The response codes by STAN, destination and amount, of transfers without a reversal since.
    codes: HashMap<(String, String, String), String>,
    seen: HashMap<u64, TransferView>,
    /// The STANs of our requests that the switch has confirmed as reversed.
    reversed: HashSet<String>,
    last_credit: Option<Rrn>,
}

impl Auditor {
    fn new(rules: NetworkRules) -> Self {
        Self {
            world: World::new(rules),
            requests: HashMap::new(),
            waiting: Vec::new(),
            codes: HashMap::new(),
            seen: HashMap::new(),
            reversed: HashSet::new(),
            last_credit: None,
        }
    }

    fn request(&mut self, stan: u32, connected: bool) -> TextMessage {
        let world = &self.world;
        let to = if connected { world.other } else { world.simulated };
        // The same STAN for both destinations would be the same key.
        let number = stan * 2 + u32::from(connected);
        let fresh = || world.transfer(to, number, u64::from(number) * 100);
        self.requests.entry((stan, connected)).or_insert_with(fresh).clone()
    }

    fn perform(&mut self, step: Step) {
        match step {
            Step::Request { stan, connected, repeat: again, other_amount } => {
                let mut message = self.request(stan, connected);
                if other_amount {
                    message.set(De::AMOUNT, "000000000007");
                }
                let message = if again { repeat(&message) } else { message };
                self.world.send(self.world.ours, message);
            }
            Step::Reversal { stan, by, repeat: again, other_amount } => {
                if self.world.rules.reversal.is_none() {
                    return;
                }
                let original = self.request(stan, by % 2 == 0);
                let mut message = self.world.reversal(&original, by);
                if other_amount {
                    message.set(De::AMOUNT, "000000000007");
                }
                self.codes.retain(|(stan, ..), _| original.get(De::STAN) != Some(stan));
                let message = if again { repeat(&message) } else { message };
                self.world.send(self.world.ours, message);
            }
            Step::Responses { approved, backwards, twice } => {
                let mut waiting = std::mem::take(&mut self.waiting);
                if backwards {
                    waiting.reverse();
                }
                for (bank, message) in waiting {
                    let response = response(&message, if approved { "00" } else { "61" });
                    if twice {
                        self.world.send(bank, response.clone());
                    }
                    self.world.send(bank, response);
                }
            }
            Step::LoseRequests => self.waiting.clear(),
            Step::Credit => {
                let details = self.world.details(self.world.ours, 999);
                // Refused while our bank is not signed on.
                let sent =
                    self.world.switch.send_inbound(InboundCommand::Credit(details), self.world.now);
                self.last_credit = sent.ok().or(self.last_credit);
                self.world.collect();
            }
            Step::TakeBack { actual } => self.take_back(actual),
            Step::Pass { seconds } => self.world.advance(seconds),
            Step::Faults(which) => self.world.faults(FAULTS[which]),
            Step::CutOver => {
                self.world.switch.cut_over(self.world.now);
                self.world.collect();
            }
            Step::Reconnect => self.reconnect(),
        }
    }

    fn take_back(&mut self, actual: Option<u64>) {
        let Some(rrn) = self.last_credit else { return };
        let command = match actual {
            Some(actual) => InboundCommand::PartialReversal(rrn, actual),
            None => InboundCommand::Reversal(rrn),
        };
        // Refused if it is reversed, or in a network without reversals.
        let _ = self.world.switch.send_inbound(command, self.world.now);
        self.world.collect();
    }

    fn reconnect(&mut self) {
        for bank in [self.world.ours, self.world.other] {
            self.world.switch.handle_disconnected(bank);
            self.world.switch.handle_connected(bank);
            let sign_on = self.world.management(self.world.rules.management.sign_on, 900_002);
            self.world.send(bank, sign_on);
        }
    }

    /// Checks all messages and the state of the switch.
    fn check(&mut self) {
        for (to, message) in self.world.take_sent() {
            if message.mti().is_request() {
                self.waiting.push((to, message));
            } else if mti(&message) == 210 {
                self.check_response(&message);
            } else if message.mti().class() == 4 && ["00", "94"].contains(&code(&message).as_str())
            {
                self.reversed.insert(message.get(De::ORIGINAL).unwrap()[4..10].to_owned());
            }
        }
        for output in std::mem::take(&mut self.world.other_outputs) {
            assert!(!matches!(output, Output::Send { .. }));
        }
        let mut positions = [0; 3];
        let views: Vec<_> = self.world.switch.transfers(0).collect();
        for view in views {
            self.check_transfer(&view);
            if view.is_settled {
                for (position, bank) in positions.iter_mut().zip(["014", "008", "002"]) {
                    let minor = i128::from(view.amount_minor - view.returned_minor);
                    *position += if view.issuer.as_str() == bank { minor } else { 0 };
                    *position -= if view.acquirer.as_str() == bank { minor } else { 0 };
                }
            }
        }
        if !self.has_forgotten() {
            assert_eq!(
                self.world.positions(),
                positions,
                "the books are the sum of the settled transfers"
            );
        }
    }

    /// Whether transfers are forgotten: after two cut-overs only the totals of their dates are kept.
    fn has_forgotten(&self) -> bool {
        self.world.switch.snapshot(0, 0).days.len() > 2
    }

    fn check_transfer(&mut self, view: &TransferView) {
        let ours = view.acquirer.as_str() == "014";
        let is_reversed = ours && self.reversed.contains(&view.stan.to_string());
        assert!(
            !(is_reversed && view.is_settled),
            "{view:?} is settled, and its reversal was confirmed"
        );
        let before = self.seen.insert(view.number, *view);
        let Some(before) = before else { return };
        let moves = (before.state, view.state);
        let was_final = !matches!(before.state, "open" | "approved");
        assert!(!was_final || before.state == view.state, "{moves:?}");
        assert!(before.state != "approved" || view.state == "approved" || view.state == "reversed");
        assert!(before.reversed_on.is_none() || before.reversed_on == view.reversed_on);
        assert!(view.returned_minor < view.amount_minor.max(1), "{view:?} has a part left");
        assert!(before.returned_minor == 0 || before.returned_minor == view.returned_minor);
        let is_full = before.reversed_on.is_some() && before.returned_minor == 0;
        assert!(!(is_full && view.is_settled), "a reversed transfer is not settled again");
    }

    fn check_response(&mut self, response: &TextMessage) {
        let text = |de| response.get(de).unwrap().to_owned();
        let key = (text(De::STAN), text(De::DESTINATION_BANK), text(De::AMOUNT));
        let code = code(response);
        // In a network without reversals, 'no response' is not an outcome. Nor is the refusal of a request that is too old.
        let open = code == "68" && self.world.rules.reversal.is_none();
        // 94 is about the other request with the key; 12 and 58 are about the reversal or the sign-off meanwhile.
        if open || ["94", "12", "96", "58"].contains(&code.as_str()) {
            return;
        }
        let first = self.codes.entry(key).or_insert_with(|| code.clone());
        assert_eq!(*first, code, "a repeated response is the same: {response:?}");
    }

    /// Ends the faults and lets every bank respond. No request stays open.
    fn settle(&mut self) {
        self.world.faults("[]");
        self.reconnect();
        for _ in 0..8 {
            self.check();
            self.perform(Step::Responses { approved: true, backwards: false, twice: false });
            self.world.advance(21);
        }
        self.check();
        assert_eq!(self.world.switch.snapshot(0, 0).open_requests, 0);
        assert!(self.world.switch.transfers(0).all(|transfer| transfer.state != "open"));
    }
}

fn holds(rules: NetworkRules, steps: &[Step]) {
    let mut auditor = Auditor::new(rules);
    for step in steps {
        auditor.perform(*step);
        auditor.check();
    }
    auditor.settle();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nusantara_keeps_its_books(steps in prop::collection::vec(step(), 1..60)) {
        holds(NetworkRules::nusantara(), &steps);
    }

    #[test]
    fn rendezvous_keeps_its_books(steps in prop::collection::vec(step(), 1..60)) {
        holds(NetworkRules::rendezvous(), &steps);
    }

    #[test]
    fn holdfast_keeps_its_books(steps in prop::collection::vec(step(), 1..60)) {
        holds(NetworkRules::holdfast(), &steps);
    }
}
