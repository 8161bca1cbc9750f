//! The auditor: looks at the wire, at core's postings and at the journal, and believes nobody.

use std::collections::{HashMap, HashSet};

use titian::engine::{Fact, Life, Repeat};
use titian::transfer::{
    Doubt, Evidence, Inbound, InboundFact, Input, Outbound, OutboundFact, Posting, ReversalSend,
    SettledBy, Side, Standing, Trace, Why,
};
use titian::values::{AccountNumber, Amount, Date, TransferId};

use crate::core::Core;
use crate::journal::{Journal, Lived};
use crate::switch::{Settled, wire_key};

#[derive(Default)]
pub(crate) struct Auditor {
    sent: HashMap<(u32, u64), TransferId>,
    reversed: HashSet<(u32, u64)>,
    told_failed: HashSet<u128>,
    told_settled: HashSet<u128>,
    firsts: HashMap<u128, TransferId>,
    heard: HashMap<(u32, u64), usize>,
    rrns: HashMap<String, TransferId>,
    /// What was asked for, by the transfer that it would be: the side, the account and the amount that core may be asked for.
    expected: HashMap<u128, Expected>,
    /// Who asked how which transfer stands.
    asked: HashMap<u128, TransferId>,
    /// The latest business date of a message.
    settles: Option<Date>,
}

/// A posting that a message asks for in the end.
pub(crate) type Asks = (Side, AccountNumber, Amount);

/// A posting that core may be asked for; none, where the channel debits.
type Expected = Option<Asks>;

fn has(journal: &Journal, id: TransferId, what: impl Fn(&Fact) -> bool) -> bool {
    journal.records(id).iter().any(|record| what(&record.fact))
}

impl Auditor {
    /// A channel or the switch asks for something.
    pub(crate) fn expects(&mut self, id: TransferId, expected: Expected) {
        self.expected.insert(id.0, expected);
    }

    /// Whether two messages ask for the same.
    pub(crate) fn is_the_same(&self, one: TransferId, other: TransferId) -> bool {
        self.expected[&one.0] == self.expected[&other.0]
    }

    /// No posting is asked for that the journal doesn't know of, or that nobody asked for.
    pub(crate) fn asks_posting(&self, journal: &Journal, posting: &Posting) {
        let asked_for = Some((posting.side, posting.account, posting.amount));
        assert_eq!(self.expected[&posting.id.0], asked_for, "{}: another posting", posting.id);
        let asked = has(journal, posting.id, |fact| {
            matches!(
                fact,
                Fact::Out(OutboundFact::DebitAsked { .. })
                    | Fact::In(InboundFact::PostingAsked { .. })
            )
        });
        assert!(asked, "{}: core is asked before the journal knows", posting.id);
    }

    /// No request leaves without a debit in core's books and the request in the journal, nor twice.
    pub(crate) fn sends(&mut self, journal: &Journal, core: &Core, id: TransferId, trace: Trace) {
        assert!(self.expected[&id.0].is_none() || core.stands(id), "{id}: sent without a debit");
        assert!(self.settles <= Some(trace.settles), "{id}: the business date went back");
        self.settles = Some(trace.settles);
        let ready = has(
            journal,
            id,
            |fact| matches!(fact, Fact::Out(OutboundFact::RequestReady { trace: ready, .. }) if *ready == trace),
        );
        assert!(ready, "{id}: sent before the journal knows");
        let before = self.sent.insert(wire_key(trace), id);
        assert_eq!(before, None, "{id}: a STAN is used twice in a second");
        self.goes_under(trace, id);
    }

    /// A question goes under numbers that nothing else went under.
    pub(crate) fn asks(&mut self, journal: &Journal, trace: Trace) {
        assert!(journal.counted.latest >= trace.at, "asked before the journal knows the numbers");
        let before = self.sent.insert(wire_key(trace), TransferId(0));
        assert_eq!(before, None, "a STAN is used twice in a second");
        self.goes_under(trace, TransferId(0));
    }

    fn goes_under(&mut self, trace: Trace, id: TransferId) {
        let before = self.rrns.insert(trace.rrn.to_string(), id);
        assert_eq!(before, None, "{id}: an RRN is used twice");
    }

    /// The transfer whose request went under an RRN.
    pub(crate) fn sent_under(&self, rrn: &str) -> TransferId {
        self.rrns[rrn]
    }

    /// A reversal is of what was sent, and a repeat of a reversal that was sent.
    pub(crate) fn reverses(&mut self, journal: &Journal, reversal: &ReversalSend) {
        let id = reversal.id;
        // After a crash a request is reversed that may never have left.
        let known = *self.rrns.entry(reversal.original.rrn.to_string()).or_insert(id);
        assert_eq!(known, id, "reversed under another's RRN");
        let ready = has(
            journal,
            id,
            |fact| matches!(fact, Fact::Out(OutboundFact::ReversalReady { trace }) if *trace == reversal.trace),
        );
        assert!(ready, "{id}: reversed before the journal knows");
        let first = self.reversed.insert(wire_key(reversal.trace));
        assert!(reversal.repeat || first, "{id}: the first reversal was sent twice");
    }

    /// The switch is not told that a credit is made before it is, and the journal knows.
    pub(crate) fn answers(journal: &Journal, core: &Core, id: TransferId, approved: bool) {
        if !approved {
            return;
        }
        let undone =
            has(journal, id, |fact| matches!(fact, Fact::In(InboundFact::UndoAsked { .. })));
        assert!(core.stands(id) || undone, "{id}: told approved without a posting");
        let known = has(journal, id, |fact| matches!(fact, Fact::In(InboundFact::Answered(_))));
        assert!(known, "{id}: answered before the journal knows");
    }

    /// A request that came again is answered with the transfer that the first one made.
    pub(crate) fn existing(&mut self, journal: &Journal, repeat: Repeat) {
        let Repeat { key, first: id, asked, .. } = repeat;
        assert!(!journal.records(id).is_empty(), "{id}: told of, and not in the journal");
        assert!(journal.records(asked).is_empty(), "{asked}: there before, and yet carried out");
        let first = *self.firsts.entry(key.0).or_insert(id);
        assert_eq!(first, id, "two transfers for one request");
    }

    /// What a channel is told at an end can't be taken back, but by two persons.
    pub(crate) fn told(&mut self, journal: &Journal, id: TransferId, standing: Standing) {
        let resolved =
            has(journal, id, |fact| matches!(fact, Fact::Out(OutboundFact::Resolved(_))));
        match standing {
            Standing::Settled => {
                let failed = self.told_failed.contains(&id.0);
                assert!(resolved || !failed, "{id}: failed, then settled");
                self.told_settled.insert(id.0);
            }
            Standing::GivenBack | Standing::Refused => {
                let settled = self.told_settled.contains(&id.0);
                assert!(resolved || !settled, "{id}: settled, then {standing:?}");
                self.told_failed.insert(id.0);
            }
            Standing::Initiated | Standing::Paying | Standing::Pending | Standing::GivingBack => {}
        }
    }

    /// How a transfer stands is told as it is durable.
    pub(crate) fn stands(&mut self, journal: &Journal, asked: TransferId, life: Option<&Life>) {
        let about = self.asked.remove(&asked.0).expect("somebody asked");
        let Some(life) = life else { return };
        let mut state = None;
        let is_durable = journal.records(about).iter().any(|record| {
            state = Some(Life::fold(state.take(), &record.fact, record.at).unwrap());
            state.as_ref() == Some(life)
        });
        assert!(is_durable, "{about}: told {life:?}, which is not durable");
    }

    /// Somebody asks how a transfer stands.
    pub(crate) fn asks_how(&mut self, asked: TransferId, about: TransferId) {
        self.asked.insert(asked.0, about);
    }

    /// An answer reached the program. One under a time of the switch's own may have the numbers of what is sent later.
    pub(crate) fn hears(&mut self, journal: &Journal, trace: Trace) {
        if journal.by_trace(trace).is_some() {
            *self.heard.entry(wire_key(trace)).or_default() += 1;
        }
    }

    /// Every answer that was heard is on the record of its transfer, once.
    pub(crate) fn evidence(&self, journal: &Journal, lives: &[Lived]) {
        for (id, ..) in lives {
            let mut heard = 0;
            let mut recorded = 0;
            let mut refunding = false;
            let mut under = HashSet::new();
            for record in journal.records(*id) {
                let Fact::Out(fact) = &record.fact else { continue };
                match fact {
                    OutboundFact::RequestReady { trace, .. }
                    | OutboundFact::ReversalReady { trace } => {
                        // A reversal may go under the numbers of its original.
                        let first = under.insert(wire_key(*trace));
                        let known = self.heard.get(&wire_key(*trace)).filter(|_| first);
                        heard += known.copied().unwrap_or_default();
                    }
                    OutboundFact::RefundAsked { why: Why::Declined(_) | Why::Reversed, .. } => {
                        recorded += usize::from(!std::mem::replace(&mut refunding, true));
                    }
                    OutboundFact::Settled(SettledBy::Answer(_))
                    | OutboundFact::Doubted { doubt: Doubt::Code(_), .. }
                    | OutboundFact::ReversalNotFound(_)
                    | OutboundFact::ReversalUnclear(_)
                    | OutboundFact::Contradicted(Evidence::Answer(_))
                    | OutboundFact::Late(_)
                    | OutboundFact::Repeated(_)
                    | OutboundFact::Mismatched(_)
                    | OutboundFact::Unexpected(
                        Input::Answer(_) | Input::ReversalAnswer(_) | Input::StatusAnswer(_),
                    ) => recorded += 1,
                    _ => {}
                }
            }
            assert_eq!(heard, recorded, "{id}: answers heard and answers on record");
        }
    }

    /// The RRN that a transfer's request went under, if it has one.
    pub(crate) fn rrn(journal: &Journal, id: TransferId) -> Option<String> {
        journal.records(id).iter().find_map(|record| match &record.fact {
            Fact::Out(OutboundFact::RequestReady { trace, .. }) => Some(trace.rrn.to_string()),
            _ => None,
        })
    }

    /// The books of bank, adapter and switch say the same of a transfer that left, of which the switch says this.
    pub(crate) fn outbound(
        &self,
        (journal, core): (&Journal, &Core),
        (id, life): (TransferId, &Outbound),
        at_switch: Settled,
        pays: bool,
    ) {
        let moved = at_switch.stands();
        let settled = matches!(life, Outbound::Settled { .. });
        let twice = matches!(life, Outbound::PaidTwice(_));
        // Only persons who were hasty can have told a channel what is not true; others have said so since.
        let resolved = journal
            .records(id)
            .iter()
            .filter(|record| matches!(record.fact, Fact::Out(OutboundFact::Resolved(_))));
        let hasty = resolved.count() >= 2;
        let untrue = if moved { &self.told_failed } else { &self.told_settled };
        assert!(hasty || !(twice || untrue.contains(&id.0)), "{id}: told what is not true");
        assert_eq!(moved, settled || twice, "{id}: the switch has {at_switch:?}: {life:?}");
        let minor = i64::try_from(life.order().amount.minor()).unwrap();
        let whole = if pays {
            Settled { out: minor, within: 0 }
        } else {
            Settled { out: 0, within: minor }
        };
        assert!(!moved || at_switch == whole, "{id}: the switch has {at_switch:?}: {life:?}");
        let asked = self.expected[&id.0].is_some();
        assert_eq!(core.stands(id), settled && asked, "{id}: core has otherwise: {life:?}");
    }

    /// The same of a transfer that came.
    pub(crate) fn inbound(core: &Core, (id, life): (TransferId, &Inbound), at_switch: Settled) {
        let (stands, approved) = (core.stands(id), matches!(life, Inbound::Approved { .. }));
        assert_eq!(stands, approved, "{id}: {life:?}");
        let demand = life.demand();
        let minor = i64::try_from(demand.amount.minor()).unwrap();
        let whole = match demand.side {
            _ if !stands => Settled::default(),
            Side::Credit => Settled { out: 0, within: minor },
            Side::Debit => Settled { out: minor, within: 0 },
        };
        assert_eq!(at_switch, whole, "{id}: the switch has otherwise: {life:?}");
    }
}
