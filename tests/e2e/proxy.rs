//! What can go wrong between processes: proxies that keep things back.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What befalls a question to core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is lost.
    Silent,
    /// It is done, and the answer is lost.
    Mute,
}

/// Between the adapter and core: faults by the method of a question.
pub(crate) struct CoreProxy {
    pub(crate) at: SocketAddr,
    faults: Faults,
}

type Faults = Arc<Mutex<Vec<(&'static str, Fault, u32)>>>;

impl CoreProxy {
    pub(crate) async fn start(core: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (at, faults) = (listener.local_addr().unwrap(), Faults::default());
        let own = Arc::clone(&faults);
        drop(tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                drop(tokio::spawn(carry(stream, core, Arc::clone(&own))));
            }
        }));
        Self { at, faults }
    }

    /// The next so many questions of a method fare so.
    pub(crate) fn fault(&self, method: &'static str, fault: Fault, count: u32) {
        self.faults.lock().unwrap().push((method, fault, count));
    }

    /// Nothing goes wrong any more.
    pub(crate) fn mend(&self) {
        self.faults.lock().unwrap().clear();
    }
}

/// What befalls a question that begins so.
fn draw(faults: &Faults, request: &[u8]) -> Option<Fault> {
    let mut faults = faults.lock().unwrap();
    let rule = faults
        .iter_mut()
        .find(|(method, _, left)| *left > 0 && request.starts_with(method.as_bytes()))?;
    rule.2 -= 1;
    Some(rule.1)
}

/// One connection: the client asks one question at a time, in one write.
async fn carry(client: TcpStream, core: SocketAddr, faults: Faults) {
    let Ok(server) = TcpStream::connect(core).await else { return };
    let ((mut from_client, mut to_client), (mut from_core, mut to_core)) =
        (client.into_split(), server.into_split());
    let (mut request, mut answer) = ([0; 16384], [0; 16384]);
    let mut fault = None;
    loop {
        tokio::select! {
            read = from_client.read(&mut request) => {
                let Ok(length @ 1..) = read else { return };
                fault = draw(&faults, &request[..length]);
                if fault != Some(Fault::Silent) && to_core.write_all(&request[..length]).await.is_err() {
                    return;
                }
            }
            read = from_core.read(&mut answer) => {
                let Ok(length @ 1..) = read else { return };
                if fault.is_none() && to_client.write_all(&answer[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Between the adapter and the switch, for frames of two length bytes and a message without a header: it can be cut, and keeps back
/// what comes from the switch.
pub(crate) struct LinkProxy {
    pub(crate) at: SocketAddr,
    state: watch::Sender<State>,
}

/// What the proxy does.
#[derive(Clone, Default)]
struct State {
    cut: bool,
    /// The message type that is kept back.
    kept: Option<[u8; 4]>,
}

impl LinkProxy {
    pub(crate) async fn start(switch: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let at = listener.local_addr().unwrap();
        let (state, seen) = watch::channel(State::default());
        drop(tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                if !seen.borrow().cut {
                    drop(tokio::spawn(link(stream, switch, seen.clone())));
                }
            }
        }));
        Self { at, state }
    }

    /// All connections break, and none is made any more.
    pub(crate) fn cut(&self) {
        self.state.send_modify(|state| state.cut = true);
    }

    /// Connections are made again.
    pub(crate) fn mend(&self) {
        self.state.send_modify(|state| state.cut = false);
    }

    /// Messages of a type from the switch are kept back, until [`Self::let_go`].
    pub(crate) fn keep(&self, message: [u8; 4]) {
        self.state.send_modify(|state| state.kept = Some(message));
    }

    /// What was kept back goes on.
    pub(crate) fn let_go(&self) {
        self.state.send_modify(|state| state.kept = None);
    }
}

async fn link(bank: TcpStream, switch: SocketAddr, state: watch::Receiver<State>) {
    let Ok(switch) = TcpStream::connect(switch).await else { return };
    let ((mut from_bank, to_bank), (from_switch, mut to_switch)) =
        (bank.into_split(), switch.into_split());
    let mut cut = state.clone();
    tokio::select! {
        _ = tokio::io::copy(&mut from_bank, &mut to_switch) => {}
        () = sift(from_switch, to_bank, state) => {}
        _ = cut.wait_for(|state| state.cut) => {}
    }
}

/// Frames from the switch, but those that are kept back.
async fn sift(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut state: watch::Receiver<State>) {
    let mut kept = Vec::new();
    loop {
        let frame = tokio::select! {
            frame = frame(&mut from) => frame,
            changed = state.changed(), if !kept.is_empty() => {
                if changed.is_err() {
                    return;
                }
                Some(Vec::new())
            }
        };
        let Some(frame) = frame else { return };
        let keeps = state.borrow_and_update().kept;
        if keeps.is_some_and(|message| frame.get(2..6) == Some(&message)) {
            kept.push(frame);
            continue;
        }
        if keeps.is_none() {
            for frame in kept.drain(..) {
                to.write_all(&frame).await.ok();
            }
        }
        if to.write_all(&frame).await.is_err() {
            return;
        }
    }
}

async fn frame(from: &mut OwnedReadHalf) -> Option<Vec<u8>> {
    let mut frame = vec![0; 2];
    from.read_exact(&mut frame).await.ok()?;
    let length = usize::from(u16::from_be_bytes([frame[0], frame[1]]));
    frame.resize(2 + length, 0);
    from.read_exact(&mut frame[2..]).await.ok()?;
    Some(frame)
}
