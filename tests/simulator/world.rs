//! A switch, the banks that send to it, and a clock.

use std::collections::VecDeque;
use std::time::Duration;

use titian::iso8583::{De, Mti};
use titian::simulator::{
    FaultRules, Limits, Member, NetworkRules, Output, RequestDetails, Settings, Switch,
    TextMessage, UnlistedAccounts,
};
use titian::values::{AccountNumber, Date, Institution, Moment, Transmission, Value};

/// 2026-11-24T02:30:00Z, in milliseconds.
pub(crate) const START: u64 = 1_795_487_400_000;

pub(crate) struct World {
    pub(crate) switch: Switch,
    pub(crate) rules: NetworkRules,
    pub(crate) now: Moment,
    /// A bank that is connected.
    pub(crate) ours: Member,
    /// Another bank that is connected.
    pub(crate) other: Member,
    /// A bank that the switch simulates.
    pub(crate) simulated: Member,
    sent: VecDeque<(Member, TextMessage)>,
    /// Outputs that are not messages: garbage, disconnects, and dates that closed.
    pub(crate) other_outputs: Vec<Output>,
    /// The delays of messages.
    pub(crate) delays: Vec<Duration>,
}

pub(crate) fn settings(rules: NetworkRules) -> Settings {
    let institution = |code: &str| Institution::from_ascii(code.as_bytes()).unwrap();
    Settings {
        rules,
        institution: institution("999"),
        members: ["014", "008", "002"].map(institution).to_vec(),
        unlisted_accounts: UnlistedAccounts::Exist,
        limits: Limits::default(),
        seed: 7,
    }
}

impl World {
    /// Makes two banks that have signed on, and a simulated one.
    pub(crate) fn new(rules: NetworkRules) -> Self {
        let mut world = Self::unconnected(rules);
        for bank in [world.ours, world.other] {
            world.join(bank);
        }
        world
    }

    pub(crate) fn unconnected(rules: NetworkRules) -> Self {
        Self::with(settings(rules))
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let now = Moment::from_millis(START);
        let rules = settings.rules.clone();
        let switch = Switch::new(settings, now);
        let member = |code| switch.member(code).unwrap();
        let (ours, other, simulated) = (member("014"), member("008"), member("002"));
        Self {
            switch,
            rules,
            now,
            ours,
            other,
            simulated,
            sent: VecDeque::new(),
            other_outputs: Vec::new(),
            delays: Vec::new(),
        }
    }

    /// Connects a bank and signs it on.
    pub(crate) fn join(&mut self, bank: Member) {
        self.switch.handle_connected(bank);
        let sign_on = self.management(self.rules.management.sign_on, 900_001);
        assert_eq!(code(&self.response_to(bank, sign_on)), "00");
    }

    pub(crate) fn faults(&mut self, json: &str) {
        self.switch.set_fault_rules(FaultRules::from_json(json.as_bytes()).unwrap());
    }

    pub(crate) fn advance(&mut self, seconds: u64) {
        self.now = self.now.after(Duration::from_secs(seconds));
        self.tick();
    }

    pub(crate) fn tick(&mut self) {
        self.switch.handle_deadline(self.now);
        self.collect();
    }

    pub(crate) fn send(&mut self, from: Member, message: TextMessage) {
        self.switch.handle_message(from, message, self.now);
        self.collect();
    }

    /// Collects the outputs in their order. A delayed message comes at once, and its delay is recorded.
    pub(crate) fn collect(&mut self) {
        while let Some(output) = self.switch.poll_output() {
            match output {
                Output::Send { to, message, delay } => {
                    self.delays.extend(Some(delay).filter(|delay| !delay.is_zero()));
                    self.sent.push_back((to, message));
                }
                other => self.other_outputs.push(other),
            }
        }
        assert!(self.switch.is_balanced());
    }

    /// Takes the next message, which must be to this bank.
    pub(crate) fn next_to(&mut self, bank: Member) -> TextMessage {
        let (to, message) = self.sent.pop_front().expect("a message");
        assert_eq!(to, bank, "{message:?}");
        message
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.sent.is_empty()
    }

    pub(crate) fn take_sent(&mut self) -> Vec<(Member, TextMessage)> {
        self.sent.drain(..).collect()
    }

    /// Sends a request. Returns the response, which must be the only message and come at once.
    pub(crate) fn response_to(&mut self, from: Member, message: TextMessage) -> TextMessage {
        self.send(from, message);
        let response = self.next_to(from);
        assert!(self.is_quiet(), "one response");
        response
    }

    pub(crate) fn response_code(&mut self, from: Member, message: TextMessage) -> String {
        code(&self.response_to(from, message))
    }

    pub(crate) fn positions(&self) -> [i128; 3] {
        [self.ours, self.other, self.simulated].map(|bank| self.switch.position(bank))
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

    /// Makes a transfer request of our bank.
    pub(crate) fn transfer(&self, to: Member, stan: u32, minor: u64) -> TextMessage {
        self.financial(self.rules.transfer.as_str(), to, stan, minor)
    }

    pub(crate) fn inquiry(&self, to: Member, stan: u32) -> TextMessage {
        let mut message = self.financial(self.rules.inquiry.as_str(), to, stan, 100);
        message.set(De::ADDITIONAL_DATA, &format!("{:30}{:16}{:30}", "", "REF-1", ""));
        message
    }

    pub(crate) fn financial(&self, kind: &str, to: Member, stan: u32, minor: u64) -> TextMessage {
        let mut message = request(200);
        message.set(De::PROCESSING_CODE, kind);
        message.set(De::AMOUNT, &format!("{minor:012}"));
        message.set(De::TRANSMISSION, &Transmission::of(self.now).to_string());
        message.set(De::STAN, &format!("{stan:06}"));
        message.set(De::ACQUIRER, "014");
        message.set(De::FORWARDER, "014");
        message.set(De::RRN, &format!("632811{stan:06}"));
        message.set(De::TERMINAL, "MOBILE01");
        message.set(De::CURRENCY, "360");
        message.set(De::RECEIVER, self.institution(to));
        message.set(De::FROM_ACCOUNT, "1234567890");
        message.set(De::TO_ACCOUNT, "9876543210");
        message.set(De::DESTINATION_BANK, self.institution(to));
        message
    }

    /// Makes the reversal of a request, under new trace numbers if the network requires them.
    pub(crate) fn reversal(&self, original: &TextMessage, stan: u32) -> TextMessage {
        let mut message = request(self.rules.reversal.unwrap().mti.number());
        for (de, text) in original.elements() {
            message.set(de, text);
        }
        let text = |de| original.get(de).unwrap();
        let original_elements = format!(
            "0200{}{}{:0>11}{:0>11}",
            text(De::STAN),
            text(De::TRANSMISSION),
            text(De::ACQUIRER),
            text(De::FORWARDER)
        );
        message.set(De::TRANSMISSION, &Transmission::of(self.now).to_string());
        if self.rules.reversal.unwrap().original
            == titian::simulator::OriginalReference::OriginalDataElements
        {
            message.set(De::STAN, &format!("{stan:06}"));
        }
        message.set(De::RESPONSE_CODE, "68");
        message.set(De::ORIGINAL, &original_elements);
        message
    }

    pub(crate) fn management(&self, code: &str, stan: u32) -> TextMessage {
        let mut message = request(800);
        message.set(De::TRANSMISSION, &Transmission::of(self.now).to_string());
        message.set(De::STAN, &format!("{stan:06}"));
        message.set(De::NETWORK_CODE, code);
        message
    }

    pub(crate) fn details(&self, to: Member, minor: u64) -> RequestDetails {
        RequestDetails {
            from: self.simulated,
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

pub(crate) fn request(mti: u16) -> TextMessage {
    TextMessage::new(Mti::new(mti).unwrap())
}

pub(crate) fn code(message: &TextMessage) -> String {
    message.get(De::RESPONSE_CODE).expect("a response code").to_owned()
}

pub(crate) fn mti(message: &TextMessage) -> u16 {
    message.mti().number()
}

/// Makes the repeat of a message.
pub(crate) fn repeat(message: &TextMessage) -> TextMessage {
    retyped(message, mti(message) | 1)
}

/// Makes the response of a bank to a request of the switch.
pub(crate) fn response(message: &TextMessage, code: &str) -> TextMessage {
    let mut response = retyped(message, message.mti().response().unwrap().number());
    response.set(De::RESPONSE_CODE, code);
    response.set(De::AUTHORIZATION, "A1B2C3");
    response
}

fn retyped(message: &TextMessage, mti: u16) -> TextMessage {
    let mut copy = request(mti);
    for (de, text) in message.elements() {
        copy.set(de, text);
    }
    copy
}
