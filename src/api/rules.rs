//! The rules of the bank and its network that the fields of a request must fit.

use crate::core_banking::Debit;
use crate::values::{
    AccountNumber, Currency, Institution, MerchantType, Offset, ProcessingCode, Terminal,
};

/// The rules of the bank and its network for requests of channels.
#[derive(Clone, Debug)]
pub(super) struct RequestRules {
    /// The processing code of a transfer.
    pub(super) transfer_code: ProcessingCode,
    /// The processing code of an account inquiry.
    pub(super) inquiry_code: ProcessingCode,
    /// The currency of the network.
    pub(super) currency: Currency,
    /// The UTC offset of the bank's days.
    pub(super) offset: Offset,
    /// Who debits the customer.
    pub(super) debit: Debit,
    /// The largest amount of a transfer, in minor units.
    pub(super) amount_max: u64,
    /// The beneficiary banks; empty: any.
    pub(super) banks: Vec<Institution>,
    /// The merchant type of a channel that is not listed.
    pub(super) merchant: MerchantType,
    /// The merchant types by CHANNEL-ID.
    pub(super) channels: Vec<(Terminal, MerchantType)>,
    /// The source account of an inquiry without one.
    pub(super) inquiry_account: AccountNumber,
}

impl RequestRules {
    /// Keeps what comes from other sections of the settings: a reload does not change it.
    pub(super) const fn keep_shared(&mut self, before: &Self) {
        let Self { transfer_code, inquiry_code, currency, offset, debit, .. } = before;
        (self.transfer_code, self.inquiry_code) = (*transfer_code, *inquiry_code);
        (self.currency, self.offset, self.debit) = (*currency, *offset, *debit);
    }

    /// Returns the merchant type of a channel.
    pub(super) fn merchant(&self, channel: Terminal) -> MerchantType {
        let listed = self.channels.iter().find(|(id, _)| *id == channel);
        listed.map_or(self.merchant, |(_, merchant)| *merchant)
    }

    /// Whether a bank can be paid to.
    pub(super) fn is_beneficiary_bank(&self, bank: Institution) -> bool {
        self.banks.is_empty() || self.banks.contains(&bank)
    }
}
