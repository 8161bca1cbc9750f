//! Rules and sample values for tests: a network with reversals, one without, and fixed trace numbers.

use std::sync::Arc;
use std::time::Duration;

use titian::transfer::{
    AfterUnknown, Card, CoreRules, DeclineMeanings, DualControl, Funding, InboundCodes,
    InboundMessage, InboundRequest, InboundReversal, InboundTrace, InquiryRules, Order,
    OriginalSearch, Refusal, Resolution, ResolutionOutcome, ResponseClass, ResponseClasses,
    ResponseFields, ReversalClasses, ReversalMessage, ReversalRules, Rules, Side, SwitchResponse,
    TraceNumbers, TraceSource, TransferDetails,
};
use titian::values::{
    AccountNumber, Amount, Backoff, Currency, Date, IdempotencyKey, Institution, MerchantType,
    Moment, Name, Offset, ProcessingCode, Reference, ResponseCode, Rrn, Stan, Terminal, TransferId,
    Transmission, Value,
};

pub(crate) fn code(text: &str) -> ResponseCode {
    ResponseCode::from_ascii(text.as_bytes()).unwrap()
}

/// Every interval is one millisecond, so that states do not differ by their deadlines.
const TICK: Backoff = Backoff {
    first: Duration::from_millis(1),
    longest: Duration::from_millis(1),
    jitter_percent: 0,
};

pub(crate) fn reversing() -> Rules {
    Rules {
        classes: ResponseClasses::new(vec![
            (code("00"), ResponseClass::Approved),
            (code("30"), ResponseClass::Declined),
            (code("51"), ResponseClass::Declined),
            (code("91"), ResponseClass::Retry),
        ]),
        reversal_classes: ReversalClasses {
            done: vec![code("00"), code("94")],
            not_found: vec![code("25")],
        },
        response_timeout: Duration::from_millis(1),
        inquiry_response: Duration::from_millis(1),
        inquiry_tries: 2,
        after_unknown: AfterUnknown::Reverse(ReversalRules {
            same_trace: false,
            repeats: TICK,
            not_found_limit: 2,
            exception_after: Duration::from_hours(24),
            exception_interval: Duration::from_hours(1),
        }),
        inbound: InboundCodes {
            approved: code("00"),
            outcome_unknown: code("68"),
            request_after_reversal: code("12"),
            reversal_without_original: code("00"),
            already_reversed: code("94"),
            in_progress: code("09"),
            reversed: code("05"),
            not_found: code("25"),
            mismatched: code("13"),
            closed: code("57"),
            refusals: vec![(Refusal::NoSuchAccount, code("14"))],
            refused_other: code("05"),
            respond_within: Duration::from_millis(10),
        },
        declines: DeclineMeanings::new(vec![(code("51"), Refusal::InsufficientFunds)]),
    }
}

pub(crate) static CORE: CoreRules = CoreRules {
    repeats: TICK,
    posting_tries: 2,
    cancel_tries: 2,
    cancel_interval: Duration::from_hours(1),
};

pub(crate) fn holding() -> Rules {
    let classes = ResponseClasses::new(vec![
        (code("00"), ResponseClass::Approved),
        (code("51"), ResponseClass::Declined),
    ]);
    let interval = Duration::from_millis(1);
    let inquiry = InquiryRules { tries: 2, interval, exception_repeats: TICK, classes };
    Rules { after_unknown: AfterUnknown::Hold(inquiry), ..reversing() }
}

/// Always gives the same trace numbers: decisions do not depend on them.
pub(crate) struct FixedTrace;

impl TraceSource for FixedTrace {
    fn trace(&mut self, at: Moment) -> TraceNumbers {
        let rrn = Rrn::from_ascii(b"632811000042").unwrap();
        TraceNumbers {
            stan: Stan::new(42).unwrap(),
            rrn,
            transmitted_at: at,
            settlement_date: Date::of(at, Offset::UTC),
        }
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
        details: details(),
    }
}

pub(crate) fn details() -> TransferDetails {
    TransferDetails {
        merchant: MerchantType::from_ascii(b"6017").unwrap(),
        terminal: Terminal::from_ascii(b"MOBILE01").unwrap(),
        sender: Name::new("Siti Rahayu"),
        beneficiary: Name::new("Budi Santoso"),
        reference: Reference::from_ascii(b"INV-7"),
        channel: None,
    }
}

pub(crate) fn channel_funding() -> Funding {
    Funding::Caller(Reference::from_ascii(b"DB-1").unwrap())
}

pub(crate) fn request() -> InboundRequest {
    InboundRequest {
        id: TransferId(8),
        kind: ProcessingCode::from_ascii(b"401000").unwrap(),
        side: Side::Credit,
        account: AccountNumber::from_ascii(b"1234567890").unwrap(),
        other_account: AccountNumber::from_ascii(b"9876543210"),
        amount: amount(12_500_000),
        counterparty: Institution::from_ascii(b"014").unwrap(),
        trace: InboundTrace {
            stan: Stan::new(9).unwrap(),
            rrn: Rrn::from_ascii(b"632811000009").unwrap(),
            transmitted_at: Transmission::from_ascii(b"1124050000").unwrap(),
        },
        details: details(),
    }
}

/// The key of the reversal of [`request`].
pub(crate) const REVERSAL_KEY: IdempotencyKey = IdempotencyKey(90);

/// A full reversal with this message.
pub(crate) fn reversal(message: InboundMessage) -> ReversalMessage {
    ReversalMessage { message, key: REVERSAL_KEY, actual: None }
}

/// A full reversal that names the key of its original. The original may still arrive.
pub(crate) fn inbound_reversal(
    request: Arc<InboundRequest>,
    original: IdempotencyKey,
) -> InboundReversal {
    let search = OriginalSearch::default();
    InboundReversal { request, key: REVERSAL_KEY, original: search, actual: None }
        .with_original(original)
}

pub(crate) fn response(text: &str) -> SwitchResponse {
    SwitchResponse { code: code(text), amount: amount(12_500_000), echoes_match: true }
}

/// A resolution that two people decided, with evidence.
pub(crate) fn resolution(outcome: ResolutionOutcome) -> Resolution {
    let approved_by = DualControl::new("rina", "budi").unwrap();
    Resolution { outcome, approved_by, reference: Reference::from_ascii(b"GL-1") }
}

/// The fields of a complete response to [`order`].
pub(crate) fn response_fields(text: &str) -> ResponseFields {
    ResponseFields {
        code: code(text),
        amount: Some(amount(12_500_000)),
        kind: None,
        from: None,
        to: None,
        card: Card::NotStated,
        is_complete: true,
    }
}
