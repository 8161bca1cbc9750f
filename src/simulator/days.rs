//! The business date: when it ends, and which transfers are forgotten then.

use super::model::{Output, Switch};
use super::records::TransferRecord;
use crate::values::{Date, Moment};

impl Switch {
    pub(super) fn cut_over_if_due(&mut self, now: Moment) {
        if self.calendar.next_cut_over().is_some_and(|next| now >= next) {
            // The clock may have jumped over several dates.
            self.cut_over_to(self.calendar.date_at(now), now);
        }
    }

    /// Ends the business date and starts the next one. Every signed-on bank gets a cut-over notice. Returns the new date.
    ///
    /// Transfers of the ended date are kept until the next cut-over. Older ones are forgotten; the totals of their dates stay. A
    /// message about a forgotten transfer moves no money: a request whose DE7 is not later than the latest forgotten one of its
    /// bank is refused ([`ResponseCodes::too_old`](super::ResponseCodes::too_old)). A reversal or a status inquiry of such a
    /// transfer gets [`ResponseCodes::not_found`](super::ResponseCodes::not_found).
    pub fn cut_over(&mut self, now: Moment) -> Date {
        self.cut_over_to(self.ledger.today().next(), now);
        self.ledger.today()
    }

    fn forget_before(&mut self, date: Date) {
        let members = &mut self.members;
        self.records.forget_before(date, |transfer| {
            if let Some(bank) = members.get_mut(transfer.acquirer) {
                bank.forgotten = bank.forgotten.max(Some(transfer.transmitted));
            }
        });
    }

    /// Whether an unknown transfer may be a forgotten one.
    pub(super) fn may_be_forgotten(&self, transfer: &TransferRecord) -> bool {
        let bank = self.members.get(transfer.acquirer);
        bank.and_then(|bank| bank.forgotten).is_some_and(|latest| transfer.transmitted <= latest)
    }

    fn cut_over_to(&mut self, date: Date, now: Moment) {
        let closed = self.ledger.today();
        self.forget_before(closed);
        self.calendar.next = self.calendar.end_of(date);
        self.ledger.open(date);
        self.outputs.push_back(Output::DateClosed(closed));
        for member in self.members.signed_on() {
            self.send_cut_over(member, now);
        }
    }
}
