//! Rules and numbers for tests: a network that reverses, one that holds, and numbers that repeat.

use std::sync::Arc;
use std::time::Duration;

use titian::transfer::{
    AfterUnknown, Answer, Class, Classes, Demand, Funding, InboundCodes, InquiryRules, Numbers,
    Order, Origin, Particulars, Refusal, ReversalClasses, ReversalRules, Rules, Side, Trace,
};
use titian::values::{
    AccountNumber, Amount, Backoff, Currency, Date, Institution, MerchantType, Moment, Name,
    Offset, ProcessingCode, Reference, ResponseCode, Rrn, Stan, Terminal, TransferId, Transmission,
    Value,
};

pub(crate) fn code(text: &str) -> ResponseCode {
    ResponseCode::from_ascii(text.as_bytes()).unwrap()
}

/// Every delay is one millisecond, so that states differ by what matters.
const TICK: Backoff = Backoff {
    first: Duration::from_millis(1),
    longest: Duration::from_millis(1),
    jitter_percent: 0,
};

pub(crate) fn reversing() -> Rules {
    Rules {
        classes: Classes::new(vec![
            (code("00"), Class::Approved),
            (code("30"), Class::Declined),
            (code("51"), Class::Declined),
            (code("91"), Class::Retry),
        ]),
        reversal_classes: ReversalClasses {
            done: vec![code("00"), code("94")],
            not_found: vec![code("25")],
        },
        response_timeout: Duration::from_millis(1),
        inquiry_tries: 2,
        after_unknown: AfterUnknown::Reverse(ReversalRules {
            same_trace: false,
            repeats: TICK,
            not_found_limit: 2,
            exception_after: Duration::from_hours(24),
            exception_repeats: Duration::from_hours(1),
        }),
        core: TICK,
        cancel_tries: 2,
        cancel_repeats: Duration::from_hours(1),
        posting_tries: 2,
        inbound: InboundCodes {
            approved: code("00"),
            doubtful: code("68"),
            reversed_before: code("12"),
            reversal_before: code("00"),
            reversed_already: code("94"),
            in_progress: code("09"),
            undone: code("05"),
            not_found: code("25"),
            mismatched: code("13"),
            refusals: vec![(Refusal::NoSuchAccount, code("14"))],
            refused_otherwise: code("05"),
            answer_within: Duration::from_millis(10),
        },
    }
}

pub(crate) fn holding() -> Rules {
    let classes = Classes::new(vec![(code("00"), Class::Approved), (code("51"), Class::Declined)]);
    let inquiry = InquiryRules { tries: 2, apart: Duration::from_millis(1), classes };
    Rules { after_unknown: AfterUnknown::Hold(inquiry), ..reversing() }
}

/// The same numbers always: what follows does not depend on them.
pub(crate) struct Same;

impl Numbers for Same {
    fn trace(&mut self, at: Moment) -> Trace {
        let rrn = Rrn::from_ascii(b"632811000042").unwrap();
        Trace { stan: Stan::new(42).unwrap(), rrn, at, settles: Date::of(at, Offset::UTC) }
    }

    fn draw(&mut self) -> u32 {
        0
    }
}

pub(crate) fn amount(minor: u64) -> Amount {
    Amount::new(minor, Currency::IDR)
}

pub(crate) fn order(funding: Funding) -> Order {
    Order {
        id: TransferId(7),
        kind: ProcessingCode::from_ascii(b"401000").unwrap(),
        amount: amount(12_500_000),
        from: AccountNumber::from_ascii(b"1234567890").unwrap(),
        to: AccountNumber::from_ascii(b"9876543210").unwrap(),
        pan: None,
        counterparty: Institution::from_ascii(b"014").unwrap(),
        funding,
        particulars: particulars(),
    }
}

pub(crate) fn particulars() -> Arc<Particulars> {
    Arc::new(Particulars {
        merchant: MerchantType::from_ascii(b"6017").unwrap(),
        terminal: Terminal::from_ascii(b"MOBILE01").unwrap(),
        sender: Name::new("Siti Rahayu"),
        beneficiary: Name::new("Budi Santoso"),
        reference: Reference::from_ascii(b"INV-7"),
        channel: None,
    })
}

pub(crate) fn by_caller() -> Funding {
    Funding::Caller(Reference::from_ascii(b"DB-1").unwrap())
}

pub(crate) fn demand() -> Demand {
    Demand {
        id: TransferId(8),
        kind: ProcessingCode::from_ascii(b"401000").unwrap(),
        side: Side::Credit,
        account: AccountNumber::from_ascii(b"1234567890").unwrap(),
        other: AccountNumber::from_ascii(b"9876543210"),
        amount: amount(12_500_000),
        counterparty: Institution::from_ascii(b"014").unwrap(),
        origin: Origin {
            stan: Stan::new(9).unwrap(),
            rrn: Rrn::from_ascii(b"632811000009").unwrap(),
            transmitted: Transmission::from_ascii(b"1124050000").unwrap(),
        },
        particulars: particulars(),
    }
}

pub(crate) fn answer(text: &str) -> Answer {
    Answer { code: code(text), amount: amount(12_500_000), echoes: true }
}
