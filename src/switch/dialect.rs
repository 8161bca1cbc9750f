//! How networks differ, as data of the switch.

use std::time::Duration;

use super::keys::Original;
use super::records::Payer;
use super::wire::Wire;
use crate::iso8583::{De, Mti};
use crate::values::{Currency, Offset, ProcessingCode, ResponseCode, TimeOfDay};

/// The rules by which the switch speaks and judges.
#[derive(Clone, Debug)]
pub struct Dialect {
    /// The one currency that is settled in.
    pub currency: Currency,
    /// DE3 of an inquiry. Here and below its first two digits decide; the rest says of what kind the accounts are.
    pub inquiry: ProcessingCode,
    /// DE3 of a transfer.
    pub transfer: ProcessingCode,
    /// DE3 of a QRIS payment, which moves money as a transfer does.
    pub qris: ProcessingCode,
    /// DE3 of cash at a machine of the bank that asks: the bank that is asked pays.
    pub withdrawal: ProcessingCode,
    /// DE3 of a question for the status of a transfer, which goes under the numbers of that transfer.
    pub status: Option<ProcessingCode>,
    /// The elements that make a request the same request.
    pub duplicates: Vec<De>,
    /// Where the destination stands: the first of these that a request has.
    pub destination: Vec<De>,
    /// How transfers are reversed, where they can be.
    pub reversal: Option<ReversalForm>,
    /// DE70 of network management.
    pub network: NetworkCodes,
    /// What stands between length and message.
    pub header: Header,
    /// Whether a bank must sign on before it may ask anything.
    pub sign_on_needed: bool,
    /// How far local time is ahead of UTC.
    pub offset: Offset,
    /// The local time at which the business date moves by itself; otherwise it moves on command only.
    pub cut_over_at: Option<TimeOfDay>,
    /// What the switch answers.
    pub codes: Codes,
    /// How long it waits.
    pub timers: Timers,
}

/// How a reversal is made and read.
#[derive(Clone, Copy, Debug)]
pub struct ReversalForm {
    /// The type that the switch itself sends, 0420 or 0400; it takes both.
    pub mti: Mti,
    /// How it names its original. With [`Original::SameNumbers`] the switch sends its own so, too.
    pub original: Original,
}

/// DE70 of network management. What is `None` the network doesn't know.
#[derive(Clone, Debug)]
pub struct NetworkCodes {
    /// Sign-on.
    pub sign_on: &'static str,
    /// Sign-off.
    pub sign_off: &'static str,
    /// Echo test.
    pub echo: &'static str,
    /// Cut-over, sent by the switch.
    pub cut_over: Option<&'static str>,
    /// Key change.
    pub key_change: Option<&'static str>,
}

/// What stands between length and message of what the switch sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// Nothing.
    None,
    /// A TPDU from the switch to the bank.
    Tpdu,
    /// `ISO`, the product (01 transfer, 00 network management), release 50, status 000, and who originates and who
    /// responds: 5 the switch, 1 the bank, 0 nobody yet.
    Product,
}

impl Header {
    /// The bytes before a message of a type.
    #[must_use]
    pub const fn of(self, mti: Mti) -> &'static [u8] {
        match (self, mti.is_management(), mti.is_request()) {
            (Self::None, _, _) => b"",
            (Self::Tpdu, _, _) => &[0x60, 0x80, 0x02, 0x00, 0x01],
            (Self::Product, true, true) => b"ISO005000050",
            (Self::Product, true, false) => b"ISO005000015",
            (Self::Product, false, true) => b"ISO015000050",
            (Self::Product, false, false) => b"ISO015000015",
        }
    }
}

/// The codes (DE39) that the switch gives of itself. What a bank answers is handed on as it is.
#[derive(Clone, Copy, Debug)]
pub struct Codes {
    /// Done.
    pub approved: ResponseCode,
    /// A data element that is needed is missing or wrong, or a bank speaks for another.
    pub malformed: ResponseCode,
    /// A function that the switch doesn't have.
    pub unsupported: ResponseCode,
    /// The bank has not signed on.
    pub not_signed_on: ResponseCode,
    /// No such destination.
    pub unrouted: ResponseCode,
    /// The destination is not there now, or the switch has no room.
    pub unavailable: ResponseCode,
    /// The destination does not answer.
    pub no_answer: ResponseCode,
    /// No such account.
    pub unknown_account: ResponseCode,
    /// The account is closed.
    pub closed_account: ResponseCode,
    /// The account holds less than is to be taken from it.
    pub insufficient: ResponseCode,
    /// The destination has not come to an end with the request yet.
    pub in_progress: ResponseCode,
    /// A request under the key of another one with other content.
    pub conflict: ResponseCode,
    /// A request from before what the switch remembers.
    pub stale: ResponseCode,
    /// A request that was reversed, before it came or after.
    pub reversed: ResponseCode,
    /// A reversal that comes before its original, and bars it.
    pub barred: ResponseCode,
    /// A reversal of what another reversal undid.
    pub reversed_already: ResponseCode,
    /// A reversal that speaks of another amount.
    pub other_amount: ResponseCode,
    /// A transfer that is asked for or reversed, and is not known or not remembered.
    pub not_found: ResponseCode,
}

/// How long the switch waits.
#[derive(Clone, Copy, Debug)]
pub struct Timers {
    /// For the answer of a destination, each time it is asked.
    pub answer_within: Duration,
    /// How often a request of the switch's own making is repeated before it is reversed. A request that it hands on is
    /// reversed at once, since its originator waits.
    pub repeats: u32,
    /// Between one reversal or notice and its repeat.
    pub repeat_every: Duration,
    /// After this a reversal that nobody answers is left to people.
    pub give_up_after: Duration,
}

/// What a financial request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    Inquiry,
    Movement(Payer),
    Status,
}

impl Dialect {
    pub(super) fn service(&self, code: ProcessingCode) -> Option<Service> {
        let known = [
            (Some(self.inquiry), Service::Inquiry),
            (Some(self.transfer), Service::Movement(Payer::Acquirer)),
            (Some(self.qris), Service::Movement(Payer::Acquirer)),
            (Some(self.withdrawal), Service::Movement(Payer::Issuer)),
            (self.status, Service::Status),
        ];
        let is_same = |known: &ProcessingCode| known.as_str().get(..2) == code.as_str().get(..2);
        known
            .into_iter()
            .find(|(known, _)| known.as_ref().is_some_and(is_same))
            .map(|(_, service)| service)
    }
}

impl Dialect {
    /// Whether an answer to a question for the status says nothing of the transfer: it is under way there still, or the
    /// question isn't understood.
    pub(super) fn leaves_open(&self, answer: &Wire, code: ResponseCode) -> bool {
        let codes = &self.codes;
        let about_status = self
            .status
            .is_some_and(|status| answer.get(De::PROCESSING_CODE) == Some(status.as_str()));
        about_status && [codes.in_progress, codes.malformed, codes.unsupported].contains(&code)
    }
}

/// The networks that ship.
impl Dialect {
    /// Indonesian ATM-network practice: reversal advices under new numbers.
    #[must_use]
    pub fn nusantara() -> Self {
        Self {
            currency: Currency::IDR,
            inquiry: ProcessingCode::literal(*b"391000"),
            transfer: ProcessingCode::literal(*b"401000"),
            qris: ProcessingCode::literal(*b"260000"),
            withdrawal: ProcessingCode::literal(*b"011000"),
            status: None,
            duplicates: vec![De::TRANSMISSION, De::STAN, De::ACQUIRER],
            destination: vec![De::DESTINATION_BANK, De::RECEIVER],
            reversal: reversal(420, Original::Elements),
            network: NetworkCodes {
                sign_on: "001",
                sign_off: "002",
                echo: "301",
                cut_over: Some("201"),
                key_change: Some("101"),
            },
            header: Header::None,
            sign_on_needed: true,
            offset: Offset::hours(7),
            cut_over_at: None,
            codes: Codes::usual(),
            timers: Timers {
                answer_within: Duration::from_secs(20),
                repeats: 1,
                repeat_every: Duration::from_secs(15),
                give_up_after: Duration::from_hours(24),
            },
        }
    }

    /// South-Asian practice: reversal requests under the numbers of their original, and no cut-over message.
    #[must_use]
    pub fn rendezvous() -> Self {
        Self {
            inquiry: ProcessingCode::literal(*b"620000"),
            transfer: ProcessingCode::literal(*b"480000"),
            duplicates: vec![De::STAN, De::ACQUIRER, De::RRN],
            reversal: reversal(400, Original::SameNumbers),
            network: NetworkCodes {
                sign_on: "061",
                sign_off: "062",
                echo: "270",
                cut_over: None,
                key_change: Some("161"),
            },
            header: Header::Tpdu,
            ..Self::nusantara()
        }
    }

    /// A host-to-host link that knows no reversal: the status can be asked for, and the date moves at 23:30 local time.
    #[must_use]
    pub fn holdfast() -> Self {
        let nusantara = Self::nusantara();
        Self {
            inquiry: ProcessingCode::literal(*b"321000"),
            status: Some(ProcessingCode::literal(*b"381000")),
            reversal: None,
            network: NetworkCodes { key_change: None, ..nusantara.network },
            header: Header::Product,
            cut_over_at: TimeOfDay::new(23, 30, 0),
            ..nusantara
        }
    }

    /// The rules of a network that ships, by its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "nusantara" => Some(Self::nusantara()),
            "rendezvous" => Some(Self::rendezvous()),
            "holdfast" => Some(Self::holdfast()),
            _ => None,
        }
    }
}

impl Codes {
    /// As `nusantara` classes them: what the switch refuses for good is declined there, what it can't know is unknown.
    #[must_use]
    pub fn usual() -> Self {
        Self {
            approved: ResponseCode::literal(*b"00"),
            malformed: ResponseCode::literal(*b"30"),
            unsupported: ResponseCode::literal(*b"40"),
            not_signed_on: ResponseCode::literal(*b"58"),
            unrouted: ResponseCode::literal(*b"92"),
            unavailable: ResponseCode::literal(*b"91"),
            no_answer: ResponseCode::literal(*b"68"),
            unknown_account: ResponseCode::literal(*b"76"),
            closed_account: ResponseCode::literal(*b"78"),
            insufficient: ResponseCode::literal(*b"51"),
            in_progress: ResponseCode::literal(*b"09"),
            conflict: ResponseCode::literal(*b"94"),
            stale: ResponseCode::literal(*b"96"),
            reversed: ResponseCode::literal(*b"12"),
            barred: ResponseCode::literal(*b"00"),
            reversed_already: ResponseCode::literal(*b"94"),
            other_amount: ResponseCode::literal(*b"13"),
            not_found: ResponseCode::literal(*b"25"),
        }
    }
}

fn reversal(mti: u16, original: Original) -> Option<ReversalForm> {
    Some(ReversalForm { mti: Mti::new(mti)?, original })
}
