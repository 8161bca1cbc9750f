//! The port behind the admin API: commands of operators go into the main loop, and answers come back when they are durable.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::spawn_blocking;

use super::acts::{ActAnswer, Acts};
use super::control_names::account_key;
use super::ids::IdGenerator;
use super::link_views::link_views;
use super::operated_links::OperatedLinks;
use crate::admin::{
    ActRefused, AdminPort, DeliveryView, Directory, ExceptionView, LinkOrdered, LinkView,
    OverviewView, SettingView, TransferView, Unavailable,
};
use crate::clock::Clock;
use crate::control::{
    AccountKey, ActRefusal, ActRequest, Actor, AlertId, Command, Control, People, PersonalAct,
    Proof, Role,
};
use crate::journal::Reader;
use crate::link::{OrderDone, OrderResult};
use crate::personal::RecordKey;
use crate::values::{AccountNumber, Moment, TransferId, iso_moment};
use crate::webhooks::{Delivery, Webhook, Webhooks};

/// Requests that can wait for the main loop. Further ones are refused.
const QUEUE_MAX: usize = 256;

/// A request of the admin API, and where its answer goes.
pub(super) enum OperatorRequest {
    /// A command of a person.
    Act(Box<ActRequest>, oneshot::Sender<ActAnswer>),
    /// An order of a link, and where its outcome goes.
    OrderLink(Box<ActRequest>, oneshot::Sender<ActAnswer>, oneshot::Sender<OrderResult>),
    /// The transfers that need a manual resolution.
    Exceptions(oneshot::Sender<Vec<ExceptionView>>),
    /// A transfer.
    Transfer(TransferId, oneshot::Sender<Option<TransferView>>),
    /// What happens now.
    Overview(oneshot::Sender<OverviewView>),
}

/// What the admin side of the port shares.
struct Parts {
    clock: Clock,
    ids: Arc<IdGenerator>,
    record: RecordKey,
    /// Reads acts. A disk can be slow, so it is used on threads for blocking work only.
    reader: Mutex<Box<dyn Reader>>,
    links: OperatedLinks,
    settings: watch::Receiver<Arc<[SettingView]>>,
    webhooks: Webhooks,
}

/// The admin API's end of the queue. Its copies share it.
#[derive(Clone)]
pub(super) struct OperatorQueue {
    requests: mpsc::Sender<OperatorRequest>,
    control: watch::Receiver<Arc<Control>>,
    parts: Arc<Parts>,
}

/// What an [`OperatorQueue`] is made of.
pub(super) struct OperatorParts {
    pub(super) clock: Clock,
    pub(super) ids: Arc<IdGenerator>,
    pub(super) record: RecordKey,
    pub(super) reader: Box<dyn Reader>,
    pub(super) links: OperatedLinks,
    /// The settings as operators see them.
    pub(super) settings: watch::Receiver<Arc<[SettingView]>>,
    pub(super) webhooks: Vec<Webhook>,
}

impl OperatorQueue {
    /// Returns both ends of the queue, and the node's side of it.
    pub(super) fn new(
        parts: OperatorParts,
        control: Arc<Control>,
    ) -> (Self, mpsc::Receiver<OperatorRequest>, Acts) {
        let OperatorParts { clock, ids, record, reader, links, settings, webhooks } = parts;
        let (requests, receiver) = mpsc::channel(QUEUE_MAX);
        let (published, control) = watch::channel(control);
        let acts = Acts::new(published);
        let webhooks = Webhooks::start(webhooks, &control, clock);
        let reader = Mutex::new(reader);
        let parts = Arc::new(Parts { clock, ids, record, reader, links, settings, webhooks });
        (Self { requests, control, parts }, receiver, acts)
    }

    /// Asks the main loop. The answer is missing if it is full or ends.
    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<T>) -> OperatorRequest,
    ) -> Result<T, Unavailable> {
        let (sender, answer) = oneshot::channel();
        self.requests.try_send(request(sender)).map_err(|_| Unavailable)?;
        answer.await.map_err(|_| Unavailable)
    }
}

impl AdminPort for OperatorQueue {
    fn now(&self) -> Moment {
        self.parts.clock.now()
    }

    fn next_id(&self) -> TransferId {
        self.parts.ids.next()
    }

    fn account_key(&self, account: &AccountNumber) -> AccountKey {
        account_key(&self.parts.record, account)
    }

    fn control(&self) -> Arc<Control> {
        Arc::clone(&self.control.borrow())
    }

    fn changes(&self) -> watch::Receiver<Arc<Control>> {
        self.control.clone()
    }

    async fn act(&self, request: ActRequest) -> Result<ActAnswer, Unavailable> {
        self.ask(|sender| OperatorRequest::Act(Box::new(request), sender)).await
    }

    async fn order_link(
        &self,
        request: ActRequest,
    ) -> Result<Result<LinkOrdered, ActRefusal>, Unavailable> {
        let (sender, outcome) = oneshot::channel();
        let request = Box::new(request);
        let answer = self.ask(|done| OperatorRequest::OrderLink(request, done, sender)).await?;
        let done = match answer {
            Ok(done) => done,
            Err(refusal) => return Ok(Err(refusal)),
        };
        // Of an order that an earlier request gave the outcome is not known any more.
        let outcome = outcome.await.ok();
        let outcome = outcome.map(|outcome| match outcome {
            Ok(OrderDone::Accepted) => Ok(None),
            Ok(OrderDone::RoundTrip(time)) => Ok(Some(time)),
            Err(error) => Err(error.to_string()),
        });
        Ok(Ok(LinkOrdered { done, outcome }))
    }

    async fn exceptions(&self) -> Result<Vec<ExceptionView>, Unavailable> {
        self.ask(OperatorRequest::Exceptions).await
    }

    async fn transfer(&self, id: TransferId) -> Result<Option<TransferView>, Unavailable> {
        self.ask(|sender| OperatorRequest::Transfer(id, sender)).await
    }

    async fn acts_after(&self, row: u64, limit: u64) -> Result<Vec<(u64, String)>, Unavailable> {
        let parts = Arc::clone(&self.parts);
        let read = move || {
            let reader = parts.reader.lock().unwrap_or_else(PoisonError::into_inner);
            let mut acts = Vec::new();
            let read = reader.acts_after(row, limit, &mut |number, text| {
                acts.push((number, text.to_owned()));
                Ok(())
            });
            read.map(|()| acts)
        };
        match spawn_blocking(read).await {
            Ok(Ok(acts)) => Ok(acts),
            Ok(Err(error)) => {
                tracing::error!(%error, "acts not read");
                Err(Unavailable)
            }
            Err(_) => Err(Unavailable),
        }
    }

    fn deliveries(&self, alert: AlertId) -> Vec<DeliveryView> {
        let deliveries = self.parts.webhooks.deliveries(alert).into_iter();
        let view = |(webhook, delivery): (String, Delivery)| DeliveryView {
            webhook,
            state: delivery.state,
            tries: delivery.tries,
            last_error: delivery.last_error,
            delivered_at: delivery.delivered_at.map(iso_moment),
        };
        deliveries.map(view).collect()
    }

    fn links(&self) -> Vec<LinkView> {
        link_views(&self.parts.links)
    }

    fn settings(&self) -> Arc<[SettingView]> {
        Arc::clone(&self.parts.settings.borrow())
    }

    async fn overview(&self) -> Result<OverviewView, Unavailable> {
        let mut view = self.ask(OperatorRequest::Overview).await?;
        let (control, now) = (self.control(), self.now());
        let in_force = control.restrictions().iter().filter(|(_, one)| one.is_in_force(now));
        (view.restrictions, view.proposals) = (in_force.count(), control.open_proposals());
        (view.alerts, view.acts) = (control.alerts().open().len(), control.rows());
        Ok(view)
    }
}

impl Directory for OperatorQueue {
    fn people(&self) -> Arc<People> {
        Arc::clone(self.control.borrow().people())
    }

    async fn act(&self, act: PersonalAct, from: IpAddr) -> Result<(), ActRefused> {
        let PersonalAct { person, change } = act;
        let role = self.people().operator(&person).map_or(Role::Viewer, |operator| operator.role);
        let request = ActRequest {
            id: self.next_id(),
            command: Command::Personal(change),
            actor: Actor { person, role, proof: Proof::Session { code_at: None } },
            from: from.to_string().into(),
            via: "self".into(),
            request: None,
        };
        let answer = AdminPort::act(self, request).await;
        match answer {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(ActRefusal::NotNow)) | Err(Unavailable) => Err(ActRefused::Unavailable),
            Ok(Err(_)) => Err(ActRefused::Refused),
        }
    }
}
