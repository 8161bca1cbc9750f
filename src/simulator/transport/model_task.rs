//! The task that owns the model.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep, sleep_until};

use super::connections::{Connections, ConnectionsView, ErrorCounters, Outgoing};
use super::settlement_files::SettlementFiles;
use super::setup::Setup;
use crate::clock::Clock;
use crate::iso8583::De;
use crate::simulator::delayed::DelayedMessages;
use crate::simulator::{Limits, ManagementCodes, Member, Output, Settings, Switch, TextMessage};
use crate::values::{Institution, Moment, ResponseCode};

/// An event of a connection.
pub(super) enum ConnectionEvent {
    /// A connection was accepted. The channel takes what it sends.
    Opened(u64, mpsc::Sender<Vec<Outgoing>>),
    /// Messages were received.
    Received(u64, Vec<TextMessage>),
    /// The connection closed.
    Closed(u64),
}

/// Work of the admin interface on the model task.
pub(super) type AdminJob = Box<dyn FnOnce(&mut ModelTask, Moment) + Send>;

/// The most events that one wake-up handles.
const EVENTS: usize = 64;

/// The model, and the connections of banks.
pub(super) struct ModelTask {
    pub(super) model: Switch,
    connections: Connections,
    counters: Arc<ErrorCounters>,
    clock: Clock,
    /// The codes that tell a sign-on and its approval.
    management: ManagementCodes,
    approved: ResponseCode,
    /// Messages that are sent later. At its bound, they are sent at once.
    delayed: DelayedMessages,
    pub(super) settlement_files: Option<SettlementFiles>,
}

impl ModelTask {
    pub(super) fn new(
        setup: Setup,
        settlement_files: Option<SettlementFiles>,
        counters: Arc<ErrorCounters>,
    ) -> Self {
        let Setup { rules, fixture, fault_rules, seed, .. } = setup;
        let clock = Clock::new();
        let (management, approved) = (rules.management.clone(), rules.codes.approved);
        let settings = Settings {
            rules,
            institution: fixture.institution,
            members: fixture.banks,
            unlisted_accounts: fixture.unlisted_accounts,
            limits: Limits::default(),
            seed,
        };
        let mut model = Switch::new(settings, clock.now());
        for (bank, number, account) in fixture.accounts {
            if let Some(member) = model.admit(bank) {
                model.list_account(member, number, account);
            }
        }
        model.set_fault_rules(fault_rules);
        let (connections, delayed) = (Connections::default(), DelayedMessages::default());
        Self {
            model,
            connections,
            counters,
            clock,
            management,
            approved,
            delayed,
            settlement_files,
        }
    }

    /// Runs until all senders of events are gone.
    pub(super) async fn run(
        mut self,
        mut event_queue: mpsc::Receiver<ConnectionEvent>,
        mut job_queue: mpsc::Receiver<AdminJob>,
    ) {
        let mut events = Vec::with_capacity(EVENTS);
        let mut timer = Box::pin(sleep_until(Instant::now()));
        loop {
            self.set_timer(&mut timer);
            let job = tokio::select! {
                count = event_queue.recv_many(&mut events, EVENTS) => {
                    if count == 0 {
                        return;
                    }
                    None
                }
                job = job_queue.recv() => job,
                () = &mut timer => None,
            };
            let now = self.clock.now();
            events.drain(..).for_each(|event| self.handle_event(event, now));
            if let Some(job) = job {
                job(&mut self, now);
            }
            self.finish_turn(now);
        }
    }

    /// Handles due deadlines, and sends all outputs.
    fn finish_turn(&mut self, now: Moment) {
        if self.model.next_deadline().is_some_and(|at| at <= now) {
            self.model.handle_deadline(now);
        }
        self.send_delayed(now);
        self.perform_outputs(now);
        for stuck in self.connections.flush() {
            tracing::warn!(connection = stuck, "connection closed: the bank does not read");
            self.close(stuck);
        }
    }

    fn set_timer(&self, timer: &mut Pin<Box<Sleep>>) {
        const FAR: Duration = Duration::from_hours(24);
        let next = self.model.next_deadline().into_iter().chain(self.delayed.next_due()).min();
        let next = next.unwrap_or_else(|| self.clock.now().after(FAR));
        let at = Instant::from_std(self.clock.instant_of(next));
        if timer.deadline() != at {
            timer.as_mut().reset(at);
        }
    }

    pub(super) fn connections(&self) -> ConnectionsView {
        self.connections.view(&self.counters)
    }
}

/// Incoming events.
impl ModelTask {
    fn handle_event(&mut self, event: ConnectionEvent, now: Moment) {
        match event {
            ConnectionEvent::Opened(id, queue) => self.connections.open(id, queue),
            ConnectionEvent::Received(id, messages) => {
                for message in messages {
                    self.handle_message(id, message, now);
                }
            }
            ConnectionEvent::Closed(id) => self.close(id),
        }
    }

    fn handle_message(&mut self, id: u64, message: TextMessage, now: Moment) {
        match self.connections.bank_of(id).or_else(|| self.identify(id, &message, now)) {
            Some(bank) => self.model.handle_message(bank, message, now),
            None if message.mti().is_request() => {
                let response = self.model.respond_to_unidentified(&message);
                self.note_sign_on(id, &response);
                self.connections.queue(id, Outgoing::Message(response));
            }
            // A response on a connection that has sent no request.
            None => {}
        }
    }

    /// Assigns a connection to the bank that its request names, if it names one.
    fn identify(&mut self, id: u64, message: &TextMessage, now: Moment) -> Option<Member> {
        let code = [De::ACQUIRER, De::FORWARDER]
            .into_iter()
            .filter(|_| message.mti().is_request())
            .find_map(|de| message.value::<Institution>(de))?;
        let bank = self.model.admit(code)?;
        self.connections.assign(id, bank);
        if self.connections.counts(bank).open == 1 {
            self.model.handle_connected(bank);
        }
        if self.connections.is_signed_on(id) {
            self.model.handle_signed_on(bank, now);
        }
        tracing::info!(connection = id, bank = %code, "bank identified");
        Some(bank)
    }

    fn close(&mut self, id: u64) {
        let Some(bank) = self.connections.close(id) else { return };
        let counts = self.connections.counts(bank);
        if counts.open == 0 {
            self.model.handle_disconnected(bank);
        } else if counts.signed_on == 0 {
            self.model.handle_connected(bank);
        }
    }
}

/// Outputs of the model.
impl ModelTask {
    fn perform_outputs(&mut self, now: Moment) {
        while let Some(output) = self.model.poll_output() {
            match output {
                Output::Send { to, message, delay } if delay.is_zero() => {
                    self.send(to, message, now);
                }
                Output::Send { to, message, delay } => {
                    self.delay(to, message, now.after(delay), now);
                }
                Output::Garbage { to, connection, bytes } => {
                    match self.connections.choose(to, connection) {
                        Some(id) => self.connections.queue(id, Outgoing::Garbage(bytes)),
                        None => self.count_unsent(),
                    }
                }
                Output::Disconnect { bank, connection } => {
                    if let Some(id) = self.connections.choose(bank, connection) {
                        self.close(id);
                    }
                }
                Output::DateClosed(date) => {
                    if let Some(files) = &self.settlement_files {
                        files.queue(date, &self.model);
                    }
                }
            }
        }
    }

    fn send(&mut self, to: Member, message: TextMessage, now: Moment) {
        let Some(id) = self.connections.choose(to, message.connection()) else {
            return self.count_unsent();
        };
        if message.mti().is_management() {
            self.note_sign_on(id, &message);
            // A bank that signed off one connection stays signed on while another one is.
            if self.connections.counts(to).signed_on > 0 {
                self.model.handle_signed_on(to, now);
            }
        }
        self.connections.queue(id, Outgoing::Message(message));
    }

    fn count_unsent(&self) {
        if self.counters.unsent.count() {
            tracing::warn!("message lost: the bank has no connection");
        }
    }

    /// Records the sign-on or sign-off of a connection, from the response that is sent on it.
    fn note_sign_on(&mut self, id: u64, response: &TextMessage) {
        if response.mti().is_request()
            || response.get(De::RESPONSE_CODE) != Some(self.approved.as_str())
        {
            return;
        }
        match response.get(De::NETWORK_CODE) {
            Some(code) if code == self.management.sign_on => {
                self.connections.set_signed_on(id, true);
            }
            Some(code) if code == self.management.sign_off => {
                self.connections.set_signed_on(id, false);
            }
            Some(_) | None => {}
        }
    }

    fn delay(&mut self, to: Member, message: TextMessage, until: Moment, now: Moment) {
        if self.delayed.is_full() {
            return self.send(to, message, now);
        }
        self.delayed.put(until, to, message);
    }

    fn send_delayed(&mut self, now: Moment) {
        while let Some((to, message)) = self.delayed.take_due(now) {
            self.send(to, message, now);
        }
    }
}
