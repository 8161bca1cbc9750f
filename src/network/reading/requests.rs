//! Reads requests of the switch.

use std::sync::Arc;

use super::details::details;
use crate::iso8583::{De, FieldError, Message};
use crate::network::duplicate_key::{DuplicateKey, hash, text_of};
use crate::network::incoming_message::ReadError;
use crate::network::profile::Network;
use crate::transfer::{InboundRequest, InboundTrace, Inquiry, Side};
use crate::values::{MinorUnits, ProcessingCode, TransferId};

/// Requests of the switch.
impl Network {
    /// Returns what a service does to the account at the bank that receives the request.
    pub(in crate::network) fn side(&self, code: ProcessingCode) -> Option<Side> {
        let service = self.services.iter().find(|service| service.codes.contains(&code))?;
        Some(service.inbound)
    }

    /// Returns what a request of the switch does to the account at our bank.
    pub(super) fn inbound_side(&self, code: ProcessingCode) -> Result<Option<Side>, ReadError> {
        match self.services.iter().find(|service| service.codes.contains(&code)) {
            Some(service) if service.is_inbound_enabled => Ok(Some(service.inbound)),
            Some(service) => Err(ReadError::ServiceOff(service.name.clone())),
            None => Ok(None),
        }
    }

    /// Reads an inquiry. A balance inquiry is about the account in DE102, an account inquiry about that in DE103.
    pub(super) fn read_inquiry(
        &self,
        message: &Message<'_>,
        id: TransferId,
        is_about: De,
    ) -> Result<Inquiry, ReadError> {
        let account = message.get(is_about)?;
        let minor: Option<MinorUnits> = message.find(De::AMOUNT)?;
        Ok(Inquiry {
            id,
            kind: message.get(De::PROCESSING_CODE)?,
            from: message.find(De::FROM_ACCOUNT)?.unwrap_or(account),
            account,
            counterparty: message.get(De::ACQUIRER)?,
            amount: minor.unwrap_or(MinorUnits(0)).of(self.currency),
            details: Arc::new(details(message)?),
        })
    }

    /// Returns the duplicate key of a request. The repeat digit of the MTI does not change it.
    #[must_use]
    pub fn duplicate_key(&self, message: &Message<'_>) -> DuplicateKey {
        hash(self.matching.duplicate_key.iter().map(|de| (*de, text_of(message, *de))))
    }
}

pub(super) fn request(
    message: &Message<'_>,
    id: TransferId,
    side: Side,
) -> Result<InboundRequest, FieldError> {
    let (from, to) = (message.find(De::FROM_ACCOUNT)?, message.find(De::TO_ACCOUNT)?);
    let (own, own_de, other) = match side {
        Side::Credit => (to, De::TO_ACCOUNT, from),
        Side::Debit => (from, De::FROM_ACCOUNT, to),
    };
    Ok(InboundRequest {
        id,
        kind: message.get(De::PROCESSING_CODE)?,
        side,
        account: own.ok_or(FieldError::Missing { de: own_de })?,
        other_account: other,
        amount: message.amount(De::AMOUNT)?,
        counterparty: message.get(De::ACQUIRER)?,
        trace: InboundTrace {
            stan: message.get(De::STAN)?,
            rrn: message.get(De::RRN)?,
            transmitted_at: message.get(De::TRANSMISSION)?,
        },
        details: details(message)?,
    })
}
