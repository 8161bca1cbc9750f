//! Odd forms: requests of the switch that name their original badly, or that are for another bank.

use crate::iso8583::Mti;

/// An odd form of a request that the switch sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OddForm {
    /// A reversal whose DE90 has zeros for both institutions.
    OriginalWithoutInstitutions,
    /// A reversal whose DE90 has zeros for the transmission time and both institutions.
    OriginalWithoutTime,
    /// A reversal whose DE90 has only zeros.
    OriginalZeros,
    /// A reversal whose DE90 names another acquirer than its DE32.
    OriginalOfOtherBank,
    /// A reversal without DE90, under a STAN of its own. Only the RRN names the original.
    NoOriginal,
    /// A reversal without DE90, under a STAN and an RRN of its own. Nothing names the original.
    UnknownOriginal,
    /// A full reversal whose DE95 has only zeros.
    ZeroReplacement,
    /// A financial request whose DE100 and DE127 name another bank.
    Misrouted,
    /// A financial request whose DE32 is the bank that receives it.
    AcquirerIsReceiver,
}

impl OddForm {
    /// Whether a request of this type can have the form.
    pub(super) const fn applies_to(self, mti: Mti) -> bool {
        match self {
            Self::OriginalWithoutInstitutions
            | Self::OriginalWithoutTime
            | Self::OriginalZeros
            | Self::OriginalOfOtherBank
            | Self::NoOriginal
            | Self::UnknownOriginal
            | Self::ZeroReplacement => mti.class() == 4,
            Self::Misrouted | Self::AcquirerIsReceiver => mti.class() == 2,
        }
    }
}
