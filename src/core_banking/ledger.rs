//! The embedded ledger: a small core banking system in an SQLite file. Every movement of money is one entry from an account
//! to another, so all balances always sum to zero.
//!
//! The ledger is the fold of a chain of signed rows. The start proves all of it; nothing that the file says afterwards
//! decides anything, unless it is what the ledger proved or wrote.
//!
//! One thread writes. It runs all queued commands in one transaction, makes it durable with one sync, and only then
//! replies. An error stops all writing: the durability of the last transaction is unknown until a start reads what is on
//! disk, so the ledger replies no more.

mod accounts;
mod balances;
mod chain;
mod durable_head;
mod entries;
mod keyed_code;
mod maintenance;
pub(super) mod names;
mod postings;
mod proof;
mod rows;
mod schema;
mod segments;
mod store;
mod totals;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Instant;

pub use chain::LedgerKeys;
pub use proof::VerifiedLedger;
pub use store::{LockedLedger, books, lock_ledger, verify_ledger};
pub use totals::{Books, BooksByCurrency, Total};

use super::command::{CoreCommand, CoreReply};
use super::error::{CoreBankingError, ErrorContext};
use super::meter::{Meter, Operation, RequestResult};
use super::replies::ReplySender;
use super::settings::Embedded;
use crate::clock::Clock;
use crate::signing::LedgerHead;
use crate::sqlite::run_writer;
use crate::transfer::PostingReply;
use durable_head::DurableHead;
pub(super) use entries::{AccountLookup, Entries, PostingOutcome};
use maintenance::Maintenance;
use store::Store;

/// Commands that may wait for the writer. Further commands are rejected.
const QUEUE_MAX: usize = 16_384;

/// The maximum number of commands in a job, and the number at which a transaction takes no further job.
const BATCH_MAX: usize = 4_096;

/// Commands between two checks of the log. Each command writes some pages, and the log is copied in pieces of hundreds.
const CHECK_LOG_EVERY: usize = 64;

/// The callback of some work, called when the work is durable.
type Release = Box<dyn FnOnce() + Send>;

/// Work on the ledger, run within the writer's transaction.
type Work = Box<dyn FnOnce(&Entries<'_>) -> Result<Release, CoreBankingError> + Send>;

/// A job of the writer.
enum Job {
    /// Commands of the port and when they came. Their replies are sent together.
    Commands(Vec<CoreCommand>, Instant),
    /// A call of the HTTP server.
    Work(Work),
}

impl Job {
    const fn command_count(&self) -> usize {
        match self {
            Self::Commands(commands, _) => commands.len(),
            Self::Work(_) => 1,
        }
    }
}

/// The ledger of this process. It closes when the last copy is dropped.
#[derive(Clone)]
pub struct Ledger {
    jobs: Sender<Job>,
    /// The number of queued commands.
    queued: Arc<AtomicUsize>,
    /// The head after the last commit.
    pub(super) head: DurableHead,
    /// Whether it had postings when it was opened.
    pub(super) had_postings: bool,
}

/// What a ledger is started with.
#[derive(Clone, Copy)]
pub(super) struct LedgerStart<'s> {
    pub(super) keys: &'s LedgerKeys,
    /// The head that the journal records.
    pub(super) recorded: Option<LedgerHead>,
    pub(super) clock: Clock,
}

impl Ledger {
    /// Opens the ledger, and proves it from its first row. Creates it if it does not exist, and opens the accounts of the
    /// file that it lacks. The writer's thread calls `ended` after the ledger is closed and unlocked, with the error if it
    /// failed.
    ///
    /// # Errors
    /// If another process holds the file, it is not a ledger, differs from what was signed, or can't be read or written; the
    /// signing key is not trusted; or the file of accounts is invalid.
    pub fn open(
        settings: &Embedded,
        keys: &LedgerKeys,
        ended: impl FnOnce(Option<CoreBankingError>) + Send + 'static,
    ) -> Result<Self, CoreBankingError> {
        // Here all commands come as work, whose callbacks reply.
        let start = LedgerStart { keys, recorded: None, clock: Clock::new() };
        Self::start(settings, start, |_, _| {}, ended)
    }

    /// Opens the ledger for the port. Replies, and the error if the ledger fails, go to `sender`.
    pub(super) fn open_for_port(
        settings: &Embedded,
        start: LedgerStart<'_>,
        sender: ReplySender,
        meter: Meter,
    ) -> Result<Self, CoreBankingError> {
        let error_sender = sender.clone();
        let send = move |replies: Vec<CoreReply>, executed: &[(Operation, Instant)]| {
            let now = Instant::now();
            for (operation, since) in executed {
                meter.count(*operation, RequestResult::Replied);
                meter.observe(now.saturating_duration_since(*since));
            }
            // If the receiver is closed, no reply is needed.
            let _closed = sender.send_all(replies);
        };
        Self::start(settings, start, send, move |fault| {
            if let Some(fault) = fault {
                error_sender.fail(fault);
            }
        })
    }

    fn start(
        settings: &Embedded,
        LedgerStart { keys, recorded, clock }: LedgerStart<'_>,
        send: impl Fn(Vec<CoreReply>, &[(Operation, Instant)]) + Send + 'static,
        ended: impl FnOnce(Option<CoreBankingError>) + Send + 'static,
    ) -> Result<Self, CoreBankingError> {
        let store = Store::open(&settings.ledger, keys, recorded, clock)?;
        if let Some(file) = &settings.accounts {
            accounts::open_missing_accounts(&store, file)?;
        }
        let maintenance = Maintenance::start(&store)?;
        let (jobs, queue) = channel();
        let queued = Arc::new(AtomicUsize::new(0));
        let waiting = Arc::clone(&queued);
        let (head, had_postings) = (store.head.clone(), store.had_postings);
        let path = settings.ledger.clone();
        let writer = move || {
            let fault = run(&store, &maintenance, (&queue, &waiting), send).err();
            // Queued jobs are dropped without a reply.
            drop(queue);
            drop(maintenance);
            let fault = fault.or_else(|| store.close().err());
            if let Some(fault) = &fault {
                tracing::error!(%fault, "ledger stopped");
            }
            ended(fault);
        };
        let spawned = thread::Builder::new().name("ledger-writer".to_owned()).spawn(writer);
        spawned.context("starting a thread for", &path)?;
        Ok(Self { jobs, queued, head, had_postings })
    }

    /// Queues work on the ledger. `release` receives its result when it is durable. Neither is called if the ledger fails.
    /// Returns `false` if the queue is full or the ledger has ended.
    pub(super) fn submit_work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Entries<'_>) -> Result<T, CoreBankingError> + Send + 'static,
        release: impl FnOnce(T) + Send + 'static,
    ) -> bool {
        let work: Work = Box::new(move |entries| {
            let done = work(entries)?;
            Ok(Box::new(move || release(done)))
        });
        self.reserve(1) == 1 && self.jobs.send(Job::Work(work)).is_ok()
    }

    /// Queues commands. Returns those for which the queue is full, or all if the ledger has ended.
    pub(super) fn submit_commands(&self, mut commands: Vec<CoreCommand>) -> Vec<CoreCommand> {
        let since = Instant::now();
        let mut rejected = commands.split_off(self.reserve(commands.len()));
        while !commands.is_empty() {
            let rest = commands.split_off(BATCH_MAX.min(commands.len()));
            if let Err(unsent) = self.jobs.send(Job::Commands(commands, since))
                && let Job::Commands(commands, _) = unsent.0
            {
                rejected.extend(commands);
            }
            commands = rest;
        }
        rejected
    }

    /// Reserves places in the queue. Returns how many of the wanted places it got.
    fn reserve(&self, wanted: usize) -> usize {
        let reserved = |queued: usize| wanted.min(QUEUE_MAX.saturating_sub(queued));
        let before = self.queued.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |queued| {
            Some(queued + reserved(queued))
        });
        before.map_or(0, reserved)
    }
}

/// Executes a command. Returns the reply.
fn execute(entries: &Entries<'_>, command: &CoreCommand) -> Result<CoreReply, CoreBankingError> {
    Ok(match command {
        CoreCommand::Post(posting) => CoreReply::to_posting(
            posting,
            match entries.post(posting)? {
                PostingOutcome::Posted | PostingOutcome::AlreadyPosted => PostingReply::Posted,
                PostingOutcome::Refused(refusal) => PostingReply::Refused(refusal),
                PostingOutcome::Conflict(_) => PostingReply::Conflict,
                PostingOutcome::Barred => PostingReply::Barred,
            },
        ),
        CoreCommand::Cancel(id) => CoreReply::Cancel(*id, entries.cancel(*id)?),
        CoreCommand::CancelPart(part) => {
            CoreReply::PartCancel(part.transfer_id, entries.cancel(part.posting_id)?)
        }
        CoreCommand::Account(id, number) => {
            CoreReply::Account(*id, entries.account(number)?.reply())
        }
    })
}

/// Runs the writer's thread until all senders are gone or something fails. `queued` counts the commands of the queue.
fn run(
    store: &Store,
    maintenance: &Maintenance,
    (jobs, queued): (&Receiver<Job>, &AtomicUsize),
    send: impl Fn(Vec<CoreReply>, &[(Operation, Instant)]),
) -> Result<(), CoreBankingError> {
    let entries = Entries::new(store);
    let mut unchecked = 0;
    run_writer(jobs, BATCH_MAX, Job::command_count, |jobs| {
        let count = jobs.iter().map(Job::command_count).sum::<usize>();
        queued.fetch_sub(count, Ordering::Relaxed);
        maintenance.restart_log(store)?;
        let transaction = store.begin()?;
        let (mut replies, mut executed, mut releases) = (Vec::new(), Vec::new(), Vec::new());
        for job in jobs {
            match job {
                Job::Commands(commands, since) => {
                    for command in &commands {
                        executed.push((Operation::of(command), since));
                        replies.push(execute(&entries, command)?);
                    }
                }
                Job::Work(work) => releases.push(work(&entries)?),
            }
        }
        store.commit(transaction)?;
        send(replies, &executed);
        for release in releases {
            release();
        }
        unchecked += count;
        if unchecked >= CHECK_LOG_EVERY {
            unchecked = 0;
            maintenance.check_log();
        }
        Ok(())
    })
}
