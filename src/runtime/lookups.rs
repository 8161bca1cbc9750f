//! Lookups in the journal, on a thread of their own, because a disk can be slow.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::{io, thread};

use tokio::sync::mpsc::UnboundedSender;

use crate::engine::{Event, Lookup, StoredTransfer};
use crate::journal::Reader;
use crate::records::{RecordsError, look_up};

/// A lookup of the engine, and the event that waits for it. The engine bounds how many there are.
pub(super) struct LookupRequest {
    pub(super) number: u64,
    pub(super) lookup: Lookup,
    pub(super) event: Box<Event>,
}

/// The transfers that the journal has.
pub(super) struct LookupResult {
    pub(super) number: u64,
    pub(super) found: Vec<StoredTransfer>,
    pub(super) event: Box<Event>,
}

/// Starts the thread. It ends when either channel is closed.
///
/// # Errors
/// If the system can't start a thread.
pub(super) fn start(
    reader: Box<dyn Reader>,
    results: UnboundedSender<Result<LookupResult, RecordsError>>,
) -> io::Result<Sender<LookupRequest>> {
    let (sender, requests) = channel();
    thread::Builder::new()
        .name("lookups".into())
        .spawn(move || run(reader.as_ref(), &requests, &results))?;
    Ok(sender)
}

fn run(
    reader: &dyn Reader,
    requests: &Receiver<LookupRequest>,
    results: &UnboundedSender<Result<LookupResult, RecordsError>>,
) {
    for LookupRequest { number, lookup, event } in requests {
        let result = look_up(reader, lookup).map(|found| LookupResult { number, found, event });
        if results.send(result).is_err() {
            return;
        }
    }
}
