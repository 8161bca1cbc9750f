//! The session of one connection, as a pure state machine.
//!
//! ```text
//!              connected            signed on           either side signs off
//! Connecting ───────────► SigningOn ─────────► Up ─────────────────────────────────► Draining
//!     │                       │                │                                        │ nothing in flight
//!     │ timeout               │ refused,       │ echoes lost,                           ▼
//!     │                       │ timeout        │ peer gone                          SigningOff
//!     ▼                       ▼                ▼                                        │ response, timeout
//!    Down ◄────────────────────────────────────────────────────────────────────────────-┘
//! ```
//! [`Session::handle_input`] takes an input and returns the actions that follow, in order.

#[cfg(test)]
mod tests;

use super::disconnect::DisconnectReason;
use super::management::{ManagementMessage, ManagementRequest};
use crate::network::{SessionRules, SessionTimers, SignOnBy};
use crate::values::{Moment, ResponseCode, Stan};

/// The session of a connection, from the connection attempt to its end.
#[derive(Clone, Debug)]
pub(super) struct Session {
    state: State,
    /// The time of the last received frame.
    last_received: Moment,
}

/// The state of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// The connection is not established, or the TLS handshake is not complete.
    Connecting { until: Moment },
    /// The sign-on is not complete. `request` is the STAN of our sign-on request; `None` if the switch signs on.
    SigningOn { request: Option<Stan>, until: Moment },
    /// Both sides can send messages.
    Up(EchoState),
    /// New requests are not sent; responses in flight can arrive until `until`.
    Draining { until: Moment, ended_by: SignOffBy },
    /// Our sign-off request is sent, with the STAN `request`; the response has not arrived.
    SigningOff { request: Stan, until: Moment },
    /// The session has ended.
    Down,
}

/// How far a session is, as an operator sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Connecting,
    SigningOn,
    SignedOn,
    SigningOff,
    Ended,
}

/// The side that signs off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignOffBy {
    Bank,
    Switch,
}

/// The state of the echo test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EchoState {
    /// An echo request is not in flight.
    Idle,
    /// An echo request was sent at `at`. It is number `count` in a row without anything received.
    Waiting { at: Moment, count: u8 },
}

/// An input of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// The connection is established.
    Connected,
    /// A message or keep-alive was received.
    Received(ManagementMessage),
    /// [`Session::next_deadline`] has passed.
    DeadlinePassed,
    /// The owner signs the link off.
    SignOff,
    /// The owner withdraws the sign-off. Too late once our sign-off request is sent.
    Resume,
    /// The owner asks for an echo request.
    Echo,
    /// The connection has no message in flight and none to write.
    NothingInFlight,
    /// The connection failed or broke, or must be closed.
    Ended(DisconnectReason),
}

/// An action of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SessionAction {
    /// Sends a network management request.
    SendRequest(ManagementRequest, Stan),
    /// Responds to the message: done, or refused.
    Respond { done: bool },
    /// Returns the keep-alive.
    KeepAlive,
    /// Passes the message to the owner.
    Deliver,
    /// Passes the cut-over to the owner of the business date.
    CutOver,
    /// Passes the key change to the owner of the keys.
    KeyChange,
    /// Reports an unexpected message, without any other effect.
    Unexpected,
    /// Reports that the link can carry requests.
    Up,
    /// Reports that the session does not carry new requests any more.
    Draining,
    /// Closes the connection.
    Close(DisconnectReason),
}

/// The time, the rules and the STAN counter that an input is handled with.
pub(super) struct Context<'a> {
    pub(super) now: Moment,
    pub(super) rules: &'a SessionRules,
    /// The counter for the STAN of our next request.
    pub(super) stan_counter: &'a mut u64,
    /// Whether the link may sign on: it is not signed off by the owner, and no guard holds it off.
    pub(super) may_sign_on: bool,
}

/// The actions that follow from an input: two at most.
pub(super) type SessionActions = [Option<SessionAction>; 2];

const NOTHING: SessionActions = [None, None];
const UNEXPECTED: SessionActions = [Some(SessionAction::Unexpected), None];
const DELIVER: SessionActions = [Some(SessionAction::Deliver), None];
const REFUSED: SessionActions =
    [Some(SessionAction::Respond { done: false }), Some(SessionAction::Unexpected)];
const DONE: SessionActions = [Some(SessionAction::Respond { done: true }), None];
const NOT_DONE: SessionActions = [Some(SessionAction::Respond { done: false }), None];

impl Session {
    /// Creates the session of a connection attempt.
    pub(super) fn new(now: Moment, timers: &SessionTimers) -> Self {
        Self { state: State::Connecting { until: now.after(timers.connect) }, last_received: now }
    }

    /// Returns how far the session is.
    pub(super) const fn stage(&self) -> Stage {
        match self.state {
            State::Connecting { .. } => Stage::Connecting,
            State::SigningOn { .. } => Stage::SigningOn,
            State::Up(_) => Stage::SignedOn,
            State::Draining { .. } | State::SigningOff { .. } => Stage::SigningOff,
            State::Down => Stage::Ended,
        }
    }

    /// Whether requests may be sent.
    pub(super) const fn is_up(&self) -> bool {
        matches!(self.state, State::Up(_))
    }

    /// Whether responses to the switch may be sent.
    pub(super) const fn is_open(&self) -> bool {
        matches!(self.state, State::Up(_) | State::Draining { .. })
    }

    /// Whether the session only waits for responses in flight.
    pub(super) const fn is_draining(&self) -> bool {
        matches!(self.state, State::Draining { .. })
    }

    /// Whether the sign-on is not complete.
    pub(super) const fn is_before_sign_on(&self) -> bool {
        matches!(self.state, State::Connecting { .. } | State::SigningOn { .. })
    }

    /// Returns the moment for [`Input::DeadlinePassed`], if there is one.
    pub(super) fn next_deadline(&self, timers: &SessionTimers) -> Option<Moment> {
        match self.state {
            State::Connecting { until }
            | State::SigningOn { until, .. }
            | State::Draining { until, .. }
            | State::SigningOff { until, .. } => Some(until),
            State::Up(EchoState::Idle) => Some(self.last_received.after(timers.echo_idle)),
            State::Up(EchoState::Waiting { at, .. }) => Some(at.after(timers.echo_response)),
            State::Down => None,
        }
    }

    /// Handles an input.
    pub(super) fn handle_input(
        &mut self,
        input: Input,
        context: &mut Context<'_>,
    ) -> SessionActions {
        match input {
            Input::Connected => self.connect(context),
            Input::Received(message) => {
                self.last_received = context.now;
                self.receive(message, context)
            }
            Input::DeadlinePassed => self.deadline_passed(context),
            Input::SignOff => self.sign_off(context),
            Input::Resume => self.resume(),
            Input::Echo => self.echo(context),
            Input::NothingInFlight => self.finish_drain(context),
            Input::Ended(reason) => self.close(reason),
        }
    }

    fn connect(&mut self, context: &mut Context<'_>) -> SessionActions {
        match self.state {
            State::Connecting { .. } => {
                let until = context.now.after(context.rules.timers.sign_on);
                self.last_received = context.now;
                let request = match context.rules.sign_on {
                    SignOnBy::Bank => Some(context.next_stan()),
                    SignOnBy::Switch => None,
                };
                self.state = State::SigningOn { request, until };
                let sign_on = |stan| SessionAction::SendRequest(ManagementRequest::SignOn, stan);
                [request.map(sign_on), None]
            }
            State::SigningOn { .. }
            | State::Up(_)
            | State::Draining { .. }
            | State::SigningOff { .. }
            | State::Down => NOTHING,
        }
    }

    fn receive(&mut self, message: ManagementMessage, context: &mut Context<'_>) -> SessionActions {
        match self.state {
            State::Connecting { .. } | State::Down => return UNEXPECTED,
            State::SigningOn { .. }
            | State::Up(_)
            | State::Draining { .. }
            | State::SigningOff { .. } => {}
        }
        match message {
            ManagementMessage::KeepAlive => [Some(SessionAction::KeepAlive), None],
            ManagementMessage::Traffic if self.is_before_sign_on() => UNEXPECTED,
            ManagementMessage::Traffic => DELIVER,
            ManagementMessage::Echo => DONE,
            // A cut-over is refused before the sign-on.
            ManagementMessage::CutOver if self.is_before_sign_on() => REFUSED,
            ManagementMessage::CutOver => [Some(SessionAction::CutOver), None],
            ManagementMessage::Unknown => REFUSED,
            ManagementMessage::KeyChange => [Some(SessionAction::KeyChange), None],
            ManagementMessage::SignOn => self.peer_signs_on(context),
            ManagementMessage::SignOff => self.peer_signs_off(context),
            ManagementMessage::Response { request: Some(request), stan, code } => {
                self.receive_response(request, stan, code, context)
            }
            ManagementMessage::Response { request: None, .. } => UNEXPECTED,
        }
    }

    /// Handles a sign-on of the switch. A repeated sign-on is valid: the switch may not have received our response. It is
    /// refused while we sign off, because the session ends.
    fn peer_signs_on(&mut self, context: &Context<'_>) -> SessionActions {
        match (self.state, context.rules.sign_on) {
            (
                State::SigningOn { .. } | State::Draining { ended_by: SignOffBy::Switch, .. },
                SignOnBy::Switch,
            ) if context.may_sign_on => {
                self.state = State::Up(EchoState::Idle);
                [Some(SessionAction::Respond { done: true }), Some(SessionAction::Up)]
            }
            (State::SigningOn { .. } | State::Draining { .. }, SignOnBy::Switch)
            | (State::Draining { ended_by: SignOffBy::Bank, .. }, SignOnBy::Bank)
            | (State::SigningOff { .. }, SignOnBy::Bank | SignOnBy::Switch) => NOT_DONE,
            (State::SigningOn { .. } | State::Draining { .. }, SignOnBy::Bank)
            | (
                State::Connecting { .. } | State::Up(_) | State::Down,
                SignOnBy::Bank | SignOnBy::Switch,
            ) => DONE,
        }
    }

    fn peer_signs_off(&mut self, context: &Context<'_>) -> SessionActions {
        match self.state {
            State::Up(_) => {
                let until = context.now.after(context.rules.timers.drain);
                self.state = State::Draining { until, ended_by: SignOffBy::Switch };
                [Some(SessionAction::Respond { done: true }), Some(SessionAction::Draining)]
            }
            State::Connecting { .. } | State::SigningOn { .. } => {
                self.close_after_response(DisconnectReason::SignedOffBySwitch)
            }
            State::SigningOff { .. } => self.close_after_response(DisconnectReason::SignedOff),
            State::Draining { until, .. } => {
                self.state = State::Draining { until, ended_by: SignOffBy::Switch };
                DONE
            }
            State::Down => UNEXPECTED,
        }
    }

    /// Handles a response to one of our requests. A late echo response is valid in every signed-on state.
    fn receive_response(
        &mut self,
        answered: ManagementRequest,
        stan: Option<Stan>,
        code: Option<ResponseCode>,
        context: &Context<'_>,
    ) -> SessionActions {
        match (self.state, answered) {
            (State::SigningOn { request, .. }, ManagementRequest::SignOn)
                if request.is_some() && request == stan =>
            {
                if code == Some(context.rules.responses.done) {
                    self.state = State::Up(EchoState::Idle);
                    return [Some(SessionAction::Up), None];
                }
                self.close(DisconnectReason::SignOnRefused(code))
            }
            (State::SigningOff { request, .. }, ManagementRequest::SignOff)
                if stan == Some(request) =>
            {
                self.close(DisconnectReason::SignedOff)
            }
            (State::Up(_), ManagementRequest::Echo) => {
                self.state = State::Up(EchoState::Idle);
                NOTHING
            }
            (State::Draining { .. } | State::SigningOff { .. }, ManagementRequest::Echo) => NOTHING,
            (
                State::Connecting { .. }
                | State::SigningOn { .. }
                | State::Up(_)
                | State::Draining { .. }
                | State::SigningOff { .. }
                | State::Down,
                ManagementRequest::SignOn | ManagementRequest::SignOff | ManagementRequest::Echo,
            ) => UNEXPECTED,
        }
    }

    fn deadline_passed(&mut self, context: &mut Context<'_>) -> SessionActions {
        match self.state {
            State::Connecting { .. } => self.close(DisconnectReason::ConnectTimeout),
            State::SigningOn { .. } => self.close(DisconnectReason::SignOnTimeout),
            State::Up(echo) => self.check_echo(echo, context),
            State::Draining { .. } => self.finish_drain(context),
            State::SigningOff { .. } => self.close(DisconnectReason::SignedOff),
            State::Down => NOTHING,
        }
    }

    /// Sends an echo request after the idle time and repeats it; closes the connection after the configured number of
    /// lost echoes. Anything received since the request counts as a response.
    fn check_echo(&mut self, echo: EchoState, context: &mut Context<'_>) -> SessionActions {
        let rules = context.rules;
        let count = match echo {
            EchoState::Waiting { at, .. } if self.last_received >= at => {
                self.state = State::Up(EchoState::Idle);
                return NOTHING;
            }
            EchoState::Waiting { count, .. } if count >= rules.timers.lost_echo_limit => {
                return self.close(DisconnectReason::EchoTimeout);
            }
            EchoState::Waiting { count, .. } => count + 1,
            EchoState::Idle if context.now < self.last_received.after(rules.timers.echo_idle) => {
                return NOTHING;
            }
            EchoState::Idle => 1,
        };
        self.state = State::Up(EchoState::Waiting { at: context.now, count });
        let stan = context.next_stan();
        [Some(SessionAction::SendRequest(ManagementRequest::Echo, stan)), None]
    }

    fn sign_off(&mut self, context: &Context<'_>) -> SessionActions {
        match self.state {
            State::Connecting { .. } | State::SigningOn { .. } => {
                self.close(DisconnectReason::SignedOff)
            }
            State::Up(_) => {
                let until = context.now.after(context.rules.timers.drain);
                self.state = State::Draining { until, ended_by: SignOffBy::Bank };
                [Some(SessionAction::Draining), None]
            }
            State::Draining { .. } | State::SigningOff { .. } | State::Down => NOTHING,
        }
    }

    fn resume(&mut self) -> SessionActions {
        match self.state {
            State::Draining { ended_by: SignOffBy::Bank, .. } => {
                self.state = State::Up(EchoState::Idle);
                NOTHING
            }
            State::Connecting { .. }
            | State::SigningOn { .. }
            | State::Up(_)
            | State::Draining { ended_by: SignOffBy::Switch, .. }
            | State::SigningOff { .. }
            | State::Down => NOTHING,
        }
    }

    /// Sends an echo request that the owner asks for. The automatic echo test is left as it is.
    fn echo(&self, context: &mut Context<'_>) -> SessionActions {
        if !self.is_up() {
            return NOTHING;
        }
        let stan = context.next_stan();
        [Some(SessionAction::SendRequest(ManagementRequest::Echo, stan)), None]
    }

    /// Ends the drain: all responses are here, or the time for them has passed.
    fn finish_drain(&mut self, context: &mut Context<'_>) -> SessionActions {
        match self.state {
            State::Draining { ended_by: SignOffBy::Bank, .. } => {
                let until = context.now.after(context.rules.timers.sign_on);
                let request = context.next_stan();
                self.state = State::SigningOff { request, until };
                [Some(SessionAction::SendRequest(ManagementRequest::SignOff, request)), None]
            }
            State::Draining { ended_by: SignOffBy::Switch, .. } => {
                self.close(DisconnectReason::SignedOffBySwitch)
            }
            State::Connecting { .. }
            | State::SigningOn { .. }
            | State::Up(_)
            | State::SigningOff { .. }
            | State::Down => NOTHING,
        }
    }

    fn close_after_response(&mut self, reason: DisconnectReason) -> SessionActions {
        self.state = State::Down;
        [Some(SessionAction::Respond { done: true }), Some(SessionAction::Close(reason))]
    }

    fn close(&mut self, reason: DisconnectReason) -> SessionActions {
        if self.state == State::Down {
            return NOTHING;
        }
        self.state = State::Down;
        [Some(SessionAction::Close(reason)), None]
    }
}

impl Context<'_> {
    fn next_stan(&mut self) -> Stan {
        let stan = Stan::wrapped(*self.stan_counter);
        *self.stan_counter = self.stan_counter.wrapping_add(1);
        stan
    }
}
