//! The load: connections to a server, each with one request at a time. To be cheap, it reads only the status and the length of
//! a response.

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

use super::measured::{MAX_MICROS, histogram};
use super::pacer::Pacer;
use super::request::Request;
use super::samples::Samples;
use crate::cli::failure::Failure;

/// The maximum size of a response in bytes.
const RESPONSE_MAX: usize = 64 * 1024;

/// The HTTP status of a transfer in progress.
const IN_PROGRESS: u16 = 202;

/// The results of the requests.
pub(super) struct Tally {
    /// Microseconds from the due time of a request to its response; without a rate from the time it was sent. Requests that
    /// were due during the measurement.
    pub(super) times: Histogram<u64>,
    /// Responses during the measurement.
    pub(super) responses: u64,
    /// All responses by status, those of the warm-up included.
    pub(super) statuses: BTreeMap<u16, u64>,
    /// Numbers of the transfers that were answered 202 (in progress).
    pub(super) in_progress: Vec<u64>,
    /// Bytes of the last response body.
    pub(super) response_length: usize,
}

/// A load.
pub(super) struct Load {
    /// With a rate, the schedule of requests. Without one, each connection sends the next request after a response.
    pacer: Option<Pacer>,
    sent: Cell<u64>,
    /// The number of requests, where it does not depend on time.
    total: Option<u64>,
    measured_from: Cell<Option<Instant>>,
    stopped_at: Cell<Option<Instant>>,
    tally: RefCell<Tally>,
    /// The samples file, from the first request on.
    samples: RefCell<Option<Samples>>,
}

impl Load {
    /// Creates a load of as many requests as are answered, or of `rate` a second from now on.
    pub(super) fn begin(
        rate: Option<NonZeroU32>,
        samples: Option<Samples>,
    ) -> Result<Rc<Self>, Failure> {
        let pacer = rate.map(Pacer::start).transpose();
        let pacer = pacer.map_err(|error| format!("cannot start a thread: {error}"))?;
        Self::new(pacer, None, samples)
    }

    /// Creates a load of `count` requests, as fast as they are answered.
    pub(super) fn of(count: u64) -> Result<Rc<Self>, Failure> {
        Self::new(None, Some(count), None)
    }

    fn new(
        pacer: Option<Pacer>,
        total: Option<u64>,
        samples: Option<Samples>,
    ) -> Result<Rc<Self>, Failure> {
        let tally = Tally {
            times: histogram()?,
            responses: 0,
            statuses: BTreeMap::new(),
            in_progress: Vec::new(),
            response_length: 0,
        };
        Ok(Rc::new(Self {
            pacer,
            sent: Cell::new(0),
            total,
            measured_from: Cell::new(None),
            stopped_at: Cell::new(None),
            tally: RefCell::new(tally),
            samples: RefCell::new(samples),
        }))
    }

    /// Ends the warm-up and starts the measurement.
    pub(super) fn measure(&self) {
        self.measured_from.set(Some(Instant::now()));
    }

    /// Stops new requests, except those already due and those of a fixed total.
    fn stop(&self, connections: usize) {
        if self.total.is_some() {
            return;
        }
        self.stopped_at.set(Some(Instant::now()));
        if let Some(pacer) = &self.pacer {
            pacer.wake(connections);
        }
    }

    /// Returns the results.
    pub(super) fn tally(self: Rc<Self>) -> Option<Tally> {
        Rc::into_inner(self).map(|load| load.tally.into_inner())
    }

    /// Returns the number and the due time of the next request; `None` after the last one.
    async fn next(&self) -> Option<(u64, Instant)> {
        let due = match &self.pacer {
            Some(pacer) => pacer.next(&self.sent).await,
            None => Instant::now(),
        };
        let is_over = self.stopped_at.get().is_some_and(|stopped| stopped <= due);
        if is_over || self.total.is_some_and(|total| self.sent.get() >= total) {
            return None;
        }
        self.sent.set(self.sent.get() + 1);
        Some((self.sent.get(), due))
    }

    fn record(&self, (number, due): (u64, Instant), status: u16, length: usize) -> io::Result<()> {
        let mut tally = self.tally.borrow_mut();
        *tally.statuses.entry(status).or_default() += 1;
        if status == IN_PROGRESS {
            tally.in_progress.push(number);
        }
        tally.response_length = length;
        let micros = u64::try_from(due.elapsed().as_micros()).unwrap_or(MAX_MICROS);
        if let Some(from) = self.measured_from.get() {
            tally.responses += u64::from(self.stopped_at.get().is_none());
            if due >= from {
                tally.times.saturating_record(micros);
            }
        }
        self.samples.borrow_mut().as_mut().map_or(Ok(()), |samples| samples.record(micros))
    }

    /// Runs one connection: sends the next request after each response.
    async fn run_connection(
        self: Rc<Self>,
        mut stream: TcpStream,
        mut request: Request,
    ) -> io::Result<()> {
        let mut response = BytesMut::with_capacity(RESPONSE_MAX);
        while let Some(next) = self.next().await {
            stream.write_all(request.for_transfer(next.0)).await?;
            let (status, length) = read_response(&mut stream, &mut response).await?;
            self.record(next, status, length)?;
        }
        Ok(())
    }
}

/// Opens the connections before the clock starts.
pub(super) async fn connect(server: SocketAddr, count: u32) -> io::Result<Vec<TcpStream>> {
    let mut streams = Vec::new();
    for _ in 0..count {
        let stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    Ok(streams)
}

/// Runs the load until `course` ends or the total is sent, and until all requests are answered. Returns the result of `course`.
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
            clients.spawn_local(Rc::clone(load).run_connection(stream, request.clone()));
        }
        let (mut course, mut result) = (pin!(course), None);
        loop {
            tokio::select! {
                Some(ended) = clients.join_next() => ended??,
                done = &mut course, if result.is_none() => {
                    load.stop(connections);
                    result = Some(done);
                }
                else => break,
            }
        }
        load.samples.borrow_mut().as_mut().map_or(Ok(()), Samples::end)?;
        result.ok_or_else(|| io::Error::other("the load ended before the measurement"))
    });
    run.await
}

/// Reads a response; returns its status and the length of its body.
async fn read_response(
    stream: &mut TcpStream,
    response: &mut BytesMut,
) -> io::Result<(u16, usize)> {
    response.clear();
    loop {
        if stream.read_buf(response).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(complete) = parse_response(response)? {
            return Ok(complete);
        }
    }
}

/// Returns status and body length of a response, if it is complete.
fn parse_response(response: &[u8]) -> io::Result<Option<(u16, usize)>> {
    let malformed = || io::Error::other("malformed HTTP/1.1 response");
    let Some(end) = response.windows(4).position(|four| four == b"\r\n\r\n") else {
        return if response.len() < RESPONSE_MAX { Ok(None) } else { Err(malformed()) };
    };
    let head =
        response.get(..end).and_then(|head| str::from_utf8(head).ok()).ok_or_else(malformed)?;
    let status = head.get(9..12).and_then(|status| status.parse().ok());
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length = length.and_then(|length| length.parse::<usize>().ok());
    let (status, length) = status.zip(length).ok_or_else(malformed)?;
    let is_complete = response.len() >= end.saturating_add(4).saturating_add(length);
    if length > RESPONSE_MAX {
        Err(malformed())
    } else {
        Ok(is_complete.then_some((status, length)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_complete_with_its_body() {
        let response = b"HTTP/1.1 202 Accepted\r\ncontent-length: 4\r\nx: y\r\n\r\nbody";
        for length in 0..response.len() {
            assert_eq!(parse_response(&response[..length]).unwrap(), None);
        }
        assert_eq!(parse_response(response).unwrap(), Some((202, 4)));
        assert!(parse_response(b"HTTP/1.1 200 OK\r\n\r\n").is_err(), "without a length");
    }
}
