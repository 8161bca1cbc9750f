//! Reads reversals: how their original is found, and how much of it goes back.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crate::iso8583::{De, Field, FieldError, Message, Mti};
use crate::network::duplicate_key::{hash, text_of};
use crate::network::inbound::ORIGINAL_PARTS;
use crate::network::incoming_message::ReadError;
use crate::network::profile::Network;
use crate::transfer::{InboundRequest, InboundReversal, OriginalSearch, OriginalStep};
use crate::values::{Amount, IdempotencyKey, Moment, Offset, Stan, Transmission, Value};

/// The lengths of the parts of DE90: the MTI, DE11, DE7, DE32 and DE33 of the original.
const PART_LENGTHS: [usize; 5] = [4, 6, 10, 11, 11];

/// The form of DE95: two amounts of 12 digits, and two of a sign and 8 digits.
const REPLACEMENT_AMOUNTS: &str = "two amounts of 12 digits and two of a sign and 8 digits";

/// The original as DE90 names it. Parts that are filled with zeros are absent.
#[derive(Default)]
struct Named<'m> {
    mti: Option<Cow<'m, str>>,
    stan: Option<Cow<'m, str>>,
    transmission: Option<Cow<'m, str>>,
    acquirer: Option<Cow<'m, str>>,
    forwarder: Option<Cow<'m, str>>,
}

/// Reversals of the switch.
impl Network {
    /// Reads a reversal. `request` is the request with the fields that the reversal carries.
    pub(super) fn read_reversal(
        &self,
        message: &Message<'_>,
        mut request: InboundRequest,
        now: Moment,
    ) -> Result<InboundReversal, ReadError> {
        let actual = self.actual_amount(message, request.amount)?;
        let own = IdempotencyKey(self.duplicate_key(message).0);
        let named = Named::read(message)?;
        let original = if named.contradicts(message) {
            OriginalSearch::default()
        } else {
            self.original_search(message, &named, own, &mut request, now)?
        };
        Ok(InboundReversal { request: Arc::new(request), key: own, original, actual })
    }

    /// Returns how the original is found. Gives the request the trace numbers of the original, if DE90 names it.
    fn original_search(
        &self,
        message: &Message<'_>,
        named: &Named<'_>,
        own: IdempotencyKey,
        request: &mut InboundRequest,
        now: Moment,
    ) -> Result<OriginalSearch, FieldError> {
        let rules = &self.inbound_reversals;
        let named = named.trace(message)?;
        let own_stan = request.trace.stan;
        let named_key = named.map(|(stan, transmission)| {
            (request.trace.stan, request.trace.transmitted_at) = (stan, transmission);
            self.key_with(message, stan, transmission)
        });
        let has_same_trace = rules.same_trace && own_stan == request.trace.stan;
        let is_certain = has_same_trace || self.is_key_in_original();
        let since = now.millis().saturating_sub(millis(rules.original_within));
        let reference = OriginalStep::Reference { since: Moment::from_millis(since) };
        let own_key = Some(own).filter(|own| rules.same_trace && named_key != Some(*own));
        let steps =
            [named_key.map(OriginalStep::Key), Some(reference), own_key.map(OriginalStep::Key)];
        let may_arrive = self.may_arrive(request.trace.transmitted_at, now);
        Ok(OriginalSearch {
            steps: steps.into_iter().flatten().collect(),
            barred_key: named_key.filter(|_| may_arrive && is_certain),
        })
    }

    /// Returns the duplicate key of the request with these trace numbers. Other parts come from the reversal.
    fn key_with(
        &self,
        message: &Message<'_>,
        stan: Stan,
        transmission: Transmission,
    ) -> IdempotencyKey {
        let part = |de: De| match de {
            De::STAN => Cow::Owned(stan.to_string()),
            De::TRANSMISSION => Cow::Owned(transmission.to_string()),
            de => text_of(message, de),
        };
        IdempotencyKey(hash(self.matching.duplicate_key.iter().map(|de| (*de, part(*de)))).0)
    }

    /// Whether DE90 and DE32 give the whole key of a request. Otherwise a bar could miss the request.
    fn is_key_in_original(&self) -> bool {
        let given = [De::STAN, De::TRANSMISSION, De::ACQUIRER];
        self.matching.duplicate_key.iter().all(|de| given.contains(de))
    }

    /// Whether a request with this transmission time may still arrive. The time has no year: one far ahead is an old one.
    fn may_arrive(&self, transmission: Transmission, now: Moment) -> bool {
        let at = transmission.nearest(now, Offset::UTC);
        let distance = now.since(at).max(at.since(now));
        distance <= self.inbound_reversals.original_may_arrive_within
    }

    /// Returns the actual amount of a partial reversal (DE95); `None` for a full one.
    fn actual_amount(
        &self,
        message: &Message<'_>,
        amount: Amount,
    ) -> Result<Option<Amount>, ReadError> {
        let Some(field) = message.field(De::REPLACEMENT_AMOUNTS) else { return Ok(None) };
        let text = field.reveal();
        let actual = actual(&text).ok_or_else(|| invalid(&field, REPLACEMENT_AMOUNTS))?;
        let rules = &self.inbound_reversals;
        let is_zero = |byte| matches!(byte, b'0' | b'C' | b'D');
        if text.bytes().all(is_zero) && !rules.zero_actual_is_full {
            return Err(invalid(&field, "an actual amount that is not all zeros").into());
        }
        match actual {
            // All of the amount goes back.
            0 => Ok(None),
            actual if actual >= amount.minor() => {
                Err(invalid(&field, "an actual amount below the amount (DE4)").into())
            }
            _ if !rules.accepts_partial => Err(ReadError::PartialReversal),
            actual => Ok(Some(Amount::new(actual, amount.currency()))),
        }
    }
}

impl<'m> Named<'m> {
    /// Reads DE90, by the names of its subfields or by position.
    fn read(message: &'m Message<'_>) -> Result<Self, FieldError> {
        let Some(field) = message.field(De::ORIGINAL) else { return Ok(Self::default()) };
        let [mti, stan, transmission, acquirer, forwarder] = if field.element().has_subfields() {
            ORIGINAL_PARTS.map(|name| field.subfield(name).map(|part| part.reveal()))
        } else {
            parts(&field.reveal()).ok_or_else(|| invalid(&field, "42 digits"))?.map(Some)
        }
        .map(|part| part.filter(|text| text.bytes().any(|byte| byte != b'0')));
        Ok(Self { mti, stan, transmission, acquirer, forwarder })
    }

    /// Whether the original is not a request of the reversal's own bank.
    fn contradicts(&self, message: &Message<'_>) -> bool {
        let is_request = |mti: Mti| mti.class() == 2 && mti.is_request();
        let mti = |text: &str| Mti::from_ascii(text.as_bytes().try_into().ok()?);
        let is_other = |part: &Option<Cow<'_, str>>, de| {
            let own = message.field(de).map(|field| field.reveal());
            part.as_ref().zip(own).is_some_and(|(part, own)| {
                part.trim_start_matches('0') != own.trim_start_matches('0')
            })
        };
        self.mti.as_ref().is_some_and(|text| !mti(text).is_some_and(is_request))
            || is_other(&self.acquirer, De::ACQUIRER)
            || is_other(&self.forwarder, De::FORWARDER)
    }

    /// Returns the trace numbers of the original, if DE90 gives all that identifies it.
    fn trace(&self, message: &Message<'_>) -> Result<Option<(Stan, Transmission)>, FieldError> {
        let (Some(_), Some(stan), Some(transmission)) = (&self.mti, &self.stan, &self.transmission)
        else {
            return Ok(None);
        };
        let stan = Stan::from_ascii(stan.as_bytes());
        let transmission = Transmission::from_ascii(transmission.as_bytes());
        match (stan.zip(transmission), message.field(De::ORIGINAL)) {
            (None, Some(field)) => {
                Err(invalid(&field, "a STAN and a transmission date and time of the original"))
            }
            (trace, _) => Ok(trace),
        }
    }
}

/// Divides DE90 into its parts by their positions in ISO 8583:1987.
fn parts<'m>(text: &str) -> Option<[Cow<'m, str>; 5]> {
    let mut rest = text.bytes().all(|byte| byte.is_ascii_digit()).then_some(text)?;
    let parts = PART_LENGTHS.map(|length| {
        let (part, others) = rest.split_at_checked(length).unwrap_or(("", ""));
        rest = others;
        Cow::Owned(part.to_owned())
    });
    (text.len() == PART_LENGTHS.iter().sum::<usize>()).then_some(parts)
}

/// Reads the actual amount in the first part of DE95, if all of it has the right form.
fn actual(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    let (amounts, fees) = bytes.split_at_checked(24)?;
    let (signed, rest) = fees.as_chunks::<9>();
    let is_signed = |[sign, digits @ ..]: &[u8; 9]| {
        matches!(sign, b'C' | b'D' | b'0') && digits.iter().all(u8::is_ascii_digit)
    };
    let is_right = amounts.iter().all(u8::is_ascii_digit)
        && signed.len() == 2
        && signed.iter().all(is_signed)
        && rest.is_empty();
    if is_right { text.get(..12)?.parse().ok() } else { None }
}

fn invalid(field: &Field<'_>, expected: &'static str) -> FieldError {
    let (de, offset) = (field.de(), field.offset());
    FieldError::Invalid { de, offset, expected, masked: field.masked_for_error() }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn original_is_divided_by_position() {
        let text = format!("0200700001112720522{}{}", "600000000014", "00000000999");
        let parts = parts(&text).unwrap();
        let parts: Vec<&str> = parts.iter().map(|part| &**part).collect();
        assert_eq!(parts, ["0200", "700001", "1127205226", "00000000014", "00000000999"]);
        assert!(super::parts(&text[1..]).is_none() && super::parts(&format!("{text}0")).is_none());
        assert!(super::parts(&text.replace('7', "A")).is_none());
    }

    #[test]
    fn actual_amount_needs_the_form_of_replacement_amounts() {
        assert_eq!(actual(&format!("000000040000{}", "0".repeat(30))), Some(40_000));
        assert_eq!(
            actual(&format!("000000040000{}D00000000C00000001", "0".repeat(12))),
            Some(40_000)
        );
        for wrong in [
            "0".repeat(41),
            "0".repeat(43),
            " ".repeat(42),
            format!("00000004000X{}", "0".repeat(30)),
            format!("{}X{}", "0".repeat(24), "0".repeat(17)),
            format!("{}D0000000C{}", "0".repeat(24), "0".repeat(9)),
        ] {
            assert_eq!(actual(&wrong), None, "{wrong:?}");
        }
    }
}
