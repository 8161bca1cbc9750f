//! Look-ups in the journal, on a thread of their own: a disk may be slow.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::{io, thread};

use tokio::sync::mpsc::UnboundedSender;

use crate::engine::{Begun, Event, Lookup, Record};
use crate::journal::Reader;
use crate::records::{RecordsError, look_up};

/// A transfer that the engine looks for, under a number, for an event. The engine bounds how many there are.
pub(super) struct Sought {
    pub(super) number: u64,
    pub(super) about: Lookup,
    pub(super) event: Event,
}

/// What the journal has of it.
pub(super) struct Found {
    pub(super) number: u64,
    pub(super) records: Vec<Record>,
    pub(super) begun: Option<Begun>,
    pub(super) event: Event,
}

/// Starts the thread. It ends when nobody asks any more, or nobody listens.
///
/// # Errors
/// If there is no room for a thread.
pub(super) fn start(
    reader: Reader,
    found: UnboundedSender<Result<Found, RecordsError>>,
) -> io::Result<Sender<Sought>> {
    let (ask, asked) = channel();
    thread::Builder::new().name("look-ups".into()).spawn(move || run(&reader, &asked, &found))?;
    Ok(ask)
}

fn run(
    reader: &Reader,
    asked: &Receiver<Sought>,
    found: &UnboundedSender<Result<Found, RecordsError>>,
) {
    for Sought { number, about, event } in asked {
        let answer =
            look_up(reader, about).map(|(records, begun)| Found { number, records, begun, event });
        if found.send(answer).is_err() {
            return;
        }
    }
}
