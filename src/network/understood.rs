//! What must be understood: the data elements that the program uses in the messages of the switch, and those that the profile
//! ignores.

use super::messages::{Messages, Responses};
use super::rules::Matching;
use crate::iso8583::{De, ElementSet, Message};

/// The elements that reading a request uses, beside those that the profile lists.
const IN_REQUESTS: [De; 13] = [
    De::PROCESSING_CODE,
    De::AMOUNT,
    De::TRANSMISSION,
    De::STAN,
    De::SETTLEMENT_DATE,
    De::MERCHANT_TYPE,
    De::ACQUIRER,
    De::RRN,
    De::TERMINAL,
    De::ADDITIONAL_DATA,
    De::CURRENCY,
    De::FROM_ACCOUNT,
    De::TO_ACCOUNT,
];

/// The elements that a reversal has beside those of its request: its reason, which decides nothing, and what it reverses.
const IN_REVERSALS: [De; 3] = [De::RESPONSE_CODE, De::ORIGINAL, De::REPLACEMENT_AMOUNTS];

/// The elements that a response has beside those of its request.
const IN_RESPONSES: [De; 3] = [De::AUTHORIZATION, De::RESPONSE_CODE, De::ADDITIONAL_RESPONSE];

/// The elements of the messages of the switch that are used or ignored.
#[derive(Debug)]
pub(super) struct Understood {
    requests: ElementSet,
    reversals: ElementSet,
    responses: ElementSet,
}

impl Understood {
    pub(super) fn new(
        ignored: &[De],
        matching: &Matching,
        messages: &Messages,
        responses: &Responses,
    ) -> Self {
        let mut requests: ElementSet = ignored.iter().copied().collect();
        requests.extend(IN_REQUESTS);
        for listed in [&matching.duplicate_key, &matching.receiver, &responses.echo] {
            requests.extend(listed.iter().copied());
        }
        let (mut reversals, mut answers) = (requests, requests);
        reversals.extend(IN_REVERSALS);
        answers.extend(IN_RESPONSES);
        // The switch may echo everything that we send.
        answers.extend(messages.elements());
        Self { requests, reversals, responses: answers }
    }

    /// Returns the elements of a message that are neither used nor ignored.
    #[inline]
    pub(super) fn unknown_elements(&self, message: &Message<'_>) -> ElementSet {
        let mti = message.mti();
        let understood = match (mti.is_request(), mti.class()) {
            (false, _) => &self.responses,
            (true, 4) => &self.reversals,
            (true, _) => &self.requests,
        };
        message.elements().without(understood)
    }
}
