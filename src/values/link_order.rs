//! An operator's order to a link.

use serde::{Deserialize, Serialize};

use crate::codes::link_order;

/// An operator's order to a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LinkOrder {
    /// Connect and sign on, and carry requests. It ends a drain and a sign-off by hand.
    #[serde(rename = "sign_on")]
    SignOn,
    /// Sign off after the responses in flight, and stay off until a sign-on by hand.
    #[serde(rename = "sign_off")]
    SignOff,
    /// Stay signed on, but carry no new requests until a sign-on by hand. Responses to the switch still leave.
    #[serde(rename = "drain")]
    Drain,
    /// Send an echo request and measure its round trip.
    #[serde(rename = "echo")]
    Echo,
}

impl LinkOrder {
    /// All orders.
    pub const ALL: [Self; 4] = [Self::SignOn, Self::SignOff, Self::Drain, Self::Echo];

    /// Returns the code that is stored and exported.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SignOn => link_order::SIGN_ON,
            Self::SignOff => link_order::SIGN_OFF,
            Self::Drain => link_order::DRAIN,
            Self::Echo => link_order::ECHO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_stored_by_their_codes() {
        let codes: Vec<_> = LinkOrder::ALL.iter().map(|order| order.code()).collect();
        assert_eq!(codes, link_order::ALL);
        for order in LinkOrder::ALL {
            let stored = serde_json::to_value(order).unwrap();
            assert_eq!(stored, order.code());
            assert_eq!(serde_json::from_value::<LinkOrder>(stored).unwrap(), order);
        }
    }
}
