//! The channel of a drill: transfers and account inquiries on a schedule, and what became of each.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::sleep_until;

use crate::cli::demo::{Tally, wanted};
use crate::harness::{ChannelClient, ChannelOutcome, TransferRequest};
use crate::values::{Institution, Value as _};

/// One order in this many is an account inquiry.
const INQUIRIES: u64 = 4;

/// The kind of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Transfer,
    Inquiry,
}

/// An order that was answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answered {
    /// When the channel sent it.
    pub(super) sent_at: Instant,
    pub(super) kind: Kind,
    pub(super) bank: Institution,
    /// Whether the adapter admitted it: it refuses with 503 what is closed.
    pub(super) is_admitted: bool,
}

/// The channel while it sends.
pub(super) struct Channel {
    client: ChannelClient,
    pub(super) tally: Tally,
    answered: Mutex<Vec<Answered>>,
    has_ended: AtomicBool,
}

impl Channel {
    /// Starts to send `tps` orders a second.
    pub(super) fn start(client: ChannelClient, seed: u64, tps: u64) -> Arc<Self> {
        let channel = Arc::new(Self {
            client,
            tally: Tally::default(),
            answered: Mutex::default(),
            has_ended: AtomicBool::new(false),
        });
        let own = Arc::clone(&channel);
        drop(tokio::spawn(async move {
            let started = Instant::now();
            for index in 0.. {
                let due = started + Duration::from_micros(index * 1_000_000 / tps);
                sleep_until(due.into()).await;
                if own.has_ended.load(Ordering::Relaxed) {
                    return;
                }
                drop(tokio::spawn(Arc::clone(&own).send(wanted(seed, index))));
            }
        }));
        channel
    }

    /// Sends no more orders.
    pub(super) fn end(&self) {
        self.has_ended.store(true, Ordering::Relaxed);
    }

    /// Returns the orders that were sent since a moment and have their answer.
    pub(super) fn since(&self, moment: Instant) -> Vec<Answered> {
        let answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        answered.iter().filter(|one| one.sent_at >= moment).copied().collect()
    }

    async fn send(self: Arc<Self>, order: TransferRequest) {
        let is_inquiry = order.number.is_multiple_of(INQUIRIES);
        let kind = if is_inquiry { Kind::Inquiry } else { Kind::Transfer };
        let Some(bank) = Institution::from_ascii(order.to.0.as_bytes()) else { return };
        let sent_at = Instant::now();
        let answer = match kind {
            Kind::Inquiry => self.inquire(&order).await,
            Kind::Transfer => {
                self.tally.requested.fetch_add(1, Ordering::Relaxed);
                self.client.submit(&order).await.map(|(status, _)| status)
            }
        };
        if let Some(status) = answer {
            let is_admitted = status != 503;
            let one = Answered { sent_at, kind, bank, is_admitted };
            self.answered.lock().unwrap_or_else(PoisonError::into_inner).push(one);
        }
        if kind == Kind::Transfer {
            let outcome = match answer {
                Some(503) => ChannelOutcome::NotAdmitted,
                Some(200) => ChannelOutcome::Settled,
                _ => {
                    let repeating = || _ = self.tally.retries.fetch_add(1, Ordering::Relaxed);
                    self.client.transfer(&order, repeating).await
                }
            };
            self.tally.count(outcome, order.minor);
        }
    }

    async fn inquire(&self, order: &TransferRequest) -> Option<u16> {
        let TransferRequest { number, to: (bank, account), .. } = order;
        let body = json!({ "beneficiaryBankCode": bank, "beneficiaryAccountNo": account });
        let path = "/v1.0/account-inquiry-external";
        let answer = self.client.post(path, *number, &body.to_string()).await;
        answer.map(|(status, _)| status)
    }
}
