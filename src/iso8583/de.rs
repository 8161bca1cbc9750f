//! The numbers of data elements.

use std::fmt;

/// The number of a data element (DE): 2 to 192 without 65, whose bit announces the tertiary bitmap.
///
/// The constants use the names of ISO 8583:1987. The spec defines what a data element holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct De(u8);

/// The highest data element of a tertiary bitmap.
pub(crate) const HIGHEST_DE: u8 = 192;

impl De {
    /// Creates the number of a data element; `None` if the number is not in range.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number >= 2 && number <= HIGHEST_DE && number != 65 { Some(Self(number)) } else { None }
    }

    /// Returns the number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Display for De {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DE{}", self.0)
    }
}

impl fmt::Debug for De {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DE{}", self.0)
    }
}

macro_rules! elements {
    ($($name:ident = $number:literal, $doc:literal;)*) => {
        impl De {
            $(#[doc = concat!("DE", $number, ", ", $doc, ".")] pub const $name: Self = Self($number);)*
        }
    };
}

elements! {
    PAN = 2, "primary account number";
    PROCESSING_CODE = 3, "processing code";
    AMOUNT = 4, "amount, transaction";
    TRANSMISSION = 7, "transmission date and time";
    STAN = 11, "system trace audit number";
    LOCAL_TIME = 12, "time, local transaction";
    LOCAL_DATE = 13, "date, local transaction";
    SETTLEMENT_DATE = 15, "date, settlement";
    MERCHANT_TYPE = 18, "merchant's type";
    ENTRY_MODE = 22, "point of service entry mode";
    ACQUIRER = 32, "acquiring institution identification code";
    FORWARDER = 33, "forwarding institution identification code";
    RRN = 37, "retrieval reference number";
    AUTHORIZATION = 38, "authorization identification response";
    RESPONSE_CODE = 39, "response code";
    TERMINAL = 41, "card acceptor terminal identification";
    CARD_ACCEPTOR = 42, "card acceptor identification code";
    CARD_ACCEPTOR_NAME = 43, "card acceptor name and location";
    ADDITIONAL_RESPONSE = 44, "additional response data";
    ADDITIONAL_DATA = 48, "additional data, private";
    CURRENCY = 49, "currency code, transaction";
    PIN_DATA = 52, "personal identification number data";
    SECURITY_CONTROL = 53, "security related control information";
    ADDITIONAL_AMOUNTS = 54, "additional amounts";
    MAC = 64, "message authentication code";
    SETTLEMENT_CODE = 66, "settlement code";
    NETWORK_CODE = 70, "network management information code";
    ORIGINAL = 90, "original data elements";
    REPLACEMENT_AMOUNTS = 95, "replacement amounts";
    MESSAGE_SECURITY = 96, "message security code";
    NET_SETTLEMENT = 97, "amount, net settlement";
    RECEIVER = 100, "receiving institution identification code";
    FROM_ACCOUNT = 102, "account identification 1";
    TO_ACCOUNT = 103, "account identification 2";
    TRANSFER_DATA = 126, "private, transfer data";
    DESTINATION_BANK = 127, "private, destination bank code";
    MAC_2 = 128, "message authentication code, with a secondary bitmap";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bitmap_continuation_bits_are_not_data_elements() {
        assert_eq!(De::new(11), Some(De::STAN));
        for wrong in [0, 1, 65, 193] {
            assert_eq!(De::new(wrong), None);
        }
    }
}
