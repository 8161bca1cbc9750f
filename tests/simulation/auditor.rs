//! The auditor: checks the wire, the postings of core and the journal against each other.

use std::collections::{HashMap, HashSet};

use titian::engine::{DuplicateRequest, Fact, Transfer};
use titian::transfer::{
    Evidence, InboundFact, InboundState, InboundStatus, InboundTransfer, OutboundFact,
    OutboundInput, OutboundState, OutboundTransfer, OutgoingReversal, Posting, RefundReason, Rules,
    SettledBy, Side, StatusReport, TraceNumbers, TransferStatus, UnknownCause,
};
use titian::values::{AccountNumber, Amount, Date, ProcessingCode, TransferId};

use super::core::Core;
use super::journal::{Journal, JournalTransfer};
use super::switch::{Settled, wire_key};

#[derive(Default)]
pub(crate) struct Auditor {
    sent: HashMap<(u32, u64), TransferId>,
    reversed: HashSet<(u32, u64)>,
    reported_failed: HashSet<u128>,
    reported_settled: HashSet<u128>,
    originals: HashMap<u128, TransferId>,
    received: HashMap<(u32, u64), usize>,
    rrns: HashMap<String, TransferId>,
    /// The posting that each message asks for, by transfer id: side, account and amount.
    expected: HashMap<u128, Expected>,
    /// The transfer of each status query.
    status_queries: HashMap<u128, TransferId>,
    /// The latest business date of a request.
    settlement_date: Option<Date>,
    /// Until when requests may have the date before a correction, in milliseconds.
    corrected_until: u64,
}

/// The posting that a message asks for.
pub(crate) type ExpectedPosting = (Side, AccountNumber, Amount);

/// The posting that core may get. `None` if the channel debits.
type Expected = Option<ExpectedPosting>;

fn has(journal: &Journal, id: TransferId, what: impl Fn(&Fact) -> bool) -> bool {
    journal.records(id).iter().any(|record| what(&record.fact))
}

impl Auditor {
    /// Records what a message of a channel or of the switch asks for.
    pub(crate) fn expect_posting(&mut self, id: TransferId, expected: Expected) {
        self.expected.insert(id.0, expected);
    }

    /// Whether two messages ask for the same posting.
    pub(crate) fn is_same_posting(&self, one: TransferId, other: TransferId) -> bool {
        self.expected[&one.0] == self.expected[&other.0]
    }

    /// Checks a posting command: a message asked for it, and the journal has its fact.
    pub(crate) fn check_posting(&self, journal: &Journal, posting: &Posting) {
        if let Some(original) = posting.reverses {
            let is_durable = has(journal, original, |fact| match fact {
                Fact::Inbound(InboundFact::PartialReversalRequested { part, .. }) => {
                    (part.posting_id, part.returned) == (posting.id, posting.amount)
                }
                _ => false,
            });
            return assert!(is_durable, "{original}: a part goes back before its fact is durable");
        }
        let posted = Some((posting.side, posting.account, posting.amount));
        assert_eq!(self.expected[&posting.id.0], posted, "{}: a different posting", posting.id);
        let is_durable = has(journal, posting.id, |fact| {
            matches!(
                fact,
                Fact::Outbound(OutboundFact::DebitRequested { .. })
                    | Fact::Inbound(InboundFact::PostingRequested { .. })
            )
        });
        assert!(is_durable, "{}: the command is sent before its fact is durable", posting.id);
    }

    /// Checks an outgoing request: core has the debit, the journal has the fact, and it is sent once.
    pub(crate) fn check_request(
        &mut self,
        journal: &Journal,
        core: &Core,
        id: TransferId,
        trace: TraceNumbers,
        now: u64,
    ) {
        assert!(self.expected[&id.0].is_none() || core.is_posted(id), "{id}: sent without a debit");
        if now >= self.corrected_until {
            assert!(
                self.settlement_date <= Some(trace.settlement_date),
                "{id}: the business date went backwards"
            );
            self.settlement_date = Some(trace.settlement_date);
        }
        let ready = has(
            journal,
            id,
            |fact| matches!(fact, Fact::Outbound(OutboundFact::RequestReady { trace: ready, .. }) if *ready == trace),
        );
        assert!(ready, "{id}: sent before its fact is durable");
        let before = self.sent.insert(wire_key(trace), id);
        assert_eq!(before, None, "{id}: a STAN is used twice within a second");
        self.use_rrn(trace, id);
    }

    /// Records that the switch has corrected the business date to an earlier one.
    pub(crate) fn correct_date(&mut self, date: Date, until: u64) {
        self.settlement_date = self.settlement_date.min(Some(date));
        self.corrected_until = until;
    }

    /// Checks an inquiry: no other message has its trace numbers.
    pub(crate) fn check_inquiry(&mut self, journal: &Journal, trace: TraceNumbers) {
        assert!(
            journal.watermark.latest_transmission >= trace.transmitted_at,
            "sent before the watermark is durable"
        );
        let before = self.sent.insert(wire_key(trace), TransferId(0));
        assert_eq!(before, None, "a STAN is used twice within a second");
        self.use_rrn(trace, TransferId(0));
    }

    fn use_rrn(&mut self, trace: TraceNumbers, id: TransferId) {
        let before = self.rrns.insert(trace.rrn.to_string(), id);
        assert_eq!(before, None, "{id}: an RRN is used twice");
    }

    /// Returns the transfer whose request has an RRN.
    pub(crate) fn transfer_by_rrn(&self, rrn: &str) -> TransferId {
        self.rrns[rrn]
    }

    /// Checks a reversal: its request was sent, and a repeat follows a first reversal.
    pub(crate) fn check_reversal(&mut self, journal: &Journal, reversal: &OutgoingReversal) {
        let id = reversal.order.id;
        // After a crash the adapter also reverses a request that may never have been sent.
        let known = *self.rrns.entry(reversal.original.rrn.to_string()).or_insert(id);
        assert_eq!(known, id, "reversed with the RRN of another transfer");
        let ready = has(
            journal,
            id,
            |fact| matches!(fact, Fact::Outbound(OutboundFact::ReversalReady { trace }) if *trace == reversal.trace),
        );
        assert!(ready, "{id}: reversed before its fact is durable");
        let first = self.reversed.insert(wire_key(reversal.trace));
        assert!(reversal.is_repeat || first, "{id}: the first reversal was sent twice");
    }

    /// Checks an approval of an inbound request: core has the posting, and the journal has the response.
    pub(crate) fn check_response(
        journal: &Journal,
        core: &Core,
        id: TransferId,
        is_approved: bool,
    ) {
        if !is_approved {
            return;
        }
        let is_reversing = has(journal, id, |fact| {
            matches!(fact, Fact::Inbound(InboundFact::ReversalRequested { .. }))
        });
        assert!(core.is_posted(id) || is_reversing, "{id}: approved without a posting");
        let known =
            has(journal, id, |fact| matches!(fact, Fact::Inbound(InboundFact::Responded(_))));
        assert!(known, "{id}: responded before its fact is durable");
    }

    /// Checks a duplicate: its outcome is that of the first transfer.
    pub(crate) fn check_duplicate(&mut self, journal: &Journal, duplicate: DuplicateRequest) {
        let DuplicateRequest { key, original_id: id, duplicate_id, .. } = duplicate;
        assert!(!journal.records(id).is_empty(), "{id}: not in the journal");
        assert!(
            journal.records(duplicate_id).is_empty(),
            "{duplicate_id}: a duplicate was executed"
        );
        let first = *self.originals.entry(key.0).or_insert(id);
        assert_eq!(first, id, "two transfers for one request");
    }

    /// Checks a notification: it reports a durable state, and a final status changes only through a manual resolution.
    pub(crate) fn check_notification(
        &mut self,
        journal: &Journal,
        rules: &Rules,
        report: &StatusReport,
    ) {
        let (id, status) = (report.order.id, report.status);
        let is_report_of = |transfer: &Transfer| matches!(transfer, Transfer::Outbound(transfer) if transfer.report(rules) == *report);
        assert!(journal.has_state(id, is_report_of), "{id}: {report:?} is not durable");
        let resolved =
            has(journal, id, |fact| matches!(fact, Fact::Outbound(OutboundFact::Resolved(_))));
        match status {
            TransferStatus::Settled => {
                let failed = self.reported_failed.contains(&id.0);
                assert!(resolved || !failed, "{id}: failed, then settled");
                self.reported_settled.insert(id.0);
            }
            TransferStatus::Refunded | TransferStatus::Rejected => {
                let settled = self.reported_settled.contains(&id.0);
                assert!(resolved || !settled, "{id}: settled, then {status:?}");
                self.reported_failed.insert(id.0);
            }
            TransferStatus::Initiated
            | TransferStatus::Processing
            | TransferStatus::Pending
            | TransferStatus::Refunding => {}
        }
    }

    /// Checks that a status of an inbound transfer is counted for its service after its fact.
    pub(crate) fn check_count(
        journal: &Journal,
        id: TransferId,
        kind: ProcessingCode,
        status: InboundStatus,
    ) {
        let is_counted = |transfer: &Transfer| match transfer {
            Transfer::Inbound(transfer) => transfer.request().kind == kind,
            Transfer::Outbound(_) => false,
        };
        assert!(journal.has_state(id, is_counted), "{id}: {status:?} is counted for {kind}");
        let is_reached = has(journal, id, |fact| match status {
            InboundStatus::Settled | InboundStatus::Rejected => {
                matches!(fact, Fact::Inbound(InboundFact::Responded(_)))
            }
            InboundStatus::Reversed => matches!(fact, Fact::Inbound(InboundFact::Reversed(_))),
            InboundStatus::PartiallyReversed => {
                matches!(fact, Fact::Inbound(InboundFact::PartiallyReversed))
            }
        });
        assert!(is_reached, "{id}: {status:?} is counted before its fact is durable");
    }

    /// Checks the answer to a status query: the state is durable.
    pub(crate) fn check_status(
        &mut self,
        journal: &Journal,
        query_id: TransferId,
        transfer: Option<&Transfer>,
    ) {
        let transfer_id = self.status_queries.remove(&query_id.0).expect("a status query");
        let Some(transfer) = transfer else { return };
        let is_durable = journal.has_state(transfer_id, |state| state == transfer);
        assert!(is_durable, "{transfer_id}: {transfer:?} is not durable");
    }

    /// Records a status query.
    pub(crate) fn expect_status_query(&mut self, query_id: TransferId, transfer_id: TransferId) {
        self.status_queries.insert(query_id.0, transfer_id);
    }

    /// Counts a response that reached the adapter. A response with the transmission time of the switch may have the trace numbers of a
    /// later message.
    pub(crate) fn count_response(&mut self, journal: &Journal, trace: TraceNumbers) {
        if journal.by_trace(trace).is_some() {
            *self.received.entry(wire_key(trace)).or_default() += 1;
        }
    }

    /// Checks that every response is recorded once in its transfer.
    pub(crate) fn check_recorded_responses(
        &self,
        journal: &Journal,
        transfers: &[JournalTransfer],
    ) {
        for (id, ..) in transfers {
            let mut received = 0;
            let mut recorded = 0;
            let mut refunding = false;
            let mut under = HashSet::new();
            for record in journal.records(*id) {
                let Fact::Outbound(fact) = &record.fact else { continue };
                match fact {
                    OutboundFact::RequestReady { trace, .. }
                    | OutboundFact::ReversalReady { trace } => {
                        // A reversal may have the trace numbers of its original.
                        let first = under.insert(wire_key(*trace));
                        let known = self.received.get(&wire_key(*trace)).filter(|_| first);
                        received += known.copied().unwrap_or_default();
                    }
                    OutboundFact::RefundRequested {
                        reason: RefundReason::Declined(_) | RefundReason::Reversed,
                        ..
                    } => {
                        recorded += usize::from(!std::mem::replace(&mut refunding, true));
                    }
                    OutboundFact::Settled(SettledBy::Response(_))
                    | OutboundFact::OutcomeUnknown {
                        cause: UnknownCause::ResponseCode(_), ..
                    }
                    | OutboundFact::ReversalNotFound(_)
                    | OutboundFact::ReversalUnclear(_)
                    | OutboundFact::ConflictingOutcome(Evidence::Response(_))
                    | OutboundFact::LateResponse(_)
                    | OutboundFact::RepeatedResponse(_)
                    | OutboundFact::MismatchedResponse(_)
                    | OutboundFact::UnexpectedInput(
                        OutboundInput::Response(_)
                        | OutboundInput::ReversalResponse(_)
                        | OutboundInput::StatusResponse(_),
                    ) => recorded += 1,
                    _ => {}
                }
            }
            assert_eq!(received, recorded, "{id}: received and recorded responses differ");
        }
    }

    /// Returns the RRN of a transfer's request, if it has one.
    pub(crate) fn rrn(journal: &Journal, id: TransferId) -> Option<String> {
        journal.records(id).iter().find_map(|record| match &record.fact {
            Fact::Outbound(OutboundFact::RequestReady { trace, .. }) => Some(trace.rrn.to_string()),
            _ => None,
        })
    }

    /// Checks that core, the adapter and the switch agree about an outbound transfer.
    pub(crate) fn check_outbound(
        &self,
        (journal, core): (&Journal, &Core),
        (id, transfer): (TransferId, &OutboundTransfer),
        at_switch: Settled,
        is_payment: bool,
    ) {
        let moved = at_switch.is_moved();
        let settled = matches!(transfer.state(), OutboundState::Settled { .. });
        let twice = matches!(transfer.state(), OutboundState::PaidTwice(_));
        // Only an early manual resolution can have reported a false status. A second resolution has corrected it.
        let resolved = journal
            .records(id)
            .iter()
            .filter(|record| matches!(record.fact, Fact::Outbound(OutboundFact::Resolved(_))));
        let is_corrected = resolved.count() >= 2;
        let false_reports = if moved { &self.reported_failed } else { &self.reported_settled };
        assert!(
            is_corrected || !(twice || false_reports.contains(&id.0)),
            "{id}: a false status was reported"
        );
        assert_eq!(moved, settled || twice, "{id}: the switch has {at_switch:?}: {transfer:?}");
        let minor = i64::try_from(transfer.order().amount.minor()).unwrap();
        let expected = if is_payment {
            Settled { outbound: minor, inbound: 0 }
        } else {
            Settled { outbound: 0, inbound: minor }
        };
        assert!(
            !moved || at_switch == expected,
            "{id}: the switch has {at_switch:?}: {transfer:?}"
        );
        let is_core_debit = self.expected[&id.0].is_some();
        assert_eq!(
            core.is_posted(id),
            settled && is_core_debit,
            "{id}: core differs: {transfer:?}"
        );
        let written_off = transfer.properties().sums(transfer.order().amount).written_off;
        let is_lost = moved && !core.is_posted(id) && is_core_debit;
        assert_eq!(
            written_off > 0,
            is_lost || twice,
            "{id}: the books do not show the loss: {transfer:?}"
        );
    }

    /// Checks that core, the adapter and the switch agree about an inbound transfer.
    pub(crate) fn check_inbound(
        core: &Core,
        (id, transfer): (TransferId, &InboundTransfer),
        at_switch: Settled,
    ) {
        let kept = core.kept(id);
        // What our customer has, and the other bank has too.
        let lost = match transfer.state() {
            InboundState::WrittenOff { .. } => transfer.request().amount.minor(),
            InboundState::PartWrittenOff { part, .. } => part.returned.minor(),
            InboundState::Approved { .. } | InboundState::PartiallyReversed { .. } => 0,
            _ => {
                return assert_eq!(
                    (kept, at_switch),
                    (0, Settled::default()),
                    "{id}: {transfer:?}"
                );
            }
        };
        let request = transfer.request();
        assert!(core.is_posted(id), "{id}: {transfer:?}");
        let written_off = transfer.properties().sums(request.amount).written_off;
        assert_eq!(written_off, lost.into(), "{id}: the books do not show the loss: {transfer:?}");
        let minor = i64::try_from(kept - lost).unwrap();
        let expected = match request.side {
            Side::Credit => Settled { outbound: 0, inbound: minor },
            Side::Debit => Settled { outbound: minor, inbound: 0 },
        };
        assert_eq!(at_switch, expected, "{id}: the switch differs: {transfer:?}");
    }
}
