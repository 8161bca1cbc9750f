//! The task that has the brain.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep, sleep_until};

use super::Setup;
use super::clock::Clock;
use super::files::Files;
use super::lines::{Lines, LinesView, Outgoing, Tally};
use crate::iso8583::De;
use crate::switch::held::Held;
use crate::switch::{Limits, Member, NetworkCodes, Output, Settings, Switch, Wire};
use crate::values::{Institution, Moment, ResponseCode};

/// What lines tell.
pub(super) enum Heard {
    /// A connection was made; what goes out on it goes here.
    Opened(u64, mpsc::Sender<Vec<Outgoing>>),
    /// Messages came on it.
    Messages(u64, Vec<Wire>),
    /// It is gone.
    Closed(u64),
}

/// Something that the operator wants of the desk.
pub(super) type Job = Box<dyn FnOnce(&mut Desk, Moment) + Send>;

/// Batches that are taken in one wake-up.
const BATCHES: usize = 64;

/// The brain, and who is connected.
pub(super) struct Desk {
    pub(super) brain: Switch,
    lines: Lines,
    tally: Arc<Tally>,
    clock: Clock,
    /// How a sign-on is known and answered.
    network: NetworkCodes,
    approved: ResponseCode,
    /// Messages that go out later. Where there is no room, they go at once.
    held: Held,
    pub(super) settlement: Option<Files>,
}

impl Desk {
    pub(super) fn new(setup: Setup, settlement: Option<Files>, tally: Arc<Tally>) -> Self {
        let Setup { dialect, fixture, faults, seed, .. } = setup;
        let clock = Clock::new();
        let (network, approved) = (dialect.network.clone(), dialect.codes.approved);
        let settings = Settings {
            dialect,
            institution: fixture.institution,
            members: fixture.banks,
            others: fixture.others,
            limits: Limits::default(),
            seed,
        };
        let mut brain = Switch::new(settings, clock.now());
        for (bank, number, account) in fixture.accounts {
            if let Some(member) = brain.admit(bank) {
                brain.list_account(member, number, account);
            }
        }
        brain.set_faults(faults);
        let (lines, held) = (Lines::default(), Held::default());
        Self { brain, lines, tally, clock, network, approved, held, settlement }
    }

    /// Runs until nobody can tell it anything any more.
    pub(super) async fn run(
        mut self,
        mut inbox: mpsc::Receiver<Heard>,
        mut jobs: mpsc::Receiver<Job>,
    ) {
        let mut heard = Vec::with_capacity(BATCHES);
        let mut timer = Box::pin(sleep_until(Instant::now()));
        loop {
            self.set(&mut timer);
            let job = tokio::select! {
                count = inbox.recv_many(&mut heard, BATCHES) => {
                    if count == 0 {
                        return;
                    }
                    None
                }
                job = jobs.recv() => job,
                () = &mut timer => None,
            };
            let now = self.clock.now();
            heard.drain(..).for_each(|heard| self.hear(heard, now));
            if let Some(job) = job {
                job(&mut self, now);
            }
            self.turn(now);
        }
    }

    /// Does what is due, and hands out what there is.
    fn turn(&mut self, now: Moment) {
        if self.brain.next_deadline().is_some_and(|at| at <= now) {
            self.brain.tick(now);
        }
        self.release(now);
        self.act(now);
        for stuck in self.lines.flush() {
            tracing::warn!(line = stuck, "cut: the bank does not read");
            self.close(stuck);
        }
    }

    fn set(&self, timer: &mut Pin<Box<Sleep>>) {
        const FAR: Duration = Duration::from_hours(24);
        let next = self.brain.next_deadline().into_iter().chain(self.held.next_due()).min();
        let next = next.unwrap_or_else(|| self.clock.now().after(FAR));
        let at = Instant::from_std(self.clock.instant_of(next));
        if timer.deadline() != at {
            timer.as_mut().reset(at);
        }
    }

    pub(super) fn lines(&self) -> LinesView {
        self.lines.view(&self.tally)
    }
}

/// What comes in.
impl Desk {
    fn hear(&mut self, heard: Heard, now: Moment) {
        match heard {
            Heard::Opened(id, outlet) => self.lines.open(id, outlet),
            Heard::Messages(id, wires) => {
                for wire in wires {
                    self.take(id, wire, now);
                }
            }
            Heard::Closed(id) => self.close(id),
        }
    }

    fn take(&mut self, id: u64, wire: Wire, now: Moment) {
        match self.lines.bank_of(id).or_else(|| self.introduce(id, &wire, now)) {
            Some(bank) => self.brain.handle(bank, wire, now),
            None if wire.mti().is_request() => {
                let answer = self.brain.greet(&wire);
                self.note(id, &answer);
                self.lines.post(id, Outgoing::Message(answer));
            }
            // An answer to what nobody asked here.
            None => {}
        }
    }

    /// Makes a line the bank's that its request names, if it names one.
    fn introduce(&mut self, id: u64, wire: &Wire, now: Moment) -> Option<Member> {
        let code = [De::ACQUIRER, De::FORWARDER]
            .into_iter()
            .filter(|_| wire.mti().is_request())
            .find_map(|de| wire.value::<Institution>(de))?;
        let bank = self.brain.admit(code)?;
        self.lines.bind(id, bank);
        if self.lines.there(bank).connected == 1 {
            self.brain.connected(bank);
        }
        if self.lines.is_signed_on(id) {
            self.brain.signed_on(bank, now);
        }
        tracing::info!(line = id, bank = %code, "is the line of a bank");
        Some(bank)
    }

    fn close(&mut self, id: u64) {
        let Some(bank) = self.lines.close(id) else { return };
        let there = self.lines.there(bank);
        if there.connected == 0 {
            self.brain.disconnected(bank);
        } else if there.signed_on == 0 {
            self.brain.connected(bank);
        }
    }
}

/// What goes out.
impl Desk {
    fn act(&mut self, now: Moment) {
        while let Some(output) = self.brain.next_output() {
            match output {
                Output::Send { to, wire, after } if after.is_zero() => self.send(to, wire, now),
                Output::Send { to, wire, after } => self.hold(to, wire, now.after(after), now),
                Output::Garbage { to, line, bytes } => match self.lines.pick(to, line) {
                    Some(line) => self.lines.post(line, Outgoing::Garbage(bytes)),
                    None => self.unsent(),
                },
                Output::Disconnect { bank, line } => {
                    if let Some(line) = self.lines.pick(bank, line) {
                        self.close(line);
                    }
                }
                Output::Closed(date) => {
                    if let Some(files) = &self.settlement {
                        files.leave(date, &self.brain);
                    }
                }
            }
        }
    }

    fn send(&mut self, to: Member, wire: Wire, now: Moment) {
        let Some(line) = self.lines.pick(to, wire.line()) else { return self.unsent() };
        if wire.mti().is_management() {
            self.note(line, &wire);
            // A bank that signed off one line is there as long as another is signed on.
            if self.lines.there(to).signed_on > 0 {
                self.brain.signed_on(to, now);
            }
        }
        self.lines.post(line, Outgoing::Message(wire));
    }

    fn unsent(&self) {
        if self.tally.unsent.add() {
            tracing::warn!("a message to a bank without a connection is lost");
        }
    }

    /// What an answer to a sign-on or sign-off says of the line that it goes on.
    fn note(&mut self, line: u64, answer: &Wire) {
        if answer.mti().is_request()
            || answer.get(De::RESPONSE_CODE) != Some(self.approved.as_str())
        {
            return;
        }
        match answer.get(De::NETWORK_CODE) {
            Some(code) if code == self.network.sign_on => self.lines.sign(line, true),
            Some(code) if code == self.network.sign_off => self.lines.sign(line, false),
            Some(_) | None => {}
        }
    }

    fn hold(&mut self, to: Member, wire: Wire, until: Moment, now: Moment) {
        if self.held.is_full() {
            return self.send(to, wire, now);
        }
        self.held.put(until, to, wire);
    }

    fn release(&mut self, now: Moment) {
        while let Some((to, wire)) = self.held.take_due(now) {
            self.send(to, wire, now);
        }
    }
}
