//! Questions without money, both ways: who is asked answers, or doesn't, and who asks is told once.

use std::collections::HashMap;

use titian::engine::Event;
use titian::switch;
use titian::transfer::{
    AccountAnswer, ExchangeInput, Holding, Inquiry, Line, Outcome, Refusal, Trace, Way,
};
use titian::values::{AccountNumber, Name, TransferId};

use crate::networks::institution;
use crate::rules::{code, particulars};
use crate::world::{Happening, World, amount};

/// What was asked and is not answered yet, by exchange.
#[derive(Default)]
pub(crate) struct Waiting {
    asked: HashMap<u128, Asked>,
    account: HashMap<u128, AccountNumber>,
}

/// Who asks whom, in which life of the program, and whether nothing failed any more.
struct Asked {
    way: Way,
    incarnation: u64,
    calm: bool,
}

/// Whose an account is, as the one who keeps it knows: nobody's, of every seventh account.
fn holder(account: AccountNumber) -> Option<String> {
    let number: u64 = account.reveal().parse().unwrap();
    (!number.is_multiple_of(7)).then(|| format!("Holder {number}"))
}

fn named(account: AccountNumber) -> Option<Name> {
    holder(account).map(|holder| Name::new(&holder).unwrap())
}

impl World {
    pub(crate) fn inquire(&mut self) {
        self.counts.inquiries += 1;
        if self.chance.permille(400) {
            let deal = self.deal();
            let asked = self.national.brain.order(switch::Order::Inquiry(deal), self.true_moment());
            // While our bank is not there it is asked nothing.
            return asked.map_or((), |_| self.switch_acts());
        }
        self.inquire_of_switch();
    }

    /// A channel asks.
    pub(crate) fn inquire_of_switch(&mut self) {
        let (id, bank, account) = (self.id(), self.bank(), self.account_number());
        self.national.list(&bank, account, holder(account));
        let inquiry = Inquiry {
            id,
            kind: self.shipped.network.name_inquiry(),
            from: self.account_number(),
            account,
            counterparty: institution(&bank),
            amount: amount(self.chance.between(1, 1_000_000)),
            particulars: particulars(),
        };
        if self.engine.is_some() {
            self.is_asked_by(&inquiry, Way::Out);
        }
        self.tell(Event::Inquire(inquiry, Way::Out));
    }

    /// The switch's question is here.
    pub(crate) fn is_asked(&mut self, inquiry: &Inquiry) {
        self.is_asked_by(inquiry, Way::In);
    }

    fn is_asked_by(&mut self, inquiry: &Inquiry, way: Way) {
        self.waiting.account.insert(inquiry.id.0, inquiry.account);
        let asked = Asked { way, incarnation: self.incarnation, calm: self.calm };
        self.waiting.asked.insert(inquiry.id.0, asked);
    }

    /// The adapter asks the switch.
    pub(crate) fn ask_switch(&mut self, inquiry: &Inquiry, trace: Trace) {
        self.counts.checks += 1;
        self.auditor.asks(&self.journal, trace);
        let news = if self.line_is_up { Line::Sent } else { Line::NotSent };
        let bytes = self.say(|network, into| network.inquiry(inquiry, trace, into));
        self.carry_to_switch(bytes);
        let event = Event::Exchange(inquiry.id, ExchangeInput::Line(news));
        self.after(1, Happening::Told(event));
    }

    /// The adapter asks core.
    pub(crate) fn ask_core(&mut self, id: TransferId) {
        self.call_core(Happening::Account(id));
    }

    pub(crate) fn core_is_asked(&mut self, id: TransferId) {
        let answer = match named(self.waiting.account[&id.0]) {
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
        let asked = asked.unwrap_or_else(|| panic!("{id}: told twice, or unasked"));
        assert_eq!(asked.way, way, "{id}: told to somebody else");
        let truth = named(self.waiting.account[&id.0]);
        match outcome {
            Outcome::Answered(_, holding) => {
                assert_eq!(holding.holder, truth, "{id}: told a name that is not the holder's");
            }
            Outcome::Declined(said) if *said == code("68") => assert_eq!(way, Way::In),
            Outcome::Declined(said) if *said == code("91") => assert_eq!(way, Way::Out),
            Outcome::Declined(_) => assert_eq!(truth, None, "{id}: declined, and there is one"),
            Outcome::Unanswered => assert!(way == Way::Out && !asked.calm, "{id}: never answered"),
        }
        self.counts.inquired += 1;
        match (way, outcome) {
            (Way::In, Outcome::Answered(code, holding)) => self.reply(id, *code, holding),
            (Way::In, Outcome::Declined(code)) => self.reply(id, *code, &Holding::default()),
            (Way::Out, _) | (Way::In, Outcome::Unanswered) => {}
        }
    }

    /// Who asked was told, unless the program stopped meanwhile.
    pub(crate) fn all_were_told(&self) {
        for (id, Asked { incarnation, .. }) in &self.waiting.asked {
            assert!(*incarnation < self.incarnation, "{}: never told", TransferId(*id));
        }
    }
}
