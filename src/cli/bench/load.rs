//! The load: connections to a server, each with one request at a time, as cheap as they can be: nothing of an answer is looked at
//! but its status and its length.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::pin::pin;
use std::rc::Rc;
use std::time::Instant;

use bytes::BytesMut;
use hdrhistogram::Histogram;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::{JoinSet, LocalSet};

use super::pacer::Pacer;
use super::request::Request;
use super::samples::Samples;
use crate::cli::failure::Failure;

/// Bytes that an answer may have.
const ANSWER_MAX: usize = 64 * 1024;

/// The longest time that is told, in microseconds.
const LONGEST: u64 = 120_000_000;

/// The status of a transfer of which nobody knows yet what becomes of it.
const IN_PROGRESS: u16 = 202;

/// What came of the requests.
pub(super) struct Tally {
    /// Microseconds until a request was answered, from when it was due, or, without a rate, from when it was made. Of all that
    /// were due while it was measured.
    pub(super) times: Histogram<u64>,
    /// Answers while it was measured.
    pub(super) answers: u64,
    /// All answers by their status, those of the warm-up too.
    pub(super) statuses: BTreeMap<u16, u64>,
    /// Transfers that were in progress when they were answered, by their numbers.
    pub(super) in_progress: Vec<u64>,
    /// Bytes of the last answer's body.
    pub(super) answer_length: usize,
}

/// A load.
pub(super) struct Load {
    /// With a rate: says when a request is due. Without, each connection makes the next one when it is answered.
    pacer: Option<Pacer>,
    made: Cell<u64>,
    /// How many requests it makes, if that does not depend on time.
    whole: Option<u64>,
    measured_from: Cell<Option<Instant>>,
    stopped_at: Cell<Option<Instant>>,
    tally: RefCell<Tally>,
    /// Where it is told how it goes on, from the first request.
    samples: RefCell<Option<Samples>>,
}

/// No times yet, in microseconds.
pub(super) fn times() -> Result<Histogram<u64>, Failure> {
    Ok(Histogram::new_with_max(LONGEST, 3)
        .map_err(|error| format!("no histogram of times: {error}"))?)
}

impl Load {
    /// As many requests as are answered, or so many a second from now on.
    pub(super) fn begin(
        rate: Option<NonZeroU32>,
        samples: Option<Samples>,
    ) -> Result<Rc<Self>, Failure> {
        let pacer = rate.map(Pacer::start).transpose();
        let pacer = pacer.map_err(|error| format!("no thread: {error}"))?;
        Self::new(pacer, None, samples)
    }

    /// So many requests, as fast as they are answered.
    pub(super) fn of(count: u64) -> Result<Rc<Self>, Failure> {
        Self::new(None, Some(count), None)
    }

    fn new(
        pacer: Option<Pacer>,
        whole: Option<u64>,
        samples: Option<Samples>,
    ) -> Result<Rc<Self>, Failure> {
        let tally = Tally {
            times: times()?,
            answers: 0,
            statuses: BTreeMap::new(),
            in_progress: Vec::new(),
            answer_length: 0,
        };
        Ok(Rc::new(Self {
            pacer,
            made: Cell::new(0),
            whole,
            measured_from: Cell::new(None),
            stopped_at: Cell::new(None),
            tally: RefCell::new(tally),
            samples: RefCell::new(samples),
        }))
    }

    /// The warm-up is over.
    pub(super) fn measure(&self) {
        self.measured_from.set(Some(Instant::now()));
    }

    /// Makes no more requests but those that are due by now, or that make it whole.
    fn stop(&self, connections: usize) {
        if self.whole.is_some() {
            return;
        }
        self.stopped_at.set(Some(Instant::now()));
        if let Some(pacer) = &self.pacer {
            pacer.wake(connections);
        }
    }

    /// What came of it.
    pub(super) fn tally(self: Rc<Self>) -> Option<Tally> {
        Rc::into_inner(self).map(|load| load.tally.into_inner())
    }

    /// The next request: its number, and when it is or was due. None any more, once it is stopped or has made all.
    async fn next(&self) -> Option<(u64, Instant)> {
        let due = match &self.pacer {
            Some(pacer) => pacer.next(&self.made).await,
            None => Instant::now(),
        };
        let is_over = self.stopped_at.get().is_some_and(|stopped| stopped <= due);
        if is_over || self.whole.is_some_and(|whole| self.made.get() >= whole) {
            return None;
        }
        self.made.set(self.made.get() + 1);
        Some((self.made.get(), due))
    }

    fn told(&self, (number, due): (u64, Instant), status: u16, length: usize) -> io::Result<()> {
        let mut tally = self.tally.borrow_mut();
        *tally.statuses.entry(status).or_default() += 1;
        if status == IN_PROGRESS {
            tally.in_progress.push(number);
        }
        tally.answer_length = length;
        let micros = u64::try_from(due.elapsed().as_micros()).unwrap_or(LONGEST);
        if let Some(from) = self.measured_from.get() {
            tally.answers += u64::from(self.stopped_at.get().is_none());
            if due >= from {
                tally.times.saturating_record(micros);
            }
        }
        self.samples.borrow_mut().as_mut().map_or(Ok(()), |samples| samples.told(micros))
    }

    /// One connection: asks, and asks again when it is answered.
    async fn ask(self: Rc<Self>, mut stream: TcpStream, mut request: Request) -> io::Result<()> {
        let mut answer = BytesMut::with_capacity(ANSWER_MAX);
        while let Some(next) = self.next().await {
            stream.write_all(request.for_transfer(next.0)).await?;
            let (status, length) = hear(&mut stream, &mut answer).await?;
            self.told(next, status, length)?;
        }
        Ok(())
    }
}

/// Connections, opened before the clock starts.
pub(super) async fn connect(server: SocketAddr, count: u32) -> io::Result<Vec<TcpStream>> {
    let mut streams = Vec::new();
    for _ in 0..count {
        let stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    Ok(streams)
}

/// Runs the load for as long as `course` goes, or until it is whole, and until all is answered. What the course said comes back when
/// both are over.
pub(super) async fn run<T>(
    load: &Rc<Load>,
    streams: Vec<TcpStream>,
    request: &Request,
    course: impl Future<Output = T>,
) -> io::Result<T> {
    let local = LocalSet::new();
    let run = local.run_until(async {
        let mut clients = JoinSet::new();
        let connections = streams.len();
        for stream in streams {
            clients.spawn_local(Rc::clone(load).ask(stream, request.clone()));
        }
        let (mut course, mut said) = (pin!(course), None);
        loop {
            tokio::select! {
                Some(ended) = clients.join_next() => ended??,
                done = &mut course, if said.is_none() => {
                    load.stop(connections);
                    said = Some(done);
                }
                else => break,
            }
        }
        load.samples.borrow_mut().as_mut().map_or(Ok(()), Samples::end)?;
        said.ok_or_else(|| io::Error::other("the load ended too soon"))
    });
    run.await
}

/// Reads an answer: its status, and the bytes of its body.
async fn hear(stream: &mut TcpStream, answer: &mut BytesMut) -> io::Result<(u16, usize)> {
    answer.clear();
    loop {
        if stream.read_buf(answer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(whole) = whole(answer)? {
            return Ok(whole);
        }
    }
}

/// Status and length of an answer, if it is whole.
fn whole(answer: &[u8]) -> io::Result<Option<(u16, usize)>> {
    let no_answer = || io::Error::other("this is no answer of HTTP/1.1");
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return if answer.len() < ANSWER_MAX { Ok(None) } else { Err(no_answer()) };
    };
    let head =
        answer.get(..end).and_then(|head| str::from_utf8(head).ok()).ok_or_else(no_answer)?;
    let status = head.get(9..12).and_then(|status| status.parse().ok());
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length = length.and_then(|length| length.parse::<usize>().ok());
    let (status, length) = status.zip(length).ok_or_else(no_answer)?;
    let is_whole = answer.len() >= end.saturating_add(4).saturating_add(length);
    if length > ANSWER_MAX { Err(no_answer()) } else { Ok(is_whole.then_some((status, length))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_body_is() {
        let answer = b"HTTP/1.1 202 Accepted\r\ncontent-length: 4\r\nx: y\r\n\r\nbody";
        for length in 0..answer.len() {
            assert_eq!(whole(&answer[..length]).unwrap(), None);
        }
        assert_eq!(whole(answer).unwrap(), Some((202, 4)));
        assert!(whole(b"HTTP/1.1 200 OK\r\n\r\n").is_err(), "without a length");
    }
}
