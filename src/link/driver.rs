//! Drives the links of a network on tokio: reads, writes, accepts, dials and timers. All rules are in [`LinkGroup`].
//!
//! One task has all connections of a network. A wake-up reads what is available, delivers all resulting events in one
//! batch, and writes the outbox of each connection in one call.

use std::collections::{BTreeMap, HashMap};
use std::future::{Future, poll_fn};
use std::io;
use std::net::IpAddr;
use std::ops::Bound;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::io::poll_read_buf;
use tokio_util::sync::PollSender;

use super::event::Event;
use super::group::{Action, LinkGroup};
use super::handle::{Command, Events, Handle, Stopped};
use super::order::{OrderDone, OrderResult};
use super::publisher::Publisher;
use super::tcp::{Endpoint, Wire, accept, dial};
use super::{ConnectionId, DisconnectReason, LinkId};
use crate::clock::Clock;
use crate::iso8583::Spec;
use crate::network::SessionRules;
use crate::values::{LinkOrder, Moment};

/// The capacity of the queues of commands and of event batches.
const QUEUE_CAPACITY: usize = 64;

/// The maximum number of undelivered events. Above it, neither peers nor commands are read, so that both are slowed
/// down.
const UNDELIVERED_MAX: usize = 8192;

/// The buffer space in bytes that is reserved for a read.
const READ_SIZE: usize = 64 << 10;

/// The maximum number of reads of a connection, or of commands, in a round.
const READS_MAX: usize = 4;

/// The maximum number of rounds before other tasks run.
const ROUNDS_MAX: usize = 4;

/// The pause after a failed accept, for example with too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Starts the links of a network on the current tokio runtime. A [`LinkId`] is an index into `endpoints`. `seed` is a
/// random number.
#[must_use]
pub fn start(
    rules: Arc<SessionRules>,
    spec: Arc<Spec>,
    endpoints: Vec<Endpoint>,
    clock: Clock,
    seed: u64,
) -> (Handle, Events) {
    let (commands, receiver) = mpsc::channel(QUEUE_CAPACITY);
    let (sender, events) = mpsc::channel(QUEUE_CAPACITY);
    let links: Vec<_> = endpoints.iter().map(Endpoint::role).collect();
    let now = clock.now();
    let mut group = LinkGroup::new(rules, spec, &links, seed, now);
    let addresses = endpoints.iter().map(Endpoint::address).collect();
    let (publisher, states) = Publisher::new(group.states(now), addresses, now);
    let mut driver = Driver {
        group,
        publisher,
        clock,
        endpoints,
        commands: receiver,
        opening: JoinSet::new(),
        aborts: HashMap::new(),
        wires: BTreeMap::new(),
        events: PollSender::new(sender),
        undelivered: Vec::new(),
        echoes: HashMap::new(),
        timer: Box::pin(sleep_until(Instant::now())),
        accept_from: None,
    };
    drop(tokio::spawn(poll_fn(move |cx| driver.poll(cx))));
    (Handle { commands, states }, Events(events))
}

struct Driver {
    group: LinkGroup,
    publisher: Publisher,
    clock: Clock,
    endpoints: Vec<Endpoint>,
    commands: mpsc::Receiver<Command>,
    /// Connection attempts.
    opening: JoinSet<(ConnectionId, io::Result<Wire>)>,
    aborts: HashMap<ConnectionId, AbortHandle>,
    wires: BTreeMap<ConnectionId, Wire>,
    events: PollSender<Vec<Event>>,
    /// Events that are not delivered yet.
    undelivered: Vec<Event>,
    /// Where the result of each echo by hand goes.
    echoes: HashMap<LinkId, oneshot::Sender<OrderResult>>,
    timer: Pin<Box<Sleep>>,
    accept_from: Option<Moment>,
}

impl Driver {
    /// Continues as far as possible. Ready when all links are signed off, or the owner has dropped the events.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        for _ in 0..ROUNDS_MAX {
            if self.deliver_events(cx).is_err() {
                return Poll::Ready(());
            }
            if !self.round(cx) {
                return self.wait(cx);
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Waits for the next wake-up, when nothing more can be done now.
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.deliver_events(cx).is_err()
            || (self.group.is_finished() && self.undelivered.is_empty())
        {
            self.publish(self.clock.now());
            return Poll::Ready(());
        }
        self.sleep(cx);
        Poll::Pending
    }

    /// Runs one round of all work. Returns whether there was any.
    fn round(&mut self, cx: &mut Context<'_>) -> bool {
        let now = self.clock.now();
        let mut has_worked = false;
        if self.undelivered.len() < UNDELIVERED_MAX {
            has_worked |= self.take_commands(cx, now);
            has_worked |= self.accept(cx, now);
            let mut wire = self.next_wire(None);
            while let Some(id) = wire {
                has_worked |= self.read(id, cx, now);
                wire = self.next_wire(Some(id));
            }
        }
        has_worked |= self.take_opened(cx, now);
        if self.group.next_deadline().is_some_and(|deadline| deadline <= now) {
            self.group.handle_deadline(now);
            self.publisher.mark_stale();
        }
        let mut wire = self.next_wire(None);
        while let Some(id) = wire {
            has_worked |= self.write(id, cx, now);
            wire = self.next_wire(Some(id));
        }
        while let Some(action) = self.group.poll_action() {
            has_worked = true;
            self.execute(action, cx, now);
        }
        self.undelivered.extend(self.group.poll_events());
        self.answer_echoes();
        if has_worked {
            self.publisher.mark_stale();
        }
        if self.publisher.next_deadline().is_some_and(|deadline| deadline <= now) {
            self.publish(now);
        }
        has_worked
    }

    /// Publishes the states of the links.
    fn publish(&mut self, now: Moment) {
        let states = self.group.states(now);
        let peer = |link: LinkId| self.wires.get(&self.group.shown_connection(link)?)?.peer;
        self.publisher.publish(states, peer, now);
    }

    /// Returns the connection with the next higher id, or the first.
    fn next_wire(&self, after: Option<ConnectionId>) -> Option<ConnectionId> {
        let behind = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.wires.range((behind, Bound::Unbounded)).next().map(|(id, _)| *id)
    }

    /// Delivers all events in one batch, if the owner's queue has capacity.
    fn deliver_events(&mut self, cx: &mut Context<'_>) -> Result<(), Stopped> {
        if self.undelivered.is_empty() {
            return Ok(());
        }
        match self.events.poll_reserve(cx) {
            Poll::Pending => Ok(()),
            Poll::Ready(Err(_)) => Err(Stopped),
            Poll::Ready(Ok(())) => {
                let room = Vec::with_capacity(self.undelivered.len());
                let batch = std::mem::replace(&mut self.undelivered, room);
                self.events.send_item(batch).map_err(|_| Stopped)
            }
        }
    }

    /// Sets the timer to the next deadline. A timer that fires earlier is left unchanged.
    fn sleep(&mut self, cx: &mut Context<'_>) {
        let others = self.accept_from.into_iter().chain(self.publisher.next_deadline());
        let next = self.group.next_deadline().into_iter().chain(others).min();
        let Some(next) = next else { return };
        let at = self.clock.instant_of(next).into();
        if at < self.timer.deadline() {
            self.timer.as_mut().reset(at);
        }
        while self.timer.as_mut().poll(cx).is_ready() {
            let soonest = self.clock.now().after(Duration::from_millis(1));
            self.timer.as_mut().reset(self.clock.instant_of(next.max(soonest)).into());
        }
    }
}

/// Input.
impl Driver {
    fn take_commands(&mut self, cx: &mut Context<'_>, now: Moment) -> bool {
        let mut count = 0;
        while count < READS_MAX
            && let Poll::Ready(command) = self.commands.poll_recv(cx)
        {
            count += 1;
            match command {
                Some(Command::Send(messages)) => {
                    for outgoing in messages {
                        self.group.handle_send(outgoing, now);
                    }
                }
                Some(Command::Withdraw(messages)) => self.group.handle_withdrawal(&messages, now),
                Some(Command::Order(link, order, result)) => {
                    self.take_order((link, order), result, now);
                }
                Some(Command::Tls(link, tls)) => {
                    if let Some(endpoint) = self.endpoints.get_mut(link.0) {
                        endpoint.set_tls(tls);
                    }
                }
                Some(Command::Stop) => self.group.handle_stop(now),
                None => {
                    self.group.handle_stop(now);
                    return false;
                }
            }
        }
        count > 0
    }

    /// Takes an order. Its result follows at once, but for an echo. A caller that does not wait any more changes nothing.
    fn take_order(
        &mut self,
        (link, order): (LinkId, LinkOrder),
        result: oneshot::Sender<OrderResult>,
        now: Moment,
    ) {
        let taken = self.group.handle_order(link, order, now);
        self.publish(now);
        if taken.is_ok() && order == LinkOrder::Echo {
            self.echoes.insert(link, result);
        } else {
            let _no_receiver = result.send(taken.map(|()| OrderDone::Accepted));
        }
    }

    fn answer_echoes(&mut self) {
        while let Some((link, round_trip)) = self.group.poll_echo() {
            if let Some(result) = self.echoes.remove(&link) {
                let _no_receiver = result.send(round_trip.map(OrderDone::RoundTrip));
            }
        }
    }

    fn accept(&mut self, cx: &mut Context<'_>, now: Moment) -> bool {
        if self.accept_from.is_some_and(|from| from > now) {
            return false;
        }
        self.accept_from = None;
        let mut has_any = false;
        for link in 0..self.endpoints.len() {
            has_any |= self.accept_on(LinkId(link), cx, now);
        }
        has_any
    }

    fn accept_on(&mut self, link: LinkId, cx: &mut Context<'_>, now: Moment) -> bool {
        let Some(Endpoint::Listen { listener, allowed, tls }) = self.endpoints.get(link.0) else {
            return false;
        };
        match poll_accept(listener, cx) {
            Poll::Pending => return false,
            Poll::Ready(Err(_)) => {
                self.accept_from = Some(now.after(ACCEPT_PAUSE));
                return false;
            }
            Poll::Ready(Ok((_, peer))) if !allowed.contains(&peer) => {
                self.group.handle_peer_refused(link, peer);
            }
            Poll::Ready(Ok((stream, _))) => {
                if let Some(connection) = self.group.handle_accepted(link, now) {
                    let opening = accept(stream, tls.clone());
                    self.open(connection, opening);
                }
            }
        }
        true
    }

    fn open(
        &mut self,
        connection: ConnectionId,
        opening: impl Future<Output = io::Result<Wire>> + Send + 'static,
    ) {
        let abort = self.opening.spawn(async move { (connection, opening.await) });
        self.aborts.insert(connection, abort);
    }

    fn take_opened(&mut self, cx: &mut Context<'_>, now: Moment) -> bool {
        let mut has_any = false;
        while let Poll::Ready(Some(opened)) = self.opening.poll_join_next(cx) {
            has_any = true;
            // An aborted attempt was reported when it was closed.
            let Ok((connection, opened)) = opened else { continue };
            if self.aborts.remove(&connection).is_none() {
                continue;
            }
            match opened {
                Ok(wire) => {
                    self.wires.insert(connection, wire);
                    self.group.handle_connected(connection, now);
                }
                Err(error) => {
                    self.group.handle_ended(
                        connection,
                        DisconnectReason::ConnectFailed(error.kind()),
                        now,
                    );
                }
            }
        }
        has_any
    }

    fn read(&mut self, id: ConnectionId, cx: &mut Context<'_>, now: Moment) -> bool {
        let Some(wire) = self.wires.get_mut(&id) else { return false };
        for count in 0..READS_MAX {
            if wire.incoming.spare_capacity_mut().len() < READ_SIZE / 16 {
                wire.incoming.reserve(READ_SIZE);
            }
            match poll_read_buf(wire.stream.as_mut(), cx, &mut wire.incoming) {
                Poll::Pending => return count > 0,
                Poll::Ready(Ok(0)) => {
                    self.group.handle_ended(id, DisconnectReason::ClosedByPeer, now);
                    return true;
                }
                Poll::Ready(Ok(_)) => self.group.handle_received(id, &mut wire.incoming, now),
                Poll::Ready(Err(error)) => {
                    self.group.handle_ended(
                        id,
                        DisconnectReason::ConnectionLost(error.kind()),
                        now,
                    );
                    return true;
                }
            }
        }
        true
    }
}

/// Output.
impl Driver {
    fn execute(&mut self, action: Action, cx: &mut Context<'_>, now: Moment) {
        match action {
            Action::Dial(link, id) => {
                if let Some(Endpoint::Dial { address, tls }) = self.endpoints.get(link.0) {
                    let opening = dial(address.clone(), tls.clone());
                    self.open(id, opening);
                }
            }
            Action::Close(connection) => self.close(connection, cx, now),
        }
    }

    /// Closes a connection. The outbox is written only as far as that is possible at once.
    fn close(&mut self, connection: ConnectionId, cx: &mut Context<'_>, now: Moment) {
        if let Some(abort) = self.aborts.remove(&connection) {
            abort.abort();
        }
        self.write(connection, cx, now);
        if let Some(mut wire) = self.wires.remove(&connection) {
            let _at_once = wire.stream.as_mut().poll_shutdown(cx);
        }
        self.group.handle_closed(connection, now);
    }

    /// Writes as much as the peer accepts. Returns whether any byte was written.
    fn write(&mut self, id: ConnectionId, cx: &mut Context<'_>, now: Moment) -> bool {
        let mut has_any = false;
        loop {
            match self.write_once(id, cx, now) {
                Poll::Ready(Ok(0)) | Poll::Pending => return has_any,
                Poll::Ready(Ok(_)) => has_any = true,
                Poll::Ready(Err(error)) => {
                    self.group.handle_ended(
                        id,
                        DisconnectReason::ConnectionLost(error.kind()),
                        now,
                    );
                    return has_any;
                }
            }
        }
    }

    /// Writes once; 0 if the outbox is empty.
    fn write_once(
        &mut self,
        id: ConnectionId,
        cx: &mut Context<'_>,
        now: Moment,
    ) -> Poll<io::Result<usize>> {
        let (group, Some(wire)) = (&mut self.group, self.wires.get_mut(&id)) else {
            return Poll::Ready(Ok(0));
        };
        if group.is_unflushed(id) {
            ready!(wire.stream.as_mut().poll_flush(cx))?;
            group.handle_flushed(id, now);
        }
        let bytes = group.poll_bytes(id, now);
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let offered = bytes.len();
        match ready!(wire.stream.as_mut().poll_write(cx, bytes)) {
            Ok(0) => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            Ok(count) => {
                group.handle_written(id, count);
                if !wire.is_buffered {
                    group.handle_flushed(id, now);
                }
                Poll::Ready(Ok(count))
            }
            Err(error) => {
                // It is unknown how many bytes TLS wrote before it failed, so all count as possibly written.
                if wire.is_buffered {
                    group.handle_written(id, offered);
                }
                Poll::Ready(Err(error))
            }
        }
    }
}

/// Returns the next connection and the address of its peer.
fn poll_accept(
    listener: &TcpListener,
    cx: &mut Context<'_>,
) -> Poll<io::Result<(TcpStream, IpAddr)>> {
    let accepted = ready!(listener.poll_accept(cx));
    Poll::Ready(accepted.map(|(stream, peer)| (stream, peer.ip().to_canonical())))
}
