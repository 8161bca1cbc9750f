//! What core said, on its way to whoever asked. Answers that are there together are handed over together, so that who takes them
//! has all of them to go on with.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Semaphore, TryAcquireError};

use super::error::BankError;
use super::port::Told;

/// Answers that may wait to be taken. With more, core is asked no more until some are: then the questions wait, up to their
/// own bound.
const TOLD: usize = 16_384;

/// Answers that are handed over at once, at most: less than may wait, as they wait for their room together.
const TOGETHER: usize = 4_096;

/// Answers that are taken at once, if there are as many.
const TAKEN: usize = 1_024;

/// Some answers, or why there will be no more.
type Said = Result<Vec<Told>, BankError>;

/// The two ends, on the runtime that this is called in. The answers end when all copies of the first are dropped.
pub(super) fn answers() -> (Teller, Answers) {
    let (said, taken) = unbounded_channel();
    let room = Arc::new(Semaphore::new(TOLD));
    let teller = Teller { said, room: Arc::clone(&room), runtime: Handle::current() };
    (teller, Answers { said: taken, room, fault: None })
}

/// The end of core.
#[derive(Clone)]
pub(super) struct Teller {
    said: UnboundedSender<Said>,
    /// For how many more there is room.
    room: Arc<Semaphore>,
    runtime: Handle,
}

/// Nobody takes answers any more.
pub(super) struct Unheard;

impl Teller {
    /// Tells one, when there is room.
    pub(super) async fn tell(&self, told: Told) -> Result<(), Unheard> {
        self.room.acquire().await.map_err(|_| Unheard)?.forget();
        self.said.send(Ok(vec![told])).map_err(|_| Unheard)
    }

    /// Tells one, if there is room.
    pub(super) fn try_tell(&self, told: Told) {
        if let Ok(room) = self.room.try_acquire() {
            room.forget();
            // If nobody takes answers any more, nobody is to be told.
            let _unheard = self.said.send(Ok(vec![told]));
        }
    }

    /// Tells all, and blocks this thread, which is none of the runtime's, until there is room.
    pub(super) fn tell_all(&self, mut told: Vec<Told>) -> Result<(), Unheard> {
        while told.len() > TOGETHER {
            let rest = told.split_off(TOGETHER);
            self.tell_together(told)?;
            told = rest;
        }
        if told.is_empty() { Ok(()) } else { self.tell_together(told) }
    }

    fn tell_together(&self, told: Vec<Told>) -> Result<(), Unheard> {
        let count = u32::try_from(told.len()).map_err(|_| Unheard)?;
        let room = match self.room.try_acquire_many(count) {
            Err(TryAcquireError::NoPermits) => {
                self.runtime.block_on(self.room.acquire_many(count)).map_err(|_| Unheard)?
            }
            room => room.map_err(|_| Unheard)?,
        };
        room.forget();
        self.said.send(Ok(told)).map_err(|_| Unheard)
    }

    /// Tells that there will be no more, and why.
    pub(super) fn fail(&self, fault: BankError) {
        // If nobody takes answers any more, nobody is to be told.
        let _unheard = self.said.send(Err(fault));
    }
}

/// The end of whoever asked.
pub(super) struct Answers {
    said: UnboundedReceiver<Said>,
    room: Arc<Semaphore>,
    fault: Option<BankError>,
}

impl Answers {
    /// The next ones; `None` when there will be no more.
    pub(super) async fn next(&mut self) -> Option<Vec<Told>> {
        if self.fault.is_some() {
            return None;
        }
        let said = self.said.recv().await?;
        let mut taken = self.take(said)?;
        while taken.len() < TAKEN
            && let Ok(said) = self.said.try_recv()
            && let Some(more) = self.take(said)
        {
            taken.extend(more);
        }
        self.room.add_permits(taken.len());
        Some(taken)
    }

    fn take(&mut self, said: Said) -> Option<Vec<Told>> {
        said.map_err(|fault| self.fault = Some(fault)).ok()
    }

    /// Why there are no more, if core failed.
    pub(super) const fn fault(&self) -> Option<&BankError> {
        self.fault.as_ref()
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        // Who waits for room is to know that nobody takes answers any more.
        self.room.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::CancelAnswer;
    use crate::values::TransferId;

    fn told(count: usize) -> Vec<Told> {
        (0..count as u128).map(|id| Told::Cancel(TransferId(id), CancelAnswer::None)).collect()
    }

    #[tokio::test]
    async fn more_than_may_wait_is_told_as_it_is_taken_and_in_its_order() {
        let (teller, mut answers) = answers();
        let all = told(3 * TOLD);
        let telling = all.clone();
        let teller = std::thread::spawn(move || teller.tell_all(telling).is_ok());
        let mut taken = Vec::new();
        while let Some(more) = answers.next().await {
            assert!(more.len() < TAKEN + TOGETHER, "{}", more.len());
            taken.extend(more);
        }
        assert!(teller.join().unwrap() && taken == all);
        assert!(answers.fault().is_none());
    }

    #[tokio::test]
    async fn who_waits_for_room_is_told_when_nobody_takes_any_more() {
        let (teller, answers) = answers();
        let full = told(TOLD);
        let blocked = teller.clone();
        let blocked = std::thread::spawn(move || {
            (blocked.tell_all(full).is_ok(), blocked.tell_all(told(1)).is_err())
        });
        while teller.room.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        teller.try_tell(told(1).remove(0));
        drop(answers);
        assert_eq!(blocked.join().unwrap(), (true, true));
        assert!(teller.tell(told(1).remove(0)).await.is_err());
    }
}
