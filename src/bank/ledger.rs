//! The embedded ledger: a little core of our own, in an SQLite file. Every move of money is one entry from an account to
//! another, so all balances sum to zero, always.
//!
//! One thread writes. It takes all that waits into one transaction, makes it durable with one sync, and only then answers. A
//! failure ends the writing for good: whether its last transaction is durable nobody knows but the disk, so nothing more is
//! said until a start has read what is there.

mod accounts;
mod entries;
mod keeper;
mod names;
mod store;
mod totals;

use std::iter;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;

use tokio::sync::mpsc::Sender;

pub use totals::{Books, Total, books};

use super::error::{BankError, During};
use super::meter::{Fate, Meter};
use super::port::{Ask, Said, Told};
use super::settings::Embedded;
use crate::transfer::PostingAnswer;
pub(super) use entries::{Entries, Found, Made};
use keeper::Keeper;
use store::Store;

/// Jobs that may wait for the writer. More are refused.
const WAITING: usize = 16_384;

/// Jobs that one transaction takes, if there are as many.
const GROUP: usize = 4_096;

/// What is called when a job's work is durable.
type Release = Box<dyn FnOnce() + Send>;

/// Some work on the ledger, within the writer's transaction.
type Job = Box<dyn FnOnce(&Entries<'_>) -> Result<Release, BankError> + Send>;

/// The ledger of this process. It is closed when the last copy is dropped.
#[derive(Clone)]
pub struct Ledger {
    jobs: SyncSender<Job>,
}

impl Ledger {
    /// Opens the ledger, makes it if there is none, and opens the accounts that it doesn't have yet. `ended` is called on the
    /// writer's thread when the ledger is closed and free, with the fault if it failed.
    ///
    /// # Errors
    /// If another process has it, it is another's, damaged, or can't be read or written; or the file of accounts is wrong.
    pub fn open(
        settings: &Embedded,
        ended: impl FnOnce(Option<BankError>) + Send + 'static,
    ) -> Result<Self, BankError> {
        let store = Store::open(&settings.ledger)?;
        if let Some(file) = &settings.accounts {
            accounts::open_new(&store, file)?;
        }
        let keeper = Keeper::start(&store)?;
        let (jobs, queue) = sync_channel(WAITING);
        let path = settings.ledger.clone();
        let writer = move || {
            let fault = run(&store, &keeper, &queue).err();
            // What waits still is dropped unanswered.
            drop(queue);
            drop(keeper);
            let fault = fault.or_else(|| store.close().err());
            if let Some(fault) = &fault {
                tracing::error!(%fault, "the ledger has stopped");
            }
            ended(fault);
        };
        let spawned = thread::Builder::new().name("bank-ledger".to_owned()).spawn(writer);
        spawned.during("starting a thread for", &path)?;
        Ok(Self { jobs })
    }

    /// Does some work on the ledger, and releases what it gave when that is durable; neither, if the ledger fails. Gives the
    /// job back if too many wait, or the ledger has ended.
    pub(super) fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Entries<'_>) -> Result<T, BankError> + Send + 'static,
        release: impl FnOnce(T) + Send + 'static,
    ) -> bool {
        let job: Job = Box::new(move |entries| {
            let done = work(entries)?;
            Ok(Box::new(move || release(done)))
        });
        match self.jobs.try_send(job) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        }
    }

    /// Has a question answered; gives it back if too many wait.
    pub(super) fn ask(&self, ask: Ask, told: Sender<Said>, meter: Meter) -> Result<(), Ask> {
        let asked = ask.clone();
        let release = move |answer| {
            meter.count(Fate::Answered);
            // If nobody takes answers any more, nobody is to be told.
            let _ = told.blocking_send(Ok(answer));
        };
        if self.submit(move |entries| answer(entries, &asked), release) { Ok(()) } else { Err(ask) }
    }
}

/// What the ledger says to a question.
fn answer(entries: &Entries<'_>, ask: &Ask) -> Result<Told, BankError> {
    Ok(match ask {
        Ask::Post(posting) => Told::Posting(
            posting.id,
            match entries.post(posting)? {
                Made::Now | Made::Before => PostingAnswer::Posted,
                Made::Refused(refusal) => PostingAnswer::Refused(refusal),
                Made::Conflict(_) => PostingAnswer::Conflict,
                Made::Barred => PostingAnswer::Barred,
            },
        ),
        Ask::Cancel(id) => Told::Cancel(*id, entries.cancel(*id)?),
        Ask::Account(id, number) => Told::Account(*id, entries.account(number)?.answer()),
    })
}

/// The writer's thread: until nobody can ask any more, or something fails.
fn run(store: &Store, keeper: &Keeper, jobs: &Receiver<Job>) -> Result<(), BankError> {
    while let Ok(first) = jobs.recv() {
        keeper.rewind(store)?;
        let transaction = store.begin()?;
        let entries = Entries { store };
        let waiting = iter::once(first).chain(jobs.try_iter()).take(GROUP);
        let releases: Vec<_> = waiting.map(|job| job(&entries)).collect::<Result<_, _>>()?;
        transaction.commit().during("writing to the ledger", &store.path)?;
        for release in releases {
            release();
        }
        keeper.look();
    }
    Ok(())
}
