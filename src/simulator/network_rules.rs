//! The rules of a network, as data of the switch.

use std::time::Duration;

use super::keys::OriginalReference;
use super::message::TextMessage;
use super::records::Payer;
use crate::iso8583::{De, Mti};
use crate::values::{Currency, Offset, ProcessingCode, ResponseCode, TimeOfDay};

/// The rules of a network.
#[derive(Clone, Debug)]
pub struct NetworkRules {
    /// The settlement currency, the only one.
    pub currency: Currency,
    /// The processing code (DE3) of an inquiry. Here and below only its first two digits count; the others are account types.
    pub inquiry: ProcessingCode,
    /// The processing code of a balance inquiry. The switch sends it, and does not answer it.
    pub balance_inquiry: ProcessingCode,
    /// The processing code of a transfer.
    pub transfer: ProcessingCode,
    /// The processing code of a QRIS payment, which moves money as a transfer does.
    pub qris: ProcessingCode,
    /// The processing code of a cash withdrawal at a machine of the acquirer: the issuer pays.
    pub withdrawal: ProcessingCode,
    /// The processing code of a status inquiry, which has the trace numbers of its transfer.
    pub status: Option<ProcessingCode>,
    /// The elements that identify a transfer: a request with the same ones is the same request.
    pub duplicates: Vec<De>,
    /// The elements with the destination bank. The first one that a request has counts.
    pub destination: Vec<De>,
    /// The form of reversals, if the network has them.
    pub reversal: Option<ReversalForm>,
    /// The codes of network management.
    pub management: ManagementCodes,
    /// The header between length and message.
    pub header: Header,
    /// Whether a bank must sign on before it sends financial requests.
    pub requires_sign_on: bool,
    /// How far local time is ahead of UTC.
    pub offset: Offset,
    /// The local time at which the business date ends on its own. `None`: it ends on command only.
    pub cut_over_at: Option<TimeOfDay>,
    /// The response codes of the switch.
    pub codes: ResponseCodes,
    /// The timers of the switch.
    pub timers: Timers,
}

/// The form of reversals.
#[derive(Clone, Copy, Debug)]
pub struct ReversalForm {
    /// The message type that the switch sends, 0420 or 0400. It accepts both.
    pub mti: Mti,
    /// How a reversal refers to its original, in both directions.
    pub original: OriginalReference,
}

/// The codes of network management (DE70). A function that is `None` does not exist in the network.
#[derive(Clone, Debug)]
pub struct ManagementCodes {
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

/// The header between length and message, in messages of the switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// No header.
    None,
    /// A TPDU from the switch to the bank.
    Tpdu,
    /// `ISO`, the product (01 transfer, 00 network management), release 50, status 000, and the originator and the responder:
    /// 5 the switch, 1 the bank, 0 no responder yet.
    Product,
}

impl Header {
    /// Returns the header of a message of this type.
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

/// The response codes (DE39) of the switch itself. Codes of banks are forwarded unchanged.
#[derive(Clone, Copy, Debug)]
pub struct ResponseCodes {
    /// Approved.
    pub approved: ResponseCode,
    /// A mandatory data element is missing or invalid, or the acquirer is another bank than the sender.
    pub malformed: ResponseCode,
    /// The switch does not have this function.
    pub unsupported: ResponseCode,
    /// The bank has not signed on.
    pub not_signed_on: ResponseCode,
    /// The destination is not a member.
    pub unknown_destination: ResponseCode,
    /// The destination is not signed on, or the switch is at a bound.
    pub unavailable: ResponseCode,
    /// The destination did not respond in time.
    pub no_response: ResponseCode,
    /// The account does not exist.
    pub unknown_account: ResponseCode,
    /// The account is closed.
    pub closed_account: ResponseCode,
    /// The balance of the account is too low.
    pub insufficient_funds: ResponseCode,
    /// The destination is still processing the request.
    pub in_progress: ResponseCode,
    /// The key of the request is that of another request with other content.
    pub duplicate_key: ResponseCode,
    /// The request is older than the transfers that the switch keeps.
    pub too_old: ResponseCode,
    /// The request was reversed, before it came or after.
    pub reversed: ResponseCode,
    /// The reversal came before its original, which is barred now.
    pub barred: ResponseCode,
    /// Another reversal has reversed the original before.
    pub already_reversed: ResponseCode,
    /// The amount of the reversal is not that of its original.
    pub amount_mismatch: ResponseCode,
    /// The transfer of the status inquiry or reversal is unknown or forgotten.
    pub not_found: ResponseCode,
}

/// The timers of the switch.
#[derive(Clone, Copy, Debug)]
pub struct Timers {
    /// How long the switch waits for a response to each request that it sends.
    pub response_timeout: Duration,
    /// How often a request of the switch itself is repeated before it is reversed. A forwarded request is reversed without a
    /// repeat, since its originator waits.
    pub repeats: u32,
    /// The time between a reversal or notice and its repeat.
    pub repeat_interval: Duration,
    /// How long a reversal or status inquiry is repeated. After that, it is left to people.
    pub give_up_after: Duration,
}

/// The type of a financial request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequestType {
    Inquiry,
    Transfer(Payer),
    StatusInquiry,
}

impl NetworkRules {
    pub(super) fn request_type(&self, code: ProcessingCode) -> Option<RequestType> {
        let known = [
            (Some(self.inquiry), RequestType::Inquiry),
            (Some(self.transfer), RequestType::Transfer(Payer::Acquirer)),
            (Some(self.qris), RequestType::Transfer(Payer::Acquirer)),
            (Some(self.withdrawal), RequestType::Transfer(Payer::Issuer)),
            (self.status, RequestType::StatusInquiry),
        ];
        let is_same = |known: &ProcessingCode| known.as_str().get(..2) == code.as_str().get(..2);
        known
            .into_iter()
            .find(|(known, _)| known.as_ref().is_some_and(is_same))
            .map(|(_, request_type)| request_type)
    }
}

impl NetworkRules {
    /// Whether a response to a status inquiry does not tell the outcome: the transfer is in progress, or the bank does not
    /// understand the inquiry.
    pub(super) fn leaves_open(&self, response: &TextMessage, code: ResponseCode) -> bool {
        let codes = &self.codes;
        let is_status_response = self
            .status
            .is_some_and(|status| response.get(De::PROCESSING_CODE) == Some(status.as_str()));
        is_status_response
            && [codes.in_progress, codes.malformed, codes.unsupported].contains(&code)
    }
}

/// The shipped networks.
impl NetworkRules {
    /// Returns the rules of `nusantara`, after Indonesian ATM networks: reversal advices under new trace numbers.
    #[must_use]
    pub fn nusantara() -> Self {
        Self {
            currency: Currency::IDR,
            inquiry: ProcessingCode::from_number(391_000),
            balance_inquiry: ProcessingCode::from_number(301_000),
            transfer: ProcessingCode::from_number(401_000),
            qris: ProcessingCode::from_number(260_000),
            withdrawal: ProcessingCode::from_number(11_000),
            status: None,
            duplicates: vec![De::TRANSMISSION, De::STAN, De::ACQUIRER],
            destination: vec![De::DESTINATION_BANK, De::RECEIVER],
            reversal: reversal(420, OriginalReference::OriginalDataElements),
            management: ManagementCodes {
                sign_on: "001",
                sign_off: "002",
                echo: "301",
                cut_over: Some("201"),
                key_change: Some("101"),
            },
            header: Header::None,
            requires_sign_on: true,
            offset: Offset::hours(7),
            cut_over_at: None,
            codes: ResponseCodes::shipped(),
            timers: Timers {
                response_timeout: Duration::from_secs(20),
                repeats: 1,
                repeat_interval: Duration::from_secs(15),
                give_up_after: Duration::from_hours(24),
            },
        }
    }

    /// Returns the rules of `rendezvous`, after South Asian networks: reversal requests under the trace numbers of their
    /// original, and no cut-over message.
    #[must_use]
    pub fn rendezvous() -> Self {
        Self {
            inquiry: ProcessingCode::from_number(620_000),
            balance_inquiry: ProcessingCode::from_number(310_000),
            transfer: ProcessingCode::from_number(480_000),
            duplicates: vec![De::STAN, De::ACQUIRER, De::RRN],
            reversal: reversal(400, OriginalReference::SameTraceNumbers),
            management: ManagementCodes {
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

    /// Returns the rules of `holdfast`, a host-to-host link without reversals: it has status inquiries, and the business date
    /// ends at 23:30 local time.
    #[must_use]
    pub fn holdfast() -> Self {
        let nusantara = Self::nusantara();
        Self {
            inquiry: ProcessingCode::from_number(321_000),
            status: Some(ProcessingCode::from_number(381_000)),
            reversal: None,
            management: ManagementCodes { key_change: None, ..nusantara.management },
            header: Header::Product,
            cut_over_at: TimeOfDay::new(23, 30, 0),
            ..nusantara
        }
    }

    /// Returns the rules of a shipped network by its name.
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

impl ResponseCodes {
    /// Returns the codes of all shipped networks. The `nusantara` profile reads final refusals as declined and the others as an
    /// unknown outcome.
    #[must_use]
    pub fn shipped() -> Self {
        Self {
            approved: ResponseCode::from_number(0),
            malformed: ResponseCode::from_number(30),
            unsupported: ResponseCode::from_number(40),
            not_signed_on: ResponseCode::from_number(58),
            unknown_destination: ResponseCode::from_number(92),
            unavailable: ResponseCode::from_number(91),
            no_response: ResponseCode::from_number(68),
            unknown_account: ResponseCode::from_number(76),
            closed_account: ResponseCode::from_number(78),
            insufficient_funds: ResponseCode::from_number(51),
            in_progress: ResponseCode::from_number(9),
            duplicate_key: ResponseCode::from_number(94),
            too_old: ResponseCode::from_number(96),
            reversed: ResponseCode::from_number(12),
            barred: ResponseCode::from_number(0),
            already_reversed: ResponseCode::from_number(94),
            amount_mismatch: ResponseCode::from_number(13),
            not_found: ResponseCode::from_number(25),
        }
    }
}

fn reversal(mti: u16, original: OriginalReference) -> Option<ReversalForm> {
    Some(ReversalForm { mti: Mti::new(mti)?, original })
}
