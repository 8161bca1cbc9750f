//! A switch, banks that speak to it, and a clock.

use std::collections::VecDeque;
use std::time::Duration;

use titian::iso8583::{De, Mti};
use titian::switch::{
    Deal, Dialect, Faults, Limits, Member, Others, Output, Settings, Switch, Wire,
};
use titian::values::{AccountNumber, Date, Institution, Moment, Transmission, Value};

/// 2026-11-24 in the morning, UTC.
pub(crate) const START: u64 = 1_795_487_400_000;

pub(crate) struct World {
    pub(crate) switch: Switch,
    pub(crate) dialect: Dialect,
    pub(crate) now: Moment,
    /// The bank of the adapter under test, another that is connected, and one that is played.
    pub(crate) ours: Member,
    pub(crate) other: Member,
    pub(crate) played: Member,
    sent: VecDeque<(Member, Wire)>,
    /// What was not a message: garbage and cut lines, and dates that closed.
    pub(crate) oddities: Vec<Output>,
    /// How long messages were to wait.
    pub(crate) waits: Vec<Duration>,
}

pub(crate) fn settings(dialect: Dialect) -> Settings {
    let institution = |code: &str| Institution::from_ascii(code.as_bytes()).unwrap();
    Settings {
        dialect,
        institution: institution("999"),
        members: ["014", "008", "002"].map(institution).to_vec(),
        others: Others::Exist,
        limits: Limits::default(),
        seed: 7,
    }
}

impl World {
    /// With two banks that have signed on, and one that is played.
    pub(crate) fn new(dialect: Dialect) -> Self {
        let mut world = Self::unconnected(dialect);
        for bank in [world.ours, world.other] {
            world.join(bank);
        }
        world
    }

    pub(crate) fn unconnected(dialect: Dialect) -> Self {
        Self::with(settings(dialect))
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let now = Moment::from_millis(START);
        let dialect = settings.dialect.clone();
        let switch = Switch::new(settings, now);
        let member = |code| switch.member(code).unwrap();
        let (ours, other, played) = (member("014"), member("008"), member("002"));
        Self {
            switch,
            dialect,
            now,
            ours,
            other,
            played,
            sent: VecDeque::new(),
            oddities: Vec::new(),
            waits: Vec::new(),
        }
    }

    /// A bank connects and signs on.
    pub(crate) fn join(&mut self, bank: Member) {
        self.switch.connected(bank);
        let sign_on = self.network(self.dialect.network.sign_on, 900_001);
        assert_eq!(code(&self.answer(bank, sign_on)), "00");
    }

    pub(crate) fn faults(&mut self, json: &str) {
        self.switch.set_faults(Faults::from_json(json.as_bytes()).unwrap());
    }

    pub(crate) fn pass(&mut self, seconds: u64) {
        self.now = self.now.after(Duration::from_secs(seconds));
        self.tick();
    }

    pub(crate) fn tick(&mut self) {
        self.switch.tick(self.now);
        self.collect();
    }

    pub(crate) fn tell(&mut self, from: Member, wire: Wire) {
        self.switch.handle(from, wire, self.now);
        self.collect();
    }

    /// What goes out, in its order. A message that waits comes at once, and its wait is remembered.
    pub(crate) fn collect(&mut self) {
        while let Some(output) = self.switch.next_output() {
            match output {
                Output::Send { to, wire, after } => {
                    self.waits.extend(Some(after).filter(|after| !after.is_zero()));
                    self.sent.push_back((to, wire));
                }
                other => self.oddities.push(other),
            }
        }
        assert!(self.switch.is_balanced());
    }

    /// The next message to a bank, which must be the next of all.
    pub(crate) fn next_to(&mut self, bank: Member) -> Wire {
        let (to, wire) = self.sent.pop_front().expect("a message");
        assert_eq!(to, bank, "{wire:?}");
        wire
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.sent.is_empty()
    }

    pub(crate) fn take_sent(&mut self) -> Vec<(Member, Wire)> {
        self.sent.drain(..).collect()
    }

    /// Sends a request; the answer, which must come at once and alone.
    pub(crate) fn answer(&mut self, from: Member, wire: Wire) -> Wire {
        self.tell(from, wire);
        let answer = self.next_to(from);
        assert!(self.is_quiet(), "one answer");
        answer
    }

    pub(crate) fn code_to(&mut self, from: Member, wire: Wire) -> String {
        code(&self.answer(from, wire))
    }

    pub(crate) fn positions(&self) -> [i128; 3] {
        [self.ours, self.other, self.played].map(|bank| self.switch.position(bank))
    }

    pub(crate) fn institution(&self, bank: Member) -> &'static str {
        if bank == self.ours {
            "014"
        } else if bank == self.other {
            "008"
        } else {
            "002"
        }
    }

    /// A transfer request of our bank.
    pub(crate) fn transfer(&self, to: Member, stan: u32, minor: u64) -> Wire {
        self.financial(self.dialect.transfer.as_str(), to, stan, minor)
    }

    pub(crate) fn inquiry(&self, to: Member, stan: u32) -> Wire {
        let mut wire = self.financial(self.dialect.inquiry.as_str(), to, stan, 100);
        wire.set(De::ADDITIONAL_DATA, &format!("{:30}{:16}{:30}", "", "REF-1", ""));
        wire
    }

    pub(crate) fn financial(&self, kind: &str, to: Member, stan: u32, minor: u64) -> Wire {
        let mut wire = request(200);
        wire.set(De::PROCESSING_CODE, kind);
        wire.set(De::AMOUNT, &format!("{minor:012}"));
        wire.set(De::TRANSMISSION, &Transmission::of(self.now).to_string());
        wire.set(De::STAN, &format!("{stan:06}"));
        wire.set(De::ACQUIRER, "014");
        wire.set(De::FORWARDER, "014");
        wire.set(De::RRN, &format!("632811{stan:06}"));
        wire.set(De::TERMINAL, "MOBILE01");
        wire.set(De::CURRENCY, "360");
        wire.set(De::RECEIVER, self.institution(to));
        wire.set(De::FROM_ACCOUNT, "1234567890");
        wire.set(De::TO_ACCOUNT, "9876543210");
        wire.set(De::DESTINATION_BANK, self.institution(to));
        wire
    }

    /// The reversal of a request, under numbers of its own where the network wants them.
    pub(crate) fn reversal(&self, original: &Wire, stan: u32) -> Wire {
        let mut wire = request(self.dialect.reversal.unwrap().mti.number());
        for (de, text) in original.elements() {
            wire.set(de, text);
        }
        let text = |de| original.get(de).unwrap();
        let named = format!(
            "0200{}{}{:0>11}{:0>11}",
            text(De::STAN),
            text(De::TRANSMISSION),
            text(De::ACQUIRER),
            text(De::FORWARDER)
        );
        wire.set(De::TRANSMISSION, &Transmission::of(self.now).to_string());
        if self.dialect.reversal.unwrap().original == titian::switch::Original::Elements {
            wire.set(De::STAN, &format!("{stan:06}"));
        }
        wire.set(De::RESPONSE_CODE, "68");
        wire.set(De::ORIGINAL, &named);
        wire
    }

    pub(crate) fn network(&self, code: &str, stan: u32) -> Wire {
        let mut wire = request(800);
        wire.set(De::TRANSMISSION, &Transmission::of(self.now).to_string());
        wire.set(De::STAN, &format!("{stan:06}"));
        wire.set(De::NETWORK_CODE, code);
        wire
    }

    pub(crate) fn deal(&self, to: Member, minor: u64) -> Deal {
        Deal {
            from: self.played,
            to,
            from_account: account("5550001111"),
            to_account: account("1234567890"),
            minor,
        }
    }
}

pub(crate) fn account(text: &str) -> AccountNumber {
    AccountNumber::from_ascii(text.as_bytes()).unwrap()
}

pub(crate) fn date(text: &str) -> Date {
    Date::from_ascii(text.as_bytes()).unwrap()
}

pub(crate) fn request(mti: u16) -> Wire {
    Wire::new(Mti::new(mti).unwrap())
}

pub(crate) fn code(wire: &Wire) -> String {
    wire.get(De::RESPONSE_CODE).expect("a response code").to_owned()
}

pub(crate) fn mti(wire: &Wire) -> u16 {
    wire.mti().number()
}

/// The same message under its repeat's type.
pub(crate) fn repeat(wire: &Wire) -> Wire {
    retyped(wire, mti(wire) | 1)
}

/// A bank's answer to what the switch sent it.
pub(crate) fn reply(wire: &Wire, code: &str) -> Wire {
    let mut answer = retyped(wire, wire.mti().response().unwrap().number());
    answer.set(De::RESPONSE_CODE, code);
    answer.set(De::AUTHORIZATION, "A1B2C3");
    answer
}

fn retyped(wire: &Wire, mti: u16) -> Wire {
    let mut copy = request(mti);
    for (de, text) in wire.elements() {
        copy.set(de, text);
    }
    copy
}
