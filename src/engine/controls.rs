//! Control in the engine: acts of operators and of the program, and admission of new work.

use std::num::NonZeroU32;
use std::sync::Arc;

use super::Engine;
use super::event::{NotAdmitted, Output, Transfer};
use super::live::LiveTransfers;
use crate::control::{
    AccountKey, Act, ActDone, ActRefusal, ActRequest, Admission, AlertInbox, AlertSubject, Author,
    Control, ControlFact, Names, OfflineAct, ProposalFact, Reloaded, Restricted, Restriction,
    SettingValues, Started, StateVersion, Work, World,
};
use crate::transfer::{
    Alert, DualControl, InboundRequest, InboundState, Inquiry, Order, Resolution,
    ResolutionOutcome, Wait,
};
use crate::values::{AccountNumber, Direction, Moment, TokenBucket, TransferId};

/// Expired proposals that one act records at most.
const EXPIRIES_AT_ONCE: usize = 100;

/// Refused acts on record: this many at once, and then this many a second. All are in the log.
const REFUSALS_BURST: NonZeroU32 = NonZeroU32::new(20).unwrap();
const REFUSALS_PER_SECOND: NonZeroU32 = NonZeroU32::MIN;

/// Makes the keyed hash of an account.
pub type AccountHasher = Arc<dyn Fn(&AccountNumber) -> AccountKey + Send + Sync>;

/// The state of control in the engine.
pub(super) struct Controls {
    pub(super) control: Arc<Control>,
    admission: Admission,
    /// The restrictions that were lifted or replaced, with the batch whose commit makes it durable.
    ending: Vec<(u64, Arc<Restriction>)>,
    hasher: AccountHasher,
    refusals: TokenBucket,
    /// Alerts that wait for the end of the open batch.
    pub(super) alerts: AlertInbox,
}

impl Default for Controls {
    fn default() -> Self {
        let hasher: AccountHasher = Arc::new(|_: &AccountNumber| AccountKey(0));
        let refusals = TokenBucket::new(Moment::default(), REFUSALS_PER_SECOND, REFUSALS_BURST);
        Self {
            control: Arc::default(),
            admission: Admission::default(),
            ending: Vec::new(),
            hasher,
            refusals,
            alerts: AlertInbox::default(),
        }
    }
}

/// Why new work is refused.
pub(super) enum Refused {
    /// The engine cannot take it.
    NotAdmitted(NotAdmitted),
    /// A restriction refuses it.
    Restricted(Restricted),
}

impl Refused {
    /// Returns the output that says so.
    pub(super) fn output(self, id: TransferId) -> Output {
        match self {
            Self::NotAdmitted(reason) => Output::NotAdmitted(id, reason),
            Self::Restricted(restricted) => Output::Restricted(id, Box::new(restricted)),
        }
    }
}

impl Controls {
    /// Returns the number of acts up to now.
    pub(super) fn rows(&self) -> u64 {
        self.control.rows()
    }

    /// Ends an alert, if it is open.
    pub(super) fn end_alert(&mut self, alert: Alert, subject: Option<AlertSubject>, now: Moment) {
        self.alerts.end(self.control.alerts(), alert, subject, now);
    }

    pub(super) fn next_deadline(&self) -> Option<Moment> {
        self.control.next_deadline()
    }

    /// Takes over the state that the record has.
    fn restore(&mut self, control: Control) {
        self.admission = Admission::of(control.restrictions());
        self.control = Arc::new(control);
    }

    /// Adds the next act.
    fn apply(&mut self, act: &Act) -> Result<(), &'static str> {
        act.facts.iter().for_each(|fact| self.admission.apply(fact));
        Arc::make_mut(&mut self.control).apply(act)
    }

    /// Keeps the restriction that a fact of an open batch ends or replaces.
    fn keep_ending(&mut self, fact: &ControlFact, batch: u64) {
        if let ControlFact::Restricted { id, .. } | ControlFact::Lifted { id } = fact
            && let Some(old) = self.control.restrictions().get(*id)
        {
            self.ending.push((batch, Arc::clone(old)));
        }
    }

    /// Forgets the restrictions whose end is durable.
    pub(super) fn handle_commit(&mut self, batch: u64) {
        self.ending.retain(|(ends_with, _)| *ends_with > batch);
    }

    /// Decides whether work may begin, and counts it if it may.
    fn admit(&mut self, work: &Work<'_>, now: Moment) -> Result<(), Restricted> {
        let Self { admission, hasher, .. } = self;
        admission.admit(work, || hasher(work.account), now)
    }

    pub(super) fn admit_order(&mut self, order: &Order, now: Moment) -> Result<(), Restricted> {
        let names = Arc::clone(self.control.names());
        self.admit(&work_of_order(order, &names), now)
    }

    pub(super) fn admit_request(
        &mut self,
        request: &InboundRequest,
        now: Moment,
    ) -> Result<(), Restricted> {
        let names = Arc::clone(self.control.names());
        self.admit(&work_of_request(request, &names), now)
    }

    pub(super) fn admit_inquiry(
        &mut self,
        inquiry: &Inquiry,
        direction: Direction,
        now: Moment,
    ) -> Result<(), Restricted> {
        let names = Arc::clone(self.control.names());
        let (partner, account) = match direction {
            Direction::Outbound => (inquiry.details.channel.as_ref(), &inquiry.from),
            Direction::Inbound => (None, &inquiry.account),
        };
        let work = Work {
            network: names.network(),
            service: names.service(inquiry.kind),
            direction,
            bank: inquiry.counterparty,
            partner: partner.map(|channel| channel.partner.as_str()),
            account,
            amount: None,
        };
        self.admit(&work, now)
    }
}

fn work_of_request<'w>(request: &'w InboundRequest, names: &'w Names) -> Work<'w> {
    Work {
        network: names.network(),
        service: names.service(request.kind),
        direction: Direction::Inbound,
        bank: request.counterparty,
        partner: None,
        account: &request.account,
        amount: Some(request.amount),
    }
}

impl Transfer {
    /// Returns whether a transfer in its first state could begin under a state of control: no restriction certainly refused it, or it
    /// was refused.
    #[must_use]
    pub fn may_have_been_admitted(&self, control: &Control, at: Moment) -> bool {
        match self {
            Self::Outbound(transfer) => {
                control.may_have_admitted(&work_of_order(transfer.order(), control.names()), at)
            }
            Self::Inbound(transfer) if matches!(transfer.state(), InboundState::Posting { .. }) => {
                control.may_have_admitted(&work_of_request(transfer.request(), control.names()), at)
            }
            Self::Inbound(_) => true,
        }
    }
}

fn work_of_order<'w>(order: &'w Order, names: &'w Names) -> Work<'w> {
    Work {
        network: names.network(),
        service: names.service(order.kind),
        direction: Direction::Outbound,
        bank: order.counterparty,
        partner: order.details.channel.as_ref().map(|channel| channel.partner.as_str()),
        account: &order.from,
        amount: Some(order.amount),
    }
}

/// What a decision asks about transfers.
struct EngineWorld<'e>(&'e LiveTransfers);

impl EngineWorld<'_> {
    fn transfer(&self, id: TransferId) -> Option<&Transfer> {
        self.0.by_id(id).and_then(|slot| self.0.get(slot)).map(|live| &live.transfer)
    }
}

impl World for EngineWorld<'_> {
    fn version(&self, id: TransferId) -> Option<StateVersion> {
        self.transfer(id).map(|transfer| StateVersion(transfer.state_version()))
    }

    fn can_retry(&self, id: TransferId) -> bool {
        self.transfer(id).is_some_and(|transfer| {
            matches!(transfer.properties().wait, Wait::Core(_) | Wait::Switch(_))
        })
    }

    fn check_resolution(&self, id: TransferId, outcome: &str) -> Result<(), ActRefusal> {
        let transfer = self.transfer(id).ok_or(ActRefusal::UnknownTransfer(id))?;
        let possible = transfer.resolutions();
        let codes: Vec<_> = possible.iter().map(|one| one.outcome.code()).collect();
        if codes.contains(&outcome) {
            return Ok(());
        }
        Err(ActRefusal::NotResolvable {
            transfer: id,
            outcome: outcome.into(),
            possible: codes.join(", ").into(),
        })
    }
}

impl Engine {
    /// Records the start of the program, with the names that scopes may use. Call it after [`Engine::restore_control`] and before any
    /// event. `wanted` are the guarded settings of the configuration. `hasher` makes the keyed hash of an account.
    pub fn start(
        &mut self,
        started: Started,
        wanted: &SettingValues,
        hasher: AccountHasher,
        now: Moment,
    ) {
        self.controls.hasher = hasher;
        let mut facts = vec![ControlFact::Started(Box::new(started))];
        facts.extend(self.controls.control.decide_settings(wanted, now));
        self.record_act(None, facts, (TransferId(0), now));
    }

    /// Records a reload of the configuration, with the guarded settings that it has.
    pub fn record_reload(&mut self, reloaded: Reloaded, wanted: &SettingValues, now: Moment) {
        let mut facts = vec![ControlFact::Reloaded(Box::new(reloaded))];
        facts.extend(self.controls.control.decide_settings(wanted, now));
        self.record_act(None, facts, (TransferId(0), now));
    }

    /// Restores the state of control that the record has. Call it before [`Engine::restore`].
    pub fn restore_control(&mut self, control: Control) {
        self.controls.restore(control);
    }

    /// Commits an offline act that two operators signed. The caller has checked the signatures. Returns whether it was run now: it is
    /// run once.
    ///
    /// # Errors
    /// Why its command cannot be run. Nothing changes then.
    pub fn run_offline(&mut self, act: OfflineAct, now: Moment) -> Result<bool, String> {
        if self.controls.control.has_run(&act) {
            return Ok(false);
        }
        let command = serde_json::from_str(&act.command).map_err(|error| error.to_string())?;
        let people = self.controls.control.people().decide(&command, now);
        let people = people.map_err(|refusal| refusal.to_string())?;
        let mut facts = vec![ControlFact::SignedOffline(Box::new(act))];
        facts.extend(people.into_iter().map(ControlFact::People));
        self.record_act(None, facts, (TransferId(0), now));
        Ok(true)
    }

    /// Returns the state of control. It may be one batch ahead of the record.
    #[must_use]
    pub const fn control(&self) -> &Arc<Control> {
        &self.controls.control
    }

    /// Returns whether an order that was admitted may still be sent. A closing counts at once, and an opening when it is durable.
    #[must_use]
    pub fn may_send(&self, order: &Order, now: Moment) -> bool {
        let Controls { control, admission, ending, hasher, .. } = &self.controls;
        let work = work_of_order(order, control.names());
        let account = || hasher(work.account);
        let is_closed = ending.iter().any(|(_, old)| old.refuses(&work, account, now));
        !is_closed && admission.still_admit(&work, account, now).is_ok()
    }

    /// Handles a command of a person. A repeat of a request does nothing a second time.
    pub(super) fn handle_act(&mut self, request: ActRequest, now: Moment) {
        let ActRequest { id, command, actor, from, via, request } = request;
        let earlier = request
            .as_deref()
            .and_then(|key| self.controls.control.earlier_request(&actor.person, key));
        if let Some(row) = earlier {
            return self.put(Output::Act(id, Ok(ActDone { row, was_done: true })));
        }
        let author = Author { person: actor.person.clone(), role: actor.role, from, via, request };
        if self.is_draining {
            return self.put(Output::Act(id, Err(ActRefusal::NotNow)));
        }
        let world = EngineWorld(&self.live);
        match self.controls.control.decide(&command, &actor, (now, &world)) {
            Ok(facts) => {
                let row = self.record_act(Some(author), facts, (id, now));
                self.put(Output::Act(id, Ok(ActDone { row, was_done: false })));
            }
            Err(refusal) => {
                if self.controls.refusals.take(now) {
                    let (command, reason) = (command.code().into(), refusal.to_string().into());
                    // The key of the request stays free: nothing was done.
                    let author = Author { request: None, ..author };
                    let fact = ControlFact::Refused { command, reason };
                    self.record_act(Some(author), vec![fact], (id, now));
                }
                self.put(Output::Act(id, Err(refusal)));
            }
        }
    }

    /// Records that proposals have expired.
    pub(super) fn expire_proposals(&mut self, now: Moment) {
        if self.controls.next_deadline().is_none_or(|at| at > now) {
            return;
        }
        let facts = self.controls.control.decide_expiries(now, EXPIRIES_AT_ONCE);
        if !facts.is_empty() {
            self.record_act(None, facts, (TransferId(0), now));
        }
    }

    /// Adds an act to the open batch, applies it, and does what it orders. Returns its row.
    /// `id` is that of the question, if a person gave the command.
    pub(super) fn record_act(
        &mut self,
        by: Option<Author>,
        facts: Vec<ControlFact>,
        (id, now): (TransferId, Moment),
    ) -> u64 {
        let act = Act { version: Act::VERSION, at: now, by, facts };
        let before = &self.controls.control;
        let approved_by = act.facts.iter().find_map(|fact| dual_control(fact, before));
        for fact in &act.facts {
            self.controls.keep_ending(fact, self.batches.open_number());
        }
        // Facts that were decided from this state follow from it.
        let applied = self.controls.apply(&act);
        debug_assert_eq!(applied, Ok(()), "{act:?}");
        for fact in &act.facts {
            self.carry_out(fact, approved_by.as_ref(), (id, now));
        }
        self.batches.open.acts.push(act);
        self.put(Output::Control(Arc::clone(&self.controls.control)));
        self.controls.rows()
    }

    /// Withdraws the requests that were released, and that the restrictions refuse now.
    fn withdraw_refused(&mut self, now: Moment) {
        let slots = self.live.slots().filter_map(|slot| self.live.get(slot));
        let refused = slots.filter_map(|live| match &live.transfer {
            Transfer::Outbound(transfer) if transfer.is_ready_to_send() => {
                let order = transfer.order();
                (!self.may_send(order, now)).then_some(order.id)
            }
            Transfer::Outbound(_) | Transfer::Inbound(_) => None,
        });
        let refused: Vec<_> = refused.collect();
        if !refused.is_empty() {
            self.put(Output::WithdrawRequests(refused));
        }
    }

    /// Does what a fact of an act orders.
    fn carry_out(
        &mut self,
        fact: &ControlFact,
        approved_by: Option<&DualControl>,
        (id, now): (TransferId, Moment),
    ) {
        match fact {
            ControlFact::Resolved { transfer, outcome } => {
                let outcome = ResolutionOutcome::from_code(outcome);
                if let (Some(outcome), Some(approved_by)) = (outcome, approved_by.cloned()) {
                    let resolution = Resolution { outcome, approved_by, reference: None };
                    // It was checked when it was decided, in this same turn.
                    let resolved = self.resolve(*transfer, resolution, None, now);
                    debug_assert_eq!(resolved, Ok(()));
                }
            }
            ControlFact::Retried { transfer } => {
                let retried = self.retry_now(*transfer, now);
                debug_assert_eq!(retried, Ok(()));
            }
            ControlFact::LinkOrdered { link, order } => {
                self.put(Output::OrderLink(id, link.clone(), *order));
            }
            ControlFact::Restricted { .. } => self.withdraw_refused(now),
            ControlFact::SettingsApproved { .. } => self.put(Output::SettingsApproved),
            ControlFact::Started(_)
            | ControlFact::Reloaded(_)
            | ControlFact::SettingsTaken { .. }
            | ControlFact::Lifted { .. }
            | ControlFact::Proposal { .. }
            | ControlFact::People(_)
            | ControlFact::SignedOffline(_)
            | ControlFact::Alert(_)
            | ControlFact::Refused { .. } => {}
        }
    }
}

/// Returns the maker and the checker of the proposal that a fact approves.
fn dual_control(fact: &ControlFact, before: &Control) -> Option<DualControl> {
    let ControlFact::Proposal { id, fact: ProposalFact::Approved { checker, .. } } = fact else {
        return None;
    };
    let maker = &before.proposal(*id)?.proposal.maker;
    DualControl::new(maker.as_str(), checker.as_str())
}
