//! The auditor of restrictions: what was in force when work began or left, by the durable acts alone. It has a match of scopes of its own.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use titian::control::{
    ActDone, ActRequest, Cause, Control, Limits, Mode, Names, PersonId, Restricted, Restriction,
};
use titian::engine::{Fact, RecordedFact};
use titian::transfer::{
    DualControl, InboundFact, InboundRequest, Inquiry, Order, OutboundFact, Refusal, Resolution,
};
use titian::values::{
    Direction, Institution, Moment, ProcessingCode, Reference, ResponseCode, TransferId,
};

use super::acts::Acts;
use super::journal::Journal;

/// New work, as the auditor sees it.
#[derive(Clone)]
pub(crate) struct NewWork {
    kind: ProcessingCode,
    direction: Direction,
    bank: Institution,
    partner: Option<Reference>,
    /// The number of our customer's account.
    account: u64,
    minor: Option<u64>,
}

impl NewWork {
    pub(crate) fn of_order(order: &Order) -> Self {
        Self {
            kind: order.kind,
            direction: Direction::Outbound,
            bank: order.counterparty,
            partner: order.details.channel.as_ref().map(|channel| channel.partner.clone()),
            account: order.from.reveal().parse().unwrap(),
            minor: Some(order.amount.minor()),
        }
    }

    pub(crate) fn of_request(request: &InboundRequest) -> Self {
        Self {
            kind: request.kind,
            direction: Direction::Inbound,
            bank: request.counterparty,
            partner: None,
            account: request.account.reveal().parse().unwrap(),
            minor: Some(request.amount.minor()),
        }
    }

    pub(crate) fn of_inquiry(inquiry: &Inquiry, direction: Direction) -> Self {
        let (partner, account) = match direction {
            Direction::Outbound => {
                let channel = inquiry.details.channel.as_ref();
                (channel.map(|channel| channel.partner.clone()), inquiry.from)
            }
            Direction::Inbound => (None, inquiry.account),
        };
        let (kind, bank) = (inquiry.kind, inquiry.counterparty);
        let account = account.reveal().parse().unwrap();
        Self { kind, direction, bank, partner, account, minor: None }
    }
}

/// What the auditor knows of the acts and of what they must stop.
#[derive(Default)]
pub(crate) struct RestrictionAuditor {
    acts: Acts,
    /// The state that the program's own fold makes of the durable acts.
    folded: Control,
    names: Arc<Names>,
    /// The code of a request of the switch that is refused because its service is closed.
    closed: Option<ResponseCode>,
    /// How many transfers of the journal are checked, and the acts that the last one began under.
    begun: usize,
    begun_under: u64,
    /// Orders and inquiries, with the acts that were decided when they came.
    asked: HashMap<u128, (NewWork, u64, Moment)>,
    refused: HashSet<u128>,
    /// The row of each request of a person that was acknowledged.
    acknowledged: HashMap<(PersonId, Box<str>), u64>,
    /// The requests of the switch that were declined because of a restriction.
    declined: u64,
}

impl RestrictionAuditor {
    pub(crate) fn new(names: Arc<Names>, closed: ResponseCode) -> Self {
        Self { names, closed: Some(closed), ..Self::default() }
    }

    /// Checks what has become durable.
    pub(crate) fn catch_up(&mut self, journal: &Journal) {
        let known = usize::try_from(self.acts.rows).unwrap();
        for act in &journal.acts[known..] {
            self.acts.add(act);
            self.folded.apply(act).expect("the acts fold");
        }
        while let Some((id, under)) = journal.begun.get(self.begun) {
            self.begun += 1;
            assert!(
                *under >= self.begun_under,
                "{id}: admitted under earlier acts than the row before"
            );
            assert!(*under <= self.acts.rows, "{id}: admitted under acts that are not durable");
            self.begun_under = *under;
            self.check_begun(*id, journal.records(*id), *under);
        }
        assert_eq!(
            self.begun,
            journal.transfers.len(),
            "a transfer began without its number of acts"
        );
    }

    /// Checks that a transfer could begin, or was refused on record.
    fn check_begun(&mut self, id: TransferId, records: &[RecordedFact], under: u64) {
        assert!(!self.refused.contains(&id.0), "{id}: refused, and on record");
        let RecordedFact { at, fact, .. } = &records[0];
        match fact {
            Fact::Outbound(OutboundFact::Accepted(order)) => {
                let by = self.forbids(&NewWork::of_order(order), under, *at);
                assert!(by.is_none(), "{id}: admitted against {by:?}");
            }
            Fact::Inbound(InboundFact::Received { request }) => {
                let work = NewWork::of_request(request);
                let is_refused = has(records, |fact| {
                    matches!(fact, InboundFact::PostingRefused(Refusal::ServiceClosed))
                });
                if is_refused {
                    self.declined += 1;
                    assert!(self.in_force(under, *at).any(|one| self.covers(one, &work)));
                    let closed = self.closed;
                    assert!(has(
                        records,
                        |fact| matches!(fact, InboundFact::Responded(code) if Some(*code) == closed)
                    ));
                    let is_posted =
                        has(records, |fact| matches!(fact, InboundFact::PostingRequested { .. }));
                    assert!(!is_posted, "{id}: refused and posted");
                } else {
                    let by = self.forbids(&work, under, *at);
                    assert!(by.is_none(), "{id}: received against {by:?}");
                }
            }
            Fact::Outbound(_) | Fact::Inbound(_) => {}
        }
    }

    /// Checks that a request of ours may leave: nothing durable closes it.
    pub(crate) fn check_sent(&self, order: &Order, now: Moment) {
        let by = self.forbids(&NewWork::of_order(order), self.acts.rows, now);
        assert!(by.is_none(), "{}: sent against {by:?}", order.id);
    }

    /// Records an order or an inquiry that comes, and the number of acts that are decided by then.
    pub(crate) fn ask(&mut self, id: TransferId, work: NewWork, (acts, now): (u64, Moment)) {
        self.asked.insert(id.0, (work, acts, now));
    }

    /// Checks that an order or an inquiry of a channel was refused rightly.
    pub(crate) fn check_refused(
        &mut self,
        journal: &Journal,
        id: TransferId,
        refused: &Restricted,
    ) {
        assert!(journal.records(id).is_empty(), "{id}: refused, and on record");
        self.refused.insert(id.0);
        let (work, ..) = &self.asked[&id.0];
        assert_eq!(work.direction, Direction::Outbound);
        let Restricted { id: by, cause, by: restriction } = refused;
        let was_set = self
            .acts
            .changes
            .iter()
            .any(|(_, changed, set)| changed == by && set.as_ref() == Some(&**restriction));
        assert!(was_set, "{id}: refused by a restriction that is not durable");
        assert!(self.covers(restriction, work), "{id}: refused by {restriction:?}");
        let limits = match &restriction.mode {
            Mode::Closed => return assert_eq!(*cause, Cause::Closed),
            Mode::Limited(limits) => limits,
        };
        let is_limited = match cause {
            Cause::Closed => false,
            Cause::Amount => limits.amount_max.is_some() && work.minor.is_some(),
            Cause::Rate => limits.per_minute.is_some(),
            Cause::Pilot => limits.pilot.is_some(),
            Cause::Share => limits.percent.is_some(),
        };
        assert!(is_limited, "{id}: {cause:?} of {restriction:?}");
    }

    /// Whether an inquiry of the switch may be declined because its scope is restricted.
    pub(crate) fn may_decline(&self, id: TransferId, code: ResponseCode) -> bool {
        let (work, ..) = &self.asked[&id.0];
        let mut all = self.acts.changes.iter().filter_map(|(_, _, set)| set.as_ref());
        Some(code) == self.closed && all.any(|one| self.covers(one, work))
    }

    /// Checks that an inquiry which goes on was admitted when it came.
    pub(crate) fn check_inquiry(&self, id: TransferId) {
        let (work, acts, at) = &self.asked[&id.0];
        let by = self.forbids(work, *acts, *at);
        assert!(by.is_none(), "{id}: an inquiry against {by:?}");
    }

    /// Checks the answer to a person: the act is durable, and it is the one of that request.
    pub(crate) fn check_done(&mut self, journal: &Journal, request: &ActRequest, done: ActDone) {
        let row = usize::try_from(done.row).unwrap();
        let act = journal.acts.get(row - 1).expect("acknowledged before it is durable");
        let by = act.by.as_ref().expect("the act of a person");
        assert_eq!((&by.person, &by.request), (&request.actor.person, &request.request));
        let key = (by.person.clone(), by.request.clone().unwrap());
        let first = *self.acknowledged.entry(key).or_insert(done.row);
        assert_eq!(first, done.row, "one request has two acts");
    }

    /// Checks the state of control that the program publishes: it is durable, and the fold of the acts.
    pub(crate) fn check_published(&self, control: &Control) {
        assert!(control.rows() <= self.acts.rows, "published before it is durable");
        assert!(control.rows() < self.acts.rows || *control == self.folded, "another fold");
    }

    /// Checks the state of control that a start restored.
    pub(crate) fn check_restored(&self, control: &Control) {
        assert_eq!(*control, self.folded, "a restart has another state");
    }

    /// Checks that each manual resolution on record is the one that two people decided about that state.
    pub(crate) fn check_resolution(
        &self,
        id: TransferId,
        nth: usize,
        (version, resolution): (u64, &Resolution),
    ) {
        let (seen, outcome, maker, checker) = &self.acts.resolved[&id.0][nth];
        assert_eq!(*seen, version, "{id}: resolved in another state");
        let approved_by = DualControl::new(maker.as_str(), checker.as_str());
        let Resolution { outcome: own, approved_by: by, .. } = resolution;
        assert_eq!((&**outcome, approved_by.as_ref()), (own.code(), Some(by)), "{id}");
    }

    /// Returns how many resolutions of a transfer two people decided.
    pub(crate) fn resolutions(&self, id: TransferId) -> usize {
        self.acts.resolved.get(&id.0).map_or(0, Vec::len)
    }

    /// Returns what is counted of the acts on record.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (String, u64)> {
        let Acts { expired, together, .. } = self.acts;
        let counts = [
            ("declined request", self.declined),
            ("proposal expires", expired),
            ("resolutions together", together),
        ];
        let happened = counts.into_iter().filter(|(_, count)| *count > 0);
        happened.map(|(name, count)| (name.to_owned(), count))
    }

    /// Whether a restriction in force by the durable acts closes some work.
    pub(crate) fn closes(&self, work: &NewWork, now: Moment) -> bool {
        self.forbids(work, self.acts.rows, now).is_some()
    }

    /// Returns a restriction that certainly refused some work after these acts. The rate is not checked.
    fn forbids(&self, work: &NewWork, acts: u64, at: Moment) -> Option<&Restriction> {
        self.in_force(acts, at).filter(|one| self.covers(one, work)).find(|one| match &one.mode {
            Mode::Closed => true,
            Mode::Limited(Limits { amount_max, per_minute: _, pilot, percent }) => {
                amount_max.zip(work.minor).is_some_and(|(max, minor)| minor > max.minor())
                    || pilot
                        .as_ref()
                        .is_some_and(|pilot| pilot.iter().all(|key| key.0 != work.account))
                    || percent.is_some_and(|percent| work.account % 100 >= u64::from(percent))
            }
        })
    }

    /// Returns the restrictions in force after these acts.
    fn in_force(&self, acts: u64, at: Moment) -> impl Iterator<Item = &Restriction> {
        let changes = &self.acts.changes;
        let is_last = move |(nth, (row, id, _)): &(usize, &super::acts::Change)| {
            let later = changes[nth + 1..].iter().take_while(|(row, ..)| *row <= acts);
            *row <= acts && later.into_iter().all(|(_, changed, _)| changed != id)
        };
        let last = changes.iter().enumerate().filter(is_last);
        last.filter_map(|(_, (.., set))| set.as_ref())
            .filter(move |one| one.until.is_none_or(|until| at < until))
    }

    fn covers(&self, restriction: &Restriction, work: &NewWork) -> bool {
        let scope = &restriction.scope;
        let service = self.names.services.iter().find(|one| one.codes.contains(&work.kind));
        let fits = [
            scope.network.is_none() || scope.network.as_ref() == self.names.networks.first(),
            scope.service.is_none() || scope.service.as_ref() == service.map(|one| &one.name),
            scope.direction.is_none() || scope.direction == Some(work.direction),
            scope.bank.is_none() || scope.bank == Some(work.bank),
            scope.partner.is_none() || scope.partner == work.partner,
        ];
        fits.into_iter().all(|fits| fits)
    }
}

fn has(records: &[RecordedFact], is_such: impl Fn(&InboundFact) -> bool) -> bool {
    records.iter().any(|record| matches!(&record.fact, Fact::Inbound(fact) if is_such(fact)))
}
