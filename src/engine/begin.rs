//! New transfers, and requests that were there before.

use super::Engine;
use super::event::{Begun, Busy, Claim, Event, Key, Life, Lookup, Output, Repeat};
use super::live::Entry;
use super::schedule::Slot;
use super::step::Stepped;
use crate::mutation::{Mutant, broken};
use crate::transfer::{Bar, Context, Demand, Inbound, Order};
use crate::values::{Moment, TransferId};

impl Engine {
    /// A channel's request: a new transfer, unless one of its keys is there or there is no room. For want of room it is
    /// refused only when the journal does not know it: a request that was carried out is never told that nothing was done.
    pub(super) fn order(&mut self, order: Order, begun: Begun, now: Moment) {
        if let Some(answer) = self.repeated(order.id, begun) {
            return self.put(answer);
        }
        if self.closed().is_some() {
            return self.look_up(Lookup::Begun(begun), Event::Order { order, begun });
        }
        let mut context = Context { now, rules: &self.rules, numbers: &mut self.numbers };
        self.deciding.accept(&order, &mut context);
        self.begin(order.id, begun, now);
    }

    /// A request of the switch whose key no live transfer has. Where there is no room it is not answered: a decline that
    /// isn't on record could be followed by a credit, when the request comes again.
    pub(super) fn demand(&mut self, demand: &Demand, key: Key, now: Moment) {
        if let Some(busy) = self.busy() {
            return self.put(Output::Refused(demand.id, busy));
        }
        let mut context = Context { now, rules: &self.rules, numbers: &mut self.numbers };
        self.deciding.receive(demand, &mut context);
        self.begin(demand.id, Begun::by_wire(key), now);
    }

    /// Why nothing new is taken on from channels, if nothing is.
    fn closed(&self) -> Option<Busy> {
        self.busy().or(self.unreachable.then_some(Busy::Unreachable))
    }

    /// Why no new transfer is taken on, if none is.
    fn busy(&self) -> Option<Busy> {
        if self.draining {
            Some(Busy::Draining)
        } else if self.live.open() >= self.limits.open {
            Some(Busy::Full)
        } else {
            None
        }
    }

    /// A reversal or a status inquiry whose original is nowhere: it bars it.
    pub(super) fn bar(&mut self, demand: &Demand, by: Bar, original: Key, now: Moment) {
        let mut context = Context { now, rules: &self.rules, numbers: &mut self.numbers };
        self.deciding.bar(demand, by, &mut context);
        let forget = match by {
            Bar::Reversal => broken(Mutant::ForgetTombstone),
            Bar::StatusInquiry => broken(Mutant::ForgetInquiry),
        };
        if forget {
            let (_, effects) = self.deciding.take();
            self.batches.open.outputs.extend(effects.map(Output::Effect));
            return;
        }
        self.begin(demand.id, Begun::by_wire(original), now);
    }

    /// What was looked up is here.
    pub(super) fn found_there(&mut self, slot: Slot, event: &Event, now: Moment) {
        let Event::Order { order, begun } = event else { return self.meet(slot, event, now) };
        if let Some(answer) = self.repeated(order.id, *begun) {
            self.put(answer);
        }
    }

    /// What was looked up is nowhere.
    pub(super) fn found_nowhere(&mut self, event: Event, now: Moment) {
        match event {
            Event::Reversal { demand, original } => {
                self.bar(&demand, Bar::Reversal, original, now);
            }
            Event::Status { demand, original } => {
                self.bar(&demand, Bar::StatusInquiry, original, now);
            }
            // What was its transfer when it was looked up was another's, and was taken back.
            Event::Demand { demand, key } => self.demand(&demand, key, now),
            Event::Order { order, begun } => {
                match (self.repeated(order.id, begun), self.closed()) {
                    (Some(answer), _) => self.put(answer),
                    (None, Some(busy)) => self.put(Output::Refused(order.id, busy)),
                    (None, None) => self.order(order, begun, now),
                }
            }
            Event::Answered { trace, to, heard } => {
                self.put(Output::Unmatched(trace, to, heard.code));
            }
            Event::Transfer(id, _) | Event::Core(id, _) => self.put(Output::Unknown(id)),
            Event::Ask(asked, _) => self.put(Output::Stands(asked, None)),
            Event::Inquire(..)
            | Event::Exchange(..)
            | Event::InquiryAnswered { .. }
            | Event::CutOver(_) => {}
        }
    }

    /// What a channel is told one of whose keys a live transfer has.
    fn repeated(&self, asked: TransferId, begun: Begun) -> Option<Output> {
        let (key, taken) = begun.keys().find_map(|key| Some((key, self.holder(key)?)))?;
        Some(answer_to(Repeat { asked, key, body: begun.body, first: taken.id }, &taken))
    }

    /// The live transfer that has a key.
    fn holder(&self, key: Key) -> Option<Claim> {
        let entry = self.live.get(self.live.by_key(key)?)?;
        Some(Claim { key, body: entry.begun?.body, id: entry.id })
    }

    /// Puts a transfer into the table whose first facts were just decided.
    fn begin(&mut self, id: TransferId, begun: Begun, now: Moment) {
        let Some(Stepped { life, traces }) = self.record(id, None, now) else { return };
        let claims = begun.keys().map(|key| Claim { key, body: begun.body, id });
        self.batches.open.claims.extend(claims);
        let entry = Entry { batch: self.batches.filling(), ..Entry::new(id, life, Some(begun)) };
        let slot = self.live.insert(entry);
        self.settle(slot, traces);
    }

    /// Takes a transfer back one of whose keys was another's: nothing of it was made durable or left. Whoever asked is
    /// told of the transfer that has the key, and so are those who were told of this one meanwhile.
    pub(super) fn take_back(&mut self, own: &Claim, taken: &Claim, outputs: &mut Vec<Output>) {
        let Some(life) = self.withdraw(own.id) else { return };
        outputs.retain(|output| !concerns(output, own.id));
        for output in outputs.iter_mut().chain(&mut self.batches.open.outputs) {
            if let Output::Existing(repeat) | Output::Conflict(repeat) = *output
                && repeat.first == own.id
            {
                *output = if repeat.key == own.key {
                    answer_to(Repeat { first: taken.id, ..repeat }, taken)
                } else {
                    Output::Refused(repeat.asked, Busy::Overtaken)
                };
            }
        }
        match same_request(own, &life) {
            Some(event) => {
                let number = self.live.begin_lookup();
                outputs.push(Output::LookUp(number, Lookup::Key(own.key), event));
            }
            None => outputs.push(answer_to(
                Repeat { asked: own.id, key: own.key, body: own.body, first: taken.id },
                taken,
            )),
        }
    }

    fn withdraw(&mut self, id: TransferId) -> Option<Life> {
        let slot = self.live.by_id(id)?;
        self.schedule.clear(slot);
        self.batches.open.withdraw(id);
        self.batches.open.outputs.retain(|output| !concerns(output, id));
        // If it was closed, it is among the remembered, who must not keep a slot that is another's soon.
        self.live.reopen(slot);
        let entry = self.live.forget(slot)?;
        self.books.withdraw(&entry.life);
        self.closed.withdraw(&entry.life);
        Some(entry.life)
    }
}

/// What the switch sent that began a transfer whose key was there before: it is to happen to the transfer that has the
/// key. Nothing, if a channel's request began it.
fn same_request(own: &Claim, life: &Life) -> Option<Event> {
    let key = own.key;
    Some(match life {
        Life::Out(_) => return None,
        Life::In(Inbound::Barred(demand, Bar::Reversal)) => {
            Event::Reversal { demand: demand.clone(), original: key }
        }
        Life::In(Inbound::Barred(demand, Bar::StatusInquiry)) => {
            Event::Status { demand: demand.clone(), original: key }
        }
        Life::In(life) => Event::Demand { demand: life.demand().clone(), key },
    })
}

/// What a channel is told whose key was there before.
fn answer_to(repeat: Repeat, taken: &Claim) -> Output {
    if repeat.body == taken.body { Output::Existing(repeat) } else { Output::Conflict(repeat) }
}

/// Whether an output is an effect of a transfer.
fn concerns(output: &Output, id: TransferId) -> bool {
    matches!(output, Output::Effect(effect) if effect.transfer() == id)
}
