//! The port behind the admin API: what it asks the running adapter.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::views::{
    DeliveryView, ExceptionView, LinkView, OverviewView, SettingView, TransferView,
};
use crate::control::{AccountKey, ActDone, ActRefusal, ActRequest, AlertId, Control};
use crate::values::{AccountNumber, Moment, TransferId};

/// The adapter does not answer: it is stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

/// An order of a link that is on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkOrdered {
    /// The act.
    pub done: ActDone,
    /// The round trip of an echo; or why the order was not carried out. `None` for an order that an earlier request gave.
    pub outcome: Option<Result<Option<Duration>, String>>,
}

/// What the admin API asks the running adapter. All that it shows is durable.
pub trait AdminPort: Send + Sync + 'static {
    /// Returns the time.
    fn now(&self) -> Moment;

    /// Returns a new id for a question.
    fn next_id(&self) -> TransferId;

    /// Returns the keyed hash of an account.
    fn account_key(&self, account: &AccountNumber) -> AccountKey;

    /// Returns the state of control.
    fn control(&self) -> Arc<Control>;

    /// Returns a receiver that is woken by each act.
    fn changes(&self) -> watch::Receiver<Arc<Control>>;

    /// Gives a command of a person. Completes when the act is durable, or is refused.
    fn act(
        &self,
        request: ActRequest,
    ) -> impl Future<Output = Result<Result<ActDone, ActRefusal>, Unavailable>> + Send;

    /// Gives a link an order. Completes when the act is durable and the order is carried out: with the round trip of an echo.
    fn order_link(
        &self,
        request: ActRequest,
    ) -> impl Future<Output = Result<Result<LinkOrdered, ActRefusal>, Unavailable>> + Send;

    /// Returns the open transfers that need a manual resolution.
    fn exceptions(&self) -> impl Future<Output = Result<Vec<ExceptionView>, Unavailable>> + Send;

    /// Returns a transfer; `None` if it is unknown.
    fn transfer(
        &self,
        id: TransferId,
    ) -> impl Future<Output = Result<Option<TransferView>, Unavailable>> + Send;

    /// Returns the acts after a row as they are on record, at most `limit` of them.
    fn acts_after(
        &self,
        row: u64,
        limit: u64,
    ) -> impl Future<Output = Result<Vec<(u64, String)>, Unavailable>> + Send;

    /// Returns the links.
    fn links(&self) -> Vec<LinkView>;

    /// Returns the settings, sorted by key.
    fn settings(&self) -> Arc<[SettingView]>;

    /// Returns how far the delivery of an alert to each webhook is.
    fn deliveries(&self, alert: AlertId) -> Vec<DeliveryView>;

    /// Returns what happens now.
    fn overview(&self) -> impl Future<Output = Result<OverviewView, Unavailable>> + Send;
}
