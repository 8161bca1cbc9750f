//! Drives the links of a network on tokio: reads, feeds, writes, sleeps. All rules are the group's.
//!
//! One task has all connections of a network. A wake-up reads what there is, hands all that follows up in one
//! piece, and writes what is to be written on a line in one go.

use std::collections::{BTreeMap, HashMap};
use std::future::{Future, poll_fn};
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::io::poll_read_buf;
use tokio_util::sync::PollSender;

use super::group::{Action, Group};
use super::handle::{Command, Events, Handle, Stopped};
use super::tcp::{Clock, Endpoint, Wire, dial, take_on};
use super::{End, Event, LineId, LinkId};
use crate::iso8583::Spec;
use crate::network::SessionRules;
use crate::values::Moment;

/// Commands that may wait to be read, and batches of events.
const QUEUED: usize = 64;

/// Events that may wait for room for their batch. With more, nothing is read from peers and no command is taken:
/// both feel it.
const UNTOLD: usize = 8192;

/// Room that is made for a read.
const READ: usize = 64 << 10;

/// Reads of a line, and commands, until others have their turn.
const READS: usize = 4;

/// Rounds until other tasks have their turn.
const ROUNDS: usize = 4;

/// How long no connection is accepted after that failed, as it does when there are too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Starts the links of a network on the runtime that this is called in: a [`LinkId`] is a place in `endpoints`. `seed` is any number.
#[must_use]
pub fn start(
    rules: Arc<SessionRules>,
    spec: Arc<Spec>,
    endpoints: Vec<Endpoint>,
    clock: Clock,
    seed: u64,
) -> (Handle, Events) {
    let (commands, receiver) = mpsc::channel(QUEUED);
    let (sender, events) = mpsc::channel(QUEUED);
    let links: Vec<_> = endpoints.iter().map(Endpoint::role).collect();
    let group = Group::new(rules, spec, &links, seed, clock.now());
    let mut driver = Driver {
        group,
        clock,
        endpoints,
        commands: receiver,
        opening: JoinSet::new(),
        aborts: HashMap::new(),
        wires: BTreeMap::new(),
        events: PollSender::new(sender),
        untold: Vec::new(),
        timer: Box::pin(sleep_until(Instant::now())),
        accept_from: None,
    };
    drop(tokio::spawn(poll_fn(move |cx| driver.poll(cx))));
    (Handle { commands }, Events(events))
}

struct Driver {
    group: Group,
    clock: Clock,
    endpoints: Vec<Endpoint>,
    commands: mpsc::Receiver<Command>,
    /// Connections being made.
    opening: JoinSet<(LineId, io::Result<Wire>)>,
    aborts: HashMap<LineId, AbortHandle>,
    wires: BTreeMap<LineId, Wire>,
    events: PollSender<Vec<Event>>,
    /// Events that the owner has not taken yet.
    untold: Vec<Event>,
    timer: Pin<Box<Sleep>>,
    accept_from: Option<Moment>,
}

impl Driver {
    /// Goes on as far as possible; ready when all links are signed off, or nobody takes events any more.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        for _ in 0..ROUNDS {
            if self.tell(cx).is_err() {
                return Poll::Ready(());
            }
            if !self.round(cx) {
                return self.rest(cx);
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Nothing is left to be done at once.
    fn rest(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.tell(cx).is_err() || (self.group.is_finished() && self.untold.is_empty()) {
            return Poll::Ready(());
        }
        self.sleep(cx);
        Poll::Pending
    }

    /// One round of everything; whether anything was done.
    fn round(&mut self, cx: &mut Context<'_>) -> bool {
        let now = self.clock.now();
        let mut busy = false;
        if self.untold.len() < UNTOLD {
            busy |= self.take_commands(cx, now);
            busy |= self.accept(cx, now);
            for id in self.wire_ids() {
                busy |= self.read(id, cx, now);
            }
        }
        busy |= self.take_opened(cx, now);
        if self.group.next_deadline().is_some_and(|deadline| deadline <= now) {
            self.group.handle_timeout(now);
        }
        for id in self.wire_ids() {
            busy |= self.write(id, cx, now);
        }
        while let Some(action) = self.group.poll_action() {
            busy = true;
            self.act(action, cx, now);
        }
        self.untold.append(&mut self.group.take_events());
        busy
    }

    fn wire_ids(&self) -> Vec<LineId> {
        self.wires.keys().copied().collect()
    }

    /// Hands all events up, if the owner has room for a batch.
    fn tell(&mut self, cx: &mut Context<'_>) -> Result<(), Stopped> {
        if self.untold.is_empty() {
            return Ok(());
        }
        match self.events.poll_reserve(cx) {
            Poll::Pending => Ok(()),
            Poll::Ready(Err(_)) => Err(Stopped),
            Poll::Ready(Ok(())) => {
                let batch = std::mem::take(&mut self.untold);
                self.events.send_item(batch).map_err(|_| Stopped)
            }
        }
    }

    /// Sleeps until the group's next deadline. A timer that wakes us sooner than needed is left as it is.
    fn sleep(&mut self, cx: &mut Context<'_>) {
        let next = self.group.next_deadline().into_iter().chain(self.accept_from).min();
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

/// What comes in.
impl Driver {
    fn take_commands(&mut self, cx: &mut Context<'_>, now: Moment) -> bool {
        let mut count = 0;
        while count < READS
            && let Poll::Ready(command) = self.commands.poll_recv(cx)
        {
            count += 1;
            match command {
                Some(Command::Send(messages)) => {
                    for outgoing in messages {
                        self.group.handle_send(outgoing, now);
                    }
                }
                Some(Command::SignOff(link)) => self.group.sign_off(link, now),
                Some(Command::SignOn(link)) => self.group.sign_on(link, now),
                Some(Command::Drain) => self.group.drain(now),
                None => {
                    self.group.drain(now);
                    return false;
                }
            }
        }
        count > 0
    }

    fn accept(&mut self, cx: &mut Context<'_>, now: Moment) -> bool {
        if self.accept_from.is_some_and(|from| from > now) {
            return false;
        }
        self.accept_from = None;
        let mut any = false;
        for link in 0..self.endpoints.len() {
            any |= self.accept_on(LinkId(link), cx, now);
        }
        any
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
                self.group.handle_turned_away(link, peer);
            }
            Poll::Ready(Ok((stream, _))) => {
                if let Some(line) = self.group.handle_accepted(link, now) {
                    let opening = take_on(stream, tls.clone());
                    self.open(line, opening);
                }
            }
        }
        true
    }

    fn open(
        &mut self,
        line: LineId,
        opening: impl Future<Output = io::Result<Wire>> + Send + 'static,
    ) {
        let abort = self.opening.spawn(async move { (line, opening.await) });
        self.aborts.insert(line, abort);
    }

    fn take_opened(&mut self, cx: &mut Context<'_>, now: Moment) -> bool {
        let mut any = false;
        while let Poll::Ready(Some(opened)) = self.opening.poll_join_next(cx) {
            any = true;
            // One that was given up has been told of.
            let Ok((line, opened)) = opened else { continue };
            if self.aborts.remove(&line).is_none() {
                continue;
            }
            match opened {
                Ok(wire) => {
                    self.wires.insert(line, wire);
                    self.group.handle_connected(line, now);
                }
                Err(error) => {
                    self.group.handle_ended(line, End::NotConnected(error.kind()), now);
                }
            }
        }
        any
    }

    fn read(&mut self, id: LineId, cx: &mut Context<'_>, now: Moment) -> bool {
        let Some(wire) = self.wires.get_mut(&id) else { return false };
        for count in 0..READS {
            if wire.incoming.spare_capacity_mut().len() < READ / 16 {
                wire.incoming.reserve(READ);
            }
            match poll_read_buf(wire.stream.as_mut(), cx, &mut wire.incoming) {
                Poll::Pending => return count > 0,
                Poll::Ready(Ok(0)) => {
                    self.group.handle_ended(id, End::Closed, now);
                    return true;
                }
                Poll::Ready(Ok(_)) => self.group.handle_received(id, &mut wire.incoming, now),
                Poll::Ready(Err(error)) => {
                    self.group.handle_ended(id, End::Failed(error.kind()), now);
                    return true;
                }
            }
        }
        true
    }
}

/// What goes out.
impl Driver {
    fn act(&mut self, action: Action, cx: &mut Context<'_>, now: Moment) {
        match action {
            Action::Dial(link, id) => {
                if let Some(Endpoint::Dial { address, tls }) = self.endpoints.get(link.0) {
                    let opening = dial(address.clone(), tls.clone());
                    self.open(id, opening);
                }
            }
            Action::Close(line) => self.close(line, cx, now),
        }
    }

    /// A last word is said if that is possible at once; nothing waits for it.
    fn close(&mut self, line: LineId, cx: &mut Context<'_>, now: Moment) {
        if let Some(abort) = self.aborts.remove(&line) {
            abort.abort();
        }
        self.write(line, cx, now);
        if let Some(mut wire) = self.wires.remove(&line) {
            let _at_once = wire.stream.as_mut().poll_shutdown(cx);
        }
        self.group.handle_closed(line, now);
    }

    /// Writes as much as the peer takes; whether that was anything.
    fn write(&mut self, id: LineId, cx: &mut Context<'_>, now: Moment) -> bool {
        let mut any = false;
        loop {
            match self.write_once(id, cx, now) {
                Poll::Ready(Ok(0)) | Poll::Pending => return any,
                Poll::Ready(Ok(_)) => any = true,
                Poll::Ready(Err(error)) => {
                    self.group.handle_ended(id, End::Failed(error.kind()), now);
                    return any;
                }
            }
        }
    }

    /// One write; 0 if there is nothing to be written.
    fn write_once(
        &mut self,
        id: LineId,
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
        let bytes = group.unwritten(id, now);
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let offered = bytes.len();
        match ready!(wire.stream.as_mut().poll_write(cx, bytes)) {
            Ok(0) => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            Ok(count) => {
                group.handle_written(id, count);
                if !wire.holds_back {
                    group.handle_flushed(id, now);
                }
                Poll::Ready(Ok(count))
            }
            Err(error) => {
                // How much of it TLS put into the kernel before it failed nobody knows.
                if wire.holds_back {
                    group.handle_written(id, offered);
                }
                Poll::Ready(Err(error))
            }
        }
    }
}

/// The next connection, and who it is from.
fn poll_accept(
    listener: &TcpListener,
    cx: &mut Context<'_>,
) -> Poll<io::Result<(TcpStream, IpAddr)>> {
    let accepted = ready!(listener.poll_accept(cx));
    Poll::Ready(accepted.map(|(stream, peer)| (stream, peer.ip().to_canonical())))
}
