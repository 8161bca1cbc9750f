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
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

pub use totals::{Books, Total, books};

use super::answers::Teller;
use super::error::{BankError, During};
use super::meter::{Fate, Meter};
use super::port::{Ask, Told};
use super::settings::Embedded;
use crate::transfer::PostingAnswer;
pub(super) use entries::{Entries, Found, Made};
use keeper::Keeper;
use store::Store;

/// Questions that may wait for the writer. More are refused.
const WAITING: usize = 16_384;

/// Questions that one transaction takes, if there are as many; and that come together at most.
const GROUP: usize = 4_096;

/// Questions after which the log is looked at: each writes some pages, and it is taken into the file by hundreds of them.
const LOOK: usize = 64;

/// What is called when some work is durable.
type Release = Box<dyn FnOnce() + Send>;

/// Some work on the ledger, within the writer's transaction.
type Work = Box<dyn FnOnce(&Entries<'_>) -> Result<Release, BankError> + Send>;

/// What the writer is asked.
enum Job {
    /// Questions of the port: their answers are told together.
    Asks(Vec<Ask>),
    /// A call of the ledger as a core over HTTP.
    Work(Work),
}

impl Job {
    const fn questions(&self) -> usize {
        match self {
            Self::Asks(asks) => asks.len(),
            Self::Work(_) => 1,
        }
    }
}

/// The ledger of this process. It is closed when the last copy is dropped.
#[derive(Clone)]
pub struct Ledger {
    jobs: Sender<Job>,
    /// Questions that wait.
    waiting: Arc<AtomicUsize>,
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
        // Nobody asks but by work, which releases what it gave.
        Self::start(settings, |_| {}, ended)
    }

    /// The same for the port: what it asks is told there, and the fault too if the ledger fails.
    pub(super) fn open_asked(
        settings: &Embedded,
        teller: Teller,
        meter: Meter,
    ) -> Result<Self, BankError> {
        let end = teller.clone();
        let tell = move |told: Vec<Told>| {
            meter.add(Fate::Answered, told.len());
            // If nobody takes answers any more, nobody is to be told.
            let _unheard = teller.tell_all(told);
        };
        Self::start(settings, tell, move |fault| {
            if let Some(fault) = fault {
                end.fail(fault);
            }
        })
    }

    fn start(
        settings: &Embedded,
        tell: impl Fn(Vec<Told>) + Send + 'static,
        ended: impl FnOnce(Option<BankError>) + Send + 'static,
    ) -> Result<Self, BankError> {
        let store = Store::open(&settings.ledger)?;
        if let Some(file) = &settings.accounts {
            accounts::open_new(&store, file)?;
        }
        let keeper = Keeper::start(&store)?;
        let (jobs, queue) = channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let queue = Queue { jobs: queue, waiting: Arc::clone(&waiting) };
        let path = settings.ledger.clone();
        let writer = move || {
            let fault = run(&store, &keeper, &queue, tell).err();
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
        Ok(Self { jobs, waiting })
    }

    /// Does some work on the ledger, and releases what it gave when that is durable; neither, if the ledger fails. `false` if
    /// too many questions wait, or the ledger has ended.
    pub(super) fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Entries<'_>) -> Result<T, BankError> + Send + 'static,
        release: impl FnOnce(T) + Send + 'static,
    ) -> bool {
        let work: Work = Box::new(move |entries| {
            let done = work(entries)?;
            Ok(Box::new(move || release(done)))
        });
        self.room(1) == 1 && self.jobs.send(Job::Work(work)).is_ok()
    }

    /// Has questions answered; gives those back for which there is no room, or all if the ledger has ended.
    pub(super) fn ask(&self, mut asks: Vec<Ask>) -> Vec<Ask> {
        let mut over = asks.split_off(self.room(asks.len()));
        while !asks.is_empty() {
            let rest = asks.split_off(GROUP.min(asks.len()));
            if let Err(unsent) = self.jobs.send(Job::Asks(asks))
                && let Job::Asks(asks) = unsent.0
            {
                over.extend(asks);
            }
            asks = rest;
        }
        over
    }

    /// Takes room for questions, for as many of them as there is some.
    fn room(&self, wanted: usize) -> usize {
        let taken = |waiting: usize| wanted.min(WAITING.saturating_sub(waiting));
        let before = self.waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |waiting| {
            Some(waiting + taken(waiting))
        });
        before.map_or(0, taken)
    }
}

/// The writer's end of the questions.
struct Queue {
    jobs: Receiver<Job>,
    waiting: Arc<AtomicUsize>,
}

impl Queue {
    /// What waits, as far as a transaction takes it; waits for the first.
    fn next(&self) -> Option<Vec<Job>> {
        let first = self.jobs.recv().ok()?;
        let mut questions = 0;
        let mut gathered = Vec::new();
        for job in iter::once(first).chain(iter::from_fn(|| self.jobs.try_recv().ok())) {
            questions += job.questions();
            gathered.push(job);
            if questions >= GROUP {
                break;
            }
        }
        self.waiting.fetch_sub(questions, Ordering::Relaxed);
        Some(gathered)
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
fn run(
    store: &Store,
    keeper: &Keeper,
    queue: &Queue,
    tell: impl Fn(Vec<Told>),
) -> Result<(), BankError> {
    let entries = Entries::new(store);
    let mut unseen = 0;
    while let Some(jobs) = queue.next() {
        keeper.rewind(store)?;
        let transaction = store.begin()?;
        let (mut told, mut releases) = (Vec::new(), Vec::new());
        unseen += jobs.iter().map(Job::questions).sum::<usize>();
        for job in jobs {
            match job {
                Job::Asks(asks) => {
                    for ask in &asks {
                        told.push(answer(&entries, ask)?);
                    }
                }
                Job::Work(work) => releases.push(work(&entries)?),
            }
        }
        entries.balance()?;
        transaction.commit().during("writing to the ledger", &store.path)?;
        tell(told);
        for release in releases {
            release();
        }
        if unseen >= LOOK {
            unseen = 0;
            keeper.look();
        }
    }
    Ok(())
}
