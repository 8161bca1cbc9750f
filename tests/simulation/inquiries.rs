//! Questions without money, both ways: who is asked answers, or doesn't, and who asks is told once.

use std::collections::HashMap;

use titian::engine::{Event, Key};
use titian::transfer::{
    AccountAnswer, ExchangeInput, Heard, Holding, Inquiry, Line, Outcome, Refusal, Trace, Way,
};
use titian::values::{Institution, Name, ProcessingCode, TransferId, Value};

use crate::rules::{code, particulars};
use crate::world::{Happening, Message, World, account, amount};

/// What was asked and is not answered yet, by exchange.
#[derive(Default)]
pub(crate) struct Waiting {
    /// Until when an outcome must be there, and in which life of the program it was asked.
    asked: HashMap<u128, (Way, u64)>,
    pub(crate) minor: HashMap<u128, u64>,
}

/// Whose an account is, as the one who keeps it knows: nobody's, of every seventh account.
fn holder(minor: u64) -> Option<Name> {
    (!minor.is_multiple_of(7)).then(|| Name::new(&format!("Holder {minor}")).unwrap())
}

impl World {
    pub(crate) fn inquire(&mut self) {
        self.counts.inquiries += 1;
        let way = if self.chance.permille(600) { Way::Out } else { Way::In };
        let id = self.id();
        let minor = self.chance.between(1, 1_000_000);
        let inquiry = Inquiry {
            id,
            kind: ProcessingCode::from_ascii(b"391000").unwrap(),
            from: account("1234567890"),
            account: account(&minor.to_string()),
            counterparty: Institution::from_ascii(self.bank().as_bytes()).unwrap(),
            amount: amount(minor),
            particulars: particulars(),
        };
        self.waiting.minor.insert(id.0, minor);
        if self.engine.is_some() {
            self.waiting.asked.insert(id.0, (way, self.incarnation));
        }
        self.tell(Event::Inquire(inquiry, way));
    }

    /// The adapter asks the switch.
    pub(crate) fn ask_switch(&mut self, inquiry: &Inquiry, trace: Trace) {
        let minor = inquiry.amount.minor();
        self.counts.checks += 1;
        self.auditor.asks(&self.journal, trace);
        let news = if self.line_is_up { Line::Sent } else { Line::NotSent };
        self.carry_to_switch(Message::Inquiry(trace, minor));
        let event = Event::Exchange(inquiry.id, ExchangeInput::Line(news));
        self.after(1, Happening::Told(event));
    }

    pub(crate) fn switch_is_asked(&mut self, trace: Trace, minor: u64) {
        let (text, holder) = match holder(minor) {
            _ if self.chance.permille(self.faults.unclear) => ("91", None),
            Some(holder) => ("00", Some(holder)),
            None => ("51", None),
        };
        let said = if self.chance.permille(self.faults.mismatched) { minor + 1 } else { minor };
        let heard = Heard::new(code(text), amount(said));
        let holding = Holding { holder, balance: None };
        self.carry_answer(Event::InquiryAnswered { trace, heard, holding });
    }

    /// The adapter asks core.
    pub(crate) fn ask_core(&mut self, id: TransferId) {
        self.call_core(Happening::Account(id));
    }

    pub(crate) fn core_is_asked(&mut self, id: TransferId) {
        let answer = match holder(self.waiting.minor[&id.0]) {
            _ if self.chance.permille(self.faults.core_silent) => AccountAnswer::None,
            Some(holder) => AccountAnswer::Active(Holding { holder: Some(holder), balance: None }),
            None => AccountAnswer::Refused(Refusal::NoSuchAccount),
        };
        let delay = self.chance.between(1, 20);
        let event = Event::Exchange(id, ExchangeInput::Core(answer));
        self.after(delay, Happening::FromCore(event));
    }

    /// Who asked is told once, and the truth if anything.
    pub(crate) fn inquired(&mut self, id: TransferId, way: Way, outcome: &Outcome) {
        self.counts.checks += 1;
        let asked = self.waiting.asked.remove(&id.0);
        let (asked_way, _) = asked.unwrap_or_else(|| panic!("{id}: told twice, or unasked"));
        assert_eq!(asked_way, way, "{id}: told to somebody else");
        let truth = holder(self.waiting.minor[&id.0]);
        match outcome {
            Outcome::Answered(_, holding) => {
                assert_eq!(holding.holder, truth, "{id}: told a name that is not the holder's");
            }
            Outcome::Declined(said) if *said == code("68") => assert_eq!(way, Way::In),
            Outcome::Declined(said) if *said == code("91") => assert_eq!(way, Way::Out),
            Outcome::Declined(_) => assert_eq!(truth, None, "{id}: declined, and there is one"),
            Outcome::Unanswered => assert_eq!(way, Way::Out),
        }
        self.counts.inquired += 1;
    }

    /// Who asked was told, unless the program stopped meanwhile.
    pub(crate) fn all_were_told(&self) {
        for (id, (_, incarnation)) in &self.waiting.asked {
            assert!(*incarnation < self.incarnation, "{}: never told", TransferId(*id));
        }
    }

    /// A network without reversals asks what became of its request.
    pub(crate) fn status_event(&mut self, key: u128) -> Event {
        let (demand, original) = self.demands[&key].clone();
        let demand = titian::transfer::Demand { id: self.id(), ..demand };
        let asked = (demand.side, demand.account, demand.amount);
        self.auditor.expects(demand.id, Some(asked));
        Event::Status { demand, original: Key(original.0) }
    }
}
