//! The mutants: what each of them breaks, and where.

/// A deliberate error in the program, as a replacement of a text in a source file.
pub(crate) struct Mutant {
    pub(crate) name: &'static str,
    /// What the error does.
    pub(crate) breaks: &'static str,
    pub(crate) file: &'static str,
    /// The text that is replaced. It occurs exactly once in the file.
    pub(crate) text: &'static str,
    /// What replaces it. `ACTIVE` stands for the question whether this mutant is active.
    pub(crate) replacement: &'static str,
}

pub(crate) const MUTANTS: [Mutant; 37] = [
    Mutant {
        name: "send_before_commit",
        breaks: "releases effects before their facts are durable",
        file: "src/engine/batch.rs",
        text: "        self.released.pop_front()",
        replacement: "
        if ACTIVE {
            self.released.extend(self.open.outputs.drain(..));
        }
        self.released.pop_front()",
    },
    Mutant {
        name: "refund_on_not_found",
        breaks: "takes one 'not found' to a reversal as proof that the transfer is reversed",
        file: "src/transfer/outbound/builder.rs",
        text: "            ReversalClass::NotFound => self.record(Fact::ReversalNotFound(*response)),",
        replacement: "
            ReversalClass::NotFound if ACTIVE => self.refund(RefundReason::Reversed),
            ReversalClass::NotFound => self.record(Fact::ReversalNotFound(*response)),",
    },
    Mutant {
        name: "skip_bar_on_reversal",
        breaks: "does not bar the original request when its reversal comes first",
        file: "src/engine/admission.rs",
        text: "        self.decision.bar(request, by, &mut context);",
        replacement: "
        self.decision.bar(request, by, &mut context);
        if matches!(by, BarCause::Reversal { .. }) && ACTIVE {
            let (_, effects) = self.decision.take();
            self.batches.open.outputs.extend(effects.map(Output::Effect));
            return;
        }",
    },
    Mutant {
        name: "skip_bar_on_status_inquiry",
        breaks: "does not bar the original request when a status inquiry about it comes first",
        file: "src/engine/admission.rs",
        text: "        self.decision.bar(request, by, &mut context);",
        replacement: "
        self.decision.bar(request, by, &mut context);
        if by == BarCause::StatusInquiry && ACTIVE {
            let (_, effects) = self.decision.take();
            self.batches.open.outputs.extend(effects.map(Output::Effect));
            return;
        }",
    },
    Mutant {
        name: "match_by_stan_alone",
        breaks: "matches responses by the STAN alone",
        file: "src/engine/live.rs",
        text: "pub(super) fn trace_key(trace: TraceNumbers) -> u128 {",
        replacement: "
pub(super) fn trace_key(trace: TraceNumbers) -> u128 {
    if ACTIVE {
        return u128::from(trace.stan.number());
    }",
    },
    Mutant {
        name: "drop_late_response",
        breaks: "drops a late response",
        file: "src/transfer/outbound/builder.rs",
        text: "        self.check_for_conflict(response, self.context.rules.classes.of(response.code));",
        replacement: "
        if ACTIVE {
            return;
        }
        self.check_for_conflict(response, self.context.rules.classes.of(response.code));",
    },
    Mutant {
        name: "resend_after_restart",
        breaks: "sends a request that was ready before a crash again",
        file: "src/transfer/outbound/decide.rs",
        text: "            State::ReadyToSend(_) => builder.ready_to_send(input),",
        replacement: "
            State::ReadyToSend(dispatch) if *input == OutboundInput::Restarted && ACTIVE => {
                let Dispatch { trace, due, receipt } = dispatch;
                let request = crate::transfer::FundedRequest::new(
                    Arc::clone(order), *trace, *due, receipt,
                );
                builder.emit(crate::transfer::Effect::SendRequest(request));
            }
            State::ReadyToSend(_) => builder.ready_to_send(input),",
    },
    Mutant {
        name: "reject_without_cancel",
        breaks: "rejects a transfer without cancelling a debit whose outcome is unknown",
        file: "src/transfer/outbound/decide.rs",
        text: "            OutboundInput::Due => self.cancel_debit(CancelReason::OutcomeUnknown, None),",
        replacement: "
            OutboundInput::Due if ACTIVE => self.reject(RejectionReason::Barred),
            OutboundInput::Due => self.cancel_debit(CancelReason::OutcomeUnknown, None),",
    },
    Mutant {
        name: "settle_on_unknown_code",
        breaks: "takes an unknown response code for an approval",
        file: "src/transfer/outbound/decide.rs",
        text: "                ResponseClass::Unknown | ResponseClass::Retry => {
                    self.mark_unknown(UnknownCause::ResponseCode(response.code));",
        replacement: "
                ResponseClass::Unknown if ACTIVE => {
                    self.settle(SettledBy::Response(response.code));
                }
                ResponseClass::Unknown | ResponseClass::Retry => {
                    self.mark_unknown(UnknownCause::ResponseCode(response.code));",
    },
    Mutant {
        name: "ignore_mismatch",
        breaks: "accepts a response for another amount",
        file: "src/transfer/outbound/decide.rs",
        text: "            OutboundInput::Response(response) if !response.matches(self.order) => {",
        replacement: "
            OutboundInput::Response(response) if !response.matches(self.order) && !ACTIVE => {",
    },
    Mutant {
        name: "execute_duplicate",
        breaks: "executes a duplicate request",
        file: "src/engine.rs",
        text: "        for earlier in existing {",
        replacement: "
        for earlier in existing.iter().filter(|_| !ACTIVE) {",
    },
    Mutant {
        name: "reuse_trace_numbers",
        breaks: "restarts the trace numbers from zero after a crash",
        file: "src/engine/trace_numbers.rs",
        text: "        let latest = watermark.latest_transmission.max(now);
        Self {",
        replacement: "
        let next = if ACTIVE { 0 } else { watermark.next };
        let watermark = TraceWatermark { next, ..watermark };
        let latest = watermark.latest_transmission.max(now);
        Self {",
    },
    Mutant {
        name: "refund_on_unknown_outcome",
        breaks: "refunds the customer when no response comes",
        file: "src/transfer/outbound/builder.rs",
        text: "        self.record(Fact::OutcomeUnknown { cause, due: self.context.now });",
        replacement: "
        if ACTIVE {
            return self.refund(RefundReason::NotSent);
        }
        self.record(Fact::OutcomeUnknown { cause, due: self.context.now });",
    },
    Mutant {
        name: "approve_before_posting",
        breaks: "approves an inbound credit before core has posted it",
        file: "src/transfer/inbound/builder.rs",
        text: "        let posting = Posting { id, side, account, amount, counterparty, reverses: None };",
        replacement: "
        let posting = Posting { id, side, account, amount, counterparty, reverses: None };
        if ACTIVE {
            let code = self.context.rules.inbound.approved;
            self.send_response(MessageKind::Request, id, code);
        }",
    },
    Mutant {
        name: "skip_reversal_retry",
        breaks: "asks core only once to cancel an inbound credit",
        file: "src/transfer/inbound/decide.rs",
        text: "            Input::Due => self.request_reversal(cause, Some(cancel)),",
        replacement: "
            Input::Due if ACTIVE => {}
            Input::Due => self.request_reversal(cause, Some(cancel)),",
    },
    Mutant {
        name: "settle_twice",
        breaks: "decides a fact that is not possible in the state",
        file: "src/transfer/outbound/builder.rs",
        text: "        self.record(Fact::Settled(by));",
        replacement: "
        self.record(Fact::Settled(by));
        if ACTIVE {
            self.record(Fact::Settled(by));
        }",
    },
    Mutant {
        name: "approve_inquiry_unasked",
        breaks: "responds to an inquiry before core has replied",
        file: "src/engine/inquiries.rs",
        text: "            Direction::Inbound => self.put(Output::RequestAccount(inquiry.id, inquiry.account)),",
        replacement: "
            Direction::Inbound if ACTIVE => {
                let approved = self.rules.inbound.approved;
                let outcome = InquiryOutcome::Approved(approved, AccountDetails::default());
                self.end_inquiry(inquiry.id, Direction::Inbound, outcome);
            }
            Direction::Inbound => self.put(Output::RequestAccount(inquiry.id, inquiry.account)),",
    },
    Mutant {
        name: "forget_during_lookup",
        breaks: "removes a closed transfer from memory while a lookup of it may be open",
        file: "src/engine/live.rs",
        text: "closed.batch <= durable && closed.lookups <= oldest;",
        replacement: "closed.batch <= durable && closed.lookups <= oldest || ACTIVE;",
    },
    Mutant {
        name: "status_decline_as_request_decline",
        breaks: "takes the decline of a status inquiry for a decline of the transfer",
        file: "src/transfer/outbound/builder.rs",
        text: "            AfterUnknown::Hold(rules) => rules.classes.of(response.code),",
        replacement: "
            AfterUnknown::Hold(_) if ACTIVE => self.context.rules.classes.of(response.code),
            AfterUnknown::Hold(rules) => rules.classes.of(response.code),",
    },
    Mutant {
        name: "debit_wrong_account",
        breaks: "debits another account than the one that pays",
        file: "src/transfer/outbound/builder.rs",
        text: "        let posting = Posting { id, side: Side::Debit, account, amount, counterparty, reverses };",
        replacement: "
        let account = if ACTIVE { self.order.to } else { account };
        let posting = Posting { id, side: Side::Debit, account, amount, counterparty, reverses };",
    },
    Mutant {
        name: "ignore_request_mismatch",
        breaks: "treats a different request with the same trace numbers as a repeat",
        file: "src/transfer/inbound/decide.rs",
        text: "            && !self.is_matched_by(message)",
        replacement: "
            && !self.is_matched_by(message)
            && !ACTIVE",
    },
    Mutant {
        name: "match_by_millisecond",
        breaks: "matches inquiry responses by the millisecond, which the wire does not carry",
        file: "src/engine/open_inquiries.rs",
        text: "use super::live::{IdHasher, trace_key};",
        replacement: "
use super::live::IdHasher;

fn trace_key(trace: TraceNumbers) -> u128 {
    let millis = if ACTIVE { trace.transmitted_at.millis() % 1000 } else { 0 };
    super::live::trace_key(trace) | u128::from(millis) << 112
}",
    },
    Mutant {
        name: "swap_withdrawal_accounts",
        breaks: "swaps the two accounts in a request for cash",
        file: "src/network/encoding.rs",
        text: "            Some(Side::Debit) => MessageValues {",
        replacement: "
            Some(Side::Debit) if ACTIVE => values,
            Some(Side::Debit) => MessageValues {",
    },
    Mutant {
        name: "confirm_unknown_original",
        breaks: "confirms a reversal whose original it does not find",
        file: "src/engine/reversals.rs",
        text: "        let Some(key) = reversal.barred_key() else { return self.refuse_reversal(reversal, now) };",
        replacement: "
        let key = match reversal.barred_key() {
            None if ACTIVE => reversal.key,
            None => return self.refuse_reversal(reversal, now),
            Some(key) => key,
        };",
    },
    Mutant {
        name: "ignore_replacement",
        breaks: "ignores the actual amount (DE95) of a partial reversal",
        file: "src/network/reading/reversals.rs",
        text: "        let actual = self.actual_amount(message, request.amount)?;",
        replacement: "
        let actual =
            if ACTIVE { None } else { self.actual_amount(message, request.amount)? };",
    },
    Mutant {
        name: "return_actual_amount",
        breaks: "returns the actual amount of a partial reversal instead of the rest",
        file: "src/transfer/inbound/decide.rs",
        text: "            Some(actual) => match self.request.amount.checked_sub(actual) {",
        replacement: "
            Some(actual) => match if ACTIVE { Ok(actual) } else { self.request.amount.checked_sub(actual) } {",
    },
    Mutant {
        name: "book_misrouted",
        breaks: "posts a request that names another bank",
        file: "src/network/reading/checks.rs",
        text: "        self.check_receiver(message)?;",
        replacement: "
        if !ACTIVE {
            self.check_receiver(message)?;
        }",
    },
    Mutant {
        name: "book_own_request",
        breaks: "posts a request that our own bank acquired",
        file: "src/network/reading/checks.rs",
        text: "            return Err(ReadError::OwnRequest);",
        replacement: "
            if !ACTIVE {
                return Err(ReadError::OwnRequest);
            }",
    },
    Mutant {
        name: "confirm_refused_date",
        breaks: "confirms a business date that it does not take",
        file: "src/engine/cut_over.rs",
        text: "    pub const fn is_done(&self) -> bool {",
        replacement: "
    pub fn is_done(&self) -> bool {
        if ACTIVE {
            return true;
        }",
    },
    Mutant {
        name: "forget_reversal_response",
        breaks: "gives the repeat of a reversal another response than the first",
        file: "src/transfer/inbound/decide.rs",
        text: "                        if is_repeat { codes.approved } else { codes.already_reversed }",
        replacement: "
                        if is_repeat && !ACTIVE { codes.approved } else { codes.already_reversed }",
    },
    Mutant {
        name: "approve_after_reversal",
        breaks: "approves the repeat of a request that was reversed meanwhile",
        file: "src/transfer/inbound/decide.rs",
        text: "                    | ReversalCause::ReversedBeforeResponse { .. } => codes.request_after_reversal,",
        replacement: "
                    | ReversalCause::ReversedBeforeResponse { .. } => {
                        if ACTIVE { codes.approved } else { codes.request_after_reversal }
                    }",
    },
    Mutant {
        name: "refuse_odd_name",
        breaks: "discards a message with one odd byte in a name",
        file: "src/network/leniency.rs",
        text: "            ) => !self.strict.contains(de),",
        replacement: "            ) => !self.strict.contains(de) && !ACTIVE,",
    },
    Mutant {
        name: "approve_own_proposal",
        breaks: "lets a maker approve the own proposal",
        file: "src/control/proposal.rs",
        text: "        if actor.person == self.maker {",
        replacement: "        if actor.person == self.maker && !ACTIVE {",
    },
    Mutant {
        name: "approve_stale_proposal",
        breaks: "runs a proposal whose target has changed since",
        file: "src/control/proposal.rs",
        text: "**now != Some(against.version);",
        replacement: "**now != Some(against.version) && !ACTIVE;",
    },
    Mutant {
        name: "approve_expired_proposal",
        breaks: "runs a proposal after its end",
        file: "src/control/proposal.rs",
        text: "            ProposalState::Open if now < self.expires_at => Ok(()),",
        replacement: "            ProposalState::Open if now < self.expires_at || ACTIVE => Ok(()),",
    },
    Mutant {
        name: "send_after_closing",
        breaks: "sends a request that was admitted before a closing",
        file: "src/engine/controls.rs",
        text: "        !is_closed && admission.still_admit(&work, account, now).is_ok()",
        replacement: "        !is_closed && admission.still_admit(&work, account, now).is_ok() || ACTIVE",
    },
    Mutant {
        name: "loosen_alone",
        breaks: "lets one person replace a restriction by a looser one",
        file: "src/control/decide.rs",
        text: "        if old.is_looser_or_equal(new) {",
        replacement: "        if old.is_looser_or_equal(new) || ACTIVE {",
    },
];
