//! The house: a desk that does as it is told, and the API before it.

use std::collections::HashMap;
use std::future::{Future, pending};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use titian::api::{
    Api, Debit, Denial, Desk, Ground, InquiryAnswer, Progress, Reason, Settings, TransferAnswer,
    serve,
};
use titian::engine::{Begun, Body, Key};
use titian::settings::{Faults, Section, tree};
use titian::transfer::{Inquiry, Order, Standing, Trace};
use titian::values::{
    Currency, Date, Moment, Name, Offset, ProcessingCode, Rrn, Stan, TransferId, Value,
};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use super::key::MOBILE_PUBLIC;

/// 2026-11-24T18:30:00Z.
pub(crate) const NOW: u64 = 1_795_545_000_000;

/// What the desk says next.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Says {
    /// It stands so.
    Stands(Standing, Option<Reason>),
    /// It was not taken on.
    Denied(Denial),
    /// Nothing, until the transfer is ended by hand.
    Nothing,
}

#[derive(Default)]
struct Books {
    orders: Vec<(Order, Begun)>,
    by_key: HashMap<Key, (Body, usize)>,
    standings: Vec<Progress>,
    says: Option<Says>,
    names: Option<InquiryAnswer>,
    mute: bool,
    waiting: Vec<oneshot::Sender<TransferAnswer>>,
}

/// The desk; its copies are one.
#[derive(Clone)]
pub(crate) struct Fake {
    books: Arc<Mutex<Books>>,
    clock: Arc<AtomicU64>,
    ids: Arc<AtomicU64>,
    taken: Arc<watch::Sender<usize>>,
}

impl Fake {
    pub(crate) fn new() -> Self {
        Self {
            books: Arc::default(),
            clock: Arc::new(NOW.into()),
            ids: Arc::default(),
            taken: Arc::new(watch::Sender::new(0)),
        }
    }

    /// What it says to every transfer from now on.
    pub(crate) fn says(&self, says: Says) {
        self.books.lock().unwrap().says = Some(says);
    }

    /// What it says to every question for a name; nothing, if never told.
    pub(crate) fn names(&self, answer: InquiryAnswer) {
        self.books.lock().unwrap().names = Some(answer);
    }

    /// From now on it finds no transfer and says nothing.
    pub(crate) fn mute(&self) {
        self.books.lock().unwrap().mute = true;
    }

    pub(crate) fn set_clock(&self, millis: u64) {
        self.clock.store(millis, Ordering::Relaxed);
    }

    pub(crate) fn orders(&self) -> Vec<(Order, Begun)> {
        self.books.lock().unwrap().orders.clone()
    }

    /// Waits until it has taken on so many transfers.
    pub(crate) async fn taken(&self, many: usize) {
        self.taken.subscribe().wait_for(|taken| *taken >= many).await.unwrap();
    }

    /// Settles every transfer that waits; how many clients wait still.
    pub(crate) fn settle_all(&self) -> usize {
        let mut books = self.books.lock().unwrap();
        for progress in &mut books.standings {
            progress.standing = Standing::Settled;
        }
        let last = *books.standings.last().unwrap();
        let waiting = std::mem::take(&mut books.waiting);
        waiting.into_iter().filter_map(|one| one.send(TransferAnswer::Stands(last)).ok()).count()
    }

    fn take(&self, order: Order, begun: Begun) -> Taken {
        let mut books = self.books.lock().unwrap();
        let says = books.says.unwrap_or(Says::Stands(Standing::Settled, None));
        if let Says::Denied(denial) = says {
            return Taken::Answered(TransferAnswer::Denied(denial));
        }
        let known = begun.keys().find_map(|key| Some((key, *books.by_key.get(&key)?)));
        if let Some((key, (body, at))) = known {
            return Taken::Answered(if body == begun.body {
                TransferAnswer::Stands(books.standings[at])
            } else {
                TransferAnswer::Conflict(key)
            });
        }
        let at = books.orders.len();
        books.by_key.extend(begun.keys().map(|key| (key, (begun.body, at))));
        let (standing, reason) = match says {
            Says::Stands(standing, reason) => (standing, reason),
            Says::Denied(_) | Says::Nothing => (Standing::Paying, None),
        };
        let trace = (standing != Standing::Refused).then(trace);
        let progress = Progress { id: order.id, standing, trace, reason };
        books.standings.push(progress);
        books.orders.push((order, begun));
        let taken = books.orders.len();
        let answer = if let Says::Nothing = says {
            let (waits, waiting) = oneshot::channel();
            books.waiting.push(waits);
            Taken::Waits(waiting)
        } else {
            Taken::Answered(TransferAnswer::Stands(progress))
        };
        drop(books);
        self.taken.send_replace(taken);
        answer
    }
}

enum Taken {
    Answered(TransferAnswer),
    Waits(oneshot::Receiver<TransferAnswer>),
}

fn trace() -> Trace {
    Trace {
        stan: Stan::new(42).unwrap(),
        rrn: Rrn::from_ascii(b"632918000042").unwrap(),
        at: Moment::from_millis(NOW),
        settles: Date::from_ascii(b"2026-11-25").unwrap(),
    }
}

impl Desk for Fake {
    fn now(&self) -> Moment {
        Moment::from_millis(self.clock.load(Ordering::Relaxed))
    }

    fn id(&self) -> TransferId {
        let number = self.ids.fetch_add(1, Ordering::Relaxed);
        TransferId((u128::from(NOW) << 80) | (7 << 76) | (1 << 63) | u128::from(number))
    }

    fn transfer(
        &self,
        order: Order,
        begun: Begun,
    ) -> impl Future<Output = TransferAnswer> + Send + '_ {
        let taken = self.take(order, begun);
        async move {
            match taken {
                Taken::Answered(answer) => answer,
                Taken::Waits(waiting) => waiting.await.unwrap(),
            }
        }
    }

    async fn inquire(&self, _: Inquiry) -> InquiryAnswer {
        let answer = self.books.lock().unwrap().names.clone();
        match answer {
            Some(answer) => answer,
            None => pending().await,
        }
    }

    async fn standing(&self, key: Key) -> Result<Option<(Order, Progress)>, Denial> {
        let found = {
            let books = self.books.lock().unwrap();
            if books.mute {
                return Err(Denial::Fault);
            }
            books
                .by_key
                .get(&key)
                .map(|(_, at)| (books.orders[*at].0.clone(), books.standings[*at]))
        };
        Ok(found)
    }
}

pub(crate) fn name(text: &str) -> InquiryAnswer {
    InquiryAnswer::Found(Some(Name::new(text).unwrap()))
}

/// Settings as they ship, with a partner `MOBILE`, and these lines over them.
pub(crate) fn config(over: &str) -> String {
    let shipped = std::fs::read_to_string("config/default.toml").unwrap();
    let overridden = |line: &str| {
        let key = |line: &str| {
            line.split_once(" = ").map(|(key, _)| key.trim_matches(['#', ' ']).to_owned())
        };
        key(line).is_some_and(|own| over.lines().any(|other| key(other).as_ref() == Some(&own)))
    };
    let kept = shipped.lines().filter(|line| line.starts_with('[') || !overridden(line));
    let kept = kept.collect::<Vec<_>>().join("\n");
    kept.replacen("[api]", &format!("[api]\ntoken_key_file = \"tests/api/token.key\"\n{over}"), 1)
        + &format!(
            "\n[api.partners.MOBILE]\nclient_id = \"client-1\"\npublic_key_file = {:?}\n\
             secret_file = \"tests/api/mobile.secret\"\n",
            *MOBILE_PUBLIC
        )
}

pub(crate) const GROUND: fn(Debit) -> Ground = |debit| Ground {
    transfer: ProcessingCode::from_ascii(b"401000").unwrap(),
    inquiry: ProcessingCode::from_ascii(b"391000").unwrap(),
    currency: Currency::IDR,
    offset: Offset::hours(7),
    debit,
};

/// The settings of a text, or its faults.
pub(crate) fn read(text: &str, debit: Debit) -> Result<Settings, Vec<String>> {
    let tree = tree("titian.toml", text).map_err(|fault| vec![fault.to_string()])?;
    let faults = Faults::default();
    let settings = Section::top("titian.toml", &tree, &faults).and_then(|top| {
        for others in ["bank", "store", "network", "console", "core", "limits", "telemetry"] {
            let _there = top.has(others);
        }
        Settings::read(&top.section("api")?, Some(GROUND(debit)))
    });
    let faults: Vec<_> = faults.all().iter().map(ToString::to_string).collect();
    settings.filter(|_| faults.is_empty()).ok_or(faults)
}

/// The API over a socket.
pub(crate) struct House {
    pub(crate) desk: Fake,
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl House {
    /// With these settings over those that ship.
    pub(crate) async fn open(over: &str) -> Self {
        Self::with(read(&config(over), Debit::Titian).unwrap()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let desk = Fake::new();
        let api = Api::new(settings, desk.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(serve(listener, api, async move {
            let _gone = stopped.await;
        }));
        Self { desk, address, stop, served }
    }

    /// Stops it; what is left of it ends when everyone is answered.
    pub(crate) fn stop(self) -> JoinHandle<()> {
        self.stop.send(()).unwrap();
        self.served
    }
}

/// Waits for what must come soon.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("it comes in time")
}
