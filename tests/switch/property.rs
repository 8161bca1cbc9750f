//! Any sequence of requests, repeats, reversals, answers, silence and faults: the books sum to zero, a key moves money at most
//! once, what is reversed has moved nothing in the end, and an answer that is given again is the same answer.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;
use titian::iso8583::De;
use titian::switch::{Dialect, Order, Output, TransferView, Wire};

use crate::world::{World, code, mti, repeat, reply};

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
    /// Banks answer what they were sent so far, the last first or the first first, once or twice.
    Answers {
        approved: bool,
        backwards: bool,
        twice: bool,
    },
    /// What banks were sent so far is lost.
    Lost,
    Credit,
    Pass {
        seconds: u64,
    },
    Faults(usize),
    CutOver,
    Reconnect,
}

const FAULTS: [&str; 8] = [
    r"[]",
    r#"[{"chance": 0.5, "action": "drop_request"}]"#,
    r#"[{"chance": 0.5, "action": "drop_response"}]"#,
    r#"[{"chance": 0.5, "action": "duplicate"}]"#,
    r#"[{"chance": 0.5, "action": {"delay": {"ms": 7000}}}]"#,
    r#"[{"chance": 0.5, "action": {"late": {"ms": 40000}}}]"#,
    r#"[{"match": {"mti": "0200"}, "chance": 0.5, "action": {"decline": {"rc": "05"}}}]"#,
    r#"[{"chance": 0.3, "action": "garbage"}, {"chance": 0.3, "action": "disconnect"}]"#,
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
            |(approved, backwards, twice)| Step::Answers { approved, backwards, twice }
        ),
        1 => Just(Step::Lost),
        3 => Just(Step::Credit),
        3 => prop_oneof![Just(1), Just(8), Just(21)].prop_map(|seconds| Step::Pass { seconds }),
        2 => (0..FAULTS.len()).prop_map(Step::Faults),
        1 => Just(Step::CutOver),
        1 => Just(Step::Reconnect),
    ]
}

/// What is known of the switch from outside, apart from its own books.
struct Auditor {
    world: World,
    /// Requests by STAN and destination, so that a repeat is of the same moment.
    requests: HashMap<(u32, bool), Wire>,
    /// Sent to banks, and not answered.
    waiting: Vec<(titian::switch::Member, Wire)>,
    /// By STAN, destination and amount: the code that it was answered with, unless it was reversed since.
    told: HashMap<(String, String, String), String>,
    seen: HashMap<u64, TransferView>,
    /// The STANs of our requests that the switch says are undone.
    undone: HashSet<String>,
}

impl Auditor {
    fn new(dialect: Dialect) -> Self {
        Self {
            world: World::new(dialect),
            requests: HashMap::new(),
            waiting: Vec::new(),
            told: HashMap::new(),
            seen: HashMap::new(),
            undone: HashSet::new(),
        }
    }

    fn request(&mut self, stan: u32, connected: bool) -> Wire {
        let world = &self.world;
        let to = if connected { world.other } else { world.played };
        // The same number for both destinations would be one key.
        let number = stan * 2 + u32::from(connected);
        let fresh = || world.transfer(to, number, u64::from(number) * 100);
        self.requests.entry((stan, connected)).or_insert_with(fresh).clone()
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Request { stan, connected, repeat: again, other_amount } => {
                let mut wire = self.request(stan, connected);
                if other_amount {
                    wire.set(De::AMOUNT, "000000000007");
                }
                let wire = if again { repeat(&wire) } else { wire };
                self.world.tell(self.world.ours, wire);
            }
            Step::Reversal { stan, by, repeat: again, other_amount } => {
                if self.world.dialect.reversal.is_none() {
                    return;
                }
                let original = self.request(stan, by % 2 == 0);
                let mut wire = self.world.reversal(&original, by);
                if other_amount {
                    wire.set(De::AMOUNT, "000000000007");
                }
                self.told.retain(|(stan, ..), _| original.get(De::STAN) != Some(stan));
                let wire = if again { repeat(&wire) } else { wire };
                self.world.tell(self.world.ours, wire);
            }
            Step::Answers { approved, backwards, twice } => {
                let mut waiting = std::mem::take(&mut self.waiting);
                if backwards {
                    waiting.reverse();
                }
                for (bank, wire) in waiting {
                    let answer = reply(&wire, if approved { "00" } else { "61" });
                    if twice {
                        self.world.tell(bank, answer.clone());
                    }
                    self.world.tell(bank, answer);
                }
            }
            Step::Lost => self.waiting.clear(),
            Step::Credit => {
                let deal = self.world.deal(self.world.ours, 999);
                // Refused while our bank isn't there.
                let _ = self.world.switch.order(Order::Credit(deal), self.world.now);
                self.world.collect();
            }
            Step::Pass { seconds } => self.world.pass(seconds),
            Step::Faults(which) => self.world.faults(FAULTS[which]),
            Step::CutOver => {
                self.world.switch.cut_over(self.world.now);
                self.world.collect();
            }
            Step::Reconnect => self.reconnect(),
        }
    }

    fn reconnect(&mut self) {
        for bank in [self.world.ours, self.world.other] {
            self.world.switch.disconnected(bank);
            self.world.switch.connected(bank);
            let sign_on = self.world.network(self.world.dialect.network.sign_on, 900_002);
            self.world.tell(bank, sign_on);
        }
    }

    /// Looks at everything that the switch says and shows.
    fn check(&mut self) {
        for (to, wire) in self.world.take_sent() {
            if wire.mti().is_request() {
                self.waiting.push((to, wire));
            } else if mti(&wire) == 210 {
                self.check_answer(&wire);
            } else if wire.mti().class() == 4 && ["00", "94"].contains(&code(&wire).as_str()) {
                self.undone.insert(wire.get(De::ORIGINAL).unwrap()[4..10].to_owned());
            }
        }
        for oddity in std::mem::take(&mut self.world.oddities) {
            assert!(!matches!(oddity, Output::Send { .. }));
        }
        let mut positions = [0; 3];
        let views: Vec<_> = self.world.switch.transfers(0).collect();
        for view in views {
            self.check_transfer(&view);
            if view.stands {
                for (position, bank) in positions.iter_mut().zip(["014", "008", "002"]) {
                    let minor = i128::from(view.amount_minor);
                    *position += if view.issuer.as_str() == bank { minor } else { 0 };
                    *position -= if view.acquirer.as_str() == bank { minor } else { 0 };
                }
            }
        }
        if !self.forgets() {
            assert_eq!(self.world.positions(), positions, "the books are the sum of what stands");
        }
    }

    /// After two cut-overs transfers are forgotten, and only the totals of their dates are left.
    fn forgets(&self) -> bool {
        self.world.switch.snapshot(0, 0).days.len() > 2
    }

    fn check_transfer(&mut self, view: &TransferView) {
        let ours = view.acquirer.as_str() == "014";
        let undone = ours && self.undone.contains(&view.stan.to_string());
        assert!(!(undone && view.stands), "{view:?} stands, and was said to be undone");
        let before = self.seen.insert(view.number, *view);
        let Some(before) = before else { return };
        let moves = (before.state, view.state);
        let final_before = !matches!(before.state, "open" | "approved");
        assert!(!final_before || before.state == view.state, "{moves:?}");
        assert!(before.state != "approved" || view.state == "approved" || view.state == "reversed");
        assert!(before.returned_on.is_none() || before.returned_on == view.returned_on);
        assert!(!(before.returned_on.is_some() && view.stands), "what was reversed stands no more");
    }

    fn check_answer(&mut self, answer: &Wire) {
        let text = |de| answer.get(de).unwrap().to_owned();
        let key = (text(De::STAN), text(De::DESTINATION_BANK), text(De::AMOUNT));
        let code = code(answer);
        // Where nothing is reversed, 'no answer' is not yet an outcome. A request from before what is remembered has none.
        let open = code == "68" && self.world.dialect.reversal.is_none();
        // 94 speaks of the request that has the key, and 12 and 58 of what became of it or of the bank meanwhile.
        if open || ["94", "12", "96", "58"].contains(&code.as_str()) {
            return;
        }
        let told = self.told.entry(key).or_insert_with(|| code.clone());
        assert_eq!(*told, code, "an answer that is given again is the same: {answer:?}");
    }

    /// The faults are over and every bank answers: nothing stays open.
    fn settle(&mut self) {
        self.world.faults("[]");
        self.reconnect();
        for _ in 0..8 {
            self.check();
            self.take(Step::Answers { approved: true, backwards: false, twice: false });
            self.world.pass(21);
        }
        self.check();
        assert_eq!(self.world.switch.snapshot(0, 0).open_questions, 0);
        assert!(self.world.switch.transfers(0).all(|transfer| transfer.state != "open"));
    }
}

fn holds(dialect: Dialect, steps: &[Step]) {
    let mut auditor = Auditor::new(dialect);
    for step in steps {
        auditor.take(*step);
        auditor.check();
    }
    auditor.settle();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nusantara_keeps_its_books(steps in prop::collection::vec(step(), 1..60)) {
        holds(Dialect::nusantara(), &steps);
    }

    #[test]
    fn rendezvous_keeps_its_books(steps in prop::collection::vec(step(), 1..60)) {
        holds(Dialect::rendezvous(), &steps);
    }

    #[test]
    fn holdfast_keeps_its_books(steps in prop::collection::vec(step(), 1..60)) {
        holds(Dialect::holdfast(), &steps);
    }
}
