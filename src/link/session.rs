//! One connection's life, as a pure machine.
//!
//! ```text
//!              connected            signed on           drain, or the switch signs off
//! Connecting ───────────► SigningOn ─────────► Up ─────────────────────────────────► Draining
//!     │                       │                │                                        │ nothing under way
//!     │ time is up            │ refused,       │ echoes lost,                           ▼
//!     │                       │ time is up     │ peer gone                          SigningOff
//!     ▼                       ▼                ▼                                        │ answered, time is up
//!    Down ◄────────────────────────────────────────────────────────────────────────────-┘
//! ```
//! [`Session::handle`] takes in what happened and gives the moves that follow, in their order.

#[cfg(test)]
mod tests;

use super::end::End;
use super::management::Heard;
use crate::network::{SessionRules, SessionTimers, Starter};
use crate::values::{Moment, MonthDay, Stan};

/// A connection, from the attempt to its end.
#[derive(Clone, Debug)]
pub(super) struct Session {
    state: State,
    /// When something was last heard.
    heard: Moment,
}

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// There is no connection yet, or TLS is not agreed.
    Connecting { until: Moment },
    /// Somebody has to sign on: we with a question, or they.
    SigningOn { question: Option<Stan>, until: Moment },
    /// Messages go both ways.
    Up(Echo),
    /// No new requests; answers under way are waited for.
    Draining { until: Moment, ended_by: Starter },
    /// We signed off, and wait for the answer.
    SigningOff { question: Stan, until: Moment },
    /// It is over.
    Down,
}

/// Whether we asked for an echo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Echo {
    /// Nothing is asked.
    Quiet,
    /// Asked, so many times without hearing anything.
    Asked { at: Moment, times: u8 },
}

/// A question of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Asked {
    SignOn,
    SignOff,
    Echo,
}

/// What happens to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// The connection is made.
    Connected,
    /// A message or keep-alive came.
    Heard(Heard),
    /// [`Session::deadline`] has come.
    Due,
    /// The link is to be signed off.
    Drain,
    /// Nothing is under way on the line.
    Emptied,
    /// The connection failed or broke, or has to be given up.
    Ended(End),
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    /// Write a question of network management.
    Ask(Asked, Stan),
    /// Answer the message: done, or refused.
    Answer { done: bool },
    /// Send the keep-alive back.
    KeepAlive,
    /// Hand the message up.
    Pass,
    /// Hand the new business date up.
    CutOver(MonthDay),
    /// Hand the message up to who keeps the keys.
    KeyChange,
    /// The message was not to come now. It is told, and nothing else is done with it.
    Unexpected,
    /// Requests may be sent from now on.
    Up,
    /// Close the connection.
    Close(End),
}

/// What handling needs besides the input.
pub(super) struct Context<'a> {
    pub(super) now: Moment,
    pub(super) rules: &'a SessionRules,
    /// The number of the next question; counted up when it is used.
    pub(super) numbers: &'a mut u64,
}

/// At most two things follow from an input.
pub(super) type Moves = [Option<Move>; 2];

const NOTHING: Moves = [None, None];
const UNEXPECTED: Moves = [Some(Move::Unexpected), None];
const PASS: Moves = [Some(Move::Pass), None];
const REFUSED: Moves = [Some(Move::Answer { done: false }), Some(Move::Unexpected)];
const DONE: Moves = [Some(Move::Answer { done: true }), None];

impl Session {
    /// A connection that is being made.
    pub(super) fn new(now: Moment, timers: &SessionTimers) -> Self {
        Self { state: State::Connecting { until: now.after(timers.connect) }, heard: now }
    }

    /// Whether requests may be sent.
    pub(super) const fn is_up(&self) -> bool {
        matches!(self.state, State::Up(_))
    }

    /// Whether answers to the switch may be sent.
    pub(super) const fn is_open(&self) -> bool {
        matches!(self.state, State::Up(_) | State::Draining { .. })
    }

    /// Whether it only waits for answers under way.
    pub(super) const fn is_draining(&self) -> bool {
        matches!(self.state, State::Draining { .. })
    }

    /// Whether nobody has signed on yet.
    pub(super) const fn is_early(&self) -> bool {
        matches!(self.state, State::Connecting { .. } | State::SigningOn { .. })
    }

    /// When [`Input::Due`] is to be handled next, if ever.
    pub(super) fn deadline(&self, timers: &SessionTimers) -> Option<Moment> {
        match self.state {
            State::Connecting { until }
            | State::SigningOn { until, .. }
            | State::Draining { until, .. }
            | State::SigningOff { until, .. } => Some(until),
            State::Up(Echo::Quiet) => Some(self.heard.after(timers.echo_idle)),
            State::Up(Echo::Asked { at, .. }) => Some(at.after(timers.echo_answer)),
            State::Down => None,
        }
    }

    /// Takes in what happened.
    pub(super) fn handle(&mut self, input: Input, context: &mut Context<'_>) -> Moves {
        match input {
            Input::Connected => self.connected(context),
            Input::Heard(heard) => {
                self.heard = context.now;
                self.hear(heard, context)
            }
            Input::Due => self.due(context),
            Input::Drain => self.drain(context),
            Input::Emptied => self.emptied(context),
            Input::Ended(end) => self.end(end),
        }
    }

    fn connected(&mut self, context: &mut Context<'_>) -> Moves {
        match self.state {
            State::Connecting { .. } => {
                let until = context.now.after(context.rules.timers.sign_on);
                self.heard = context.now;
                let question = match context.rules.sign_on {
                    Starter::We => Some(context.number()),
                    Starter::They => None,
                };
                self.state = State::SigningOn { question, until };
                [question.map(|stan| Move::Ask(Asked::SignOn, stan)), None]
            }
            State::SigningOn { .. }
            | State::Up(_)
            | State::Draining { .. }
            | State::SigningOff { .. }
            | State::Down => NOTHING,
        }
    }

    fn hear(&mut self, heard: Heard, context: &mut Context<'_>) -> Moves {
        match self.state {
            State::Connecting { .. } | State::Down => return UNEXPECTED,
            State::SigningOn { .. }
            | State::Up(_)
            | State::Draining { .. }
            | State::SigningOff { .. } => {}
        }
        match heard {
            Heard::KeepAlive => [Some(Move::KeepAlive), None],
            Heard::Traffic if self.is_early() => UNEXPECTED,
            Heard::Traffic => PASS,
            Heard::Echo => DONE,
            // Before the sign-on nobody moves the date.
            Heard::CutOver(Some(_)) if self.is_early() => REFUSED,
            Heard::CutOver(Some(date)) => {
                [Some(Move::Answer { done: true }), Some(Move::CutOver(date))]
            }
            Heard::CutOver(None) | Heard::Unknown => REFUSED,
            Heard::KeyChange => [Some(Move::KeyChange), None],
            Heard::SignOn => self.they_sign_on(context),
            Heard::SignOff => self.they_sign_off(context),
            Heard::Answer { to: Some(to), stan, code } => {
                let done = code == Some(context.rules.answers.done);
                self.answered(to, stan, done)
            }
            Heard::Answer { to: None, .. } => UNEXPECTED,
        }
    }

    /// Again is no breach: a switch that did not get our answer signs on again.
    fn they_sign_on(&mut self, context: &Context<'_>) -> Moves {
        match (self.state, context.rules.sign_on) {
            (State::SigningOn { .. }, Starter::They) => {
                self.state = State::Up(Echo::Quiet);
                [Some(Move::Answer { done: true }), Some(Move::Up)]
            }
            (State::SigningOn { .. }, Starter::We)
            | (
                State::Connecting { .. }
                | State::Up(_)
                | State::Draining { .. }
                | State::SigningOff { .. }
                | State::Down,
                Starter::We | Starter::They,
            ) => DONE,
        }
    }

    fn they_sign_off(&mut self, context: &Context<'_>) -> Moves {
        match self.state {
            State::Up(_) => {
                let until = context.now.after(context.rules.timers.drain);
                self.state = State::Draining { until, ended_by: Starter::They };
                DONE
            }
            State::Connecting { .. } | State::SigningOn { .. } | State::SigningOff { .. } => {
                self.state = State::Down;
                [Some(Move::Answer { done: true }), Some(Move::Close(End::SignedOff))]
            }
            State::Draining { until, .. } => {
                self.state = State::Draining { until, ended_by: Starter::They };
                DONE
            }
            State::Down => UNEXPECTED,
        }
    }

    /// An answer to a question of ours. One to an echo that was given up is no breach either: it was only late.
    fn answered(&mut self, to: Asked, stan: Option<Stan>, done: bool) -> Moves {
        match (self.state, to) {
            (State::SigningOn { question, .. }, Asked::SignOn)
                if question.is_some() && question == stan =>
            {
                if done {
                    self.state = State::Up(Echo::Quiet);
                    return [Some(Move::Up), None];
                }
                self.end(End::SignOnRefused)
            }
            (State::SigningOff { question, .. }, Asked::SignOff) if stan == Some(question) => {
                self.end(End::SignedOff)
            }
            (State::Up(_), Asked::Echo) => {
                self.state = State::Up(Echo::Quiet);
                NOTHING
            }
            (State::Draining { .. } | State::SigningOff { .. }, Asked::Echo) => NOTHING,
            (
                State::Connecting { .. }
                | State::SigningOn { .. }
                | State::Up(_)
                | State::Draining { .. }
                | State::SigningOff { .. }
                | State::Down,
                Asked::SignOn | Asked::SignOff | Asked::Echo,
            ) => UNEXPECTED,
        }
    }

    fn due(&mut self, context: &mut Context<'_>) -> Moves {
        match self.state {
            State::Connecting { .. } => self.end(End::ConnectTimeout),
            State::SigningOn { .. } => self.end(End::SignOnTimeout),
            State::Up(echo) => self.echo_due(echo, context),
            State::Draining { .. } => self.emptied(context),
            State::SigningOff { .. } => self.end(End::SignedOff),
            State::Down => NOTHING,
        }
    }

    /// Asks for an echo after silence, and again; gives the line up after so many. Anything heard since is as
    /// good as an echo.
    fn echo_due(&mut self, echo: Echo, context: &mut Context<'_>) -> Moves {
        let rules = context.rules;
        let times = match echo {
            Echo::Asked { at, .. } if self.heard >= at => {
                self.state = State::Up(Echo::Quiet);
                return NOTHING;
            }
            Echo::Asked { times, .. } if times >= rules.timers.echoes_lost => {
                return self.end(End::EchoLost);
            }
            Echo::Asked { times, .. } => times + 1,
            Echo::Quiet if context.now < self.heard.after(rules.timers.echo_idle) => {
                return NOTHING;
            }
            Echo::Quiet => 1,
        };
        self.state = State::Up(Echo::Asked { at: context.now, times });
        [Some(Move::Ask(Asked::Echo, context.number())), None]
    }

    fn drain(&mut self, context: &Context<'_>) -> Moves {
        match self.state {
            State::Connecting { .. } | State::SigningOn { .. } => self.end(End::SignedOff),
            State::Up(_) => {
                let until = context.now.after(context.rules.timers.drain);
                self.state = State::Draining { until, ended_by: Starter::We };
                NOTHING
            }
            State::Draining { .. } | State::SigningOff { .. } | State::Down => NOTHING,
        }
    }

    /// Nothing is under way any more, or is waited for no longer.
    fn emptied(&mut self, context: &mut Context<'_>) -> Moves {
        match self.state {
            State::Draining { ended_by: Starter::We, .. } => {
                let until = context.now.after(context.rules.timers.sign_on);
                let question = context.number();
                self.state = State::SigningOff { question, until };
                [Some(Move::Ask(Asked::SignOff, question)), None]
            }
            State::Draining { ended_by: Starter::They, .. } => self.end(End::SignedOff),
            State::Connecting { .. }
            | State::SigningOn { .. }
            | State::Up(_)
            | State::SigningOff { .. }
            | State::Down => NOTHING,
        }
    }

    fn end(&mut self, end: End) -> Moves {
        if self.state == State::Down {
            return NOTHING;
        }
        self.state = State::Down;
        [Some(Move::Close(end)), None]
    }
}

impl Context<'_> {
    fn number(&mut self) -> Stan {
        let stan = Stan::wrapped(*self.numbers);
        *self.numbers = self.numbers.wrapping_add(1);
        stan
    }
}
